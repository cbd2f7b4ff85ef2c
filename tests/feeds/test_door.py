"""The door: conservation, one effect for the same rows however they arrive, versions, copies, dry runs."""

from __future__ import annotations

import csv
import gzip
import io
import random
import tempfile
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.feeds import (
    DoorBusyError,
    UnknownSourceError,
    check,
    contract,
    ensure_empty_landing,
    take,
    take_all,
    waiting,
)
from pipelines.feeds.landing import ROW_COLUMNS, delivery_folders, locked
from pipelines.home import Home
from tests.feeds.conftest import ORDER, ORDER_HEADER, landed

Put = Callable[..., Path]
CONTENT = "* exclude (_delivery_id, _file_row)"
HEADER = (*ORDER_HEADER.split(","), "payment_method", "delivered_at", "lot_code", "updated_at")


def test_a_row_lands_typed_with_its_line_and_content(home: Home, put: Put) -> None:
    put("orders", f"{ORDER_HEADER},delivered_at\n{ORDER},2024-07-02\n")
    (delivery,) = take_all(home)
    columns = "order_id, quantity, unit_price_eur, contract_at, delivered_at, _delivery_id, _file_row"
    ((order_id, quantity, price, contract_at, delivered_at, delivery_id, file_row),) = landed(
        home, "orders", columns
    )
    assert (order_id, quantity, str(price), file_row) == ("O1", 1, "100.0000", 2)
    assert (str(contract_at), str(delivered_at)) == ("2024-03-01 09:00:00", "2024-07-01 22:00:00")
    assert delivery_id == delivery.delivery_id
    assert delivery_folders(home)[0].name == delivery_id


def test_landed_columns_are_the_contracts_in_its_order_and_types(home: Home, put: Put) -> None:
    put("orders", f"{ORDER_HEADER}\n{ORDER}\n")
    take_all(home)
    with duckdb.connect() as connection:
        for folder in (home.landing / "_empty", delivery_folders(home)[0]):
            described = connection.execute(f"describe from '{folder}/orders.parquet'").fetchall()
            expected = [(column.name, column.type) for column in contract().feeds["orders"].columns]
            expected += list(ROW_COLUMNS)
            names = {"VARCHAR": "text"}
            assert [(name, names.get(type_, type_.lower())) for name, type_, *_ in described] == expected


def test_an_empty_file_of_every_table_exists_before_any_delivery(home: Home) -> None:
    folder = ensure_empty_landing(home)
    known = contract()
    assert {path.stem for path in folder.glob("*.parquet")} == {*known.feeds, *known.journals}
    with duckdb.connect() as connection:
        for path in folder.glob("*.parquet"):
            assert connection.execute(f"select count(*) from '{path}'").fetchone() == (0,)


def test_keys_keep_their_leading_zeros_and_texts_their_letters(home: Home, put: Put) -> None:
    put("orders", f"{ORDER_HEADER},postal_code,lot_code\n0007,01,2024-03-01,000123,1,5,01000,Ærø “é”\n")
    take_all(home)
    assert landed(home, "orders", "order_id, line_number, sku, postal_code, lot_code") == [
        ("0007", "01", "000123", "010", "Ærø “é”")
    ]


def test_the_same_bytes_have_no_effect(home: Home, put: Put) -> None:
    put("orders", f"{ORDER_HEADER}\n{ORDER}\n{ORDER.replace('SKU-1', '')}\n")
    (first,) = take_all(home)
    before = sorted(path for path in home.landing.rglob("*"))
    again = put("orders", f"{ORDER_HEADER}\n{ORDER}\n{ORDER.replace('SKU-1', '')}\n", "other-name.csv")
    (second,) = take_all(home)
    assert second.already == first.delivery_id
    assert not again.exists()
    assert sorted(path for path in home.landing.rglob("*")) == before


def test_equal_rows_are_duplicates_and_new_content_is_a_new_version(home: Home, put: Put) -> None:
    changed = ORDER.replace("100.00", "90")
    put("orders", f"{ORDER_HEADER}\n{ORDER}\n{ORDER}\n", "1.csv")
    # Written otherwise, the same content: trailing zeros, a zone, blanks, another order of columns.
    names = list(reversed(ORDER_HEADER.split(",")))
    same = "100.0000,01,SKU-1,2024-03-01T09:00:00Z,1, O1 "
    put("orders", f"{','.join(names)}\n{same}\n{','.join(reversed(changed.split(',')))}\n", "2.csv")
    counts = [count for delivery in take_all(home) for count in delivery.counts]
    assert [(count.rows_loaded, count.rows_duplicate) for count in counts] == [(1, 1), (1, 1)]
    assert landed(home, "orders", "order_id, unit_price_eur::text") == [("O1", "100.0000"), ("O1", "90.0000")]


def test_a_file_taken_leaves_a_copy_and_a_receipt_in_the_archive(home: Home, put: Put) -> None:
    path = put("orders", gzip.compress(f"{ORDER_HEADER}\n{ORDER}\n".encode()), "mars.csv.gz")
    take_all(home)
    assert not path.exists()
    copies = sorted(item.name.split("-", 1)[1] for item in (home.archive / "orders").iterdir())
    assert copies == ["mars.json", "mars.parquet"]


