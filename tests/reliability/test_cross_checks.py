"""The same random data through lifelines and surpyval.

Both stop their search early: parameters then agree to about 1e-6, here asked to 1e-5, while the
log-likelihood they reach, which is flat there, must agree to 1e-7 and never lie above ours.
"""

from __future__ import annotations

import warnings

import numpy as np
import pytest

from pipelines.reliability import (
    Observations,
    aalen_johansen,
    combined,
    failures_and_censored,
    fit_defective_subpopulation,
    fit_lognormal,
    fit_weibull,
    fit_weibull_life_tables,
    interval_censored,
    kaplan_meier,
    right_censored,
    weibull_of_row,
)

lifelines = pytest.importorskip("lifelines")
surpyval = pytest.importorskip("surpyval")
SEEDS = range(6)


def random_lifetimes(seed: int, units: int = 400):
    """Ages, failure flags, entries and integer weights with about half the units censored."""
    rng = np.random.default_rng(seed)
    life = 20 * rng.weibull(rng.uniform(0.7, 2.5), units)
    entry = rng.uniform(0, 4, units) * (rng.random(units) < 0.3)
    leaves = entry + rng.uniform(0.5, 30, units)
    keep = life > entry
    age = np.minimum(life, leaves)[keep]
    return age, (life <= leaves)[keep], entry[keep], rng.integers(1, 6, units)[keep].astype(float)


def random_life_table(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Events and censored counts by month of age, 24 months."""
    rng = np.random.default_rng(seed)
    shape, scale = rng.uniform(0.8, 2.2), rng.uniform(40, 120)
    at_risk, events, censored = 4000, np.zeros(24), np.zeros(24)
    for month in range(24):
        hazard = -np.expm1((month / scale) ** shape - ((month + 1) / scale) ** shape)
        events[month] = rng.binomial(at_risk, hazard)
        at_risk -= int(events[month])
        censored[month] = at_risk if month == 23 else rng.binomial(at_risk, 0.05)
        at_risk -= int(censored[month])
    return events, censored


def assert_same_maximum(ours, parameters: tuple[float, float], log_likelihood: float) -> None:
    assert -1e-9 < ours.log_likelihood - log_likelihood < 1e-7
    assert (ours.shape, ours.scale) == pytest.approx(parameters, rel=1e-5)


def rows_of(o: Observations) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    return o.left, o.right, o.weight


@pytest.mark.parametrize("seed", SEEDS)
def test_kaplan_meier_equals_lifelines(seed: int):
    age, failed, entry, weight = random_lifetimes(seed)
    age = np.ceil(age)  # ties
    ours = kaplan_meier(failures_and_censored(age, failed, weight, np.minimum(entry, age - 0.5)))
    theirs = lifelines.KaplanMeierFitter().fit(
        age, failed, entry=np.minimum(entry, age - 0.5), weights=weight
    )
    at = theirs.survival_function_.reindex(ours.ages).to_numpy()[:, 0]
    assert ours.survival == pytest.approx(at, abs=1e-9)
    limits = theirs.confidence_interval_.reindex(ours.ages).to_numpy()
    inside = np.isfinite(ours.survival_low)
    assert ours.survival_low[inside] == pytest.approx(limits[inside, 0], abs=1e-9)
    assert ours.survival_high[inside] == pytest.approx(limits[inside, 1], abs=1e-9)


@pytest.mark.parametrize("seed", SEEDS)
def test_weibull_on_exact_censored_truncated_weighted_data_equals_lifelines_and_surpyval(seed: int):
    age, failed, entry, weight = random_lifetimes(seed)
    ours = fit_weibull(failures_and_censored(age, failed, weight, entry), limits="wald")
    theirs = lifelines.WeibullFitter().fit(age, failed, entry=entry, weights=weight)
    assert_same_maximum(ours, (theirs.rho_, theirs.lambda_), theirs.log_likelihood_)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        other = surpyval.Weibull.fit(age, (~failed).astype(int), weight.astype(int), tl=entry)
    assert_same_maximum(ours, (other.params[1], other.params[0]), -other.neg_ll())


@pytest.mark.parametrize("seed", SEEDS)
def test_interval_censored_life_tables_equal_lifelines_and_surpyval(seed: int):
    events, censored = random_life_table(seed)
    ours = weibull_of_row(fit_weibull_life_tables(events, censored), 0)
    months = np.arange(24.0)
    left, right, weight = rows_of(
        combined(interval_censored(months, months + 1, events), right_censored(months + 1, censored))
    )
    theirs = lifelines.WeibullFitter().fit_interval_censoring(left, right, weights=weight)
    assert_same_maximum(ours, (theirs.rho_, theirs.lambda_), theirs.log_likelihood_)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        other = surpyval.Weibull.fit(xl=left, xr=right, n=weight.astype(int))
    assert_same_maximum(ours, (other.params[1], other.params[0]), -other.neg_ll())


@pytest.mark.parametrize("seed", SEEDS)
def test_lognormal_equals_lifelines(seed: int):
    age, failed, entry, weight = random_lifetimes(seed)
    ours = fit_lognormal(failures_and_censored(age, failed, weight, entry))
    theirs = lifelines.LogNormalFitter().fit(age, failed, entry=entry, weights=weight)
    assert -1e-9 < ours.log_likelihood - theirs.log_likelihood_ < 1e-6
    assert (ours.mu, ours.sigma) == pytest.approx((theirs.mu_, theirs.sigma_), rel=2e-5)


def test_defective_subpopulation_equals_surpyval():
    rng = np.random.default_rng(8)
    life = np.where(rng.random(1500) < 0.2, 5 * rng.weibull(1.6, 1500), np.inf)
    leaves = rng.uniform(3, 24, 1500)
    age, failed = np.minimum(life, leaves), life <= leaves
    ours = fit_defective_subpopulation(failures_and_censored(age, failed))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = surpyval.Weibull.fit(age, (~failed).astype(int), lfp=True)
    assert (ours.scale, ours.shape) == pytest.approx(tuple(theirs.params), rel=1e-5)
    assert ours.share == pytest.approx(theirs.lfp_p, rel=1e-5)
    assert ours.share_low < 0.2 < ours.share_high


@pytest.mark.parametrize("seed", SEEDS)
def test_aalen_johansen_equals_lifelines(seed: int):
    rng = np.random.default_rng(seed)
    age, failed, _, _ = random_lifetimes(seed)  # no ties: lifelines would jitter them
    cause = rng.integers(1, 3, len(age))
    ours = aalen_johansen(age, cause, failed)
    for k in (1, 2):
        theirs = lifelines.AalenJohansenFitter().fit(age, np.where(failed, cause, 0), event_of_interest=k)
        at = theirs.cumulative_density_.reindex(ours[k].ages).to_numpy()[:, 0]
        assert ours[k].incidence == pytest.approx(at, abs=1e-9)
        variance = theirs.variance_.reindex(ours[k].ages).to_numpy()
        told = np.isfinite(variance)  # theirs is NaN once nobody is left
        assert ours[k].standard_error[told] ** 2 == pytest.approx(variance[told], rel=1e-6, abs=1e-12)


def test_causes_together_are_the_complement_of_survival():
    age, failed, entry, weight = random_lifetimes(1)
    cause = np.arange(len(age)) % 3
    together = sum(c.incidence for c in aalen_johansen(age, cause, failed, entry, weight).values())
    survival = kaplan_meier(
        failures_and_censored(age, failed, weight, entry), ages=np.unique(age[failed])
    ).survival
    assert together == pytest.approx(1 - survival, abs=1e-12)
