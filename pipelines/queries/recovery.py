"""What suppliers owe back for confirmed defects, by their terms: per supplier and per claim."""

from __future__ import annotations

import polars as pl

from pipelines.queries.measures import beside, values_by
from pipelines.queries.scopes import Scope
from pipelines.queries.snapshot import Snapshot

MART = "fct_supplier_recovery"
COUNTED = ("confirmed_claims", "without_terms", "claimable")


def by_supplier(snapshot: Snapshot, scope: Scope) -> pl.DataFrame:
    """One row per supplier, the most claimable first: confirmed_claims, without_terms, claimable (EUR)."""
    found = values_by(snapshot, MART, COUNTED, ["supplier_id"], scope)
    return (
        beside(found, ["supplier_id"], COUNTED)
        .with_columns(pl.col("confirmed_claims", "without_terms").fill_null(0).cast(pl.Int64))
        .sort("claimable", "supplier_id", descending=[True, False])
    )


def of_claims(snapshot: Snapshot, tickets: list[str]) -> pl.DataFrame:
    """The confirmed defects among some claims with what their supplier's terms give back."""
    return snapshot.rows(
        """
        select
            ticket_id, supplier_id, terms_from, terms_mark, recovery_state, goods_eur,
            workshop_bills_eur, freight_bills_eur, claimable_eur
        from marts.fct_supplier_recovery
        where ticket_id in (select unnest(?::varchar[]))
        order by ticket_id
        """,
        [tickets],
    )
