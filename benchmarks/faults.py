"""Faults in numbers: `python -m benchmarks.faults` gives the door hostile files, kills, full disks and I/O
errors, and counts what was lost.

    files      mutated files; conservation against a count made here, character by character where it is small
    large      files above 16 MB with faults at every border of 8 MiB
    kills      the door killed at random moments, then run again: the landing is that of a run without kills
    histories  the same rows in any order, split and repetition: the same content
    disks      a disk of n kilobytes (needs root to mount one): a sentence, then healed
    reads      an I/O error at every read of a file: refused, healed by the next run

The counts here share nothing with the door: `count_by_rule` walks the bytes. Results with their date stand in
`docs/reliability.md`.
"""

from __future__ import annotations

import gzip
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import click
import duckdb

from pipelines.errors import MachineError
from pipelines.feeds import Delivery, files, reading, take_all
from pipelines.feeds import child as reading_child
from pipelines.feeds.landing import delivery_folders, feed_files, files_sql
from pipelines.feeds.sources import sources
from pipelines.feeds.staging import Task
from pipelines.home import PROJECT_DIR, Home

KEY = "a key that only benchmarks know"
HEADER = "order_id,line_number,contract_at,sku,quantity,unit_price_eur,lot_code"
BORDER = 8 << 20
SMALL_BYTES = 1_000_000
SMALL_SECONDS = 30.0
_COMMA, _QUOTE, _LINE_END = b',"\n'


@dataclass
class Tally:
    """What one part of the proof saw; `failures` names each case that broke the law."""

    name: str
    cases: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)
    child_peak_mb: int = 0
    slowest_small_seconds: float = 0.0
    seconds: float = 0.0

    def line(self) -> str:
        """One row for people."""
        told = ", ".join(f"{count:,} {name}" for name, count in sorted(self.outcomes.items()))
        more = f"; child at most {self.child_peak_mb} MB" if self.child_peak_mb else ""
        if self.slowest_small_seconds:
            more += f"; slowest file under 1 MB {self.slowest_small_seconds:.1f} s"
        return (
            f"{self.name:10}{self.cases:>7,} cases {len(self.failures):>4,} failures "
            f"{self.seconds:>7.0f} s  ({told}{more})"
        )


def count_by_rule(text: bytes) -> int:
    """Records of a text, header and blank lines left out: the rule of the door, byte by byte."""
    records, place = 0, 0
    while place < len(text):
        if text[place] == _LINE_END:
            place += 1
            continue
        records += 1
        while True:
            if place < len(text) and text[place] == _QUOTE:
                seek = place + 1
                while (seek := text.find(b'"', seek)) >= 0 and text[seek + 1 : seek + 2] == b'"':
                    seek += 2
                if seek < 0 or (seek + 1 < len(text) and text[seek + 1] not in (_COMMA, _LINE_END)):
                    place = text.find(b"\n", place)
                    place = len(text) if place < 0 else place
                else:
                    place = seek + 1
            else:
                line_end, comma = text.find(b"\n", place), text.find(b",", place)
                ends = [end for end in (line_end, comma) if end >= 0]
                place = min(ends) if ends else len(text)
            if place >= len(text):
                break
            place += 1
            if text[place - 1] == _LINE_END:
                break
    return records - 1


def row(number: int, pad: int = 40) -> str:
    """A good row."""
    return (
        f"O{number},1,2024-03-{1 + number % 28:02}T10:00:00,SKU-{number % 97},1,{number % 900}.50,{'x' * pad}"
    )


def hostile(chance: random.Random) -> tuple[str, bytes]:
    """A name and the bytes of a small file with some faults."""
    lines = [row(number, chance.randint(0, 60)) for number in range(chance.randint(0, 400))]
    kind = chance.choice(
        [
            "bytes",
            "short",
            "long",
            "quotes",
            "nested",
            "blank",
            "cells",
            "gzip",
            "cut",
            "utf8",
            "ends",
            "deleted",
        ]
    )
    at = [chance.randrange(len(lines) + 1) for _ in range(chance.randint(1, 30))]
    for place in sorted(at, reverse=True):
        if kind == "short":
            lines[place:place] = [f"S{place},1"] * chance.randint(1, 20)
        elif kind == "long":
            lines[place:place] = [row(place) + ",more"] * chance.randint(1, 20)
        elif kind == "quotes":
            lines.insert(
                place, chance.choice(['Q,1,"open', 'Q,"a"b,1', '"Q"",1', 'Q"x,1,2024-03-01,S,1,5,l', '"'])
            )
        elif kind == "nested":
            lines.insert(place, f'N{place},1,2024-03-01,S,1,5,"two\n""lines"", {place}\n"')
        elif kind == "blank":
            lines.insert(place, "\n" * chance.randint(0, 5))
        elif kind == "cells":
            lines.insert(place, f"C{place},1,2024-03-01,S,1,5,{'y' * chance.randint(1, 40_000)}")
    text = "\n".join([HEADER, *lines]) + chance.choice(["", "\n", "\n\n"])
    if kind == "ends":
        text = text.replace("\n", chance.choice(["\r\n", "\r"]))
    body = bytearray(text.encode())
    if kind in ("bytes", "utf8", "deleted"):
        for _ in range(chance.randint(1, 40)):
            place = chance.randrange(len(HEADER) + 1, len(body) + 1) if len(body) > len(HEADER) else len(body)
            if kind == "deleted":
                del body[place : place + chance.randint(1, 9)]
            else:
                body[place:place] = b"\xe9" if kind == "utf8" else chance.randbytes(1)
    content = bytes(body)
    if kind in ("gzip", "cut"):
        content = gzip.compress(content, 1)
    if kind == "cut":
        content = content[: chance.randrange(2, len(content))]
    return kind, content


