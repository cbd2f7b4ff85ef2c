"""How a computed table is put where dbt reads it. Does not belong here: what is in it."""

from __future__ import annotations

import os

import polars as pl

from pipelines.home import Home


def write_table(home: Home, name: str, table: pl.DataFrame) -> None:
    """Write `reliability/<name>.parquet`, whole or not at all; the same rows give the same bytes."""
    home.reliability.mkdir(parents=True, exist_ok=True)
    path = home.reliability / f"{name}.parquet"
    # A name that dbt's pattern and Spark do not take for a table.
    draft = home.reliability / f".tmp-{name}"
    try:
        table.write_parquet(draft, compression="zstd", statistics=True)
        with draft.open("rb") as handle:
            os.fsync(handle.fileno())
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
