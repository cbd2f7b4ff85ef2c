"""The hand-made snapshot speaks the marts' language: else tests of pages would prove nothing about them."""

from __future__ import annotations

from types import ModuleType

import yaml

from pipelines.queries.snapshot import Snapshot

# DuckDB's names of the types in the contracts.
_SAME = {"string": "VARCHAR", "bigint": "BIGINT", "boolean": "BOOLEAN", "date": "DATE", "double": "DOUBLE"}


def test_every_column_of_the_small_home_is_in_the_contract_of_its_mart(
    snapshot: Snapshot, small_home_builder: ModuleType
) -> None:
    models = [
        model
        for path in small_home_builder.MARTS.rglob("*.yml")
        for model in yaml.safe_load(path.read_text(encoding="utf-8")).get("models", [])
    ]
    contract = {
        (model["name"], column["name"]): column["data_type"]
        for model in models
        for column in model["columns"]
    }
    made = snapshot.rows(
        "select table_name, column_name, data_type from duckdb_columns() where schema_name = 'marts'"
    )
    strangers = []
    for table, column, data_type in made.iter_rows():
        declared = contract.get((table, column), "")
        money = declared.startswith("decimal") and data_type == "DOUBLE"
        whole = declared == "bigint" and data_type in ("INTEGER", "BIGINT")
        if not (money or whole or _SAME.get(declared) == data_type):
            strangers.append(f"{table}.{column}: {data_type} here, {declared or 'nothing'} in the contract")
    assert strangers == []
