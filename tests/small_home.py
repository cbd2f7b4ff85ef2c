"""A small published home, made by hand in a second: the columns that pages and reports read, invented rows.

The tables come from the contracts (`contract_tables.py`), the measures are the real ones, read from the YAML
of the marts. Some texts are attacks, as a customer could type them.
"""

from __future__ import annotations

import calendar
import importlib.util
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import polars as pl
import yaml


def _beside(name: str) -> Any:
    """A file of this folder, loaded by its path: test folders are no packages."""
    spec = importlib.util.spec_from_file_location(name, Path(__file__).with_name(f"{name}.py"))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


contract_tables = _beside("contract_tables")
small_marts = _beside("small_marts")
small_weeks = _beside("small_weeks")
MARTS = Path(__file__).resolve().parents[1] / "dbt" / "models" / "marts"
AS_OF = date(2026, 10, 31)
FAMILIES = {"chainsaw": 0.16, "lawn_mower": 0.10, "pressure_washer": 0.22}
NEVER_SOLD = "log_splitter"
TEXTS = (
    "Ne démarre plus",
    '=HYPERLINK("http://evil.example","click")',
    "<script>document.title='owned'</script><img src=x onerror=\"document.title='owned'\">",
    "**bold** [link](http://evil.example) :material/home: $x^2$ :red[red]",
    "@SUM(A1:A9)",
)
FAULTS = {"defect": ("D01", "D02"), "misuse": ("M01", "M03"), "wear": ("W01",), "no_fault": ("N01",)}
OUTCOMES = {
    "defect": "repaired",
    "misuse": "rejected_misuse",
    "wear": "rejected_wear",
    "no_fault": "no_fault_found",
}


def make(home: Path, name: str = "savoir-1.duckdb", lines: int = 2500, as_of: date = AS_OF) -> Path:
    """Publish a snapshot in `home` and return its file."""
    (home / "published").mkdir(parents=True, exist_ok=True)
    path = home / "published" / name
    orders = _order_lines(lines, as_of)
    claims, repairs = _claims(orders, as_of)
    forecasts = small_marts.forecasts(FAMILIES, as_of)
    tables = {
        "fct_order_lines": _with_events(orders, claims),
        "fct_remedy_costs": small_marts.remedy_costs(claims),
        "fct_nevada": small_marts.nevada(orders, claims, as_of),
        "fct_reliability_fits": small_marts.fits(),
        "fct_claims_by_age": small_marts.claims_by_age(),
        "fct_forecasts": forecasts,
        "fct_forecast_scores": small_marts.forecast_scores(forecasts),
        **small_marts.signals(orders, as_of),
        "fct_claims": claims,
        "fct_claim_verdicts": claims.select(
            "ticket_id",
            "policy_outcome",
            "legal_outcome",
            reason_en=pl.lit("Repairable and in guarantee."),
            reason_fr=pl.lit("Réparable et sous garantie."),
        ),
        "fct_claim_costs": small_marts.claim_costs(claims),
        "fct_repairs": repairs,
        "fct_life_table": _life_table(orders, claims, as_of),
        **small_weeks.marts(orders, claims, as_of),
        "dim_products": _products(),
        "dim_service_centers": pl.DataFrame(
            {"service_center_id": ["SC1", "SC2"], "name": ["Atelier Un", "<b>Deux</b>"]}
        ),
        "dim_fault_codes": pl.DataFrame(
            [(code, f"Fault {code}", f"Panne {code}") for codes in FAULTS.values() for code in codes],
            schema=["fault_code", "label_en", "label_fr"],
            orient="row",
        ),
    }
    with duckdb.connect(str(path)) as con:
        contract_tables.create(con)
        for table, frame in tables.items():
            contract_tables.fill(con, table, frame)
        _meta(con, as_of)
    link = home / "published" / ".link"
    link.symlink_to(path.name)
    link.replace(home / "published" / "current.duckdb")
    return path


def declared_measures() -> list[tuple[Any, ...]]:
    """The measures of the marts' YAML, as the publisher copies them."""
    models = [
        model
        for path in sorted(MARTS.rglob("*.yml"))
        for model in yaml.safe_load(path.read_text()).get("models", [])
    ]
    return [
        (
            *(model["name"], each["name"], each["numerator"], each.get("denominator"), each["kind"]),
            *(each["format"], each.get("interval", "none"), each["label"]["en"], each["label"]["fr"]),
            each.get("definition"),
        )
        for model in models
        for each in model.get("config", {}).get("meta", {}).get("measures", [])
    ]


