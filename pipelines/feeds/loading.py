"""From staged text to the files of one delivery: typed rows that are new, refused rows, and the account of
all.

Belongs here: duplicates, conservation, journals. Does not belong here: the order of steps around a file
(`door`).
"""

from __future__ import annotations

from collections.abc import Mapping as Map
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from pipelines.errors import SavoirError
from pipelines.feeds import exports, landing, sql
from pipelines.feeds.contract import Contract
from pipelines.feeds.engine import Engine
from pipelines.feeds.judging import Judgement, judgement, routed_sql
from pipelines.feeds.mappings import Mapping
from pipelines.feeds.results import Delivery, FeedCounts, Refusal, Skip
from pipelines.feeds.retiring import live_rows_sql, retired, write_duplicates
from pipelines.feeds.staging import Staged
from pipelines.feeds.translation import conditions_sql
from pipelines.home import Home

# Part of what decides how a file loads: raise it when the same bytes would load differently.
DOOR_VERSION = "2"
NO_FEED = "no_feed_takes_it"
_SHOWN_REFUSALS = 20
_PARQUET = "(format parquet, compression zstd, compression_level 1)"


class ConservationError(SavoirError):
    """Rows read are not the rows accounted for: a fault of the door, never of the file."""


@dataclass(frozen=True)
class Loaded:
    """A delivery as written to a folder; `files` holds the feeds that got rows."""

    delivery: Delivery
    files: Map[str, Path]


def rules_sha256(source: Mapping) -> str:
    """What decides how a file of this source loads."""
    return f"{DOOR_VERSION}-{source.fingerprint}"


def load(
    home: Home,
    engine: Engine,
    staged: Staged,
    source: Mapping,
    known: Contract,
    folder: Path,
    delivery_id: str,
    file_name: str,
    only_rows: Map[str, frozenset[int]] | None = None,
    exported_at: Map[str, datetime] | None = None,
    leaving: frozenset[str] = frozenset(),
) -> Loaded:
    """Judge staged rows into files of `folder` and the table `refused`.

    `only_rows`: a replay, of these lines per feed; lines that no parser could read are then counted again.
    `exported_at`: by feed, when the export was made. `leaving`: deliveries that this one takes the place of.
    """
    connection = engine.connection
    connection.execute(
        "create or replace temp table refused (feed text, file_row bigint, reasons text, record text)"
    )
    routed = f"({routed_sql(source, staged)})"
    if not source.is_canonical:
        # Several queries read it, and a key made from content needs a sort: once is enough.
        connection.execute(f"create or replace temp table routed as select * from {routed}")
        routed = "routed"
    skips = () if source.is_canonical or only_rows is not None else _skips(engine, source, routed)
    gone = leaving | retired(engine, home)
    files: dict[str, Path] = {}
    counts: list[FeedCounts] = []
    for place, rule in enumerate(source.feeds):
        only = None if only_rows is None else only_rows.get(rule.feed, frozenset())
        moment = (exported_at or {}).get(rule.feed)
        judged = judgement(source, known, rule.feed, staged, routed, only, moment)
        path = folder / f"{rule.feed}.parquet"
        count = _write_feed(home, engine, judged, path, delivery_id, gone)
        if count.rows_loaded:
            files[rule.feed] = path
        else:
            path.unlink()
        if place == 0:  # what no feed takes is counted once, under the source's first feed
            count = _with_unclaimed(engine, count, staged, skips)
        if not count.is_conserved:
            raise ConservationError(
                f"{file_name}: {count} does not add up; nothing was landed. Please report it."
            )
        counts.append(count)
    read = sum(count.rows_read for count in counts)
    # One row may feed several feeds, so that more may be read than there are records; never fewer.
    is_exact = read == staged.records if len(source.feeds) == 1 else read >= staged.records
    if only_rows is None and not is_exact:
        raise ConservationError(
            f"{file_name}: {staged.records:,} records were counted in the file, {read:,} are accounted for; "
            "nothing was landed. Please report it."
        )
    shown = connection.execute(
        f"select feed, file_row, reasons, record from refused order by file_row, feed limit {_SHOWN_REFUSALS}"
    ).fetchall()
    delivery = Delivery(
        source=source.name,
        file_name=file_name,
        delivery_id=delivery_id,
        counts=tuple(counts),
        skips=skips,
        findings=(*staged.findings, *exports.findings(source, file_name, dict(exported_at or {}))),
        refused=tuple(
            Refusal(source.name, feed, file_name, row, tuple(reasons.split("\n")), record, delivery_id)
            for feed, row, reasons, record in shown
        ),
    )
    return Loaded(delivery, files)


