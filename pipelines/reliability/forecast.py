"""Claims to come from the units still under warranty.

Belongs here: expected counts of a Nevada chart, conditional forecasts per month with prediction intervals,
their cost. Does not: fitting (weibull.py, batch.py) or choosing which units are still covered.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import betainc, gammaincc, gammaincinv, ndtri

from pipelines.reliability.doubts import ObservationError
from pipelines.reliability.observations import Floats
from pipelines.reliability.weibull import weibull_cumulative_hazard

PERIODS_OF_A_YEAR = 12


@dataclass(frozen=True)
class Forecast:
    """Claims per future month and summed up to it; arrays of shape (scopes, months).

    low and high bound the count that will be observed (prediction, not confidence, limits). variance is
    that of the observed count: chance, overdispersion and the uncertainty of shape and scale.
    """

    expected: Floats
    low: Floats
    high: Floats
    variance: Floats
    cumulative_expected: Floats
    cumulative_low: Floats
    cumulative_high: Floats
    cumulative_variance: Floats
    confidence: float


@dataclass(frozen=True)
class CostForecast:
    """Cost per future month and summed up to it, in the mean cost's unit; arrays (scopes, months).

    variance is that of the cost that will be observed, in the unit squared.
    """

    expected: Floats
    low: Floats
    high: Floats
    variance: Floats
    cumulative_expected: Floats
    cumulative_low: Floats
    cumulative_high: Floats
    cumulative_variance: Floats
    confidence: float


def nevada_expected(
    shipments: ArrayLike, periods: int, shape: float, scale: float, returns: Sequence[ArrayLike] | None = None
) -> Floats:
    """E_ij = N_ij (F(j+1) - F(j)) / S(j'): failures expected of cohort i in period j+1 of its age.

    Without returns N_ij = N_i and j' = 0: what the shipments promised. With returns (rows as long as each
    cohort has been observed, as in nevada_chart) N_ij are the units left at age j and j' = j, past the
    observed periods those left at its end and j' = that: observed minus expected is then news of its own
    period, and E beyond is the conditional forecast. shipments: (cohorts,); result (cohorts, periods).

    ReliaWiki, "Warranty Data Analysis", monitoring returns by statistical process control (it uses returns).
    """
    shipped = np.asarray(shipments, float)
    hazard = weibull_cumulative_hazard(np.arange(periods + 1.0), shape, scale)
    if returns is None:
        return shipped[:, None] * np.diff(-np.exp(-hazard))
    out = np.empty((len(shipped), periods))
    for i, (units, row) in enumerate(zip(shipped, returns, strict=True)):
        gone = np.concatenate([[0.0], np.cumsum(np.atleast_1d(np.asarray(row, float)))])
        at = np.minimum(np.arange(periods), len(gone) - 1)
        since = hazard[at]
        out[i] = (units - gone[at]) * (np.exp(since - hazard[:-1]) - np.exp(since - hazard[1:]))
    return out


def conditional_failures(
    units: ArrayLike, ages: ArrayLike, ahead: ArrayLike, shape: ArrayLike, scale: ArrayLike
) -> Floats:
    """units (F(age + ahead) - F(age)) / S(age): failures expected of survivors of an age; broadcasting.

    = units (1 - exp(-(H(age + ahead) - H(age)))), exact where the hazard is tiny. Meeker & Escobar 1998,
    section 12.7.
    """
    age = np.asarray(ages, float)
    added = weibull_cumulative_hazard(age + np.asarray(ahead, float), shape, scale)
    return np.asarray(units, float) * -np.expm1(weibull_cumulative_hazard(age, shape, scale) - added)


def claims_per_unit(
    shape: ArrayLike, scale: ArrayLike, start_age: float = 0.0, warranty_age: float = 24.0
) -> Floats:
    """M_k = I(k+1) - 2 I(k) + I(k-1), I(x) = integral from 0 to x of H(min(t, w)) - H(a) where t > a.

    Claims per unit of a delivery month in the k-th calendar month after it, k = 0 … w, at ages from a =
    start_age to w = warranty_age months: deliveries lie evenly over their month, so that month k is met at
    ages k-1 to k+1. Each claim leaves its unit in service (minimal repair: claims are a Poisson process of
    cumulative intensity H). shape, scale: (scopes,); result (scopes, w + 1).

    The cells of a Nevada chart; Kalbfleisch, Lawless & Robinson 1991 (Technometrics 33:273).
    """
    k = np.atleast_1d(np.asarray(shape, float))[:, None]
    s = np.atleast_1d(np.asarray(scale, float))[:, None]
    x = np.arange(int(warranty_age) + 2.0)

    def integral(age: ArrayLike) -> Floats:
        return np.asarray(age, float) * weibull_cumulative_hazard(age, k, s) / (k + 1)

    within = np.clip(x, start_age, warranty_age)
    before, whole = (weibull_cumulative_hazard(age, k, s) for age in (start_age, warranty_age))
    reached = integral(within) - integral(start_age) - (within - start_age) * before
    reached += np.maximum(x - warranty_age, 0.0) * (whole - before)
    cells = np.diff(reached, axis=1)
    cells[:, 1:] -= np.diff(reached, axis=1)[:, :-1]
    return cells


def overdispersion(observed: ArrayLike, expected: ArrayLike, fitted_parameters: int = 2) -> float:
    """phi = sum (O - E)^2 / sum E * cells/(cells - parameters), at least 1: variance per expected count.

    observed, expected: equal shapes, say cohort x month of age, with all cells observed. Weighted by E (not
    Pearson's mean of ratios), so that thousands of nearly empty cells do not decide. 1 where fewer cells
    than parameters.

    McCullagh & Nelder 1989, section 4.5, with the moment estimate for a common factor.
    """
    o, e = np.ravel(np.asarray(observed, float)), np.ravel(np.asarray(expected, float))
    cells = int(np.sum(e > 0))
    if cells <= fitted_parameters or e.sum() <= 0:
        return 1.0
    return max(1.0, float(((o - e) ** 2).sum() / e.sum() * cells / (cells - fitted_parameters)))


def forecast_claims(
    survivors: ArrayLike,
    ages: ArrayLike,
    shape: ArrayLike,
    scale: ArrayLike,
    *,
    log_covariance: ArrayLike | None = None,
    months: int = 24,
    ends: ArrayLike | None = None,
    season: ArrayLike = 1.0,
    season_log_variance: ArrayLike = 0.0,
    start_age: float = 0.0,
    warranty_age: ArrayLike = 24.0,
    overdispersion: ArrayLike = 1.0,
    confidence: float = 0.9,
) -> Forecast:
    """m_h = s_h sum_a n_a (S(min(a+h-1, w)) - S(min(a+h, w))) / S(a): claims expected in future month h.

    Var = phi (m + g' C g + m^2 v), g the gradient of m in (log scale, log shape), v the log variance of s;
    limits are negative binomial
    quantiles of that mean and variance (Poisson where they agree), the same for the sum of the first h
    months.

    survivors: (scopes, ages) or (ages,) units in service, not yet failed, of each age; ages: (ages,) in
    months, the unit of scale. ends: (months,) where each future period ends, in months from now, by default
    1, 2, 3, …; season (s): (scopes, months), (months,) or scalar factor of each period, with the variance
    of its logarithm; periods a year apart share theirs.
    shape, scale, overdispersion (phi): (scopes,) or scalar. log_covariance:
    (scopes, 2, 2) or (2, 2) of (log scale, log shape); None takes them as known. warranty_age w: (scopes,)
    or scalar, after which claims stop; start_age: before which this kind of claim does not begin. A unit is
    counted once: the k-th failure of a repaired unit is not foreseen.

    Meeker & Escobar 1998, section 12.7; overdispersion as a quasi-Poisson factor (McCullagh & Nelder 1989,
    6.2).
    """
    units = np.atleast_2d(np.asarray(survivors, float))
    age = np.asarray(ages, float)
    scopes = len(units)
    if units.shape[1:] != age.shape:
        raise ObservationError(f"survivors has {units.shape[1]} ages and ages has shape {age.shape}.")
    k = np.broadcast_to(np.asarray(shape, float), (scopes,))[:, None]
    s = np.broadcast_to(np.asarray(scale, float), (scopes,))[:, None]
    end = np.broadcast_to(np.asarray(warranty_age, float), (scopes,))[:, None]
    phi = np.broadcast_to(np.asarray(overdispersion, float), (scopes,))[:, None]
    cov = np.zeros((2, 2)) if log_covariance is None else np.asarray(log_covariance, float)
    cov = np.broadcast_to(cov, (scopes, 2, 2))
    at = np.arange(1.0, months + 1) if ends is None else np.asarray(ends, float)
    factor = np.broadcast_to(np.asarray(season, float), (scopes, len(at)))

    def hazard_at(h: float) -> tuple[Floats, Floats]:
        """H at each unit's age h months on, capped at the warranty; and its derivative in log shape."""
        then = np.maximum(np.where(age < end, np.minimum(age + h, end), age), start_age)
        with np.errstate(divide="ignore", invalid="ignore"):
            log_ratio = np.where(then > 0, np.log(then / s), 0.0)
            hazard = np.where(then > 0, np.exp(k * log_ratio), 0.0)
        return hazard, hazard * k * log_ratio

    mean, gradient = np.zeros((scopes, len(at))), np.zeros((scopes, len(at), 2))
    base, base_k = hazard_at(0.0)
    before, before_k = base, base_k
    for h, end_of_period in enumerate(at):
        after, after_k = hazard_at(float(end_of_period))
        # S(a+h-1)/S(a) - S(a+h)/S(a), and how it moves with log scale (dH = -shape H) and log shape.
        alive, width = np.exp(base - before), after - before
        mean[:, h] = factor[:, h] * (units * alive * -np.expm1(-width)).sum(axis=1)
        still = np.exp(base - after)
        for p, (b0, b1, b2) in enumerate(((-k * base, -k * before, -k * after), (base_k, before_k, after_k))):
            change = (units * (alive * (b0 - b1) - still * (b0 - b2))).sum(axis=1)
            gradient[:, h, p] = factor[:, h] * change
        before, before_k = after, after_k
    sums, sum_gradient = np.cumsum(mean, axis=1), np.cumsum(gradient, axis=1)
    spread = np.broadcast_to(np.asarray(season_log_variance, float), mean.shape)
    from_season, sum_from_season = spread * mean**2, np.zeros_like(mean)
    for phase in range(min(PERIODS_OF_A_YEAR, len(at))):
        of_phase = np.zeros_like(mean)
        of_phase[:, phase::PERIODS_OF_A_YEAR] = mean[:, phase::PERIODS_OF_A_YEAR]
        sum_from_season += spread[:, [phase]] * np.cumsum(of_phase, axis=1) ** 2
    variance, sum_variance = (
        phi * (m + np.einsum("shi,sij,shj->sh", g, cov, g) + more)
        for m, g, more in ((mean, gradient, from_season), (sums, sum_gradient, sum_from_season))
    )
    return Forecast(
        mean,
        *prediction_limits(mean, variance, confidence),
        variance,
        sums,
        *prediction_limits(sums, sum_variance, confidence),
        sum_variance,
        confidence,
    )


def added(forecasts: Sequence[Forecast], shared_scatter: float = 0.0) -> Forecast:
    """Sum of independent forecasts of equal shapes: means and variances add, limits are drawn anew.

    shared_scatter: variance per expected count beyond the parts' own, where they share good and bad months.
    """
    confidence = forecasts[0].confidence
    sums: list[Floats] = []
    for of_mean, of_variance in (("expected", "variance"), ("cumulative_expected", "cumulative_variance")):
        mean = np.sum([getattr(each, of_mean) for each in forecasts], axis=0)
        variance = np.sum([getattr(each, of_variance) for each in forecasts], axis=0) + shared_scatter * mean
        variance = np.maximum(mean, variance)
        sums += [mean, *prediction_limits(mean, variance, confidence), variance]
    return Forecast(*sums, confidence=confidence)


def prediction_limits(mean: ArrayLike, variance: ArrayLike, confidence: float = 0.9) -> tuple[Floats, Floats]:
    """Quantiles of a count with this mean and variance: negative binomial, or Poisson where variance = mean.

    Any shape; 0 where the mean is 0. The negative binomial is the Poisson of a Gamma-distributed mean.
    """
    m, v = np.broadcast_arrays(np.asarray(mean, float), np.asarray(variance, float))
    counted = m > 0
    out = np.zeros((2, m.size))
    tail = (1 - confidence) / 2
    for row, share in zip(out, (tail, 1 - tail), strict=True):
        row[counted.ravel()] = _count_quantile(m[counted], np.maximum(v, m)[counted], share)
    low, high = out.reshape(2, *m.shape)
    return low, high


def _count_quantile(mean: Floats, variance: Floats, share: float) -> Floats:
    """Smallest count with P(X <= count) >= share: Cornish-Fisher's guess, put right by steps of one.

    A million quantiles by scipy's nbinom.ppf take fifteen times as long; what is still off after some steps
    goes there.
    """
    extra = variance - mean
    is_poisson = extra <= 1e-9 * mean
    size = np.where(is_poisson, 1.0, mean * mean / np.where(is_poisson, 1.0, extra))
    odds = np.where(is_poisson, 0.5, mean / variance)

    def cumulative(count: Floats, rows: NDArray[np.intp]) -> Floats:
        c = np.maximum(count, 0.0) + 1
        given = np.where(is_poisson[rows], gammaincc(c, mean[rows]), betainc(size[rows], c, odds[rows]))
        return np.where(count < 0, 0.0, given)

    z, ratio = ndtri(share), variance / mean
    skew = np.where(is_poisson, 1.0, 2 * ratio - 1) / np.sqrt(variance)
    kurtosis = np.where(is_poisson, 1 / mean, 6 / size + 1 / variance)
    bend = skew * (z * z - 1) / 6 + kurtosis * (z**3 - 3 * z) / 24 - skew**2 * (2 * z**3 - 5 * z) / 36
    count = np.maximum(np.ceil(mean + np.sqrt(variance) * (z + bend) - 0.5), 0.0)
    rows = np.arange(len(mean))
    for _ in range(12):
        too_low = cumulative(count[rows], rows) < share
        too_high = ~too_low & (cumulative(count[rows] - 1, rows) >= share)
        count[rows] += too_low
        count[rows] -= too_high
        rows = rows[too_low | too_high]
        if len(rows) == 0:
            return count
    # So seldom needed that no other caller waits half a second for its import.
    from scipy.stats import nbinom, poisson

    count[rows] = np.where(
        is_poisson[rows], poisson.ppf(share, mean[rows]), nbinom.ppf(share, size[rows], odds[rows])
    )
    return count


def forecast_cost(
    claims: Forecast,
    mean_cost: ArrayLike,
    cost_deviation: ArrayLike,
    costs_seen: ArrayLike = np.inf,
    costless_share: ArrayLike = 0.0,
) -> CostForecast:
    """E = m c, Var = m sd^2 + c^2 Var(count) + m^2 sd^2/n: the sum of a random number of costs.

    Limits are those of nothing at all, which has the probability that no claim costs anything, and else of a
    Gamma cost, so that mean and variance are these. mean_cost, cost_deviation: (scopes,) or scalar, mean and
    standard deviation of one claim's cost, in EUR say; costs_seen (n): from how many claims the mean comes,
    infinite where it is known; costless_share: of claims that cost nothing.

    Klugman, Panjer & Willmot, Loss Models, sections 9.3 (compound variance) and 9.4 (probability of 0).
    """
    shape = (len(claims.expected), 1)

    def column(values: ArrayLike) -> Floats:
        return np.broadcast_to(np.asarray(values, float).reshape(-1, 1), shape)

    c, sd, seen, costless = map(column, (mean_cost, cost_deviation, costs_seen, costless_share))
    tail = (1 - claims.confidence) / 2
    out: list[Floats] = []
    for m, v in (
        (claims.expected, claims.variance),
        (claims.cumulative_expected, claims.cumulative_variance),
    ):
        mean, variance = m * c, m * sd**2 * (1 + m / seen) + c**2 * v
        nothing = no_cost_probability(m, v, costless)
        limits = (cost_quantile(mean, variance, nothing, share) for share in (tail, 1 - tail))
        out += [mean, *limits, variance]
    return CostForecast(*out, confidence=claims.confidence)


def no_cost_probability(mean: ArrayLike, variance: ArrayLike, costless_share: ArrayLike = 0.0) -> Floats:
    """E z^N, N negative binomial of this mean and variance (or Poisson): that no claim costs anything."""
    m, v = np.asarray(mean, float), np.maximum(np.asarray(variance, float), np.asarray(mean, float))
    costly = m * (1 - np.asarray(costless_share, float))
    is_poisson = v - m <= 1e-9 * m
    extra = np.where(is_poisson, 1.0, v / np.where(m > 0, m, 1.0) - 1)
    share = np.where(m > 0, costly / np.where(m > 0, m, 1.0), 0.0)
    spread = np.exp(-np.log1p(extra * share) * m / extra)
    return np.where(is_poisson, np.exp(-costly), spread)


def cost_quantile(mean: ArrayLike, variance: ArrayLike, nothing: ArrayLike, share: ArrayLike) -> Floats:
    """The cost that is not exceeded with this probability: 0 with probability `nothing`, else Gamma."""
    m, v, p0, share = np.broadcast_arrays(
        *(np.asarray(each, float) for each in (mean, variance, nothing, share))
    )
    # Where nothing is nearly sure, what is left of the variance may not be a variance.
    above = m / np.maximum(1 - p0, 1e-12)
    second = (v + m**2) / np.maximum(1 - p0, 1e-12)
    spread = np.maximum(second - above**2, 1e-6 * above**2)
    is_cost = (share > p0) & (m > 0)
    a, s, p = np.where(is_cost, above, 1.0), np.where(is_cost, spread, 1.0), np.where(is_cost, p0, 0.0)
    return np.where(is_cost, gammaincinv(a**2 / s, (share - p) / (1 - p)) * s / a, 0.0)
