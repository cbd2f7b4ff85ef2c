"""Whether one group's share differs from the others' once both are compared within like strata.

Belongs here: the exact conditional distribution of a group's count given every stratum's margins, the common
odds ratio with limits, the power to find one. Does not: what makes strata alike, how many groups there are.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import brentq
from scipy.special import gammaln

from pipelines.reliability.observations import Floats

LARGEST_LOG_ODDS = 12.0
NEGLIGIBLE = 1e-40


@dataclass(frozen=True)
class GroupCount:
    """The count of one group if it were like the others: chances (values,) of lowest, lowest + 1, …

    mean and variance are the sums of the strata's hypergeometric ones.
    """

    lowest: int
    chance: Floats
    mean: float
    variance: float

    @property
    def values(self) -> Floats:
        """The counts that the margins allow."""
        return self.lowest + np.arange(len(self.chance), dtype=float)

    def tilted(self, odds_ratio: float) -> Floats:
        """The chances where the group's odds are so many times the others': proportional to chance × OR^x."""
        with np.errstate(divide="ignore"):
            log = np.log(self.chance) + (self.values - self.mean) * np.log(odds_ratio)
        weight = np.exp(log - log.max())
        return weight / weight.sum()

    def above(self, count: int, odds_ratio: float = 1.0) -> float:
        """Chance of as many or more."""
        return float(self.tilted(odds_ratio)[self.values >= count].sum())

    def below(self, count: int, odds_ratio: float = 1.0) -> float:
        """Chance of as few or fewer."""
        return float(self.tilted(odds_ratio)[self.values <= count].sum())

    def limits(self, tail: float) -> tuple[int, int]:
        """The fewest and the most that are no news: beyond each lies a chance of at most `tail`."""
        above = np.cumsum(self.chance[::-1])[::-1]
        below = np.cumsum(self.chance)
        usual = self.values[(above > tail) & (below > tail)]
        return (int(usual[0]), int(usual[-1])) if len(usual) else (self.lowest, self.lowest)

    def odds_ratio(self, count: int, tail: float) -> tuple[float, float, float]:
        """(conditional estimate, low, high) of the common odds ratio, each limit exact at `tail`.

        NaN, 0 or infinite where the count lies at an end of what the margins allow.
        """
        lowest, highest = self.lowest, self.lowest + len(self.chance) - 1
        if lowest == highest:
            return float("nan"), 0.0, float("inf")

        def solved(wrong: Callable[[float], float]) -> float:
            return float(np.exp(brentq(wrong, -LARGEST_LOG_ODDS, LARGEST_LOG_ODDS)))

        def mean_at(log: float) -> float:
            return float((self.tilted(np.exp(log)) * self.values).sum()) - count

        at_low_end, at_high_end = count <= lowest, count >= highest
        ends = 0.0 if at_low_end else float("inf")
        estimate = ends if at_low_end or at_high_end else solved(mean_at)
        low = 0.0 if at_low_end else solved(lambda log: self.above(count, np.exp(log)) - tail)
        high = float("inf") if at_high_end else solved(lambda log: self.below(count, np.exp(log)) - tail)
        return estimate, low, high

    def power(self, odds_ratio: float, tail: float) -> float:
        """Chance that a group of this odds ratio is found above its limit at `tail`."""
        return self.above(self.limits(tail)[1] + 1, odds_ratio)


def group_count(size: ArrayLike, events: ArrayLike, total: ArrayLike) -> GroupCount:
    """The exact distribution of a group's events given each stratum's margins.

    Arrays (strata,) of whole numbers: the group's members, all members' events, all members; size <= total,
    events <= total. A stratum in which the group is alone, or all members are alike, says nothing.

    Cornfield 1956; Gart 1970 (Biometrika 57:471); the sum of independent hypergeometric counts, by
    convolution. Counts less likely than NEGLIGIBLE times the likeliest are left out on the way.
    """
    n, m, t = (np.asarray(each, np.int64) for each in (size, events, total))
    lowest = int(np.maximum(0, n + m - t).sum())
    chance = np.ones(1)
    for a, b, c in zip(n, m, t, strict=True):
        x = np.arange(max(0, a + b - c), min(a, b) + 1, dtype=float)
        if len(x) > 1:
            log = _choose(b, x) + _choose(c - b, a - x) - _choose(c, np.array([float(a)]))
            chance = np.convolve(chance, np.exp(log))
            kept = np.flatnonzero(chance > NEGLIGIBLE * chance.max())
            lowest, chance = lowest + int(kept[0]), chance[kept[0] : kept[-1] + 1]
    share = np.divide(m, t, out=np.zeros(len(t)), where=t > 0)
    spread = np.divide(t - n, t - 1, out=np.zeros(len(t)), where=t > 1)
    mean, variance = float((n * share).sum()), float((n * share * (1 - share) * spread).sum())
    return GroupCount(lowest, chance / chance.sum(), mean, variance)


def _choose(n: int, k: Floats) -> Floats:
    return gammaln(n + 1) - gammaln(k + 1) - gammaln(n - k + 1)
