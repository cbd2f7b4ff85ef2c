"""The quarantine: refused rows that are still missing, and judging them again after a fix.

Belongs here: which refusals are open, and the replay. Does not belong here: refusing (`judging`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable

from pipelines.feeds import landing, sql
from pipelines.feeds.archive import copy_of, stored
from pipelines.feeds.contract import contract
from pipelines.feeds.engine import Engine, engine
from pipelines.feeds.loading import load, rules_sha256, write_journals
from pipelines.feeds.mapping_files import MappingError
from pipelines.feeds.results import Delivery, Refusal
from pipelines.feeds.retiring import retired
from pipelines.feeds.sources import sources
from pipelines.home import Home


def quarantined(home: Home) -> list[Refusal]:
    """Refused rows that are still missing: judged again since, or delivered corrected under the same key,
    they are gone.
    """
    if not landing.feed_files(home, "quarantine"):
        return []
    with engine(home, may_make_key=False) as running:
        return _open_refusals(home, running)


def _open_refusals(home: Home, running: Engine) -> list[Refusal]:
    refused = landing.feed_files(home, "quarantine")
    if not refused:
        return []
    known = contract()
    later = " union all ".join(
        f"select {sql.text(feed.name)} as feed, {_key_sql(feed.key)} as key, max(_delivery_id) as "
        "delivery_id "
        f"from {landing.files_sql(paths)} group by all"
        for feed in known.feeds.values()
        if (paths := landing.feed_files(home, feed.name))
    )
    later = later or "select '' as feed, '' as key, '' as delivery_id where false"
    keys = " ".join(
        f"when {sql.text(feed.name)} then {_key_sql(feed.key, 'record')}" for feed in known.feeds.values()
    )
    deliveries = landing.files_sql(landing.feed_files(home, "deliveries"))
    gone = sql.texts(sorted(retired(running, home) | {""}))
    # The same file read again by other rules (a replay, or sent a second time) replaces what was said before.
    rows = running.connection.execute(
        f"""
        with deliveries as (
            select distinct delivery_id, source, file_sha256 from {deliveries}
        ),
        latest as (select source, file_sha256, max(delivery_id) as delivery_id from deliveries group by all),
        refused as (select *, case feed {keys} end as key from {landing.files_sql(refused)})
        select refused.source, refused.feed, file_name, file_row, reasons, record, refused.delivery_id
        from refused
        join latest on refused.delivery_id = latest.delivery_id
        left join ({later}) as later
            on refused.feed = later.feed and refused.key = later.key
            and refused.delivery_id < later.delivery_id
        where later.key is null and refused.delivery_id not in (select * from unnest([{gone}]))
        order by refused.delivery_id, file_row, refused.feed
        """
    ).fetchall()
    return [Refusal(*row[:4], tuple(row[4].split("\n")), row[5], row[6]) for row in rows]


def _key_sql(key: tuple[str, ...], record: str | None = None) -> str:
    parts = [sql.name(name) if record is None else f"{record} ->> {sql.text(f'$.{name}')}" for name in key]
    return " || chr(31) || ".join(f"({part})" for part in parts)


def replay_quarantine(home: Home, progress: Callable[[str], None] | None = None) -> list[Delivery]:
    """Judge the open refusals again by the rules of today; what passes lands as a new delivery, nothing
    twice.

    Only files whose contract or mapping changed since are judged. Rows come from the archive's copy.
    """
    say = progress or (lambda _: None)
    known_sources, known = sources(home), contract()
    done = []
    with landing.locked(home), engine(home) as running:
        open_rows: dict[str, dict[str, set[int]]] = defaultdict(lambda: defaultdict(set))
        for refusal in _open_refusals(home, running):
            if refusal.record is not None and refusal.delivery_id is not None:
                open_rows[refusal.delivery_id][refusal.feed].add(refusal.file_row)
        for taken in landing.taken(running.connection, home):
            if taken.delivery_id not in open_rows or taken.source not in known_sources:
                continue
            try:
                source = known_sources[taken.source]
            except MappingError as error:
                say(str(error))  # the rows of other sources are judged all the same
                continue
            if taken.rules_sha256 == rules_sha256(source):
                continue
            staged = stored(
                running.connection, copy_of(home, taken.source, taken.file_sha256, taken.file_name), source
            )
            if staged is None:
                say(f"The archive no longer holds {taken.file_name}: send it again to inbox/{taken.source}/.")
                continue
            only = {feed: frozenset(rows) for feed, rows in open_rows[taken.delivery_id].items()}
            delivery_id = landing.new_delivery_id(home, taken.file_sha256)
            exported_at = landing.exported_at(running.connection, home, taken.delivery_id)
            with landing.unfinished(home, delivery_id) as folder:
                loaded = load(
                    home,
                    running,
                    staged,
                    source,
                    known,
                    folder,
                    delivery_id,
                    taken.file_name,
                    only_rows=only,
                    exported_at=exported_at,
                )
                write_journals(
                    running,
                    known,
                    loaded.delivery,
                    source,
                    taken.file_sha256,
                    folder,
                    exported_at,
                    is_replay=True,
                )
                landing.finish(home, folder, delivery_id)
            for sentence in loaded.delivery.sentences:
                say(sentence)
            done.append(loaded.delivery)
    return done
