"""Builds of the dbt project over hand-written landings, and the parsed project."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest
import yaml

from pipelines.home import DBT_DIR, Home
from pipelines.orchestration.manifest import prepared
from tests.models import build_models

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Built:
    """A finished build: query its file."""

    home: Home

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """The rows of one query over the build file."""
        with duckdb.connect(str(self.home.build_file), read_only=True) as con:
            return con.execute(query).fetchall()

    def one(self, query: str) -> Any:
        """The single value of one query."""
        return self.rows(query)[0][0]


def contract() -> dict[str, list[tuple[str, str]]]:
    """The columns and types of every raw table, as the contract declares them."""
    text = (DBT_DIR / "models" / "staging" / "_sources.yml").read_text(encoding="utf-8")
    tables = yaml.safe_load(text)["sources"][0]["tables"]
    return {
        table["name"]: [(column["name"], column["data_type"]) for column in table["columns"]]
        for table in tables
    }


def land(home: Home, delivery_id: str, feed: str, rows: Sequence[Row]) -> None:
    """Write rows as one delivery of a feed, typed by the contract; what a row leaves out is unknown."""
    folder = home.landing / delivery_id
    folder.mkdir(parents=True, exist_ok=True)
    texts = []
    for row in rows:
        known = {name: None if value is None else str(value) for name, value in row.items()}
        texts.append({"_content_hash": json.dumps(known, sort_keys=True), **known})
    frame = pl.DataFrame(texts, infer_schema_length=None)
    typed = [
        f"cast({name if name in frame.columns else 'null'} as {kind}) as {name}"
        for name, kind in contract()[feed]
    ]
    own = [f"'{delivery_id}' as _delivery_id", "row_number() over () + 1 as _file_row", "_content_hash"]
    if "_exported_at" in frame.columns:
        own.append("cast(_exported_at as timestamp) as _exported_at")
    target = str(folder / f"{feed}.parquet").replace("'", "''")
    with duckdb.connect() as con:
        con.register("frame", frame.to_arrow())
        con.execute(f"copy (select {', '.join(typed + own)} from frame) to '{target}'")


@pytest.fixture(scope="session")
def manifest() -> dict[str, Any]:
    """The parsed project."""
    return prepared().manifest


@pytest.fixture
def build(tmp_path: Path) -> Callable[..., Built]:
    """Builds models without their tests over a folder's landing: `build("home", "+fct_claims", as_of=…)`."""

    def built(name: str, *selected: str, **variables: str) -> Built:
        home = Home.at(tmp_path / name).make()
        home.build_file.unlink(missing_ok=True)
        build_models(home, tmp_path / "target", *selected, **variables)
        return Built(home)

    return built
