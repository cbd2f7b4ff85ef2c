"""Tables as the contracts declare them: the YAML gives columns and types, a test fills what it speaks of.

A column that a test does not give is empty; one that no contract knows is an error. So a new column or mart
changes no test that does not read it.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path

import duckdb
import polars as pl
import yaml

MODELS = Path(__file__).resolve().parents[1] / "dbt" / "models"
LAYERS = ("marts", "meta")


@cache
def contracts() -> Mapping[tuple[str, str], Mapping[str, str]]:
    """Column types of every public table, by schema and table."""
    found: dict[tuple[str, str], dict[str, str]] = {}
    for layer in LAYERS:
        for path in sorted((MODELS / layer).rglob("*.yml")):
            for model in yaml.safe_load(path.read_text(encoding="utf-8")).get("models", []):
                name = model["name"].removeprefix("meta_")
                types = {column["name"]: column["data_type"] for column in model["columns"]}
                found[layer, name] = types
    return found


def create(con: duckdb.DuckDBPyConnection) -> None:
    """Every public table, empty."""
    for layer in LAYERS:
        con.execute(f"create schema if not exists {layer}")
    for (layer, table), types in contracts().items():
        columns = ", ".join(f'"{name}" {_sql_type(of)}' for name, of in types.items())
        con.execute(f"create table {layer}.{table} ({columns})")


def fill(con: duckdb.DuckDBPyConnection, table: str, frame: pl.DataFrame, layer: str = "marts") -> None:
    """Rows into a table that `create` made, by the names of their columns."""
    unknown = sorted(set(frame.columns) - set(contracts()[layer, table]))
    if unknown:
        raise KeyError(f"{layer}.{table} has no column {', '.join(unknown)}: see its YAML.")
    con.register("given", frame.to_arrow())
    con.execute(f"insert into {layer}.{table} by name from given")
    con.unregister("given")


def _sql_type(declared: str) -> str:
    return "varchar" if declared == "string" else declared
