"""One box for every key that people have in hand: tickets, orders, serials, repairs, products, …"""

from __future__ import annotations

import polars as pl

from pipelines.queries.snapshot import Snapshot

# At most so many hits of a kind.
HITS = 8
# kind: the key, what names it beside, and where it is found.
_KINDS = {
    "ticket": ("ticket_id", "sku", "marts.fct_claims"),
    "order": ("order_id", "null", "marts.fct_order_lines"),
    "serial": ("serial_number", "ticket_id", "marts.fct_claims"),
    "repair": ("repair_id", "ticket_id", "marts.fct_repairs"),
    "sku": ("sku", "product_name", "marts.dim_products"),
    "lot": ("lot_code", "sku", "marts.fct_order_lines"),
    "supplier": ("supplier_id", "null", "marts.dim_products"),
    "centre": ("service_center_id", "name", "marts.dim_service_centers"),
}


def found(snapshot: Snapshot, text: str) -> pl.DataFrame:
    """What begins with the text, or is named by it, whatever the case: kind, key, beside, is_exact."""
    text = text.strip().lower()
    if not text:
        return pl.DataFrame(
            schema={"kind": pl.String, "key": pl.String, "beside": pl.String, "is_exact": pl.Boolean}
        )
    hits = []
    for kind, (key, beside, table) in _KINDS.items():
        named = f" or contains(lower({beside}), ?)" if beside in ("product_name", "name") else ""
        hits.append(
            snapshot.rows(
                f"""
                select
                    '{kind}' as kind, {key} as key, cast(min({beside}) as varchar) as beside,
                    lower({key}) = ? as is_exact
                from {table}
                where starts_with(lower({key}), ?){named}
                group by {key}
                order by is_exact desc, key
                limit {HITS}
                """,
                [text, text, *([text] if named else [])],
            )
        )
    return pl.concat(hits)
