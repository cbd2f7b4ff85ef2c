"""The log-rank test against published statistics and lifelines."""

from __future__ import annotations

import numpy as np
import pytest

from pipelines.reliability import NoFailuresError, ObservationError, log_rank

# Freireich et al. 1963 (Blood 21:699): weeks in remission of 21 patients under 6-MP and 21 under placebo.
UNDER_6MP = [6, 6, 6, 6, 7, 9, 10, 10, 11, 13, 16, 17, 19, 20, 22, 23, 25, 32, 32, 34, 35]
RELAPSED = [1, 1, 1, 0, 1, 0, 1, 0, 0, 1, 1, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0]
UNDER_PLACEBO = [1, 1, 2, 2, 3, 4, 4, 5, 5, 8, 8, 8, 8, 11, 11, 12, 12, 15, 17, 22, 23]
AGES, FAILED = UNDER_6MP + UNDER_PLACEBO, RELAPSED + [1] * 21
ARM = ["6-MP"] * 21 + ["placebo"] * 21


def test_remission_meets_the_published_statistic():
    # R survival, survdiff: 16.8 on 1 df, expected 19.3 and 10.7; 16.79 in Kleinbaum & Klein, chapter 2
    found = log_rank(AGES, FAILED, ARM)
    assert (round(found.statistic, 2), found.degrees) == (16.79, 1)
    assert found.observed.tolist() == [9, 21]
    assert np.round(found.expected, 2).tolist() == [19.25, 10.75]
    assert found.p_value == pytest.approx(4.17e-5, rel=1e-3)


def test_weights_are_units_and_order_does_not_matter():
    once = log_rank(AGES, FAILED, ARM)
    assert log_rank(AGES[::-1], FAILED[::-1], ARM[::-1]).statistic == pytest.approx(once.statistic)
    twice = log_rank(AGES * 2, FAILED * 2, ARM * 2)
    assert log_rank(AGES, FAILED, ARM, weight=2.0).statistic == pytest.approx(twice.statistic)


def test_strata_add_their_sums_and_a_stratum_of_one_group_says_nothing():
    by_half = [i % 2 for i in range(42)]
    parts = [
        log_rank(*([column[i] for i in range(42) if i % 2 == half] for column in (AGES, FAILED, ARM)))
        for half in (0, 1)
    ]
    both = log_rank(AGES, FAILED, ARM, strata=by_half)
    assert both.expected == pytest.approx(parts[0].expected + parts[1].expected)
    difference = (both.observed - both.expected)[0]
    variance = parts[0].covariance[0, 0] + parts[1].covariance[0, 0]
    assert both.statistic == pytest.approx(difference**2 / variance)
    assert log_rank(AGES, FAILED, ARM, strata=ARM).statistic == pytest.approx(0)


@pytest.mark.parametrize("seed", range(4))
def test_many_groups_with_ties_equal_lifelines(seed: int):
    statistics = pytest.importorskip("lifelines.statistics")
    rng = np.random.default_rng(seed)
    group = rng.integers(0, 4, 300)
    ages, failed = np.ceil(rng.weibull(1.3, 300) * (8 + group)), rng.random(300) < 0.7
    theirs = statistics.multivariate_logrank_test(ages, group, failed)
    ours = log_rank(ages, failed, group)
    assert (ours.statistic, ours.degrees) == (pytest.approx(theirs.test_statistic), 3)
    assert ours.p_value == pytest.approx(theirs.p_value)
    peto = statistics.multivariate_logrank_test(
        ages, group, failed, weightings="fleming-harrington", p=1, q=0
    )
    assert log_rank(ages, failed, group, rho=1).statistic == pytest.approx(peto.test_statistic)


def test_late_entries_count_from_their_entry():
    # Two of three units are at risk at the first failure: expected 1/2 and 1/2, then 1/2 and 1/2 again.
    found = log_rank([2, 4, 5], [True, True, False], ["a", "b", "a"], entry=[0, 0, 3])
    assert found.expected.tolist() == [1.0, 1.0]


def test_what_cannot_be_compared_is_refused():
    with pytest.raises(ObservationError, match="needs two"):
        log_rank([1, 2], [True, True], ["a", "a"])
    with pytest.raises(NoFailuresError):
        log_rank([1, 2], [False, False], ["a", "b"])
    with pytest.raises(ObservationError, match="one length"):
        log_rank([1, 2], [True, True], ["a"])
