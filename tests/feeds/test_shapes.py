"""A shape reorders text and nothing else: every source row is accounted for, nothing outside is reached."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from pipelines.feeds import MappingError, sources, take_all
from pipelines.feeds.shaping import ShapeError, shape_of
from pipelines.home import Home
from tests.feeds.conftest import landed

Put = Callable[..., Path]


def use(home: Home, text: str, name: str = "shop") -> None:
    (home.mappings / f"{name}.yml").write_text(text, encoding="utf-8")


FILL_DOWN = """
columns: [Name, Created, Sku, Qty, Price]
ignored: [Zip]
shape: |
  select Name, first_value(Created ignore nulls) over whole as Created, Sku, Qty, Price,
    first_value(Zip ignore nulls) over whole as Zip, _row
  from orders
  window whole as (partition by Name order by _row rows between unbounded preceding and unbounded following)
feeds:
  orders:
    identity: [Name, Sku]
    columns: {order_id: {from: Name, remove: "^#"}, contract_at: Created, sku: Sku, quantity: Qty,
              unit_price_eur: Price, postal_code: Zip}
"""


def test_blank_continuation_rows_inherit_their_order(home: Home, put: Put) -> None:
    use(home, FILL_DOWN)
    put("shop", "Name,Created,Sku,Qty,Price\n#7,2026-05-01,A,1,10.00\n#7,,B,2,5.00\n#8,2026-05-02,A,1,9\n")
    (delivery,) = take_all(home)
    assert not delivery.is_refused
    assert landed(home, "orders", "order_id, sku, quantity, cast(contract_at as text), _file_row") == [
        ("7", "A", 1, "2026-04-30 22:00:00", 2),
        ("7", "B", 2, "2026-04-30 22:00:00", 3),
        ("8", "A", 1, "2026-05-01 22:00:00", 4),
    ]


UNPIVOT = """
columns: [id, day, item_1]
shape: |
  select id, day, split_part(item, ':', 1) as sku, split_part(item, ':', 2) as quantity, _row
  from (unpivot file on columns('item_[0-9]+') into name place value item)
feeds:
  orders:
    identity: [id, sku]
    columns: {order_id: id, contract_at: day, sku: sku, quantity: quantity, unit_price_eur: {constant: 1}}
"""


def test_items_in_columns_become_rows_and_a_row_without_any_is_named(home: Home, put: Put) -> None:
    use(home, UNPIVOT)
    put(
        "shop",
        "id,day,item_1,item_2\n1,2026-05-01,A:1,A:2\n2,2026-05-01,,\n3,2026-05-01,B:3,\n4,2026-05-01\n",
    )
    (delivery,) = take_all(home)
    assert delivery.findings == ("file.csv: 1 of 4 records stand in no row that the shape gives (line 3).",)
    (count,) = delivery.counts
    assert (count.rows_read, count.rows_loaded, count.rows_quarantined) == (4, 3, 1)
    rows = landed(home, "orders", "order_id, right(line_number, 1), sku, quantity, _file_row")
    assert rows == [("1", "1", "A", 1, 2), ("1", "2", "A", 2, 2), ("3", "1", "B", 3, 4)] or rows == [
        ("1", "1", "A", 1, 2),
        ("1", "1", "A", 2, 2),
        ("3", "1", "B", 3, 4),
    ]
    assert len(landed(home, "orders", "distinct order_id, line_number")) == 3


JOIN = """
files: {orders: "orders*.csv", details: "orders_details*.csv"}
columns: [id, day, id_order, sku, qty, price]
shape: |
  select o.id, o.day, d.sku, d.qty, d.price, [o._row, d._row] as _rows
  from orders as o join details as d on d.id_order = o.id
feeds:
  orders:
    identity: [id, sku]
    columns: {order_id: id, contract_at: day, sku: sku, quantity: qty, unit_price_eur: price}
