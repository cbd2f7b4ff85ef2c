"""One line for a monitor: the last build, how fresh the data is, what waits.

Does not belong here: the reasons of a red build (Dagster and the command line tell them).
"""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from pipelines.home import Home
from pipelines.queries.build_facts import build_facts
from pipelines.queries.snapshot import SnapshotMissingError, SnapshotOutdatedError, open_snapshot

# The schedule builds daily: two hours of grace, then a build is overdue.
OVERDUE_HOURS = 26


@dataclass(frozen=True)
class Status:
    """What a home serves now. `state`: ok, overdue (no build for 26 hours), none (nothing can be read).

    `data_until` is the newest ticket's day, `waiting` how many files lie in the inbox.
    """

    state: str
    built_at: datetime | None
    as_of: date | None
    data_until: date | None
    waiting: int

    @property
    def line(self) -> str:
        """The status in one line."""
        files = f"{self.waiting:,} files wait"
        if self.built_at is None:
            return f"{self.state}: nothing is published, {files}"
        return (
            f"{self.state}: built {self.built_at:%Y-%m-%d %H:%M} UTC as of {self.as_of}, tickets until "
            f"{self.data_until or 'never'}, {files}"
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
            data_until = snapshot.rows("select max(requested_on) as day from marts.fct_claims").item()
    except (SnapshotMissingError, SnapshotOutdatedError):
        return Status("none", None, None, None, waiting)
    is_overdue = now - facts.finished_at > timedelta(hours=OVERDUE_HOURS)
    return Status("overdue" if is_overdue else "ok", facts.finished_at, facts.as_of, data_until, waiting)
