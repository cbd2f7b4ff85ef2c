"""How much of a day is known by now, against delays that are known."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest
from scipy import stats

from pipelines.expectations import Weeks, read_weeks, reporting_rows
from pipelines.home import Home

AS_OF = date(2026, 10, 31)


def delays(mean_of: float, drift: float = 1.0, seed: int = 1) -> pl.DataFrame:
    """Twenty claims a day for three years, each delayed by a whole number of days, seen by AS_OF."""
    rng = np.random.default_rng(seed)
    rows = []
    for back in range(3 * 365):
        day = AS_OF - timedelta(days=back)
        mean = mean_of * drift ** (-back / 365)
        for lag in rng.poisson(mean, 20):
            if lag <= back:
                rows.append(("claims", day, int(lag), 1))
    return pl.DataFrame(rows, schema=["measure", "appeared_on", "delay_days", "claims"], orient="row")


def shares(rows: pl.DataFrame, covered: dict[str, date] | None = None) -> pl.DataFrame:
    none = pl.DataFrame()
    found = reporting_rows(Weeks(none, none, rows, covered or {}), AS_OF, 0.5)
    return found.filter(pl.col("measure") == "claims").sort("appeared_on", descending=True)


def test_what_is_reported_after_so_many_days_is_found_though_the_newest_are_unseen() -> None:
    true = stats.poisson.cdf(np.arange(9), 4.0)
    inside = []
    for seed in range(6):
        found = shares(delays(4.0, seed=seed)).head(9)
        assert found["reported_share"].to_numpy() == pytest.approx(true, abs=0.03)
        low, high = (found[f"reported_share_{end}"].to_numpy() for end in ("low", "high"))
        inside.append((low <= true) & (true <= high))
    assert np.mean(inside) > 0.85


def test_a_delay_that_grows_is_followed() -> None:
    growing = shares(delays(8.0, drift=2.0))["reported_share"].to_numpy()
    true = stats.poisson.cdf(8, 8.0)
    # Over all three years delays were half as long: that share would be near 0.9.
    assert growing[8] == pytest.approx(true, abs=0.12)
    assert growing[8] < 0.75


def test_what_is_still_to_come_is_said_and_not_where_nothing_can_be_known() -> None:
    found = shares(delays(4.0))
    assert found["still_to_come"][0] is None
    assert not found["is_enough"][0]
    settled = found.row(40, named=True)
    assert settled["still_to_come"] == pytest.approx(0, abs=0.01)
    assert settled["is_enough"]
    came = found.row(5, named=True)
    assert came["known"] + came["still_to_come"] == pytest.approx(20, rel=0.5)


def test_a_day_after_the_feeds_last_is_not_covered() -> None:
    until = AS_OF - timedelta(days=30)
    rows = delays(4.0).filter(pl.col("appeared_on") + pl.duration(days=pl.col("delay_days")) <= until)
    found = shares(rows, {"tickets": until})
    assert not found.filter(pl.col("appeared_on") > until)["is_covered"].any()
    assert found.filter(pl.col("appeared_on") > until)["reported_share"].max() == 0
    assert found.filter(pl.col("appeared_on") == until)["reported_share"].item() < 0.1


def test_a_measure_that_was_never_reported_is_known_at_once() -> None:
    found = reporting_rows(Weeks(pl.DataFrame(), pl.DataFrame(), delays(1.0), {}), AS_OF, 0.5)
    assert found.filter(pl.col("measure") == "faults")["reported_share"].to_list() == [1.0] * 366


def test_what_was_said_to_come_in_the_demo_came(demo_home: Home) -> None:
    weeks = read_weeks(demo_home)
    known_on = pl.col("appeared_on") + pl.duration(days=pl.col("delay_days"))
    for back in (90, 180, 270):
        day = AS_OF - timedelta(days=back)
        then = Weeks(weeks.units, weeks.claims, weeks.delays.filter(known_on <= day), {})
        said = reporting_rows(then, day, 0.2)
        for measure in ("claims", "failures"):
            mine = (pl.col("measure") == measure) & (
                pl.col("appeared_on").is_between(day - timedelta(days=30), day - timedelta(days=6))
            )
            known, to_come = said.filter(mine).select(pl.sum("known"), pl.sum("still_to_come")).row(0)
            came = weeks.delays.filter(mine)["claims"].sum()
            assert known < came
            assert known + to_come == pytest.approx(came, rel=0.15), (day, measure)
