"""Rates, repeated failures and monitoring against published numbers; each case cites its source."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binomtest

from pipelines.reliability import (
    ObservationError,
    annualised_rate,
    best_replacement_age,
    compare_rates,
    cusum_run_length,
    fit_power_law,
    full_bayes_rates,
    maxsprt_critical_value,
    maxsprt_performance,
    maxsprt_statistic,
    mean_cumulative,
    poisson_cusum,
    poisson_limits,
    power_law_through,
    shrink_rates,
)

# reliability (Python library) documentation, "Mean cumulative function", after ReliaSoft: five systems, the
# last age of each being its end of observation.
SYSTEMS = [[5, 10, 15, 17], [6, 13, 17, 19], [12, 20, 25, 26], [13, 15, 24], [16, 22, 25, 28]]

# Gaver & O'Muircheartaigh 1987 (Technometrics 29:1): failures of ten pumps and thousands of hours.
PUMP_FAILURES = [5, 1, 5, 14, 3, 19, 1, 1, 4, 22]
PUMP_HOURS = [94.32, 15.72, 62.88, 125.76, 5.24, 31.44, 1.048, 1.048, 2.096, 10.48]


def five_systems():
    unit = np.repeat(np.arange(5), [len(s) - 1 for s in SYSTEMS])
    return mean_cumulative(unit, np.concatenate([s[:-1] for s in SYSTEMS]), [s[-1] for s in SYSTEMS])


def test_mean_cumulative_function_meets_the_documented_table():
    # The table prints one row per event; ties are one row here: the printed rows 1, 2, 3, … and the last of
    # each tie.
    curve = five_systems()
    assert curve.ages.tolist() == [5, 6, 10, 12, 13, 15, 16, 17, 20, 22, 25]
    assert curve.mean == pytest.approx(
        [0.2, 0.4, 0.6, 0.8, 1.2, 1.6, 1.8, 2, 2.33333, 2.66667, 3.66667], abs=5e-6
    )
    printed = [0.032, 0.064, 0.096, 0.128, 0.192, 0.256, 0.288, 0.32, 0.394074, 0.468148, 0.718148]
    assert curve.independent_variance == pytest.approx(printed, abs=5e-7)


def test_power_law_through_the_mean_cumulative_function_meets_the_documented_fit():
    law = power_law_through(five_systems())
    assert law.scale == pytest.approx(11.9806, abs=5e-5)
    assert law.shape == pytest.approx(1.67362, abs=5e-6)


def test_robust_variance_is_the_sum_of_squared_unit_residuals():
    # Lawless & Nadeau 1995, eq. 2.5, written out unit by unit.
    curve = five_systems()
    variance = np.zeros(len(curve.ages))
    for system in SYSTEMS:
        own = np.array([system[:-1].count(age) for age in curve.ages])
        watched = curve.ages <= system[-1]
        residual = np.where(watched, (own - curve.events / curve.at_risk) / curve.at_risk, 0.0)
        variance += np.cumsum(residual) ** 2
    assert curve.variance == pytest.approx(variance, abs=1e-12)


def test_mean_cumulative_function_of_late_entries_costs_and_leavers_is_the_definition_written_out():
    # Most units leave at the warranty limit, some enter late, some have several events on one day.
    rng = np.random.default_rng(7)
    units = 60
    start = np.where(rng.random(units) < 0.3, rng.integers(0, 10, units), 0)
    end = np.where(rng.random(units) < 0.6, 24, start + rng.integers(3, 14, units))
    unit = np.repeat(np.arange(units), rng.poisson(2.0, units))
    ages = rng.integers(start[unit] + 1, end[unit] + 1)
    costs = rng.gamma(2.0, 30.0, len(unit))
    curve = mean_cumulative(unit, ages, end, start_ages=start, amounts=costs)
    mean, variance, residuals = 0.0, [], np.zeros(units)
    for j, age in enumerate(curve.ages):
        watched = (start < age) & (age <= end)
        own = np.array([costs[(unit == i) & (ages == age)].sum() for i in range(units)])
        step = own[watched].sum() / watched.sum()
        mean += step
        residuals += np.where(watched, (own - step) / watched.sum(), 0.0)
        variance.append((residuals**2).sum())
        assert curve.at_risk[j] == watched.sum()
        assert curve.mean[j] == pytest.approx(mean, rel=1e-12)
    assert curve.variance == pytest.approx(variance, rel=1e-9)


def test_a_row_may_stand_for_many_units_without_an_event():
    unit, ages = [0, 0, 1], [3.0, 9.0, 5.0]
    ends = [12.0, 7.0, *[4.0] * 5, *[10.0] * 8]
    one_by_one = mean_cumulative(unit, ages, ends)
    together = mean_cumulative(unit, ages, [12.0, 7.0, 4.0, 10.0], weight=[1, 1, 5, 8])
    for name in ("at_risk", "mean", "variance", "independent_variance", "mean_low", "mean_high"):
        assert getattr(together, name) == pytest.approx(getattr(one_by_one, name), rel=1e-12)
    with pytest.raises(ObservationError, match="a row of its own"):
        mean_cumulative(unit, ages, [12.0, 7.0], weight=[2, 1])


def test_mean_cumulative_limits_cover_where_the_failures_of_a_unit_cluster():
    # Frail units fail again and again: the robust variance holds, the one for independent increments does
    # not.
    rng, hits = np.random.default_rng(8), []
    for _ in range(400):
        frailty = rng.gamma(0.5, 2.0, 150)
        number = rng.poisson(frailty * 1.2)
        unit = np.repeat(np.arange(150), number)
        ages = np.ceil(rng.uniform(0, 24, len(unit)))
        curve = mean_cumulative(unit, ages, np.full(150, 24.0), limits="normal")
        half = 1.959964 * np.sqrt(curve.independent_variance[-1])
        robust = curve.mean_low[-1] <= 1.2 <= curve.mean_high[-1]
        hits.append((robust, abs(curve.mean[-1] - 1.2) <= half))
    robust, independent = np.mean(hits, axis=0)
    assert 0.92 <= robust <= 0.98
    assert independent < 0.85


def test_a_power_law_process_is_found_again():
    # 300 units watched for different times: the intensity (t/30)^1.4, by the mean of its counts and its ages
    rng = np.random.default_rng(9)
    end = rng.uniform(5, 60, 300)
    number = rng.poisson((end / 30) ** 1.4)
    ages = np.repeat(end, number) * rng.random(number.sum()) ** (1 / 1.4)
    law = fit_power_law(ages, end)
    assert law.shape == pytest.approx(1.4, rel=0.1)
    assert ((end / law.scale) ** law.shape).sum() == pytest.approx(number.sum(), rel=1e-12)


def test_pumps_are_shrunk_to_the_computed_empirical_bayes_rates():
    # Marginal maximum likelihood, recomputed on Gaver & O'Muircheartaigh's data
    rates = shrink_rates(PUMP_FAILURES, PUMP_HOURS)
    assert rates.alpha[0] == pytest.approx(0.82227, abs=5e-6)
    assert rates.beta[0] == pytest.approx(1.25895, abs=5e-6)
    expected = [
        0.060916,
        0.107325,
        0.090776,
        0.116693,
        0.588136,
        0.606205,
        0.789902,
        0.789902,
        1.437357,
        1.944148,
    ]
    assert rates.rate == pytest.approx(expected, abs=1e-6)


def test_pumps_under_full_bayes_meet_the_sampled_posterior():
    # George, Makov & Smith 1993; BUGS Examples vol. 1 and SAS PROC MCMC print means of samples: 0.2 %
    rates = full_bayes_rates(PUMP_FAILURES, PUMP_HOURS)
    assert rates.alpha == pytest.approx(0.6969, rel=1e-3)
    assert rates.beta == pytest.approx(0.9255, rel=1e-3)
    expected = [0.0598, 0.1017, 0.0893, 0.1160, 0.6014, 0.6087, 0.8939, 0.8939, 1.5891, 1.9935]
    assert rates.rate == pytest.approx(expected, rel=1e-3)
    assert np.all((rates.rate_low < rates.rate) & (rates.rate < rates.rate_high))


@pytest.mark.parametrize(
    ("horizon", "minimum", "critical"),
    [
        (1, 1, 2.853937), (2, 1, 3.046977), (5, 1, 3.297183), (10, 1, 3.467952), (20, 1, 3.628123),
        (50, 1, 3.819903), (100, 1, 3.952321), (10, 3, 3.064248), (10, 4, 2.921561),
    ],
)  # fmt: skip
def test_maxsprt_critical_values_meet_the_published_table(horizon: float, minimum: int, critical: float):
    # Kulldorff et al. 2011, table 1; CRAN package Sequential 4.5.1, CV.Poisson (its own tolerance is 1e-6)
    assert maxsprt_critical_value(horizon, 0.05, minimum) == pytest.approx(critical, abs=2e-6)


def test_maxsprt_performance_meets_the_published_example():
    # CRAN package Sequential, Performance.Poisson example: T = 10, cv 3.467952, relative risk 2
    found = maxsprt_performance(3.467952, 10, 1, 2)
    assert found.power == pytest.approx(0.6850634, abs=2e-6)
    assert found.mean_count_at_signal == pytest.approx(4.130985, abs=2e-6)
    assert found.mean_count_at_end == pytest.approx(5.979353, abs=2e-6)


def test_cusum_meets_the_run_lengths_from_zero_and_from_half_the_limit():
    # Lucas 1985 (Technometrics 27:129), tables 2 and 3.
    assert cusum_run_length(0.25, 0.25, 10) == pytest.approx(438, abs=0.5)
    assert cusum_run_length(0.25, 0.25, 10, head_start=5) == pytest.approx(333, abs=0.5)
    with pytest.raises(ObservationError, match="head_start"):
        cusum_run_length(0.25, 0.25, 10, head_start=10)


@pytest.mark.parametrize(
    ("limit", "mean", "looks"),
    [(5, 1, 273.65), (5, 1.5, 25.731), (5, 2, 9.438), (5, 3, 4.029),
     (6, 1, 602.268), (6, 1.5, 34.647), (6, 2, 11.406), (6, 3, 4.696)],
)  # fmt: skip
def test_cusum_run_lengths_meet_the_markov_chain(limit: float, mean: float, looks: float):
    # Brook & Evans 1972, the chain solved for reference 1.5
    assert cusum_run_length(mean, 1.5, limit) == pytest.approx(looks, abs=5e-4)


def test_replacement_age_is_the_exact_optimum():
    # The `reliability` library prints 493.19 (a grid); the exact optimum is 493.047 (ReliaWiki).
    best = best_replacement_age(2.5, 1000, planned_cost=1, failure_cost=5)
    assert best.age == pytest.approx(493.0469, abs=1e-4)
    assert best.cost_rate == pytest.approx(0.003462043, abs=1e-9)


@pytest.mark.parametrize(
    ("expected", "low", "high"),
    [(68.5201, 53.2630, 86.7876), (13.1073, 7.0000, 22.3660), (27.4930, 18.1933, 39.8678),
     (43.1798, 31.2722, 58.1271), (60.1892, 45.9516, 77.4449), (78.5416, 62.1373, 97.9488)],
)  # fmt: skip
def test_poisson_limits_meet_the_published_warranty_prediction(expected: float, low: float, high: float):
    # Minitab help, Warranty Prediction, "95% Poisson CI" of expected counts, printed to 4 decimals from the
    # 4-decimal count; a unit in its last digit moves a limit by as much
    assert poisson_limits(expected) == pytest.approx((low, high), abs=1.5e-4)


def test_poisson_limits_meet_the_exact_table():
    # Garwood 1936; Pearson & Hartley, Biometrika Tables, table 40: limits of observed counts 0, 1, 5, 10
    low, high = poisson_limits([0, 1, 5, 10])
    assert np.round(low, 2).tolist() == [0.0, 0.03, 1.62, 4.80]
    assert np.round(high, 2).tolist() == [3.69, 5.57, 11.67, 18.39]


def test_annualised_rate_is_failures_over_years_with_the_limits_of_its_count():
    # 0 failures in 1000 years: "rule of three" upper limit, one-sided 95 % = two-sided 90 %
    none = annualised_rate(0, 1000 * 365, confidence=0.9, days_per_year=365)
    assert (float(none.rate), float(none.rate_low)) == (0.0, 0.0)
    assert none.rate_high == pytest.approx(2.9957 / 1000, rel=1e-4)
    five = annualised_rate([5], [500 * 365.25])
    assert five.rate == pytest.approx(0.01)
    assert five.rate_high == pytest.approx(11.668 / 500, rel=1e-4)
    assert five.yearly_share == pytest.approx(1 - np.exp(-0.01))


def test_a_watch_signals_where_its_statistic_meets_the_critical_value():
    critical = maxsprt_critical_value(10)
    # With 6 events the latest expected count that signals is 1.6966…: just before it the statistic is above.
    assert maxsprt_statistic([6, 6, 0, 3], [1.6, 1.9, 2.0, 3.0]).tolist() == pytest.approx(
        [6 * np.log(6 / 1.6) - 4.4, 6 * np.log(6 / 1.9) - 4.1, 0.0, 0.0]
    )
    simulated = np.random.default_rng(10).exponential(1.0, (20_000, 40)).cumsum(axis=1)
    statistic = maxsprt_statistic(np.arange(1, 41), simulated)
    alarms = np.mean(np.any((statistic >= critical) & (simulated <= 10), axis=1))
    assert alarms == pytest.approx(0.05, abs=0.0062)  # four standard errors of 20,000 watches


def test_cusum_adds_what_exceeds_its_reference_and_never_falls_below_zero():
    assert poisson_cusum([3, 0, 0, 5], [1.5, 1.5, 1.5, 2.0]).tolist() == [1.5, 0.0, 0.0, 3.0]


def test_shrinkage_leaves_the_large_alone_and_pools_the_equal():
    # Equal rates: no spread beyond chance, so all share the pooled rate.
    equal = shrink_rates([10, 10, 11, 9, 10, 10], [1000.0] * 6)
    assert equal.rate == pytest.approx(np.full(6, 0.01), rel=1e-3)
    # A family of two borrows the prior of all; a member with a long history keeps its own rate.
    mixed = shrink_rates([1, 900, 30, 2, 3, 90, 4], [10, 1e4, 1e4, 100, 1e3, 1e3, 50], list("aabbbbb"))
    assert mixed.alpha[0] == mixed.alpha[1]
    assert mixed.rate[1] == pytest.approx(0.09, rel=0.01)
    assert mixed.raw_rate[0] > mixed.rate[0]
    assert np.all((mixed.rate_low < mixed.rate) & (mixed.rate < mixed.rate_high))


def test_the_unit_of_exposure_only_scales_shrunken_rates():
    x, t = np.array(PUMP_FAILURES), np.array(PUMP_HOURS)
    by_hours, by_years = shrink_rates(x, t), shrink_rates(x, t * 1e5)
    assert by_years.rate * 1e5 == pytest.approx(by_hours.rate, rel=1e-8)
    assert by_years.rate_high * 1e5 == pytest.approx(by_hours.rate_high, rel=1e-8)


def test_two_rates_meet_the_exact_comparison_of_r():
    # R stats, example(poisson.test): poisson.test(c(11, 6 + 8 + 7), c(800, 1083 + 1050 + 878))
    found = compare_rates((11, 21), (800, 3011))
    assert (found.p_value, found.ratio) == (
        pytest.approx(0.07967, abs=5e-6),
        pytest.approx(1.971488, abs=5e-7),
    )
    assert (found.ratio_low, found.ratio_high) == pytest.approx((0.8584264, 4.2772659), abs=5e-8)


@pytest.mark.parametrize("events", [(0, 7), (7, 0), (3, 3), (40, 12)])
def test_comparisons_agree_with_the_binomial_test_that_they_are(events: tuple[int, int]):
    exposure, null = (2.0, 5.0), 1.5
    p = null * exposure[0] / (null * exposure[0] + exposure[1])
    for side in ("two-sided", "greater", "less"):
        theirs = binomtest(events[0], sum(events), p, alternative=side)
        ours = compare_rates(events, exposure, ratio=null, alternative=side)
        assert ours.p_value == pytest.approx(theirs.pvalue)
        shares = theirs.proportion_ci(0.95, "exact")
        low, high = (s / (1 - s) * 2.5 if s < 1 else np.inf for s in (shares.low, shares.high))
        assert (ours.ratio_low, ours.ratio_high) == pytest.approx((low, high))


def test_no_claims_at_all_compare_as_equal():
    found = compare_rates((0, 0), (1.0, 1.0))
    assert (found.p_value, found.ratio_low, found.ratio_high) == (1.0, 0.0, np.inf)
