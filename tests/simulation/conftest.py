"""Simulated homes that the tests of this folder read; their feeds as DuckDB tables of the newest versions."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pytest

from pipelines.home import Home
from pipelines.simulation import SimulationSummary, simulate
from pipelines.simulation.writing import FEEDS

END = dt.date(2026, 11, 22)
KEYS = {
    "products": "sku", "service_centers": "service_center_id", "orders": "order_id, line_number",
    "tickets": "ticket_id", "repairs": "repair_id",
}  # fmt: skip
BUSY = """
parameters:
  paypal_case_rate: 0.5
  paypal_order_share: 0.6
  breach_rate:
    VR03: 0.05
    VR09: 0.2
    VR10: 0.3
    VR13: 0.3
    VR22: 0.1
    VR01: 0.05
"""


@dataclass(frozen=True)
class Simulated:
    """One home, what was written, and a connection that shows feeds and truth."""

    home: Home
    summary: SimulationSummary
    con: duckdb.DuckDBPyConnection

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """All rows of a query."""
        return self.con.execute(query).fetchall()

    def row(self, query: str) -> tuple[Any, ...]:
        """The one row of a query."""
        (row,) = self.rows(query)
        return row


def opened(home: Home) -> duckdb.DuckDBPyConnection:
    """`<feed>` = newest version of each row; `all_<feed>` = every row; `true_<name>` = truth."""
    con = duckdb.connect()
    con.execute("set TimeZone = 'Europe/Paris'")
    for feed in FEEDS:
        pattern = home.inbox / feed / "*.csv"
        con.execute(
            f"create table all_{feed} as from read_csv('{pattern}', sample_size = -1, parallel = false)"
        )
        con.execute(
            f"create table {feed} as select distinct * from all_{feed} "
            f"qualify rank() over (partition by {KEYS[feed]} order by updated_at desc) = 1"
        )
    for path in home.truth.glob("*.parquet"):
        con.execute(f"create view true_{path.stem} as from '{path}'")
    return con


def simulated(folder: Path, lines: int, seed: int, scenario: str | None, end: dt.date = END) -> Simulated:
    """Simulate into the folder and open the result."""
    home = Home.at(folder / "home")
    path = None
    if scenario is not None:
        path = folder / "scenario.yml"
        path.write_text(scenario, encoding="utf-8")
    summary = simulate(home, lines, seed, end, path)
    return Simulated(home, summary, opened(home))


@pytest.fixture(scope="session")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Simulated:
    """Twenty thousand order lines with the parameters as they are."""
    return simulated(tmp_path_factory.mktemp("shop"), 20_000, 3, None)


@pytest.fixture(scope="session")
def busy_shop(tmp_path_factory: pytest.TempPathFactory) -> Simulated:
    """Sixty thousand lines over two blocks, with many PayPal cases and breaches: every code occurs."""
    return simulated(tmp_path_factory.mktemp("busy"), 60_000, 11, BUSY)
