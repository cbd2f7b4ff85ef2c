"""One week of one product family against what was expected of it: what the defect report and its page show.

Machines count in the week their defect appeared, under warranty and with their owners: the mart of exposure.
What was expected of the week, by its season, the machines' ages and mix and how much is reported by now, and
the verdict, come from `fct_weekly_counts`; nothing is concluded here.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Literal

import polars as pl

from pipelines.queries import intervals
from pipelines.queries.build_facts import build_facts
from pipelines.queries.claims import claims_of
from pipelines.queries.measures import Measure, beside, measure, values_by
from pipelines.queries.scopes import Scope, where
from pipelines.queries.snapshot import Snapshot
from pipelines.queries.thresholds import threshold
from pipelines.queries.weeks import Week

BASELINE_WEEKS = 8
MART = "fct_warranty_exposure"
# What a week's counts are called in the mart of weeks, and the measure that counts them.
COMPARED = {"claims": "claimed_units", "failures": "failed_units", "misuse_refusals": "refused_units"}

Verdict = Literal["higher", "lower", "no_difference", "too_few", "too_young", "no_past", "not_covered"]


@dataclass(frozen=True)
class Comparison:
    """One count of the week set against its expectation. Rates are per machine under warranty and week."""

    measure: Measure
    events: int
    rate: float | None
    rate_low: float | None
    rate_high: float | None
    expected: float | None
    expected_rate: float | None
    ratio: float | None
    ratio_low: float | None
    ratio_high: float | None
    reported_share: float | None
    verdict: Verdict


@dataclass(frozen=True)
class DefectWeek:
    """All that one report shows. false_alarm_share: of weeks without a change, those with any "higher"."""

    week: Week
    family_code: str | None
    as_of: date
    is_complete: bool
    units: int
    claims_without_cause: int
    false_alarm_share: float
    compared: int
    comparisons: tuple[Comparison, ...]
    by_week: pl.DataFrame
    by_fault: pl.DataFrame
    by_sku: pl.DataFrame
    claims: pl.DataFrame

    @property
    def has_claims(self) -> bool:
        """Whether anything appeared in the week itself."""
        return self.claims.height > 0

    @property
    def refusals(self) -> pl.DataFrame:
        """The claims of the week that were refused for misuse."""
        return self.claims.filter(pl.col("resolution") == "rejected_misuse")


def defect_week(snapshot: Snapshot, week: Week, family_code: str | None = None) -> DefectWeek:
    """The week, what was expected of it, and the claims behind. family_code None is the whole range."""
    as_of = build_facts(snapshot).as_of
    scope = Scope(family_code=family_code)
    expected = _expected(snapshot, week, scope)
    by_week = _by_week(snapshot, week, scope, expected)
    this = by_week.row(-1, named=True)
    of_week = expected.filter(pl.col("week") == week.monday)
    claims = claims_of(snapshot, scope, appeared_in=week.monday)
    return DefectWeek(
        week=week,
        family_code=family_code,
        as_of=as_of,
        is_complete=week.sunday <= as_of,
        units=this["units"],
        claims_without_cause=claims.filter(pl.col("cause") == "unknown").height,
        false_alarm_share=threshold(snapshot, "weekly_false_alarm_share"),
        compared=of_week["compared"].to_list()[0] if of_week.height else 0,
        comparisons=tuple(
            _compared(measure(snapshot, MART, name), this[name], this["units"], of_week, counted)
            for counted, name in COMPARED.items()
        ),
        by_week=by_week,
        by_fault=_by_fault(of_week),
        by_sku=_by_sku(snapshot, week, scope),
        claims=claims,
    )


def week_verdicts(snapshot: Snapshot, week: Week) -> pl.DataFrame:
    """All that the week was compared in, as far as the snapshot reaches; the whole range first.

    Columns: family_code (none: the whole range), measure, fault_code, units, and those of the mart. Of faults
    those found in the week, and those found less often than expected.
    """
    return snapshot.rows(
        """
        select
            case scope_type when 'family' then scope_id end as family_code, measure, fault_code,
            unit_weeks as units, observed, expected, ratio, ratio_low, ratio_high, reported_share, verdict
        from marts.fct_weekly_counts
        where week = ? and (measure <> 'faults' or observed > 0 or verdict = 'lower')
        order by scope_type <> 'all', scope_id, measure = 'faults', measure, observed desc, fault_code
        """,
        [week.monday],
    )


def _weeks(week: Week) -> list[Week]:
    return [week.earlier(back) for back in range(BASELINE_WEEKS, -1, -1)]


def _expected(snapshot: Snapshot, week: Week, scope: Scope) -> pl.DataFrame:
    condition, parameters = where("fct_weekly_counts", scope)
    return snapshot.rows(
        f"""
        select
            week, measure, fault_code, observed, expected, ratio, ratio_low, ratio_high, reported_share,
            compared, verdict
        from marts.fct_weekly_counts
        where {condition} and week between ? and ?
        order by week, measure, fault_code
        """,
        [*parameters, week.earlier(BASELINE_WEEKS).monday, week.monday],
    )


def _by_week(snapshot: Snapshot, week: Week, scope: Scope, expected: pl.DataFrame) -> pl.DataFrame:
    """One row per week, oldest first: machines, counts, claims per machine with interval, expected."""
    period = replace(scope, from_on=week.earlier(BASELINE_WEEKS).monday, until_on=week.monday)
    counted = values_by(snapshot, MART, ["unit_weeks", *COMPARED.values()], ["week as monday"], period)
    found = {(row["monday"], row["measure"]): int(row["events"]) for row in counted.iter_rows(named=True)}
    claims = expected.filter(pl.col("measure") == "claims")
    means = dict(claims.select("week", "expected").iter_rows())
    rows = []
    for each in _weeks(week):
        units = found.get((each.monday, "unit_weeks"), 0)
        counts = {name: found.get((each.monday, name), 0) for name in COMPARED.values()}
        claimed = counts["claimed_units"]
        limits = intervals.poisson(claimed, units)
        mean = means.get(each.monday)
        rows.append(
            {"week": str(each), "monday": each.monday, "units": units, **counts}
            | {"rate": _per(claimed, units), "rate_low": limits.low, "rate_high": limits.high}
            | {"expected": mean, "expected_rate": _per(mean, units)}
        )
    schema = {"week": pl.String, "monday": pl.Date, "units": pl.Int64} | dict.fromkeys(
        COMPARED.values(), pl.Int64
    )
    numbers = ("rate", "rate_low", "rate_high", "expected", "expected_rate")
    return pl.DataFrame(rows, schema=schema | dict.fromkeys(numbers, pl.Float64))


def _by_fault(of_week: pl.DataFrame) -> pl.DataFrame:
    """One row per fault found in the week, or found less often than expected: most machines first."""
    faults = of_week.filter(
        (pl.col("measure") == "faults") & ((pl.col("observed") > 0) | (pl.col("verdict") == "lower"))
    )
    return faults.select(
        *("fault_code", pl.col("observed").alias("claims"), "expected", "ratio", "ratio_low", "ratio_high"),
        *("reported_share", "verdict"),
    ).sort("claims", "fault_code", descending=[True, False])


def _by_sku(snapshot: Snapshot, week: Week, scope: Scope) -> pl.DataFrame:
    """One row per product claimed in the week, most machines first, with its weeks before."""
    names = ("claimed_units", "failed_units")
    monday = week.monday

    def counted(start: Week, end: Week, suffix: str) -> pl.DataFrame:
        period = replace(scope, from_on=start.monday, until_on=end.monday)
        wide = beside(values_by(snapshot, MART, names, ["sku"], period), ["sku"], names)
        return wide.select("sku", *(pl.col(name).cast(pl.Int64).alias(name + suffix) for name in names))

    before = counted(week.earlier(BASELINE_WEEKS), Week.of(monday).earlier(1), "_before")
    return (
        counted(week, week, "")
        .filter(pl.col("claimed_units") > 0)
        .join(before, on="sku", how="left")
        .with_columns(pl.exclude("sku").fill_null(0))
        .sort(["claimed_units", "claimed_units_before", "sku"], descending=[True, True, False])
        .rename({"claimed_units": "claims", "failed_units": "failures"})
        .rename({"claimed_units_before": "claims_before", "failed_units_before": "failures_before"})
    )


def _compared(declared: Measure, events: int, units: int, of_week: pl.DataFrame, counted: str) -> Comparison:
    limits = intervals.poisson(events, units)
    found = of_week.filter(pl.col("measure") == counted)
    row: dict[str, Any] = found.row(0, named=True) if found.height else {"verdict": "no_past"}
    return Comparison(
        measure=declared,
        events=events,
        rate=_per(events, units),
        rate_low=limits.low,
        rate_high=limits.high,
        expected=row.get("expected"),
        expected_rate=_per(row.get("expected"), units),
        ratio=row.get("ratio"),
        ratio_low=row.get("ratio_low"),
        ratio_high=row.get("ratio_high"),
        reported_share=row.get("reported_share"),
        verdict=row["verdict"],
    )


def _per(count: float | None, units: int) -> float | None:
    return count / units if units and count is not None else None
