"""The as-of day: what is first dated later is left out and counted, later stamps read as unknown."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from pipelines.home import Home

from .conftest import Built, land

Build = Callable[..., Built]

# 2026-06-30 ends in Paris at 22:00 UTC.
LAST, NEXT = "2026-06-30 21:59:59", "2026-06-30 22:00:00"


def order(order_id: str, contract_at: str, **others: object) -> dict[str, object]:
    return {
        "order_id": order_id,
        "line_number": "1",
        "contract_at": contract_at,
        "sku": "A",
        "quantity": 1,
    } | others


def test_later_rows_are_left_out_and_counted_and_later_stamps_are_unknown(
    build: Build, tmp_path: Path
) -> None:
    home = Home.at(tmp_path / "cut").make()
    land(
        home,
        "d1",
        "orders",
        [
            order("last", LAST),
            order("next", NEXT),
            order("delivered", "2026-06-01", shipped_at=LAST, delivered_at=NEXT, cancelled_at=NEXT),
            # Moved to an earlier day by a newer version, and to a later one.
            order("earlier", NEXT, updated_at="2026-01-01"),
            order("earlier", LAST, updated_at="2026-01-02"),
            order("later", LAST, updated_at="2026-01-01"),
            order("later", NEXT, updated_at="2026-01-02"),
        ],
    )
    ticket = {"channel": "phone", "requested_at": "2026-06-01"}
    land(
        home,
        "d1",
        "tickets",
        [
            ticket
            | {"ticket_id": "closed", "closed_at": LAST, "resolution": "repaired", "satisfaction_score": 4}
            | {"refunded_at": LAST, "refunded_amount_eur": 5, "is_remote_resolved": False},
            ticket
            | {"ticket_id": "open", "closed_at": NEXT, "resolution": "repaired", "satisfaction_score": 4}
            | {"refunded_at": NEXT, "refunded_amount_eur": 5, "defect_appeared_on": "2026-07-01"}
            | {
                "paypal_case_opened_at": LAST,
                "paypal_case_closed_at": NEXT,
                "paypal_case_outcome": "seller_won",
            }
            | {"remote_attempted_at": LAST, "is_remote_resolved": True},
            ticket
            | {"ticket_id": "undated", "resolution": "info_required", "defect_appeared_on": "2026-06-30"},
            ticket | {"ticket_id": "next", "requested_at": NEXT},
        ],
    )
    repair = {
        "received_at": "2026-06-01",
        "fault_code": "D02",
        "outcome": "repaired",
        "customer_charge_eur": 1,
    }
    land(
        home,
        "d1",
        "repairs",
        [
            repair | {"repair_id": "away", "diagnosed_at": LAST, "repaired_at": LAST, "returned_at": NEXT},
            repair
            | {"repair_id": "undiagnosed", "diagnosed_at": NEXT, "repaired_at": NEXT, "returned_at": NEXT},
            repair | {"repair_id": "undated"},
        ],
    )
    built = build("cut", "+stg_feeds__left_out", as_of="2026-06-30")
    assert built.rows("select feed, rows_left_out from staging.stg_feeds__left_out order by feed") == [
        ("orders", 2),
        ("repairs", 0),
        ("tickets", 1),
    ]
    assert built.rows(
        "select order_id, shipped_at is null, delivered_at is null, cancelled_at is null "
        "from staging.stg_feeds__orders order by order_id"
    ) == [("delivered", False, True, True), ("earlier", True, True, True), ("last", True, True, True)]
    assert built.rows(
        "select ticket_id, closed_at is null, resolution, satisfaction_score, refunded_amount_eur is null, "
        "paypal_case_outcome, is_remote_resolved, cast(defect_appeared_on as text) "
        "from staging.stg_feeds__tickets order by ticket_id"
    ) == [
        ("closed", False, "repaired", 4.0, False, None, False, None),
        ("open", True, None, None, True, None, True, None),
        ("undated", True, "info_required", None, True, None, None, "2026-06-30"),
    ]
    assert built.rows(
        "select repair_id, fault_code, outcome, customer_charge_eur is null from staging.stg_feeds__repairs "
        "order by repair_id"
    ) == [
        ("away", "D02", "repaired", True),
        ("undated", "D02", "repaired", False),
        ("undiagnosed", None, None, True),
    ]