def _skips(engine: Engine, source: Mapping, routed: str) -> tuple[Skip, ...]:
    taken_by_none = " and ".join(f"not ({conditions_sql(rule.when, source)})" for rule in source.feeds)
    rows = engine.connection.execute(
        f"select coalesce(_skip, {sql.text(NO_FEED)}) as name, count(*) from {routed} "
        f"where _skip is not null or ({taken_by_none}) group by name order by name"
    ).fetchall()
    return tuple(Skip(source.feeds[0].feed, name, count) for name, count in rows)


def _with_unclaimed(engine: Engine, count: FeedCounts, staged: Staged, skips: tuple[Skip, ...]) -> FeedCounts:
    if staged.unparsed_sql:
        engine.connection.execute(
            f"insert into refused select {sql.text(count.feed)}, _row, reason, null from "
            f"({staged.unparsed_sql})"
        )
    skipped = sum(skip.rows_skipped for skip in skips)
    unparsed = staged.unparsed
    return FeedCounts(
        feed=count.feed,
        rows_read=count.rows_read + skipped + unparsed,
        rows_loaded=count.rows_loaded,
        rows_duplicate=count.rows_duplicate,
        rows_quarantined=count.rows_quarantined + unparsed,
        rows_skipped=skipped,
    )


def _write_feed(
    home: Home, engine: Engine, judged: Judgement, path: Path, delivery_id: str, gone: frozenset[str]
) -> FeedCounts:
    """Write the accepted rows that are new, and the refused ones into the table `refused`."""
    feed = judged.feed.name
    read = engine.number(judged.matched)
    columns = ", ".join(sql.name(name) for name in judged.feed.column_names)
    target = sql.text(str(path))  # where to write is a name; only a reader takes it for a pattern
    accepted = engine.number(
        f"copy (select {columns}, {sql.text(delivery_id)} as _delivery_id, _file_row, _content_hash, "
        f"_exported_at "
        f"from ({judged.accepted})) to {target} {_PARQUET}"
    )
    refused = 0
    if accepted < read:
        engine.connection.execute(f"create or replace temp table wrong as {judged.wrong}")
        engine.connection.execute(f"insert into refused select {sql.text(feed)}, * from ({judged.refused})")
        engine.connection.execute("drop table wrong")
        refused = engine.number(f"select count(*) from refused where feed = {sql.text(feed)}")
    loaded = _drop_duplicates(home, engine, feed, path, accepted, delivery_id, gone) if accepted else 0
    return FeedCounts(feed, read, loaded, accepted - loaded, refused, 0)


