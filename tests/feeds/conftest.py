"""A home of its own for each test, and the smallest canonical files."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from pipelines.feeds.landing import feed_files, files_sql
from pipelines.home import Home

ORDER_HEADER = "order_id,line_number,contract_at,sku,quantity,unit_price_eur"
ORDER = "O1,1,2024-03-01T10:00:00,SKU-1,1,100.00"


@pytest.fixture(autouse=True)
def _customer_key(monkeypatch: pytest.MonkeyPatch) -> None:
    """One key for all tests, so that hashes may be compared between homes."""
    monkeypatch.setenv("SAVOIR_CUSTOMER_KEY", "a key that only tests know")


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """An empty home."""
    return Home(tmp_path / "home").make()


@pytest.fixture
def put(home: Home) -> Callable[..., Path]:
    """Write a file into the inbox: `put("orders", text)`."""

    def write(source: str, content: str | bytes, name: str = "file.csv", encoding: str = "utf-8") -> Path:
        path = home.inbox / source / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode(encoding))
        return path

    return write


def landed(home: Home, table: str, columns: str = "*", order: str = "all") -> list[tuple]:
    """The landed rows of a feed or journal, over all deliveries."""
    paths = feed_files(home, table)
    if not paths:
        return []
    with duckdb.connect() as connection:
        return connection.execute(f"select {columns} from {files_sql(paths)} order by {order}").fetchall()
