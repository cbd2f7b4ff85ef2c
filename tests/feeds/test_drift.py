"""What is far from what a source used to bring is said with its numbers; nothing is refused for it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from pipelines.feeds import Delivery, take_all
from pipelines.home import Home

Put = Callable[..., Path]

SHOP = """
columns: [id, day, price, pay]
ignored: [note]
feeds:
  orders:
    columns: {order_id: id, line_number: {constant: 1}, contract_at: day, sku: id, quantity: {constant: 1},
              unit_price_eur: price, payment_method: {from: pay, values: {CB: card}, else: unknown}}
"""


def send(home: Home, put: Put, month: int, rows: int = 4, price: str = "100", pay: str = "CB") -> Delivery:
    """One month's export."""
    lines = [f"{month}-{row},2026-{month:02}-01,{price},{pay}" for row in range(rows)]
    put("shop", "\n".join(["id,day,price,pay", *lines, ""]), f"m{month}.csv")
    (delivery,) = take_all(home)
    assert delivery.counts[0].rows_loaded == rows
    return delivery


def test_a_source_that_stays_itself_is_quiet(home: Home, put: Put) -> None:
    (home.mappings / "shop.yml").write_text(SHOP)
    assert [send(home, put, month, rows=4 + month).findings for month in range(1, 6)] == [()] * 5


def test_new_codes_volumes_and_amounts_are_said_with_their_numbers(home: Home, put: Put) -> None:
    (home.mappings / "shop.yml").write_text(SHOP)
    for month in (1, 2, 3):
        send(home, put, month)
    assert send(home, put, 4, pay="Troc").findings == (
        "m4.csv: pay holds codes never seen before: “Troc” (4 rows); list them in values.",
    )
    assert send(home, put, 5, pay="Troc").findings == ()
    assert send(home, put, 6, rows=40).findings == (
        "m6.csv: 40 rows of orders, where the source used to bring 4.",
    )
    (told,) = send(home, put, 7, price="10000").findings
    assert told.startswith("m7.csv: the middle unit_price_eur is 10,000.00, where it used to be 100.00")


def test_a_column_that_vanished_is_named(home: Home, put: Put) -> None:
    put("products", "sku,family_code,brand\nA,saw,X\n")
    take_all(home)
    put("products", "sku,family_code\nB,saw\n", "next.csv")
    (delivery,) = take_all(home)
    assert delivery.findings == ("next.csv: brand, which the file before had, is missing.",)
