"""The door: files that wait become deliveries in the landing, and leave the inbox.

Belongs here: the order of steps for one file, and for the whole inbox. Does not belong here: how any step is
done.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import duckdb

from pipelines.errors import SavoirError, faults_in_words, machine_fault
from pipelines.feeds import archive, drift, exports, files, landing, sets, sql
from pipelines.feeds.contract import contract
from pipelines.feeds.engine import Engine, engine
from pipelines.feeds.files import MAX_INFLATED_BYTES, FileRefusedError, shown
from pipelines.feeds.forgotten import obey
from pipelines.feeds.inbox import waiting
from pipelines.feeds.landing import Taken
from pipelines.feeds.loading import ConservationError, load, rules_sha256, write_journals
from pipelines.feeds.mapping_files import MappingError
from pipelines.feeds.mappings import Mapping
from pipelines.feeds.reading import stage
from pipelines.feeds.refusals import Refusals, remembered
from pipelines.feeds.results import CheckResult, Delivery, WaitingFile
from pipelines.feeds.retiring import retire, retired
from pipelines.feeds.sources import sources
from pipelines.feeds.staging import Staged, Task
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
            f"{name} is not a source: use one of {', '.join(known)}, or add a mapping "
            f"{home.mappings / name}.yml."
        )
    return known[name]


@faults_in_words()
def take_all(home: Home, progress: Progress | None = None, source: str | None = None) -> list[Delivery]:
    """Take every file that waits (of one source, if named).

    A file that is refused whole stays in the inbox.
    """
    say = progress or (lambda _: None)
    home.make()
    deliveries: list[Delivery] = []
    with landing.locked(home):
        landing.ensure_empty_landing(home)
        queue = sets.grouped(waiting(home, source), sources(home))
        if not queue:
            return deliveries
        with engine(home) as running, remembered(home) as refusals:
            for place, file in enumerate(queue, 1):
                say(f"Taking {_name(file)} as {file.source} ({place} of {len(queue)})")
                delivery = _taken_or_refused(home, file, running, refusals)
                for sentence in delivery.sentences:
                    say(sentence)
                deliveries.append(delivery)
    return deliveries


@faults_in_words()
def take(home: Home, path: Path, source: str, max_inflated_bytes: int = MAX_INFLATED_BYTES) -> Delivery:
    """Take one file, wherever it lies; it leaves its place for the archive.

    Raises where the whole file is refused.
    """
    mapping = source_named(home, source)
    home.make()
    with landing.locked(home), engine(home, max_inflated_bytes=max_inflated_bytes) as running:
        landing.ensure_empty_landing(home)
        return _land(home, _file(path, mapping), mapping, running)


def check(home: Home, path: Path, source: str, max_inflated_bytes: int = MAX_INFLATED_BYTES) -> CheckResult:
    """A dry run: what `take` would do. Writes nothing under the home, and leaves the file where it is."""
    mapping = source_named(home, source)
    with (
        engine(home, may_make_key=False, max_inflated_bytes=max_inflated_bytes) as running,
        tempfile.TemporaryDirectory(prefix="savoir-check-") as scratch,
    ):
        folder = Path(scratch)
        try:
            file = _file(path, mapping)
            file_sha256 = _sha256(file)
            exported_at = exports.moments(mapping, path)
            staged = stage(_task(running, file, mapping, folder))
            leaving = _replaced(running, home, mapping, file_sha256, shown(path.name))
            loaded = load(
                home,
                running,
                staged,
                mapping,
                contract(),
                folder,
                "check",
                shown(path.name),
                exported_at=exported_at,
                leaving=leaving,
            )
        except FileRefusedError as error:
            return CheckResult(Delivery(source, shown(path.name), refusal=str(error)))
        reasons = running.connection.execute(
            "select reason, count(*) from (select unnest(string_split(reasons, chr(10))) as reason from "
            "refused) "
            "group by reason order by count(*) desc, reason limit 50"
        ).fetchall()
        rows = {
            feed: tuple(
                running.records(
                    f"select * from read_parquet({sql.path(file)}) order by _file_row limit {_ROWS_SHOWN}"
                )
            )
            for feed, file in loaded.files.items()
        }
        cells = {
            feed: tuple(_cells(running, staged, mapping, feed, row["_file_row"]) for row in shown_rows)
            for feed, shown_rows in rows.items()
        }
        before = _already(running, home, mapping, file_sha256, exported_at)
    delivery = replace(loaded.delivery, delivery_id=None, already=before)
    return CheckResult(delivery, tuple(reasons), rows, cells, _unread(mapping))


def _cells(running: Engine, staged: Staged, source: Mapping, feed: str, row: object) -> dict[str, object]:
    """By column of the feed, the cell or cells that it comes from; what is personal is hashed or redacted
    already.
    """
    rule = next(item for item in source.feeds if item.feed == feed)
    found = running.records(f"select * from ({staged.rows_sql}) where _row = {row} limit 1")
    texts = found[0] if found else {}
    return {
        column: " · ".join(
            str(texts[source.staged(name)])
            for name in origin.sources
            if name in staged.columns and texts.get(source.staged(name)) is not None
        )
        for column, origin in rule.columns
    }


def _unread(source: Mapping) -> tuple[str, ...]:
    """Columns that a mapping lists and no rule of it reads."""
    if source.is_canonical or source.shape is not None:
        return ()
    read = {name for rule in source.feeds for _, column in rule.columns for name in column.sources}
    read |= {name for rule in source.feeds for name in rule.identity}
    read |= {item.column for rule in source.feeds for item in rule.when}
    read |= {item.column for rule in source.filters for item in rule.when}
    for rule in source.feeds:
        if rule.exported_at is not None and rule.exported_at.column is not None:
            read.add(rule.exported_at.column)
        for _, column in rule.columns:
            read |= {name for name in (column.divided_by, column.vat) if isinstance(name, str)}
            if column.conversion is not None:
                read |= {name for name in (column.conversion.column, column.conversion.on) if name}
    return tuple(name for name in source.columns if name not in read)


def _taken_or_refused(home: Home, file: WaitingFile, running: Engine, refusals: Refusals) -> Delivery:
    """Whatever is wrong with one file, the others go on; what is wrong with the machine stops all."""
    name = _name(file)
    if file.trouble is not None:
        return Delivery(file.source, name, refusal=file.trouble)
    key = None
    try:
        source = source_named(home, file.source)
        key = refusals.key(home, file.path, source, _sha256(file))
        if (sentence := refusals.sentence(key)) is not None:
            return Delivery(file.source, name, refusal=sentence)
        return _land(home, file, source, running)
    except FileRefusedError as error:
        if key is not None and error.is_lasting:
            refusals.kept[key] = str(error)
        return Delivery(file.source, name, refusal=str(error))
    except (MappingError, ConservationError) as error:
        return Delivery(file.source, name, refusal=str(error))
    except (duckdb.Error, OSError) as error:
        if (fault := machine_fault(error)) is not None:
            raise fault from error
        sentence = (
            f"{name} could not be loaded ({type(error).__name__}); it stays where it is. Please report it."
        )
        return Delivery(file.source, name, refusal=sentence)


def _name(file: WaitingFile) -> str:
    return " + ".join(shown(path.name) for path in file.paths)


def _file(path: Path, source: Mapping) -> WaitingFile:
    """A file named by its path, with the others of its set, which lie beside it."""
    if not sets.is_set(source):
        return WaitingFile(path, source.name)
    tables = sets.members(source, _existing(path))
    if len(tables) < len(source.files):
        wanted = ", ".join(pattern for table, pattern in source.files if table not in dict(tables))
        raise FileRefusedError(
            f"{shown(path.name)} waits for {wanted} beside it: the set is not complete.", is_lasting=False
        )
    return WaitingFile(path, source.name, tables=tables)


def _sha256(file: WaitingFile) -> str:
    each = {path: _sha256_of(path) for path in file.paths}
    return sets.sha256_of(file.tables, each) if file.tables else each[file.path]


def _sha256_of(path: Path) -> str:
    try:
        return files.sha256(_existing(path))
    except OSError as error:
        raise FileRefusedError(
            f"{shown(path.name)} cannot be read ({error.strerror or error}): it stays where it is; check the "
            "disk and its permissions, then build again.",
            is_lasting=False,
        ) from None


def _task(running: Engine, file: WaitingFile, source: Mapping, folder: Path) -> Task:
    rows, unparsed = folder / "staged.parquet", folder / "unparsed.parquet"
    # The child that reads has a folder of its own to stand in.
    tables = tuple((table, path.absolute()) for table, path in file.tables)
    path, limit = file.path.absolute(), running.max_inflated_bytes
    return Task(path, source, running.key, rows, unparsed, limit, tables)


def _existing(path: Path) -> Path:
    if not path.is_file():
        raise FileRefusedError(f"{shown(str(path))} is not a file: check the path.", is_lasting=False)
    return path


def _land(home: Home, file: WaitingFile, source: Mapping, running: Engine) -> Delivery:
    name, state = _name(file), _state(file)
    file_sha256 = _sha256(file)
    exported_at = exports.moments(source, file.path)
    before = _already(running, home, source, file_sha256, exported_at)
    if before is not None:
        _remove(file)
        return Delivery(source.name, name, delivery_id=before, already=before)
    delivery_id = landing.new_delivery_id(home, file_sha256)
    with landing.unfinished(home, delivery_id) as folder:
        task = _task(running, file, source, folder)
        leaving = _replaced(running, home, source, file_sha256, name)
        staged = stage(task)
        obey(home, running, task.rows, source, staged.columns)
        loaded = load(
            home,
            running,
            staged,
            source,
            contract(),
            folder,
            delivery_id,
            name,
            exported_at=exported_at,
            leaving=leaving,
        )
        if _state(file) != state:
            raise FileRefusedError(
                f"{name} was still being written: let its name end in .part until it is complete.",
                is_lasting=False,
            )
        profile = drift.profile(running, staged, source, loaded.files)
        told = drift.findings(name, profile, drift.earlier(home, source), contract())
        delivery = replace(loaded.delivery, findings=(*loaded.delivery.findings, *told))
        write_journals(running, contract(), delivery, source, file_sha256, folder, exported_at)
        if leaving:
            retire(running, home, contract(), sorted(leaving), "corrected_rules", folder, delivery_id)
        # The archive first: were the process killed in between, the next run writes the same copy again.
        copy = archive.copy_of(home, source.name, file_sha256, name)
        archive.store(copy, task, staged, file_sha256, name, profile)
        landing.finish(home, folder, delivery_id)
    _remove(file)
    return delivery


def _remove(file: WaitingFile) -> None:
    for path in file.paths:
        path.unlink()


def _state(file: WaitingFile) -> list[tuple[int, int]]:
    known = [_existing(path).stat() for path in file.paths]
    return [(item.st_size, item.st_mtime_ns) for item in known]


def _already(
    running: Engine, home: Home, source: Mapping, file_sha256: str, exported_at: dict[str, datetime]
) -> str | None:
    """The delivery of the same bytes through the same source by the same rules, if it still counts.

    The same bytes exported at another moment say again what an export in between said otherwise.
    """
    gone = retired(running, home)
    wanted = (source.name, file_sha256, rules_sha256(source))
    same = [
        item.delivery_id
        for item in landing.taken(running.connection, home)
        if (item.source, item.file_sha256, item.rules_sha256) == wanted
        and not item.is_replay
        and item.delivery_id not in gone
    ]
    if not exported_at:
        return next(iter(same), None)
    moments = {delivery: landing.exported_at(running.connection, home, delivery) for delivery in same}
    return next((delivery for delivery in same if exported_at.items() <= moments[delivery].items()), None)


def _replaced(
    running: Engine, home: Home, source: Mapping, file_sha256: str, file_name: str
) -> frozenset[str]:
    """The deliveries of the same bytes by other rules, and their replays: this one takes their place.

    Where several exports had these bytes, it is the one of the same name.
    """
    gone = retired(running, home)
    same = [
        item
        for item in landing.taken(running.connection, home)
        if (item.source, item.file_sha256) == (source.name, file_sha256)
        and (item.is_replay or item.rules_sha256 != rules_sha256(source))
        and item.delivery_id not in gone
    ]
    named = [item for item in same if item.file_name == file_name]
    return frozenset(item.delivery_id for item in named or same)


def outdated(home: Home) -> list[Taken]:
    """Deliveries that still count and were read by rules which have changed since.

    The same file sent to its source again is read by the new ones.
    """
    known = sources(home)
    with engine(home, may_make_key=False) as running:
        gone = retired(running, home)
        found = []
        for item in landing.taken(running.connection, home):
            if item.delivery_id in gone or item.is_replay or item.source not in known:
                continue
            try:
                rules = rules_sha256(known[item.source])
            except MappingError:
                continue
            if item.rules_sha256 != rules:
                found.append(item)
        return found
