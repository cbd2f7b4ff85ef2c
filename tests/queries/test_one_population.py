"""Both sides of a ratio count the same: no row has something above the line and nothing below it."""

from __future__ import annotations

from collections.abc import Iterator

import duckdb
import pytest

from pipelines.home import Home

# Distances of forecasts from what came, over what came: a month without a claim has a distance too.
ERRORS = {("fct_forecast_scores", "bias"), ("fct_forecast_scores", "relative_error")}


@pytest.fixture(scope="module")
def published(demo_home: Home) -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(str(demo_home.current.resolve()), read_only=True) as con:
        yield con


def lonely(con: duckdb.DuckDBPyConnection, mart: str, numerator: str, denominator: str) -> int:
    """Rows of the mart with a numerator and no denominator."""
    row = con.execute(
        f"""
        select count(*)
        from (select {numerator} as above, {denominator} as below from {mart} group by rowid)
        where above <> 0 and coalesce(below, 0) = 0
        """
    ).fetchone()
    assert row is not None
    return row[0]


def test_no_measure_has_a_numerator_where_its_denominator_is_zero(
    published: duckdb.DuckDBPyConnection,
) -> None:
    declared = published.execute(
        "select mart, name, numerator, denominator from meta.measures where denominator is not null"
    ).fetchall()
    assert len(declared) > 30
    wrong = {
        (mart, name): rows
        for mart, name, numerator, denominator in declared
        if (mart, name) not in ERRORS and (rows := lonely(published, f"marts.{mart}", numerator, denominator))
    }
    assert wrong == {}


def test_no_share_is_above_one_in_any_row(published: duckdb.DuckDBPyConnection) -> None:
    shares = published.execute(
        "select mart, name, numerator, denominator from meta.measures where kind = 'share'"
    ).fetchall()
    assert len(shares) > 10
    for mart, name, numerator, denominator in shares:
        row = published.execute(
            f"select max(above / below) from (select ({numerator})::double as above, "
            f"nullif(({denominator})::double, 0) as below from marts.{mart} group by rowid)"
        ).fetchone()
        assert row is not None
        assert row[0] is None or row[0] <= 1 + 1e-9, (mart, name, row[0])


def test_a_rate_of_unlike_populations_is_noticed() -> None:
    with duckdb.connect() as con:
        con.execute("create table chart as from (values (10, 1), (0, 2), (5, 0)) as t (units, claims)")
        assert lonely(con, "chart", "sum(claims)", "sum(units)") == 1
