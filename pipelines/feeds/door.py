"""The door: files that wait become deliveries in the landing, and leave the inbox.

Belongs here: the order of steps for one file, and for the whole inbox. Does not belong here: how any step is done.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from pipelines.errors import SavoirError
from pipelines.feeds import files, landing, sql
from pipelines.feeds.contract import Contract, contract
from pipelines.feeds.files import MAX_INFLATED_BYTES, Census, FileRefusedError
from pipelines.feeds.judging import Judgement, judgement, routed_sql
from pipelines.feeds.mappings import Mapping, sources
from pipelines.feeds.personal import customer_key
from pipelines.feeds.reading import Staged, stage
from pipelines.feeds.results import CheckResult, Delivery, FeedCounts, Refusal, Skip, WaitingFile
from pipelines.home import Home

Progress = Callable[[str], None]

# Part of what decides how a file loads: raise it when the same bytes would load differently.
DOOR_VERSION = "1"
NO_FEED = "no_feed_takes_it"
_SHOWN_REFUSALS = 20


class UnknownSourceError(SavoirError):
    """A folder or name that is neither a feed nor a mapping."""


class ConservationError(SavoirError):
    """Rows read are not the rows accounted for: a fault of the door, never of the file."""


@dataclass(frozen=True)
class Engine:
    """One connection for all files of a run, and the secret for customers."""

    connection: duckdb.DuckDBPyConnection
    key: bytes
    max_inflated_bytes: int = MAX_INFLATED_BYTES


def source_named(name: str) -> Mapping:
    """The source of that name, or a sentence that lists them."""
    known = sources()
    if name not in known:
        raise UnknownSourceError(f"{name} is no source: use one of {', '.join(known)}, or add a mapping {name}.yml.")
    return known[name]


def waiting(home: Home, source: str | None = None) -> list[WaitingFile]:
    """The inbox's files in order of source and name; hidden files and `.part` files are left alone."""
    found = []
    if not home.inbox.is_dir():
        return []
    known = sources()
    order = list(known)
    for entry in sorted(home.inbox.iterdir(), key=lambda item: (order.index(item.name) if item.name in order else 99, item.name)):
        if _is_left_alone(entry):
            continue
        if not entry.is_dir():
            found.append(
                WaitingFile(entry, "", f"{entry.name} lies in the inbox itself: put it into inbox/<source>/, one of {', '.join(known)}.")
            )
            continue
        if source is not None and entry.name != source:
            continue
        trouble = None
        if entry.name not in known:
            trouble = f"inbox/{entry.name}/ is no source: rename the folder to one of {', '.join(known)}, or add a mapping."
        found.extend(
            WaitingFile(path, entry.name, trouble)
            for path in sorted(entry.rglob("*"))
            if path.is_file() and not _is_left_alone(path)
        )
    return found


def _is_left_alone(path: Path) -> bool:
    return path.name.startswith(".") or path.name.endswith(".part")


def take_all(home: Home, progress: Progress | None = None, source: str | None = None) -> list[Delivery]:
    """Take every file that waits (of one source, if named). A file that is refused whole stays in the inbox."""
    say = progress or _silent
    home.make()
    deliveries = []
    with landing.locked(home):
        landing.ensure_empty_landing(home)
        queue = waiting(home, source)
        if not queue:
            return []
        with tempfile.TemporaryDirectory(prefix="savoir-spill-") as spill:
            engine = Engine(_connect(Path(spill)), customer_key(home))
            try:
                for place, file in enumerate(queue, 1):
                    say(f"Taking {file.path.name} as {file.source} ({place} of {len(queue)})")
                    delivery = _taken_or_refused(home, file, engine)
                    for sentence in delivery.sentences:
                        say(sentence)
                    deliveries.append(delivery)
            finally:
                engine.connection.close()
    return deliveries


