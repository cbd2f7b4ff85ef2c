"""What the machine does to a build is told in a sentence, leaves nothing half done, and heals by itself."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import dagster as dg
import polars as pl
import pytest

from pipelines.home import PROJECT_DIR, Home
from pipelines.lifetimes import writing
from pipelines.orchestration import run_build as building
from pipelines.orchestration.run_build import run_build
from pipelines.publishing import content_hashes

DoorOf = Callable[..., Any]
GOOD = [("a", 1), ("b", 2)]
FULL = "the disk is full: free some space, then start again. Nothing was lost or half done."


def half_written(home: Home) -> list[str]:
    """What a build that broke left of itself."""
    drafts = [path.name for path in home.root.rglob(".tmp-*")]
    return drafts + [path.name for path in home.warehouse.glob("build.duckdb*")]


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of its own, of 64 MB."""
    place = tmp_path / "disk"
    place.mkdir()
    mounted = ["mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", str(place)]
    if os.geteuid() != 0 or subprocess.run(mounted, capture_output=True, check=False).returncode:
        pytest.skip("mounting a file system takes root")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)  # noqa: S607


def remount(place: Path, option: str) -> None:
    subprocess.run(["mount", "-o", f"remount,{option}", str(place)], check=True)  # noqa: S607


def test_a_disk_that_fills_up_anywhere_in_a_build_is_a_sentence_and_heals(
    disk: Path, toy_project: Path, door_of: DoorOf
) -> None:
    home = Home.at(disk / "home").make()
    assert run_build(home, "2026-10-31", project_dir=toy_project, door=door_of(GOOD)).is_published
    last = home.current.resolve()
    met = set()
    for spare in (100, 700, 1400):
        used = os.statvfs(disk).f_blocks - os.statvfs(disk).f_bfree
        remount(disk, f"size={used * os.statvfs(disk).f_frsize // 1024 + spare}k")
        outcome = run_build(home, "2026-10-30", project_dir=toy_project, door=door_of(GOOD))
        if not outcome.is_published:
            assert FULL in outcome.reason.splitlines()[0]
            assert len(outcome.reason.splitlines()) == 1
            assert half_written(home) == []
            assert home.current.resolve() == last
            met.add(outcome.reason)
        last = home.current.resolve()
        assert content_hashes(last)
        remount(disk, "size=64m")
    assert met
    assert run_build(home, "2026-10-31", project_dir=toy_project, door=door_of(GOOD)).is_published


def test_a_home_that_became_read_only_is_a_sentence(disk: Path, toy_project: Path, door_of: DoorOf) -> None:
    home = Home.at(disk / "home").make()
    assert run_build(home, "2026-10-31", project_dir=toy_project, door=door_of(GOOD)).is_published
    remount(disk, "ro")
    outcome = run_build(home, "2026-10-31", project_dir=toy_project, door=door_of(GOOD))
    assert "the file system is read-only: use a home that can be written to" in outcome.reason
    assert len(outcome.reason.splitlines()) == 1
    remount(disk, "rw")


def full(*_: object, **__: object) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


@pytest.mark.parametrize(
    ("owner", "name"), [("pipelines.publishing", "_write"), ("pipelines.publishing", "point")]
)
def test_a_fault_at_the_publishing_leaves_readers_where_they_are(
    home: Home, toy_project: Path, door_of: DoorOf, monkeypatch: pytest.MonkeyPatch, owner: str, name: str
) -> None:
    assert run_build(home, "2026-10-31", project_dir=toy_project, door=door_of(GOOD)).is_published
    before, files = home.current.resolve(), sorted(home.published.iterdir())
    with monkeypatch.context() as patch:
        patch.setattr(f"{owner}.{name}", full)
        outcome = run_build(home, "2026-10-31", project_dir=toy_project, door=door_of([*GOOD, ("c", 1)]))
    assert outcome.reason == FULL
    assert home.current.resolve() == before
    assert (sorted(home.published.iterdir()), half_written(home)) == (files, [])
    assert run_build(home, "2026-10-31", project_dir=toy_project, door=door_of(GOOD)).is_published


def test_a_table_of_the_fits_is_written_whole_or_not_at_all(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = pl.DataFrame({"a": [1]})
    writing.write_table(home, "fits", table)
    before = (home.reliability / "fits.parquet").read_bytes()
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        writing.write_table(home, "fits", pl.DataFrame({"a": [2]}))
    assert [(path.name, path.read_bytes()) for path in home.reliability.iterdir()] == [
        ("fits.parquet", before)
    ]


def test_the_alert_goes_out_before_anything_else_is_tried(
    home: Home, toy_project: Path, door_of: DoorOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[str] = []
    monkeypatch.setattr("pipelines.publishing._write", full)
    monkeypatch.setattr(building, "mail_alert", lambda subject, text: done.append(text))
    monkeypatch.setattr(dg.DagsterInstance, "get", lambda: done.append("Dagster") or full())
    outcome = run_build(home, "2026-10-31", project_dir=toy_project, door=door_of(GOOD))
    assert done == [FULL, "Dagster"]
    assert outcome.reason == FULL


# Presses Ctrl-C in its own process at one moment of `savoir build`, over the toy project.
INTERRUPTED = """
import functools, os, signal, sys
from pathlib import Path
import duckdb
from pipelines import cli, publishing
from pipelines.orchestration import dbt_run, run_build
from pipelines.feeds.results import Delivery, FeedCounts
root, toy, moment = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]
def press(): os.kill(os.getpid(), signal.SIGINT)
def door(home, progress):
    folder = home.landing / "delivery-1"
    folder.mkdir(parents=True, exist_ok=True)
    with duckdb.connect() as con:
        con.execute(f"copy (select 'a' as order_id, 1::bigint as quantity) to '{folder / 'orders.parquet'}'")
    if moment == "door": press()
    return [Delivery("orders", "o.csv", "delivery-1", (FeedCounts("orders", 1, 1, 0, 0, 0),))]
real_events = dbt_run.NodeResult.is_red.fget
if moment == "models": dbt_run.NodeResult.is_red = property(lambda self: press() or real_events(self))
real_copy = publishing._copy_table
if moment == "publishing": publishing._copy_table = lambda *given: press() or real_copy(*given)
run_build.run_build = functools.partial(run_build.run_build, project_dir=toy, door=door)
cli.main(["--home", str(root), "build", "--as-of", "2026-10-31"])
"""


@pytest.mark.parametrize("moment", ["door", "models", "publishing"])
def test_ctrl_c_ends_a_build_with_130_and_the_next_one_heals(
    home: Home, toy_project: Path, door_of: DoorOf, moment: str
) -> None:
    done = subprocess.run(
        [sys.executable, "-c", INTERRUPTED, str(home.root), str(toy_project), moment],
        env={**os.environ, "PYTHONPATH": str(PROJECT_DIR)},
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 130, done.stderr
    assert done.stderr.splitlines()[-1].startswith("Interrupted. Nothing was published or lost"), done.stderr
    assert "Traceback" not in done.stderr
    assert not home.current.exists()
    assert run_build(home, "2026-10-31", project_dir=toy_project, door=door_of(GOOD)).is_published
    assert [path.name for path in home.root.rglob(".tmp-*")] == []
