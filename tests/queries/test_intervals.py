"""Intervals against published values, and against the definitions that they invert."""

from __future__ import annotations

import pytest
from scipy import stats

from pipelines.queries.intervals import NONE, Interval, poisson, rate_ratio, wilson


def limits(interval: Interval) -> tuple[float, float]:
    """Both limits, where there are two."""
    assert interval.low is not None
    assert interval.high is not None
    return interval.low, interval.high


@pytest.mark.parametrize(
    ("events", "trials", "low", "high"),
    # R. G. Newcombe, Two-sided confidence intervals for the single proportion, Statist. Med. 17 (1998)
    # 857-872, table I, method 3; four printed digits.
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_wilson_meets_newcombes_table(events: int, trials: int, low: float, high: float) -> None:
    interval = wilson(events, trials)
    assert interval.low == pytest.approx(low, abs=5e-5)
    assert interval.high == pytest.approx(high, abs=5e-5)


@pytest.mark.parametrize(
    ("events", "low", "high"),
    # F. Garwood, Biometrika 28 (1936) 437-442, and every later table of exact Poisson limits; two digits.
    [(0, 0.0, 3.69), (1, 0.03, 5.57), (5, 1.62, 11.67), (10, 4.80, 18.39), (50, 37.11, 65.92)],
)
def test_poisson_limits_meet_garwoods_table(events: int, low: float, high: float) -> None:
    interval = poisson(events)
    assert interval.low == pytest.approx(low, abs=0.005)
    assert interval.high == pytest.approx(high, abs=0.005)


def test_poisson_limits_scale_with_the_exposure() -> None:
    assert [limit * 350 for limit in limits(poisson(7, 350))] == pytest.approx(limits(poisson(7)))


@pytest.mark.parametrize(
    ("k", "t", "b", "s"), [(9, 100.0, 20, 800.0), (3, 50.0, 40, 400.0), (12, 10.0, 0, 80.0)]
)
def test_at_the_limits_of_a_rate_ratio_the_exact_test_rejects_at_two_and_a_half_percent(k, t, b, s) -> None:
    interval = rate_ratio(k, t, b, s)
    total = k + b
    p_low = interval.low * t / (interval.low * t + s)
    assert stats.binom.sf(k - 1, total, p_low) == pytest.approx(0.025, rel=1e-6)
    if interval.high is None:
        assert b == 0
    else:
        p_high = interval.high * t / (interval.high * t + s)
        assert stats.binom.cdf(k, total, p_high) == pytest.approx(0.025, rel=1e-6)


def test_a_rate_ratio_turned_around_has_the_inverse_limits() -> None:
    low, high = limits(rate_ratio(9, 100, 20, 800))
    other_low, other_high = limits(rate_ratio(20, 800, 9, 100))
    assert (low, high) == pytest.approx((1 / other_high, 1 / other_low))


def test_what_cannot_be_an_interval_is_none() -> None:
    assert wilson(1, 0) == NONE
    assert wilson(5, 4) == NONE
    assert poisson(3, 0) == NONE
    assert rate_ratio(0, 10, 0, 80) == NONE
    assert rate_ratio(3, 10, 4, 0) == NONE
