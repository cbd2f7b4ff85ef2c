"""One sample's Weibull: plain, with a shape known beforehand, with an age before which nothing fails.

Belongs here: the single fit, raising where it cannot be trusted. Does not: many fits at once (batch.py,
whose search this uses), or the curve that a fit draws (weibull.py).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Literal

import numpy as np
from scipy.optimize import brentq, minimize_scalar
from scipy.special import chdtri, ndtri

from pipelines.reliability.batch import LimitMethod, fit_cells, refuse_failures_at_age_zero
from pipelines.reliability.doubts import Doubt, FitDoubtError, ObservationError, error_of
from pipelines.reliability.likelihood_search import MAX_STEPS, Derivatives
from pipelines.reliability.observations import Floats, Observations, observed
from pipelines.reliability.rates import poisson_limits
from pipelines.reliability.weibull import WeibullFit, weibull_of_row
from pipelines.reliability.weibull_likelihood import Cells, Likely, cells_of

GRID = 61
CLOSEST, FARTHEST = -14.0, 7.0  # log distance of a threshold from the first failure, in spreads of failures
LARGEST_SHAPE = 60.0  # as a threshold runs away to minus infinity the shape follows it

SingleLimits = LimitMethod | Literal["exact"]


def fit_weibull(
    observations: Observations,
    *,
    shape: float | None = None,
    threshold: float | Literal["fit"] = 0.0,
    confidence: float = 0.95,
    quantile_share: float = 0.1,
    limits: SingleLimits = "profile",
) -> WeibullFit:
    """S(t) = exp(-((t - threshold)/scale)^shape): maximum likelihood over observations of the general form.

    Limits of shape, scale and the `quantile_share` quantile (B10 at 0.1) are two-sided: "profile" inverts
    the likelihood-ratio test (chi-square, 1 df), "wald" is exp(log estimate +- z se). Unit of scale,
    threshold and quantile: that of the ages; scale counts from the threshold, the quantile from age 0.

    shape: held at this value (few failures; "Weibayes"): scale^shape = sum(age^shape)/failures where ages
    are exact or censored. limits="exact" is then chi-square (2 failures + 2 degrees below, 2 failures
    above); so is the lower limit whatever `limits` says where nothing failed, the scale itself being
    infinite: at confidence 0.9 it is the usual one-sided 95 % bound.
    threshold: held at this age, or "fit": where the profile likelihood has its largest inner maximum (it
    has no bound as the threshold nears an exact first failure), with likelihood-ratio limits; shape, scale
    and quantile then have Wald limits from the observed information of all three, as theory wants shape
    above 2 for. A threshold may be negative.

    Raises NoFailuresError, OneFailureError (both not with a given shape), FlatLikelihoodError,
    NoConvergenceError; ObservationError for a failure at exactly age 0 or before the threshold.

    Meeker & Escobar 1998, Statistical Methods for Reliability Data, sections 7.3, 8.2, 8.3, 8.5 (given
    shape) and 11.2, 11.7 (threshold); Smith 1985, Biometrika 72:67.
    """
    o = observations
    if shape is not None and not 0 < shape < np.inf:
        raise ObservationError(f"shape {shape:g}: a given shape lies above 0.")
    if limits == "exact" and shape is None:
        raise ObservationError('limits="exact" needs a given shape: without one use "profile" or "wald".')

    def fit(sample: Observations, by: SingleLimits) -> WeibullFit:
        refuse_failures_at_age_zero(sample.left, sample.right, sample.weight)
        if shape is None:
            return _plain(sample, confidence, quantile_share, "wald" if by == "wald" else "profile")
        return _given_shape(sample, shape, confidence, quantile_share, by)

    if threshold == 0.0:
        return fit(o, limits)
    if threshold != "fit":
        return _moved(fit(_shifted(o, threshold), limits), threshold, threshold, threshold)
    start, low, high = _best_threshold(o, lambda sample: fit(sample, "wald").log_likelihood, confidence)
    found = _moved(fit(_shifted(o, start), limits), start, low, high)
    return found if shape is not None else _with_joint_limits(found, o)


def _cells(o: Observations) -> Cells:
    return cells_of(np.zeros(len(o.left), np.intp), 1, o.entry, o.left, o.right, o.weight)


def _plain(o: Observations, confidence: float, quantile_share: float, limits: LimitMethod) -> WeibullFit:
    batch = fit_cells(
        _cells(o), np.array([o.events]), np.array([o.units]), confidence, quantile_share, limits
    )
    return weibull_of_row(batch, 0)


def _given_shape(
    o: Observations, shape: float, confidence: float, quantile_share: float, limits: SingleLimits
) -> WeibullFit:
    """The scale alone, by Newton's equation in the level; in closed form where that exists."""
    is_interval = o.is_failure & (o.left != o.right)
    if limits == "exact" and is_interval.any():
        raise ObservationError(
            f"{int(is_interval.sum())} row(s) are interval-censored: exact limits of a scale need ages that "
            'are exact or censored. Use limits="profile".'
        )
    aged = float((o.weight * (o.left**shape - o.entry**shape)).sum())
    if not aged > 0 and not is_interval.any():
        raise error_of(Doubt.NO_FAILURES, o.events, o.units, MAX_STEPS)  # nobody has been watched
    cells = _cells(o)
    pivot = float(cells.pivot[0])

    def scale_of(level: float) -> float:
        return float(np.exp(pivot - level / shape))

    if limits == "exact" or o.events == 0:
        few, many = (float(v) for v in poisson_limits(o.events, confidence))
        low, scale, high = (
            (aged / n) ** (1 / shape) if n > 0 else float("inf") for n in (many, o.events, few)
        )
        level = shape * (pivot - np.log(scale)) if o.events else -np.inf
        variance = 1 / o.events if o.events else np.inf
        value = float(_at(cells, level, shape).value[0]) if o.events else 0.0
    else:
        level = _level(cells, shape, o)
        top = _at(cells, level, shape)
        value, variance = float(top.value[0]), float(-1 / top.cc[0])
        error = np.sqrt(variance)
        if limits == "wald":
            half = float(ndtri(0.5 + confidence / 2)) * error
            ends = level - half, level + half
        else:
            floor = value - float(chdtri(1, 1 - confidence)) / 2

            def excess(c: float) -> float:
                return float(_at(cells, c, shape).value[0]) - floor

            ends = _crossing(excess, level, -error), _crossing(excess, level, error)
        low, scale, high = (scale_of(c) for c in (ends[1], level, ends[0]))
    reach = float(-np.log1p(-quantile_share)) ** (1 / shape)
    return WeibullFit(
        *(shape, shape, shape),
        *(scale, low, high),
        *(scale * reach, low * reach, high * reach),
        quantile_share=quantile_share,
        log_likelihood=value,
        events=o.events,
        units=o.units,
        log_covariance=np.array([[variance / shape**2, 0.0], [0.0, 0.0]]),
        confidence=confidence,
    )


