"""What went wrong in a home, for those who look after it: the last failed build, the rows that were refused.

Belongs here: noting and reading a failed build, and handing refusals to whoever shows them. Does not belong
here: why a build is red (the orchestration), judging rows (`pipelines.feeds`).
"""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from pipelines.errors import SavoirError
from pipelines.home import Home
from pipelines.state import entries, record

FAILED = "build_failed"
LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class Refused:
    """One refused row: where it stood, and every reason in words."""

    feed: str
    source: str
    file_name: str
    file_row: int
    reasons: tuple[str, ...]


def note_failure(home: Home, reason: str) -> None:
    """Remember that a build failed, and why. Best effort: the reason has been told already."""
    try:
        record(home, FAILED, reason, "build")
    except (SavoirError, sqlite3.Error, OSError) as error:
        LOG.warning("The failed build could not be noted: %s", error)


def last_failure(home: Home, since: datetime) -> tuple[datetime, str] | None:
    """The newest failed build after a moment in UTC (that of the last green one): when, and its sentence."""
    if not home.state.exists():
        return None
    found = [each for each in entries(home, FAILED) if each.at > since]
    return (found[-1].at, found[-1].detail) if found else None


def refused(home: Home) -> Sequence[Refused]:
    """The refused rows that are still missing, by file and line."""
    # The door's libraries: only whoever looks at refusals waits for them.
    from pipelines.feeds import quarantined

    return [
        Refused(each.feed, each.source, each.file_name, each.file_row, each.reasons)
        for each in quarantined(home)
    ]
