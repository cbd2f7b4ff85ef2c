"""The worklist, the explorer's list and a claim's timeline."""

from __future__ import annotations

from datetime import date

import polars as pl

from pipelines.queries.claims import claim, codes_of, open_claims, timeline, urgency
from pipelines.queries.scopes import EVERYTHING
from pipelines.queries.snapshot import Snapshot

AS_OF = date(2026, 10, 31)


def test_the_worklist_counts_days_from_the_as_of_day_and_begins_with_the_most_urgent(
    snapshot: Snapshot,
) -> None:
    rows = open_claims(snapshot, EVERYTHING)
    expected = snapshot.rows(
        "select count(*) from marts.fct_claims where is_claim and closed_on is null"
    ).item()
    assert rows.height == expected > 0
    assert rows["days_left"].is_sorted()
    assert all(
        (due - AS_OF).days == left for due, left in rows.select("remedy_due_on", "days_left").iter_rows()
    )


def test_urgency_splits_at_the_limit_day(snapshot: Snapshot) -> None:
    rows = pl.DataFrame({"days_left": [-3, -1, 0, 7, 8], "is_safety_issue": [True, None, False, False, True]})
    assert urgency(rows) == {"open": 5, "overdue": 2, "due_soon": 2, "safety": 2}


def test_a_timeline_runs_in_order_from_contract_to_the_end_of_warranty(snapshot: Snapshot) -> None:
    ticket = snapshot.rows(
        "select ticket_id from marts.fct_repairs where returned_on is not null order by ticket_id limit 1"
    ).item()
    events = timeline(snapshot, ticket)
    assert events["day"].is_sorted()
    names = events["event"].to_list()
    assert names[0] == "contract"
    assert {
        "shipped",
        "delivered",
        "requested",
        "received",
        "diagnosed",
        "returned",
        "closed",
        "due",
        "warranty_end",
    } <= set(names)
    facts = claim(snapshot, ticket)
    assert facts is not None
    asked = facts["requested_on"]
    assert all(
        (day - asked).days == since for day, since in events.select("day", "days_since_request").iter_rows()
    )


def test_an_unknown_ticket_is_none_and_has_no_timeline(snapshot: Snapshot) -> None:
    assert claim(snapshot, "nobody") is None
    assert timeline(snapshot, "nobody").is_empty()


def test_the_menus_hold_what_claims_have(snapshot: Snapshot) -> None:
    assert set(codes_of(snapshot, "cause")) == {"defect", "misuse", "wear", "no_fault", "unknown"}
