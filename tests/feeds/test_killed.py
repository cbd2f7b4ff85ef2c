"""Killed anywhere and started again, the landing is the same as if nothing had happened."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from pipelines.feeds import take_all
from pipelines.home import PROJECT_DIR, Home
from tests.feeds.conftest import ORDER_HEADER, landed

ROWS = "".join(f"O{n},1,2024-03-01,SKU-{n % 7},1,{n}.5\n" for n in range(500))
FILES = {
    "orders/a.csv": f"{ORDER_HEADER}\n{ROWS}BAD,1,2024-03-01,S,0,5\n",
    "products/b.csv": "sku,family_code\nA,mower\nA,mower\n",
}

# Kills its own process, as the system does, at the n-th call of one function: before it, or right after it.
KILLED = """
import importlib, os, signal, sys
module, name, when, nth = sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])
owner = importlib.import_module(module)
*path, name = name.split(".")
for part in path:
    owner = getattr(owner, part)
real, calls = getattr(owner, name), 0
def watched(*given, **named):
    global calls
    calls += 1
    if calls == nth and when == "before":
        os.kill(os.getpid(), signal.SIGKILL)
    result = real(*given, **named)
    if calls == nth and when == "after":
        os.kill(os.getpid(), signal.SIGKILL)
    return result
setattr(owner, name, watched)
from pipelines.feeds import take_all
from pipelines.home import Home
take_all(Home.at())
"""

POINTS = [
    ("pipelines.feeds.door", "stage", "after", 1),
    ("pipelines.feeds.loading", "_drop_duplicates", "before", 1),
    ("pipelines.feeds.landing", "write_journal", "after", 1),
    ("pipelines.feeds.archive", "store", "after", 1),
    ("pipelines.feeds.landing", "finish", "before", 1),
    ("pipelines.feeds.landing", "finish", "after", 1),
    ("pipelines.feeds.landing", "finish", "after", 2),
    ("pathlib", "Path.unlink", "after", 1),
]


def filled(folder: Path) -> Home:
    """A home whose inbox holds the files."""
    home = Home(folder).make()
    for name, content in FILES.items():
        (home.inbox / name).parent.mkdir(parents=True, exist_ok=True)
        (home.inbox / name).write_text(content)
    return home


def contents(home: Home) -> list[list[tuple]]:
    """What readers of the landing see, without the keys and times of the deliveries."""
    return [
        landed(home, "orders", "* exclude (_delivery_id)"),
        landed(home, "products", "* exclude (_delivery_id)"),
        landed(home, "quarantine", "* exclude (delivery_id)"),
        landed(home, "deliveries", "* exclude (delivery_id, received_at)"),
    ]


@pytest.mark.parametrize(("module", "name", "when", "nth"), POINTS)
def test_a_killed_run_and_a_second_one_land_what_one_run_lands(
    tmp_path: Path, module: str, name: str, when: str, nth: int
) -> None:
    whole = filled(tmp_path / "whole")
    take_all(whole)
    home = filled(tmp_path / "killed")
    run = subprocess.run(
        [sys.executable, "-c", KILLED, module, name, when, str(nth)],
        env={**os.environ, "SAVOIR_HOME": str(home.root), "PYTHONPATH": str(PROJECT_DIR)},
        capture_output=True,
        check=False,
    )
    assert run.returncode == -signal.SIGKILL, run.stderr.decode()
    take_all(home)
    assert contents(home) == contents(whole)
    assert [path for path in home.inbox.rglob("*") if path.is_file()] == []
    left = {path.name for path in home.landing.iterdir() if path.name.startswith(".")}
    assert left == {".lock", ".customer_key.fingerprint"}
    assert {path.name for path in home.archive.rglob("*")} == {path.name for path in whole.archive.rglob("*")}