def _meta(con: duckdb.DuckDBPyConnection, as_of: date) -> None:
    con.execute(
        "create table meta.build as select 'b1' as build_id, cast(? as date) as as_of, 'abc' as git_commit,"
        " cast(? as timestamp) as started_at, cast(? as timestamp) as finished_at, 12 as checks_passed",
        [as_of, datetime(2026, 11, 1, 4), datetime(2026, 11, 1, 4, 1)],
    )
    counted = {
        "rows_read": 9,
        "rows_loaded": 6,
        "rows_duplicate": 1,
        "rows_quarantined": 1,
        "rows_skipped": 1,
    }
    deliveries = pl.DataFrame([{"feed": feed, **counted} for feed in ("orders", "tickets")])
    contract_tables.fill(con, "deliveries", deliveries, "meta")
    for feed, mart, column in (
        ("orders", "order_lines", "contract_on"),
        ("tickets", "claims", "requested_on"),
        ("repairs", "repairs", "received_on"),
    ):
        con.execute(
            f"insert into meta.freshness by name select '{feed}' as feed, max({column}) as last_event_on,"
            f" cast(? as date) - max({column}) as silent_days, 1 as usual_gap_days, 'alive' as state"
            f" from marts.fct_{mart}",
            [as_of],
        )
    variables = yaml.safe_load((MARTS.parents[1] / "dbt_project.yml").read_text(encoding="utf-8"))["vars"]
    known = {name: float(value) for name, value in variables.items() if not isinstance(value, str)}
    thresholds = pl.DataFrame({"threshold": list(known), "limit_value": list(known.values())})
    contract_tables.fill(con, "thresholds", thresholds, "meta")
    con.execute(
        "create table meta.glossary as select 'failure' as term, 'A claim with cause defect.' as text"
    )
    names = "mart, name, numerator, denominator, kind, format, interval, label_en, label_fr, definition"
    con.execute(f"create table meta.measures ({', '.join(f'{name} varchar' for name in names.split(', '))})")
    con.executemany(f"insert into meta.measures values ({', '.join('?' * 10)})", declared_measures())


def _products() -> pl.DataFrame:
    rows = [
        (f"{family[:2].upper()}{k}", f"Machine <i>{k}</i>", family) for family in FAMILIES for k in (1, 2)
    ]
    return pl.DataFrame(
        [*rows, ("LO1", None, NEVER_SOLD)], schema=["sku", "product_name", "family_code"], orient="row"
    )


def _two_years_later(day: date) -> date:
    last = calendar.monthrange(day.year + 2, day.month)[1]
    return date(day.year + 2, day.month, min(day.day, last))


def _order_lines(lines: int, as_of: date) -> pl.DataFrame:
    rng = np.random.default_rng(7)
    skus = _products().filter(pl.col("family_code") != NEVER_SOLD)
    rows = []
    for number in range(lines):
        sku, _, family = skus.row(int(rng.integers(skus.height)))
        contract = as_of - timedelta(days=int(rng.integers(0, 1200)))
        delivered = contract + timedelta(days=int(rng.integers(2, 7)))
        is_in_service = delivered <= as_of
        rows.append(
            {
                "order_id": f"O{number:05d}",
                "line_number": "1",
                "sku": sku,
                "family_code": family,
                "lot_code": f"L{number % 20:02d}",
                "units": 2 if number % 9 == 0 else 1,
                "contract_on": contract,
                "delivered_on": delivered if is_in_service else None,
                "base_warranty_end_on": _two_years_later(delivered) if is_in_service else None,
                "is_in_service": is_in_service,
                "delivery_month": delivered.replace(day=1) if is_in_service else None,
                "unit_price_eur": float(150 + number % 300),
            }
        )
    return pl.DataFrame(rows)


