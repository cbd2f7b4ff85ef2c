"""The landing: one immutable folder per delivery, there whole or not at all.

Belongs here: the lock, the temporary folder and its one rename, empty typed files, what earlier deliveries
hold. Does not belong here: reading or judging rows.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from pipelines.errors import SavoirError
from pipelines.feeds import sql
from pipelines.feeds.contract import Contract, Feed, contract
from pipelines.home import PRIVATE_UMASK, Home
from pipelines.locks import LockHeldError, exclusive

EMPTY = "_empty"
_UNFINISHED = ".tmp-"
# What the door adds to every row of a feed.
ROW_COLUMNS = (
    ("_delivery_id", "text"),
    ("_file_row", "bigint"),
    ("_content_hash", "text"),
    ("_exported_at", "timestamp"),
)


class DoorBusyError(SavoirError):
    """Another process is taking files into the same home."""


@dataclass(frozen=True)
class Taken:
    """An earlier delivery: which file it was and by which rules it was read."""

    delivery_id: str
    source: str
    file_name: str
    file_sha256: str
    rules_sha256: str
    is_replay: bool = False


@contextmanager
def locked(home: Home, wait_seconds: float = 0.0) -> Generator[None]:
    """The only process that takes files; the system frees the lock of a process that dies."""
    home.make()
    with ExitStack() as held:
        try:
            held.enter_context(exclusive(home.landing / ".lock", wait_seconds))
        except LockHeldError:
            raise DoorBusyError(
                f"Another build is taking files into {home.root}: wait until it has finished, then "
                "start again."
            ) from None
        # Whatever is written under the lock is for the owner alone, by child processes too.
        before = os.umask(PRIVATE_UMASK)
        try:
            clean(home)
            yield
        finally:
            os.umask(before)


def clean(home: Home) -> None:
    """Remove what dead runs left behind. Only under the lock: each unfinished folder is then a dead one's."""
    for left in [*home.landing.glob(f"{_UNFINISHED}*"), *home.archive.glob(f"*/{_UNFINISHED}*")]:
        if left.is_dir():
            shutil.rmtree(left)
        else:
            left.unlink()


def delivery_folders(home: Home) -> list[Path]:
    """The finished deliveries, oldest first."""
    if not home.landing.is_dir():
        return []
    return sorted(
        folder for folder in home.landing.iterdir() if folder.name[0] not in "._" and folder.is_dir()
    )


def feed_files(home: Home, name: str) -> list[Path]:
    """One feed's or journal's files of all deliveries."""
    return [path for folder in delivery_folders(home) if (path := folder / f"{name}.parquet").exists()]


def files_sql(paths: list[Path]) -> str:
    """A reader over several Parquet files of one table, of whatever contract they were written under."""
    return f"read_parquet([{sql.paths(paths)}], union_by_name = true)"


def new_delivery_id(home: Home, file_sha256: str) -> str:
    """A key that sorts after every delivery before it, even if the clock was set back."""
    now = datetime.now(UTC).strftime("%Y%m%dT%H%M%S.%f")
    folders = delivery_folders(home)
    if folders and folders[-1].name >= now:
        head, _, tail = folders[-1].name.partition("-")[0].partition(".")
        now = f"{head}.{int(tail or 0) + 1:06d}"
    return f"{now}-{file_sha256[:8]}"


def taken(connection: duckdb.DuckDBPyConnection, home: Home) -> list[Taken]:
    """Every earlier delivery."""
    paths = feed_files(home, "deliveries")
    if not paths:
        return []
    rows = connection.execute(
        "select distinct delivery_id, source, file_name, file_sha256, rules_sha256, "
        "coalesce(is_replay, false) "
        f"from (select * from {files_sql(paths)} union all by name select false as is_replay where false) "
        "order by all"
    ).fetchall()
    return [Taken(*row) for row in rows]


