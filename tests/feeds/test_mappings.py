"""Mappings: a new source needs a YAML file and no code; a wrong file is refused by name and key."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from pipelines.feeds import MappingError, contract, quarantined, replay_quarantine, sources, take_all
from pipelines.feeds.mapping_forms import mapping_schema
from pipelines.feeds.mapping_reading import mapping
from pipelines.feeds.sources import MAPPINGS_DIR
from pipelines.home import Home
from tests.feeds.conftest import landed

SCHEMA_FILE = MAPPINGS_DIR / "mapping.schema.json"

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
    identity: [Commande, Date, Article, "Qté"]
    columns:
      ticket_id: {from: Commande, content_key: true}
      channel: {constant: other}
      requested_at: Date
      quantity: {from: "Qté", absolute: true}
"""


def use(home: Home, text: str = SHOP, name: str = "shop") -> Path:
    """The user writes the mapping `shop`."""
    path = home.mappings / f"{name}.yml"
    path.write_text(text, encoding="utf-8")
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


def test_a_foreign_export_becomes_three_feeds(home: Home, put: Put) -> None:
    use(home)
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
    assert (refusal.file_row, refusal.reasons[0].split(",")[0]) == (8, "unit_price_eur is “10.5”")


def test_rows_that_no_feed_takes_are_counted(home: Home, put: Put) -> None:
    text = (
        "columns: [a]\nfeeds: {products: {when: {column: a, matches: '^p'}, columns: {sku: a, "
        "family_code: a}}}\n"
    )
    use(home, text)
    put("shop", "a\np1\nq1\np2\n")
    (delivery,) = take_all(home)
    assert [(skip.filter_name, skip.rows_skipped) for skip in delivery.skips] == [("no_feed_takes_it", 1)]
    assert [(count.rows_read, count.rows_loaded, count.rows_skipped) for count in delivery.counts] == [
        (3, 2, 1)
    ]


def test_refused_rows_load_after_their_mapping_is_corrected(home: Home, put: Put) -> None:
    text = (
        "columns: [id, day, state]\nfeeds: {repairs: {columns: {repair_id: id, received_at: day, "
        "outcome: {from: state, values: {Fixed: repaired}}}}}\n"
    )
    use(home, text)
    put("shop", "id,day,state\n1,2024-01-01,Fixed\n2,2024-01-01,Dead\n3,soon,Dead\n4,2024-01-01\n")
    (delivery,) = take_all(home)
    assert delivery.counts[0].rows_quarantined == 3
    assert [row.file_row for row in quarantined(home)] == [3, 4, 5]
    assert replay_quarantine(home) == []  # nothing was corrected: nothing is judged again
    use(home, text.replace("Fixed: repaired", "Fixed: repaired, Dead: scrapped"))
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
        (GOOD.replace("[a, b]", "[a, on]"), "columns holds True, which is not text: put it in quotes"),
        (
            "columns: [a, b]\nfeeds:\n  products: {columns: {sku: a}}\n  products: {columns: {sku: b}}\n",
            "line 4: feeds.products stands twice (first on line 3)",
        ),
        (GOOD + "columns: [c]", "line 3: columns stands twice (first on line 1)"),
        (
            GOOD.replace("family_code: b", "family_code: {from: b, remove: '(?=b)'}"),
            "line 2: feeds.products.columns.family_code.remove is not a valid pattern",
        ),
        (GOOD + "colums: [a]", "line 3: colums is unknown (is it columns?): one of description"),
        (GOOD.replace("products", "product"), "feeds.product is not a feed: one of products"),
        (
            GOOD.replace("sku: a", "sku_code: a"),
            "feeds.products.columns.sku_code is not a column of products",
        ),
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
        (GOOD + "dialect: {dates: ['%d/%m']}", "dialect.dates.1 holds"),
        (GOOD + "dialect: {separator: '||'}", "dialect.separator is '||'"),
        (
            GOOD + "skip: [{name: x, when: {column: a, matches: '('}}]",
            "skip.1.when.matches is not a valid pattern",
        ),
        (GOOD + "skip: [{name: x, when: {column: a}}]", "skip.1.when needs exactly one of"),
        (GOOD + "skip: [{when: {column: a, is: b}}]", "skip.1.name is missing: the file needs it"),
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


def test_a_wrong_mapping_hinders_no_other_source(home: Home, put: Put) -> None:
    use(home, "columns: [a\n", name="broken")
    use(home, GOOD)
    put("broken", "a\n1\n")
    put("products", "sku,family_code\nP1,mower\n")
    put("shop", "a,b\nP2,saw\n")
    refused = {delivery.source: delivery.refusal for delivery in take_all(home)}
    assert refused["products"] is None
    assert refused["shop"] is None
    assert str(refused["broken"]).startswith(
        f"{home.mappings / 'broken.yml'}, line 2: this is not valid YAML"
    )
    assert landed(home, "products", "sku") == [("P1",), ("P2",)]


def test_a_mapping_with_a_feeds_name_leaves_the_feed_alone(home: Home, put: Put) -> None:
    path = use(home, GOOD, name="products")
    put("products", "sku,family_code\nP1,mower\n")
    (delivery,) = take_all(home)
    assert delivery.counts[0].rows_loaded == 1
    assert sources(home).problems == (
        f"{path} has the name of a feed and is not used: rename it, products takes canonical files.",
    )


def test_words_around_the_rules_do_not_change_the_rules(home: Home) -> None:
    use(home, GOOD)
    before = sources(home)["shop"].fingerprint
    use(home, "# a remark\ndescription: what this is\n" + GOOD)
    assert sources(home)["shop"].fingerprint == before
    use(home, GOOD.replace("sku: a", "sku: {from: a, remove: x}"))
    assert sources(home)["shop"].fingerprint != before


def test_the_schema_for_editors_is_the_one_that_the_door_uses() -> None:
    assert json.loads(SCHEMA_FILE.read_text(encoding="utf-8")) == mapping_schema()
