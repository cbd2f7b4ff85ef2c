"""Expected counts and forecasts: the textbook chart, the algebra, and what the limits promise."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import nbinom, poisson

from pipelines.reliability import (
    added,
    claims_per_unit,
    conditional_failures,
    cost_quantile,
    fit_weibull,
    forecast_claims,
    forecast_cost,
    nevada_chart,
    nevada_expected,
    no_cost_probability,
    overdispersion,
    prediction_limits,
    weibull_cumulative,
)
from pipelines.reliability.observations import Convention

SHIPMENTS, RETURNS = [100, 140, 150], [[3, 3, 5], [2, 4], [4]]


def test_expected_returns_meet_the_published_control_table():
    # ReliaWiki, "Warranty Data Analysis", monitoring example: e = expected - observed, z = e / 2.13656. The
    # page's text prints as their mean what is nearly their sum, and an s (1.6890) that is not behind its z.
    fit = fit_weibull(nevada_chart(SHIPMENTS, RETURNS, "exact"))
    expected = nevada_expected(SHIPMENTS, 4, fit.shape, fit.scale, RETURNS)
    error = np.concatenate([expected[i, : len(row)] - row for i, row in enumerate(RETURNS)])
    assert error == pytest.approx([-2.1297, 0.8463, 2.7449, -0.7815, 1.4721, -2.6945], abs=6e-5)
    spread = np.sqrt((error**2).sum() / 5)
    assert error[:3] / spread == pytest.approx([-0.9968, 0.3960, 1.2846], abs=1e-3)
    assert spread == pytest.approx(2.13656, abs=1e-4)
    # Past what was observed the same table is the forecast.
    assert [expected[0, 3], expected[1, 2], expected[2, 1]] == pytest.approx(
        [11.7624, 11.0406, 5.7893], abs=6e-5
    )


def test_expected_returns_of_shipments_alone_sum_to_the_share_failed():
    expected = nevada_expected(SHIPMENTS, 5, 1.4, 15.0)
    assert expected.sum(axis=1) == pytest.approx(np.array(SHIPMENTS) * weibull_cumulative(5.0, 1.4, 15.0))


@pytest.mark.parametrize(
    ("convention", "published"),
    [("exact", [11.7624, 11.0406, 5.7893]), ("interval", [4.3987, 5.8147, 5.1871])],
)
def test_next_month_of_the_chart_depends_on_the_convention(convention: Convention, published: list[float]):
    # Recomputed on ReliaWiki's chart: 28.59 returns with the exact convention, 15.40 with the interval one
    fit = fit_weibull(nevada_chart(SHIPMENTS, RETURNS, convention))
    survivors = [100 - 11, 140 - 6, 150 - 4]
    assert conditional_failures(survivors, [3, 2, 1], 1, fit.shape, fit.scale) == pytest.approx(
        published, abs=6e-5
    )
    forecast = forecast_claims(survivors, [3, 2, 1], fit.shape, fit.scale, months=1)
    assert forecast.expected[0, 0] == pytest.approx(sum(published), abs=2e-4)


def test_a_forecast_over_the_whole_warranty_ends_where_the_curve_does():
    units, ages = np.array([1000.0, 500.0, 20.0]), np.array([0.0, 11.5, 24.0])
    forecast = forecast_claims(units, ages, 1.3, 60.0, months=30)
    left = 1 - weibull_cumulative(ages, 1.3, 60.0)
    over_warranty = units * (1 - (1 - weibull_cumulative(24.0, 1.3, 60.0)) / left)
    assert forecast.cumulative_expected[0, -1] == pytest.approx(over_warranty.sum(), rel=1e-12)
    assert np.all(forecast.expected[0, 24:] == 0)
    assert np.all(forecast.high[0, 24:] == 0)


def test_the_gradient_behind_the_forecast_variance_is_that_of_the_expected_count():
    units, ages, cov = (
        np.array([900.0, 4000.0]),
        np.array([0.0, 7.0]),
        np.array([[0.02, -0.01], [-0.01, 0.03]]),
    )

    def sums(log_scale: float, log_shape: float):
        forecast = forecast_claims(units, ages, np.exp(log_shape), np.exp(log_scale), months=6)
        return forecast.cumulative_expected[0]

    at, step = np.log([80.0, 1.4]), 1e-6
    gradient = np.stack(
        [(sums(*(at + d)) - sums(*(at - d))) / (2 * step) for d in (np.array([step, 0]), np.array([0, step]))]
    )
    forecast = forecast_claims(units, ages, 1.4, 80.0, months=6, log_covariance=cov, overdispersion=1.7)
    wanted = 1.7 * (sums(*at) + np.einsum("ih,ij,jh->h", gradient, cov, gradient))
    assert forecast.cumulative_variance[0] == pytest.approx(wanted, rel=1e-7)


def test_scopes_forecast_together_equal_scopes_forecast_apart():
    rng = np.random.default_rng(3)
    units, ages = rng.integers(0, 500, (5, 24)).astype(float), np.arange(24.0)
    shape, scale, cov = (
        rng.uniform(0.7, 2, 5),
        rng.uniform(50, 300, 5),
        np.array([np.eye(2) * v for v in range(5)]) / 100,
    )
    together = forecast_claims(units, ages, shape, scale, log_covariance=cov, months=12)
    for i in range(5):
        alone = forecast_claims(units[i], ages, shape[i], scale[i], log_covariance=cov[i], months=12)
        assert np.array_equal(together.high[i], alone.high[0])
        assert np.array_equal(together.cumulative_expected[i], alone.cumulative_expected[0])


def test_prediction_limits_are_poisson_where_the_variance_is_the_mean():
    low, high = prediction_limits([0.0, 3.0, 50.0], [0.0, 3.0, 50.0])
    assert low.tolist() == [0, poisson.ppf(0.05, 3), poisson.ppf(0.05, 50)]
    assert high.tolist() == [0, poisson.ppf(0.95, 3), poisson.ppf(0.95, 50)]


def test_prediction_limits_are_negative_binomial_beyond():
    low, high = prediction_limits(40.0, 100.0)
    size, odds = 40**2 / 60, 40 / 100
    assert nbinom.stats(size, odds) == pytest.approx((40, 100))
    assert (low, high) == (nbinom.ppf(0.05, size, odds), nbinom.ppf(0.95, size, odds))


@pytest.mark.parametrize("confidence", [0.5, 0.9, 0.999])
def test_prediction_limits_are_scipys_quantiles_from_rare_to_plenty(confidence: float):
    rng = np.random.default_rng(4)
    mean = 10 ** rng.uniform(-4, 6, 3000)
    variance = mean * (1 + (10 ** rng.uniform(-4, 3, 3000)) * (rng.random(3000) < 0.8))
    extra = variance > mean
    size, odds = mean**2 / np.where(extra, variance - mean, 1.0), np.where(extra, mean / variance, 0.5)
    for limit, share in zip(
        prediction_limits(mean, variance, confidence),
        (0.5 - confidence / 2, 0.5 + confidence / 2),
        strict=True,
    ):
        exact = np.where(extra, nbinom.ppf(share, size, odds), poisson.ppf(share, mean))
        assert np.array_equal(limit, exact)


def test_overdispersion_finds_the_variance_over_the_mean_and_never_less_than_one():
    rng = np.random.default_rng(5)
    expected = rng.uniform(2, 60, 4000)
    threefold = rng.poisson(rng.gamma(expected / 2, 2.0))  # variance = 3 x mean
    assert overdispersion(threefold, expected, 0) == pytest.approx(3.0, rel=0.08)
    assert overdispersion(np.round(expected), expected) == 1.0


def test_cost_of_claims_that_all_cost_the_same_is_their_count_times_that():
    claims = forecast_claims([5000.0], [2.0], 1.2, 90.0, months=4)
    cost = forecast_cost(claims, 80.0, 0.0)
    assert cost.expected == pytest.approx(80 * claims.expected)
    # A Gamma with the count's mean and variance: within one claim of the count's own limits.
    assert np.all(np.abs(cost.low / 80 - claims.low) < 1)
    assert np.all(np.abs(cost.high / 80 - claims.high) < 1)
    spread = forecast_cost(claims, 80.0, 120.0)
    assert np.all(spread.cumulative_high > cost.cumulative_high)


@pytest.mark.parametrize("variance", [1.2, 2.5])
def test_a_month_may_cost_nothing_and_its_limits_are_those_of_simulated_months(variance: float):
    """Negative binomial (or Poisson) counts, three claims in ten for nothing, the others Gamma: drawn."""
    rng = np.random.default_rng(3)
    mean, costless, c = 1.2, 0.3, 70.0
    extra = variance - mean
    counts = rng.poisson(rng.gamma(mean**2 / extra, extra / mean, 400_000) if extra > 0 else mean, 400_000)
    costly = rng.binomial(counts, 1 - costless)
    drawn = np.where(costly > 0, rng.gamma(2.0 * np.maximum(costly, 1), 50.0), 0.0)
    nothing = no_cost_probability(mean, variance, costless)
    assert nothing == pytest.approx(np.mean(drawn == 0), abs=0.003)
    # One claim costs 70 on average (0.7 x 100), with a second moment of 0.7 (100^2 + 5000).
    sd = np.sqrt(0.7 * 15_000 - 70.0**2)
    said = mean * sd**2 + c**2 * variance
    assert said == pytest.approx(drawn.var(), rel=0.02)
    for share in (0.05, 0.3):
        assert cost_quantile(mean * c, said, nothing, share) == 0
    for share in (0.75, 0.9, 0.95):
        assert np.mean(drawn <= cost_quantile(mean * c, said, nothing, share)) == pytest.approx(
            share, abs=0.02
        )


def test_parts_that_share_good_and_bad_months_scatter_more_together():
    one = forecast_claims([5000.0], [2.0], 1.2, 90.0, months=3, overdispersion=1.5)
    both = added([one, one], shared_scatter=0.8)
    assert both.variance == pytest.approx(2 * one.variance + 0.8 * both.expected)
    assert np.all(both.high >= added([one, one]).high)


@pytest.mark.parametrize(("start", "end"), [(0.0, 24.0), (3.0, 24.0), (0.0, 3.0)])
def test_claims_per_unit_of_a_delivery_month_are_those_of_deliveries_spread_over_it(start: float, end: float):
    # Direct: deliveries at 10,000 moments of a month, H between the calendar month's start and its end.
    shape, scale = 0.6, 300.0
    delivered = (np.arange(10_000) + 0.5) / 10_000

    def reached(age):
        return (np.clip(age, start, end) / scale) ** shape

    months = np.arange(int(end) + 1)[:, None]
    direct = (reached(months + 1 - delivered) - reached(months - delivered)).mean(axis=1)
    found = claims_per_unit(shape, scale, start, end)[0]
    # The midpoint rule is off by 1e-4 where H rises from 0 with infinite slope.
    assert found == pytest.approx(direct, rel=2e-4, abs=1e-12)
    assert found.sum() == pytest.approx(reached(end) - reached(start), rel=1e-9)


def test_two_stretches_of_life_foresee_what_the_whole_does():
    # One Weibull cut at age 3: with rare claims the two halves add up to the forecast of the whole.
    units, ages = [400, 300, 200.0], [0.5, 2.5, 10.5]
    whole = forecast_claims(units, ages, 0.8, 1e5, overdispersion=1.5)
    halves = added(
        [
            forecast_claims(units, ages, 0.8, 1e5, warranty_age=3.0, overdispersion=1.5),
            forecast_claims(units, ages, 0.8, 1e5, start_age=3.0, overdispersion=1.5),
        ]
    )
    assert halves.expected == pytest.approx(whole.expected, rel=1e-3)
    assert halves.cumulative_variance == pytest.approx(whole.cumulative_variance, rel=1e-3)


def test_future_periods_may_end_where_the_calendar_says():
    plain = forecast_claims([100.0], [6.0], 1.2, 60.0, months=3)
    stated = forecast_claims([100.0], [6.0], 1.2, 60.0, ends=[1, 2, 3])
    half = forecast_claims([100.0], [6.0], 1.2, 60.0, ends=[0.5, 1.0, 2.0])
    assert stated.expected == pytest.approx(plain.expected)
    assert half.expected[0, :2].sum() == pytest.approx(plain.expected[0, 0])
    assert half.expected[0, 2] == pytest.approx(plain.expected[0, 1])


def test_a_season_multiplies_its_month_and_its_doubt_is_shared_a_year_apart():
    season = np.where(np.arange(24) % 12 == 3, 2.0, 1.0)
    spread = np.where(np.arange(24) % 12 == 3, 0.04, 0.0)
    flat = forecast_claims([5000.0], [0.5], 1.0, 1e4)
    known = forecast_claims([5000.0], [0.5], 1.0, 1e4, season=season)
    vague = forecast_claims([5000.0], [0.5], 1.0, 1e4, season=season, season_log_variance=spread)
    assert known.expected == pytest.approx(flat.expected * season)
    assert vague.expected == pytest.approx(known.expected)
    extra = vague.cumulative_variance - known.cumulative_variance
    twice = known.expected[0, 3] + known.expected[0, 15]
    assert extra[0, [2, 3, 23]] == pytest.approx([0, 0.04 * known.expected[0, 3] ** 2, 0.04 * twice**2])


def test_a_mean_cost_of_few_claims_widens_the_limits_as_the_sum_grows():
    claims = forecast_claims([5000.0], [0.5], 1.0, 1e3)
    sure, vague = forecast_cost(claims, 80.0, 40.0), forecast_cost(claims, 80.0, 40.0, costs_seen=20)
    assert vague.cumulative_expected == pytest.approx(sure.cumulative_expected)
    width = [(each.cumulative_high - each.cumulative_low)[0] for each in (sure, vague)]
    count, spread = claims.cumulative_expected[0], claims.cumulative_variance[0]
    variance = [count * 40**2 * (1 + count * share) + 80**2 * spread for share in (0, 1 / 20)]
    # Gamma limits are near normal ones where the coefficient of variation is small.
    assert width[1][-1] / width[0][-1] == pytest.approx(np.sqrt(variance[1] / variance[0])[-1], rel=0.02)
