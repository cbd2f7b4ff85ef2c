"""ISO weeks, also where the year of the week is not the year of the day."""

from __future__ import annotations

from datetime import date

import pytest

from pipelines.queries.weeks import Week, WeekError


@pytest.mark.parametrize(
    ("text", "monday", "sunday"),
    [
        ("2026-W47", date(2026, 11, 16), date(2026, 11, 22)),
        ("2026-W01", date(2025, 12, 29), date(2026, 1, 4)),
        ("2020-W53", date(2020, 12, 28), date(2021, 1, 3)),
    ],
)
def test_a_week_runs_from_monday_to_sunday(text: str, monday: date, sunday: date) -> None:
    week = Week.parse(text)
    assert (week.monday, week.sunday, str(week)) == (monday, sunday, text)
    assert Week.of(monday) == Week.of(sunday) == week


@pytest.mark.parametrize("text", ["2026-W54", "2021-W53", "2026-47", "W47", "2026-W00", "", "2026-W4"])
def test_what_is_no_week_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(WeekError, match="like 2026-W47"):
        Week.parse(text)


def test_earlier_weeks_cross_the_new_year() -> None:
    assert str(Week.parse("2026-W03").earlier(4)) == "2025-W51"


@pytest.mark.parametrize(
    ("as_of", "week"),
    [(date(2026, 11, 22), "2026-W47"), (date(2026, 11, 23), "2026-W47"), (date(2026, 11, 21), "2026-W46")],
)
def test_a_week_is_complete_on_its_sunday(as_of: date, week: str) -> None:
    assert str(Week.last_complete(as_of)) == week
