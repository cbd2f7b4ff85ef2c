"""The test of a fitted curve against its life table: right as often as it says, and awake to a bathtub."""

from __future__ import annotations

import numpy as np
import pytest

from pipelines.reliability import (
    fit_weibull_life_tables,
    misfit_probability,
    weibull_cumulative,
    weibull_cumulative_hazard,
)

AGES = np.arange(1.0, 25.0)


def life_tables(cumulative: np.ndarray, units: int, samples: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Units followed to the end of column 24, drawn `samples` times."""
    shares = np.append(np.diff(cumulative, prepend=0.0), 1 - cumulative[-1])
    drawn = np.random.default_rng(seed).multinomial(units, shares, samples)
    left = np.zeros((samples, len(AGES)))
    left[:, -1] = drawn[:, -1]
    return drawn[:, :-1], left


@pytest.mark.parametrize(
    ("units", "shape", "scale"), [(300, 0.9, 200.0), (2000, 1.5, 80.0), (20_000, 0.55, 1500.0)]
)
def test_a_right_curve_is_doubted_as_often_as_the_probability_says(units: int, shape: float, scale: float):
    # 2,000 tables: the standard error of a share of 5 % is 0.5 %; chi-square itself is good to about 1 %.
    events, left = life_tables(weibull_cumulative(AGES, shape, scale), units, 2000, seed=5)
    fit = fit_weibull_life_tables(events, left)
    found = misfit_probability(events, left, fit.shape, fit.scale)
    told = found[np.isfinite(found)]
    assert len(told) > 1900
    assert np.mean(told < 0.05) == pytest.approx(0.05, abs=0.025)
    assert np.mean(told < 0.5) == pytest.approx(0.5, abs=0.08)


def test_a_bathtub_is_seen_through_one_curve():
    hazard = weibull_cumulative_hazard(AGES, 0.3, 1e6) + weibull_cumulative_hazard(AGES, 3.0, 60.0)
    events, left = life_tables(-np.expm1(-hazard), 20_000, 50, seed=6)
    fit = fit_weibull_life_tables(events, left)
    assert np.all(misfit_probability(events, left, fit.shape, fit.scale) < 1e-6)


def test_too_few_events_to_tell_and_a_missing_fit_say_nothing():
    events, left = np.zeros((2, 24)), np.full((2, 24), 3.0)
    events[0, [2, 9, 15]] = 1
    fit = fit_weibull_life_tables(events, left)
    assert np.all(np.isnan(misfit_probability(events, left, fit.shape, fit.scale)))


def test_each_row_is_tested_alone():
    events, left = life_tables(weibull_cumulative(AGES, 0.7, 300.0), 5000, 6, seed=7)
    fit = fit_weibull_life_tables(events, left)
    together = misfit_probability(events, left, fit.shape, fit.scale)
    alone = [misfit_probability(events[i], left[i], fit.shape[[i]], fit.scale[[i]])[0] for i in range(6)]
    assert together == pytest.approx(alone, rel=1e-12)
