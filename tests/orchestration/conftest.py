"""A small code location: the toy dbt project beside this file, and a door that lands what a test gives it."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import dagster as dg
import duckdb
import pytest

from pipelines.feeds.results import Delivery, FeedCounts
from pipelines.home import Home

Door = Callable[[Home, Callable[[str], None]], Sequence[Delivery]]
DoorOf = Callable[..., Door]
TOY_DBT = Path(__file__).with_name("toy_dbt")


@pytest.fixture(autouse=True)
def own_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """What preparing an instance writes into the environment ends with the test."""
    for name in ("SAVOIR_HOME", "DAGSTER_HOME", "DBT_PROJECT_DIR"):
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home.at(tmp_path / "home").make()


@pytest.fixture(scope="session")
def toy_project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy, so that what parsing leaves stays out of the checkout; parsed once for all tests."""
    return Path(shutil.copytree(TOY_DBT, tmp_path_factory.mktemp("toy") / "dbt"))


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as instance:
        yield instance


@pytest.fixture
def door_of() -> DoorOf:
    """A door that lands these orders, and tells of them."""

    def door_of(orders: Sequence[tuple[str | None, int | None]], *, lost: int = 0, refused: int = 0) -> Door:
        def door(home: Home, progress: Callable[[str], None]) -> Sequence[Delivery]:
            folder = home.landing / "delivery-1"
            folder.mkdir(parents=True, exist_ok=True)
            with duckdb.connect() as con:
                con.execute("create table orders (order_id varchar, quantity bigint)")
                con.executemany("insert into orders values (?, ?)", list(orders))
                con.execute(f"copy orders to '{folder / 'orders.parquet'}' (format parquet)")
            progress(f"landed {len(orders)} orders")
            counts = FeedCounts("orders", len(orders) + lost + refused, len(orders), 0, refused, 0)
            return [Delivery("orders", "orders.csv", "delivery-1", (counts,))]

        return door

    return door_of
