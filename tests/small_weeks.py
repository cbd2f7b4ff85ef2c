"""The small home's marts of weeks: machines and claims counted row by row, expectations by the real code."""

from __future__ import annotations

from datetime import date, timedelta

import polars as pl

from pipelines import expectations
from pipelines.expectations import Weeks

BANDS = (0, 31, 92, 183, 366, 548)


def marts(orders: pl.DataFrame, claims: pl.DataFrame, as_of: date) -> dict[str, pl.DataFrame]:
    """fct_warranty_exposure, fct_weekly_counts and fct_reporting_completeness."""
    units = _units(orders, as_of)
    counted = _claims(claims)
    delays = pl.concat(
        counted.filter(kept).select(
            measure=pl.lit(measure),
            appeared_on="appeared_on",
            delay_days=(pl.col(known_on) - pl.col("appeared_on")).dt.total_days(),
            claims=pl.lit(1, pl.Int64),
        )
        for measure, kept, known_on in (
            ("claims", pl.lit(True), "requested_on"),
            ("failures", pl.col("failures") > 0, "known_on"),
            ("faults", pl.col("fault_code").is_not_null(), "known_on"),
            ("misuse_refusals", pl.col("misuse_refusals") > 0, "known_on"),
        )
    )
    counts = [pl.col(name).sum().cast(pl.Int64) for name in ("claims", "failures", "misuse_refusals")]
    ages = ["sku", "family_code", "age_from_days", "week"]
    weeks = Weeks(
        units.group_by(ages).agg(unit_weeks=pl.col("units").sum()).sort(ages),
        counted.group_by(*ages, "fault_code").agg(counts).sort(*ages, "fault_code"),
        delays.group_by("measure", "appeared_on", "delay_days").agg(pl.col("claims").sum()),
        {},
    )
    computed = expectations.rows(weeks, as_of)
    keys = ["week", "sku", "family_code", "lot_code"]
    exposure = (
        units.group_by(keys)
        .agg(unit_weeks=pl.col("units").sum())
        .join(counted.group_by(keys).agg(counts), on=keys, how="left")
        .with_columns(pl.col("claims", "failures", "misuse_refusals").fill_null(0))
        .sort(keys)
    )
    return {
        "fct_warranty_exposure": exposure,
        "fct_weekly_counts": computed["weekly_counts"],
        "fct_reporting_completeness": computed["reporting"],
    }


def _units(orders: pl.DataFrame, as_of: date) -> pl.DataFrame:
    rows = []
    for line in orders.filter("is_in_service").iter_rows(named=True):
        end = min(as_of, line["base_warranty_end_on"])
        week = _monday(line["delivered_on"])
        while week <= end:
            band = _band(line["delivered_on"], week)
            keys = (line["sku"], line["family_code"], line["lot_code"])
            rows.append((week, *keys, band, line["units"]))
            week += timedelta(weeks=1)
    names = ["week", "sku", "family_code", "lot_code", "age_from_days", "units"]
    return pl.DataFrame(rows, schema=names, orient="row")


def _claims(claims: pl.DataFrame) -> pl.DataFrame:
    rows = [
        {
            "week": _monday(claim["appeared_on"]),
            "sku": claim["sku"],
            "family_code": claim["family_code"],
            "lot_code": claim["lot_code"],
            "age_from_days": _band(claim["delivered_on"], _monday(claim["appeared_on"])),
            "fault_code": claim["fault_code"],
            "claims": 1,
            "failures": int(claim["is_failure"]),
            "misuse_refusals": int(claim["resolution"] == "rejected_misuse"),
            "appeared_on": claim["appeared_on"],
            "requested_on": claim["requested_on"],
            "known_on": claim["closed_on"] or claim["requested_on"],
        }
        for claim in claims.filter("is_claim").iter_rows(named=True)
    ]
    return pl.DataFrame(rows, infer_schema_length=None)


def _monday(day: date) -> date:
    return day - timedelta(days=day.weekday())


def _band(entered: date, week: date) -> int:
    return max(
        days for days in BANDS if _monday(entered + timedelta(days=days)) <= max(week, _monday(entered))
    )
