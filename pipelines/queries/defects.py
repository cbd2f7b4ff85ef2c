"""One week of one product family against the weeks before: what the defect report and its page show.

Claims are counted by the day of the request, so a week's number of claims is final when the week is over;
causes come later, with the diagnosis, so failures and faults of a fresh week are a lower bound, and the
number of claims still without a cause is always given beside them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import Literal

import polars as pl

from pipelines.queries import intervals
from pipelines.queries.build_facts import build_facts
from pipelines.queries.claims import claims_of
from pipelines.queries.measures import Measure, measure, values_by
from pipelines.queries.scopes import Scope
from pipelines.queries.snapshot import Snapshot
from pipelines.queries.thresholds import threshold
from pipelines.queries.weeks import Week

BASELINE_WEEKS = 8
COMPARED = ("claims", "failures", "misuse_refusals")
COUNTED = (*COMPARED, "claims_without_cause")

Verdict = Literal["higher", "lower", "no_difference", "too_few", "too_early"]


@dataclass(frozen=True)
class Comparison:
    """One count of the week set against the baseline. Rates are per unit under warranty and week."""

    measure: Measure
    events: int
    rate: float | None
    rate_low: float | None
    rate_high: float | None
    base_events: int
    base_rate: float | None
    ratio: float | None
    ratio_low: float | None
    ratio_high: float | None
    verdict: Verdict


@dataclass(frozen=True)
class DefectWeek:
    """All that one report shows."""

    week: Week
    family_code: str | None
    as_of: date
    is_complete: bool
    units: int
    claims_without_cause: int
    comparisons: tuple[Comparison, ...]
    by_week: pl.DataFrame
    by_fault: pl.DataFrame
    by_sku: pl.DataFrame
    claims: pl.DataFrame

    @property
    def has_claims(self) -> bool:
        """Whether anything was claimed in the week itself."""
        return self.claims.height > 0

    @property
    def refusals(self) -> pl.DataFrame:
        """The claims of the week that were refused for misuse."""
        return self.claims.filter(pl.col("resolution") == "rejected_misuse")


def defect_week(snapshot: Snapshot, week: Week, family_code: str | None = None) -> DefectWeek:
    """The week, its baseline and the claims behind. family_code None is the whole range."""
    as_of = build_facts(snapshot).as_of
    scope = Scope(family_code=family_code, from_on=week.earlier(BASELINE_WEEKS).monday, until_on=week.sunday)
    only_week = replace(scope, from_on=week.monday)
    by_week = _by_week(snapshot, week, scope)
    this = by_week.row(-1, named=True)
    before = by_week.head(BASELINE_WEEKS)
    exposures = (this["units"], int(before["units"].sum()))
    least = threshold(snapshot, "minimum_events_of_week")
    comparisons = tuple(
        _compared(
            measure(snapshot, "fct_claims", name), this[name], int(before[name].sum()), exposures, least
        )
        for name in COMPARED
    )
    return DefectWeek(
        week=week,
        family_code=family_code,
        as_of=as_of,
        is_complete=week.sunday <= as_of,
        units=this["units"],
        claims_without_cause=this["claims_without_cause"],
        comparisons=comparisons,
        by_week=by_week,
        by_fault=_by_key(snapshot, "fault_code", week, scope, exposures),
        by_sku=_by_key(snapshot, "sku", week, scope, None),
        claims=claims_of(snapshot, only_week),
    )


def _weeks(week: Week) -> list[Week]:
    return [week.earlier(back) for back in range(BASELINE_WEEKS, -1, -1)]


def _by_week(snapshot: Snapshot, week: Week, scope: Scope) -> pl.DataFrame:
    """One row per week, oldest first: units under warranty, the counts, claims per unit with interval."""
    monday = "cast(date_trunc('week', requested_on) as date) as monday"
    counted = values_by(snapshot, "fct_claims", COUNTED, [monday], scope)
    events = {(row["monday"], row["measure"]): int(row["events"]) for row in counted.iter_rows(named=True)}
    units = units_under_warranty(snapshot, _weeks(week), scope)
    rows = []
    for each in _weeks(week):
        exposure = units[each]
        counts = {name: events.get((each.monday, name), 0) for name in COUNTED}
        limits = intervals.poisson(counts["claims"], exposure)
        rate = counts["claims"] / exposure if exposure else None
        rows.append(
            {"week": str(each), "monday": each.monday, "units": exposure, **counts}
            | {"rate": rate, "rate_low": limits.low, "rate_high": limits.high}
        )
    schema = {"week": pl.String, "monday": pl.Date, "units": pl.Int64} | dict.fromkeys(COUNTED, pl.Int64)
    return pl.DataFrame(rows, schema=schema | dict.fromkeys(("rate", "rate_low", "rate_high"), pl.Float64))


def units_under_warranty(snapshot: Snapshot, weeks: list[Week], scope: Scope) -> dict[Week, int]:
    """Units delivered by the Sunday of each week whose basic warranty had not ended before its Monday."""
    numerator = measure(snapshot, "fct_order_lines", "units").numerator
    conditions = ["delivered_on is not null", "base_warranty_end_on is not null"]
    parameters: list[object] = []
    for column, value in (("family_code", scope.family_code), ("sku", scope.sku)):
        if value is not None:
            conditions.append(f"{column} = ?")
            parameters.append(value)
    # Lines are summed by their two dates first: a few thousand pairs instead of millions of lines per week.
    found = snapshot.rows(
        f"""
        with spans as (
            select delivered_on, base_warranty_end_on, {numerator} as units
            from marts.fct_order_lines
            where {" and ".join(conditions)}
            group by delivered_on, base_warranty_end_on
        ),
        weeks as (select unnest(?::date[]) as monday)
        select weeks.monday, cast(coalesce(sum(spans.units), 0) as bigint) as units
        from weeks
        left join spans
            on spans.delivered_on <= weeks.monday + 6 and spans.base_warranty_end_on >= weeks.monday
        group by weeks.monday
        """,
        [*parameters, [week.monday for week in weeks]],
    )
    units = dict(found.iter_rows())
    return {week: units[week.monday] for week in weeks}


def _by_key(
    snapshot: Snapshot, key: str, week: Week, scope: Scope, exposures: tuple[int, int] | None
) -> pl.DataFrame:
    """One row per fault code or sku claimed in the week, most claimed first, with its baseline and ratio."""
    is_week = f"requested_on >= date '{week.monday}' as is_week"
    counted = values_by(snapshot, "fct_claims", ["claims", "failures"], [key, is_week], scope)
    wide = counted.with_columns(
        name=pl.col("measure") + pl.when("is_week").then(pl.lit("")).otherwise(pl.lit("_before"))
    ).pivot(on="name", index=key, values="events")
    counts = ("claims", "failures", "claims_before", "failures_before")
    for name in counts:
        if name not in wide.columns:
            wide = wide.with_columns(pl.lit(0.0).alias(name))
    wide = wide.select(key, *(pl.col(name).fill_null(0).cast(pl.Int64) for name in counts))
    wide = wide.filter(pl.col("claims") > 0).sort(
        ["claims", "claims_before", key], descending=[True, True, False]
    )
    if exposures is None:
        return wide
    least = threshold(snapshot, "minimum_events_of_week")
    rows = []
    for row in wide.iter_rows(named=True):
        ratio, limits, verdict = _ratio(
            row["claims"], exposures[0], row["claims_before"], exposures[1], False, least
        )
        if row[key] is None:
            # Claims without a diagnosis are always more in a fresh week.
            verdict = "too_early"
        rows.append(
            row | {"ratio": ratio, "ratio_low": limits.low, "ratio_high": limits.high, "verdict": verdict}
        )
    schema = dict(wide.schema) | dict.fromkeys(("ratio", "ratio_low", "ratio_high"), pl.Float64)
    return pl.DataFrame(rows, schema=schema | {"verdict": pl.String})


def _ratio(
    events: int, exposure: int, base_events: int, base_exposure: int, is_final: bool, least: float
) -> tuple[float | None, intervals.Interval, Verdict]:
    limits = intervals.rate_ratio(events, exposure, base_events, base_exposure)
    ratio = None
    if exposure and base_exposure and base_events:
        ratio = (events / exposure) / (base_events / base_exposure)
    if events + base_events < least or limits.low is None:
        return None, intervals.NONE, "too_few"
    if limits.low > 1:
        return ratio, limits, "higher"
    if limits.high is not None and limits.high < 1:
        # What waits for a diagnosis always looks low at first.
        return ratio, limits, "lower" if is_final else "too_early"
    return ratio, limits, "no_difference"


def _compared(
    declared: Measure, events: int, base_events: int, exposures: tuple[int, int], least: float
) -> Comparison:
    units, base_units = exposures
    limits = intervals.poisson(events, units)
    is_final = declared.name == "claims"
    ratio, ratio_limits, verdict = _ratio(events, units, base_events, base_units, is_final, least)
    return Comparison(
        measure=declared,
        events=events,
        rate=events / units if units else None,
        rate_low=limits.low,
        rate_high=limits.high,
        base_events=base_events,
        base_rate=base_events / base_units if base_units else None,
        ratio=ratio,
        ratio_low=ratio_limits.low,
        ratio_high=ratio_limits.high,
        verdict=verdict,
    )
