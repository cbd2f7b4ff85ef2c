"""The hand-made snapshot has the contracts' tables: else tests of pages would prove nothing."""

from __future__ import annotations

from types import ModuleType

import duckdb
import polars as pl
import pytest

from pipelines.queries.snapshot import Snapshot

# DuckDB's name of the contracts' one type that it calls otherwise.
_SAME = {"string": "varchar"}


def test_the_small_home_has_every_public_table_with_the_columns_of_its_contract(
    snapshot: Snapshot, small_home_builder: ModuleType
) -> None:
    made: dict[tuple[str, str], dict[str, str]] = {}
    for layer, table, column, data_type in snapshot.rows(
        "select schema_name, table_name, column_name, lower(data_type) from duckdb_columns()"
        " where schema_name in ('marts', 'meta') order by column_index"
    ).iter_rows():
        made.setdefault((layer, table), {})[column] = data_type
    contracts = small_home_builder.contract_tables.contracts()
    assert len(contracts) > 20
    for key, columns in contracts.items():
        expected = {name: _SAME.get(of, of).replace(" ", "") for name, of in columns.items()}
        assert {name: of.replace(" ", "") for name, of in made[key].items()} == expected, key


def test_a_column_that_no_contract_knows_is_refused_and_one_not_given_is_empty(
    small_home_builder: ModuleType,
) -> None:
    tables = small_home_builder.contract_tables
    with duckdb.connect() as con:
        tables.create(con)
        with pytest.raises(KeyError, match=r"marts\.dim_products has no column colour"):
            tables.fill(con, "dim_products", pl.DataFrame({"sku": ["A"], "colour": ["red"]}))
        tables.fill(con, "dim_products", pl.DataFrame({"sku": ["A"], "family_code": ["mower"]}))
        row = con.execute("select sku, family_code, product_name from marts.dim_products").fetchall()
    assert row == [("A", "mower", None)]
