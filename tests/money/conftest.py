"""One simulated retailer, built once; some work is hidden from the feeds, to test the estimates against."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from pathlib import Path

import duckdb
import polars as pl
import pytest

from pipelines.feeds import door
from pipelines.home import Home
from pipelines.simulation.simulator import simulate
from tests.models import build_models

END = dt.date(2026, 10, 31)
HIDDEN = ("labour_minutes", "parts_cost_eur", "quoted_total_eur")


@dataclass(frozen=True)
class Workshop:
    """A built warehouse, and what the feeds did not say."""

    build_file: Path
    repairs: pl.DataFrame
    """The repairs feed as it was before amounts were hidden, with is_hidden."""
    truth: pl.DataFrame
    """True costs of both remedies by ticket_id."""

    def rows(self, query: str) -> list[dict[str, object]]:
        """Rows of the warehouse as dicts."""
        with duckdb.connect(str(self.build_file), read_only=True) as connection:
            cursor = connection.execute(query)
            names = [column[0] for column in cursor.description or []]
            return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def _hide_work(inbox: Path) -> pl.DataFrame:
    """Blank labour, parts and quote of every fourth ticket's repair orders; return them as they were."""
    before = []
    for path in sorted((inbox / "repairs").glob("*.csv")):
        frame = pl.read_csv(path, infer_schema_length=0)
        ticket_number = pl.col("ticket_id").str.extract(r"(\d+)$").cast(pl.Int64)
        frame = frame.with_columns(is_hidden=(ticket_number % 4 == 0).fill_null(value=False))
        before.append(frame)
        frame.with_columns(
            [pl.when("is_hidden").then(None).otherwise(pl.col(name)).alias(name) for name in HIDDEN]
        ).drop("is_hidden").write_csv(path)
    return pl.concat(before, how="diagonal").unique("repair_id", keep="last", maintain_order=True)


@pytest.fixture(scope="session")
def workshop(tmp_path_factory: pytest.TempPathFactory) -> Workshop:
    """16,000 order lines: about 600 repairs and 230 replacements, the work of a quarter of them hidden."""
    home = Home.at(tmp_path_factory.mktemp("money")).make()
    simulate(home, lines=16_000, seed=11, end=END)
    repairs = _hide_work(home.inbox)
    door.take_all(home)
    target = tmp_path_factory.mktemp("target")
    build_models(home, target, "+fct_remedy_costs", "+fct_claims", "+fct_repairs", "+fct_order_lines")
    truth = pl.read_parquet(home.truth / "tickets.parquet")
    return Workshop(build_file=home.build_file, repairs=repairs, truth=truth)
