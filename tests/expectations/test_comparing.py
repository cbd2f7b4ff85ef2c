"""Weeks against expectations: what is said of a week, and when nothing is."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest

from pipelines import expectations
from pipelines.expectations import Weeks
from pipelines.expectations.comparing import PRACTICE, SHOWN_WEEKS

AS_OF = date(2026, 10, 31)
LAST_WHOLE = date(2026, 10, 19)
START = date(2022, 11, 7)
LENGTH = (AS_OF - START).days // 7 + 1
FAMILIES = ("mower", "saw")


def shop(
    seed: int = 1,
    planted: dict[date, int] | None = None,
    covered: dict[str, date] | None = None,
    weeks: int = LENGTH,
) -> Weeks:
    """Two families of machines whose claims come at one rate, all reported within nine days."""
    rng = np.random.default_rng(seed)
    units, claims, delays = [], [], []
    until = min([AS_OF, *(covered or {}).values()])
    for k in range(LENGTH - weeks, LENGTH):
        monday = START + timedelta(weeks=k)
        for family in FAMILIES:
            units.append((f"{family}-1", family, 0, monday, 10_000))
            planned = rng.poisson(20) + (planted or {}).get(monday, 0) * (family == "saw")
            for _ in range(planned):
                day = monday + timedelta(days=int(rng.integers(7)))
                delay = int(rng.integers(10))
                if day + timedelta(days=delay) > until:
                    continue
                fault = ("D01", "D02")[int(rng.integers(2))]
                claims.append((f"{family}-1", family, 0, monday, fault, 1, 1, 0))
                delays += [(name, day, delay, 1) for name in ("claims", "failures", "faults")]
    keys = ["sku", "family_code", "age_from_days", "week"]
    counted = ["claims", "failures", "misuse_refusals"]
    types = dict(zip(keys, (pl.String, pl.String, pl.Int64, pl.Date), strict=True))
    frame = pl.DataFrame(
        claims, schema=types | {"fault_code": pl.String} | dict.fromkeys(counted, pl.Int64), orient="row"
    )
    return Weeks(
        pl.DataFrame(units, schema=types | {"unit_weeks": pl.Int64}, orient="row").sort(keys),
        frame.group_by(*keys, "fault_code").agg(pl.col(counted).sum()).sort(*keys, "fault_code"),
        pl.DataFrame(
            delays,
            schema={"measure": pl.String, "appeared_on": pl.Date, "delay_days": pl.Int64, "claims": pl.Int64},
            orient="row",
        ),
        covered or {},
    )


def counts(weeks: Weeks) -> pl.DataFrame:
    return expectations.rows(weeks, AS_OF)["weekly_counts"]


def one(found: pl.DataFrame, week: date, scope: str = "all", measure: str = "claims") -> dict:
    [row] = found.filter(
        (pl.col("week") == week) & (pl.col("scope_id") == scope) & (pl.col("measure") == measure)
    ).iter_rows(named=True)
    return row


@pytest.fixture(scope="module")
def calm() -> pl.DataFrame:
    return counts(shop())


def test_every_week_of_the_menu_has_a_row_for_all_and_for_each_family(calm: pl.DataFrame) -> None:
    claims = calm.filter(pl.col("measure") == "claims")
    assert claims["week"].n_unique() == SHOWN_WEEKS
    assert claims.height == SHOWN_WEEKS * 3
    assert one(calm, LAST_WHOLE)["observed"] == sum(
        one(calm, LAST_WHOLE, family)["observed"] for family in FAMILIES
    )


def test_a_calm_shop_is_rarely_called_higher_or_lower(calm: pl.DataFrame) -> None:
    said = calm.filter(pl.col("verdict").is_in(["higher", "lower"]))
    assert said["week"].n_unique() <= 0.1 * SHOWN_WEEKS
    assert (calm["verdict"] == "no_difference").sum() > 500


def test_a_week_with_three_times_its_claims_is_called_higher_and_its_family_with_it() -> None:
    planted = counts(shop(planted={LAST_WHOLE: 40}))
    assert one(planted, LAST_WHOLE)["verdict"] == "higher"
    assert one(planted, LAST_WHOLE, "saw")["verdict"] == "higher"
    assert one(planted, LAST_WHOLE, "mower")["verdict"] == "no_difference"
    faults = planted.filter(
        (pl.col("week") == LAST_WHOLE) & (pl.col("measure") == "faults") & (pl.col("scope_id") == "saw")
    )
    assert (faults["ratio"] > 1.5).all()


def test_the_newest_weeks_are_expected_to_show_what_is_reported(calm: pl.DataFrame) -> None:
    last = one(calm, LAST_WHOLE)
    # The week's days lie 6 to 12 days back, delays are even over 0 to 9 days.
    true = np.mean([min((back + 1) / 10, 1) for back in range(6, 13)])
    assert last["reported_share"] == pytest.approx(true, abs=0.05)
    assert last["expected"] == pytest.approx(40 * true, rel=0.15)


def test_a_week_of_which_too_little_is_reported_and_one_that_is_not_over_are_too_young(
    calm: pl.DataFrame,
) -> None:
    running = date(2026, 10, 26)
    assert one(calm, running)["reported_share"] < 0.5
    assert one(calm, running)["verdict"] == "too_young"


def test_nothing_is_concluded_of_a_week_that_no_delivery_covers() -> None:
    stopped = date(2026, 9, 30)
    found = counts(shop(covered={"tickets": stopped, "orders": AS_OF}))
    claims = found.filter(pl.col("measure") == "claims")
    after = claims.filter(pl.col("week") + pl.duration(days=6) > stopped)
    assert set(after["verdict"]) <= {"not_covered", "too_young"}
    assert one(found, LAST_WHOLE)["verdict"] == "not_covered"
    before = one(found, date(2026, 9, 21))
    assert before["verdict"] == "no_difference"
    # What is reported is counted to the day on which the feed stopped, not to the as-of day.
    assert before["reported_share"] < 1


def test_a_feed_of_repairs_that_stopped_silences_faults_and_failures_but_no_claims() -> None:
    found = counts(shop(covered={"repairs": date(2026, 8, 31), "tickets": AS_OF}))
    week = date(2026, 9, 28)
    assert one(found, week, measure="failures")["verdict"] == "not_covered"
    assert one(found, week)["verdict"] != "not_covered"


def test_without_a_year_of_past_no_season_is_compared() -> None:
    found = counts(shop(weeks=50))
    assert set(found["verdict"]) <= {"no_past", "too_young"}
    young = counts(shop(weeks=60 + PRACTICE + 20))
    assert set(young.filter(pl.col("measure") == "claims")["verdict"]) >= {"no_past", "no_difference"}


def test_few_machines_seen_and_expected_say_nothing(calm: pl.DataFrame) -> None:
    refusals = calm.filter(pl.col("measure") == "misuse_refusals")
    assert set(refusals["verdict"]) <= {"too_few", "too_young", "no_past"}


def test_the_declared_level_is_shared_by_all_that_is_compared(calm: pl.DataFrame) -> None:
    week = calm.filter(pl.col("week") == LAST_WHOLE)
    assert week["compared"].unique().to_list() == [week.height]


def test_a_shop_without_machines_has_no_weeks() -> None:
    empty = shop(weeks=0)
    assert counts(empty).is_empty()


def test_weeks_stand_as_long_as_one_that_is_shown_had_machines() -> None:
    weeks = shop()
    last = weeks.units["week"].max()
    assert isinstance(last, date)
    shown = expectations.rows(weeks, last + timedelta(weeks=SHOWN_WEEKS - 1))["weekly_counts"]
    assert shown.filter(pl.col("unit_weeks") > 0)["week"].unique().to_list() == [last]
    gone = expectations.rows(weeks, last + timedelta(weeks=SHOWN_WEEKS + 1))["weekly_counts"]
    assert gone.is_empty()


def test_the_same_rows_in_another_order_give_the_same_table() -> None:
    weeks = shop()
    mixed = Weeks(weeks.units, weeks.claims, weeks.delays.sample(fraction=1, shuffle=True, seed=1), {})
    assert counts(mixed).equals(counts(weeks))