def _at(cells: Cells, level: float, shape: float) -> Derivatives:
    return Likely(cells)(np.array([level]), np.array([np.log(shape)]))


def _level(cells: Cells, shape: float, o: Observations) -> float:
    """Where the likelihood of a given shape is highest: its slope in the level falls through 0 once."""

    def slope(c: float) -> float:
        return float(_at(cells, c, shape).c[0])

    low, high = -2.0, 2.0
    while slope(low) < 0 and low > -600:
        low *= 2
    while slope(high) > 0 and high < 600:
        high *= 2
    if slope(low) < 0 or slope(high) > 0:
        raise error_of(Doubt.FLAT_LIKELIHOOD, o.events, o.units, MAX_STEPS)
    return float(brentq(slope, low, high, xtol=1e-13, rtol=1e-15))


def _crossing(excess: Callable[[float], float], start: float, step: float) -> float:
    """Where a function above 0 at `start` that falls away from it crosses 0; infinite where it does not."""
    far = start + step
    for _ in range(30):
        if excess(far) < 0:
            return float(brentq(excess, start, far, xtol=1e-12))
        step *= 1.6
        far += step
    return float(np.sign(step) * np.inf)


def _shifted(o: Observations, threshold: float) -> Observations:
    """Ages counted from the threshold on; refused where a failure is known to lie before it."""
    early = o.is_failure & (o.right <= threshold)
    if early.any():
        raise ObservationError(
            f"{o.weight[early].sum():g} unit(s) failed by age {o.right[early].max():g}, not after the "
            f"threshold {threshold:g}. A threshold lies before the first failure."
        )
    entry, left = (np.maximum(age - threshold, 0.0) for age in (o.entry, o.left))
    entry = np.where(o.entry > 0, entry, 0.0)  # watched from the start stays so under a negative threshold
    return observed(left, o.right - threshold, entry, o.weight)


