"""Values: one strict form per type, civil time to UTC as Python's own zone tables say."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.feeds.contract import Column
from pipelines.feeds.parsing import ValueStyle, canonical_sql, local_sql, utc_sql, value_sql

ISO = ValueStyle()


@pytest.fixture(scope="module")
def engine() -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    connection.execute("set TimeZone = 'UTC'")
    return connection


def parsed(engine: duckdb.DuckDBPyConnection, type_: str, texts: list[str], style: ValueStyle = ISO) -> list:
    """The typed values of texts."""
    column = Column("x", type_)
    local = local_sql(column, "t", style) or "null"
    query = (
        f"select {value_sql(column, 't', 'l', style)} from (select *, {local} as l from (select "
        "unnest($1::text[]) as t))"
    )
    return [row[0] for row in engine.execute(query, [texts]).fetchall()]


@pytest.mark.parametrize(
    ("type_", "text", "value"),
    [
        ("bigint", "007", 7),
        ("bigint", "+3", 3),
        ("bigint", "6.0", 6),
        ("bigint", "6.5", None),
        ("bigint", "1e3", None),
        ("bigint", "1_000", None),
        ("bigint", "9" * 19, None),
        ("decimal(18,4)", "12.34565", Decimal("12.3457")),
        ("decimal(18,4)", "-12.34565", Decimal("-12.3457")),
        ("decimal(18,4)", ".5", Decimal("0.5000")),
        ("decimal(18,4)", "1,5", None),
        ("decimal(18,4)", "1 000", None),
        ("decimal(18,4)", "9" * 15, None),
        ("double", "-0.0", 0.0),
        ("double", "1.5e2", 150.0),
        ("double", "nan", None),
        ("double", "inf", None),
        ("boolean", "True", True),
        ("boolean", "FALSE", False),
        ("boolean", "1", None),
        ("date", "2024-02-29", date(2024, 2, 29)),
        ("date", "2023-02-29", None),
        ("date", "2024-02-29T00:00:00", date(2024, 2, 29)),
        ("date", "2024-02-29T01:00:00", None),
        ("date", "20240229", None),
        ("timestamp", "2024-07-01", datetime(2024, 6, 30, 22)),
        ("timestamp", "2024-01-01", datetime(2023, 12, 31, 23)),
        ("timestamp", "2024-01-01T10:00", datetime(2024, 1, 1, 9)),
        ("timestamp", "2024-01-01 10:00:00.123456789", datetime(2024, 1, 1, 9, 0, 0, 123456)),
        ("timestamp", "2024-01-01T10:00:00Z", datetime(2024, 1, 1, 10)),
        ("timestamp", "2024-01-01T10:00Z", datetime(2024, 1, 1, 10)),
        ("timestamp", "2024-01-01T10:00:00+02:00", datetime(2024, 1, 1, 8)),
        ("timestamp", "2024-01-01 10:00:00 +0200", datetime(2024, 1, 1, 8)),
        ("timestamp", "2024-01-01 10:00:00-05", datetime(2024, 1, 1, 15)),
        ("timestamp", "2024-01-01T10", None),
        ("timestamp", "2024-01-01T25:00:00", None),
        ("timestamp", "2024-01-01T10:00:60", None),
        ("timestamp", "2024-13-01", None),
        ("timestamp", "now", None),
    ],
)
def test_a_value_has_one_strict_form(
    engine: duckdb.DuckDBPyConnection, type_: str, text: str, value: object
) -> None:
    assert parsed(engine, type_, [text]) == [value]


def by_tables(local: datetime, zone: str) -> datetime:
    """UTC of a local time with Python's zone tables and its `fold=0`."""
    return local.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC).replace(tzinfo=None)


