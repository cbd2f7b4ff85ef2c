"""One alert with what stands behind it: curve, lots and suppliers beside it, machines out, words, claims.

Belongs here: putting the answers about one signal together. Does not belong here: the answers themselves
(`emerging`, `lifetimes`, `issues`), what people did about an alert (the ledger).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

from pipelines.queries.emerging import beside, containment, history
from pipelines.queries.issues import claims_of_signal
from pipelines.queries.lifetimes import life_curve
from pipelines.queries.recovery import of_claims
from pipelines.queries.scopes import Scope
from pipelines.queries.snapshot import Snapshot

TEXTS = 5


@dataclass(frozen=True)
class Issue:
    """One signal and what stands behind it. `lots`, `suppliers`: its like on the same measure, itself too."""

    signal: Mapping[str, Any]
    curve: pl.DataFrame
    family_curve: pl.DataFrame
    lots: pl.DataFrame
    suppliers: pl.DataFrame
    history: pl.DataFrame
    machines: pl.DataFrame
    claims: pl.DataFrame
    recovery: pl.DataFrame

    @property
    def texts(self) -> list[str]:
        """Customers' words of the newest claims, as the door redacted them."""
        return self.claims["description"].drop_nulls().head(TEXTS).to_list()

    @property
    def is_coding(self) -> bool:
        """Whether it is about how a workshop names faults, not about machines."""
        return self.signal["method"] == "coding"


def issue_of(snapshot: Snapshot, signal: Mapping[str, Any]) -> Issue:
    """Everything behind one row of `fct_signals`."""
    sku, row = signal["sku"], dict(signal)
    family = Scope(family_code=signal["family_code"])
    claims = claims_of_signal(snapshot, signal)
    # A lot has no supplier of its own to be found by among suppliers: its product says whose it is.
    supplied = row | {"supplier_id": signal["supplier_id"] or _supplier_of(snapshot, sku)}
    return Issue(
        signal=row,
        curve=life_curve(snapshot, Scope(sku=sku) if sku else family),
        family_curve=life_curve(snapshot, family),
        lots=beside(snapshot, row, "lot"),
        suppliers=beside(snapshot, supplied, "supplier"),
        history=history(snapshot, signal["signal_id"]),
        machines=containment(snapshot, signal["signal_id"]),
        claims=claims,
        recovery=of_claims(snapshot, claims["ticket_id"].to_list()),
    )


def _supplier_of(snapshot: Snapshot, sku: str | None) -> str | None:
    return snapshot.rows(
        "select max(supplier_id) as supplier from marts.dim_products where sku = ?", [sku]
    ).item()