def test_parquet_with_the_same_columns_lands_the_same_rows(home: Home, put: Put, tmp_path: Path) -> None:
    put("orders", f"{ORDER_HEADER},serial_numbers\n{ORDER},A|B\n")
    parquet = home.inbox / "orders" / "z.parquet"
    with duckdb.connect() as connection:
        connection.execute(
            "copy (select 'O1' as order_id, '1' as line_number, timestamp '2024-03-01 10:00:00' as "
            "contract_at, "
            "'SKU-1' as sku, 1 as quantity, 100.0::double as unit_price_eur, ['A', 'B'] as serial_numbers) "
            f"to '{parquet}' (format parquet)"
        )
    assert [(c.rows_loaded, c.rows_duplicate) for d in take_all(home) for c in d.counts] == [(1, 0), (0, 1)]


def test_a_dry_run_says_what_would_happen_and_writes_nothing(home: Home, put: Put) -> None:
    path = put("orders", f"{ORDER_HEADER}\n{ORDER}\nO2,1,2024-03-01,S,-1,5\nO3,1,2024-03-01,S,-1,5\n")
    before = sorted(home.root.rglob("*"))
    result = check(home, path, "orders")
    assert sorted(home.root.rglob("*")) == before
    assert [(c.rows_read, c.rows_loaded, c.rows_quarantined) for c in result.delivery.counts] == [(3, 1, 2)]
    assert result.reasons == (("quantity is “-1”, below the smallest allowed value 1: correct it", 2),)
    assert [row["order_id"] for row in result.rows["orders"]] == ["O1"]


def test_a_dry_run_of_an_unreadable_file_gives_its_sentence(home: Home, put: Put) -> None:
    result = check(home, put("orders", b""), "orders")
    assert result.delivery.refusal is not None
    assert "is empty" in result.delivery.refusal
    with pytest.raises(UnknownSourceError, match="commandes is not a source: use one of products"):
        check(home, home.inbox, "commandes")


def test_two_builds_cannot_take_files_at_once(home: Home, put: Put) -> None:
    path = put("orders", f"{ORDER_HEADER}\n{ORDER}\n")
    with locked(home), pytest.raises(DoorBusyError, match="Another build is taking files"):
        take(home, path, "orders")
    assert take(home, path, "orders").counts[0].rows_loaded == 1


def test_one_source_can_be_taken_alone(home: Home, put: Put) -> None:
    put("orders", f"{ORDER_HEADER}\n{ORDER}\n")
    put("products", "sku,family_code\nA,mower\n")
    assert [delivery.source for delivery in take_all(home, source="products")] == ["products"]
    assert [file.source for file in waiting(home)] == ["orders"]


# Rows that meet often in their keys, some good, some refused.
rows = st.lists(
    st.tuples(
        st.sampled_from(["O1", "O2", "007", ""]),
        st.sampled_from(["1", "2"]),
        st.sampled_from(["2024-03-01", "2024-03-31T02:30:00", "2024-03-01T10:00:00+05:00", "soon"]),
        st.sampled_from(["SKU-1", 'é,"x"', "two\nlines"]),
        st.sampled_from(["1", "2.0", "-1", "x"]),
        st.sampled_from(["5", "5.0000", "4.99999", ""]),
        st.sampled_from(["", "card", "gold"]),
        st.sampled_from(["", "2024-04-01"]),
        st.sampled_from(["", "L1", " "]),
        st.sampled_from(["", "2024-05-01", "2024-05-02"]),
    ),
    min_size=1,
    max_size=25,
)


def delivered(parts: list[list[tuple[str, ...]]]) -> tuple[list[tuple], int]:
    """What lies in a fresh home after these deliveries, and how many rows were refused.

    Counts add up each time.
    """
    with tempfile.TemporaryDirectory() as folder:
        home = Home(Path(folder)).make()
        refused = 0
        for place, part in enumerate(parts):
            text = io.StringIO()
            csv.writer(text, lineterminator="\n").writerows([HEADER, *part])
            path = home.inbox / "orders" / f"{place}.csv"
            path.parent.mkdir(exist_ok=True)
            path.write_text(text.getvalue(), encoding="utf-8")
            delivery = take(home, path, "orders")
            for count in delivery.counts:
                assert count.is_conserved
                assert count.rows_read == len(part)
                refused += count.rows_quarantined
        return landed(home, "orders", CONTENT), refused


@settings(deadline=None, max_examples=15)
@given(rows, st.randoms(use_true_random=False), st.integers(1, 3))
def test_rows_land_the_same_in_any_order_split_or_repetition(
    given_rows: list[tuple[str, ...]], chance: random.Random, pieces: int
) -> None:
    whole, refused = delivered([given_rows])
    shuffled = chance.sample(given_rows, len(given_rows))
    parts = [part for piece in range(pieces) if (part := shuffled[piece::pieces])]
    again, refused_again = delivered([*parts, given_rows])
    assert again == whole
    assert refused <= refused_again <= 2 * refused
