"""Every format and dialect gives the cells that stand in the file, or says which line is none."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable
from pathlib import Path

import pytest
import xlsxwriter

from pipelines.feeds import take_all
from pipelines.home import Home
from tests.feeds.conftest import landed

Put = Callable[..., Path]

TICKETS = """
format: {format}
dialect: {dialect}
columns: [id, at, via, text]
feeds:
  tickets:
    columns: {{ticket_id: id, requested_at: at, description: text,
              channel: {{from: via, values: {{web: portal}}}}}}
"""


def use(home: Home, text: str, name: str = "shop") -> None:
    (home.mappings / f"{name}.yml").write_text(text, encoding="utf-8")


def tickets(home: Home) -> list[tuple]:
    return landed(home, "tickets", "ticket_id, cast(requested_at as text), channel, description, _file_row")


def test_mysql_writes_backslashes_and_its_own_null(home: Home, put: Put) -> None:
    use(home, TICKETS.format(format="csv", dialect="{escape: '\\'}"))
    put(
        "shop",
        '"id","at","via","text"\n'
        '"1","2026-03-02 10:00:00","web","Le \\"carter\\" touche, C:\\\\SAV\\\\"\n'
        '"2","2026-03-02 10:00:00","web",\\N\n'
        '"3","2026-03-02 10:00:00","web","deux\\\nlignes"\n'
        '"4","2026-03-02 10:00:00","web","deux\\nlignes"\n'
        '"5","2026-03-02 10:00:00","web","jamais fermé\n',
    )
    (delivery,) = take_all(home)
    at = "2026-03-02 09:00:00"
    assert tickets(home) == [
        ("1", at, "portal", 'Le "carter" touche, C:\\SAV\\', 2),
        ("2", at, "portal", None, 3),
        ("3", at, "portal", "deux\nlignes", 4),
        ("4", at, "portal", "deux\nlignes", 6),
    ]
    assert [row.file_row for row in delivery.refused] == [7]


def test_another_quote_lines_before_the_header_and_a_sep_line(home: Home, put: Put) -> None:
    use(home, TICKETS.format(format="csv", dialect="{quote: \"'\", separator: ';', skip_lines: 2}"))
    put("shop", "Export du mois\n\nid;at;via;text\n1;2026-03-02;web;'l''herbe; \"haute\"'\n")
    use(home, TICKETS.format(format="csv", dialect="{separator: ';'}"), "excel")
    put("excel", "sep=;\nid;at;via;text\n2;2026-03-02;web;x\n")
    take_all(home)
    at = "2026-03-01 23:00:00"
    assert tickets(home) == [("1", at, "portal", 'l\'herbe; "haute"', 4), ("2", at, "portal", "x", 3)]


RECORDS = [
    {"id": 12345678901234567890, "at": "2026-03-02T10:00:00Z", "via": "web", "text": "a", "tags": ["x", "y"]},
    {"id": "007", "at": "2026-03-02T10:00:00Z", "via": None, "text": {"b": 1.50}},
]


@pytest.mark.parametrize("shape_of_file", ["list", "wrapped", "lines"])
def test_json_documents_and_lines_keep_every_digit(home: Home, put: Put, shape_of_file: str) -> None:
    text = json.dumps(RECORDS)
    if shape_of_file == "wrapped":
        text = json.dumps({"tickets": RECORDS, "count": 2, "next_page": None})
    if shape_of_file == "lines":
        text = "\n".join([json.dumps(RECORDS[0]), "", "{broken", json.dumps(RECORDS[1])])
    kind = "ndjson" if shape_of_file == "lines" else "json"
    use(home, TICKETS.format(format=kind, dialect="{}").replace("via:", "via:").replace("}}}", "}}}"))
    put("shop", text, "export.json")
    (delivery,) = take_all(home)
    assert delivery.refusal is None
    assert [row[0] for row in tickets(home)] == ["12345678901234567890"]
    (count,) = delivery.counts
    # The second record has no channel, which a ticket needs; a broken line is kept by its number.
    assert count.rows_quarantined == (2 if shape_of_file == "lines" else 1)
    lines = [row.file_row for row in delivery.refused]
    assert lines == ([3, 4] if shape_of_file == "lines" else [2])


def test_named_nested_fields_are_columns(home: Home, put: Put) -> None:
    use(home, TICKETS.format(format="json", dialect="{}").replace("via", "via.channel"))
    put("shop", json.dumps([{"id": 1, "at": "2026-03-02", "via": {"channel": "web"}, "text": "t"}]), "a.json")
    take_all(home)
    assert tickets(home)[0][2] == "portal"


def test_workbooks_keep_zeros_dates_and_values_and_name_hidden_sheets(home: Home, tmp_path: Path) -> None:
    path = tmp_path / "book.xlsx"
    book = xlsxwriter.Workbook(str(path))
    sheet, hidden = book.add_worksheet("Commandes"), book.add_worksheet("Coûts")
    hidden.write(0, 0, "secret")
    hidden.hide()
    day = book.add_format({"num_format": "dd/mm/yyyy"})
    for place, name in enumerate(["Ref", "Jour", "Série", "Prix", "Total"]):
        sheet.write(0, place, name)
    sheet.write_string(1, 0, "000123")
    sheet.write_datetime(1, 1, dt.datetime(2026, 3, 2), day)
    sheet.write_number(1, 2, 46083.5)
    sheet.write_number(1, 3, 1082.5)
    sheet.write_formula(1, 4, "=D2*2", None, 2165)
    sheet.write_number(3, 0, 17850)
    sheet.write_string(3, 1, "03/03/2026")
    sheet.write_number(3, 2, 46085)
    sheet.write_string(3, 3, "1\u202f082,50")
    sheet.write_number(3, 4, 1)
    book.close()
    (home.inbox / "shop").mkdir()
    path.rename(home.inbox / "shop" / "book.xlsx")
    use(
        home,
        """
