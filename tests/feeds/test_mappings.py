"""Mappings: a new source needs a YAML file and no code; a wrong file is refused by name and key."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

import pipelines.feeds.door as door
import pipelines.feeds.quarantine as quarantine
from pipelines.feeds import MappingError, contract, quarantined, replay_quarantine, sources, take_all
from pipelines.feeds.mappings import mapping
from pipelines.home import Home
from tests.feeds.conftest import landed

Put = Callable[..., Path]

SHOP = """
description: A shop that exports with semicolons, French numbers and dates, in cp1252.
dialect:
  encoding: cp1252
  separator: ";"
  decimal: ","
  thousands: " "
  dates: ["%d/%m/%Y %H:%M", "%d/%m/%Y"]
  time_zone: Europe/Paris
  unknown: ["n/a"]
currencies: {CHF: {eur: 0.95, source: test}}
columns: [Commande, Ligne, Date, Client, Article, Famille, "Qté", Prix, Statut, Note]
ignored: [Vendeur]
skip:
  - {name: cancelled, when: {column: Statut, in: [annulé, test]}}
  - {name: gift, when: {column: Prix, at_most: 0}}
feeds:
  orders:
    when: {column: Statut, is_not: retour}
    columns:
      order_id: Commande
      line_number: {from: Ligne, constant: "1"}
      contract_at: Date
      customer_id: {from: Client, remove: "^client-"}
      sku: Article
      quantity: "Qté"
      unit_price_eur: {from: Prix, currency: CHF}
      payment_method: {from: Note, values: {CB: card, Virement: transfer}, else: unknown}
      item_condition: {constant: new}
  products:
    when: {column: Famille, is_empty: false}
    columns: {sku: Article, family_code: Famille}
  tickets:
    when: {column: Statut, is: retour}
    columns:
      ticket_id: {from: Commande, content_key: true}
      channel: {constant: other}
      requested_at: Date
      quantity: {from: "Qté", absolute: true}
