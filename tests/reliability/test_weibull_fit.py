"""A Weibull with something known beforehand, against published numbers and against its definition."""

from __future__ import annotations

import numpy as np
import pytest

from pipelines.reliability import (
    FlatLikelihoodError,
    NoFailuresError,
    ObservationError,
    combined,
    cumulative_band,
    exact,
    fit_weibull,
    interval_censored,
    right_censored,
)

# Abernethy, Breneman, Medlin & Reinman 1983, Weibull Analysis Handbook; Meeker & Escobar 1998, example 8.16:
# hours of 1,703 bearing cages that entered service over time, 6 of them fractured.
CAGE_FRACTURES = [230, 334, 423, 990, 1009, 1510]
CAGES_RUNNING = {
    50: 288, 150: 148, 250: 124, 350: 111, 450: 106, 550: 99, 650: 110, 750: 114, 850: 119, 950: 127,
    1050: 123, 1150: 93, 1250: 47, 1350: 41, 1450: 27, 1550: 11, 1650: 6, 1850: 1, 2050: 2,
}  # fmt: skip

# Meeker & Escobar 1998; SAS/QC User's Guide, PROC RELIABILITY, "Three-Parameter Weibull": thousands of
# cycles of 72 alloy specimens, the last five unbroken at 300.
ALLOY = [
    94, 96, 99, 99, 104, 108, 112, 114, 117, 117, 118, 121, 121, 123, 129, 131, 133, 135, 136, 139, 139, 140,
    141, 141, 143, 144, 149, 149, 152, 153, 159, 159, 159, 159, 162, 168, 168, 169, 170, 170, 171, 172, 173,
    176, 177, 180, 180, 184, 187, 188, 189, 190, 196, 197, 203, 205, 211, 213, 224, 226, 227, 256, 257, 269,
    271, 274, 291,
]  # fmt: skip


def cages():
    return combined(
        exact(np.array(CAGE_FRACTURES) / 100),
        right_censored(np.array(list(CAGES_RUNNING)) / 100, list(CAGES_RUNNING.values())),
    )


def alloy():
    return combined(exact(ALLOY), right_censored(300, 5))


def test_bearing_cages_meet_the_published_fit():
    # Meeker & Escobar 1998, example 8.16: shape 2.035, scale 11,792 hours
    fit = fit_weibull(cages())
    assert (fit.units, fit.events) == (1703, 6)
    assert (round(fit.shape, 3), round(fit.scale, 1)) == (2.035, 117.9)


@pytest.mark.parametrize("shape", [1.5, 2.0, 3.0])
def test_a_given_shape_leaves_the_scale_that_weibayes_has_in_closed_form(shape: float):
    # Abernethy et al. 1983, section 6.3: scale = (sum age^shape / failures)^(1/shape)
    aged = sum((h / 100) ** shape for h in CAGE_FRACTURES)
    aged += sum(n * (h / 100) ** shape for h, n in CAGES_RUNNING.items())
    fit = fit_weibull(cages(), shape=shape)
    assert fit.scale == pytest.approx((aged / 6) ** (1 / shape), rel=1e-9)
    assert (fit.shape_low, fit.shape, fit.shape_high) == (shape, shape, shape)
    # Chi-square at 14 and 12 degrees of freedom, 2.5 % and 97.5 %, from printed tables: 26.119 and 4.404
    bounded = fit_weibull(cages(), shape=shape, limits="exact")
    assert bounded.scale_low == pytest.approx((2 * aged / 26.119) ** (1 / shape), rel=1e-4)
    assert bounded.scale_high == pytest.approx((2 * aged / 4.404) ** (1 / shape), rel=1e-4)
    assert bounded.log_likelihood == pytest.approx(fit.log_likelihood, abs=1e-9)


def test_a_given_shape_is_the_profile_of_the_free_fit():
    free = fit_weibull(cages())
    at_limit = fit_weibull(cages(), shape=free.shape_low)
    assert fit_weibull(cages(), shape=free.shape).scale == pytest.approx(free.scale, rel=1e-7)
    assert 2 * (free.log_likelihood - at_limit.log_likelihood) == pytest.approx(3.8414588, abs=1e-5)


def test_no_failure_leaves_a_lower_limit_of_the_scale_when_the_shape_is_given():
    # Meeker & Escobar 1998, section 8.5.3: scale >= (2 sum age^shape / chi2(0.95; 2))^(1/shape)
    fit = fit_weibull(right_censored([1000.0] * 10), shape=2, confidence=0.9)
    assert fit.scale_low == pytest.approx((2 * 10 * 1000.0**2 / 5.99146) ** 0.5, rel=1e-5)
    assert fit.scale == fit.scale_high == np.inf
    assert fit.quantile_low == pytest.approx(fit.scale_low * (-np.log(0.9)) ** 0.5, rel=1e-9)
    with pytest.raises(NoFailuresError):
        fit_weibull(right_censored([1000.0] * 10))


def test_a_given_shape_takes_intervals_and_refuses_limits_that_need_exact_ages():
    rng = np.random.default_rng(3)
    ages = np.ceil(10 * rng.weibull(2.0, 5000))
    fit = fit_weibull(interval_censored(ages - 1, ages), shape=2.0)
    assert fit.scale_low < 10 < fit.scale_high
    with pytest.raises(ObservationError, match="interval-censored"):
        fit_weibull(interval_censored(ages - 1, ages), shape=2.0, limits="exact")


def test_alloy_specimens_meet_the_published_threshold_shape_and_scale_with_their_limits():
    # SAS/QC User's Guide, PROC RELIABILITY, figure "Three-Parameter Weibull Parameter Estimates"
    fit = fit_weibull(alloy(), threshold="fit")
    assert (round(fit.threshold, 4), round(fit.shape, 4), round(fit.scale, 4)) == (92.9928, 1.3202, 93.2642)
    assert (round(fit.shape_low, 4), round(fit.shape_high, 4)) == (1.0465, 1.6654)
    assert (fit.scale_low, fit.scale_high) == pytest.approx((76.5329, 113.6531), abs=5e-4)
    assert fit.threshold_low < fit.threshold < fit.threshold_high <= 94


def test_a_given_threshold_moves_the_ages_and_the_quantile_back():
    fit, plain = (
        fit_weibull(alloy(), threshold=80.0),
        fit_weibull(combined(exact(np.array(ALLOY) - 80.0), right_censored(220, 5))),
    )
    assert (fit.shape, fit.scale) == (plain.shape, plain.scale)
    assert fit.quantile == pytest.approx(plain.quantile + 80)
    band = cumulative_band(fit, [50.0, 80.0, fit.quantile])
    assert band.estimate == pytest.approx([0, 0, 0.1])
    with pytest.raises(ObservationError, match="before the first failure"):
        fit_weibull(alloy(), threshold=94.0)


def test_a_planted_threshold_lies_within_its_limits_where_ages_are_exact_and_where_they_are_intervals():
    rng, hits = np.random.default_rng(5), []
    for _ in range(12):
        ages = 5 + 10 * rng.weibull(2.5, 200)
        for sample in (exact(ages), interval_censored(np.floor(ages), np.floor(ages) + 1)):
            fit = fit_weibull(sample, threshold="fit")
            hits.append(fit.threshold_low <= 5 <= fit.threshold_high)
    assert sum(hits) >= 21


def test_ages_that_rise_to_their_start_have_no_threshold_to_find():
    with pytest.raises(FlatLikelihoodError):
        fit_weibull(exact(np.random.default_rng(1).exponential(1, 50)), threshold="fit")