def _claims(orders: pl.DataFrame, as_of: date) -> tuple[pl.DataFrame, pl.DataFrame]:
    rng = np.random.default_rng(8)
    claims: list[dict[str, Any]] = []
    repairs: list[dict[str, Any]] = []
    for line in orders.filter("is_in_service").iter_rows(named=True):
        age = int(rng.integers(0, 730))
        requested = line["delivered_on"] + timedelta(days=age)
        if requested > as_of or rng.random() > FAMILIES[line["family_code"]] * 2:
            continue
        number = len(claims)
        closed = requested + timedelta(days=int(rng.integers(2, 45)))
        is_open = closed > as_of
        is_diagnosed = not is_open or number % 3 == 0
        cause = str(rng.choice(list(FAULTS), p=[0.6, 0.25, 0.1, 0.05])) if is_diagnosed else "unknown"
        is_claim = number % 25 != 0
        outcome = "open" if is_open else OUTCOMES[cause]
        ticket_id = f"T{number:05d}"
        claims.append(
            {
                "ticket_id": ticket_id,
                "order_id": line["order_id"],
                "line_number": "1",
                **{
                    key: line[key]
                    for key in ("sku", "family_code", "lot_code", "contract_on", "delivered_on")
                },
                "units": 1,
                "watched_units": 1,
                "service_center_id": ("SC1", "SC2")[number % 2] if is_diagnosed else None,
                "requested_on": requested,
                "appeared_on": requested - timedelta(days=min(age, number % 4)),
                "paid_on": line["contract_on"],
                "shipped_on": line["contract_on"] + timedelta(days=1),
                "first_replied_on": min(requested + timedelta(days=1), as_of),
                "closed_on": None if is_open else closed,
                "refunded_on": None,
                "remedy_due_on": requested + timedelta(days=30),
                "warranty_end_on": line["base_warranty_end_on"],
                "is_in_warranty": True,
                "age_months": age / 30.4375,
                "is_claim": is_claim,
                "is_open": is_open,
                "is_linked": number % 30 != 0,
                "cause": cause,
                "is_cause_presumed": False,
                "is_failure": is_claim and cause == "defect",
                "fault_code": FAULTS[cause][number % len(FAULTS[cause])] if is_diagnosed else None,
                "evidence_grade": "A" if is_diagnosed else None,
                "category": "breakdown",
                "channel": "portal",
                "requested_remedy": "repair",
                "is_safety_issue": number % 40 == 0,
                "resolution": None if is_open else outcome,
                "policy_outcome": "repair_sav_centre",
                "legal_outcome": "repair_sav_centre",
                "actual_outcome": outcome,
                "turnaround_days": None if is_open else (closed - requested).days,
                "request_month": requested.replace(day=1),
                **small_marts.amounts(number),
                "description": TEXTS[number % len(TEXTS)],
            }
        )
        if is_diagnosed:
            received = min(requested + timedelta(days=1), as_of)
            repairs.append(
                {
                    "repair_id": f"R{number:05d}",
                    "ticket_id": ticket_id,
                    **{
                        key: claims[-1][key]
                        for key in ("sku", "family_code", "service_center_id", "fault_code", "cause")
                    },
                    "evidence_grade": "A",
                    "outcome": None if is_open else "repaired",
                    "total_cost_eur": 80.0,
                    "customer_charge_eur": 0.0,
                    "turnaround_days": claims[-1]["turnaround_days"],
                    "is_repeat": False,
                    "received_on": received,
                    "diagnosed_on": received,
                    "repaired_on": None if is_open else closed,
                    "returned_on": None if is_open else closed,
                }
            )
    return (
        pl.DataFrame(claims, infer_schema_length=None),
        pl.DataFrame(repairs, infer_schema_length=None),
    )


def _with_events(orders: pl.DataFrame, claims: pl.DataFrame) -> pl.DataFrame:
    counted = claims.group_by("order_id").agg(
        claim_events=pl.col("is_claim").sum().cast(pl.Int64),
        failure_events=pl.col("is_failure").sum().cast(pl.Int64),
        claim_cost_eur=pl.col("net_cost_eur").filter("is_claim").sum(),
    )
    return orders.join(counted, on="order_id", how="left").with_columns(
        pl.col("claim_events", "failure_events", "claim_cost_eur").fill_null(0)
    )


def _life_table(orders: pl.DataFrame, claims: pl.DataFrame, as_of: date) -> pl.DataFrame:
    """A life table of the right shape: product-limit steps, with limits that only have to enclose them."""
    failed = {
        row[0]: row[1] for row in claims.filter("is_failure").select("order_id", "age_months").iter_rows()
    }
    groups: dict[tuple[str, str, date | None], list[tuple[int, bool]]] = {}
    for line in orders.filter("is_in_service").iter_rows(named=True):
        age = failed.get(line["order_id"])
        watched = (min(as_of, line["base_warranty_end_on"]) - line["delivered_on"]).days / 30.4375
        month = min(24, int(watched if age is None else age) + 1)
        cohort = line["delivered_on"].replace(day=1)
        scopes = [("all", "all"), ("family", line["family_code"])]
        for key in [(*scope, when) for scope in scopes for when in (None, cohort)] + [
            ("sku", line["sku"], None)
        ]:
            groups.setdefault(key, []).append((month, age is not None))
    rows = []
    for (scope_type, scope_id, cohort), lives in groups.items():
        survival, at_risk, total = 1.0, len(lives), 0
        for month in range(1, 25):
            if at_risk == 0:
                break
            events = sum(1 for when, is_event in lives if when == month and is_event)
            gone = sum(1 for when, is_event in lives if when == month and not is_event)
            hazard = min(1.0, events / max(at_risk - gone / 2, 0.5))
            survival, total = survival * (1 - hazard), total + events
            known = 0 < survival < 1
            rows.append(
                {
                    "scope_type": scope_type,
                    "scope_id": scope_id,
                    "cohort": cohort,
                    "cause": "defect",
                    "age_month": month,
                    "units": len(lives),
                    "at_risk": at_risk,
                    "censored": gone,
                    "events": events,
                    "cumulative_events": total,
                    "hazard": hazard,
                    "cumulative": 1 - survival,
                    "cumulative_low": (1 - survival) * 0.8 if known else None,
                    "cumulative_high": min(1.0, (1 - survival) * 1.2) if known else None,
                    "maturity": 1.0 if cohort is None or (as_of - cohort).days > 31 + 30.44 * month else 0.5,
                    "reported_share": 1.0,
                    "is_too_young": False,
                    "is_enough": at_risk >= 30,
                }
            )
            at_risk -= events + gone
    return pl.DataFrame(rows, infer_schema_length=None)
