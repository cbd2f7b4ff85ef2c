"""Shrunken ratios and scan statistics against published digits and against their definitions."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from pipelines.reliability import (
    GammaMixture,
    NoFailuresError,
    ObservationError,
    bernoulli_scan,
    fit_gamma_mixture,
    poisson_scan,
    shrunken_ratios,
)

# CRAN package openEBGM 0.9.1, vignette "Posterior distribution functions": hyperparameters and two rows.
PRIOR = GammaMixture(3.25379356, 0.39988854, 2.02612692, 1.9080797, 0.06534557)


def test_two_rows_meet_the_printed_ebgm_and_quantiles():
    found = shrunken_ratios([1, 16], [0.0360548272, 0.40643623], PRIOR)
    assert found.ratio == pytest.approx([2.23, 23.26], abs=0.006)
    assert found.low == pytest.approx([0.49, 15.68], abs=0.012)
    assert found.high == pytest.approx([13.85, 33.48], abs=0.012)


def test_one_gamma_alone_is_the_conjugate_posterior():
    one = GammaMixture(2.0, 3.0, 2.0, 3.0, 0.5)
    found = shrunken_ratios([0, 4], [1.5, 1.5], one)
    assert found.low == pytest.approx(stats.gamma.ppf(0.05, [2, 6], scale=1 / 4.5))
    assert found.raw.tolist() == [0, 4 / 1.5]


def test_a_planted_prior_is_found_again():
    rng = np.random.default_rng(4)
    expected = rng.gamma(2, 3, 4000)
    ratio = np.where(rng.random(4000) < 0.1, rng.gamma(12, 0.5, 4000), rng.gamma(9, 1 / 9, 4000))
    prior = fit_gamma_mixture(rng.poisson(ratio * expected), expected)
    assert prior.share == pytest.approx(0.1, abs=0.03)
    assert prior.shape_1 / prior.rate_1 == pytest.approx(6, rel=0.1)
    assert prior.shape_2 / prior.rate_2 == pytest.approx(1, rel=0.05)


def test_scan_statistics_are_differences_of_log_likelihoods():
    # Kulldorff 1997, eq. 2: Poisson with and without the total, Bernoulli; 0 where nothing is in excess.
    assert poisson_scan([8, 2], [4, 4]).tolist() == pytest.approx(
        [stats.poisson.logpmf(8, 8) - stats.poisson.logpmf(8, 4), 0]
    )
    inside = stats.binom.logpmf(8, 20, 8 / 20) - stats.binom.logpmf(8, 20, 4 / 20)
    assert poisson_scan(8, 4, total=20) == pytest.approx(inside)
    assert poisson_scan(20, 4, total=20) == pytest.approx(20 * np.log(5))
    ratio = stats.binom.logpmf(6, 10, 0.6) - stats.binom.logpmf(6, 10, 0.25)
    assert bernoulli_scan([6, 2, 0], [10, 10, 0], 0.25) == pytest.approx([ratio, 0, 0])


def test_counts_out_of_range_are_refused():
    with pytest.raises(ObservationError, match="above 0"):
        shrunken_ratios([1], [0.0], PRIOR)
    with pytest.raises(ObservationError, match="total"):
        poisson_scan(8, 4, total=6)
    with pytest.raises(NoFailuresError):
        fit_gamma_mixture([0, 0], [1, 1])
