"""The shipped mappings give the right values of their samples; each sample is a few rows of our own."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from pipelines.feeds import Delivery, take_all
from pipelines.feeds.mapping_files import MappingFile
from pipelines.feeds.sources import MAPPINGS_DIR
from pipelines.home import PROJECT_DIR, Home
from tests.feeds.conftest import landed

SAMPLES = PROJECT_DIR / "data" / "sample"
PRICE = "cast(unit_price_eur as text)"


def taken(home: Home, source: str, *wanted: str) -> list[Delivery]:
    """Take the sample of a source."""
    folder = home.inbox / source
    folder.mkdir(parents=True)
    for path in sorted((SAMPLES / source).iterdir()):
        shutil.copy(path, folder / path.name)
    deliveries = take_all(home)
    assert [delivery.refusal for delivery in deliveries] == [None]
    assert list(deliveries[0].findings) == list(wanted)
    return deliveries


def test_shopify(home: Home) -> None:
    taken(home, "shopify")
    columns = f"order_id, sku, quantity, {PRICE}, cast(contract_at as text), cast(cancelled_at as text)"
    # 480 with 20 % VAT; 264 less 24 of discount; a line without a sku goes by its name.
    assert landed(home, "orders", columns) == [
        ("2001", "SAMPLE-BLADE", 2, "50.0000", "2026-03-02 08:14:00", None),
        ("2001", "SAMPLE-MOWER", 1, "400.0000", "2026-03-02 08:14:00", None),
        ("2002", "Huile", 1, "0.0000", "2026-03-05 16:58:00", "2026-03-06 09:00:00"),
        ("2002", "SAMPLE-HEDGE", 1, "200.0000", "2026-03-05 16:58:00", "2026-03-06 09:00:00"),
    ]
    assert landed(home, "orders", "distinct payment_method, country_code, order_id", "order_id") == [
        ("paypal", "FR", "2001"),
        ("card", "FR", "2002"),
    ]
    assert landed(home, "tickets", "ticket_id, order_id, resolution, cast(refunded_amount_eur as text)") == [
        ("2002", "2002", "refunded", "240.0000")
    ]
    assert landed(home, "orders", "count(distinct customer_id), min(length(customer_id))") == [(2, 32)]


def test_woocommerce(home: Home) -> None:
    (delivery,) = taken(home, "woocommerce")
    assert landed(home, "orders", f"order_id, sku, quantity, {PRICE}, payment_method") == [
        ("3001", "SAMPLE-BLADE", 3, "50.0000", "card"),
        ("3001", "SAMPLE-MOWER", 1, "400.0000", "card"),
        ("3002", "13", 1, "400.0000", "paypal"),
    ]
    assert landed(home, "tickets", "ticket_id, cast(refunded_amount_eur as text)") == [("3002", "400.0000")]
    assert [(skip.filter_name, skip.rows_skipped) for skip in delivery.skips] == [("not_sold", 1)]


def test_prestashop_flat(home: Home) -> None:
    taken(home, "prestashop")
    assert landed(home, "orders", f"order_id, sku, quantity, {PRICE}, cast(delivered_at as text)") == [
        ("4001", "SAMPLE-BLADE", 3, "41.6667", None),
        ("4001", "SAMPLE-ROBOT", 1, "1082.5000", "2026-03-07 13:00:00"),
    ]
    tickets = landed(home, "tickets", "left(ticket_id, 6), order_id, quantity, category")
    assert tickets == [("AV0044", "4001", 1, "withdrawal")]


def test_prestashop_tables(home: Home) -> None:
    taken(home, "prestashop_tables")
    stamps = "cast(shipped_at as text), cast(delivered_at as text), cast(cancelled_at as text)"
    assert landed(home, "orders", f"order_id, line_number, sku, quantity, {PRICE}, {stamps}") == [
        ("5001", "9101", "SAMPLE-MOWER", 1, "332.5000", "2026-03-03 08:00:00", "2026-03-06 08:00:00", None),
        ("5001", "9102", "SAMPLE-BLADE", 3, "41.6667", "2026-03-03 08:00:00", "2026-03-06 08:00:00", None),
        ("5002", "9103", "13", 1, "832.5000", None, None, "2026-03-04 08:00:00"),
    ]
    assert landed(home, "orders", "distinct order_id, payment_method") == [
        ("5001", "paypal"),
        ("5002", "transfer"),
    ]


TICKETS = [
    ("35436", "portal", "2001", "2026-03-20 22:55:29", "2026-03-25 10:38:52", None),
    ("35437", "phone", None, "2026-03-21 08:00:00", None, "question"),
]
TICKET_COLUMNS = "ticket_id, channel, order_id, cast(requested_at as text), cast(closed_at as text), category"


@pytest.mark.parametrize("kind", ["json", "ndjson", "csv"])
def test_zendesk_in_each_of_its_forms(home: Home, kind: str) -> None:
    known = json.loads((SAMPLES / "zendesk" / "tickets.json").read_text(encoding="utf-8"))["tickets"]
    text = (SAMPLES / "zendesk" / "tickets.json").read_text(encoding="utf-8")
    if kind == "ndjson":
        text = "\n".join(json.dumps(ticket) for ticket in known)
    if kind == "csv":
        names = ["id", "created_at", "updated_at", "status", "type", "subject", "requester_id", "external_id"]
        rows = [
            ",".join([*(str(ticket.get(name) or "") for name in names), ticket["via"]["channel"]])
            for ticket in known
        ]
        text = "\n".join(
            [",".join([*names, "via_channel"]), *(row.replace("démarre plus", "x") for row in rows)]
        )
    (home.inbox / "zendesk").mkdir()
    (home.inbox / "zendesk" / "tickets.json").write_text(text, encoding="utf-8")
    (delivery,) = take_all(home)
    assert not delivery.is_refused
    assert landed(home, "tickets", TICKET_COLUMNS) == TICKETS


def test_osticket(home: Home) -> None:
    taken(home, "osticket")
    assert landed(home, "tickets", "ticket_id, channel, description, cast(closed_at as text)") == [
        ("700123", "email", 'La lame "mulching" touche le carter', "2026-03-05 08:00:00"),
        ("700124", "portal", "Chemin C:\\SAV\\ perdu", None),
    ]


def test_odoo_repair_and_a_shops_own_words_for_faults(home: Home) -> None:
    taken(home, "odoo_repair")
    columns = "repair_id, sku, serial_number, cast(quoted_total_eur as text), coverage, outcome"
    assert landed(home, "repairs", columns) == [
        ("RMA/00012", "SAMPLE-MOWER", "SN-0001", "84.5000", "covered", "repaired"),
        ("RMA/00013", "SAMPLE-ROBOT", "SN-0002", "0.0000", "not_covered", None),
    ]
    own = (MAPPINGS_DIR / "odoo_repair.yml").read_text(encoding="utf-8")
    own = own.replace("{from: tag_ids, values: {}", "{from: tag_ids, values: {Carburateur: D01}")
    (home.mappings / "odoo_repair.yml").write_text(own, encoding="utf-8")
    shutil.copy(SAMPLES / "odoo_repair" / "repair_orders.csv", home.inbox / "odoo_repair")
    take_all(home)
    gone = [row[0] for row in landed(home, "retirements", "retired_delivery_id")]
    found = landed(home, "repairs", "repair_id, fault_code, _delivery_id")
    assert [row[:2] for row in found if row[2] not in gone] == [("RMA/00012", "D01"), ("RMA/00013", None)]


def test_every_shipped_mapping_says_what_it_is() -> None:
    for path in sorted(Path(MAPPINGS_DIR).glob("*.yml")):
        assert MappingFile(path).form.description
