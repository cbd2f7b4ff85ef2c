"""What a report is about: an ISO week, a month, or the week up to a day. Calendar arithmetic only."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta

from pipelines.queries.weeks import Week, WeekError


@dataclass(frozen=True)
class Period:
    """A span of days, both ends included. `name`: as in 2026-W44, 2026-10 or signals-1a2b3c4d."""

    name: str
    from_on: date
    until_on: date

    @staticmethod
    def of_week(week: Week) -> Period:
        """A whole ISO week."""
        return Period(str(week), week.monday, week.sunday)

    @staticmethod
    def of_month(day: date) -> Period:
        """The month that holds `day`."""
        first = day.replace(day=1)
        return Period(f"{first:%Y-%m}", first, _next_month(first) - timedelta(days=1))

    @staticmethod
    def last_month(as_of: date) -> Period:
        """The newest month that has wholly passed on `as_of`."""
        this = Period.of_month(as_of)
        return this if this.until_on <= as_of else Period.of_month(this.from_on - timedelta(days=1))

    @staticmethod
    def up_to(as_of: date, mark: str) -> Period:
        """The week that ends on a day, named with a mark of what made the report."""
        return Period(f"signals-{mark}", as_of - timedelta(days=6), as_of)

    @staticmethod
    def parse(text: str) -> Period:
        """A week as 2026-W44 or a month as 2026-10. Raises WeekError."""
        if re.fullmatch(r"\d{4}-(0[1-9]|1[0-2])", text.strip()):
            return Period.of_month(date.fromisoformat(f"{text.strip()}-01"))
        try:
            return Period.of_week(Week.parse(text))
        except WeekError:
            raise WeekError(f"{text!r} is neither a week as 2026-W44 nor a month as 2026-10.") from None

    @property
    def before(self) -> tuple[date, date]:
        """The span before it, as long in weeks, or the month before a month."""
        if re.fullmatch(r"\d{4}-\d{2}", self.name):
            earlier = Period.of_month(self.from_on - timedelta(days=1))
            return earlier.from_on, earlier.until_on
        return self.from_on - timedelta(days=7), self.until_on - timedelta(days=7)


def _next_month(first: date) -> date:
    return (first + timedelta(days=31)).replace(day=1)
