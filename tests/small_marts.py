"""The small home's marts of money and of lifetimes that are fitted: right shapes, invented numbers."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any

import numpy as np
import polars as pl

ALERT = "family_code=chainsaw|sku=CH1|fault_code=D01|lot_code=L03"


def costs(number: int) -> dict[tuple[str, str, str], float]:
    """The parts of what a claim cost, by component, kind and group; every fourth ticket leaks somewhere."""
    leak = float(number % 4 == 0) * (10 + number % 30)
    found = {
        ("repairs", "paid", "repairs"): float(40 + number % 60),
        ("new_units", "paid", "new_units"): float(90 * (number % 6 == 0)),
        ("return_freight", "paid", "freight"): 12.0,
        ("handling", "paid", "freight"): 3.0,
        ("resale_proceeds", "recovered", "recovered"): float(number % 20),
        ("uncovered_unbilled", "leaked", "unbilled"): leak if number % 3 == 0 else 0.0,
        ("covered_billed", "overcharged", "billed"): leak if number % 3 == 1 else 0.0,
        ("goodwill", "leaked", "goodwill"): leak if number % 3 == 2 else 0.0,
        ("paypal_return_freight", "leaked", "paypal"): 12.0 * (number % 17 == 0),
    }
    return {names: amount for names, amount in found.items() if amount}


def amounts(number: int) -> dict[str, Any]:
    """What a claim cost in all, from its parts."""
    kinds = dict.fromkeys(("paid", "recovered", "leaked"), 0.0)
    for (_, kind, _), amount in costs(number).items():
        kinds[kind] = kinds.get(kind, 0.0) + amount
    return {
        **{f"{kind}_eur": kinds[kind] for kind in ("paid", "recovered", "leaked")},
        "net_cost_eur": kinds["paid"] - kinds["recovered"],
        "assumed_cost_eur": 3.0,
        "is_cost_complete": number % 50 != 1,
    }


def claim_costs(claims: pl.DataFrame) -> pl.DataFrame:
    """The parts of every claim's cost, as a row each."""
    rows = [
        (ticket, *names, "known_now", amount)
        for number, ticket in enumerate(claims["ticket_id"])
        for names, amount in costs(number).items()
    ]
    columns = ["ticket_id", "component", "cost_kind", "cost_group", "basis", "amount_eur"]
    return pl.DataFrame(rows, schema=columns, orient="row")


def remedy_costs(claims: pl.DataFrame) -> pl.DataFrame:
    """Prices of the right shape; every seventh claim has none, every eleventh no break-even above zero."""
    rng = np.random.default_rng(9)
    rows = []
    for number, claim in enumerate(claims.filter("is_claim").iter_rows(named=True)):
        why_not = "no product is known" if number % 7 == 3 else None
        work, price = float(rng.integers(20, 260)), float(rng.integers(180, 420))
        repair, replacement = work + 60, price * 0.7
        remedy = ("repair", "repair", "replacement", "refund", "part")[number % 5]
        remedy = "open" if claim["is_open"] else remedy
        taken = {"repair": repair, "replacement": replacement, "refund": price * 0.9, "part": 15.0}
        regret = taken[remedy] - min(repair, replacement) if remedy in taken else None
        is_choice = remedy in ("repair", "replacement")
        cheapest = "repair" if repair < replacement else "replacement"
        is_known = remedy == "repair"
        row = {
            "is_priced": why_not is None,
            "unpriced_reason": why_not,
            "list_price_incl_vat_eur": price * 1.2,
            "work_eur": work,
            "work_basis": "own_work" if is_known else ("own_quote", "cell")[number % 2],
            "repair_cost_eur": repair,
            "replacement_cost_eur": replacement,
            "salvage_eur": price * 0.05,
            "cheapest_remedy": cheapest,
            "naive_remedy": "repair" if work < price * 0.2 else "replacement",
            "actual_cost_eur": taken.get(remedy),
            "regret_eur": regret,
            "expected_regret_eur": None if remedy == "part" or regret is None else regret + 1,
            "regret_variance": 0.0 if is_known else 400.0,
            "refused_exposure_eur": 0.0,
            "break_even_repair_eur": 0.0 if number % 11 == 5 else replacement - 60,
            "right_choice_probability": round(float(rng.random()), 6) if is_choice else None,
            "is_right_choice": remedy == cheapest if is_choice else None,
            "repair_assumed_eur": 30.0,
            "replacement_assumed_eur": 45.0,
            "assumed_share": 0.2,
        }
        if why_not:
            row = dict.fromkeys(row) | {"is_priced": False, "unpriced_reason": why_not}
        kept = ("ticket_id", "sku", "family_code", "service_center_id", "requested_on", "age_months")
        rows.append(
            {key: claim[key] for key in kept}
            | {"request_month": claim["requested_on"].replace(day=1), "actual_remedy": remedy}
            | row
            | {
                "cell": f"{claim['family_code']} × {claim['fault_code']}",
                "cell_observations": 8,
                "cell_repaired_claims": 5,
                "cell_replaced_claims": 0 if claim["cause"] == "wear" else 3,
                "has_overlap": claim["cause"] != "wear",
            }
        )
    return pl.DataFrame(rows, infer_schema_length=None)


