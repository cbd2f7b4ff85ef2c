"""The worked claims, from feed rows to both verdicts: a mower of 600 EUR with VAT, a centre nearby."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import duckdb
import pytest

from pipelines.feeds import door
from pipelines.home import Home
from tests.models import build_models

MOWER = {
    "sku": "MOWER", "family_code": "mower", "weight_kg": 35, "unit_landed_cost_eur": 350,
    "list_price_incl_vat_eur": 600, "has_french_manual": "true", "wear_part_codes": "W01",
}  # fmt: skip
CENTER = {
    "service_center_id": "SC1", "postal_code": "35200", "country_code": "FR", "latitude": 48.1,
    "longitude": -1.7, "family_codes": "mower", "is_warranty_authorised": "true",
}  # fmt: skip
ORDER = {
    "line_number": 1, "contract_at": "2024-06-05", "paid_at": "2024-06-05", "payment_method": "card",
    "customer_type": "consumer", "country_code": "FR", "postal_code": "35000", "sku": "MOWER", "quantity": 1,
    "unit_price_eur": 500, "unit_landed_cost_eur": 350, "item_condition": "new", "invoice_number": "F1",
    "invoice_sent_at": "2024-06-07", "shipped_at": "2024-06-07", "delivered_at": "2024-06-10",
}  # fmt: skip
TICKET = {
    "line_number": 1, "channel": "portal", "category": "breakdown", "requested_at": "2024-07-12T10:00:00",
    "assignee_id": "OP1", "requested_remedy": "unstated", "is_unused": "false",
}  # fmt: skip
REPAIR = {
    "sku": "MOWER", "service_center_id": "SC1", "received_at": "2024-07-14T10:00:00",
    "diagnosed_at": "2024-07-15T10:00:00", "quoted_at": "2024-07-15T11:00:00", "inbound_cost_eur": 35,
    "diagnosis_cost_eur": 15, "fault_code": "D02", "evidence_grade": "B",
}  # fmt: skip
AT_ONCE = {"requested_at": "2024-06-14T10:00:00", "defect_appeared_on": "2024-06-14", "engine_hours": 2}
LATE_2022 = {
    "contract_at": "2022-02-25", "paid_at": "2022-02-25", "invoice_sent_at": "2022-02-27",
    "shipped_at": "2022-02-27", "delivered_at": "2022-03-01",
}  # fmt: skip
REPAIRED, REPLACED = "repair_sav_centre", "replacement"
STORIES: dict[str, tuple[dict[str, Any], dict[str, Any], dict[str, Any], str, str]] = {
    "works for a month, no spark, quote 90": ({}, {}, {"quoted_total_eur": 90}, REPAIRED, REPAIRED),
    "does not start out of the box": (
        {},
        {"requested_at": "2024-06-13T10:00:00", "is_unused": "true", "engine_hours": 0},
        {"quoted_total_eur": 90},
        REPLACED,
        REPLACED,
    ),
    "fails after 2 h, asks for a new one, quote 260": (
        {},
        AT_ONCE | {"requested_remedy": "replacement"},
        {"quoted_total_eur": 260},
        REPAIRED,
        REPLACED,
    ),
    "the same with a quote of 40": (
        {},
        AT_ONCE | {"requested_remedy": "replacement"},
        {"quoted_total_eur": 40},
        REPAIRED,
        REPAIRED,
    ),
    "seized for lack of oil, photographed": (
        {},
        {},
        {"fault_code": "M01", "evidence_grade": "A", "quoted_total_eur": 90},
        "rejected_misuse",
        "rejected_misuse",
    ),
    "the same, on the phone only": (
        {},
        {},
        {"fault_code": "M01", "evidence_grade": "C", "quoted_total_eur": 90},
        REPAIRED,
        REPAIRED,
    ),
    "PayPal dispute opened in time": (
        {"payment_method": "paypal"},
        {"requested_at": "2024-06-28T10:00:00", "paypal_case_opened_at": "2024-07-01T10:00:00"},
        {"quoted_total_eur": 90},
        "suspended_paypal",
        REPAIRED,
    ),
    "the same dispute opened too late": (
        {"payment_method": "paypal"},
        {"requested_at": "2025-01-18T10:00:00", "paypal_case_opened_at": "2025-01-20T10:00:00"},
        {
            "quoted_total_eur": 90,
            "received_at": "2025-01-22",
            "diagnosed_at": "2025-01-23",
            "quoted_at": "2025-01-23",
        },
        REPAIRED,
        REPAIRED,
    ),
    "appeared in time, reported after two years": (
        LATE_2022,
        {"requested_at": "2024-03-20T10:00:00", "defect_appeared_on": "2024-02-28"},
        {
            "quoted_total_eur": 90,
            "received_at": "2024-03-22",
            "diagnosed_at": "2024-03-23",
            "quoted_at": "2024-03-23",
        },
        REPAIRED,
        REPAIRED,
    ),
    "blade worn": ({}, {}, {"fault_code": "W01", "quoted_total_eur": 30}, "rejected_wear", "rejected_wear"),
    "refunded where a repair was due": (
        {},
        {"closed_at": "2024-07-20", "resolution": "refunded", "refunded_at": "2024-07-20"},
        {"quoted_total_eur": 90},
        REPAIRED,
        REPAIRED,
    ),
    "refused and replaced": (
        {},
        {"closed_at": "2024-07-30", "resolution": "rejected_wear", "replacement_shipped_at": "2024-07-20"},
        {"quoted_total_eur": 90},
        "info_required",
        "info_required",
    ),
    "returned before it was received": ({}, {}, {"returned_at": "2024-07-01"}, "diagnose", "diagnose"),
}


def write(folder: Path, rows: list[dict[str, Any]]) -> None:
    """One canonical CSV file in the inbox."""
    folder.mkdir(parents=True)
    names = list(dict.fromkeys(name for row in rows for name in row))
    with (folder / "rows.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, names, restval="")
        writer.writeheader()
        writer.writerows(rows)


@pytest.fixture(scope="module")
def claims(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """fct_claims by story, with the codes of its findings."""
    folder = tmp_path_factory.mktemp("worked")
    home = Home.at(folder / "home").make()
    stories = {str(number): story for number, story in enumerate(STORIES.values())}
    write(home.inbox / "products", [MOWER])
    write(home.inbox / "service_centers", [CENTER])
    write(home.inbox / "orders", [{"order_id": key, **ORDER, **story[0]} for key, story in stories.items()])
    write(
        home.inbox / "tickets",
        [{"ticket_id": key, "order_id": key, **TICKET, **story[1]} for key, story in stories.items()],
    )
    write(
        home.inbox / "repairs",
        [{"repair_id": key, "ticket_id": key, **REPAIR, **story[2]} for key, story in stories.items()],
    )
    door.take_all(home)
    build_models(home, folder / "target", "+fct_claims", "+fct_claim_verdicts", "+fct_audit_findings")
    with duckdb.connect(str(home.build_file), read_only=True) as connection:
        cursor = connection.execute(
            "select c.*, v.missing_facts, v.reason_en, v.reason_fr,"
            " (select list(violation_code) from marts.fct_audit_findings f"
            " where f.ticket_id = c.ticket_id) as codes from marts.fct_claims c"
            " left join marts.fct_claim_verdicts v using (ticket_id)"
        )
        names = [column[0] for column in cursor.description or []]
        rows = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
    return {name: row for row in rows for name in [list(STORIES)[int(row["ticket_id"])]]}


@pytest.mark.parametrize("story", STORIES)
def test_a_worked_claim_gets_both_its_verdicts(claims: dict[str, dict[str, Any]], story: str) -> None:
    row = claims[story]
    assert (row["policy_outcome"], row["legal_outcome"]) == STORIES[story][3:]


def test_a_hold_does_not_stop_the_legal_clock(claims: dict[str, dict[str, Any]]) -> None:
    row = claims["PayPal dispute opened in time"]
    assert row["remedy_due_on"].isoformat() == "2024-07-28"
    assert "VL20" in row["codes"]


def test_a_dispute_opened_too_late_is_a_finding(claims: dict[str, dict[str, Any]]) -> None:
    assert "VR22" in claims["the same dispute opened too late"]["codes"]


def test_money_returned_where_a_repair_was_due_is_the_costlier_remedy(
    claims: dict[str, dict[str, Any]],
) -> None:
    assert claims["refunded where a repair was due"]["codes"] == ["VR12"]


def test_a_claim_that_contradicts_itself_says_so_and_stays(claims: dict[str, dict[str, Any]]) -> None:
    assert len(claims) == len(STORIES)
    row = claims["refused and replaced"]
    assert row["missing_facts"] == "refused and replaced"
    assert "Missing: refused and replaced." in row["reason_en"]
    assert "Il manque : refus ou remplacement" in row["reason_fr"]


def test_a_reason_cites_its_clause(claims: dict[str, dict[str, Any]]) -> None:
    row = claims["seized for lack of oil, photographed"]
    assert "« un respect non suivi des différentes prescriptions" in row["reason_fr"]
    assert "with a photo" in row["reason_en"]