def _moved(fit: WeibullFit, threshold: float, low: float, high: float) -> WeibullFit:
    """A fit of shifted ages, its quantile counted from age 0 again."""
    return replace(
        fit,
        quantile=fit.quantile + threshold,
        quantile_low=fit.quantile_low + threshold,
        quantile_high=fit.quantile_high + threshold,
        threshold=threshold,
        threshold_low=low,
        threshold_high=high,
    )


def _best_threshold(
    o: Observations, height: Callable[[Observations], float], confidence: float
) -> tuple[float, float, float]:
    """The largest inner maximum of the profile likelihood, and its likelihood-ratio limits."""
    ends = o.right[o.is_failure]
    if len(np.unique(ends)) < 3:
        raise error_of(Doubt.FLAT_LIKELIHOOD, o.events, o.units, MAX_STEPS)
    first = float(ends.min())
    spread = float(ends.max()) - first

    def threshold_at(distance: float) -> float:
        return first - spread * float(np.exp(distance))

    def at(distance: float) -> float:
        try:
            return height(_shifted(o, threshold_at(distance)))
        except FitDoubtError:
            return -1e300

    grid = np.linspace(CLOSEST, FARTHEST, GRID)
    heights = np.array([at(d) for d in grid])
    rises, falls = np.diff(heights)[:-1] >= 0, np.diff(heights)[1:] < 0
    peaks = 1 + np.flatnonzero(rises & falls & (heights[1:-1] > -1e299) & (heights[2:] > -1e299))
    if len(peaks) == 0:
        raise error_of(Doubt.FLAT_LIKELIHOOD, o.events, o.units, MAX_STEPS)
    peak = int(peaks[np.argmax(heights[peaks])])
    around = float(grid[peak - 1]), float(grid[peak + 1])
    place = float(
        minimize_scalar(lambda d: -at(d), bounds=around, method="bounded", options={"xatol": 1e-10}).x
    )
    floor = at(place) - float(chdtri(1, 1 - confidence)) / 2

    def excess(distance: float) -> float:
        return at(distance) - floor

    far = next((float(d) for d, v in zip(grid, heights, strict=True) if d > place and v < floor), None)
    near = next(
        (float(d) for d, v in zip(grid[::-1], heights[::-1], strict=True) if d < place and v < floor), None
    )
    low = -np.inf if far is None else threshold_at(float(brentq(excess, place, far, xtol=1e-10)))
    high = first if near is None else threshold_at(float(brentq(excess, near, place, xtol=1e-10)))
    return threshold_at(place), low, high


def _with_joint_limits(fit: WeibullFit, o: Observations) -> WeibullFit:
    """Wald limits from the information of (threshold, log scale, log shape), by central differences."""
    center = np.array([fit.threshold, np.log(fit.scale), np.log(fit.shape)])
    first = float(o.right[o.is_failure].min())
    steps = np.array([min(1e-4 * fit.scale, 0.1 * (first - fit.threshold)), 1e-4, 1e-4])

    def value(point: Floats) -> float:
        cells, shape = _cells(_shifted(o, float(point[0]))), float(np.exp(point[2]))
        return float(_at(cells, shape * (float(cells.pivot[0]) - float(point[1])), shape).value[0])

    information = np.empty((3, 3))
    for i in range(3):
        for j in range(3):
            di, dj = np.eye(3)[i] * steps, np.eye(3)[j] * steps
            corners = [
                value(center + di + dj),
                value(center + di - dj),
                value(center - di + dj),
                value(center - di - dj),
            ]
            information[i, j] = -(corners[0] - corners[1] - corners[2] + corners[3]) / (
                4 * steps[i] * steps[j]
            )
    if not np.all(np.linalg.eigvalsh(information) > 0):
        raise error_of(Doubt.FLAT_LIKELIHOOD, o.events, o.units, MAX_STEPS)
    covariance = np.linalg.inv(information)
    z = float(ndtri(0.5 + fit.confidence / 2))
    half_scale, half_shape = z * np.sqrt(np.diag(covariance)[1:])
    beyond = fit.quantile - fit.threshold
    towards = np.array([1.0, beyond, -beyond * float(np.log(beyond / fit.scale))])
    half = z * float(np.sqrt(towards @ covariance @ towards))
    return replace(
        fit,
        shape_low=float(fit.shape * np.exp(-half_shape)),
        shape_high=float(fit.shape * np.exp(half_shape)),
        scale_low=float(fit.scale * np.exp(-half_scale)),
        scale_high=float(fit.scale * np.exp(half_scale)),
        quantile_low=fit.quantile - half,
        quantile_high=fit.quantile + half,
        log_covariance=covariance[1:, 1:],
    )
