"""Deliveries that no longer count: read again by corrected rules, or withdrawn.

Belongs here: which deliveries are retired, and bringing back the rows of others that were only their
duplicates. Does not belong here: taking files (`door`), or hiding retired rows from the models (dbt,
`known_deliveries`).

Nothing is deleted: a retirement is one more journal row, so that `known_on` still shows what was known
before it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from pipelines.errors import SavoirError
from pipelines.feeds import landing, sql
from pipelines.feeds.contract import Contract, contract
from pipelines.feeds.engine import Engine, engine
from pipelines.feeds.landing import Taken
from pipelines.home import Home
from pipelines.state.log import record

Reason = Literal["corrected_rules", "withdrawn"]


class UnknownDeliveryError(SavoirError):
    """No delivery has that key, or it no longer counts."""


class UnnotedDuplicatesError(SavoirError):
    """What would have to come back is not known."""


def retired(running: Engine, home: Home) -> frozenset[str]:
    """The deliveries that no longer count."""
    paths = landing.feed_files(home, "retirements")
    if not paths:
        return frozenset()
    query = f"select distinct retired_delivery_id from {landing.files_sql(paths)}"
    return frozenset(row[0] for row in running.connection.execute(query).fetchall())


def live_rows_sql(home: Home, feed: str, gone: frozenset[str], columns: str = "*") -> str | None:
    """The landed rows of a feed that count, but for those of the deliveries `gone`; None where there are
    none.
    """
    paths = landing.feed_files(home, feed)
    if not paths:
        return None
    # Files of an older version have no moment of export.
    reader = (
        f"select * from {landing.files_sql(paths)} union all by name "
        "select cast(null as timestamp) as _exported_at where false"
    )
    where = f" where _delivery_id not in ({sql.texts(sorted(gone))})" if gone else ""
    return f"select {columns} from ({reader}){where}"


def write_duplicates(running: Engine, folder: Path, feed: str, delivery_id: str, dropped: str) -> None:
    """Note the rows that were left out because another delivery holds the same: `dropped` is a query of
    `_content_hash`, `_file_row`, `_exported_at`.
    """
    running.connection.execute(
        f"copy (select {sql.text(delivery_id)} as delivery_id, * from ({dropped})) "
        f"to {sql.text(str(folder / _duplicates(feed)))} (format parquet, compression zstd)"
    )


def retire(
    running: Engine,
    home: Home,
    known: Contract,
    leaving: Sequence[str],
    reason: Reason,
    folder: Path,
    delivery_id: str | None = None,
) -> int:
    """Write into `folder`, a delivery still being made, that the deliveries `leaving` no longer count; and
    the rows of others that were only their duplicates. How many came back.

    Call it after the folder's own rows are written: what they hold need not come back.
    """
    gone = retired(running, home) | frozenset(leaving)
    landing.write_journal(
        running.connection,
        known,
        "retirements",
        [
            {
                "retired_delivery_id": key,
                "retired_at": datetime.now(UTC).replace(tzinfo=None),
                "reason": reason,
                "delivery_id": delivery_id,
            }
            for key in leaving
        ],
        folder,
    )
    return sum(_bring_back(running, home, feed, leaving, gone, folder) for feed in known.feeds)


def withdraw(home: Home, delivery_id: str) -> int:
    """Take back a delivery as if it had never been sent, with the replays of its refused rows; the rows of
    others that come back.
    """
    known = contract()
    with landing.locked(home), engine(home) as running:
        gone = retired(running, home)
        counting = [item for item in landing.taken(running.connection, home) if item.delivery_id not in gone]
        chosen = next((item for item in counting if item.delivery_id == delivery_id), None)
        if chosen is None:
            latest = ", ".join(f"{item.delivery_id} ({item.file_name})" for item in counting[-3:])
            raise UnknownDeliveryError(
                f"{delivery_id} is not a delivery that counts; the latest are {latest or 'none yet'}, and "
                "meta.deliveries names all."
            )
        file = (chosen.source, chosen.file_sha256)
        leaving = [item.delivery_id for item in counting if (item.source, item.file_sha256) == file]
        _refuse_unnoted(home, running, chosen, [item for item in counting if item.delivery_id not in leaving])
        key = landing.new_delivery_id(home, "withdrawn")
        with landing.unfinished(home, key) as folder:
            back = retire(running, home, known, leaving, "withdrawn", folder)
            landing.finish(home, folder, key)
        record(
            home, "withdraw", f"{chosen.file_name}: {', '.join(leaving)}; {back:,} rows of others came back"
        )
        return back


def _refuse_unnoted(home: Home, running: Engine, chosen: Taken, others: list[Taken]) -> None:
    """An older version did not note which rows it left out as duplicates: they could not come back."""
    for item in others:
        folder = home.landing / item.delivery_id
        counts = landing.files_sql([folder / "deliveries.parquet"])
        left_out = running.number(f"select coalesce(sum(rows_duplicate), 0) from {counts}")
        if (
            item.delivery_id > chosen.delivery_id
            and left_out
            and not any(folder.glob("*_duplicates.parquet"))
        ):
            raise UnnotedDuplicatesError(
                f"{chosen.file_name} cannot be withdrawn: {item.file_name} ({item.delivery_id}) came after "
                "it and was taken by an older version, which did not note what it left out as known. Send a "
                "correction under the same keys instead."
            )


def _bring_back(
    running: Engine, home: Home, feed: str, leaving: Sequence[str], gone: frozenset[str], folder: Path
) -> int:
    """Rows that a delivery which counts had left out, because one that leaves holds the same."""
    notes = [path for item in landing.delivery_folders(home) if (path := item / _duplicates(feed)).exists()]
    lost = live_rows_sql(home, feed, frozenset())
    if not notes or lost is None:
        return 0
    own = folder / f"{feed}.parquet"
    still = [live_rows_sql(home, feed, gone, "_content_hash, _exported_at")]
    if own.exists():
        still.append(f"select _content_hash, _exported_at from read_parquet({sql.path(own)})")
    still_sql = " union all ".join(item for item in still if item)
    # The latest export of a content says all that the earlier ones of it say.
    back = f"""
        select lost.* replace (
            noted.delivery_id as _delivery_id, noted._file_row as _file_row, noted._exported_at as
            _exported_at
        )
        from (
            select * from ({lost}) where _delivery_id in ({sql.texts(sorted(leaving))})
            qualify row_number() over (partition by _content_hash order by _delivery_id, _file_row) = 1
        ) as lost
        inner join (
            select * from {landing.files_sql(notes)}
            where delivery_id not in ({sql.texts(sorted(gone))})
            qualify row_number() over (
                partition by _content_hash order by _exported_at desc nulls last, delivery_id, _file_row
            ) = 1
        ) as noted on lost._content_hash = noted._content_hash
        where not exists (
            select 1 from ({still_sql}) as still
            where still._content_hash = noted._content_hash
            and (noted._exported_at is null or still._exported_at >= noted._exported_at)
        )
    """
    running.connection.execute(f"create or replace temp table brought_back as {back}")
    count = running.number("select count(*) from brought_back")
    if count:
        written = own.with_suffix(".joined")
        before = f"select * from read_parquet({sql.path(own)}) union all by name " if own.exists() else ""
        running.connection.execute(
            f"copy ({before}select * from brought_back) to {sql.text(str(written))} "
            "(format parquet, compression zstd, compression_level 1)"
        )
        written.replace(own)
    return count


def _duplicates(feed: str) -> str:
    return f"{feed}_duplicates.parquet"