def nevada(orders: pl.DataFrame, claims: pl.DataFrame, as_of: date) -> pl.DataFrame:
    """Units by delivery month, all at risk until the as-of month; failures where they were claimed."""
    sold = orders.filter("is_in_service").group_by("sku", "delivery_month").agg(pl.col("units").sum())
    months = pl.DataFrame({"claim_month": pl.date_range(date(2022, 1, 1), as_of, "1mo", eager=True)})
    events = claims.with_columns(
        delivery_month=pl.col("delivered_on").dt.truncate("1mo"), claim_month=pl.col("request_month")
    )
    keys = ["sku", "delivery_month", "claim_month"]
    counted = events.group_by(keys).agg(
        claims=pl.col("is_claim").sum().cast(pl.Int64), failures=pl.col("is_failure").sum().cast(pl.Int64)
    )
    return (
        sold.join(months, how="cross")
        .filter(
            pl.col("claim_month").is_between(
                pl.col("delivery_month"), pl.col("delivery_month").dt.offset_by("23mo")
            )
        )
        .join(counted, on=keys, how="left")
        .select(
            *keys,
            units_at_risk="units",
            claims=pl.col("claims").fill_null(0),
            failures=pl.col("failures").fill_null(0),
        )
        .sort(keys)
    )


def fits() -> pl.DataFrame:
    """A fit that can be trusted for the whole range, one that cannot for a family, one that diverges."""
    rows = []
    for scope_type, scope_id, shape, doubt in (
        ("all", "all", 0.8, None),
        ("family", "chainsaw", 0.9, None),
        ("family", "lawn_mower", None, "No event among these units: there is nothing to fit."),
    ):
        for convention, factor in (("exact", 1.0), ("interval", 1.1)):
            row: dict[str, Any] = {
                "units": 2500,
                "events": 300 if shape else 0,
                "dated_events": 250 if shape else 0,
                "is_enough": shape is not None,
                "lognormal_24": 0.17 if shape and convention == "exact" else None,
                "lognormal_advantage": -3.0 if shape and convention == "exact" else None,
                "is_diverging": scope_id == "chainsaw",
                "is_default": convention == "exact",
                "doubt": doubt,
            }
            names = ("shape", "scale", "b10_months", "cumulative_24")
            for name, value in zip(names, (shape, 200.0, 12.0, 0.18), strict=True):
                known = value * factor if shape and value else None
                stem = name.removesuffix("_months")
                row |= {
                    name: known,
                    f"{stem}_low": known and known * 0.8,
                    f"{stem}_high": known and known * 1.2,
                }
            key = {
                "scope_type": scope_type,
                "scope_id": scope_id,
                "cause": "defect",
                "convention": convention,
            }
            rows.append(key | row)
    return pl.DataFrame(rows, infer_schema_length=None)


