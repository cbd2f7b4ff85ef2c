"""Alerts of emerging defects with what stands behind each: curve, lots, suppliers, words, claims.

Belongs here: rows of `fct_signals` and of the claims that a signal is about. Does not belong here: what
people did about an alert (the ledger), when one fires (the build).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

from pipelines.queries.lifetimes import life_curve
from pipelines.queries.scopes import Scope
from pipelines.queries.snapshot import Snapshot
from pipelines.queries.thresholds import threshold

RAISED = ("alert", "confirmed", "closed")
SEEN = 0.8  # a node whose power is at least this would have shown twice its rate
TEXTS = 5
_NODE = (
    "family_code",
    "power_source",
    "sku",
    "lot_code",
    "supplier_id",
    "delivery_month",
    "service_center_id",
)
_OF_CLAIMS = ("family_code", "sku", "lot_code", "supplier_id", "delivery_month", "service_center_id")
_SIDE = "signal_id, observed, expected, ratio, ratio_low, ratio_high, units_sold, units_under_warranty"


@dataclass(frozen=True)
class Power:
    """What "no signal" rests on. Nodes are those watched over all faults at once, one per lot, product, …"""

    nodes: int
    visible: int
    units: int
    unwatchable: int
    declared_false_alerts: float


@dataclass(frozen=True)
class Issue:
    """One signal and what stands behind it. `side`: others like it on the same measure, itself among them."""

    signal: Mapping[str, Any]
    product_name: str | None
    curve: pl.DataFrame
    family_curve: pl.DataFrame
    lots: pl.DataFrame
    suppliers: pl.DataFrame
    history: pl.DataFrame
    claims: pl.DataFrame

    @property
    def texts(self) -> list[str]:
        """Customers' words of the newest claims, as the door redacted them."""
        return self.claims["description"].drop_nulls().head(TEXTS).to_list()


def alerts(snapshot: Snapshot) -> pl.DataFrame:
    """Signals of machines that are or were alerts, the costliest first."""
    return snapshot.rows(
        f"select * from marts.fct_signals where status in {RAISED} and explained_by is null "
        "and method <> 'coding' order by cost_at_risk_eur desc nulls last, signal_id"
    )


def power(snapshot: Snapshot) -> Power:
    """How much of what is watched would have shown a doubled rate by now."""
    found = snapshot.rows(
        f"""
        select
            count(*) as nodes, count(*) filter (power_at_twice >= {SEEN}) as visible,
            cast(coalesce(sum(units_under_warranty) filter (power_at_twice >= {SEEN} and level = 'sku'), 0)
                as bigint) as units,
            count(*) filter (not is_watchable) as unwatchable
        from marts.fct_signals
        where fault_code is null and method <> 'coding'
        """
    )
    declared = threshold(snapshot, "watch_declared_false_alerts")
    return Power(**found.row(0, named=True), declared_false_alerts=declared)


def issue_of(snapshot: Snapshot, signal: Mapping[str, Any]) -> Issue:
    """Everything behind one row of `fct_signals`."""
    sku, family = signal["sku"], signal["family_code"]
    name = snapshot.rows("select max(product_name) as n from marts.dim_products where sku = ?", [sku]).item()
    return Issue(
        signal=dict(signal),
        product_name=name,
        curve=life_curve(snapshot, Scope(sku=sku))
        if sku
        else life_curve(snapshot, Scope(family_code=family)),
        family_curve=life_curve(snapshot, Scope(family_code=family)),
        lots=_beside(snapshot, signal, "lot", ("sku",)) if sku else _beside(snapshot, signal, "lot", ()),
        suppliers=_beside(snapshot, signal, "supplier", ()),
        history=snapshot.rows(
            "select month, observed, expected, statistic, signal_limit, status from marts.fct_signal_history "
            "where signal_id = ? order by month",
            [signal["signal_id"]],
        ),
        claims=claims_of_signal(snapshot, signal),
    )


def claims_of_signal(snapshot: Snapshot, signal: Mapping[str, Any]) -> pl.DataFrame:
    """The claims of the signal's units for its fault (of any fault where it names none), newest first."""
    conditions, values = _conditions(signal, _OF_CLAIMS)
    if signal["fault_code"] is not None:
        conditions.append("fault_code = ?")
        values.append(signal["fault_code"])
    return snapshot.rows(
        f"""
        select
            ticket_id, requested_on, appeared_on, sku, family_code, supplier_id, lot_code, serial_number,
            service_center_id, category, cause, is_cause_presumed, fault_code, evidence_grade, age_months,
            is_in_warranty, actual_outcome, resolution, closed_on, net_cost_eur, is_cost_complete, description
        from marts.fct_claims
        where is_claim and {" and ".join(conditions)}
        order by requested_on desc, ticket_id
        """,
        values,
    )


def repairs_of_signal(snapshot: Snapshot, tickets: list[str]) -> pl.DataFrame:
    """The repair orders of some claims, in order of receipt."""
    return snapshot.rows(
        """
        select
            repair_id, ticket_id, sku, lot_code, service_center_id, received_on, diagnosed_on, fault_code,
            cause, evidence_grade, outcome, repaired_on, returned_on, labour_minutes, parts_eur,
            total_cost_eur
        from marts.fct_repairs
        where ticket_id in (select unnest(?::varchar[]))
        order by received_on, repair_id
        """,
        [tickets],
    )


def still_out(snapshot: Snapshot, signal: Mapping[str, Any]) -> pl.DataFrame:
    """Order lines of the signal's units that are in service and under warranty, with what was claimed."""
    conditions, values = _conditions(
        signal, ("family_code", "sku", "lot_code", "supplier_id", "delivery_month")
    )
    return snapshot.rows(
        f"""
        select
            order_id, line_number, sku, lot_code, supplier_id, units, delivered_on, base_warranty_end_on,
            country_code, customer_type, claims, failures
        from marts.fct_order_lines
        where is_in_service and base_warranty_end_on >= (select max(as_of) from meta.build)
            and {" and ".join(conditions)}
        order by delivered_on, order_id, line_number
        """,
        values,
    )


def _beside(snapshot: Snapshot, signal: Mapping[str, Any], level: str, same: tuple[str, ...]) -> pl.DataFrame:
    """Nodes of one level in the same comparison, for the same fault."""
    columns = ("family_code", "power_source", "fault_code", *same)
    conditions = " and ".join(f"{column} is not distinct from ?" for column in columns)
    return snapshot.rows(
        f"select sku, lot_code, supplier_id, {_SIDE} from marts.fct_signals "
        f"where level = ? and {conditions} and observed > 0 "
        "order by ratio desc nulls last, signal_id limit 12",
        [level, *(signal[column] for column in columns)],
    )


def _conditions(signal: Mapping[str, Any], columns: tuple[str, ...]) -> tuple[list[str], list[Any]]:
    named = [column for column in columns if signal[column] is not None]
    conditions = [f"{column} = ?" for column in named]
    values = [signal[column] for column in named]
    if signal["power_source"] is not None and signal["sku"] is None:
        conditions.append("sku in (select sku from marts.dim_products where power_source = ?)")
        values.append(signal["power_source"])
    return conditions or ["true"], values