def exported_at(connection: duckdb.DuckDBPyConnection, home: Home, delivery_id: str) -> dict[str, datetime]:
    """By feed, when the export of an earlier delivery was made, as it was kept with it."""
    rows = connection.execute(
        "select feed, exported_at from (select * from "
        f"{files_sql(feed_files(home, 'deliveries'))} union all by name select null as exported_at "
        f"where false) "
        f"where delivery_id = {sql.text(delivery_id)} and exported_at is not null"
    ).fetchall()
    return dict(rows)


@contextmanager
def unfinished(home: Home, delivery_id: str) -> Generator[Path]:
    """A folder to write a delivery into; gone afterwards unless `finish` renamed it."""
    folder = home.landing / f"{_UNFINISHED}{delivery_id}"
    folder.mkdir(parents=True)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def finish(home: Home, folder: Path, delivery_id: str) -> None:
    """The one rename that makes a delivery exist."""
    for path in folder.iterdir():
        sync(path)
    sync(folder)
    folder.rename(home.landing / delivery_id)
    sync(home.landing)


def sync(path: Path) -> None:
    """Have the disk hold what was written."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_again(connection: duckdb.DuckDBPyConnection, query: str, path: Path) -> None:
    """Write a Parquet file again under its own name: there is the old one or the new one, never a half."""
    fresh = path.with_name(f"{_UNFINISHED}{path.name}")
    connection.execute(
        f"copy ({query}) to {sql.text(str(fresh))} (format parquet, compression zstd, compression_level 1)"
    )
    # Its age stays: retention counts from the delivery.
    written = path.stat()
    os.utime(fresh, ns=(written.st_atime_ns, written.st_mtime_ns))
    sync(fresh)
    fresh.replace(path)
    sync(path.parent)


def ensure_empty_landing(home: Home) -> Path:
    """Zero-row typed files of every feed and journal: every table exists before its first delivery."""
    known = contract()
    folder = home.landing / EMPTY
    stamp = folder / "contract.sha256"
    if stamp.exists() and stamp.read_text() == known.fingerprint:
        return folder
    fresh = home.landing / f"{_UNFINISHED}{EMPTY}-{os.getpid()}"
    fresh.mkdir(parents=True, exist_ok=True)
    try:
        with duckdb.connect() as connection:
            for feed in (*known.feeds.values(), *known.journals.values()):
                connection.execute(
                    f"copy (select {empty_columns_sql(feed)} where false) "
                    f"to {sql.text(str(fresh / f'{feed.name}.parquet'))} (format parquet)"
                )
        (fresh / stamp.name).write_text(known.fingerprint)
    except BaseException:
        shutil.rmtree(fresh, ignore_errors=True)
        raise
    if folder.exists():
        folder.rename(home.landing / f"{_UNFINISHED}old-{os.getpid()}")
    fresh.rename(folder)
    shutil.rmtree(home.landing / f"{_UNFINISHED}old-{os.getpid()}", ignore_errors=True)
    return folder


def empty_columns_sql(feed: Feed) -> str:
    """A feed's typed columns as nulls."""
    columns = [(column.name, column.type) for column in feed.columns]
    columns += () if feed.is_journal else ROW_COLUMNS
    return ", ".join(f"cast(null as {type_}) as {sql.name(name)}" for name, type_ in columns)


def write_journal(
    connection: duckdb.DuckDBPyConnection,
    known: Contract,
    name: str,
    rows: list[dict[str, object]],
    folder: Path,
) -> None:
    """One journal of a delivery, typed by the contract; no file where there is nothing to say."""
    if not rows:
        return
    feed = known.journals[name]
    # Literals, not parameters: binding the first parameter costs 0.4 s, as the engine then imports what it
    # might meet.
    lines = ", ".join(
        f"({', '.join(_literal(row.get(column.name), column.type) for column in feed.columns)})"
        for row in rows
    )
    names = ", ".join(sql.name(name) for name in feed.column_names)
    connection.execute(
        f"copy (select * from (values {lines}) as journal({names})) "
        f"to {sql.text(str(folder / f'{name}.parquet'))} (format parquet, compression zstd)"
    )


def _literal(value: object, type_: str) -> str:
    return f"cast({'null' if value is None else sql.text(str(value))} as {type_})"
