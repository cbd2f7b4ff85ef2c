"""Exports without a last-change column: the later export wins, in any order of arrival; a corrected mapping
supersedes; nothing counts twice.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from itertools import permutations
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.feeds import quarantined, sources, take_all
from pipelines.feeds.door import outdated
from pipelines.feeds.retiring import withdraw
from pipelines.home import Home
from tests.feeds.conftest import landed

Put = Callable[..., Path]

SHOP = """
dialect: {separator: ";", decimal: ",", dates: ["%d/%m/%Y"]}
columns: [Commande, Date, Etat, Article, Qté, Prix, Livré]
exported_at: {filename: "export_(\\\\d{4}-\\\\d{2}-\\\\d{2})"}
feeds:
  orders:
    identity: [Commande, Article]
    columns:
      order_id: Commande
      contract_at: Date
      sku: Article
      quantity: Qté
      unit_price_eur: Prix
      delivered_at: Livré
"""
HEADER = "Commande;Date;Etat;Article;Qté;Prix;Livré\n"


def use(home: Home, text: str, name: str = "shop") -> None:
    home.mappings.mkdir(exist_ok=True)
    (home.mappings / f"{name}.yml").write_text(text, encoding="utf-8")


def state(home: Home, columns: str = "order_id, sku, quantity, cast(delivered_at as text)") -> list[tuple]:
    """What the models take: the last version of each key by moment, then content, of deliveries that
    count.
    """
    retired = [row[0] for row in landed(home, "retirements", "retired_delivery_id")]
    rows = landed(
        home,
        "orders",
        f"line_number, coalesce(updated_at, _exported_at), _content_hash, _delivery_id, {columns}",
    )
    latest: dict[tuple, tuple] = {}
    for line, moment, content, delivery, *values in rows:
        if delivery in retired:
            continue
        key = (values[0], line)
        rank = (moment is not None, moment, content)
        if key not in latest or rank > latest[key][0]:
            latest[key] = (rank, tuple(values))
    return sorted(values for _, values in latest.values())


def export(*rows: tuple[str, str, str]) -> str:
    return HEADER + "".join(f"{order};01/03/2026;x;{sku};1;100,00;{day}\n" for order, sku, day in rows)


MARCH = export(("K1", "A", ""), ("K1", "B", ""), ("K2", "A", "05/03/2026"))
APRIL = export(("K1", "B", "21/03/2026"), ("K1", "A", "20/03/2026"), ("K2", "A", "05/03/2026"))
MAY = export(("K1", "A", ""), ("K1", "B", "21/03/2026"), ("K2", "A", "05/03/2026"))
FILES = {"export_2026-03-31.csv": MARCH, "export_2026-04-30.csv": APRIL, "export_2026-05-31.csv": MAY}


@pytest.mark.parametrize("order", list(permutations(FILES)))
def test_the_last_export_wins_in_any_order_even_where_it_takes_something_back(
    tmp_path: Path, order: tuple[str, ...]
) -> None:
    home = Home(tmp_path / "home").make()
    use(home, SHOP)
    for name in order:
        (home.inbox / "shop").mkdir(exist_ok=True)
        (home.inbox / "shop" / name).write_text(FILES[name], encoding="utf-8")
        take_all(home)
    assert state(home) == [
        ("K1", "A", 1, None),
        ("K1", "B", 1, "2026-03-20 23:00:00"),
        ("K2", "A", 1, "2026-03-04 23:00:00"),
    ]


exports_of_a_shop = st.lists(
    st.dictionaries(st.sampled_from(["K1", "K2", "K3"]), st.integers(0, 3), min_size=1),
    min_size=2,
    max_size=4,
)


@settings(max_examples=12, deadline=None)
@given(exports_of_a_shop, st.randoms(use_true_random=False))
def test_any_history_of_exports_in_any_order_gives_what_the_shop_last_said(
    tmp_path_factory: pytest.TempPathFactory, history: list[dict[str, int]], random: object
) -> None:
    home = Home(tmp_path_factory.mktemp("history") / "home").make()
    use(home, SHOP)
    said: dict[str, int] = {}
    files = []
    for month, told in enumerate(history, 1):
        said |= told
        rows = [(order, "A", "" if day == 0 else f"{day:02}/03/2026") for order, day in told.items()]
        files.append((f"export_2026-{month:02}-28.csv", export(*rows)))
    random.shuffle(files)  # ty: ignore[missing-attribute]
    (home.inbox / "shop").mkdir()
    for name, text in [*files, files[0]]:
        (home.inbox / "shop" / name).write_text(text, encoding="utf-8")
        take_all(home)
    expected = [
        (
            order,
            None
            if day == 0
            else f"2026-02-{27 + day} 23:00:00"
            if day == 1
            else f"2026-03-{day - 1:02} 23:00:00",
        )
        for order, day in sorted(said.items())
    ]
    assert state(home, "order_id, cast(delivered_at as text)") == expected


def test_the_same_bytes_exported_again_later_are_said_again(home: Home) -> None:
    use(home, SHOP)
    (home.inbox / "shop").mkdir()
    open_, delivered = export(("K3", "A", "")), export(("K3", "A", "01/03/2026"))
    told = [("01", open_), ("02", delivered), ("03", open_)]
    for month, text in [told[0], told[1], told[2], told[0]]:
        (home.inbox / "shop" / f"export_2026-{month}-28.csv").write_text(text, encoding="utf-8")
        (delivery,) = take_all(home)
    assert state(home, "order_id, cast(delivered_at as text)") == [("K3", None)]
    assert delivery.already is not None
    # By other rules each takes the place of the one of its name: never of both.
    use(home, SHOP.replace('["%d/%m/%Y"]', '["%d/%m/%Y", "%Y-%m-%d"]'))
    for month in ("01", "03"):
        (home.inbox / "shop" / f"export_2026-{month}-28.csv").write_text(open_, encoding="utf-8")
        take_all(home)
        assert state(home, "order_id, cast(delivered_at as text)") == [("K3", None)]


def test_the_moment_may_stand_in_a_column_or_be_the_files_own_time(home: Home, put: Put) -> None:
    column = SHOP.replace('{filename: "export_(\\\\d{4}-\\\\d{2}-\\\\d{2})"}', "{column: Etat}")
    use(home, column)
    put("shop", MARCH.replace(";x;", ";31/03/2026;"), "b.csv")
    put("shop", APRIL.replace(";x;", ";30/04/2026;"), "a.csv")
    take_all(home)
    assert [row[3] is None for row in state(home)] == [False, False, False]
    use(home, SHOP.replace('{filename: "export_(\\\\d{4}-\\\\d{2}-\\\\d{2})"}', "{modified: true}"), "other")
    for name, text, day in (("b.csv", MARCH, 1_774_900_000), ("a.csv", APRIL, 1_777_500_000)):
        path = put("other", text.replace("K", "L"), name)
        os.utime(path, (day, day))
    deliveries = take_all(home)
    assert [row[3] is None for row in state(home)] == [False] * 6
    assert all("modification time" in delivery.findings[0] for delivery in deliveries)


def test_a_name_that_does_not_say_when_is_refused(home: Home, put: Put) -> None:
    use(home, SHOP)
    put("shop", MARCH, "commandes.csv")
    (delivery,) = take_all(home)
    assert "this name does not say so" in str(delivery.refusal)


def test_a_corrected_mapping_gives_what_a_fresh_home_would_have(tmp_path: Path) -> None:
    wrong = SHOP.replace("sku: Article", "sku: Etat")
    fresh, mended = Home(tmp_path / "fresh").make(), Home(tmp_path / "mended").make()
    for home, mappings in ((fresh, [SHOP]), (mended, [wrong, SHOP])):
        for text in mappings:
            use(home, text)
            for name in FILES:
                (home.inbox / "shop").mkdir(exist_ok=True)
                (home.inbox / "shop" / name).write_text(FILES[name], encoding="utf-8")
            take_all(home)
            assert outdated(home) == []
    assert state(fresh) == state(mended)
    assert len(landed(mended, "retirements")) == len(FILES)


def test_deliveries_by_old_rules_are_listed_until_their_file_comes_again(home: Home, put: Put) -> None:
    use(home, SHOP)
    put("shop", MARCH, "export_2026-03-31.csv")
    take_all(home)
    use(home, SHOP.replace("quantity: Qté", "quantity: {constant: 1}"))
    assert [item.file_name for item in outdated(home)] == ["export_2026-03-31.csv"]
    put("shop", MARCH, "export_2026-03-31.csv")
    take_all(home)
    assert outdated(home) == []


def test_rows_that_were_duplicates_of_a_wrong_delivery_come_back(home: Home, put: Put) -> None:
    plain = "columns: [id, day, family]\nfeeds: {repairs: {columns: {repair_id: id, received_at: day}}}\n"
    use(home, plain)
    put("shop", "id,day,family\nR1,2026-01-01,\nR2,2026-01-02,\n")
    (first,) = take_all(home)
    put("repairs", "repair_id,received_at\nR2,2026-01-02\nR3,2026-01-03\n")
    (second,) = take_all(home)
    assert second.counts[0].rows_duplicate == 1
    use(home, plain.replace("{repair_id: id", "{repair_id: {from: id, remove: R}"))
    put("shop", "id,day,family\nR1,2026-01-01,\nR2,2026-01-02,\n")
    take_all(home)
    live = [
        (repair, delivery)
        for repair, delivery in landed(home, "repairs", "repair_id, _delivery_id")
        if delivery != first.delivery_id
    ]
    assert [repair for repair, _ in live] == ["1", "2", "R2", "R3"]
    assert dict(live)["R2"] == second.delivery_id


def test_a_withdrawn_delivery_leaves_and_may_come_again(home: Home, put: Put) -> None:
    rows = "repair_id,received_at\nR1,2026-01-01\nR2,soon\n"
    put("repairs", rows)
    (first,) = take_all(home)
    assert withdraw(home, str(first.delivery_id)) == 0
    assert quarantined(home) == []
    put("repairs", rows)
    (again,) = take_all(home)
    assert (again.already, again.counts[0].rows_loaded, again.counts[0].rows_duplicate) == (None, 1, 0)


def test_years_of_two_digits_are_refused_by_a_pattern_of_four_and_loaded_once_it_is_mended(
    home: Home, put: Put
) -> None:
    text = HEADER + "D1;01/03/25;x;A;1;100,00;02/03/25\n"
    use(home, SHOP)
    put("shop", text, "export_2026-03-31.csv")
    (delivery,) = take_all(home)
    assert delivery.counts[0].rows_quarantined == 1
    assert "contract_at is “01/03/25”" in delivery.refused[0].reasons[0]
    use(home, SHOP.replace("%Y", "%y"))
    put("shop", text, "export_2026-03-31.csv")
    take_all(home)
    assert state(home) == [("D1", "A", 1, "2025-03-01 23:00:00")]
    assert quarantined(home) == []


def test_a_mapping_that_leaves_identity_open_asks(home: Home, put: Put) -> None:
    use(home, SHOP.replace("    identity: [Commande, Article]\n", ""))
    put("shop", MARCH, "export_2026-03-31.csv")
    (delivery,) = take_all(home)
    assert "Name them in identity" in str(delivery.refusal)
    use(home, SHOP.replace("[Commande, Article]", "[Commande, Livré]"))
    put("shop", MARCH, "export_2026-03-31.csv")
    (delivery,) = take_all(home)
    assert "Livré, which is delivered_at and changes" in str(delivery.refusal)
    assert "shop" in sources(home)


CONTENT_KEY = """
description: Order lines without numbers; state and dates change from one export to the next.
dialect: {separator: ";", decimal: ",", dates: ["%d/%m/%Y"]}
columns: [Commande, Date, Etat, Article, Qté, Prix, Livré]
feeds:
  orders:
    columns:
      order_id: Commande
      line_number: {content_key: true}
      contract_at: Date
      sku: Article
      quantity: Qté
      unit_price_eur: Prix
      delivered_at: Livré
