"""The door: files that wait become deliveries in the landing, and leave the inbox.

Belongs here: the order of steps for one file, and for the whole inbox. Does not belong here: how any step is
done.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import duckdb

from pipelines.errors import SavoirError
from pipelines.feeds import archive, files, landing, sql
from pipelines.feeds.contract import contract
from pipelines.feeds.engine import Engine, engine
from pipelines.feeds.files import MAX_INFLATED_BYTES, FileRefusedError
from pipelines.feeds.loading import load, rules_sha256, write_journals
from pipelines.feeds.mapping_files import MappingError
from pipelines.feeds.mappings import Mapping, sources
from pipelines.feeds.reading import stage
from pipelines.feeds.results import CheckResult, Delivery, WaitingFile
from pipelines.feeds.staging import Task
from pipelines.home import Home

Progress = Callable[[str], None]

_ROWS_SHOWN = 5


class UnknownSourceError(SavoirError):
    """A folder or name that is neither a feed nor a mapping."""


def source_named(home: Home, name: str) -> Mapping:
    """The source of that name, or a sentence that lists them."""
    known = sources(home)
    if name not in known:
        raise UnknownSourceError(
            f"{name} is no source: use one of {', '.join(known)}, or add a mapping "
            f"{home.mappings / name}.yml."
        )
    return known[name]


def waiting(home: Home, source: str | None = None) -> list[WaitingFile]:
    """The inbox's files in order of source and name; hidden files and `.part` files are left alone."""
    if not home.inbox.is_dir():
        return []
    known = list(sources(home))
    found = []
    for entry in sorted(home.inbox.iterdir(), key=lambda item: (item.name not in known, item.name)):
        if _is_left_alone(entry) or (source is not None and entry.name != source):
            continue
        trouble = None
        if not entry.is_dir():
            trouble = (
                f"{entry.name} lies in the inbox itself: put it into inbox/<source>/, one of "
                f"{', '.join(known)}."
            )
        elif entry.name not in known:
            trouble = (
                f"inbox/{entry.name}/ is no source: rename the folder to one of {', '.join(known)}, "
                "or add a mapping."
            )
        paths = sorted(entry.rglob("*")) if entry.is_dir() else [entry]
        found.extend(
            WaitingFile(path, entry.name, trouble)
            for path in paths
            if path.is_file() and not _is_left_alone(path)
        )
    return found


def _is_left_alone(path: Path) -> bool:
    return path.name.startswith(".") or path.name.endswith(".part")


def take_all(home: Home, progress: Progress | None = None, source: str | None = None) -> list[Delivery]:
    """Take every file that waits (of one source, if named).

    A file that is refused whole stays in the inbox.
    """
    say = progress or (lambda _: None)
    home.make()
    deliveries: list[Delivery] = []
    with landing.locked(home):
        landing.ensure_empty_landing(home)
        queue = waiting(home, source)
        if not queue:
            return deliveries
        with engine(home) as running:
            for place, file in enumerate(queue, 1):
                say(f"Taking {file.path.name} as {file.source} ({place} of {len(queue)})")
                delivery = _taken_or_refused(home, file, running)
                for sentence in delivery.sentences:
                    say(sentence)
                deliveries.append(delivery)
    return deliveries


def take(home: Home, path: Path, source: str, max_inflated_bytes: int = MAX_INFLATED_BYTES) -> Delivery:
    """Take one file, wherever it lies; it leaves its place for the archive.

    Raises where the whole file is refused.
    """
    mapping = source_named(home, source)
    home.make()
    with landing.locked(home), engine(home, max_inflated_bytes=max_inflated_bytes) as running:
        landing.ensure_empty_landing(home)
        return _land(home, path, mapping, running)


def check(home: Home, path: Path, source: str, max_inflated_bytes: int = MAX_INFLATED_BYTES) -> CheckResult:
    """A dry run: what `take` would do. Writes nothing under the home, and leaves the file where it is."""
    mapping = source_named(home, source)
    with (
        engine(home, may_make_key=False, max_inflated_bytes=max_inflated_bytes) as running,
        tempfile.TemporaryDirectory(prefix="savoir-check-") as scratch,
    ):
        folder = Path(scratch)
        try:
            file_sha256 = files.sha256(_existing(path))
            staged = stage(_task(running, path, mapping, folder))
            loaded = load(home, running, staged, mapping, contract(), folder, "check", path.name)
        except FileRefusedError as error:
            return CheckResult(Delivery(source, path.name, refusal=str(error)))
        reasons = running.connection.execute(
            "select reason, count(*) from (select unnest(string_split(reasons, chr(10))) as reason from "
            "refused) "
            "group by reason order by count(*) desc, reason limit 50"
        ).fetchall()
        rows = {
            feed: tuple(running.records(f"select * from read_parquet({sql.path(file)}) limit {_ROWS_SHOWN}"))
            for feed, file in loaded.files.items()
        }
        before = _already(running.connection, home, mapping, file_sha256)
    return CheckResult(replace(loaded.delivery, delivery_id=None, already=before), tuple(reasons), rows)


def _taken_or_refused(home: Home, file: WaitingFile, running: Engine) -> Delivery:
    if file.trouble is not None:
        return Delivery(file.source, file.path.name, refusal=file.trouble)
    try:
        return _land(home, file.path, source_named(home, file.source), running)
    except (FileRefusedError, MappingError) as error:
        return Delivery(file.source, file.path.name, refusal=str(error))


def _task(running: Engine, path: Path, source: Mapping, folder: Path) -> Task:
    rows, unparsed = folder / "staged.parquet", folder / "unparsed.parquet"
    return Task(path, source, running.key, rows, unparsed, running.max_inflated_bytes)


def _existing(path: Path) -> Path:
    if not path.is_file():
        raise FileRefusedError(f"{path} is not a file: check the path.")
    return path


def _land(home: Home, path: Path, source: Mapping, running: Engine) -> Delivery:
    state = _state(path)
    file_sha256 = files.sha256(_existing(path))
    before = _already(running.connection, home, source, file_sha256)
    if before is not None:
        path.unlink()
        return Delivery(source.name, path.name, delivery_id=before, already=before)
    delivery_id = landing.new_delivery_id(home, file_sha256)
    with landing.unfinished(home, delivery_id) as folder:
        task = _task(running, path, source, folder)
        staged = stage(task)
        loaded = load(home, running, staged, source, contract(), folder, delivery_id, path.name)
        if _state(path) != state:
            raise FileRefusedError(
                f"{path.name} was still being written: let its name end in .part until it is complete."
            )
        write_journals(running, contract(), loaded.delivery, source, file_sha256, folder)
        # The archive first: were the process killed in between, the next run writes the same copy again.
        copy = archive.copy_of(home, source.name, file_sha256, path.name)
        archive.store(copy, task, staged, file_sha256, path.name)
        landing.finish(home, folder, delivery_id)
    path.unlink()
    return loaded.delivery


def _state(path: Path) -> tuple[int, int]:
    known = _existing(path).stat()
    return known.st_size, known.st_mtime_ns


def _already(
    connection: duckdb.DuckDBPyConnection, home: Home, source: Mapping, file_sha256: str
) -> str | None:
    """The delivery of the same bytes through the same source by the same rules."""
    wanted = (source.name, file_sha256, rules_sha256(source))
    return next(
        (
            item.delivery_id
            for item in landing.taken(connection, home)
            if (item.source, item.file_sha256, item.rules_sha256) == wanted
        ),
        None,
    )
