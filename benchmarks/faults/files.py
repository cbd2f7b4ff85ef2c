"""Hostile files, small and large, through the door: nothing is lost, and no file hurts another."""

from __future__ import annotations

import gzip
import random
import time
from itertools import pairwise
from pathlib import Path

import duckdb

from benchmarks.faults.hostile import bordered, count_by_rule, hostile
from benchmarks.faults.landing import fresh_home
from benchmarks.faults.tally import Tally
from pipelines.feeds import Delivery, reading, sql, take_all
from pipelines.home import Home

SMALL_BYTES = 1_000_000
# So many files wait in one inbox: opening a home costs more than reading a small file.
TOGETHER = 50


def judge(home: Home, delivery: Delivery, expected: int | None, name: str) -> str | None:
    """What is wrong with the outcome of one file, if anything is."""
    is_there = (home.inbox / "orders" / name).exists()
    if delivery.refusal is not None:
        return None if is_there else "refused, but gone"
    if delivery.already is not None:  # the same bytes a second time
        return "taken, but still there" if is_there else None
    (count,) = delivery.counts
    if not count.is_conserved or (expected is not None and count.rows_read != expected):
        return f"{count} instead of {expected} records"
    path, landed = home.landing / str(delivery.delivery_id) / "orders.parquet", 0
    if path.exists():
        with duckdb.connect() as connection:
            found = connection.execute(f"select count(*) from read_parquet({sql.path(path)})").fetchone()
            landed = int(found[0]) if found else 0
    if landed != count.rows_loaded:
        return f"{landed} rows landed, {count.rows_loaded} told"
    return "taken, but still there" if is_there else None


def _watch(tally: Tally) -> None:
    for running in reading._children:
        tally.child_peak_mb = max(tally.child_peak_mb, running.peak_bytes("VmHWM") >> 20)


def hostile_files(folder: Path, cases: int, chance: random.Random) -> Tally:
    """Small mutated files, many of them in one inbox: the bad ones beside the good ones."""
    tally = Tally("files")
    while tally.cases < cases:
        home = fresh_home(folder / "home")
        made = {}
        for place in range(min(TOGETHER, cases - tally.cases)):
            kind, content = hostile(chance)
            name = f"f{place:04}.csv" + (".gz" if kind in ("gzip", "cut") else "")
            (home.inbox / "orders" / name).write_bytes(content)
            made[name] = kind, content
        begun: list[float] = []

        def told(line: str, begun: list[float] = begun, tally: Tally = tally) -> None:
            if line.startswith("Taking "):
                begun.append(time.monotonic())
                _watch(tally)

        deliveries = take_all(home, told)
        begun.append(time.monotonic())
        slowest = max(after - before for before, after in pairwise(begun))
        tally.slowest_small_seconds = max(tally.slowest_small_seconds, slowest)
        if [delivery.file_name for delivery in deliveries] != list(made):
            tally.failures.append(f"cases from {tally.cases}: not every file was told of")
        for delivery in deliveries:
            kind, content = made[delivery.file_name]
            expected = None
            if kind != "cut":
                text = gzip.decompress(content) if kind == "gzip" else content
                expected = count_by_rule(text.replace(b"\r\n", b"\n").replace(b"\r", b"\n"))
            wrong = judge(home, delivery, expected, delivery.file_name)
            tally.outcomes["refused" if delivery.refusal else "taken"] += 1
            if wrong:
                tally.failures.append(f"case {tally.cases} ({kind}): {wrong}")
            tally.cases += 1
    return tally


def large_files(folder: Path, cases: int, chance: random.Random) -> Tally:
    """Files of 17 to 100 MB, most of them below 50."""
    tally = Tally("large")
    for case in range(cases):
        kind, content, good = bordered(chance, int(chance.triangular(17, 100, 17)))
        home = fresh_home(folder / "home")
        (home.inbox / "orders" / "f.csv").write_bytes(content)
        (delivery,) = take_all(home)
        _watch(tally)
        wrong = judge(home, delivery, count_by_rule(content), "f.csv")
        if delivery.refusal is None and delivery.counts[0].rows_loaded != good:
            wrong = f"{delivery.counts[0].rows_loaded} of {good} good rows loaded"
        tally.outcomes[f"{kind} {'refused' if delivery.refusal else 'taken'}"] += 1
        tally.cases += 1
        if wrong:
            tally.failures.append(f"case {case} ({kind}): {wrong}")
    return tally
