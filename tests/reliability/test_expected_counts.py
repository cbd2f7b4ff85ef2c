"""Weeks' expectations against histories whose rates are known."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from pipelines.reliability import (
    WeeklyCounts,
    compare_rates,
    count_ratios,
    expected_counts,
    overdispersion_of,
    poisson_limits,
)
from pipelines.reliability.expected_counts import season_of

WEEKS = 209


def history(seed: int, peak: float = 1.0, growth: float = 0.0) -> tuple[WeeklyCounts, np.ndarray]:
    """Three families of two products and two ages: counts drawn, and the rates they were drawn from."""
    rng = np.random.default_rng(seed)
    sold = np.exp(growth * np.arange(WEEKS) / 52)
    units = np.stack([np.stack([200 * sold, 2000 * sold]) for _ in range(6)])
    hazard = np.array([[0.004, 0.001], [0.008, 0.001], [0.002, 0.003]])
    family = np.repeat([0, 1, 2], 2)
    level = np.array([0.7, 1.3, 1.0, 1.0, 0.8, 1.2])
    season = np.where((np.arange(WEEKS) % 52 >= 10) & (np.arange(WEEKS) % 52 < 16), peak, 1.0)
    rates = units * (hazard[family] * level[:, None])[:, :, None] * season
    counts = rng.poisson(rates)
    claims = np.stack([counts[family == f].sum(0) for f in range(3)]).astype(float)
    defects = rng.binomial(claims.astype(int), 0.4).astype(float)
    cells = np.concatenate([claims, defects])
    whole = np.ones((6, WEEKS))
    sku, age, week = (place.ravel() for place in np.indices(units.shape))
    drawn = WeeklyCounts(
        sku=sku,
        age=age,
        week=week,
        units=units.ravel(),
        ages=2,
        sku_claims=counts.sum(1).astype(float),
        family_of=family,
        events=cells,
        cell_family=np.array([0, 1, 2, 0, 1, 2]),
        cell_kind=np.array([0, 0, 0, 1, 1, 1]),
        reported=whole,
        reported_error=0 * whole,
        season_phase=0,
    )
    mean = np.stack([rates[family == f].sum((0, 1)) for f in range(3)])
    return drawn, np.concatenate([mean, 0.4 * mean])


@pytest.mark.parametrize(("peak", "growth"), [(1.0, 0.0), (4.0, 0.0), (4.0, 0.5)])
def test_expectations_are_near_the_rates_that_counts_were_drawn_from(peak: float, growth: float) -> None:
    ratios = []
    for seed in range(3):
        counts, truth = history(seed, peak, growth)
        for start in range(160, 208, 4):
            expected = expected_counts(counts, start, start + 4)
            ratios.append(expected.mean.sum(1) / truth[:, start : start + 4].sum(1))
    assert np.mean(ratios) == pytest.approx(1, abs=0.03)
    assert np.abs(np.array(ratios) - 1).mean() < 0.12


def test_the_week_in_which_a_season_begins_is_expected_though_last_week_was_calm() -> None:
    counts, truth = history(1, peak=6.0)
    expected = expected_counts(counts, 164, 168)
    # Weeks 164 and 165 are calm, 166 is the first of the season.
    assert expected.mean[:3, 2].sum() > 3 * expected.mean[:3, 1].sum()
    assert expected.mean[:3, 2].sum() == pytest.approx(truth[:3, 166].sum(), rel=0.2)


def test_what_comes_after_a_week_does_not_change_its_expectation() -> None:
    counts, _ = history(2, peak=3.0)
    before = expected_counts(counts, 180, 184)
    counts.events[:, :, 180:] *= 5
    counts.sku_claims[:, 180:] *= 5
    after = expected_counts(counts, 180, 184)
    assert np.array_equal(before.mean, after.mean)
    assert np.array_equal(before.shape, after.shape)


def test_a_week_half_reported_is_expected_to_show_half() -> None:
    counts, _ = history(3)
    whole = expected_counts(counts, 180, 184)
    counts.reported[:, 183] = 0.5
    half = expected_counts(counts, 180, 184)
    assert half.mean[:, 3] == pytest.approx(whole.mean[:, 3] / 2)
    counts.reported_error[:, 183] = 0.1
    assert (expected_counts(counts, 180, 184).shape[:, 3] < half.shape[:, 3]).all()


def test_two_weeks_alike_make_no_season_and_one_that_differs_every_year_does() -> None:
    rng = np.random.default_rng(5)
    place = np.arange(156) % 52
    expected = np.full((2, 156), 50.0)
    calm = season_of(rng.poisson(expected).astype(float), expected, place)
    assert np.abs(calm.factor - 1).max() < 0.15
    true = np.where(place == 20, 5.0, 1.0)
    sharp = season_of(rng.poisson(expected * true).astype(float), expected, place)
    assert sharp.factor[:, 20] == pytest.approx(np.array([5.0, 5.0]), rel=0.15)
    assert sharp.factor[:, 30] == pytest.approx(np.array([1.0, 1.0]), rel=0.15)


def test_limits_of_a_ratio_are_those_of_two_poisson_counts_and_of_one() -> None:
    # Given b events before in s weeks, the next week's count is the conditional binomial of two rates: its
    # lower limit is that of the exact test with a past of one event less, its upper one the same.
    found = count_ratios(12, 4.0, 40.0, 0.025)
    two_rates = compare_rates((12, 39), (1, 10.0), confidence=0.95)
    assert found.ratio_low * 4.0 / 40.0 == pytest.approx(two_rates.ratio_low / 10.0)
    endless = count_ratios(12, 4.0, np.inf, 0.025)
    low, high = poisson_limits(12)
    assert (endless.ratio_low * 4, endless.ratio_high * 4) == pytest.approx((float(low), float(high)))


def test_chances_are_those_of_the_negative_binomial_and_agree_with_the_limits() -> None:
    x, mean, shape = np.arange(0, 30), 7.0, 5.0
    spread = stats.nbinom(shape, shape / (shape + mean))
    found = count_ratios(x, mean, shape, 0.01)
    assert found.chance_above == pytest.approx(spread.sf(x - 1))
    assert found.chance_below == pytest.approx(spread.cdf(x))
    assert np.array_equal(found.ratio_low > 1, found.chance_above < 0.01)
    assert np.array_equal(found.ratio_high < 1, found.chance_below < 0.01)


def test_overdispersion_is_found_where_it_is_and_not_where_it_is_not() -> None:
    rng = np.random.default_rng(6)
    mean = np.full(20_000, 30.0)
    assert overdispersion_of(rng.poisson(mean), mean, np.inf) == pytest.approx(0, abs=0.002)
    wild = rng.poisson(mean * rng.gamma(10, 0.1, len(mean)))
    assert overdispersion_of(wild, mean, np.inf) == pytest.approx(0.1, rel=0.1)
    assert overdispersion_of(wild, mean, np.full(len(mean), 10.0)) == pytest.approx(0, abs=0.01)


def test_weeks_from_before_the_seasons_that_teach_change_nothing() -> None:
    counts, _ = history(4)
    whole, later = expected_counts(counts, 168, 172), expected_counts(counts.window(8, WEEKS), 160, 164)
    assert whole.mean.tolist() == later.mean.tolist()
    assert whole.shape.tolist() == later.shape.tolist()
    more = expected_counts(counts.window(20, WEEKS), 148, 152)
    assert whole.mean.tolist() != more.mean.tolist()