def take(home: Home, path: Path, source: str, max_inflated_bytes: int = MAX_INFLATED_BYTES) -> Delivery:
    """Take one file, wherever it lies; it moves to the archive. Raises where the whole file is refused."""
    mapping = source_named(source)
    home.make()
    with landing.locked(home), tempfile.TemporaryDirectory(prefix="savoir-spill-") as spill:
        landing.ensure_empty_landing(home)
        connection = _connect(Path(spill))
        try:
            return _land(home, path, mapping, Engine(connection, customer_key(home), max_inflated_bytes))
        finally:
            connection.close()


def check(home: Home, path: Path, source: str, max_inflated_bytes: int = MAX_INFLATED_BYTES) -> CheckResult:
    """A dry run: what `take` would do. Writes nothing under the home."""
    mapping = source_named(source)
    with tempfile.TemporaryDirectory(prefix="savoir-check-") as scratch:
        folder = Path(scratch) / "delivery"
        folder.mkdir()
        connection = _connect(Path(scratch))
        try:
            engine = Engine(connection, customer_key(home, create=False), max_inflated_bytes)
            file_sha256, census = files.survey(path)
            read = _read(home, path, mapping, engine, folder, "check", census)
            reasons = connection.execute(
                "select reason, count(*) from (select unnest(string_split(reasons, chr(10))) as reason from refused) "
                "group by reason order by count(*) desc, reason limit 50"
            ).fetchall()
            rows = {
                feed: tuple(_records(connection, f"select * from read_parquet({sql.text(str(file))}) limit 5"))
                for feed, file in read.files.items()
            }
            before = _already(connection, home, mapping, file_sha256)
        except FileRefusedError as error:
            return CheckResult(Delivery(source, path.name, refusal=str(error)))
        finally:
            connection.close()
    return CheckResult(replace(read.delivery, already=before), tuple(reasons), rows)


@dataclass(frozen=True)
class _Read:
    delivery: Delivery
    files: dict[str, Path]


def _taken_or_refused(home: Home, file: WaitingFile, engine: Engine) -> Delivery:
    if file.trouble is not None:
        return Delivery(file.source, file.path.name, refusal=file.trouble)
    try:
        return _land(home, file.path, source_named(file.source), engine)
    except FileRefusedError as error:
        return Delivery(file.source, file.path.name, refusal=str(error))


def _land(home: Home, path: Path, source: Mapping, engine: Engine) -> Delivery:
    if not path.is_file():
        raise FileRefusedError(f"{path} is not there: check the path.")
    file_sha256, census = files.survey(path)
    archived = home.archive / source.name / f"{file_sha256[:12]}-{_plain_name(path)}.parquet"
    before = _already(engine.connection, home, source, file_sha256)
    if before is not None:
        path.unlink()
        return Delivery(source.name, path.name, delivery_id=before, already=before)
    delivery_id = landing.new_delivery_id(home, file_sha256)
    with landing.unfinished(home, delivery_id) as folder:
        read = _read(home, path, source, engine, folder, delivery_id, census)
        staged = folder / _STAGED
        _write_journals(engine.connection, read.delivery, source, file_sha256, folder)
        # The archive first: were the process killed in between, the next run writes the same copy again.
        archived.parent.mkdir(parents=True, exist_ok=True)
        landing.sync(staged)
        staged.replace(archived)
        landing.sync(archived.parent)
        landing.finish(home, folder, delivery_id)
    path.unlink()
    return read.delivery


_STAGED = "staged.parquet"


def _plain_name(path: Path) -> str:
    return path.name.removesuffix(".gz").removesuffix(".parquet").removesuffix(".csv")


def _rules(source: Mapping) -> str:
    return f"{DOOR_VERSION}-{source.fingerprint}"


def _already(connection: duckdb.DuckDBPyConnection, home: Home, source: Mapping, file_sha256: str) -> str | None:
    """The delivery of the same bytes through the same source by the same rules."""
    wanted = (source.name, file_sha256, _rules(source))
    return next(
        (
            item.delivery_id
            for item in landing.taken(connection, home)
            if (item.source, item.file_sha256, item.rules_sha256) == wanted
        ),
        None,
    )


