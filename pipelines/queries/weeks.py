"""ISO weeks of the civil calendar: Monday to Sunday, named like 2026-W47.

Calendar arithmetic only; which week a claim belongs to is its `requested_on` (already a Paris date).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta

from pipelines.errors import SavoirError


class WeekError(SavoirError):
    """A text that names no ISO week."""


@dataclass(frozen=True, order=True)
class Week:
    """One ISO week."""

    year: int
    number: int

    @staticmethod
    def parse(text: str) -> Week:
        """The week named by `text`, as in 2026-W47."""
        match = re.fullmatch(r"(\d{4})-W(\d{2})", text.strip())
        if match:
            try:
                date.fromisocalendar(int(match[1]), int(match[2]), 1)
            except ValueError:
                match = None
        if match is None:
            raise WeekError(
                f"{text!r} is not an ISO week. Write the year and the week number, like 2026-W47."
            )
        return Week(int(match[1]), int(match[2]))

    @staticmethod
    def of(day: date) -> Week:
        """The week that holds `day`."""
        year, number, _ = day.isocalendar()
        return Week(year, number)

    @staticmethod
    def last_complete(as_of: date) -> Week:
        """The newest week whose Sunday is not after `as_of`."""
        return Week.of(as_of - timedelta(days=6))

    @property
    def monday(self) -> date:
        """First day."""
        return date.fromisocalendar(self.year, self.number, 1)

    @property
    def sunday(self) -> date:
        """Last day."""
        return self.monday + timedelta(days=6)

    def earlier(self, weeks: int) -> Week:
        """The week that lies `weeks` weeks before (after, when negative)."""
        return Week.of(self.monday - timedelta(weeks=weeks))

    def __str__(self) -> str:
        return f"{self.year}-W{self.number:02d}"
