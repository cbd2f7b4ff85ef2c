"""What part of the business a question is about: family, sku, supplier, lot, service centre, period.

Turns a scope into a WHERE clause for one mart. A scope that a mart cannot honour is refused: a filter that is
silently ignored would show a number about something else.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from pipelines.errors import SavoirError

# The day (or month) by which each mart is put into a period, and the dimensions it can be filtered by.
_PERIOD_COLUMN = {
    "fct_claims": "requested_on",
    "fct_order_lines": "delivered_on",
    "fct_repairs": "received_on",
    "fct_misuse_rejections": "month",
    "fct_nevada": "claim_month",
    "fct_warranty_exposure": "week",
    "fct_audit_findings": "happened_on",
    "fct_remedy_costs": "requested_on",
    "fct_supplier_recovery": "requested_on",
}
_DIMENSIONS = {
    "fct_claims": ("family_code", "sku", "supplier_id", "lot_code", "service_center_id"),
    "fct_order_lines": ("family_code", "sku", "supplier_id", "lot_code"),
    "fct_repairs": ("family_code", "sku", "lot_code", "service_center_id"),
    "fct_signals": ("family_code", "sku", "lot_code"),
    "fct_misuse_rejections": ("family_code", "sku", "service_center_id"),
    "fct_nevada": ("sku",),
    "fct_warranty_exposure": ("family_code", "sku", "supplier_id", "lot_code"),
    "fct_audit_findings": ("family_code", "sku", "service_center_id"),
    "fct_remedy_costs": ("family_code", "sku", "supplier_id", "service_center_id"),
    "fct_supplier_recovery": ("family_code", "sku", "supplier_id", "lot_code", "service_center_id"),
}

# Marts whose rows are about a whole scope: scope_type and scope_id, nothing to add up.
_KEYED = (
    "fct_life_table",
    "fct_reliability_fits",
    "fct_claims_by_age",
    "fct_forecasts",
    "fct_forecast_scores",
    "fct_weekly_counts",
)


# What a product says of a row that only names the product.
_OF_PRODUCTS = ("family_code", "supplier_id")


class ScopeError(SavoirError):
    """A filter that the mart does not carry."""


@dataclass(frozen=True)
class Scope:
    """A filter; every part that is None means all. Both ends of the period are included."""

    family_code: str | None = None
    sku: str | None = None
    service_center_id: str | None = None
    from_on: date | None = None
    until_on: date | None = None
    supplier_id: str | None = None
    lot_code: str | None = None

    def without_period(self) -> Scope:
        """The same part of the business over all time."""
        return replace(self, from_on=None, until_on=None)

    def without_center(self) -> Scope:
        """The same part of the business at every service centre."""
        return replace(self, service_center_id=None)


EVERYTHING = Scope()


def scope_key(scope: Scope) -> tuple[str, str]:
    """scope_type and scope_id that answer for a scope: its sku, else its family or supplier, else all.

    No row is about one supplier's share of a family, about a lot or a centre: that key finds nothing.
    """
    if scope.lot_code is not None or scope.service_center_id is not None:
        return "none", "none"
    if scope.sku is not None:
        return "sku", scope.sku
    if scope.supplier_id is not None:
        return ("none", "none") if scope.family_code is not None else ("supplier", scope.supplier_id)
    if scope.family_code is not None:
        return "family", scope.family_code
    return "all", "all"


def where(mart: str, scope: Scope) -> tuple[str, list[Any]]:
    """The condition (always a valid boolean expression) and its parameters."""
    conditions: list[str] = []
    parameters: list[Any] = []
    if mart in _KEYED:
        conditions.append("scope_type = ? and scope_id = ?")
        parameters += scope_key(scope)
    for column in ("family_code", "sku", "supplier_id", "lot_code", "service_center_id"):
        value = getattr(scope, column)
        if value is None or mart in _KEYED:
            continue
        if (
            column in _OF_PRODUCTS
            and column not in _DIMENSIONS.get(mart, ())
            and "sku" in _DIMENSIONS.get(mart, ())
        ):
            conditions.append(f"sku in (select sku from marts.dim_products where {column} = ?)")
            parameters.append(value)
            continue
        if column not in _DIMENSIONS.get(mart, ()):
            raise ScopeError(f"{mart} has no {column}: it cannot be filtered by {column} = {value!r}.")
        conditions.append(f"{column} = ?")
        parameters.append(value)
    for comparison, value in ((">=", scope.from_on), ("<=", scope.until_on)):
        if value is None:
            continue
        if mart not in _PERIOD_COLUMN:
            raise ScopeError(f"{mart} has no date: it cannot be limited to a period.")
        conditions.append(f"{_PERIOD_COLUMN[mart]} {comparison} ?")
        parameters.append(value)
    return " and ".join(conditions) or "true", parameters
