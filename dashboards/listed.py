"""How rows of each mart of facts are listed: claims, repairs, order lines, findings, priced remedies."""

from __future__ import annotations

import polars as pl

from dashboards import fields
from dashboards.navigation import go_to, open_claim
from dashboards.tables import grid, with_labels
from dashboards.texts import t

CODES = ("family_code", "category", "cause", "actual_outcome", "outcome", "actual_remedy", "cheapest_remedy")


def columns(mart: str) -> dict[str, fields.Field | str]:
    """The columns of a list, in reading order."""
    ticket, sku, fault = t("axis_ticket"), t("sku"), t("axis_fault")
    return {
        "fct_claims": {
            "ticket_id": ticket,
            "requested_on": fields.day(t("axis_requested")),
            "family_code": t("family"),
            "sku": sku,
            "lot_code": t("axis_lot"),
            "age_months": fields.number(t("axis_age"), 1),
            "category": t("axis_category"),
            "cause": t("axis_cause"),
            "fault_code": fault,
            "actual_outcome": t("axis_outcome"),
            "turnaround_days": fields.number(t("axis_turnaround")),
            "net_cost_eur": fields.euro(t("axis_cost")),
        },
        "fct_remedy_costs": {
            "ticket_id": ticket,
            "requested_on": fields.day(t("axis_requested")),
            "family_code": t("family"),
            "sku": sku,
            "fault_code": fault,
            "actual_remedy": t("listed_chosen"),
            "cheapest_remedy": t("listed_cheapest"),
            "repair_cost_eur": fields.euro(t("listed_repair_cost")),
            "replacement_cost_eur": fields.euro(t("listed_replacement_cost")),
            "regret_eur": fields.euro(t("listed_regret")),
        },
        "fct_repairs": {
            "repair_id": t("axis_repair"),
            "ticket_id": ticket,
            "received_on": fields.day(t("listed_received")),
            "sku": sku,
            "service_center_id": t("centre"),
            "fault_code": fault,
            "cause": t("axis_cause"),
            "outcome": t("axis_outcome"),
            "turnaround_days": fields.number(t("axis_turnaround")),
            "total_cost_eur": fields.euro(t("axis_cost")),
        },
        "fct_order_lines": {
            "order_id": t("axis_order"),
            "line_number": t("listed_line"),
            "contract_on": fields.day(t("listed_ordered")),
            "delivered_on": fields.day(t("axis_delivered")),
            "sku": sku,
            "lot_code": t("axis_lot"),
            "units": fields.number(t("axis_units")),
            "claims": fields.number(t("axis_claims")),
            "failures": fields.number(t("axis_failures")),
            "claim_cost_eur": fields.euro(t("axis_cost")),
        },
        "fct_audit_findings": {
            "violation_code": t("audit_code"),
            "ticket_id": ticket,
            "order_id": t("axis_order"),
            "repair_id": t("axis_repair"),
            "happened_on": fields.day(t("axis_day")),
            "sku": sku,
            "amount_at_risk_eur": fields.euro(t("audit_amount")),
        },
    }[mart]


def rows(mart: str, frame: pl.DataFrame, title: str, key: str, height: int = 620) -> None:
    """The list; a picked row opens its claim, an order line the claims of its order."""
    picked = grid(with_labels(frame, *CODES), columns(mart), title, key=key, height=height, name=key)
    if picked is None:
        return
    row = frame.row(picked, named=True)
    if row.get("ticket_id") is not None:
        open_claim(row["ticket_id"])
    elif row.get("order_id") is not None:
        go_to("claims", behind="fct_claims.claims", q=row["order_id"])
