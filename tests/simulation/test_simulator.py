"""The same arguments give the same bytes; blocks do not know of each other; nothing is half written."""

from __future__ import annotations

import datetime as dt
import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

from pipelines.errors import SavoirError
from pipelines.home import PROJECT_DIR, Home
from pipelines.simulation import simulate
from pipelines.simulation.blocks import block_of
from pipelines.simulation.simulator import scene_for
from pipelines.simulation.writing import FEEDS
from tests.simulation.conftest import BUSY, END, Simulated, simulated

LINES = 6_000


def digests(home: Home) -> dict[str, str]:
    """Content hash of every file under the home's inbox and truth."""
    paths = sorted(p for folder in (home.inbox, home.truth) for p in folder.rglob("*") if p.is_file())
    return {str(path.relative_to(home.root)): hashlib.sha256(path.read_bytes()).hexdigest() for path in paths}


def test_the_same_arguments_give_the_same_bytes(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
    one = simulated(tmp_path / "one", LINES, 5, BUSY)
    two = simulated(tmp_path / "two", LINES, 5, BUSY)
    assert digests(one.home) == digests(two.home)


def test_another_seed_gives_another_world(tmp_path: Path) -> None:
    found = []
    for seed in (1, 2):
        home = Home.at(tmp_path / str(seed))
        simulate(home, 500, seed, END)
        found.append(
            {path.name.replace(f"-{seed}-500-", "-"): path.read_bytes() for path in home.inbox.rglob("*.csv")}
        )
    assert found[0].keys() == found[1].keys()
    assert all(found[0][name] != found[1][name] for name in found[0])


def test_the_number_of_threads_changes_no_byte(tmp_path: Path) -> None:
    code = (
        "import datetime, sys; from pipelines.home import Home; from pipelines.simulation import simulate; "
        f"simulate(Home.at(sys.argv[1]), {LINES}, 9, datetime.date(2026, 11, 22))"
    )
    found = []
    for threads in ("1", "4"):
        home = Home.at(tmp_path / threads)
        environment = {**os.environ, "POLARS_MAX_THREADS": threads, "PYTHONPATH": str(PROJECT_DIR)}
        subprocess.run([sys.executable, "-c", code, str(home.root)], check=True, env=environment)
        found.append(digests(home))
    assert found[0] == found[1]


def test_a_block_is_the_same_whichever_was_drawn_before(busy_shop: Simulated) -> None:
    scene = scene_for(60_000, 11, END, busy_shop.home.root.parent / "scenario.yml")
    second = block_of(scene, 1)
    block_of(scene, 0)
    again = block_of(scene, 1)
    for feed, frame in second.feeds.items():
        assert frame.equals(again.feeds[feed])
    keys = {key for (key,) in busy_shop.rows("select ticket_id from tickets")}
    assert set(second.feeds["tickets"]["ticket_id"]) <= keys


def test_the_summary_counts_what_is_in_the_files(shop: Simulated) -> None:
    for feed in FEEDS:
        rows = shop.row(f"select count(*) from all_{feed}")
        assert rows == (shop.summary.rows[feed],)
    assert sorted(shop.summary.files) == sorted(shop.home.inbox.rglob("*.csv"))
    assert sorted(shop.summary.truth_files) == sorted(shop.home.truth.rglob("*"))
    assert not list(shop.home.root.rglob("*.part"))


def test_the_asked_number_of_order_lines_is_written(shop: Simulated) -> None:
    sold = "order_id not in (select replacement_order_id from tickets where replacement_order_id is not null)"
    assert shop.row(f"select count(*) from orders where {sold}") == (20_000,)


def test_truth_holds_the_parameters_as_they_were_used(busy_shop: Simulated) -> None:
    rows = busy_shop.rows("select value, mark from true_parameters where parameter = 'paypal_case_rate'")
    assert rows == [("0.5", "scenario")]
    changed = busy_shop.row("select count(*) from true_parameters where mark = 'scenario'")
    assert changed == (8,)


def test_progress_says_how_far_it_is(tmp_path: Path) -> None:
    said: list[str] = []
    simulate(Home.at(tmp_path), 200, 1, END, None, said.append)
    assert said[-1] == "simulated 200 of 200 order lines"


def test_impossible_arguments_are_refused_in_words(tmp_path: Path) -> None:
    with pytest.raises(SavoirError, match="--lines 0"):
        simulate(Home.at(tmp_path), 0, 1, END)
    with pytest.raises(SavoirError, match="--seed -1"):
        simulate(Home.at(tmp_path), 10, -1, END)


def test_one_order_line_is_a_world_too(tmp_path: Path) -> None:
    summary = simulate(Home.at(tmp_path), 1, 1, END)
    assert summary.rows["orders"] >= 1


def test_old_regimes_can_be_simulated(tmp_path: Path) -> None:
    old = simulated(tmp_path, 8_000, 4, None, dt.date(2017, 6, 30))
    first, last = old.row("select min(contract_at)::date, max(contract_at)::date from orders")
    assert first.year == 2013
    assert last <= dt.date(2017, 6, 30)
    late = old.row(
        "select count(*) from tickets as t join true_tickets as x using (ticket_id) "
        "where x.is_in_warranty and t.requested_at::date > x.warranty_end_on"
    )
    # Contracts before 2022: the claim must come within the guarantee, not only the defect.
    assert late == (0,)
