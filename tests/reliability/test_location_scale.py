"""One likelihood for every family: the batch's Weibull again, and lifelines' loglogistic."""

from __future__ import annotations

import numpy as np
import pytest

from pipelines.reliability import (
    LOGLOGISTIC,
    LOGNORMAL,
    WEIBULL,
    Family,
    combined,
    exact,
    failures_and_censored,
    fit_location_scale,
    fit_loglogistic,
    fit_weibull,
    interval_censored,
    observed,
    right_censored,
)
from pipelines.reliability.location_scale import likelihood_of


def mixed(seed: int):
    """Exact, censored, interval and truncated ages together."""
    rng = np.random.default_rng(seed)
    start = np.floor(12 * rng.weibull(1.4, 80))
    return combined(
        exact(12 * rng.weibull(1.4, 60)),
        right_censored(rng.uniform(1, 20, 200)),
        interval_censored(start, start + 1),
        observed(rng.uniform(5, 9, 30), np.inf, 4.0),
    )


@pytest.mark.parametrize("seed", range(3))
def test_the_familys_weibull_is_the_batchs(seed: int):
    ours, batch = fit_location_scale(mixed(seed), WEIBULL), fit_weibull(mixed(seed))
    assert ours.log_likelihood == pytest.approx(batch.log_likelihood, abs=1e-9)
    assert (np.exp(ours.mu), 1 / ours.sigma) == pytest.approx((batch.scale, batch.shape), rel=1e-7)
    assert (1 / ours.sigma_high, 1 / ours.sigma_low) == pytest.approx(
        (batch.shape_low, batch.shape_high), rel=1e-5
    )
    assert ours.quantile_high == pytest.approx(batch.quantile_high, rel=1e-5)


@pytest.mark.parametrize("family", [WEIBULL, LOGNORMAL, LOGLOGISTIC], ids=lambda f: f.name)
def test_gradient_and_hessian_are_those_of_the_value(family: Family):
    likelihood = likelihood_of(mixed(1), family, 2.0)

    def at(c: float, k: float):
        return likelihood(np.array([c]), np.array([k]))

    c, k, h = -0.4, 0.3, 1e-5
    d = at(c, k)
    assert d.c[0] == pytest.approx((at(c + h, k).value[0] - at(c - h, k).value[0]) / (2 * h), rel=1e-6)
    assert d.k[0] == pytest.approx((at(c, k + h).value[0] - at(c, k - h).value[0]) / (2 * h), rel=1e-6)
    assert d.cc[0] == pytest.approx((at(c + h, k).c[0] - at(c - h, k).c[0]) / (2 * h), rel=1e-6)
    assert d.ck[0] == pytest.approx((at(c, k + h).c[0] - at(c, k - h).c[0]) / (2 * h), rel=1e-6)
    assert d.kk[0] == pytest.approx((at(c, k + h).k[0] - at(c, k - h).k[0]) / (2 * h), rel=1e-6)


def test_loglogistic_equals_lifelines():
    lifelines = pytest.importorskip("lifelines")
    rng = np.random.default_rng(2)
    life, leaves = 10 * (1 / rng.random(400) - 1) ** 0.5, rng.uniform(1, 30, 400)
    age, failed = np.minimum(life, leaves), life <= leaves
    ours = fit_loglogistic(failures_and_censored(age, failed))
    theirs = lifelines.LogLogisticFitter().fit(age, failed)
    assert -1e-9 < ours.log_likelihood - theirs.log_likelihood_ < 1e-6
    assert (np.exp(ours.mu), 1 / ours.sigma) == pytest.approx((theirs.alpha_, theirs.beta_), rel=2e-5)
    assert ours.cumulative([0.0, np.exp(ours.mu)]) == pytest.approx([0, 0.5])
