"""A declared number of false alerts a year, split over a tree of nodes that are born over time.

Belongs here: each node's share of the budget, fixed when it is first watched from what was known before.
Does not: evidence (emergence.py), or what levels a tree has.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pipelines.reliability.doubts import ObservationError
from pipelines.reliability.observations import Floats

FIRST_PART = 0.8  # of a level's yearly budget for as many nodes as were foreseen; the rest for those beyond
FORESEEN_GROWTH = 1.2


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
) -> AlertBudget:
    """alpha of each node: the nodes born in one year have alphas that sum to at most `declared`.

    Each level of the tree has its share of the declared number. Within a level the year's k-th node gets
    0.8 share/n where n are the nodes foreseen (the year before's times 1.2; in the first year, those of its
    first period times 12), and nodes beyond get 0.2 share/(n 2^j), j counting the further n: a series that
    never sums to more than the share. Then the expected number of false alerts that ever come from the
    nodes of one year, and in the long run those of one year, is at most `declared` (linearity: nodes may
    depend on one another in any way).

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
        earlier = 0
        members = (kind == one) & (born >= 0)
        for y in np.unique(year[members]):
            rows = np.flatnonzero(members & (year == y))
            rows = rows[np.argsort(born[rows], kind="stable")]
            begins = int((born[rows] == born[rows][0]).sum())
            foreseen = int(np.ceil(earlier * FORESEEN_GROWTH)) if earlier else begins * periods_per_year
            alpha[rows] = declared * share * _series(len(rows), max(foreseen, 1))
            earlier = len(rows)
    by_year = {int(y): float(alpha[year == y].sum()) for y in np.unique(year[year >= 0])}
    return AlertBudget(np.minimum(alpha, 1.0), by_year, declared)


def _series(nodes: int, foreseen: int) -> Floats:
    """Shares of a level's budget for its nodes in order of birth; they sum to 1 at most however many come."""
    turn: NDArray[np.intp] = np.arange(nodes) // foreseen
    first, beyond = FIRST_PART / foreseen, (1 - FIRST_PART) / foreseen
    return np.where(turn == 0, first, beyond * 0.5 ** turn.astype(float))