def bordered(chance: random.Random, megabytes: int) -> tuple[str, bytes, int]:
    """A file of that size with a fault around each border of 8 MiB, and how many rows of it are good."""
    kind = chance.choice(["short", "long", "quote", "cell", "quoted cell"])
    parts, size, good, number = [HEADER], len(HEADER) + 1, 0, 0
    block = chance.choice([1, 50, 500, 5_000])
    while size < megabytes << 20:
        target = (size // BORDER + 1) * BORDER - chance.randint(0, 200 * min(block, 50))
        while size < target:
            parts.append(row(number, 150))
            size += len(parts[-1]) + 1
            number, good = number + 1, good + 1
        bad = {
            "short": [row(number, 150).rsplit(",", 1)[0]] * block,
            "long": [row(number, 150) + ",more"] * block,
            "quote": ['Q,1,2024-03-01,"S,1,5,l'] * min(block, 50),
            "cell": [f"C{number},1,2024-03-01,S,1,5,{'9' * chance.randint(2_000_001, 12 << 20)}"],
            "quoted cell": [
                f'C{number},1,2024-03-01,S,1,5,"' + "x,y\n" * chance.randint(600_000, 3 << 20) + '"'
            ],
        }[kind]
        parts += bad
        size += sum(len(line) + 1 for line in bad)
        number += 1
    return kind, ("\n".join(parts) + "\n").encode(), good


def fresh_home(folder: Path) -> Home:
    """An empty home in place of what was there."""
    shutil.rmtree(folder, ignore_errors=True)
    home = Home(folder).make()
    (home.inbox / "orders").mkdir()
    return home


def taken_file(folder: Path, content: bytes, name: str, tally: Tally) -> tuple[Home, Delivery]:
    """Take one file into a fresh home, watching time and the child's memory."""
    home = fresh_home(folder)
    (home.inbox / "orders" / name).write_bytes(content)
    began = time.monotonic()
    (delivery,) = take_all(home)
    if len(content) < SMALL_BYTES:
        tally.slowest_small_seconds = max(tally.slowest_small_seconds, time.monotonic() - began)
    for running in reading._children:
        tally.child_peak_mb = max(tally.child_peak_mb, running.peak_bytes("VmHWM") >> 20)
    return home, delivery


def judge(home: Home, delivery: Delivery, expected: int | None, name: str) -> str | None:
    """What is wrong with the outcome of one file, if anything is."""
    is_there = (home.inbox / "orders" / name).exists()
    if delivery.refusal is not None:
        return None if is_there else "refused, but gone"
    (count,) = delivery.counts
    if not count.is_conserved or (expected is not None and count.rows_read != expected):
        return f"{count} instead of {expected} records"
    with duckdb.connect() as connection:
        landed = 0
        if paths := feed_files(home, "orders"):
            found = connection.execute(f"select count(*) from {files_sql(paths)}").fetchone()
            landed = int(found[0]) if found else 0
    if landed != count.rows_loaded:
        return f"{landed} rows landed, {count.rows_loaded} told"
    return "taken, but still there" if is_there else None


def hostile_files(folder: Path, cases: int, chance: random.Random) -> Tally:
    """Small mutated files."""
    tally = Tally("files")
    for case in range(cases):
        kind, content = hostile(chance)
        name = "f.csv.gz" if kind in ("gzip", "cut") else "f.csv"
        home, delivery = taken_file(folder / "home", content, name, tally)
        text = None
        if kind != "cut":
            text = gzip.decompress(content) if kind == "gzip" else content
            text = text.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        wrong = judge(home, delivery, None if text is None else count_by_rule(text), name)
        tally.outcomes["refused" if delivery.refusal else "taken"] += 1
        if wrong:
            tally.failures.append(f"case {case} ({kind}): {wrong}")
    tally.cases = cases
    return tally


def large_files(folder: Path, cases: int, chance: random.Random) -> Tally:
    """Files of 17 to 100 MB."""
    tally = Tally("large")
    for case in range(cases):
        kind, content, good = bordered(chance, chance.randint(17, 100))
        home, delivery = taken_file(folder / "home", content, "f.csv", tally)
        wrong = judge(home, delivery, count_by_rule(content), "f.csv")
        if delivery.refusal is None and delivery.counts[0].rows_loaded != good:
            wrong = f"{delivery.counts[0].rows_loaded} of {good} good rows loaded"
        tally.outcomes[f"{kind} {'refused' if delivery.refusal else 'taken'}"] += 1
        if wrong:
            tally.failures.append(f"case {case} ({kind}): {wrong}")
    tally.cases = cases
    return tally


def content_of(home: Home) -> list[tuple]:
    """What readers of the landing see, whatever way it came."""
    paths = feed_files(home, "orders")
    if not paths:
        return []
    with duckdb.connect() as connection:
        query = f"select order_id, line_number, _content_hash from {files_sql(paths)} order by all"
        return connection.execute(query).fetchall()


def kills(folder: Path, cases: int, chance: random.Random) -> Tally:
    """The door in a process of its own, killed after a random time."""
    tally = Tally("kills")
    texts = ["\n".join([HEADER, *(row(number) for number in range(part, 6_000, 3)), ""]) for part in range(3)]

    def filled(name: str) -> Home:
        home = fresh_home(folder / name)
        for place, text in enumerate(texts):
            (home.inbox / "orders" / f"{place}.csv").write_text(text)
        return home

    whole = filled("whole")
    take_all(whole)
    expected = content_of(whole)
    command = "from pipelines.feeds import take_all; from pipelines.home import Home; print(1, flush=True); "
    command += "take_all(Home.at())"
    for case in range(cases):
        home = filled("killed")
        process = subprocess.Popen(
            [sys.executable, "-c", command],
            cwd=PROJECT_DIR,
            env={**os.environ, "SAVOIR_HOME": str(home.root)},
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        assert process.stdout is not None
        process.stdout.readline()
        time.sleep(chance.uniform(0, 4))
        process.send_signal(signal.SIGKILL)
        process.wait()
        process.stdout.close()
        tally.outcomes[f"{len(delivery_folders(home))} of 3 landed before"] += 1
        take_all(home)
        left = [path.name for path in home.landing.iterdir() if path.name.startswith(".tmp-")]
        if content_of(home) != expected or left or any((home.inbox / "orders").iterdir()):
            tally.failures.append(
                f"case {case}: {len(content_of(home))} of {len(expected)} rows, left {left}"
            )
    tally.cases = cases
    return tally


def histories(folder: Path, cases: int, chance: random.Random) -> Tally:
    """The same rows in any order, split and repetition."""
    tally = Tally("histories")
    lines = [row(number) for number in range(300)] + [row(number, 41) for number in range(100)]
    expected: list[tuple] | None = None
    for case in range(cases):
        home = fresh_home(folder / "home")
        mixed = chance.sample(lines, len(lines))
        pieces = chance.randint(1, 5)
        for place in range(pieces):
            again = chance.sample(lines, chance.randint(0, 50))
            text = "\n".join([HEADER, *mixed[place::pieces], *again, ""])
            (home.inbox / "orders" / f"{place}.csv").write_text(text)
            if chance.random() < 0.5:
                take_all(home)
        take_all(home)
        found = content_of(home)
        expected = expected or found
        if found != expected or len(found) != len(lines):
            tally.failures.append(f"case {case}: {len(found)} rows")
        tally.outcomes[f"{pieces} deliveries"] += 1
    tally.cases = cases
    return tally


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
        tally.outcomes["refused, then healed"] += 1
    tally.cases = cases
    return tally


# For each part, the cases of the short and of the long form.
PARTS: dict[str, tuple[Callable[[Path, int, random.Random], Tally], int, int]] = {
    "files": (hostile_files, 25, 10_000),
    "large": (large_files, 1, 300),
    "kills": (kills, 3, 500),
    "histories": (histories, 3, 1_000),
    "disks": (full_disks, 2, 20),
    "reads": (failing_reads, 4, 40),
}


def run_part(part: str, cases: int, seed: int, folder: Path) -> Tally:
    """One part of the proof."""
    os.environ["SAVOIR_CUSTOMER_KEY"] = KEY
    began = time.monotonic()
    (folder / part).mkdir(parents=True, exist_ok=True)
    tally = PARTS[part][0](folder / part, cases, random.Random(seed))  # noqa: S311
    tally.seconds = time.monotonic() - began
    return tally


@click.command()
@click.option("--part", "parts", multiple=True, type=click.Choice(list(PARTS)), help="Default: all.")
@click.option("--long", "is_long", is_flag=True, help="The long form: hours.")
@click.option("--cases", type=click.IntRange(min=1), help="So many cases of each part.")
@click.option("--seed", default=1, show_default=True)
@click.option("--json", "is_json", is_flag=True)
def main(parts: tuple[str, ...], is_long: bool, cases: int | None, seed: int, is_json: bool) -> None:
    """What hostile files, kills, full disks and failing reads do to the door."""
    failed = False
    with tempfile.TemporaryDirectory(prefix="savoir-faults-") as folder:
        for part in parts or PARTS:
            tally = run_part(part, cases or PARTS[part][2 if is_long else 1], seed, Path(folder))
            click.echo(json.dumps(vars(tally)) if is_json else tally.line())
            for failure in tally.failures:
                click.echo(f"  {failure}")
            failed = failed or bool(tally.failures)
    sys.exit(failed)


if __name__ == "__main__":
    main()
