"""Do the limits keep what they promise? Simulated cohorts, the right method and deliberately wrong ones.

Coverage is judged on thousands of simulated cohorts: 4,000 give a standard error of 0.35 %, so a method
that truly covers 95 % stays within 93-97 % by more than five of them, and the wrong ones are far outside.
"""

from __future__ import annotations

import numpy as np
import pytest

from pipelines.reliability import (
    Doubt,
    WeibullBatch,
    conditional_failures,
    delay_corrected,
    fit_weibull_life_tables,
    forecast_claims,
    nevada_expected,
    overdispersion,
    poisson_limits,
    reporting_delay,
    shrink_rates,
    weibull_cumulative,
    weibull_quantile,
)

MONTHS = np.arange(25.0)


def simulated_life_tables(rng, cohorts: int, units: int, shape: float, scale: float):
    """Units delivered evenly over the last 24 months: each month of age 1/24 of them is seen no further."""
    hazard = conditional_failures(1.0, MONTHS[:-1], 1.0, shape, scale)
    at_risk = np.full(cohorts, units)
    events, censored = np.zeros((cohorts, 24)), np.zeros((cohorts, 24))
    for month in range(24):
        events[:, month] = rng.binomial(at_risk, hazard[month])
        at_risk = at_risk - events[:, month].astype(int)
        censored[:, month] = rng.binomial(at_risk, 1 / (24 - month))
        at_risk = at_risk - censored[:, month].astype(int)
    return events, censored


def simulated_cohorts(
    seed: int, expected_events: float, shape: float, failing_share: float = 0.06, cohorts: int = 4000
):
    """Life tables with this many failures expected in each, and the scale behind them."""
    scale = 24 / (-np.log1p(-failing_share)) ** (1 / shape)
    units = round(expected_events / weibull_cumulative(MONTHS[1:], shape, scale).mean())
    return *simulated_life_tables(np.random.default_rng(seed), cohorts, units, shape, scale), units, scale


def coverage(batch: WeibullBatch, shape: float, scale: float) -> dict[str, float]:
    truths = {"shape": shape, "scale": scale, "quantile": float(weibull_quantile(0.1, shape, scale))}
    told = batch.doubt == Doubt.NONE
    limits = {
        name: (getattr(batch, f"{name}_low")[told], getattr(batch, f"{name}_high")[told]) for name in truths
    }
    return {
        name: float(np.mean((low <= truths[name]) & (truths[name] <= high)))
        for name, (low, high) in limits.items()
    }


@pytest.mark.parametrize("expected_events", [20, 60])
@pytest.mark.parametrize("shape", [0.8, 1.3, 2.0])
def test_likelihood_limits_cover_95_percent_from_20_failures_on(expected_events: float, shape: float):
    events, censored, _, scale = simulated_cohorts(1, expected_events, shape)
    batch = fit_weibull_life_tables(events, censored)
    assert np.all(batch.doubt == Doubt.NONE)
    for share in coverage(batch, shape, scale).values():
        assert 0.93 <= share <= 0.97


def test_likelihood_limits_still_cover_with_eight_failures_where_normal_ones_do_not():
    # What the declared minimum can rest on: eight expected failures are enough for likelihood limits.
    events, censored, _, scale = simulated_cohorts(2, 8, 1.3)
    assert 0.93 <= coverage(fit_weibull_life_tables(events, censored), 1.3, scale)["scale"] <= 0.97
    assert coverage(fit_weibull_life_tables(events, censored, limits="wald"), 1.3, scale)["scale"] < 0.92


def test_fitting_the_failures_alone_fails_the_same_test():
    events, censored, _, scale = simulated_cohorts(1, 20, 1.3)
    wrong = fit_weibull_life_tables(events, np.zeros_like(censored))
    assert coverage(wrong, 1.3, scale)["scale"] < 0.05
    assert coverage(wrong, 1.3, scale)["shape"] < 0.8


def test_the_ratio_of_claims_to_sales_fails_where_the_fit_does_not():
    # The share failing within 24 months is 6 %; half the units have not been seen for a year.
    events, censored, units, _ = simulated_cohorts(3, 60, 1.3)
    low, high = (limit / units for limit in poisson_limits(events.sum(axis=1)))
    assert np.mean((low <= 0.06) & (high > 0.06)) < 0.05
    # The fit, asked for the age by which 6 % fail, must answer 24 months.
    batch = fit_weibull_life_tables(events, censored, quantile_share=0.06)
    assert 0.93 <= np.mean((batch.quantile_low <= 24) & (batch.quantile_high >= 24)) <= 0.97


def test_shrunken_rates_beat_raw_ones_under_50_units():
    rng = np.random.default_rng(4)
    family = np.repeat(np.arange(40), 50)
    units = rng.integers(3, 50, len(family))
    exposure = units * rng.uniform(6, 24, len(family))
    truth = rng.gamma(4.0, np.repeat(rng.uniform(0.0005, 0.004, 40), 50))
    shrunken = shrink_rates(rng.poisson(truth * exposure), exposure, family)
    error = np.mean((shrunken.rate - truth) ** 2)
    assert error < 0.5 * np.mean((shrunken.raw_rate - truth) ** 2)
    # Each in three quarters of the families, not through a few.
    per_family = [
        np.mean((rate - truth).reshape(40, 50) ** 2, axis=1) for rate in (shrunken.rate, shrunken.raw_rate)
    ]
    assert np.mean(per_family[0] < per_family[1]) > 0.9
    covered = np.mean((shrunken.rate_low <= truth) & (truth <= shrunken.rate_high))
    assert 0.93 <= covered <= 0.97