def _read(
    home: Home, path: Path, source: Mapping, engine: Engine, folder: Path, delivery_id: str, census: Census
) -> _Read:
    """Stage, route and judge one file into `folder`, and account for every row."""
    known = contract()
    staged = stage(
        engine.connection, path, source, known, engine.key, folder / _STAGED, census, engine.max_inflated_bytes
    )
    return load(home, staged, source, known, engine, folder, delivery_id, path.name)


def load(
    home: Home,
    staged: Staged,
    source: Mapping,
    known: Contract,
    engine: Engine,
    folder: Path,
    delivery_id: str,
    file_name: str,
) -> _Read:
    """Judge staged rows into typed files of `folder` and the table `refused`."""
    connection = engine.connection
    connection.execute(
        "create or replace temp table refused (feed text, file_row bigint, reasons text, record text)"
    )
    routed = f"({routed_sql(source, staged)})"
    feeds = [judgement(source, known, rule.feed, staged, routed) for rule in source.feeds]
    written: dict[str, Path] = {}
    counts: list[FeedCounts] = []
    skips = _skips(connection, source, staged, routed)
    for place, judged in enumerate(feeds):
        matched = _scalar(connection, judged.matched) if len(feeds) > 1 or source.filters else staged.rows
        path = folder / f"{judged.feed.name}.parquet"
        accepted, loaded = _write_feed(home, connection, judged, path, delivery_id)
        refused = 0
        if accepted < matched:
            connection.execute(f"insert into refused select {sql.text(judged.feed.name)}, * from ({judged.refused})")
            refused = _scalar(
                connection, f"select count(*) from refused where feed = {sql.text(judged.feed.name)}"
            )
        if loaded:
            written[judged.feed.name] = path
        else:
            path.unlink()
        skipped = 0
        if place == 0:  # what no feed takes is counted once, under the source's first feed
            skipped = sum(skip.rows_skipped for skip in skips)
            if staged.unparsed:
                connection.executemany(
                    "insert into refused values (?, ?, ?, null)",
                    [[judged.feed.name, item.file_row, item.reason] for item in staged.unparsed],
                )
            matched += skipped + len(staged.unparsed)
            refused += len(staged.unparsed)
        count = FeedCounts(judged.feed.name, matched, loaded, accepted - loaded, refused, skipped)
        if not count.is_conserved:
            raise ConservationError(f"{file_name}: {count} does not add up; nothing was landed. Please report this file.")
        counts.append(count)
    if len(feeds) == 1 and sum(count.rows_read for count in counts) != staged.rows + len(staged.unparsed):
        raise ConservationError(f"{file_name}: {staged.rows} rows were staged, {counts} were accounted for.")
    shown = connection.execute(
        f"select feed, file_row, reasons, record from refused order by file_row, feed limit {_SHOWN_REFUSALS}"
    ).fetchall()
    return _Read(
        Delivery(
            source=source.name,
            file_name=file_name,
            delivery_id=delivery_id,
            counts=tuple(counts),
            skips=skips,
            findings=staged.findings,
            refused=tuple(
                Refusal(source.name, feed, file_name, row, tuple(reasons.split("\n")), record, delivery_id)
                for feed, row, reasons, record in shown
            ),
        ),
        written,
    )


def _skips(
    connection: duckdb.DuckDBPyConnection, source: Mapping, staged: Staged, routed: str
) -> tuple[Skip, ...]:
    first = source.feeds[0].feed
    if source.is_canonical:
        return ()
    from pipelines.feeds.translation import conditions_sql

    taken_by_none = " and ".join(f"not ({conditions_sql(rule.when, source.dialect)})" for rule in source.feeds)
    rows = connection.execute(
        f"select coalesce(_skip, {sql.text(NO_FEED)}) as name, count(*) from {routed} "
        f"where _skip is not null or ({taken_by_none}) group by name order by name"
    ).fetchall()
    return tuple(Skip(first, name, count) for name, count in rows)


