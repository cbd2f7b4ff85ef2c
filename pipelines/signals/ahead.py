"""What is to come of a node: claims if nothing is done, and the month in which twice its rate would show.

Belongs here: arithmetic over a tree's counts and evidence. Does not belong here: what is known (rows.py).
"""

from __future__ import annotations

from datetime import date

import numpy as np
from numpy.typing import NDArray

from pipelines.reliability import Evidence, power
from pipelines.reliability.explanation import Needed
from pipelines.signals.tree import AGE_BANDS, BANDS, Tree

Floats = NDArray[np.float64]


def to_come(tree: Tree, faults: int) -> Floats:
    """Claims to come of each node's units if it claims as its family does, by fault: (nodes, faults)."""
    c = tree.counts
    band = AGE_BANDS[tree.age]
    exposure = np.bincount(band, c.units, BANDS)
    claims = np.zeros((BANDS, faults))
    np.add.at(claims, (band[c.event_cell], c.event_fault), c.event_count)
    rate = np.where(exposure[:, None] > 0, claims / np.maximum(exposure, 1e-12)[:, None], 0.0)
    ahead = rate[AGE_BANDS]
    ahead[-1] = 0.0  # the month in which the warranty ends
    still = np.cumsum(ahead[::-1], axis=0)[::-1] - ahead  # rates summed over the months after each age
    now = tree.cell_period[c.pair_cell] == tree.periods - 1
    out = np.zeros((len(tree.nodes), faults))
    if tree.is_coding:
        return np.full(out.shape, np.nan)
    cell = c.pair_cell[now]
    for fault in range(faults):
        weight = c.units[cell] * still[tree.age[cell], fault]
        out[:, fault] = np.bincount(c.pair_node[now], weight, len(tree.nodes))
    return out


def growth(evidence: Evidence) -> Floats:
    """By how much each expectation grew a month, over the last six months: (nodes, faults)."""
    back = min(len(evidence.expected) - 1, 6)
    return (evidence.expected[-1] - evidence.expected[-1 - back]) / max(back, 1)


def months_until_twice(
    expected: Floats, growth: Floats, log_limit: Floats, offset: Floats, needed: Needed
) -> NDArray[np.intp]:
    """Months until twice the rate is seen in four cases of five if exposure grows on; -1: never."""
    out = np.full(len(expected), -1, np.intp)
    able = np.arange(len(expected))
    for months in (24, 18, 12, 9, 6, 3, 2, 1, 0):
        # Who is not able by then is not before.
        ahead = expected[able] + months * growth[able]
        able = able[power(ahead, log_limit[able], 2.0, offset[able], needed=needed) >= 0.8]
        out[able] = months
    return out


def ahead(as_of: date, months: int) -> date | None:
    """The first day of the month that many months on; none for never."""
    month = as_of.year * 12 + as_of.month - 1 + months
    return date(month // 12, month % 12 + 1, 1) if months >= 0 else None
