"""False-discovery rates against published counts and levels, and against simulation."""

from __future__ import annotations

import numpy as np
import pytest

from pipelines.reliability import ObservationError, alpha_investing, e_findings, findings, lord, saffron

# Benjamini & Hochberg 1995 (JRSS B 57:289), section 3.2: fifteen ordered p values.
FIFTEEN = [
    0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.324, 0.4262, 0.5719, 0.6528,
    0.759, 1.0,
]  # fmt: skip

# Bioconductor package onlineFDR, reference pages of SAFFRON and Alpha_investing: p values and printed levels.
IN_ORDER = [
    2.90e-08, 0.06743, 0.01514, 0.08174, 0.00171, 3.60e-05, 0.79149, 0.27201, 0.28295, 7.59e-08, 0.69274,
    0.30443, 0.00136, 0.72342, 0.54757,
]  # fmt: skip


def test_fifteen_p_values_give_the_published_numbers_of_findings():
    counts = [findings(FIFTEEN, 0.05, m).sum() for m in ("benjamini-hochberg", "benjamini-yekutieli")]
    assert counts == [4, 3]
    assert findings(FIFTEEN, 0.05, "bonferroni").sum() == findings(FIFTEEN, 0.05, "holm").sum() == 3
    assert findings(FIFTEEN[::-1]).tolist() == findings(FIFTEEN).tolist()[::-1]


def test_e_values_are_findings_where_the_kth_largest_reaches_its_limit():
    # m = 5, level 0.1: the k-th largest must reach 50/k; the third (20 >= 16.7) does, the fourth does not.
    assert e_findings([0.5, 60.0, 20.0, 10.0, 30.0], 0.1).tolist() == [False, True, True, False, True]
    assert not e_findings([40.0, 1.0], 0.01).any()
    with pytest.raises(ObservationError, match="e-values"):
        e_findings([-1.0])


def test_e_values_of_dependent_noise_keep_the_share_of_false_findings():
    # Likelihood ratios of N(2, 1) against N(0, 1), all noise sharing a part.
    rng, shares = np.random.default_rng(3), []
    for _ in range(400):
        noise = 0.8 * rng.normal() + 0.6 * rng.normal(size=40)
        x = noise + np.where(np.arange(40) < 8, 4.0, 0.0)
        found = e_findings(np.exp(2 * x - 2), 0.1)
        shares.append(found[8:].sum() / max(found.sum(), 1))
    assert np.mean(shares) <= 0.1


def test_saffron_meets_the_printed_levels():
    assert saffron(IN_ORDER).levels == pytest.approx(
        [
            0.005468627, 0.010937254, 0.010937254, 0.010937254, 0.010937254, 0.021874508, 0.032811762,
            0.010823845, 0.010823845, 0.010823845, 0.021761099, 0.009265591, 0.009265591, 0.020202846,
            0.009064367,
        ],
        abs=5e-10,
    )  # fmt: skip
    assert np.flatnonzero(saffron(IN_ORDER).is_finding).tolist() == [0, 4, 5, 9, 12]


def test_alpha_investing_meets_the_printed_levels():
    assert alpha_investing(IN_ORDER).levels == pytest.approx(
        [
            0.010818925, 0.021406257, 0.007164201, 0.003757589, 0.002374706, 0.023680499, 0.044095287,
            0.015842430, 0.008711190, 0.005700295, 0.026865786, 0.011205456, 0.006863124, 0.027979664,
            0.011945806,
        ],
        abs=5e-10,
    )  # fmt: skip


def test_lord_spends_the_series_of_its_paper_and_earns_at_each_finding():
    # Javanmard & Montanari 2018, eq. 31: gamma_1 = 0.07720838 log 2; LORD++ rewards level - w0, then level.
    j = np.arange(1, 5)
    gamma = 0.07720838 * np.log(np.maximum(j, 2)) / (j * np.exp(np.sqrt(np.log(j))))
    found = lord([1e-9, 0.5, 1e-9, 0.5])
    assert found.levels[0] == pytest.approx(0.005 * gamma[0])
    assert found.levels[1] == pytest.approx(0.005 * gamma[1] + 0.045 * gamma[0])
    assert found.levels[3] == pytest.approx(0.005 * gamma[3] + 0.045 * gamma[2] + 0.05 * gamma[0])


@pytest.mark.parametrize("method", [lord, saffron, alpha_investing])
def test_the_share_of_false_findings_stays_below_the_level(method):
    rng, false, findings_made = np.random.default_rng(3), [], 0
    for _ in range(150):
        is_real = rng.random(150) < 0.2
        p = np.where(is_real, rng.beta(0.05, 8, 150), rng.random(150))
        found = method(p, 0.1).is_finding
        false.append((found & ~is_real).sum() / max(found.sum(), 1))
        findings_made += found.sum()
    assert np.mean(false) <= 0.1
    assert findings_made > 1000


def test_p_values_out_of_range_are_refused():
    with pytest.raises(ObservationError, match="between 0 and 1"):
        findings([0.5, 1.2])
    with pytest.raises(ObservationError, match="wealth"):
        lord([0.5], 0.05, wealth=0.2)