def test_delay_corrected_counts_are_within_two_percent_of_truth_where_reported_ones_are_not():
    rng = np.random.default_rng(5)
    failures, days = 120_000, 720
    happened = rng.integers(0, days, failures)
    lag = np.floor(rng.weibull(0.9, failures) * 40).astype(int)
    is_reported = happened + lag < days
    elapsed = days - 1 - happened
    delay = reporting_delay(lag[is_reported], elapsed[is_reported])
    dates = np.arange(days)
    reported = np.bincount(happened[is_reported], minlength=days)
    corrected = delay_corrected(reported, days - 1 - dates, delay).counts
    truth = np.bincount(happened, minlength=days)
    for since in (60, 90, 180):  # totals of the last months, which a page would show
        recent = slice(days - since, days - 5)
        assert corrected[recent].sum() == pytest.approx(truth[recent].sum(), rel=0.02)
        assert reported[recent].sum() < 0.93 * truth[recent].sum()
    assert np.nansum(corrected) == pytest.approx(truth.sum(), rel=0.02)
    # Taking the lags as they come, without their truncation, overcounts what has been reported.
    naive = np.searchsorted(np.sort(lag[is_reported]), days - 1 - dates, side="right") / is_reported.sum()
    recent = slice(days - 60, days - 5)
    assert abs((reported[recent] / naive[recent]).sum() / truth[recent].sum() - 1) > 0.02


COHORTS, HORIZON = 18, 30


def simulated_fleets(rng, fleets: int, units: int, shape: float, scale: float, phi: float):
    """Failures by (fleet, delivery month, calendar month); counts vary phi times as much as Poisson ones."""
    counts, left = np.zeros((fleets, COHORTS, HORIZON)), np.full((fleets, COHORTS), float(units))
    for month in range(HORIZON):
        age = month - np.arange(COHORTS)
        share = conditional_failures(1.0, np.clip(age, 0, 24), 1.0, shape, scale) * ((age >= 0) & (age < 24))
        if phi == 1:
            failed = rng.binomial(left.astype(int), share)
        else:
            mean = np.maximum(left * share, 1e-12)
            failed = np.minimum(rng.poisson(rng.gamma(mean / (phi - 1), phi - 1)), left)
        counts[:, :, month] = failed
        left = left - failed
    return counts


def coverage_on_rolling_origins(phi: float, months: int, *, is_wrong: bool = False) -> float:
    """Share of outcomes within 90 % limits: 250 fleets, forecast as of six months, scored on what came."""
    shape, units, fleets = 1.2, 2500, 250
    scale = 24 / (-np.log1p(-0.08)) ** (1 / shape)
    counts = simulated_fleets(np.random.default_rng(6), fleets, units, shape, scale, phi)
    hits = []
    for origin in (10, 12, 14, 16, 18, 20):
        events, censored, survivors = np.zeros((fleets, 24)), np.zeros((fleets, 24)), np.zeros((fleets, 25))
        charts = []
        for cohort in range(min(origin, COHORTS)):
            age = min(origin - cohort, 24)
            chart = counts[:, cohort, cohort : cohort + age]
            alive = units - chart.sum(axis=1)
            events[:, :age] += chart
            censored[:, age - 1] += alive
            survivors[:, age] += alive
            charts.append(chart)
        b = fit_weibull_life_tables(events, censored * (not is_wrong), limits="wald")
        sampled = range(0, fleets, 5)
        seen = [c[i] for i in sampled for c in charts]
        expected = [
            nevada_expected([units], c.shape[1], b.shape[i], b.scale[i], [c[i]])[0]
            for i in sampled
            for c in charts
        ]
        phi_hat = overdispersion(np.concatenate(seen), np.concatenate(expected), 2 * len(sampled))
        forecast = forecast_claims(
            survivors,
            MONTHS,
            b.shape,
            b.scale,
            log_covariance=b.log_covariances,
            months=months,
            overdispersion=phi_hat,
        )
        came = counts[:, : min(origin, COHORTS), origin : origin + months].sum(axis=(1, 2))
        hits.append((forecast.cumulative_low[:, -1] <= came) & (came <= forecast.cumulative_high[:, -1]))
    return float(np.mean(hits))


@pytest.mark.parametrize("months", [1, 6])
@pytest.mark.parametrize("phi", [1.0, 2.5])
def test_forecast_limits_cover_90_percent_on_rolling_origins(phi: float, months: int):
    assert 0.87 <= coverage_on_rolling_origins(phi, months) <= 0.93


def test_forecasts_from_failures_alone_fail_the_same_test():
    assert coverage_on_rolling_origins(1.0, 1, is_wrong=True) < 0.5