"""


def use(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, text: str = SHOP, name: str = "shop") -> Path:
    """Let the door know the mapping `shop`."""
    path = tmp_path / f"{name}.yml"
    path.write_text(text, encoding="utf-8")
    known = sources() | {name: mapping(path, contract())}
    monkeypatch.setattr(door, "sources", lambda: known)
    monkeypatch.setattr(quarantine, "sources", lambda: known)
    return path


EXPORT = (
    "Commande;Ligne;Date;Client;Article;Famille;Qté;Prix;Statut;Note;Vendeur\r\n"
    "0001;;05/03/2024 14:30;client-7;É-1;débroussailleuse;2;1 249,90;payé;CB;Zoé\r\n"
    "0002;3;05/03/2024;client-8;É-2;n/a;1;10,00;payé;Chèque;Zoé\r\n"
    "0003;1;05/03/2024;;É-2;;1;0;payé;;\r\n"
    "0004;1;05/03/2024;;É-2;;1;5;annulé;;\r\n"
    "0002;3;06/03/2024;client-8;É-2;;-1;10,00;retour;;\r\n"
    "0002;3;06/03/2024;client-8;É-2;;-1;10,00;retour;;\r\n"
    "0005;1;05/03/2024;;É-2;;1;10.5;payé;;\r\n"
)


def test_a_foreign_export_becomes_three_feeds(
    home: Home, put: Put, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    use(monkeypatch, tmp_path)
    put("shop", EXPORT, encoding="cp1252")
    (delivery,) = take_all(home)
    assert delivery.findings == ()
    columns = "order_id, line_number, contract_at::text, sku, quantity, unit_price_eur::text, payment_method"
    assert landed(home, "orders", columns) == [
        # 1 249,90 CHF at 0.95
        ("0001", "1", "2024-03-05 13:30:00", "É-1", 2, "1187.4050", "card"),
        ("0002", "3", "2024-03-04 23:00:00", "É-2", 1, "9.5000", None),
    ]
    assert landed(home, "products", "sku, family_code") == [("É-1", "débroussailleuse")]
    tickets = landed(home, "tickets", "ticket_id, quantity")
    assert [quantity for _, quantity in tickets] == [1, 1]
    assert [ticket.split("-")[0] for ticket, _ in tickets] == ["0002", "0002"]
    assert [ticket.rsplit("-", 1)[1] for ticket, _ in tickets] == ["1", "2"]
    counts = {count.feed: count for count in delivery.counts}
    assert (counts["orders"].rows_read, counts["orders"].rows_loaded) == (5, 2)
    assert (counts["orders"].rows_quarantined, counts["orders"].rows_skipped) == (1, 2)
    assert {skip.filter_name: skip.rows_skipped for skip in delivery.skips} == {"cancelled": 1, "gift": 1}
    (refusal,) = delivery.refused
    assert (refusal.file_row, refusal.reasons[0].split(",")[0]) == (8, "unit_price_eur is “10?5”")


def test_rows_that_no_feed_takes_are_counted(
    home: Home, put: Put, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    text = (
        "columns: [a]\nfeeds: {products: {when: {column: a, matches: '^p'}, columns: {sku: a, "
        "family_code: a}}}\n"
    )
    use(monkeypatch, tmp_path, text)
    put("shop", "a\np1\nq1\np2\n")
    (delivery,) = take_all(home)
    assert [(skip.filter_name, skip.rows_skipped) for skip in delivery.skips] == [("no_feed_takes_it", 1)]
    assert [(count.rows_read, count.rows_loaded, count.rows_skipped) for count in delivery.counts] == [
        (3, 2, 1)
    ]


def test_refused_rows_load_after_their_mapping_is_corrected(
    home: Home, put: Put, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    text = (
        "columns: [id, day, state]\nfeeds: {repairs: {columns: {repair_id: id, received_at: day, "
        "outcome: {from: state, values: {Fixed: repaired}}}}}\n"
    )
    use(monkeypatch, tmp_path, text)
    put("shop", "id,day,state\n1,2024-01-01,Fixed\n2,2024-01-01,Dead\n3,soon,Dead\n4,2024-01-01\n")
    (delivery,) = take_all(home)
    assert delivery.counts[0].rows_quarantined == 3
    assert [row.file_row for row in quarantined(home)] == [3, 4, 5]
    assert replay_quarantine(home) == []  # nothing was corrected: nothing is judged again
    use(monkeypatch, tmp_path, text.replace("Fixed: repaired", "Fixed: repaired, Dead: scrapped"))
    (replayed,) = replay_quarantine(home)
    (count,) = replayed.counts
    assert (count.rows_read, count.rows_loaded, count.rows_duplicate, count.rows_quarantined) == (3, 1, 0, 2)
    assert landed(home, "repairs", "repair_id, outcome, _file_row") == [
        ("1", "repaired", 2),
        ("2", "scrapped", 3),
    ]
    assert [row.file_row for row in quarantined(home)] == [4, 5]
    assert replay_quarantine(home) == []


def test_a_row_delivered_corrected_is_no_longer_listed(home: Home, put: Put) -> None:
    put("products", "sku,family_code,weight_kg\nA,mower,heavy\nB,mower,heavy\n")
    take_all(home)
    put("products", "sku,family_code,weight_kg\nA,mower,12\n")
    take_all(home)
    assert [row.file_row for row in quarantined(home)] == [3]


GOOD = "columns: [a, b]\nfeeds: {products: {columns: {sku: a, family_code: b}}}\n"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("columns: [a", "is not valid YAML"),
        ("- a", "the file must be a table"),
        (GOOD.replace("[a, b]", "[a, on]"), "columns holds True, which is no text: put it in quotes"),
        (GOOD + "colums: [a]", "colums is unknown: one of description"),
        (GOOD.replace("products", "product"), "feeds.product is no feed: one of products"),
        (GOOD.replace("sku: a", "sku_code: a"), "feeds.products.columns.sku_code is no column of products"),
        (
            GOOD.replace("family_code: b", "brand: b"),
            "feeds.products.columns lacks family_code, which products requires",
        ),
        (
            GOOD.replace("sku: a", "sku: c"),
            "feeds.products.columns.sku is 'c', which is not in columns: a, b",
        ),
        (GOOD.replace("sku: a", "sku: {from: a, currency: GBP}"), "currency is 'GBP', which has no rate"),
        (GOOD + "currencies: {GBP: {eur: much}}", "currencies.GBP.eur is 'much'"),
        (GOOD + "currencies: {GBP: {eur: 0}}", "currencies.GBP.eur is 0: a rate is above zero"),
        (GOOD + "dialect: {encoding: latin-99}", "dialect.encoding is 'latin-99'"),
        (GOOD + "dialect: {time_zone: Europe/Nowhere}", "dialect.time_zone is 'Europe/Nowhere'"),
        (GOOD + "dialect: {dates: ['%d/%m/%Y %z']}", "dialect.dates holds"),
        (GOOD + "dialect: {separator: '||'}", "dialect.separator is '||'"),
        (
            GOOD + "skip: [{name: x, when: {column: a, matches: '('}}]",
            "skip.x.when.matches is no valid pattern",
        ),
        (GOOD + "skip: [{name: x, when: {column: a}}]", "skip.x.when needs exactly one of"),
        (GOOD + "skip: [{when: {column: a, is: b}}]", "skip[1] needs a name and a when"),
        (
            GOOD.replace("sku: a", "sku: {values: {}}"),
            "feeds.products.columns.sku needs from, constant or content_key",
        ),
    ],
)
def test_a_wrong_mapping_is_refused_by_file_and_key(tmp_path: Path, text: str, sentence: str) -> None:
    path = tmp_path / "wrong.yml"
    path.write_text(text)
    with pytest.raises(MappingError) as error:
        mapping(path, contract())
    assert str(error.value).startswith(str(path))
    assert sentence in str(error.value)


def test_the_shipped_mappings_are_sources_beside_the_five_feeds() -> None:
    assert list(sources())[:5] == ["products", "service_centers", "orders", "tickets", "repairs"]
    assert {"online_retail", "open_repair"} <= set(sources())
