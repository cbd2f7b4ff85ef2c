"""95 % confidence intervals for counts, shares and rates.

Numbers in, numbers out, one formula each; the life table's own limits come from SQL and are not made here.
Quantiles come from scipy.special: importing scipy.stats takes as long as a whole page.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from scipy.special import ndtri

from pipelines.limits import clopper_pearson, garwood

LEVEL = 0.95
_Z = float(ndtri(0.5 + LEVEL / 2))


class Interval(NamedTuple):
    """Lower and upper limit; None where there is none."""

    low: float | None
    high: float | None


NONE = Interval(None, None)


def wilson(events: float, trials: float) -> Interval:
    """Wilson's score interval of a share: centre (p + z²/2n) / (1 + z²/n). Wilson, JASA 22 (1927) 209-212."""
    if not trials > 0 or events < 0 or events > trials:
        return NONE
    share = events / trials
    spread = _Z * math.sqrt(share * (1 - share) / trials + _Z**2 / (4 * trials**2))
    scale = 1 + _Z**2 / trials
    center = share + _Z**2 / (2 * trials)
    low = 0.0 if events == 0 else (center - spread) / scale
    high = 1.0 if events == trials else (center + spread) / scale
    return Interval(low, high)


def poisson(events: float, exposure: float = 1.0) -> Interval:
    """Garwood's exact limits of a count per exposure."""
    if not exposure > 0 or events < 0:
        return NONE
    low, high = garwood(events, LEVEL)
    return Interval(float(low) / exposure, float(high) / exposure)


def rate_ratio(events: int, exposure: float, base_events: int, base_exposure: float) -> Interval:
    """Exact interval of the ratio of two Poisson rates.

    Given the total k + b, the first count is binomial with probability p = r·t / (r·t + s), where r is the
    ratio and t, s the exposures: the Clopper-Pearson limits of p turn into limits of r = p/(1 − p) · s/t.
    """
    if not (exposure > 0 and base_exposure > 0) or events + base_events == 0:
        return NONE
    p_low, p_high = clopper_pearson(events, base_events, (1 - LEVEL) / 2)
    scale = base_exposure / exposure
    high = None if p_high >= 1.0 else float(np.float64(p_high / (1 - p_high)) * scale)
    return Interval(p_low / (1 - p_low) * scale, high)
