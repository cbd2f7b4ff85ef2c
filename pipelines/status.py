"""One line for a monitor: the last build, how fresh the data is, what waits.

Does not belong here: the reasons of a red build (Dagster and the command line tell them).
"""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from pipelines.home import Home
from pipelines.queries.build_facts import build_facts
from pipelines.queries.freshness import feeds
from pipelines.queries.snapshot import SnapshotMissingError, SnapshotOutdatedError, open_snapshot

# The schedule builds daily: two hours of grace, then a build is overdue.
OVERDUE_HOURS = 26


@dataclass(frozen=True)
class Status:
    """What a home serves now. `state`: ok, stopped (a feed fell silent), overdue (no build for 26 hours),
    none (nothing can be read).

    `data_until` is the newest ticket's day, `stopped` the feeds that stopped with the day of their newest
    event, `waiting` how many files lie in the inbox.
    """

    state: str
    built_at: datetime | None
    as_of: date | None
    data_until: date | None
    waiting: int
    stopped: tuple[tuple[str, date], ...] = ()

    @property
    def line(self) -> str:
        """The status in one line."""
        files = f"{self.waiting:,} files wait"
        if self.built_at is None:
            return f"{self.state}: nothing is published, {files}"
        silent = "".join(f", {feed} stopped on {day}" for feed, day in self.stopped)
        return (
            f"{self.state}: built {self.built_at:%Y-%m-%d %H:%M} UTC as of {self.as_of}, tickets until "
            f"{self.data_until or 'never'}{silent}, {files}"
        )


def status(home: Home, now: datetime | None = None) -> Status:
    """The status at a moment in UTC (now, unless told)."""
    now = now or datetime.now(UTC).replace(tzinfo=None)
    waiting = sum(
        1
        for path in (home.inbox.rglob("*") if home.inbox.is_dir() else ())
        if path.is_file() and not path.name.startswith(".") and path.suffix != ".part"
    )
    try:
        with closing(open_snapshot(home)) as snapshot:
            facts = build_facts(snapshot)
            alive = {row["feed"]: row for row in feeds(snapshot).iter_rows(named=True)}
    except (SnapshotMissingError, SnapshotOutdatedError):
        return Status("none", None, None, None, waiting)
    is_overdue = now - facts.finished_at > timedelta(hours=OVERDUE_HOURS)
    stopped = tuple(
        (name, feed["last_event_on"]) for name, feed in alive.items() if feed["state"] == "stopped"
    )
    state = "overdue" if is_overdue else "stopped" if stopped else "ok"
    until = alive["tickets"]["last_event_on"]
    return Status(state, facts.finished_at, facts.as_of, until, waiting, stopped)
