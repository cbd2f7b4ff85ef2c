"""What is emerging: alerts by what is at stake, what else is watched, what cannot be, and what is behind.

Belongs here: reading `fct_signals`, its history and its machines, and the claims of one signal. Does not
belong here: what fired (`pipelines.signals`), what people did (its ledger).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

import polars as pl

from pipelines.queries.issues import RAISED, claims_of_signal
from pipelines.queries.scopes import Scope, where
from pipelines.queries.snapshot import Snapshot
from pipelines.queries.thresholds import threshold

MOST_WATCHED = 100
MOST_CLAIMS = 500
TEXTS = 6
# Levels whose nodes stand side by side, and what they share with the signal.
BESIDE = {
    "lot": ("family_code", "sku"),
    "delivery_month": ("family_code", "sku"),
    "sku": ("family_code", "power_source"),
    "supplier": ("family_code", "power_source"),
}
NAMED_BY = {
    "lot": "lot_code",
    "delivery_month": "delivery_month",
    "sku": "sku",
    "supplier": "supplier_id",
}


@dataclass(frozen=True)
class Declared:
    """What the watch declares, and how much it covers. `as_of` is the day of which it speaks."""

    false_alerts: float
    as_of: date
    nodes: int
    watched: int
    shows_thrice: int
    alerts: int


def declared(snapshot: Snapshot) -> Declared:
    """Nodes (groups of machines), those watched, those that would have shown three times their rate."""
    found = snapshot.rows(
        """
        select
            count(*) as nodes,
            count(*) filter (is_watchable) as watched,
            count(*) filter (is_watchable and visible_ratio <= 3) as shows_thrice
        from marts.fct_signals
        where fault_code is null and method <> 'coding'
        """
    ).row(0, named=True)
    return Declared(
        threshold(snapshot, "watch_declared_false_alerts"),
        snapshot.rows("select max(as_of) as as_of from meta.build").item(),
        **found,
        alerts=alerts(snapshot, Scope()).height,
    )


def alerts(snapshot: Snapshot, scope: Scope) -> pl.DataFrame:
    """One row per alert, open or decided: those of machines first, the most at risk first."""
    condition, parameters = where("fct_signals", scope)
    return snapshot.rows(
        f"""
        select * from marts.fct_signals
        where status in {RAISED} and {condition}
        order by method = 'coding', status = 'closed', cost_at_risk_eur desc nulls last, signal_id
        """,
        parameters,
    )


def watch_list(snapshot: Snapshot, scope: Scope) -> pl.DataFrame:
    """What is watched and no alert, what stands out most first, at most MOST_WATCHED rows."""
    condition, parameters = where("fct_signals", scope)
    return snapshot.rows(
        f"""
        select * from marts.fct_signals
        where status = 'watch' and is_watchable and explained_by is null and observed > 1 and {condition}
        order by shrunken_ratio_low desc nulls last, observed desc, signal_id
        limit {MOST_WATCHED}
        """,
        parameters,
    )


def not_watched(snapshot: Snapshot, scope: Scope) -> pl.DataFrame:
    """Nodes that cannot be watched by level and reason: level, not_watchable_reason, nodes, units_sold."""
    condition, parameters = where("fct_signals", scope)
    return snapshot.rows(
        f"""
        select level, not_watchable_reason, count(*) as nodes, cast(sum(units_sold) as bigint) as units_sold
        from marts.fct_signals
        where not is_watchable and {condition}
        group by all
        order by nodes desc, level, not_watchable_reason
        """,
        parameters,
    )


def signal(snapshot: Snapshot, signal_id: str) -> dict[str, Any] | None:
    """One node × fault, or None."""
    found = snapshot.rows("select * from marts.fct_signals where signal_id = ?", [signal_id])
    return found.row(0, named=True) if found.height else None


def history(snapshot: Snapshot, signal_id: str) -> pl.DataFrame:
    """What was known at each month's end, oldest first."""
    return snapshot.rows(
        "select * from marts.fct_signal_history where signal_id = ? order by month", [signal_id]
    )


