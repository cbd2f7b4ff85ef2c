"""The life table against a day-level Kaplan–Meier estimate that shares no SQL with it."""

from __future__ import annotations

from collections import defaultdict
from datetime import date
from math import floor

import duckdb
import pytest

from pipelines.home import Home

DAYS_PER_MONTH = 30.4375
AS_OF = date(2026, 10, 31)


@pytest.fixture(scope="session")
def demo(demo_home: Home) -> duckdb.DuckDBPyConnection:
    """The published demo, read-only."""
    return duckdb.connect(str(demo_home.current.resolve()), read_only=True)


def lifetimes(con: duckdb.DuckDBPyConnection, cause: str) -> list[tuple[int, bool]]:
    """Each lifetime's days until its first event of the cause, else until nobody watched it; and which."""
    sold = con.execute(
        "select order_id, line_number, units, delivered_on, base_warranty_end_on, cancelled_on "
        "from marts.fct_order_lines where is_in_service"
    ).fetchall()
    told = con.execute(
        "select order_id, line_number, unit_number, units, is_claim, cause, appeared_on, resolution, "
        "coalesce(replacement_shipped_on, replacement_delivered_on), replacement_delivered_on, "
        "refunded_on, closed_on "
        "from marts.fct_claims where is_linked order by requested_on, ticket_id"
    ).fetchall()
    by_line = defaultdict(list)
    for row in told:
        by_line[row[0], row[1]].append(row[2:])
    found = []
    for order_id, line_number, units, delivered_on, end_on, cancelled_on in sold:
        last = min(each for each in (AS_OF, end_on, cancelled_on) if each is not None)
        # Per unit: when its present machine began, and whether its event has been seen.
        begin = dict.fromkeys(range(units), delivered_on)
        event: dict[int, date | None] = dict.fromkeys(range(units))
        stop: dict[int, date | None] = dict.fromkeys(range(units))
        returned = 0
        for unit, count, is_claim, its_cause, appeared_on, resolution, *days in by_line[
            order_id, line_number
        ]:
            shipped_on, arrived_on, refunded_on, closed_on = days
            first = unit - 1 if is_claim else units - 1 - returned
            returned += 0 if is_claim else count * (its_cause == "return" or resolution == "refunded")
            for each in {(first + step) % units for step in range(count)}:
                counts = (
                    is_claim if cause == "any" else its_cause == cause and (is_claim or cause == "return")
                )
                day = max(appeared_on, begin[each])
                if counts and event[each] is None and day <= min(last, stop[each] or last):
                    event[each] = day
                if resolution in ("refunded", "withdrawn") and (refunded_on or closed_on):
                    stop[each] = min(stop[each] or last, refunded_on or closed_on)
                if shipped_on or resolution == "replaced":
                    gone_on = min(stop[each] or last, shipped_on or closed_on)
                    stop[each] = gone_on
                    if arrived_on and arrived_on <= end_on:
                        found.append(_closed(begin[each], event[each], min(last, gone_on)))
                        begin[each], event[each], stop[each] = arrived_on, None, None
        found += [_closed(begin[unit], event[unit], min(last, stop[unit] or last)) for unit in range(units)]
    return found


def _closed(begin_on: date, event_on: date | None, stop_on: date) -> tuple[int, bool]:
    return (((event_on or max(begin_on, stop_on)) - begin_on).days, event_on is not None)


def kaplan_meier(observed: list[tuple[int, bool]]) -> dict[int, float]:
    """Probability of the event by the end of each month in service; days past month 24 belong to it."""
    at_risk = len(observed)
    by_day: dict[int, list[int]] = defaultdict(lambda: [0, 0])
    for days, is_event in observed:
        by_day[days][0] += is_event
        by_day[days][1] += 1
    survival, by_month = 1.0, {}
    for days in sorted(by_day):
        events, leaving = by_day[days]
        survival *= 1 - events / at_risk
        at_risk -= leaving
        by_month[min(24, floor(days / DAYS_PER_MONTH) + 1)] = 1 - survival
    return by_month


@pytest.mark.parametrize("cause", ["defect", "any", "misuse"])
def test_the_life_table_matches_a_day_level_kaplan_meier_within_one_percent(
    demo: duckdb.DuckDBPyConnection, cause: str
) -> None:
    table = dict(
        demo.execute(
            "select age_month, cumulative from marts.fct_life_table "
            "where scope_type = 'all' and cohort is null and cause = ?",
            [cause],
        ).fetchall()
    )
    exact = kaplan_meier(lifetimes(demo, cause))
    assert set(exact) == set(table) == set(range(1, 25))
    for month, value in table.items():
        assert value == pytest.approx(exact[month], rel=0.01), f"{cause}, month {month}"


def test_units_sold_are_units_in_service_and_in_the_life_table(demo: duckdb.DuckDBPyConnection) -> None:
    sold, in_service, waiting = demo.execute(
        "select sum(units), sum(units) filter (where is_in_service), "
        "sum(units) filter (where not is_in_service) from marts.fct_order_lines"
    ).fetchall()[0]
    assert sold == in_service + waiting
    begun = demo.execute(
        "select at_risk from marts.fct_life_table "
        "where scope_type = 'all' and cohort is null and cause = 'any' and age_month = 1"
    ).fetchall()[0][0]
    replacements = len(lifetimes(demo, "any")) - in_service
    assert replacements > 0
    assert begun == in_service + replacements


def test_each_month_hands_its_units_to_the_next(demo: duckdb.DuckDBPyConnection) -> None:
    broken = demo.execute(
        """
        select * from (
            select *, lead(at_risk) over (
                partition by scope_type, scope_id, cohort, cause order by age_month
            ) as next_at_risk
            from marts.fct_life_table
        )
        where coalesce(next_at_risk, 0) <> at_risk - events - censored - completed
        """
    ).fetchall()
    assert broken == []


def test_limits_enclose_the_estimate_and_are_empty_at_its_ends(demo: duckdb.DuckDBPyConnection) -> None:
    rows = demo.execute(
        "select cumulative, cumulative_low, cumulative_high from marts.fct_life_table"
    ).fetchall()
    assert any(value == 0 for value, _, _ in rows)
    for value, low, high in rows:
        if value in (0, 1):
            assert low is None
            assert high is None
        else:
            assert 0 <= low < value < high <= 1