def _drop_duplicates(
    home: Home, engine: Engine, feed: str, path: Path, accepted: int, delivery_id: str, gone: frozenset[str]
) -> int:
    """Keep the first row of each content that no delivery which counts holds yet; how many stay.

    A content that a later export holds again is new: it may say again what another export said otherwise.
    """
    columns = "_content_hash, _exported_at"
    before = live_rows_sql(home, feed, gone, columns)
    here = f"read_parquet({sql.path(path)})"
    # 64 bits of the hash are enough to prove that all rows differ; only if they do not is the exact way
    # taken.
    distinct = engine.number(f"select count(distinct hash(_content_hash)) from {here}")
    seen = f"select _content_hash from ({before})"
    repeated = engine.number(f"select count(*) from {here} where _content_hash in ({seen})") if before else 0
    if distinct == accepted and repeated == 0:
        return accepted
    latest = before or f"select {columns} from {here} where false"
    engine.connection.execute(
        f"""
        create or replace temp table copies as
        select here._content_hash, here._row_in_file, here._file_row, here._exported_at,
            row_number() over (
                partition by here._content_hash order by here._exported_at desc nulls last, here._row_in_file
            ) as _copy,
            seen._content_hash is not null and (
                here._exported_at is null or coalesce(seen._exported_at >= here._exported_at, false)
            ) as is_known
        from (select *, file_row_number as _row_in_file from {here[:-1]}, file_row_number = true)) as here
        left join (select _content_hash, max(_exported_at) as _exported_at from ({latest}) group by 1) as seen
            on here._content_hash = seen._content_hash
        """
    )
    fresh = path.with_suffix(".fresh")
    loaded = engine.number(
        f"copy (select * exclude (file_row_number) from {here[:-1]}, file_row_number = true) "
        "where file_row_number in (select _row_in_file from copies where _copy = 1 and not is_known) "
        "order by file_row_number) "
        f"to {sql.text(str(fresh))} {_PARQUET}"
    )
    fresh.replace(path)
    if repeated:
        dropped = "select _content_hash, _file_row, _exported_at from copies where _copy = 1 and is_known"
        write_duplicates(engine, path.parent, feed, delivery_id, dropped)
    return loaded


def write_journals(
    engine: Engine,
    known: Contract,
    delivery: Delivery,
    source: Mapping,
    file_sha256: str,
    folder: Path,
    exported_at: Map[str, datetime] | None = None,
    is_replay: bool = False,
) -> None:
    """What the delivery says about itself: counts, skips, refused rows."""
    received_at = datetime.now(UTC).replace(tzinfo=None)
    complete = {rule.feed: rule.is_complete_export for rule in source.feeds}
    deliveries: list[dict[str, object]] = [
        {
            "delivery_id": delivery.delivery_id,
            "source": source.name,
            "feed": count.feed,
            "file_name": delivery.file_name,
            "file_sha256": file_sha256,
            "rules_sha256": rules_sha256(source),
            "received_at": received_at,
            "rows_read": count.rows_read,
            "rows_loaded": count.rows_loaded,
            "rows_duplicate": count.rows_duplicate,
            "rows_quarantined": count.rows_quarantined,
            "rows_skipped": count.rows_skipped,
            "findings": "\n".join(delivery.findings) or None if place == 0 else None,
            "exported_at": (exported_at or {}).get(count.feed) or _latest_export(engine, folder, count.feed),
            "is_complete_export": complete[count.feed],
            "is_replay": is_replay,
        }
        for place, count in enumerate(delivery.counts)
    ]
    skips: list[dict[str, object]] = [
        {
            "delivery_id": delivery.delivery_id,
            "feed": skip.feed,
            "filter_name": skip.filter_name,
            "rows_skipped": skip.rows_skipped,
        }
        for skip in delivery.skips
    ]
    landing.write_journal(engine.connection, known, "deliveries", deliveries, folder)
    landing.write_journal(engine.connection, known, "skips", skips, folder)
    if any(count.rows_quarantined for count in delivery.counts):
        same = {
            "delivery_id": delivery.delivery_id or "",
            "source": source.name,
            "file_name": delivery.file_name,
        }
        columns = ", ".join(
            f"cast({sql.text(same[column.name]) if column.name in same else column.name} as {column.type}) "
            f"as {column.name}"
            for column in known.journals["quarantine"].columns
        )
        engine.connection.execute(
            f"copy (select {columns} from refused order by file_row, feed) "
            f"to {sql.text(str(folder / 'quarantine.parquet'))} {_PARQUET}"
        )


def _latest_export(engine: Engine, folder: Path, feed: str) -> object:
    """The latest moment of export that a column of the delivery's rows gave."""
    path = folder / f"{feed}.parquet"
    if not path.exists():
        return None
    row = engine.connection.execute(
        f"select max(_exported_at) from read_parquet({sql.path(path)})"
    ).fetchone()
    return row[0] if row else None
