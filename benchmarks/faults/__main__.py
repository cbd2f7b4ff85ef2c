"""`python -m benchmarks.faults`: which parts, how many cases, what came of them."""

from __future__ import annotations

import json
import os
import random
import sys
import tempfile
import time
import traceback
from collections.abc import Callable
from pathlib import Path

import click

from benchmarks.faults.disks import failing_reads, failing_writes, full_disks
from benchmarks.faults.files import hostile_files, large_files
from benchmarks.faults.kills import histories, kills
from benchmarks.faults.landing import KEY
from benchmarks.faults.rows import random_rows
from benchmarks.faults.tally import Tally

# For each part, the cases of the short and of the long form.
PARTS: dict[str, tuple[Callable[[Path, int, random.Random], Tally], int, int]] = {
    "files": (hostile_files, 25, 10_000),
    "large": (large_files, 1, 300),
    "kills": (kills, 2, 500),
    "histories": (histories, 3, 1_000),
    "disks": (full_disks, 2, 20),
    "reads": (failing_reads, 4, 40),
    "writes": (failing_writes, 8, 8),
    "rows": (random_rows, 1, 50),
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
    """What hostile files, kills, full disks and failing disks do to the door and to a build."""
    failed = False
    with tempfile.TemporaryDirectory(prefix="savoir-faults-") as folder:
        for part in parts or PARTS:
            wanted = cases or PARTS[part][2 if is_long else 1]
            click.echo(f"{part}: {wanted:,} cases, seed {seed}", err=True)
            try:
                tally = run_part(part, wanted, seed, Path(folder))
            except Exception:
                # A part that broke off is a failure with a name, never a silence; the others still run.
                click.echo(f"{part} broke off:\n{traceback.format_exc()}")
                failed = True
                continue
            click.echo(json.dumps(vars(tally)) if is_json else tally.line())
            for failure in tally.failures:
                click.echo(f"  {failure}")
            if tally.cases < wanted and part != "writes":
                click.echo(f"  only {tally.cases:,} of {wanted:,} cases were run")
            failed = failed or bool(tally.failures)
    sys.exit(failed)


if __name__ == "__main__":
    main()
