"""The outbox: which report goes to whom, and what became of it. A row is sent once or not at all.

    planned ─> sending ─> sent
                  ├─────> failed    certainly not delivered: the next run tries again, ATTEMPTS times in all
                  └─────> unknown   handed over and not answered, or the process died: only people decide

Belongs here: the rows and their states in the home's state file. Does not belong here: how anything is sent.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

from pipelines.home import Home
from pipelines.reports.changes import Memory
from pipelines.state import Tables, opened

State = Literal["planned", "sending", "sent", "failed", "unknown"]
OUTBOX = Tables(
    "outbox",
    (
        "create table outbox (id integer primary key, subscription text not null, period text not null, "
        "recipient text not null, data_version text not null, channel text not null, "
        "message_id text not null, "
        "state text not null check (state in ('planned', 'sending', 'sent', 'failed', 'unknown')), "
        "planned_at text not null, changed_at text not null, attempts integer not null, "
        "reason text not null, "
        "unique (subscription, period, recipient, data_version)) strict",
        "create table reported (subscription text not null, period text not null, until_on text not null, "
        "at text not null, memory text not null, primary key (subscription, period)) strict",
    ),
)
ATTEMPTS = 5
# A process that sends has an answer or gives up long before; who is still sending then has died.
LEASE = timedelta(minutes=10)


@dataclass(frozen=True)
class Entry:
    """One row."""

    id: int
    subscription: str
    period: str
    recipient: str
    data_version: str
    channel: str
    message_id: str
    state: State
    planned_at: str
    changed_at: str
    attempts: int
    reason: str


def message_id(subscription: str, period: str, recipient: str, data_version: str) -> str:
    """The same for the same row, so that a mail program knows a message that came twice."""
    told = json.dumps([subscription, period, recipient, data_version])
    return f"<{hashlib.sha256(told.encode()).hexdigest()[:32]}@savoir.invalid>"


def plan(
    home: Home,
    subscription: str,
    period: str,
    data_version: str,
    channel: str,
    recipients: list[str],
    is_once_per_period: bool = False,
    at: datetime | None = None,
) -> None:
    """Note who is to get a report. Known rows stay as they are.

    `is_once_per_period`: whoever has, or may have, the report of this period from other data gets no second
    one, as schedules want; a person who sends again sends what is new.
    """
    moment = _stamp(at)
    with opened(home, OUTBOX) as connection:
        for recipient in recipients:
            had = connection.execute(
                "select 1 from outbox where subscription = ? and period = ? and recipient = ? "
                "and data_version <> ? and state in ('sending', 'sent', 'unknown')",
                (subscription, period, recipient, data_version),
            ).fetchone()
            if had and is_once_per_period:
                continue
            # What never went out and is older than this data has had its day.
            connection.execute(
                "delete from outbox where subscription = ? and period = ? and recipient = ? "
                "and data_version <> ? and state = 'planned'",
                (subscription, period, recipient, data_version),
            )
            connection.execute(
                "insert into outbox (subscription, period, recipient, data_version, channel, message_id, "
                "state, planned_at, changed_at, attempts, reason) "
                "values (?, ?, ?, ?, ?, ?, 'planned', ?, ?, 0, '') on conflict do nothing",
                (
                    subscription, period, recipient, data_version, channel,
                    message_id(subscription, period, recipient, data_version), moment, moment,
                ),
            )  # fmt: skip


def claimed(
    home: Home,
    subscription: str,
    period: str,
    data_version: str,
    began: datetime | None = None,
    at: datetime | None = None,
) -> Entry | None:
    """The next row that may be sent, now `sending` and ours alone; None where nothing is left to send.

    What failed since `began`, the start of the caller's run, waits for the next run.
    """
    moment = _stamp(at)
    with opened(home, OUTBOX) as connection:
        row = connection.execute(
            "select id from outbox where subscription = ? and period = ? and data_version = ? "
            "and (state = 'planned' or (state = 'failed' and attempts < ? and changed_at < ?)) order by id",
            (subscription, period, data_version, ATTEMPTS, _stamp(began or at)),
        ).fetchone()
        if row is None:
            return None
        connection.execute(
            "update outbox set state = 'sending', changed_at = ?, attempts = attempts + 1, reason = '' "
            "where id = ?",
            (moment, row["id"]),
        )
        found = connection.execute("select * from outbox where id = ?", (row["id"],)).fetchone()
    return Entry(**dict(found))


def settle(home: Home, entry: Entry, state: State, reason: str = "", at: datetime | None = None) -> None:
    """Write down what became of a row that we had claimed."""
    with opened(home, OUTBOX) as connection:
        connection.execute(
            "update outbox set state = ?, reason = ?, changed_at = ? where id = ? and state = 'sending' "
            "and attempts = ?",
            (state, " ".join(reason.split())[:500], _stamp(at), entry.id, entry.attempts),
        )


def expire(home: Home, at: datetime | None = None) -> int:
    """Rows that somebody began to send and never settled become `unknown`; how many."""
    now = at or datetime.now(UTC)
    with opened(home, OUTBOX) as connection:
        return connection.execute(
            "update outbox set state = 'unknown', changed_at = ?, reason = 'the process ended while sending' "
            "where state = 'sending' and changed_at < ?",
            (_stamp(now), _stamp(now - LEASE)),
        ).rowcount


def entries(home: Home, subscription: str | None = None) -> list[Entry]:
    """Every row, the newest first."""
    if not home.state.exists():
        return []
    with opened(home, OUTBOX) as connection:
        rows = connection.execute(
            "select * from outbox where ?1 is null or subscription = ?1 order by id desc", (subscription,)
        ).fetchall()
    return [Entry(**dict(row)) for row in rows]


def remember(home: Home, subscription: str, memory: Memory) -> None:
    """Keep what a report said, for the next one to compare itself with."""
    with opened(home, OUTBOX) as connection:
        connection.execute(
            "insert into reported values (?, ?, ?, ?, ?) on conflict do update "
            "set until_on = excluded.until_on, at = excluded.at, memory = excluded.memory",
            (
                subscription, memory["period"], memory["until_on"], _stamp(None),
                json.dumps(memory, ensure_ascii=False),
            ),
        )  # fmt: skip


def last_reported(home: Home, subscription: str, period: str = "", until_on: str = "9999") -> Memory | None:
    """What the last report said: of another than the named period, that ends no later than `until_on`."""
    if not home.state.exists():
        return None
    with opened(home, OUTBOX) as connection:
        row = connection.execute(
            "select memory from reported where subscription = ? and period <> ? and until_on <= ? "
            "order by until_on desc, at desc limit 1",
            (subscription, period, until_on),
        ).fetchone()
    return json.loads(row["memory"]) if row else None


def _stamp(at: datetime | None) -> str:
    """UTC without a zone, to the millisecond: texts then order as moments do."""
    moment = at or datetime.now(UTC)
    if moment.tzinfo is not None:
        moment = moment.astimezone(UTC).replace(tzinfo=None)
    return moment.isoformat(timespec="milliseconds")
