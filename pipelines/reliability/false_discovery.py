"""Which of many p values are findings when the share of false ones is to be kept: at once, or as they come.

Belongs here: batch and online control of the false-discovery rate. Does not: p values (others compute
them), nor the declared number of false alerts (alert_budget.py), beside which these are shown.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import zeta

from pipelines.reliability.doubts import ObservationError
from pipelines.reliability.observations import Floats

Batch = Literal["benjamini-hochberg", "benjamini-yekutieli", "bonferroni", "holm"]


@dataclass(frozen=True)
class OnlineTests:
    """The level at which each p value was tested, in order, and whether it is a finding; arrays (tests,)."""

    levels: Floats
    is_finding: NDArray[np.bool_]


def findings(
    p_values: ArrayLike, level: float = 0.05, method: Batch = "benjamini-hochberg"
) -> NDArray[np.bool_]:
    """True for each p value that is a finding at this false-discovery rate (or family-wise error rate).

    benjamini-hochberg: the largest k with p_(k) <= k level/m and all below it; benjamini-yekutieli divides
    level by sum 1/i, for any dependence; bonferroni and holm keep the chance of a single false finding.

    Benjamini & Hochberg 1995 (JRSS B 57:289); Benjamini & Yekutieli 2001 (Ann. Stat. 29:1165); Holm 1979.
    """
    p = _checked(p_values, level)
    m = len(p)
    rank = np.arange(1, m + 1)
    order = np.argsort(p, kind="stable")
    if method == "bonferroni":
        return p <= level / max(m, 1)
    if method == "holm":
        passes = np.logical_and.accumulate(p[order] <= level / (m + 1 - rank))
        count = int(passes.sum())
    else:
        shrink = (1 / rank).sum() if method == "benjamini-yekutieli" else 1.0
        below = np.flatnonzero(p[order] <= rank * level / (m * shrink))
        count = int(below[-1]) + 1 if len(below) else 0
    out = np.zeros(m, bool)
    out[order[:count]] = True
    return out


def e_findings(e_values: ArrayLike, level: float = 0.05) -> NDArray[np.bool_]:
    """e-BH: True for the k largest e-values, k the largest with e_(k) >= m/(k level), under any dependence.

    e_values: (m,), 0 or more, each at most 1 on average where there is nothing to find. Wang & Ramdas 2022
    (JRSS B 84:822).
    """
    e = np.atleast_1d(np.asarray(e_values, float))
    if e.ndim != 1 or np.any(~(e >= 0)) or not 0 < level < 1:
        raise ObservationError(f"e-values are 0 or more, the level lies between 0 and 1 (it is {level:g}).")
    m = len(e)
    order = np.argsort(-e, kind="stable")
    reached = np.flatnonzero(e[order] * np.arange(1, m + 1) * level >= m)
    out = np.zeros(m, bool)
    out[order[: int(reached[-1]) + 1 if len(reached) else 0]] = True
    return out


def lord(p_values: ArrayLike, level: float = 0.05, *, wealth: float | None = None) -> OnlineTests:
    """LORD++: alpha_t = gamma_t w0 + (level - w0) gamma_{t - tau_1} + level sum_{j >= 2} gamma_{t - tau_j}.

    tau_j: when the j-th finding was made. gamma_j ~ log(max(j, 2))/(j exp(sqrt(log j))), w0 = level/10.

    Javanmard & Montanari 2018 (Ann. Stat. 46:526); Ramdas, Yang, Wainwright & Jordan 2017 (NeurIPS).
    """
    p = _checked(p_values, level)
    w0 = _wealth(wealth, level / 10, level)
    j = np.arange(1.0, len(p) + 1)
    gamma = 0.07720838 * np.log(np.maximum(j, 2)) / (j * np.exp(np.sqrt(np.log(j))))
    levels, is_finding = np.zeros(len(p)), np.zeros(len(p), bool)
    found: list[int] = []
    for t in range(len(p)):
        levels[t] = w0 * gamma[t]
        if found:
            rewards = gamma[t - 1 - np.array(found)]
            levels[t] += level * rewards.sum() - w0 * rewards[0]
        is_finding[t] = p[t] <= levels[t]
        if is_finding[t]:
            found.append(t)
    return OnlineTests(levels, is_finding)


def saffron(
    p_values: ArrayLike, level: float = 0.05, *, candidate: float = 0.5, wealth: float | None = None
) -> OnlineTests:
    """SAFFRON: LORD's rewards, spent only on p values that are not candidates (at most `candidate`).

    alpha_t = min(candidate, (1 - candidate) (w0 gamma_{t - C_0} + (level - w0) gamma_{t - tau_1 - C_1} +
    level sum_{j >= 2} gamma_{t - tau_j - C_j})), C_j the candidates since the j-th finding, gamma_j =
    j^-1.6/zeta(1.6), w0 = level/2.

    Ramdas, Zrnic, Wainwright & Jordan 2018 (ICML, PMLR 80:4286).
    """
    if not 0 < candidate < 1:
        raise ObservationError(f"candidate {candidate:g} must lie between 0 and 1.")
    return _candidates(p_values, level, candidate, wealth)


def alpha_investing(p_values: ArrayLike, level: float = 0.05, *, wealth: float | None = None) -> OnlineTests:
    """SAFFRON's rule with candidate = alpha_t itself: alpha_t = s/(1 + s), s the wealth it would spend.

    Foster & Stine 2008 (JRSS B 70:429) in the form of Ramdas et al. 2018.
    """
    return _candidates(p_values, level, None, wealth)


def _candidates(
    p_values: ArrayLike, level: float, candidate: float | None, wealth: float | None
) -> OnlineTests:
    p = _checked(p_values, level)
    w0 = _wealth(wealth, level / 2, level)
    gamma = np.arange(1.0, len(p) + 1) ** -1.6 / zeta(1.6)
    levels = np.zeros(len(p))
    is_finding, is_candidate = np.zeros(len(p), bool), np.zeros(len(p), bool)
    for t in range(len(p)):
        before = np.concatenate([[0], np.cumsum(is_candidate[:t])])  # candidates before each position
        spent = w0 * gamma[t - before[t]]
        for j, tau in enumerate(np.flatnonzero(is_finding[:t])):
            since = before[t] - before[tau + 1]
            spent += (level - w0 if j == 0 else level) * gamma[t - tau - 1 - since]
        if candidate is None:
            levels[t] = spent / (1 + spent)
            is_candidate[t] = p[t] <= levels[t]
        else:
            levels[t] = min(candidate, (1 - candidate) * spent)
            is_candidate[t] = p[t] <= candidate
        is_finding[t] = p[t] <= levels[t]
    return OnlineTests(levels, is_finding)


def _checked(p_values: ArrayLike, level: float) -> Floats:
    p = np.atleast_1d(np.asarray(p_values, float))
    if p.ndim != 1 or np.any(~((p >= 0) & (p <= 1))) or not 0 < level < 1:
        raise ObservationError(f"p values lie between 0 and 1, and so does the level (it is {level:g}).")
    return p


def _wealth(given: float | None, usual: float, level: float) -> float:
    wealth = usual if given is None else given
    if not 0 < wealth <= level:
        raise ObservationError(f"The first wealth {wealth:g} lies above 0 and not above the level {level:g}.")
    return wealth
