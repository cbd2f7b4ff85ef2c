"""What a run is given: the home, its two dates, and the lock that keeps a second build out.

Does not belong here: what is done with them.
"""

from __future__ import annotations

import os
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import dagster as dg
from pydantic import PrivateAttr

from pipelines.errors import SavoirError
from pipelines.home import Home
from pipelines.locks import LockHeldError, exclusive

PARIS = ZoneInfo("Europe/Paris")


class BuildRunningError(SavoirError):
    """Another build has this home."""


def today_in_paris() -> date:
    """The default `as_of`."""
    return datetime.now(PARIS).date()


class HomeResource(dg.ConfigurableResource):
    """The Savoir home that this code location works on."""

    root: str

    @property
    def home(self) -> Home:
        """The home's paths."""
        return Home(Path(self.root))


class BuildSession(dg.ConfigurableResource):
    """One build: its home, its two dates, when it began. Holds the home's build lock while it lives."""

    place: HomeResource
    as_of: str = ""
    known_on: str = ""
    wait_seconds: int = 600

    _as_of: date = PrivateAttr(default_factory=today_in_paris)
    _started_at: datetime = PrivateAttr(default_factory=lambda: utc_now())

    @contextmanager
    def yield_for_execution(self, context: dg.InitResourceContext) -> Generator[BuildSession]:
        """Fix the dates once, so that a run over midnight has one `as_of`, and hold the lock.

        A run of everything begins on a fresh build file: nothing of an earlier one to move aside, and what a
        person asked to be forgotten is not left in it.
        """
        self.home.make()
        os.environ["SAVOIR_HOME"] = str(self.home.root)
        self._started_at = utc_now()
        self._as_of = date.fromisoformat(self.as_of) if self.as_of else today_in_paris()
        with build_lock(self.home, self.wait_seconds):
            if context.run and is_of_everything(context.run):
                for path in (self.home.build_file, self.home.build_file.with_suffix(".duckdb.wal")):
                    path.unlink(missing_ok=True)
            yield self

    @property
    def home(self) -> Home:
        """The home's paths."""
        return self.place.home

    @property
    def as_of_on(self) -> date:
        """Events after this day are left out."""
        return self._as_of

    @property
    def known_at(self) -> datetime | None:
        """Deliveries after this UTC moment are left out; None = all are in."""
        return datetime.fromisoformat(self.known_on) if self.known_on else None

    @property
    def started_at(self) -> datetime:
        """UTC moment at which the run began."""
        return self._started_at

    @property
    def dbt_variables(self) -> dict[str, str]:
        """The variables that the models read."""
        return {"as_of": self.as_of_on.isoformat(), "known_on": self.known_on}


def is_of_everything(run: dg.DagsterRun) -> bool:
    """Whether the run needs nothing of an earlier one: nobody chose some assets or resumed a failed run."""
    return not (run.asset_selection or run.asset_check_selection or run.parent_run_id)


def utc_now() -> datetime:
    """The present moment in UTC, without a zone, as all stored timestamps are."""
    return datetime.now(UTC).replace(tzinfo=None)


@contextmanager
def build_lock(home: Home, wait_seconds: int) -> Generator[None]:
    """Hold the home's build lock. The system frees it when the process dies, however it dies."""
    path = home.warehouse / "build.lock"
    path.parent.mkdir(parents=True, exist_ok=True)
    with ExitStack() as held:
        try:
            descriptor = held.enter_context(exclusive(path, wait_seconds, look_every=0.5))
        except LockHeldError:
            raise BuildRunningError(
                f"Another build is running in {home.root} ({_holder(path)}). "
                "Wait for it to end, then try again."
            ) from None
        os.truncate(descriptor, 0)
        os.write(descriptor, str(os.getpid()).encode())
        yield


def _holder(path: Path) -> str:
    pid = path.read_text().strip()
    return f"process {pid}" if pid else "its process has not said which"
