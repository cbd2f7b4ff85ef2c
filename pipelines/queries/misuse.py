"""Misuse refusals: how often, on what evidence, by which centre, and the defect rate without them."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from pipelines.queries.measures import Value, beside, measure, values, values_by
from pipelines.queries.proofs import of_groups
from pipelines.queries.scopes import Scope
from pipelines.queries.snapshot import Snapshot
from pipelines.queries.thresholds import threshold

MART = "fct_misuse_rejections"
SHARES = (
    *("rejection_share", "misuse_verdict_share", "evidence_share", "proven_share", "overturned_share"),
    "presumed_share",
)
BOUNDS = ("defect_share", "defect_share_if_unproven_wrong", "defect_share_if_all_wrong")


def headline(snapshot: Snapshot, scope: Scope) -> dict[str, Value]:
    """The shares and the number of refusals behind them."""
    return values(snapshot, MART, ("misuse_rejections", *SHARES), scope)


def bounds(snapshot: Snapshot, scope: Scope) -> dict[str, Value]:
    """The defect share as it stands, if unproven refusals were wrong, and if all were."""
    return values(snapshot, MART, BOUNDS, scope)


def shares_by(snapshot: Snapshot, column: str, scope: Scope) -> pl.DataFrame:
    """The rejection share by month, family_code or sku: value, events, n, low, high, is_enough."""
    return values_by(snapshot, MART, ["rejection_share"], [column], scope).drop("measure")


def shares_by_sql(snapshot: Snapshot, column: str, scope: Scope) -> str:
    """The SQL of `shares_by`."""
    return of_groups(measure(snapshot, MART, "rejection_share"), [column], scope)


def by_fault(snapshot: Snapshot, scope: Scope) -> pl.DataFrame:
    """Claims with a misuse diagnosis by fault code, and how many of them were refused for it."""
    names = ("claims", "misuse_refusals")
    counted = values_by(snapshot, "fct_claims", names, ["fault_code", "cause"], scope)
    return (
        beside(counted.filter(pl.col("cause") == "misuse"), ["fault_code"], names)
        .with_columns(pl.col(names).cast(pl.Int64))
        .sort("claims", "fault_code", descending=[True, False])
    )


def centers(snapshot: Snapshot) -> pl.DataFrame:
    """One row per service centre against its case mix, the most conspicuous first. All families, all time."""
    return snapshot.rows(
        """
        select
            service_center_id, names.name, diagnosed, misuse_verdicts, misuse_rejections, with_evidence,
            overturned, expected_misuse, ratio, shrunken_ratio, odds_ratio, odds_ratio_low, odds_ratio_high,
            limit_low_95, limit_high_95, limit_low, limit_high, power_at_twice, is_enough, status
        from marts.fct_misuse_centers
        left join marts.dim_service_centers as names using (service_center_id)
        order by is_enough desc, shrunken_ratio desc, service_center_id
        """
    )


def has_diagnosis(snapshot: Snapshot) -> bool:
    """Whether any repair names what was found: without one every cause is presumed or unknown."""
    query = "select count(*) > 0 as found from marts.fct_repairs where fault_code is not null"
    return bool(snapshot.rows(query).item())


@dataclass(frozen=True)
class CenterPower:
    """What a comparison of centres can find: chances for a centre of twice the others' odds, by centre size.

    false_alarm_share: how often any centre is called high though all judge alike.
    """

    centers: int
    lowest: float
    median: float
    highest: float
    false_alarm_share: float


def center_power(snapshot: Snapshot) -> CenterPower | None:
    """Over the centres that are compared; None where there is none."""
    powers = centers(snapshot).filter("is_enough")["power_at_twice"].drop_nulls().sort().to_list()
    if not powers:
        return None
    return CenterPower(
        centers=len(powers),
        lowest=powers[0],
        median=powers[len(powers) // 2],
        highest=powers[-1],
        false_alarm_share=threshold(snapshot, "center_false_alarm_share"),
    )
