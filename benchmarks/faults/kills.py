"""The door, the build and the publishing, killed anywhere: the link always opens, nothing is lost or half
done, and the next build publishes the same.

The door is the real one and so is the publishing; the models between are a project of two, so that a build
takes a second and hundreds can be killed.
"""

from __future__ import annotations

import importlib
import os
import random
import shutil
import signal
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.faults.hostile import HEADER
from benchmarks.faults.landing import content_of, forked, fresh_home, imported_by
from benchmarks.faults.tally import Tally
from pipelines.feeds import take_all
from pipelines.home import PROJECT_DIR, Home
from pipelines.publishing import content_hashes

TOY_DBT = PROJECT_DIR / "tests" / "orchestration" / "toy_dbt"
# Module, function, and how many times a run calls it at least.
POINTS = (
    ("pipelines.feeds.door", "stage", 3),
    ("pipelines.feeds.door", "load", 3),
    ("pipelines.feeds.loading", "_drop_duplicates", 3),
    ("pipelines.feeds.landing", "write_journal", 6),
    ("pipelines.feeds.archive", "store", 3),
    ("pipelines.feeds.landing", "finish", 3),
    ("pipelines.feeds.door", "_remove", 3),
    ("pipelines.orchestration.models", "dagster_events", 4),
    ("pipelines.orchestration.publish", "check_evaluations", 1),
    ("pipelines.orchestration.publish", "publish", 1),
    ("pipelines.publishing", "_write", 1),
    ("pipelines.publishing", "_copy_table", 1),
    ("pipelines.publishing", "_write_meta", 1),
    ("pipelines.publishing", "_fsync", 2),
    ("pipelines.publishing", "_point", 1),
    ("pipelines.publishing", "_drop_old", 1),
    ("pipelines.orchestration.run_build", "_tell_dagster", 1),
)
# On a machine that does much else too.
SECONDS = 600.0


def row(number: int) -> str:
    """An order that the small project accepts."""
    day, quantity = f"2024-03-{1 + number % 28:02}", 1 + number % 3
    return f"O{number},1,{day}T10:00:00,SKU-{number % 97},{quantity},{number % 900}.50,"


def _door(home: Home, say: Callable[[str], None]) -> Any:
    return take_all(home, say)


def _build(home: Home, toy: Path) -> None:
    from pipelines.orchestration.run_build import run_build

    outcome = run_build(home, "2026-10-31", project_dir=toy, door=_door)
    if not outcome.is_published:
        raise RuntimeError(outcome.reason)


def killed_at(point: tuple[str, str, int], nth: int, when: str, action: Callable[[], object]) -> None:
    """Do it, and end this process as the system does at the n-th call of the point's function."""
    owner = importlib.import_module(point[0])
    real, calls = getattr(owner, point[1]), 0

    def watched(*given: Any, **named: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == nth and when == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        result = real(*given, **named)
        if calls == nth and when == "after":
            os.kill(os.getpid(), signal.SIGKILL)
        return result

    setattr(owner, point[1], watched)
    action()


def kills(folder: Path, cases: int, chance: random.Random) -> Tally:
    """Half of the kills at named points, half at any moment."""
    # Before the forks, or each imports and parses it again.
    import pipelines.orchestration.run_build  # noqa: F401
    from pipelines.orchestration.manifest import prepared

    tally = Tally("kills")
    toy = folder / "toy"
    shutil.copytree(TOY_DBT, toy, dirs_exist_ok=True)
    prepared(toy).graph()
    first = ["\n".join([HEADER, *(row(number) for number in range(900, 1000)), ""])]
    texts = ["\n".join([HEADER, *(row(number) for number in range(part, 900, 3)), ""]) for part in range(3)]

    def fill(home: Home, contents: list[str], prefix: str) -> None:
        for place, text in enumerate(contents):
            (home.inbox / "orders" / f"{prefix}{place}.csv").write_text(text)

    base = fresh_home(folder / "base")
    fill(base, first, "first")
    first_code = imported_by(partial(_build, base, toy), folder / "modules.json", SECONDS)
    assert first_code == 0, "the first build did not end"
    shutil.copytree(base.root, folder / "whole", symlinks=True)
    whole = Home(folder / "whole")
    fill(whole, texts, "more")
    began = time.monotonic()
    assert forked(partial(_build, whole, toy), SECONDS) == 0, "a build without a kill did not end"
    whole_seconds = time.monotonic() - began
    expected, hashes = content_of(whole), content_hashes(whole.current)
    before = content_hashes(base.current)
    for case in range(cases):
        home = Home(folder / "killed")
        shutil.rmtree(home.root, ignore_errors=True)
        shutil.copytree(base.root, home.root, symlinks=True)
        fill(home, texts, "more")
        if case % 2:
            name, code = "at random", forked(partial(_build, home, toy), chance.uniform(0, whole_seconds))
        else:
            point = POINTS[case // 2 % len(POINTS)]
            nth, when = chance.randint(1, point[2]), chance.choice(["before", "after"])
            name = f"{when} {point[1]} {nth}"
            action = partial(killed_at, point, nth, when, partial(_build, home, toy))
            code = forked(action, SECONDS)
        where = "ran to its end" if code == 0 else "killed"
        tally.outcomes[where] += 1
        tally.cases += 1
        if code not in (0, -signal.SIGKILL) or (case % 2 == 0 and code == 0):
            tally.failures.append(f"case {case} ({name}): ended with {code}")
        if content_hashes(home.current) not in (before, hashes):
            tally.failures.append(f"case {case} ({name}): readers saw something in between")
        if forked(partial(_build, home, toy), SECONDS) != 0:
            tally.failures.append(f"case {case} ({name}): the next build did not publish")
            continue
        left = [path.name for path in home.root.rglob(".tmp-*")]
        waiting = [path.name for path in (home.inbox / "orders").iterdir()]
        rows = content_of(home)
        if rows != expected or content_hashes(home.current) != hashes or left or waiting:
            tally.failures.append(
                f"case {case} ({name}): {len(rows)} of {len(expected)} rows, left {left}, waiting {waiting}"
            )
    return tally


def histories(folder: Path, cases: int, chance: random.Random) -> Tally:
    """The same rows in any order, split and repetition, with kills between."""
    tally = Tally("histories")
    lines = [row(number) for number in range(300)] + [f"{row(number)}L" for number in range(100)]
    expected: list[tuple] | None = None
    for case in range(cases):
        home = fresh_home(folder / "home")
        mixed = chance.sample(lines, len(lines))
        pieces, killed = chance.randint(1, 5), 0
        for place in range(pieces):
            again = chance.sample(lines, chance.randint(0, 50))
            text = "\n".join([HEADER, *mixed[place::pieces], *again, ""])
            (home.inbox / "orders" / f"{place}.csv").write_text(text)
            if chance.random() < 0.4:
                killed += forked(partial(take_all, home), chance.uniform(0, 1)) != 0
        if forked(partial(take_all, home), SECONDS) != 0:
            tally.failures.append(f"case {case}: the last run did not end")
        found = content_of(home)
        expected = expected or found
        if found != expected or len(found) != len(lines):
            tally.failures.append(f"case {case}: {len(found)} rows")
        tally.outcomes[f"{pieces} deliveries"] += 1
        tally.outcomes["kills"] += killed
        tally.cases += 1
    return tally
