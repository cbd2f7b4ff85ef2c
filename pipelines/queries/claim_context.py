"""What stands around one claim: remedies priced, the findings, other claims of its unit, order and lot."""

from __future__ import annotations

from typing import Any

import polars as pl

from pipelines.queries.snapshot import Snapshot

# Other claims of a lot can be many: the nearest in time are shown.
LIST_LIMIT = 50


def remedies_priced(snapshot: Snapshot, ticket_id: str) -> dict[str, Any] | None:
    """What repair and replacement cost for this claim, what was done, its regret; None where none is due."""
    found = snapshot.rows(
        """
        select
            repair_cost_eur, replacement_cost_eur, cheapest_remedy, actual_remedy, actual_cost_eur,
            regret_eur, right_choice_probability, unpriced_reason
        from marts.fct_remedy_costs
        where ticket_id = ?
        """,
        [ticket_id],
    )
    return found.row(0, named=True) if found.height else None


def findings(snapshot: Snapshot, ticket_id: str) -> pl.DataFrame:
    """The audit's findings on this claim, the gravest first."""
    return snapshot.rows(
        """
        select violation_code, severity, happened_on, meaning_en, meaning_fr, evidence_en, evidence_fr,
            amount_at_risk_eur
        from marts.fct_audit_findings
        where ticket_id = ?
        order by severity, violation_code
        """,
        [ticket_id],
    )


def others(snapshot: Snapshot, ticket_id: str) -> pl.DataFrame:
    """Other claims of the same unit, order or lot (relation: the nearest that holds), the newest first."""
    return snapshot.rows(
        f"""
        with this as (select * from marts.fct_claims where ticket_id = ?),
        related as (
            select
                case
                    when claims.serial_number = this.serial_number then 'unit'
                    when claims.order_id = this.order_id then 'order'
                    when claims.lot_code = this.lot_code and claims.sku = this.sku then 'lot'
                end as relation,
                claims.ticket_id, claims.requested_on, claims.sku, claims.cause, claims.fault_code,
                claims.actual_outcome
            from marts.fct_claims as claims
            cross join this
            where claims.is_claim and claims.ticket_id <> this.ticket_id
        )
        select *
        from related
        where relation is not null
        order by case relation when 'unit' then 1 when 'order' then 2 else 3 end, requested_on desc, ticket_id
        limit {LIST_LIMIT}
        """,
        [ticket_id],
    )