def claims_by_age() -> pl.DataFrame:
    """Two causes of claims of the whole range and of one family: 1 % and 0.5 % of machines a month."""
    rows = []
    for scope_type, scope_id, units in (("all", "all", 2500), ("family", "chainsaw", 900)):
        for cause, monthly in (("any", 0.015), ("defect", 0.01), ("misuse", 0.005)):
            for age_month in range(1, 25):
                share = monthly * age_month
                rows.append(
                    {
                        "scope_type": scope_type,
                        "scope_id": scope_id,
                        "cause": cause,
                        "age_month": age_month,
                        "watched_units": units,
                        "first_claims": round(units * share),
                        "claims": round(units * share * 1.1),
                        **{
                            f"first_share{end}": share * f
                            for end, f in (("", 1), ("_low", 0.9), ("_high", 1.1))
                        },
                        **{
                            f"claims_per_unit{end}": 1.1 * share * f
                            for end, f in (("", 1), ("_low", 0.9), ("_high", 1.1))
                        },
                        "is_enough": True,
                    }
                )
    return pl.DataFrame(rows)


def _months_on(day: date, months: int) -> date:
    count = 12 * day.year + day.month - 1 + months
    return date(count // 12, count % 12 + 1, 1)


def forecasts(families: Iterable[str], as_of: date) -> pl.DataFrame:
    """Twenty-four months ahead for every scope, as of the last day and as of twelve months before.

    The middle family has too few claims to be forecast; every fifth outcome lies outside the limits.
    """
    scopes = [("all", "all"), *(("family", family) for family in families), ("sku", "CH1")]
    rows = []
    for back in range(13):
        made_on = as_of if back == 0 else _months_on(as_of, 1 - back) - timedelta(days=1)
        for rank, (scope_type, scope_id) in enumerate(scopes):
            if back and scope_type == "sku":
                continue
            is_known = scope_id != "lawn_mower"
            total = 0.0
            for ahead in range(1, 25):
                month = _months_on(made_on + timedelta(days=1), ahead - 1)
                expected = (26 - ahead) * (1.5 if rank == 0 else 0.5)
                total += expected
                is_past = back >= ahead
                actual = (
                    (int(expected * 1.1) if (ahead + back) % 5 else int(expected * 3) + 9)
                    if is_past
                    else None
                )
                low, high = float(int(expected * 0.5)), float(int(expected * 1.6) + 2)
                limits = (total * 0.8, total * 1.2)
                numbers = {
                    "expected_claims": expected,
                    "low": low,
                    "high": high,
                    "expected_cost_eur": expected * 90,
                    "cost_low": low * 80,
                    "cost_high": high * 95,
                    "cumulative_claims": total,
                    "cumulative_low": limits[0],
                    "cumulative_high": limits[1],
                    "cumulative_cost_eur": total * 90,
                    "cumulative_cost_low": limits[0] * 90,
                    "cumulative_cost_high": limits[1] * 90,
                    "mean_cost_eur": 90.0,
                }
                rows.append(
                    {
                        "scope_type": scope_type,
                        "scope_id": scope_id,
                        "as_of": made_on,
                        "forecast_month": month,
                        "months_ahead": ahead,
                        "units_in_service": 1200 + rank,
                        "known_claims": 300 + rank,
                        "curve": "own" if is_known else None,
                        **(numbers if is_known else dict.fromkeys(numbers)),
                        "actual_claims": actual,
                        "is_outcome_known": is_past,
                        "is_covered": low <= actual <= high if actual is not None and is_known else None,
                        "is_last_month": ahead == 24,
                        "doubt": None if is_known else "Too few claims to forecast.",
                    }
                )
    return pl.DataFrame(rows, infer_schema_length=None)


def forecast_scores(made: pl.DataFrame) -> pl.DataFrame:
    """How the past ones did, by months ahead."""
    scored = made.filter(pl.col("is_outcome_known") & pl.col("expected_claims").is_not_null())
    apart = pl.col("expected_claims") - pl.col("actual_claims")
    return scored.group_by("scope_type", "scope_id", "months_ahead", maintain_order=True).agg(
        forecasts=pl.len().cast(pl.Int64),
        covered_forecasts=pl.col("is_covered").sum().cast(pl.Int64),
        actual_claims=pl.col("actual_claims").sum(),
        expected_claims=pl.col("expected_claims").sum(),
        absolute_error=apart.abs().sum(),
    )


def signals(orders: pl.DataFrame, as_of: date) -> dict[str, pl.DataFrame]:
    """One alert with what it explains, its like, its months, its machines; a workshop's; one not watched."""
    usual = {
        "family_code": "chainsaw", "power_source": None, "method": "comparison",
        "comparison": "Units of the same age in the same month: chainsaw", "observed": 9, "expected": 8.0,
        "ratio": 1.125, "ratio_low": 0.5, "ratio_high": 2.1, "ordinary_ratio": 1.2, "shrunken_ratio": 1.1,
        "shrunken_ratio_low": 0.7, "statistic": 0.4, "signal_limit": 700.0, "is_over_limit": False,
        "status": "watch", "units_sold": 120, "units_under_warranty": 80, "expected_claims": 6.0,
        "cost_at_risk_eur": 400.0, "power_at_twice": 0.35, "visible_ratio": 3.4,
        "twice_visible_on": date(2027, 3, 1), "is_watchable": True, "is_batch_finding": False,
        "is_online_finding": False, "level": "lot", "sku": "CH1",
    }  # fmt: skip
    alert = {
        "signal_id": ALERT, "lot_code": "L03", "fault_code": "D01", "observed": 24, "expected": 6.0,
        "ratio": 4.0, "ratio_low": 2.6, "ratio_high": 6.0, "statistic": 2e7, "is_over_limit": True,
        "status": "alert", "first_signal_on": date(2026, 3, 31), "cost_at_risk_eur": 1234.0,
        "power_at_twice": 0.9, "is_batch_finding": True,
    }  # fmt: skip
    rows = [
        usual | alert,
        *(
            usual | {"signal_id": f"lot={lot}", "lot_code": lot, "fault_code": "D01"}
            for lot in ("L04", "L05", "<b>L06</b>")
        ),
        usual | {"signal_id": "sku=CH1", "level": "sku", "is_over_limit": True, "explained_by": ALERT},
        usual | {"signal_id": "sku=CH2", "level": "sku", "sku": "CH2", "method": "expectation"},
        usual | {"signal_id": "lot=L20", "lot_code": "L20", "is_watchable": False,
                 "not_watchable_reason": "Fewer units at risk at any time than are needed: 10"},
        usual | alert | {
            "signal_id": "center=SC2", "level": "center", "family_code": None, "sku": None, "lot_code": None,
            "service_center_id": "SC2", "fault_code": "N01", "method": "coding", "cost_at_risk_eur": None,
            "expected_claims": None, "units_under_warranty": 0, "first_signal_on": date(2026, 5, 31),
        },
    ]  # fmt: skip
    months = [date(2025 + m // 12, m % 12 + 1, 1) for m in range(10, 22)]
    history = pl.DataFrame(
        {
            "signal_id": ALERT,
            "month": months,
            "observed": [2 * (k + 1) for k in range(12)],
            "expected": [0.5 * (k + 1) for k in range(12)],
            "ratio": 4.0,
            "ratio_low": 2.0,
            "ratio_high": 7.0,
            "statistic": [10.0 ** (k / 2) for k in range(12)],
            "signal_limit": 700.0,
            "status": ["watch" if m < date(2026, 3, 1) else "alert" for m in months],
            "units_under_warranty": 80,
        }
    )
    out_there = orders.filter(
        (pl.col("sku") == "CH1")
        & (pl.col("lot_code") == "L03")
        & (pl.col("base_warranty_end_on") >= as_of)
    ).select(
        pl.lit(ALERT).alias("signal_id"), "family_code", "sku", "lot_code", "order_id", "line_number",
        pl.lit(1).cast(pl.Int64).alias("unit_number"), pl.lit("=SN-1").alias("serial_number"), "delivered_on",
        "base_warranty_end_on", pl.lit(False).alias("has_claimed"),
    )  # fmt: skip
    return {
        "fct_signals": pl.DataFrame(rows, infer_schema_length=None),
        "fct_signal_history": history,
        "fct_signal_units": out_there,
    }