"""


def test_a_set_of_files_waits_until_it_is_whole_and_then_is_one_delivery(home: Home, put: Put) -> None:
    use(home, JOIN)
    put("shop", "id,day\n1,2026-05-01\n2,2026-05-02\n", "orders_may.csv")
    put("shop", "id,day\n9,2026-04-01\n", "orders_april.csv")
    waiting = {str(delivery.refusal) for delivery in take_all(home)}
    assert waiting == {
        "orders_may.csv waits for orders_details_may.csv: the set is not complete yet.",
        "orders_april.csv waits for orders_details_april.csv: the set is not complete yet.",
    }
    put("shop", "id_order,sku,qty,price\n1,A,1,5\n1,B,2,6\n7,C,1,1\n", "orders_details_may.csv")
    done = [delivery for delivery in take_all(home) if delivery.refusal is None]
    assert [delivery.file_name for delivery in done] == ["orders_may.csv + orders_details_may.csv"]
    assert done[0].findings == (
        "orders_may.csv: 1 of 2 records stand in no row that the shape gives (line 3).",
        "orders_details_may.csv: 1 of 3 records stand in no row that the shape gives (line 4).",
    )
    assert landed(home, "orders", "order_id, sku, quantity") == [("1", "A", 1), ("1", "B", 2)]
    assert [path.name for path in (home.inbox / "shop").iterdir()] == ["orders_april.csv"]


@pytest.mark.parametrize(
    ("query", "why"),
    [
        ("select * from read_csv('/etc/passwd')", "calls read_csv()"),
        ("select * from '/etc/passwd'", "reads /etc/passwd"),
        ("select *, now() as n from f", "calls now(), whose answer changes"),
        ("select *, current_date as d from f", "asks for current_date"),
        ("select *, random() as r from f", "calls random()"),
        ("select *, uuid() as r from f", "calls uuid()"),
        ("select *, lag(a) over (partition by a) as b from f", "over rows without an order"),
        ("select string_agg(a) as a, min(_row) as _row from f", "without an order"),
        ("select any_value(a) as a, _row from f group by _row", "without an order"),
        ("select * from f limit 3", "a limit without an order"),
        ("select * from f using sample 3", "takes a sample"),
        ("select 1; select 2", "several statements"),
        ("copy f to 'x.csv'", "not a select that can be read"),
        ("install httpfs", "not a select that can be read"),
        ("select getenv('HOME') as h, _row from f", "getenv"),
    ],
)
def test_a_shape_that_reaches_out_or_changes_its_mind_is_refused(home: Home, query: str, why: str) -> None:
    with pytest.raises(ShapeError):
        shape_of(query)
    use(home, f'shape: "{query}"\nfeeds: {{products: {{columns: {{sku: a, family_code: a}}}}}}\n')
    with pytest.raises(MappingError) as error:
        sources(home)["shop"]
    assert why in str(error.value)
    assert "shop.yml, line 1: shape" in str(error.value)


def test_lists_of_rows_and_ordered_lists_are_fine() -> None:
    assert shape_of("select list(_row) as _rows, list(a order by a) as a from f group by b").tables == ("f",)


@pytest.mark.parametrize(
    ("query", "why"),
    [
        ("select a from f", "does not keep _row"),
        ("select a, 99 as _row from f", "gives _row 99, which is not a row of the file"),
        ("select a, null as _row from f", "no source row accounts for them"),
        ("select b, _row from f", 'cannot be run on this file (Referenced column "b"'),
        ("select a as c, _row from f", "gives no column a, which its feeds read: it gives c"),
    ],
)
def test_a_shape_that_does_not_fit_its_file_refuses_the_file(
    home: Home, put: Put, query: str, why: str
) -> None:
    use(home, f'shape: "{query}"\nfeeds: {{products: {{columns: {{sku: a, family_code: a}}}}}}\n')
    put("shop", "a\n1\n")
    (delivery,) = take_all(home)
    assert why in str(delivery.refusal)


def test_columns_may_differ_in_nothing_but_case(home: Home, put: Put) -> None:
    use(
        home,
        'shape: "select ID_2 as a, _row from f"\nfeeds: {products: {columns: {sku: a, family_code: a}}}\n',
    )
    put("shop", "Id,ID\n1,A\n")
    take_all(home)
    assert landed(home, "products", "sku") == [("A",)]
