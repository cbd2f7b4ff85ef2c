"""Disks that are full, and that fail: a sentence, nothing half written, healed by the next run."""

from __future__ import annotations

import errno
import gzip
import importlib
import random
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.faults.hostile import HEADER, row
from benchmarks.faults.landing import KEY, content_of, fresh_home
from benchmarks.faults.tally import Tally
from pipelines.errors import MachineError
from pipelines.feeds import child as reading_child
from pipelines.feeds import files, take_all
from pipelines.feeds.sources import sources
from pipelines.feeds.staging import Task
from pipelines.home import Home

# What the door writes, by module and function, and how often a run of one file calls it at least.
WRITES = (
    ("pipelines.feeds.door", "write_journals", 1),
    ("pipelines.feeds.landing", "write_journal", 2),
    ("pipelines.feeds.loading", "_write_feed", 1),
    ("pipelines.feeds.archive", "store", 1),
    ("pipelines.feeds.landing", "finish", 1),
    ("pipelines.feeds.landing", "new_delivery_id", 1),
    ("pipelines.feeds.door", "_remove", 1),
)


def full_disks(folder: Path, cases: int, chance: random.Random) -> Tally:
    """A file system that is nearly full: a sentence and no half delivery; healed once there is room."""
    tally = Tally("disks")
    disk = folder / "disk"
    disk.mkdir()
    text = "\n".join([HEADER, *(f"{row(number)}{chance.random()}" for number in range(20_000)), ""])
    packed = gzip.compress(text.encode())
    for case in range(cases):
        size = (len(packed) >> 10) + 40 + 50 * case
        mounted = ["mount", "-t", "tmpfs", "-o", f"size={size}k", "tmpfs", str(disk)]
        if subprocess.run(mounted, capture_output=True, check=False).returncode:
            tally.outcomes["not tried: no right to mount"] += 1
            continue
        tally.cases += 1
        try:
            home = Home(disk / "home").make()
            (home.inbox / "orders").mkdir()
            (home.inbox / "orders" / "f.csv").write_bytes(packed)
            try:
                (delivery,) = take_all(home)
                outcome = "refused" if delivery.refusal else "taken"
            except MachineError:
                outcome = "full, said so"
            except OSError as error:
                outcome = f"{type(error).__name__}"
                tally.failures.append(f"{size} kB: {error}")
            tally.outcomes[outcome] += 1
            half = [path.name for path in home.landing.iterdir() if path.name.startswith(".tmp-")]
            if half:
                tally.failures.append(f"{size} kB: {half} is left")
            subprocess.run(["mount", "-o", "remount,size=64m", str(disk)], check=True)  # noqa: S607
            take_all(home)
            if len(content_of(home)) != 20_000:
                tally.failures.append(f"{size} kB: {len(content_of(home))} rows after healing")
        finally:
            subprocess.run(["umount", str(disk)], check=True)  # noqa: S607
    return tally


def failing_reads(folder: Path, cases: int, chance: random.Random) -> Tally:
    """An I/O error at the n-th read of a file, by the code that the child runs."""
    tally = Tally("reads")
    text = "\n".join([HEADER, *(f"{row(number)}{chance.random()}" for number in range(60_000)), ""]).encode()
    real = files._bytes
    for case in range(cases):
        is_packed = case % 2 == 1
        name = "f.csv.gz" if is_packed else "f.csv"
        home = fresh_home(folder / "home")
        path = home.inbox / "orders" / name
        path.write_bytes(gzip.compress(text, 1) if is_packed else text)
        reads = -(-path.stat().st_size // files.CHUNK)
        failing_read = case // 2 % reads

        def failing(path: Path, failing_read: int = failing_read) -> Iterator[bytes]:
            for place, chunk in enumerate(real(path)):
                if place == failing_read:
                    raise OSError(5, "Input/output error")
                yield chunk

        task = Task(path, sources()["orders"], KEY.encode(), folder / "rows", folder / "unparsed", 1 << 40)
        setattr(files, "_bytes", failing)  # noqa: B010
        try:
            answer = reading_child._read_one(task)
            (delivery,) = take_all(home)
        finally:
            files._bytes = real
        if not isinstance(answer, files.FileRefusedError) or delivery.refusal is None or not path.exists():
            tally.failures.append(f"read {failing_read} of {name}: {answer}")
        take_all(home)
        if len(content_of(home)) != 60_000:
            tally.failures.append(
                f"read {failing_read} of {name}: {len(content_of(home))} rows after healing"
            )
        tally.cases += 1
        tally.outcomes["refused, then healed"] += 1
    return tally


def failing_writes(folder: Path, cases: int, chance: random.Random) -> Tally:
    """An I/O error at each place where the door writes."""
    tally = Tally("writes")
    lines = [row(number) for number in range(2_000)]
    points = [(module, name, nth + 1) for module, name, count in WRITES for nth in range(count)]
    for module, name, failing_call in points[:cases]:
        home = fresh_home(folder / "home")
        (home.inbox / "orders" / "f.csv").write_text("\n".join([HEADER, *lines, ""]))
        owner, calls = importlib.import_module(module), 0
        real = getattr(owner, name)

        def failing(*given: Any, real: Any = real, failing_call: int = failing_call, **named: Any) -> Any:
            nonlocal calls
            calls += 1
            if calls == failing_call:
                raise OSError(errno.EIO, "Input/output error")
            return real(*given, **named)

        setattr(owner, name, failing)
        try:
            (delivery,) = take_all(home)
            outcome = "refused" if delivery.refusal else "landed"
        except MachineError:
            outcome = "said so"
        finally:
            setattr(owner, name, real)
        tally.cases += 1
        tally.outcomes[outcome] += 1
        half = [path.name for path in home.landing.iterdir() if path.name.startswith(".tmp-")]
        is_there = (home.inbox / "orders" / "f.csv").exists()
        if half or outcome == "landed" or not is_there:
            tally.failures.append(f"{name} {failing_call}: {outcome}, left {half}, file there: {is_there}")
        take_all(home)
        if len(content_of(home)) != len(lines) or any((home.inbox / "orders").iterdir()):
            tally.failures.append(f"{name} {failing_call}: {len(content_of(home))} rows after healing")
    return tally
