"""The engine of one run: one DuckDB connection for all files, its limits, and the secret for customers.

Belongs here: settings of the connection and the smallest ways to ask it. Does not belong here: any statement.
"""

from __future__ import annotations

import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass

import duckdb

from pipelines.feeds import sql
from pipelines.feeds.files import MAX_INFLATED_BYTES
from pipelines.feeds.key_fingerprint import checked_customer_key
from pipelines.feeds.personal import register
from pipelines.home import Home

MEMORY_LIMIT = "3GB"


@dataclass(frozen=True)
class Engine:
    """One connection, the secret for customers, and how far an archive may unpack."""

    connection: duckdb.DuckDBPyConnection
    key: bytes
    max_inflated_bytes: int

    def number(self, query: str) -> int:
        """The one number that a query gives; of a COPY, the rows written."""
        row = self.connection.execute(query).fetchone()
        return int(row[0]) if row else 0

    def records(self, query: str) -> list[dict[str, object]]:
        """A query's rows by column name."""
        cursor = self.connection.execute(query)
        names = [item[0] for item in cursor.description or ()]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


@contextmanager
def engine(
    home: Home, may_make_key: bool = True, max_inflated_bytes: int = MAX_INFLATED_BYTES
) -> Generator[Engine]:
    """An engine for as long as the block runs; what it spills is encrypted (it may be personal) and then
    gone.
    """
    key = checked_customer_key(home, create=may_make_key)
    with tempfile.TemporaryDirectory(prefix="savoir-spill-") as spill, duckdb.connect() as connection:
        # UTC: a time with an offset is stored as UTC whatever the machine's own zone.
        connection.execute(
            f"set TimeZone = 'UTC'; set memory_limit = {sql.text(MEMORY_LIMIT)}; "
            f"set temp_directory = {sql.text(spill)}; set temp_file_encryption = true; set "
            "enable_progress_bar = false"
        )
        register(connection, key)
        yield Engine(connection, key, max_inflated_bytes)
