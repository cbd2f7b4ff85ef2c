"""From counts by lot to alerts: the planted lot alone, and nothing where nothing is wrong."""

from __future__ import annotations

import re
from datetime import date

import numpy as np
import polars as pl
import pytest

from pipelines.signals import signal_rows
from pipelines.signals.reading import Lots

AS_OF, LAST = date(2026, 10, 31), 2026 * 12 + 9
FIRST = LAST - 35
FAULTS = ["D01", "D02", "D03"]
UNITS = {
    "family_code": pl.String, "power_source": pl.String, "supplier_id": pl.String, "sku": pl.String,
    "lot_code": pl.String, "delivery": pl.Int64, "end": pl.Int64, "units": pl.Int64,
}  # fmt: skip
CLAIMS = {
    **{name: kind for name, kind in UNITS.items() if name not in ("end", "units")},
    "claim": pl.Int64, "known": pl.Int64, "fault_code": pl.String, "claims": pl.Int64,
}  # fmt: skip


def lots(
    *,
    seed: int = 1,
    bad: tuple[str, str] | None = None,
    skus: int = 6,
    monthly: int = 25,
    lot_of=lambda sku, month: f"{sku}-{(month - FIRST) // 4}",
    power_of=lambda number: "mains",
    until: int = LAST,
) -> Lots:
    """A family of some products over three years; a bad lot claims eight times as often, with D02."""
    rng, units, claims = np.random.default_rng(seed), [], []
    for number in range(skus):
        sku = f"SKU-{number}"
        for delivery in range(FIRST, LAST + 1):
            lot = lot_of(sku, delivery)
            key = ("mower", power_of(number), f"SUP-{number % 2}", sku, lot, delivery)
            end = min(delivery + 24, LAST)
            units.append((*key, end, monthly))
            for month in range(delivery, min(end, until) + 1):
                season = 1 + 0.8 * np.sin(2 * np.pi * month / 12)
                rate = 0.006 * season * (2 if month == delivery else 1)
                worse = bad == (sku, lot)
                for fault in FAULTS:
                    mean = monthly * rate / 3 * (22 if worse and fault == "D02" else 1)
                    if count := int(rng.poisson(mean)):
                        known = month + int(rng.random() < 0.3)
                        claims.append((*key, month, known, fault, count))
                        claims.append((*key, month, month, None, count))
    frame = pl.DataFrame(claims, schema=CLAIMS, orient="row")
    frame = frame.group_by([c for c in CLAIMS if c != "claims"]).agg(pl.col("claims").sum()).sort(pl.all())
    costs = pl.DataFrame({"family_code": ["mower"], "claims": [100], "cost": [5000.0]})
    return Lots(pl.DataFrame(units, schema=UNITS, orient="row"), frame, costs, FAULTS)


@pytest.fixture(scope="module")
def bad_lot() -> dict[str, pl.DataFrame]:
    return signal_rows(lots(bad=("SKU-2", "SKU-2-3")), AS_OF)


def test_the_planted_lot_is_the_one_alert_and_explains_what_else_is_over_its_limit(bad_lot):
    alerts = bad_lot["signals"].filter(pl.col("status") == "alert")
    assert alerts["lot_code"].to_list() == ["SKU-2-3"]
    assert alerts["fault_code"].to_list()[0] in ("D02", None)
    others = bad_lot["signals"].filter(pl.col("is_over_limit") & (pl.col("status") == "watch"))
    assert set(others["explained_by"]) == {alerts["signal_id"][0]}
    assert alerts["first_signal_on"][0] < date(2025, 9, 30)  # delivered from November 2024 on


def test_what_is_at_stake_is_the_units_still_out_there_at_the_shrunken_ratio(bad_lot):
    row = bad_lot["signals"].filter(pl.col("status") == "alert").row(0, named=True)
    assert row["units_sold"] == 100
    assert row["units_under_warranty"] == 100
    assert 0 < row["shrunken_ratio_low"] < row["shrunken_ratio"] <= row["ratio"]
    assert row["cost_at_risk_eur"] == pytest.approx(50 * row["expected_claims"])
    assert row["power_at_twice"] < 1