@pytest.mark.parametrize("zone", ["Europe/Paris", "Europe/London", "Europe/Helsinki"])
def test_clock_changes_follow_the_zone_tables_to_the_second(
    engine: duckdb.DuckDBPyConnection, zone: str
) -> None:
    moments = []
    for year in range(1996, 2037):
        for month in (3, 10):
            for day in range(24, 32):
                for hour in range(0, 5):
                    start = datetime(year, month, day, hour)
                    moments += [start - timedelta(seconds=1), start, start + timedelta(minutes=30)]
    engine.execute("create or replace temp table moments as select unnest($1::timestamp[]) as l", [moments])
    rows = engine.execute(f"select l, {utc_sql('l', zone)} from moments").fetchall()
    assert [utc for _, utc in rows] == [by_tables(local, zone) for local, _ in rows]


@settings(deadline=None, max_examples=60)
@given(st.lists(st.datetimes(datetime(1980, 1, 1), datetime(2036, 12, 31)), min_size=1, max_size=50))
def test_any_local_time_outside_a_clock_change_is_the_tables(moments: list[datetime]) -> None:
    with duckdb.connect() as connection:
        rows = connection.execute(
            f"select l, {utc_sql('l', 'Europe/Paris')} from (select unnest($1::timestamp[]) as l)", [moments]
        ).fetchall()
    for local, utc in rows:
        expected = by_tables(local, "Europe/Paris")
        # Before 1996 the engine's own tables decide; at a change they may take the other of two readings.
        is_change = by_tables(local - timedelta(hours=3), "Europe/Paris") + timedelta(hours=6) != by_tables(
            local + timedelta(hours=3), "Europe/Paris"
        )
        assert utc == expected or (local.year < 1996 and is_change)


def test_a_skipped_time_counts_on_and_a_double_time_is_the_first(engine: duckdb.DuckDBPyConnection) -> None:
    assert parsed(engine, "timestamp", ["2024-03-31T02:30:00", "2024-10-27T02:30:00"]) == [
        datetime(2024, 3, 31, 1, 30),  # 02:30 does not exist: 03:30 summer time
        datetime(2024, 10, 27, 0, 30),  # 02:30 comes twice: the summer one
    ]


def test_a_zone_of_another_continent_uses_the_tables(engine: duckdb.DuckDBPyConnection) -> None:
    style = ValueStyle("America/New_York")
    assert parsed(engine, "timestamp", ["2024-03-20 10:00"], style) == [datetime(2024, 3, 20, 14)]
    assert parsed(engine, "timestamp", ["2024-03-20 10:00"], ValueStyle("UTC")) == [datetime(2024, 3, 20, 10)]


def test_declared_patterns_replace_iso_dates(engine: duckdb.DuckDBPyConnection) -> None:
    style = ValueStyle("Europe/Paris", ("%d/%m/%Y %H:%M", "%d/%m/%Y"))
    texts = ["05/03/2024 14:30", "05/03/2024", "2024-03-05"]
    assert parsed(engine, "timestamp", texts, style) == [
        datetime(2024, 3, 5, 13, 30),
        datetime(2024, 3, 4, 23),
        None,
    ]
    assert parsed(engine, "date", texts[1:], style) == [date(2024, 3, 5), None]


@pytest.mark.parametrize(
    ("type_", "value", "text"),
    [
        ("timestamp", "timestamp '2024-01-01 00:00:00'", "1704067200000000"),
        ("double", "12.5::double", "12.500000000"),
        ("double", "1e-7::double", "0.000000100"),
        ("decimal(18,4)", "12.5::decimal(18,4)", "12.5000"),
        ("bigint", "7::bigint", "7"),
        ("boolean", "true", "true"),
        ("date", "date '2024-01-01'", "2024-01-01"),
    ],
)
def test_hashed_text_does_not_depend_on_how_an_engine_prints(
    engine: duckdb.DuckDBPyConnection, type_: str, value: str, text: str
) -> None:
    assert engine.execute(f"select {canonical_sql(Column('x', type_), f'({value})')}").fetchall() == [(text,)]
