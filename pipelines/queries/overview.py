"""The questions of the overview page: how much was sold, what came back, by month and family."""

from __future__ import annotations

import polars as pl

from pipelines.queries.measures import Value, measure, values, values_by
from pipelines.queries.proofs import of_groups
from pipelines.queries.scopes import Scope
from pipelines.queries.snapshot import Snapshot

SOLD = ("units",)
PER_UNIT = ("claims_per_1000", "failures_per_1000")
CLAIMED = ("tickets", "claims", "failures", "open_claims", "claims_without_cause", "linked_share")

_MONTH = "cast(date_trunc('month', requested_on) as date) as month"


def headline(snapshot: Snapshot, scope: Scope) -> dict[str, Value]:
    """The first figures of the page. A period counts units by delivery, claims by request."""
    return values(snapshot, "fct_order_lines", SOLD, scope) | values(snapshot, "fct_claims", CLAIMED, scope)


def per_unit(snapshot: Snapshot, scope: Scope) -> dict[str, Value]:
    """Claims and failures per unit in service, whatever its age; a period selects the units by delivery."""
    return values(snapshot, "fct_order_lines", PER_UNIT, scope)


def claims_by_month_sql(snapshot: Snapshot, scope: Scope) -> str:
    """The SQL of `claims_by_month`."""
    return of_groups(measure(snapshot, "fct_claims", "claims"), [_MONTH, "cause"], scope)


def claims_by_month(snapshot: Snapshot, scope: Scope) -> pl.DataFrame:
    """Claims by month of request and cause: month, cause, claims."""
    frame = values_by(snapshot, "fct_claims", ["claims"], [_MONTH, "cause"], scope)
    return frame.filter(pl.col("events") > 0).select("month", "cause", claims=pl.col("events").cast(pl.Int64))