def test_history_tells_what_was_known_and_ends_at_what_is_known_now(bad_lot):
    alert = bad_lot["signals"].filter(pl.col("status") == "alert").row(0, named=True)
    months = bad_lot["signal_history"].filter(pl.col("signal_id") == alert["signal_id"])
    assert months["observed"].to_list() == sorted(months["observed"].to_list())
    assert months["observed"][-1] == alert["observed"]
    fired = months.filter(pl.col("status") == "alert")
    assert fired["month"][0] == alert["first_signal_on"].replace(day=1)
    assert fired["statistic"][0] >= fired["signal_limit"][0]
    earlier = signal_rows(lots(bad=("SKU-2", "SKU-2-3")), alert["first_signal_on"])["signals"]
    then = earlier.filter(pl.col("signal_id") == alert["signal_id"]).row(0, named=True)
    assert (then["observed"], then["status"]) == (fired["observed"][0], "alert")


@pytest.mark.parametrize("seed", range(3))
def test_a_sound_family_with_seasons_and_delays_has_no_alert(seed: int):
    assert not signal_rows(lots(seed=seed), AS_OF)["signals"]["is_over_limit"].any()


def test_rows_do_not_depend_on_the_order_of_what_is_read():
    given = lots(seed=4)
    turned = Lots(given.units.reverse(), given.claims.reverse(), given.costs, given.faults)
    assert signal_rows(given, AS_OF)["signals"].equals(signal_rows(turned, AS_OF)["signals"])


def test_one_unit_a_lot_cannot_be_watched_and_says_why():
    singles = lots(monthly=1, lot_of=lambda sku, month: f"{sku}-{month}")
    lot = signal_rows(singles, AS_OF)["signals"].filter(pl.col("level") == "lot")
    assert not lot["is_watchable"].any()
    assert lot["not_watchable_reason"].unique().to_list() == ["Fewer than 10 units at risk at any time."]
    assert lot["statistic"].is_null().all()


def test_unknown_lots_leave_the_product_watched():
    rows = signal_rows(lots(lot_of=lambda sku, month: None), AS_OF)["signals"]
    assert rows.filter(pl.col("level") == "lot").is_empty()
    assert rows.filter((pl.col("level") == "sku") & pl.col("fault_code").is_null())["is_watchable"].all()


def test_a_product_alone_in_its_family_has_nothing_to_be_compared_with():
    rows = signal_rows(lots(skus=1, lot_of=lambda sku, month: None), AS_OF)["signals"]
    product = rows.filter((pl.col("level") == "sku") & pl.col("fault_code").is_null())
    assert product["not_watchable_reason"][0].startswith("No like units")


def test_machines_of_another_power_source_are_no_peers():
    # A fault that only battery machines can have would stand out among petrol ones.
    split = signal_rows(lots(power_of=lambda n: "battery" if n < 2 else "mains"), AS_OF)["signals"]
    shares = split.filter((pl.col("level") == "sku") & pl.col("fault_code").is_null())
    by_power = shares.group_by("power_source").agg(pl.col("expected").sum(), pl.col("observed").sum())
    for row in by_power.iter_rows(named=True):
        assert row["expected"] == pytest.approx(row["observed"])


def test_a_feed_that_stopped_and_a_fault_code_that_changes_its_meaning_raise_nothing():
    assert not signal_rows(lots(until=LAST - 4), AS_OF)["signals"]["is_over_limit"].any()
    given = lots(seed=7)
    renamed = pl.when((pl.col("fault_code") == "D01") & (pl.col("known") > LAST - 10)).then(pl.lit("D03"))
    claims = given.claims.with_columns(fault_code=renamed.otherwise(pl.col("fault_code")))
    claims = claims.group_by([c for c in CLAIMS if c != "claims"]).agg(pl.col("claims").sum())
    changed = Lots(given.units, claims, given.costs, given.faults)
    assert not signal_rows(changed, AS_OF)["signals"]["is_over_limit"].any()


def test_a_home_without_units_or_claims_has_tables_without_rows():
    nothing = Lots(
        pl.DataFrame(schema=UNITS), pl.DataFrame(schema=CLAIMS),
        pl.DataFrame(schema={"family_code": pl.String, "claims": pl.Int64, "cost": pl.Float64}), FAULTS,
    )  # fmt: skip
    assert all(table.is_empty() for table in signal_rows(nothing, AS_OF).values())
    sold = Lots(lots(skus=2).units, pl.DataFrame(schema=CLAIMS), nothing.costs, FAULTS)
    rows = signal_rows(sold, AS_OF)
    assert not rows["signals"]["is_over_limit"].any()
    assert rows["signal_history"].is_empty()


def test_what_the_budget_spends_on_nodes_too_small_to_show_anything_is_told():
    said: list[str] = []
    signal_rows(lots(skus=2, monthly=4), AS_OF, said.append)
    signal_rows(lots(skus=2, monthly=400), AS_OF, said.append)
    few, many = (int(re.findall(r"(\d+)%", line)[0]) for line in said)
    assert many < few / 2
