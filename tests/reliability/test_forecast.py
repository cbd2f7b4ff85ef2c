"""Expected counts and forecasts: the textbook chart, the algebra, and what the limits promise."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import nbinom, poisson

from pipelines.reliability import (
    conditional_failures,
    fit_weibull,
    forecast_claims,
    forecast_cost,
    nevada_chart,
    nevada_expected,
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