def explained(snapshot: Snapshot, signal_id: str) -> pl.DataFrame:
    """What else is over its limit because of this signal."""
    return snapshot.rows(
        "select * from marts.fct_signals where explained_by = ? order by ratio desc nulls last, signal_id",
        [signal_id],
    )


def beside(snapshot: Snapshot, row: dict[str, Any], level: str) -> pl.DataFrame:
    """The nodes of a level that the signal's may be set beside, for the same fault: name, is_own and counts.

    Each has its own expectation, from its units at risk by age and month: ratios compare like with like.
    Empty where the signal names none of the level's keys.
    """
    if row["method"] == "coding" or any(row[key] is None for key in BESIDE[level] if key != "power_source"):
        return pl.DataFrame()
    keys = [*BESIDE[level], "fault_code"]
    condition = " and ".join(f"{key} is not distinct from ?" for key in keys)
    return snapshot.rows(
        f"""
        select
            cast({NAMED_BY[level]} as varchar) as name, {NAMED_BY[level]} is not distinct from ? as is_own,
            units_sold, units_under_warranty, observed, expected, ratio, ratio_low, ratio_high
        from marts.fct_signals
        where level = ? and is_watchable and expected > 0 and {condition}
        order by ratio desc, name
        """,
        [row[NAMED_BY[level]], level, *(row[key] for key in keys)],
    )


def by_center(snapshot: Snapshot, row: dict[str, Any]) -> pl.DataFrame:
    """Where the signal's diagnosed claims were seen, and as many as the centre's share would bring."""
    own = claims_of_signal(snapshot, row).drop_nulls("service_center_id")
    counted = own.group_by("service_center_id").len("claims")
    return snapshot.rows(
        """
        with own as (
            select unnest(?::varchar[]) as service_center_id, unnest(?::bigint[]) as claims
        ),
        family as (
            select service_center_id, count(*) as claims from marts.fct_claims
            where is_claim and family_code is not distinct from ? and service_center_id is not null
            group by all
        )
        select
            family.service_center_id, centres.name, coalesce(own.claims, 0) as claims,
            family.claims / sum(family.claims) over () * (select sum(claims) from own) as expected
        from family
        left join own on own.service_center_id = family.service_center_id
        left join marts.dim_service_centers as centres
            on centres.service_center_id = family.service_center_id
        order by claims desc, expected desc, family.service_center_id
        """,
        [counted["service_center_id"].to_list(), counted["claims"].to_list(), row["family_code"]],
    ).filter((pl.col("claims") > 0) | (pl.col("expected") >= 1))


def claims_behind(snapshot: Snapshot, row: dict[str, Any]) -> tuple[pl.DataFrame, int]:
    """The newest claims of a signal, at most MOST_CLAIMS, and how many there are in all."""
    found = claims_of_signal(snapshot, row)
    return found.head(MOST_CLAIMS), found.height


def containment(snapshot: Snapshot, signal_id: str) -> pl.DataFrame:
    """Each machine of the alert that is still out there, not claimed ones first, then by delivery."""
    return snapshot.rows(
        """
        select sku, lot_code, serial_number, order_id, line_number, unit_number, country_code, delivered_on,
            base_warranty_end_on, has_claimed
        from marts.fct_signal_units
        where signal_id = ?
        order by has_claimed, delivered_on, order_id, line_number, unit_number
        """,
        [signal_id],
    )


def claims_link(row: dict[str, Any]) -> tuple[dict[str, str], bool]:
    """The filters of the claims page nearest to a signal, and whether they say exactly that."""
    names = {
        "family": "family_code",
        "sku": "sku",
        "lot": "lot_code",
        "supplier": "supplier_id",
        "fault": "fault_code",
        "centre": "service_center_id",
    }
    chosen = {key: row[column] for key, column in names.items() if row[column] is not None}
    if "sku" in chosen:
        chosen.pop("family", None)
    if row["delivery_month"] is not None:
        chosen["delivered"] = row["delivery_month"].isoformat()
    # A power source is no filter there; a product has one.
    is_exact = row["power_source"] is None or row["sku"] is not None
    return chosen, is_exact
