"""A group against the others within strata, held to other people's exact tests."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from pipelines.reliability import group_count


def test_one_stratum_is_fishers_exact_test() -> None:
    # The tea lady: 4 cups of 8 named, 4 of 8 milk first, 3 right.
    count = group_count([4], [4], [8])
    assert count.above(3) == pytest.approx(17 / 70)
    table = [[3, 1], [1, 3]]
    assert count.above(3) == pytest.approx(stats.fisher_exact(table, alternative="greater").pvalue)
    exact = stats.contingency.odds_ratio(table, kind="conditional")
    interval = exact.confidence_interval(0.95)
    assert count.odds_ratio(3, 0.025) == pytest.approx(
        (exact.statistic, interval.low, interval.high), rel=1e-4
    )


def test_several_strata_are_the_sum_of_their_counts() -> None:
    size, events, total = [3, 5, 2], [4, 2, 1], [9, 12, 2]
    count = group_count(size, events, total)
    parts = [stats.hypergeom(t, m, n) for n, m, t in zip(size, events, total, strict=True)]
    summed = {0: 1.0}
    for part in parts:
        step: dict[int, float] = {}
        for before, chance in summed.items():
            for x in range(10):
                step[before + x] = step.get(before + x, 0) + chance * float(part.pmf(x))
        summed = step
    for value, chance in zip(count.values, count.chance, strict=True):
        assert chance == pytest.approx(summed[int(value)])
    assert count.mean == pytest.approx(sum(part.mean() for part in parts))
    assert count.variance == pytest.approx(sum(part.var() for part in parts))


def test_a_centre_with_more_hard_cases_is_no_news_and_one_that_is_stricter_is() -> None:
    # Half of the unused cases are misuse, a tenth of the others. The centre gets the unused ones.
    size, total = np.array([400, 100]), np.array([500, 2000])
    even = group_count(size, [250, 200], total)
    assert even.mean == pytest.approx(210)
    assert even.above(215) > 0.15
    assert even.above(260) < 1e-6
    estimate, low, _ = even.odds_ratio(260, 0.01)
    assert low > 1
    assert estimate > 1.5


def test_limits_hold_a_fair_centre_as_often_as_declared_and_power_is_what_happens() -> None:
    rng = np.random.default_rng(1)
    size, events, total = np.array([30, 20, 10]), np.array([40, 30, 5]), np.array([200, 100, 40])
    count = group_count(size, events, total)
    low, high = count.limits(0.01)
    drawn = sum(rng.hypergeometric(m, t - m, n, 40_000) for n, m, t in zip(size, events, total, strict=True))
    assert np.mean(drawn > high) <= 0.011
    assert np.mean(drawn < low) <= 0.011
    tilted = rng.choice(count.values, 40_000, p=count.tilted(2.0))
    assert count.power(2.0, 0.01) == pytest.approx(np.mean(tilted > high), abs=0.01)


def test_strata_without_comparison_say_nothing() -> None:
    alone = group_count([5, 3], [2, 3], [5, 3])
    assert len(alone.chance) == 1
    estimate, low, high = alone.odds_ratio(5, 0.025)
    assert np.isnan(estimate)
    assert (low, high) == (0.0, np.inf)
    assert alone.power(5.0, 0.01) == 0.0
