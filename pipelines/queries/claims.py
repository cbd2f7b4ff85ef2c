"""Claims one by one: the worklist of open ones, the explorer's list, and one claim's timeline."""

from __future__ import annotations

from datetime import date
from typing import Any

import polars as pl

from pipelines.queries.scopes import Scope, where
from pipelines.queries.snapshot import Snapshot

DUE_SOON_DAYS = 7

_LISTED = """
    ticket_id, requested_on, sku, family_code, lot_code, service_center_id, category, cause, fault_code,
    is_failure, age_months, is_in_warranty, resolution, actual_outcome, closed_on, remedy_due_on,
    turnaround_days, net_cost_eur
"""


def open_claims(snapshot: Snapshot, scope: Scope) -> pl.DataFrame:
    """Claims without an end, the most urgent first, with the days left until the 30 days are over."""
    condition, parameters = where("fct_claims", scope)
    return snapshot.rows(
        f"""
        select
            ticket_id, remedy_due_on - (select max(as_of) from meta.build) as days_left, requested_on,
            remedy_due_on, family_code, sku, category, channel, requested_remedy, service_center_id,
            is_safety_issue, is_in_warranty, cause, fault_code, description
        from marts.fct_claims
        where is_claim and is_open and {condition}
        order by days_left, requested_on, ticket_id
        """,
        parameters,
    )


def urgency(claims: pl.DataFrame) -> dict[str, int]:
    """How many of the open claims are overdue, due within a week, or a matter of safety."""
    return {
        "open": claims.height,
        "overdue": claims.filter(pl.col("days_left") < 0).height,
        "due_soon": claims.filter(pl.col("days_left").is_between(0, DUE_SOON_DAYS)).height,
        "safety": claims.filter(pl.col("is_safety_issue").fill_null(False)).height,
    }


def codes_of(snapshot: Snapshot, column: str) -> list[str]:
    """The values that claims have in a coded column."""
    found = snapshot.rows(
        f"select distinct {column} as code from marts.fct_claims where is_claim order by code"
    )
    return found["code"].drop_nulls().to_list()


def fault_labels(snapshot: Snapshot, language: str) -> dict[str, str]:
    """What each fault code means."""
    label = "label_fr" if language == "fr" else "label_en"
    return dict(snapshot.rows(f"select fault_code, {label} from marts.dim_fault_codes").iter_rows())


def claims_of(snapshot: Snapshot, scope: Scope, appeared_in: date | None = None) -> pl.DataFrame:
    """Every claim in scope, newest first: what stands behind a report's counts.

    appeared_in: the Monday of the week in which the defect appeared (of the delivery, where it came later).
    """
    condition, parameters = where("fct_claims", scope)
    if appeared_in is not None:
        condition += " and date_trunc('week', greatest(appeared_on, delivered_on)) = ?"
        parameters.append(appeared_in)
    return snapshot.rows(
        f"select {_LISTED}, description from marts.fct_claims where is_claim and {condition} "
        "order by requested_on desc, ticket_id",
        parameters,
    )


def words_of(snapshot: Snapshot, scope: Scope, most: int) -> pl.DataFrame:
    """The newest claims that came with words: ticket_id, requested_on, cause, description."""
    condition, parameters = where("fct_claims", scope)
    return snapshot.rows(
        "select ticket_id, requested_on, cause, description from marts.fct_claims "
        f"where is_claim and trim(description) <> '' and {condition} "
        f"order by requested_on desc, ticket_id limit {int(most)}",
        parameters,
    )


def claim(snapshot: Snapshot, ticket_id: str) -> dict[str, Any] | None:
    """The case with its verdict in words, or None."""
    found = snapshot.rows(
        """
        select claims.*, verdicts.reason_en, verdicts.reason_fr
        from marts.fct_claims as claims
        left join marts.fct_claim_verdicts as verdicts using (ticket_id)
        where ticket_id = ?
        """,
        [ticket_id],
    )
    return found.row(0, named=True) if found.height else None


def repairs_of(snapshot: Snapshot, ticket_id: str) -> pl.DataFrame:
    """The repair orders of one ticket, in order."""
    return snapshot.rows(
        "select * from marts.fct_repairs where ticket_id = ? order by received_on, repair_id", [ticket_id]
    )


# The timeline's events in the order in which they normally happen: table, column, event.
TIMELINE = (
    ("claim", "contract_on", "contract"),
    ("claim", "paid_on", "paid"),
    ("claim", "shipped_on", "shipped"),
    ("claim", "delivered_on", "delivered"),
    ("claim", "defect_appeared_on", "defect_appeared"),
    ("claim", "requested_on", "requested"),
    ("claim", "first_replied_on", "replied"),
    ("claim", "remote_attempted_on", "remote_attempted"),
    ("claim", "paypal_case_opened_on", "paypal_opened"),
    ("claim", "paypal_case_closed_on", "paypal_closed"),
    ("repair", "picked_up_on", "picked_up"),
    ("repair", "received_on", "received"),
    ("repair", "diagnosed_on", "diagnosed"),
    ("repair", "quoted_on", "quoted"),
    ("repair", "quote_accepted_on", "quote_accepted"),
    ("repair", "repaired_on", "repaired"),
    ("repair", "returned_on", "returned"),
    ("claim", "written_reason_sent_on", "written_reason"),
    ("claim", "replacement_shipped_on", "replacement_shipped"),
    ("claim", "replacement_delivered_on", "replacement_delivered"),
    ("claim", "refunded_on", "refunded"),
    ("claim", "closed_on", "closed"),
    ("claim", "remedy_due_on", "due"),
    ("claim", "warranty_end_on", "warranty_end"),
)


def timeline(snapshot: Snapshot, ticket_id: str) -> pl.DataFrame:
    """One row per dated event of a ticket and its repairs: event, day, repair_id, days_since_request."""
    facts = claim(snapshot, ticket_id)
    if facts is None:
        return pl.DataFrame(schema=_TIMELINE_SCHEMA)
    repairs = list(repairs_of(snapshot, ticket_id).iter_rows(named=True))
    events = []
    for order, (table, column, event) in enumerate(TIMELINE):
        for row in [facts] if table == "claim" else repairs:
            if row[column] is not None:
                since = (row[column] - facts["requested_on"]).days
                events.append((row[column], order, event, row.get("repair_id"), since))
    events.sort(key=lambda each: each[:2])
    rows = [(event, day, repair_id, since) for day, _, event, repair_id, since in events]
    return pl.DataFrame(rows, schema=_TIMELINE_SCHEMA, orient="row")


_TIMELINE_SCHEMA = {
    "event": pl.String,
    "day": pl.Date,
    "repair_id": pl.String,
    "days_since_request": pl.Int64,
}
