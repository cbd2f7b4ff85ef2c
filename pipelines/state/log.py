"""The log: who did what and when, of things that must be answered for (sign-ins, exports, erasures, purges).

Belongs here: writing and reading entries. Does not belong here: personal data; an entry names hashes, counts
and files, never a customer's words.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime

from pipelines.home import Home
from pipelines.state.store import Tables, opened

LOG = Tables(
    "log",
    (
        "create table log (id integer primary key, at text not null, action text not null, "
        "actor text not null, detail text not null) strict",
        "create index log_by_action on log (action, at)",
    ),
)


@dataclass(frozen=True)
class Entry:
    """One line of the log. `at`: UTC; `action`: a word such as sign_in, export, forget, purge, rotate_key."""

    at: datetime
    action: str
    actor: str
    detail: str


def record(home: Home, action: str, detail: str, actor: str = "command line") -> None:
    """Add a line to the log of this home."""
    at = datetime.now(UTC).replace(tzinfo=None).isoformat(timespec="milliseconds")
    with opened(home, LOG) as connection:
        connection.execute(
            "insert into log (at, action, actor, detail) values (?, ?, ?, ?)", (at, action, actor, detail)
        )


def entries(home: Home, action: str | None = None) -> list[Entry]:
    """The log, oldest first; of one action alone where it is named."""
    with opened(home, LOG) as connection:
        rows = connection.execute(
            "select at, action, actor, detail from log where ?1 is null or action = ?1 order by id", (action,)
        ).fetchall()
    return [
        Entry(datetime.fromisoformat(row["at"]), row["action"], row["actor"], row["detail"]) for row in rows
    ]


def purged_log(home: Home, before: date) -> int:
    """Delete the lines from before a day; how many."""
    with opened(home, LOG) as connection:
        return connection.execute("delete from log where at < ?", (before.isoformat(),)).rowcount
