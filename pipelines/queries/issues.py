"""Claims and repairs behind a signal.

Belongs here: rows of `fct_signals` and of the claims that a signal is about. Does not belong here: what
people did about an alert (the ledger), when one fires (the build).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl

from pipelines.queries.snapshot import Snapshot

RAISED = ("alert", "confirmed", "closed")
_OF_CLAIMS = ("family_code", "sku", "lot_code", "supplier_id", "delivery_month", "service_center_id")


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


def _conditions(signal: Mapping[str, Any], columns: tuple[str, ...]) -> tuple[list[str], list[Any]]:
    named = [column for column in columns if signal[column] is not None]
    conditions = [f"{column} = ?" for column in named]
    values = [signal[column] for column in named]
    if signal["power_source"] is not None and signal["sku"] is None:
        conditions.append("sku in (select sku from marts.dim_products where power_source = ?)")
        values.append(signal["power_source"])
    return conditions or ["true"], values