"""


def test_a_content_key_without_identity_is_refused_with_the_question_and_its_candidates(
    home: Home, put: Put
) -> None:
    """Two exports of the same orders: what changed must not make other orders of them."""
    header = "Commande;Date;Etat;Article;Qté;Prix;Livré\n"
    march = header + "D1;01/03/2025;en préparation;A;1;100,00;\nD2;02/03/2025;en préparation;B;1;50,00;\n"
    april = header + "D1;01/03/2025;livrée;A;1;100,00;05/03/2025\nD2;02/03/2025;livrée;B;1;50,00;06/03/2025\n"
    use(home, CONTENT_KEY)
    put("shop", march, "export_2025-03-31.csv")
    (delivery,) = take_all(home)
    assert "feeds.orders.columns.line_number is made from content" in str(delivery.refusal)
    assert "(candidates: Commande, Date, Article, Qté, Prix)" in str(delivery.refusal)
    assert (home.inbox / "shop" / "export_2025-03-31.csv").exists()
    moment = "    exported_at: {filename: '(\\d{4}-\\d{2}-\\d{2})'}\n"
    use(home, CONTENT_KEY.replace("    columns:", f"    identity: [Commande, Article]\n{moment}    columns:"))
    put("shop", april, "export_2025-04-30.csv")
    take_all(home)
    assert [row[0] for row in state(home)] == ["D1", "D2"]
    assert all(row[3] for row in state(home)), state(home)
