"""A Weibull lifetime that only a share of the units has: the rest never fail of this cause.

Belongs here: the fit of (share, shape, scale), with limits for the share. Does not: the plain Weibull
(weibull.py).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import brentq
from scipy.special import chdtri, expit, logit

from pipelines.reliability.batch import refuse_failures_at_age_zero
from pipelines.reliability.doubts import Doubt, error_of
from pipelines.reliability.likelihood_search import (
    MAX_STEPS,
    Derivatives,
    Likelihood,
    Maximum,
    Rows,
    maximise,
)
from pipelines.reliability.observations import Floats, Observations
from pipelines.reliability.weibull_likelihood import Cells, Likely, cells_of, log_of_age, start

ALL_DEFECTIVE = 1.0 - 1e-9
GRID = 33


@dataclass(frozen=True)
class DefectiveFit:
    """share of units that can fail, and the Weibull of those; `plain_log_likelihood` is that of share = 1."""

    share: float
    share_low: float
    share_high: float
    shape: float
    scale: float
    log_likelihood: float
    plain_log_likelihood: float
    events: float
    units: float
    confidence: float

    @property
    def is_all_defective(self) -> bool:
        """True where the data ask for no immune units: the plain Weibull fits as well."""
        return self.share >= ALL_DEFECTIVE


def fit_defective_subpopulation(observations: Observations, *, confidence: float = 0.95) -> DefectiveFit:
    """F(t) = p (1 - exp(-(t/scale)^shape)): maximum likelihood of p, shape and scale; profile limits for p.

    The likelihood is profiled over p on a grid of its logit, then solved where its slope is 0; shape and
    scale are Newton's at each p. share_high is 1 where the data do not exclude that every unit is
    defective: a plateau must have been seen before p and scale can be told apart, so read the limits.
    Raises as fit_weibull does.

    Meeker 1987, Limited failure population life tests, Technometrics 29:51-65; Meeker & Escobar 1998,
    section 11.5.
    """
    o = observations
    refuse_failures_at_age_zero(o.left, o.right, o.weight)
    if o.events <= 1:
        raise error_of(Doubt.ONE_FAILURE if o.events > 0 else Doubt.NO_FAILURES, o.events, o.units, MAX_STEPS)
    model = _model(o)
    share_min = o.events / o.units * 0.5
    grid = np.linspace(logit(share_min), logit(ALL_DEFECTIVE), GRID)
    profile = [_best(model, a) for a in grid]
    usable = [m.is_settled[0] and not m.is_at_bound[0] for m in profile]
    if not any(usable):
        raise error_of(Doubt.FLAT_LIKELIHOOD, o.events, o.units, MAX_STEPS)
    heights = np.array([m.at.value[0] if ok else -np.inf for m, ok in zip(profile, usable, strict=True)])
    peak = int(np.argmax(heights))
    place = float(grid[peak])
    around = (grid[max(peak - 1, 0)], grid[min(peak + 1, GRID - 1)])
    slopes = [_slope(model, a) for a in around]
    if slopes[0] > 0 > slopes[1]:
        place = float(brentq(lambda a: _slope(model, a), *around, xtol=1e-11))
    best = _best(model, place)
    top, plain = float(best.at.value[0]), float(heights[-1])
    if plain >= top - 1e-9:
        place, best, top = float(grid[-1]), profile[-1], plain
    drop = float(chdtri(1, 1 - confidence)) / 2

    def excess(a: float) -> float:
        return float(_best(model, a).at.value[0]) - (top - drop)

    below = next((float(a) for a in grid[::-1] if a < place and excess(float(a)) < 0), None)
    above = next((float(a) for a in grid if a > place and excess(float(a)) < 0), None)
    shape = float(np.exp(best.log_shape[0]))
    return DefectiveFit(
        share=1.0 if place >= grid[-1] else float(expit(place)),
        share_low=share_min if below is None else float(expit(brentq(excess, below, place, xtol=1e-9))),
        share_high=1.0 if above is None else float(expit(brentq(excess, place, above, xtol=1e-9))),
        shape=shape,
        scale=float(np.exp(model.cells.pivot[0] - best.level[0] / shape)),
        log_likelihood=top,
        plain_log_likelihood=plain,
        events=o.events,
        units=o.units,
        confidence=confidence,
    )


@dataclass(frozen=True)
class _Model:
    """Failures as Weibull cells; log ages and weights of log(1 - p F) for survivors (+) and entries (-)."""

    cells: Cells
    log_age: Floats
    weight: Floats
    events: float


def _model(o: Observations) -> _Model:
    failed = o.is_failure
    n = int(failed.sum())
    none = np.zeros(n)
    cells = cells_of(np.zeros(n, np.intp), 1, none, o.left[failed], o.right[failed], o.weight[failed])
    is_survivor, has_entry = ~failed & (o.left > 0), o.entry > 0
    ages = np.concatenate([o.left[is_survivor], o.entry[has_entry]])
    return _Model(
        cells, log_of_age(ages), np.concatenate([o.weight[is_survivor], -o.weight[has_entry]]), o.events
    )


def _survivors(model: _Model, level: float, log_shape: float, share: float) -> tuple[Floats, Floats, Floats]:
    """At each survivor's age: u = dz/dlog shape, H, and 1 - p F."""
    u = np.exp(log_shape) * (model.log_age - model.cells.pivot[0])
    with np.errstate(over="ignore"):
        hazard = np.exp(u + level)
    return u, hazard, 1.0 + share * np.expm1(-hazard)


def _likelihood(model: _Model, log_odds: float) -> Likelihood:
    """Log-likelihood of (level, log shape) with the share held."""
    share = float(expit(log_odds))
    failures = Likely(model.cells)
    offset = model.events * -np.log1p(np.exp(-log_odds))

    def value_at(level: Floats, log_shape: Floats) -> Derivatives:
        d = failures(level, log_shape)
        u, hazard, alive = _survivors(model, float(level[0]), float(log_shape[0]), share)
        w = model.weight
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            decay = np.where(hazard < 700, hazard * np.exp(-np.minimum(hazard, 700)), 0.0)
            first = -share * decay / alive
            second = first * np.where(decay > 0, 1 - hazard, 0.0) - first * first
            value = d.value + offset + (w * np.log(alive)).sum()
        return Derivatives(
            value,
            d.c + (w * first).sum(),
            d.k + (w * first * u).sum(),
            d.cc + (w * second).sum(),
            d.ck + (w * second * u).sum(),
            d.kk + (w * (second * u + first) * u).sum(),
        )

    return value_at


def _best(model: _Model, log_odds: float) -> Maximum:
    """Shape and level that fit best with this share."""
    likelihood = _likelihood(model, log_odds)

    def restrict(_: Rows) -> Likelihood:
        return likelihood

    level, log_shape = start(model.cells)
    return maximise(restrict, level, log_shape)


def _slope(model: _Model, log_odds: float) -> float:
    """Slope of the profile in the log odds of the share: at an inner maximum only the direct one counts."""
    best, share = _best(model, log_odds), float(expit(log_odds))
    _, hazard, alive = _survivors(model, float(best.level[0]), float(best.log_shape[0]), share)
    return (1 - share) * (model.events + (model.weight * share * np.expm1(-hazard) / alive).sum())
