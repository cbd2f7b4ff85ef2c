"""Which rule decides a combination of facts: the first that holds. Bits in, positions out."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

NONE = -1


def first_matches(combinations: NDArray[np.int64], covers: Sequence[int]) -> NDArray[np.int64]:
    """For each combination the position of the first cover that holds, NONE where no cover does."""
    found = np.full(combinations.shape, NONE, np.int64)
    waiting = np.arange(combinations.size)
    for position, cover in enumerate(covers):
        bits = combinations[waiting]
        holds = (bits & cover) == bits
        found[waiting[holds]] = position
        waiting = waiting[~holds]
        if not waiting.size:
            break
    return found
