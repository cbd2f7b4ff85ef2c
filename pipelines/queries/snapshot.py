"""Opens the published snapshot read-only and runs one query per cursor on it.

The `current.duckdb` link is resolved before opening, so that a publish in between never mixes two snapshots;
DuckDB connections shared between threads give wrong answers, so each query takes its own cursor.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import polars as pl

from pipelines.errors import SavoirError
from pipelines.home import Home
from pipelines.queries.grants import Grant, open_granted


class SnapshotMissingError(SavoirError):
    """Nothing has been published in this home yet, or it cannot be read."""


class SnapshotOutdatedError(SavoirError):
    """The published file lacks a table or a column that is asked for: another version built it."""


@dataclass(frozen=True)
class Snapshot:
    """One published file, held open. Two snapshots are the same data exactly when path and grant are."""

    path: Path
    connection: duckdb.DuckDBPyConnection
    grant: Grant | None = None

    def rows(self, sql: str, parameters: Sequence[Any] = ()) -> pl.DataFrame:
        """The answer to one query, on a cursor of its own."""
        cursor = self.connection.cursor()
        try:
            cursor.execute(sql, list(parameters))
            return pl.DataFrame(cursor.to_arrow_table())
        except (duckdb.CatalogException, duckdb.BinderException) as error:
            raise SnapshotOutdatedError(
                f"The published file {self.path.name} lacks what is asked here "
                f"({str(error).splitlines()[0]}). It was built by another version: run `savoir build` again."
            ) from error
        finally:
            cursor.close()

    def has(self, schema: str, table: str) -> bool:
        """Whether the snapshot holds this table: marts come with later issues, pages ask before they show."""
        found = self.rows(
            "select count(*) as tables from information_schema.tables "
            "where table_catalog = current_database() and table_schema = ? and table_name = ?",
            [schema, table],
        )
        return found.item() > 0

    def close(self) -> None:
        """Release the file. Cursors still running finish first."""
        self.connection.close()


def snapshot_path(home: Home) -> Path:
    """The file that `published/current.duckdb` points to now."""
    if not home.current.exists():
        raise SnapshotMissingError(
            f"Nothing has been published in {home.root} yet. "
            "Run `savoir build` (or `make demo` for a simulated retailer) and come back."
        )
    return home.current.resolve()


def open_snapshot(home: Home, grant: Grant | None = None) -> Snapshot:
    """The newest published snapshot of this home, read-only."""
    return open_file(snapshot_path(home), grant)


def open_file(path: Path, grant: Grant | None = None) -> Snapshot:
    """One snapshot file, read-only; with a grant, as far as it reaches."""
    try:
        if grant is None:
            connection = duckdb.connect(str(path), read_only=True)
        else:
            connection = open_granted(str(path), grant)
    except duckdb.Error as error:
        raise SnapshotMissingError(
            f"The published file {path} cannot be read ({str(error).splitlines()[0]}). "
            "Run `savoir build` again."
        ) from error
    if grant is None:
        connection.execute("set TimeZone = 'UTC'")
    return Snapshot(path, connection, grant)
