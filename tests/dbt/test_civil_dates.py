"""The civil date in Paris, against Python's own time zone database, at every change of the clock."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from pipelines.home import Home

from .conftest import Built, land

PARIS = ZoneInfo("Europe/Paris")
TIMES = ((0, 0, 0), (1, 0, 0), (21, 59, 59), (22, 0, 0), (22, 59, 59), (23, 0, 0))


def moments() -> list[datetime]:
    """The hours that matter, on the days around each change of the clock from 1990 to 2060, and of 2024."""
    hours = []
    for year in range(1990, 2061):
        for month in (3, 9, 10):
            for day in range(20, 32 if month != 9 else 31):
                for hour, minute, second in (
                    (0, 0, 0),
                    (1, 0, 0),
                    (21, 59, 59),
                    (22, 0, 0),
                    (22, 59, 59),
                    (23, 0, 0),
                ):
                    hours.append(datetime(year, month, day, hour, minute, second, tzinfo=UTC))
    start = datetime(2023, 12, 31, tzinfo=UTC)
    return hours + [start + timedelta(minutes=37 * step) for step in range(15_000)]


def test_the_civil_date_is_exact_through_every_change_of_the_clock(
    build: Callable[..., Built], tmp_path: Path
) -> None:
    asked = moments()
    home = Home.at(tmp_path / "dates").make()
    rows = [
        {
            "order_id": f"{number:06}",
            "line_number": "1",
            "sku": "A",
            "quantity": 1,
            "contract_at": each.replace(tzinfo=None),
        }
        for number, each in enumerate(asked)
    ]
    land(home, "d1", "orders", rows)
    built = build("dates", "+int_order_lines__in_service", as_of="2061-01-01")
    found = built.rows("select contract_on from intermediate.int_order_lines__in_service order by order_id")
    expected: list[tuple[date]] = [(each.astimezone(PARIS).date(),) for each in asked]
    assert found == expected
