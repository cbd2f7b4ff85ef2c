"""One SQL statement on one snapshot, in a child process that can do nothing else.

The child opens the file read-only, may reach neither files nor network nor extensions, has a limit on memory,
time and rows, and may write no file. What it says on standard output is the answer as Arrow; what goes wrong
is a sentence.

Does not belong here: what the statement means.
"""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import polars as pl
import pyarrow as pa

from pipelines.errors import SavoirError


class SqlError(SavoirError):
    """The statement has no answer: it is wrong, too long, too large, or not allowed."""


@dataclass(frozen=True)
class Limits:
    """What one statement may use. `rows` is how many are kept; more are counted as cut."""

    seconds: int = 60
    memory_mb: int = 2048
    rows: int = 10_000


@dataclass(frozen=True)
class Answer:
    """The rows, and whether there were more than the limit keeps."""

    rows: pl.DataFrame
    is_cut: bool


def answer(snapshot: Path, sql: str, limits: Limits | None = None) -> Answer:
    """The rows of one statement, or a SqlError that says why there are none."""
    limits = limits or Limits()
    command = [sys.executable, "-m", "pipelines.analysts.child"]
    command += [str(snapshot), str(limits.memory_mb), str(limits.rows), str(limits.seconds)]
    try:
        done = subprocess.run(
            command,
            input=sql.encode(errors="replace"),
            capture_output=True,
            timeout=limits.seconds + 10,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise SqlError(_too_long(limits)) from None
    if done.returncode == 3:
        raise SqlError(done.stderr.decode(errors="replace").strip())
    if done.returncode == -9 or done.returncode == -24:
        raise SqlError(_too_long(limits))
    if done.returncode != 0:
        raise SqlError(
            f"The statement used more than {limits.memory_mb:,} MB of memory, or broke the engine. Ask for "
            "less: fewer columns, a where, a group by."
        )
    found = pl.DataFrame(pa.ipc.open_stream(done.stdout).read_all())
    return Answer(found.head(limits.rows), found.height > limits.rows)


def _too_long(limits: Limits) -> str:
    return (
        f"The statement took longer than {limits.seconds} seconds. Ask for less: a where, a shorter period."
    )