def _write_feed(
    home: Home, connection: duckdb.DuckDBPyConnection, judged: Judgement, path: Path, delivery_id: str
) -> tuple[int, int]:
    """Write the accepted rows that are new; how many were accepted, and how many of them are new."""
    columns = ", ".join(sql.name(name) for name in judged.feed.column_names)
    target = sql.text(str(path))
    accepted = _scalar(
        connection,
        f"copy (select {columns}, {sql.text(delivery_id)} as _delivery_id, _file_row, _content_hash "
        f"from ({judged.accepted})) to {target} (format parquet, compression zstd, compression_level 1)",
    )
    if not accepted:
        return 0, 0
    before = landing.feed_files(home, judged.feed.name)
    seen = f"select _content_hash from {landing.files_sql(before)}" if before else "select null where false"
    here = f"read_parquet({target})"
    # 64 bits of the hash are enough to prove that all rows differ; only if they do not is the exact way taken.
    distinct = _scalar(connection, f"select count(distinct hash(_content_hash)) from {here}")
    known = _scalar(connection, f"select count(*) from {here} where _content_hash in ({seen})") if before else 0
    if distinct == accepted and known == 0:
        return accepted, accepted
    fresh = path.with_suffix(".fresh")
    loaded = _scalar(
        connection,
        f"copy (select * exclude (_copy) from (select *, row_number() over (partition by _content_hash order by _file_row) "
        f"as _copy from {here} where _content_hash not in ({seen})) where _copy = 1) to {sql.text(str(fresh))} "
        "(format parquet, compression zstd, compression_level 1)",
    )
    fresh.replace(path)
    return accepted, loaded


def _write_journals(
    connection: duckdb.DuckDBPyConnection, delivery: Delivery, source: Mapping, file_sha256: str, folder: Path
) -> None:
    known = contract()
    # The delivery's key starts with its time, so that both say the same.
    received_at = datetime.now(UTC).replace(tzinfo=None)
    landing.write_journal(
        connection,
        known,
        "deliveries",
        [
            {
                "delivery_id": delivery.delivery_id,
                "source": source.name,
                "feed": count.feed,
                "file_name": delivery.file_name,
                "file_sha256": file_sha256,
                "rules_sha256": _rules(source),
                "received_at": received_at,
                "rows_read": count.rows_read,
                "rows_loaded": count.rows_loaded,
                "rows_duplicate": count.rows_duplicate,
                "rows_quarantined": count.rows_quarantined,
                "rows_skipped": count.rows_skipped,
                "findings": "\n".join(delivery.findings) or None if place == 0 else None,
            }
            for place, count in enumerate(delivery.counts)
        ],
        folder,
    )
    landing.write_journal(
        connection,
        known,
        "skips",
        [
            {
                "delivery_id": delivery.delivery_id,
                "feed": skip.feed,
                "filter_name": skip.filter_name,
                "rows_skipped": skip.rows_skipped,
            }
            for skip in delivery.skips
        ],
        folder,
    )
    if any(count.rows_quarantined for count in delivery.counts):
        values = {
            "delivery_id": sql.text(delivery.delivery_id or ""),
            "source": sql.text(source.name),
            "file_name": sql.text(delivery.file_name),
        }
        columns = ", ".join(
            f"cast({values.get(column.name, column.name)} as {column.type}) as {column.name}"
            for column in known.journals["quarantine"].columns
        )
        connection.execute(
            f"copy (select {columns} from refused order by file_row, feed) "
            f"to {sql.text(str(folder / 'quarantine.parquet'))} (format parquet, compression zstd)"
        )


def _connect(spill: Path) -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    # UTC: times with an offset are stored as UTC whatever the machine's zone. Spilled text is encrypted: it may be personal.
    connection.execute(
        f"set TimeZone = 'UTC'; set memory_limit = '3GB'; set temp_directory = {sql.text(str(spill))}; "
        "set temp_file_encryption = true; set enable_progress_bar = false"
    )
    return connection


def _records(connection: duckdb.DuckDBPyConnection, query: str) -> list[dict[str, object]]:
    cursor = connection.execute(query)
    names = [item[0] for item in cursor.description or ()]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def _scalar(connection: duckdb.DuckDBPyConnection, query: str) -> int:
    row = connection.execute(query).fetchone()
    return int(row[0]) if row else 0


def _silent(_: str) -> None:
    """Progress that nobody reads."""
