"""All that one defect report shows, for whatever part of the data the snapshot lets through.

Belongs here: putting the pages' own answers side by side for one period. Does not belong here: a formula
(measures are declared by the marts), what people did about an alert (the ledger), how it looks.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import polars as pl

from pipelines.queries import intervals, misuse, recovery, remedies
from pipelines.queries.build_facts import BuildFacts, build_facts
from pipelines.queries.claims import claims_of
from pipelines.queries.defects import DefectWeek, defect_week, week_verdicts
from pipelines.queries.emerging import Declared, alerts, declared
from pipelines.queries.evidence import Issue, issue_of
from pipelines.queries.measures import Measure, Value, declared_measures, values, values_by
from pipelines.queries.periods import Period
from pipelines.queries.scopes import EVERYTHING, Scope
from pipelines.queries.snapshot import Snapshot
from pipelines.queries.weeks import Week

COUNTED = ("claims", "failures", "misuse_refusals", "claims_without_cause", "net_cost")
# The Pareto looks back so far: one week of one family is a handful of faults.
PARETO_DAYS = 365
_WEEKS_PER_YEAR = 365.25 / 7


@dataclass(frozen=True)
class Digest:
    """One report's figures. Frames hold raw numbers; an empty frame is an answer."""

    period: Period
    facts: BuildFacts
    figures: dict[str, Value]
    before: dict[str, Value]
    signals: pl.DataFrame
    issues: dict[str, Issue]
    declared: Declared
    week: DefectWeek
    verdicts: pl.DataFrame
    claims: pl.DataFrame
    pareto: pl.DataFrame
    machine_years: float
    apart: pl.DataFrame
    misuse: dict[str, Value]
    regret: Value
    recovery: pl.DataFrame
    policies: list[str]
    definitions: list[Measure]

    @property
    def is_complete(self) -> bool:
        """Whether the data reaches the period's end."""
        return self.period.until_on <= self.facts.as_of

    @property
    def refusals(self) -> pl.DataFrame:
        """The claims of the period that were refused for misuse."""
        return self.claims.filter(pl.col("resolution") == "rejected_misuse")


def digest(snapshot: Snapshot, period: Period) -> Digest:
    """The report of one period, as far as the snapshot's grant reaches."""
    scope = Scope(from_on=period.from_on, until_on=period.until_on)
    year = Scope(from_on=period.until_on - timedelta(days=PARETO_DAYS - 1), until_on=period.until_on)
    signals = alerts(snapshot, EVERYTHING)
    years = machine_years(snapshot, year)
    facts = build_facts(snapshot)
    week = week_of(period, facts.as_of)
    wanted = {"fct_claims": {*COUNTED, "cost_per_claim"}, "fct_remedy_costs": {"expected_regret"}}
    wanted["fct_supplier_recovery"] = {"claimable"}
    wanted["fct_misuse_rejections"] = {"misuse_rejections", "overturned_share", "proven_share"}
    return Digest(
        period=period,
        facts=facts,
        figures=values(snapshot, "fct_claims", COUNTED, scope),
        before=values(snapshot, "fct_claims", COUNTED, Scope(None, None, None, *period.before)),
        signals=signals,
        issues={row["signal_id"]: issue_of(snapshot, row) for row in signals.iter_rows(named=True)},
        declared=declared(snapshot),
        week=defect_week(snapshot, week),
        verdicts=week_verdicts(snapshot, week),
        claims=claims_of(snapshot, scope),
        pareto=pareto(snapshot, year, years),
        machine_years=years,
        apart=apart(snapshot, year),
        misuse=misuse.headline(snapshot, year),
        recovery=recovery.by_supplier(snapshot, year),
        regret=remedies.expected_regret(snapshot, year),
        policies=policies(snapshot, period.until_on),
        definitions=[each for each in declared_measures(snapshot) if each.name in wanted.get(each.mart, ())],
    )


def week_of(period: Period, as_of: date) -> Week:
    """The week held against its expectation: the report's own, else the last whole one of its period."""
    if period.from_on.weekday() == 0 and (period.until_on - period.from_on).days == 6:
        return Week.of(period.from_on)
    return Week.last_complete(min(period.until_on, as_of))


