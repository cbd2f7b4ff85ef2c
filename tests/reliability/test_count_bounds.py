"""Farrington's bound against its definition, and against how often sound counts pass it."""

from __future__ import annotations

import numpy as np
import pytest

from pipelines.reliability import ObservationError, farrington_bound


def test_equal_counts_without_a_trend_give_the_formula_written_out():
    # mu = 8, phi = 1, Var(mu) = mu/n: tau = 1 + 1/n, z(0.995) = 2.575829
    found = farrington_bound(range(20), [8] * 20, 25, trend="never", is_reweighted=False)
    tau = 1 + 1 / 20
    assert (found.expected, found.dispersion) == (pytest.approx(8), 1)
    assert found.bound == pytest.approx(
        (8 ** (2 / 3) + 2.575829 * (4 / 9 * 8 ** (1 / 3) * tau) ** 0.5) ** 1.5
    )
    assert farrington_bound(range(20), [8] * 20, 25, trend="never", power="none").bound == pytest.approx(
        8 + 2.575829 * (8 * tau) ** 0.5
    )


def test_a_line_is_fitted_as_a_general_linear_model_and_kept_only_where_it_is_plain():
    # The score equations of a log-linear Poisson line hold at the fit.
    times, counts = np.arange(12.0), np.array([2, 3, 2, 4, 5, 4, 6, 8, 7, 9, 12, 11.0])
    found = farrington_bound(times, counts, 11, trend="always", is_reweighted=False)
    slopes = np.linspace(0, 0.4, 4001)
    level = counts.sum() / np.exp(slopes[:, None] * times).sum(axis=1)
    score = np.abs((level[:, None] * np.exp(slopes[:, None] * times) * times).sum(axis=1) - counts @ times)
    best = score.argmin()
    assert found.expected == pytest.approx(level[best] * np.exp(slopes[best] * 11), rel=1e-3)
    assert farrington_bound(times, counts, 10).has_trend
    assert not farrington_bound(times, counts, 40).has_trend  # it would foretell more than was ever seen
    assert not farrington_bound(times, [4, 9, 3, 8, 5, 7, 6, 6, 4, 9, 5, 7], 11).has_trend


def test_a_past_outbreak_weighs_less():
    calm = [5, 7, 3, 9, 4, 6, 8, 5, 6, 7, 5, 6, 4, 8, 5, 6, 7, 4, 5, 6]
    once = [*calm[:8], 40, *calm[9:]]
    plain = farrington_bound(range(20), once, 21, trend="never", is_reweighted=False)
    weighed = farrington_bound(range(20), once, 21, trend="never")
    assert weighed.bound < plain.bound
    assert weighed.expected == pytest.approx(np.mean(calm), rel=0.1)


def test_sound_counts_pass_the_bound_about_as_rarely_as_it_says():
    rng = np.random.default_rng(2)
    passes = [
        rng.poisson(6) > farrington_bound(range(35), rng.poisson(6, 35), 40, alpha=0.05, trend="never").bound
        for _ in range(2000)
    ]
    assert 0.012 <= np.mean(passes) <= 0.045  # one side of 5 %


def test_what_gives_no_baseline_is_refused():
    with pytest.raises(ObservationError, match="at least 3"):
        farrington_bound([1, 2], [3, 4], 5)
    with pytest.raises(ObservationError, match="not all 0"):
        farrington_bound([1, 2, 3], [0, 0, 0], 5)