format: xlsx
dialect: {decimal: ",", thousands: " ", dates: ["%d/%m/%Y"]}
columns: [Ref, Jour, Série, Prix, Total]
feeds:
  orders:
    columns: {order_id: Ref, line_number: {constant: 1}, contract_at: Jour, sku: Ref, quantity: {constant: 1},
              unit_price_eur: Prix, delivered_at: {from: Série, dates: [excel]}, unit_landed_cost_eur: Total}
""",
    )
    (delivery,) = take_all(home)
    assert delivery.findings == ("book.xlsx: the hidden sheet Coûts was not read.",)
    columns = "order_id, cast(contract_at as text), cast(delivered_at as text), cast(unit_price_eur as text)"
    assert landed(home, "orders", f"{columns}, cast(unit_landed_cost_eur as text), _file_row") == [
        ("000123", "2026-03-01 23:00:00", "2026-03-02 11:00:00", "1082.5000", "2165.0000", 2),
        ("17850", "2026-03-02 23:00:00", "2026-03-03 23:00:00", "1082.5000", "1.0000", 4),
    ]


AMOUNTS = """
currencies:
  USD: {source: test, rates: {2026-01-01: 0.90, 2026-04-01: 0.80}}
  GBP: {eur: 1.15, source: test}
columns: [id, day, total, qty, money, tva]
feeds:
  orders:
    columns:
      order_id: id
      line_number: {constant: 1}
      contract_at: day
      sku: id
      quantity: qty
      unit_price_eur: {from: total, divided_by: qty, currency: {column: money}, vat_rate: tva}
"""


def test_totals_with_vat_in_any_currency_become_euros_without_for_one(home: Home, put: Put) -> None:
    use(home, AMOUNTS)
    put(
        "shop",
        "id,day,total,qty,money,tva\n"
        "A,2026-03-31,360.00,3,USD,20\nB,2026-04-01,360.00,3,usd,20%\nC,2026-04-01,100,3,EUR,0\n"
        "D,2025-12-31,1,1,USD,20\nE,2026-04-01,1,1,YEN,20\nF,2026-04-01,12,0,EUR,20\nG,2026-04-01,23,1,GBP,0.055\n",
    )
    (delivery,) = take_all(home)
    prices = dict(landed(home, "orders", "order_id, cast(unit_price_eur as text)"))
    # 360 / 1.2 / 3 = 100 dollars; 23 * 1.15 / 1.055 = 25.0711
    assert prices == {"A": "90.0000", "B": "80.0000", "C": "33.3333", "G": "25.0711"}
    reasons = [row.reasons[0].split(",")[0] for row in delivery.refused]
    assert reasons[:2] == ["unit_price_eur is “1 USD”", "unit_price_eur is “1 YEN”"]


def test_a_key_may_be_joined_of_two_columns_and_labour_be_an_amount(home: Home, put: Put) -> None:
    use(
        home,
        "columns: [site, num, day, mo]\nfeeds: "
        "{repairs: {vat_rate: 20, columns: {repair_id: {from: [site, num], "
        'join: "-"}, received_at: day, labour_cost_eur: mo}}}\n',
    )
    put("shop", "site,num,day,mo\nLYO,7,2026-03-02,60\n")
    take_all(home)
    assert landed(home, "repairs", "repair_id, cast(labour_cost_eur as text)") == [("LYO-7", "50.0000")]