def claims_again(snapshot: Snapshot, from_on: date, until_on: date) -> float:
    """The claims of an earlier period as known now: to be set against what was reported."""
    scope = Scope(from_on=from_on, until_on=until_on)
    return values(snapshot, "fct_claims", ["claims"], scope)["claims"].events


def machine_years(snapshot: Snapshot, scope: Scope = EVERYTHING) -> float:
    """Years under warranty of the machines in service, in the weeks that begin in the scope's period."""
    found = snapshot.rows(
        "select cast(coalesce(sum(unit_weeks), 0) as double) as unit_weeks from marts.fct_warranty_exposure "
        "where (?::date is null or week >= ?::date) and (?::date is null or week <= ?::date)",
        [scope.from_on, scope.from_on, scope.until_on, scope.until_on],
    )
    return found.item() / _WEEKS_PER_YEAR


def pareto(snapshot: Snapshot, scope: Scope, years: float) -> pl.DataFrame:
    """Faults that a workshop confirmed, most claimed first: claims, their share summed, rate, cost.

    Columns: fault_code, claims, cumulative_share, per_1000_years with limits (Poisson; empty where the units
    under warranty are not known), net_cost, cost_share.
    """
    found = values_by(snapshot, "fct_claims", ["claims", "net_cost"], ["fault_code", "cause"], scope)
    confirmed = found.filter((pl.col("cause") == "defect") & pl.col("fault_code").is_not_null())
    wide = confirmed.pivot(on="measure", index="fault_code", values="events")
    rows = [row for row in wide.iter_rows(named=True) if row.get("claims")]
    rows.sort(key=lambda row: (-row["claims"], row["fault_code"]))
    claims, cost = sum(row["claims"] for row in rows), sum(row["net_cost"] or 0 for row in rows)
    out, passed = [], 0.0
    for row in rows:
        passed += row["claims"]
        limits = intervals.poisson(row["claims"], years) if years else intervals.NONE
        out.append(
            {
                "fault_code": row["fault_code"],
                "claims": int(row["claims"]),
                "cumulative_share": passed / claims,
                "per_1000_years": 1000 * row["claims"] / years if years else None,
                "low": None if limits.low is None else 1000 * limits.low,
                "high": None if limits.high is None else 1000 * limits.high,
                "net_cost": row["net_cost"],
                "cost_share": row["net_cost"] / cost if cost and row["net_cost"] is not None else None,
            }
        )
    numbers = ("cumulative_share", "per_1000_years", "low", "high", "net_cost", "cost_share")
    schema = {"fault_code": pl.String, "claims": pl.Int64} | dict.fromkeys(numbers, pl.Float64)
    return pl.DataFrame(out, schema=schema)


def apart(snapshot: Snapshot, scope: Scope) -> pl.DataFrame:
    """Claims that are no confirmed defect, by cause: misuse, wear, no fault, transit, not diagnosed."""
    found = values_by(
        snapshot, "fct_claims", ["claims", "net_cost"], ["cause", "fault_code is null as is_open"], scope
    )
    found = found.with_columns(
        cause=pl.when((pl.col("cause") == "defect") & pl.col("is_open"))
        .then(pl.lit("presumed_defect"))
        .otherwise(pl.col("cause"))
    ).filter(pl.col("cause") != "defect")
    sums: dict[tuple[str, str], float] = {}
    for row in found.sort("cause", "is_open", "measure").iter_rows(named=True):
        key = row["cause"], row["measure"]
        sums[key] = sums.get(key, 0.0) + row["events"]
    causes = sorted({cause for cause, _ in sums}, key=lambda cause: (-sums[cause, "claims"], cause))
    rows = [
        {"cause": cause, "claims": int(sums[cause, "claims"]), "net_cost": round(sums[cause, "net_cost"], 2)}
        for cause in causes
        if sums[cause, "claims"]
    ]
    return pl.DataFrame(rows, schema={"cause": pl.String, "claims": pl.Int64, "net_cost": pl.Float64})


def policies(snapshot: Snapshot, on: date) -> list[str]:
    """The rule sets in force on a day, so that a change of rules between two reports can be told."""
    found = snapshot.rows(
        "select distinct rule_type || ' ' || rule_set as rules from marts.dim_policy_rules "
        "where rule_set is not null and rule_type in ('policy', 'law') "
        "and valid_from <= ? and (valid_to is null or valid_to >= ?) order by rules",
        [on, on],
    )
    return found["rules"].to_list()
