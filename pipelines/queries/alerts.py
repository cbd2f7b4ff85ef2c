"""Alerts in force: which product, lot, supplier or month claims more than like units."""

from __future__ import annotations

import polars as pl

from pipelines.queries.scopes import EVERYTHING, Scope
from pipelines.queries.snapshot import Snapshot

IN_FORCE = ("alert", "confirmed")


def in_force(snapshot: Snapshot, scope: Scope = EVERYTHING) -> pl.DataFrame:
    """One row per alert not yet closed that concerns the scope, the dearest first.

    An alert on a supplier or a family concerns its products; one on a lot concerns the product of the lot.
    """
    parts = {"sku": scope.sku, "supplier_id": scope.supplier_id, "lot_code": scope.lot_code}
    parts |= {"family_code": scope.family_code}
    asked = {column: value for column, value in parts.items() if value is not None}
    told = "".join(f" and {column} = ?" for column in asked)
    states = ", ".join(f"'{state}'" for state in IN_FORCE)
    return snapshot.rows(
        f"""
        select
            signal_id, level, family_code, sku, fault_code, lot_code, supplier_id, delivery_month, observed,
            expected, ratio, ratio_low, ratio_high, first_signal_on, units_under_warranty, expected_claims,
            cost_at_risk_eur, status
        from marts.fct_signals
        where status in ({states}){told}
        order by cost_at_risk_eur desc nulls last, signal_id
        """,
        list(asked.values()),
    )
