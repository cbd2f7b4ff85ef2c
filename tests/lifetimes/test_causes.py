"""What a machine is first claimed for, and how many claims it brings: against sums written out."""

from __future__ import annotations

import duckdb
import numpy as np
import polars as pl
import pytest

from pipelines.lifetimes.causes import NONE_YET, _scope
from pipelines.reliability import aalen_johansen

ALL_AT = "from marts.fct_claims_by_age where scope_type = 'all' and age_month = 24"


def test_the_shares_of_the_causes_add_up_to_the_share_of_any(demo: duckdb.DuckDBPyConnection) -> None:
    rows = demo.sql(
        "select scope_id, age_month, sum(first_share) filter (cause <> 'any'),"
        " max(first_share) filter (cause = 'any'), sum(first_claims) filter (cause <> 'any'),"
        " max(first_claims) filter (cause = 'any'), sum(claims) filter (cause <> 'any'),"
        " max(claims) filter (cause = 'any') from marts.fct_claims_by_age group by all"
    ).fetchall()
    assert len(rows) > 24 * 10
    for _, _, shares, whole, firsts, all_firsts, claims, all_claims in rows:
        assert shares == pytest.approx(whole, abs=1e-12)
        assert (firsts, claims) == (all_firsts, all_claims)


def test_the_share_of_any_is_the_product_limit_of_days(demo: duckdb.DuckDBPyConnection) -> None:
    """Kaplan and Meier written out over days, leavers at their own."""
    days = demo.sql(
        """
        with lives as (
            select first_any_on - entered_on as failed, ended_on - entered_on as watched, 1 as units
            from intermediate.int_lifetimes__with_events
            union all
            select null, watched_days, units
            from intermediate.int_lifetimes__observed where unit_number is null
        )
        select coalesce(failed, watched) as age, sum(units) as gone,
            sum(units) filter (failed is not null) as failed
        from lives group by 1 order by 1
        """
    ).fetchnumpy()
    gone, failed = (np.ma.filled(days[name], 0).astype(float) for name in ("gone", "failed"))
    at_risk = gone[::-1].cumsum()[::-1]
    share = 1 - np.prod(1 - failed / at_risk)
    found = demo.sql(
        f"select first_share, first_share_low, first_share_high {ALL_AT} and cause = 'any'"
    ).fetchone()
    assert found is not None
    # Leavers of a week count together.
    assert found[0] == pytest.approx(share, rel=1e-3)
    assert found[1] < share < found[2]


def test_claims_per_machine_are_claims_over_machines_watched_day_by_day(
    demo: duckdb.DuckDBPyConnection,
) -> None:
    rows = demo.sql(
        """
        with watched as (select watched_days as days, sum(units) as units
            from intermediate.int_lifetimes__observed group by all)
        select claims.age_days, count(*) / (select sum(units) from watched where days >= claims.age_days)
        from intermediate.int_claims__at_ages as claims group by 1
        """
    ).fetchall()
    mean, low, high, firsts, claims = demo.sql(
        "select claims_per_unit, claims_per_unit_low, claims_per_unit_high, first_claims, claims"
        f" {ALL_AT} and cause = 'any'"
    ).fetchall()[0]
    assert mean == pytest.approx(sum(float(step) for _, step in rows), rel=1e-3)
    assert low < mean < high
    assert claims > firsts


def test_where_nothing_happened_yet_the_machines_watched_leave_an_upper_limit_open(
    demo: duckdb.DuckDBPyConnection,
) -> None:
    rows = demo.sql(
        "select watched_units, first_share_high, claims_per_unit_high from marts.fct_claims_by_age"
        " where claims = 0 and age_month = 1"
    ).fetchall()
    assert rows
    for watched, share, claims in rows:
        assert share == pytest.approx(1 - 0.025 ** (1 / watched))
        assert claims == pytest.approx(NONE_YET / watched)


def test_where_every_machine_was_claimed_the_share_stays_within_its_limits() -> None:
    """A shop may have sold one machine of a family, and that one fails."""
    for sold in (1, 3):
        first = pl.DataFrame({"first_cause": ["defect"], "age": [100], "events": [sold]})
        unclaimed = pl.DataFrame(schema={"age": pl.Int64, "units": pl.Int64})
        units = range(sold)
        claims = pl.DataFrame(
            {
                "unit": units,
                "cause": ["defect"] * sold,
                "age_days": [100] * sold,
                "watched_days": [400] * sold,
            }
        )
        for table in _scope(first, unclaimed, claims):
            assert table.filter(
                pl.col("first_share").is_between("first_share_low", "first_share_high")
            ).equals(table)
            last = table.row(-1, named=True)
            shown = [last[name] for name in ("first_share", "first_share_low", "first_share_high")]
            assert shown == pytest.approx([1, 0.025 ** (1 / sold), 1])


def test_a_claim_on_the_last_day_counts_among_the_machines_still_watched() -> None:
    """Of 40,000 machines in their last week, watched for 730 or 731 days, one is claimed on the last."""
    first = pl.DataFrame({"first_cause": ["defect"], "age": [731], "events": [1]})
    unclaimed = pl.DataFrame({"age": [701.3, 730.4], "units": [60_000, 40_000]})
    claims = pl.DataFrame({"unit": [0], "cause": ["defect"], "age_days": [731], "watched_days": [731]})
    for table in _scope(first, unclaimed, claims):
        last = table.row(-1, named=True)
        assert last["first_share"] == pytest.approx(1 / 40_001)
        assert last["claims_per_unit"] == pytest.approx(1 / 40_001)


def test_steps_that_add_up_to_all_end_at_one() -> None:
    """51 machines fail one by one: the sum of the steps is 1.0000000000000007 in doubles."""
    found = aalen_johansen(np.arange(1.0, 52.0), np.ones(51, int), np.ones(51, bool))[1]
    assert found.incidence[-1] == 1
