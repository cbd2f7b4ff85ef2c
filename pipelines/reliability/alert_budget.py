"""A declared number of false alerts a year, split over a tree of nodes that are born over time.

Belongs here: each node's share of the budget, fixed when it is first watched from what was known before.
Does not: evidence (emergence.py), or what levels a tree has.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from pipelines.reliability.doubts import ObservationError
from pipelines.reliability.observations import Floats

LARGEST_ALPHA = 0.2
AT_ONCE = 0.5  # of the first year's budget for the nodes of its first period; the rest accrues


@dataclass(frozen=True)
class AlertBudget:
    """alpha: (nodes,) the false-alert probability of each node over its whole life, 0 for one never watched.

    by_year: what the nodes born in each year sum to, never above `declared`.
    """

    alpha: Floats
    by_year: dict[int, float]
    declared: float


def split_budget(
    born_period: ArrayLike,
    level: ArrayLike,
    level_shares: Sequence[float],
    *,
    declared: float = 2.0,
    periods_per_year: int = 12,
    bound_over_realised: float = 1.0,
) -> AlertBudget:
    """alpha of each node, the bound on its false-alert probability: evidence alerts from 1/alpha on.

    Each level of the tree has its share of the declared number. Month by month a year's share accrues, and
    what has accrued is spent equally on the nodes born in that month; in a level's first year half is there
    from the start. What a year does not spend it loses. So alpha is fixed by what was known at birth, and
    those of the nodes born in one year sum to at most declared x bound_over_realised (linearity: nodes may
    depend on one another in any way). With bound_over_realised 1 theory holds the declared number. A limit
    that holds at every look, for each of many nodes apart, is reached far less often than that bound: a
    larger value spends what would be wasted, and simulation must show that the declared number is kept.

    born_period, level: (nodes,), period -1 for nodes never watched; level_shares sum to 1 at most.
    """
    born, kind = np.asarray(born_period, np.intp), np.asarray(level, np.intp)
    shares = np.asarray(level_shares, float)
    if declared <= 0 or np.any(shares < 0) or shares.sum() > 1 + 1e-9 or periods_per_year < 1:
        raise ObservationError(
            f"declared {declared:g} false alerts a year, shares {shares.tolist()}: the number lies above 0, "
            "the shares are 0 or more and sum to 1 at most."
        )
    alpha = np.zeros(len(born))
    year = np.where(born >= 0, born // periods_per_year, -1)
    for one, share in enumerate(shares):
        members = (kind == one) & (born >= 0)
        years = np.unique(year[members])
        for y in years:
            spent = 0.0
            for period, births in zip(
                *np.unique(born[members & (year == y)], return_counts=True), strict=True
            ):
                accrued = (period % periods_per_year + 1) / periods_per_year
                if y == years[0]:
                    accrued = AT_ONCE + (1 - AT_ONCE) * accrued
                alpha[members & (born == period)] = (
                    declared * bound_over_realised * share * (accrued - spent) / births
                )
                spent = accrued
    alpha = np.minimum(alpha, LARGEST_ALPHA)
    by_year = {int(y): float(alpha[year == y].sum()) for y in np.unique(year[year >= 0])}
    return AlertBudget(alpha, by_year, declared)
