"""The rows of `fits`: every series as a Weibull, by both conventions, and the rates of small products.

Belongs here: which counts go into which fit, and what a person is told of one that cannot be trusted. Does
not belong here: the likelihood (`pipelines.reliability`), nor the declared minimum of events (the mart).
"""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

from pipelines.lifetimes.reading import AGE_MONTHS, DayTables, LifeTables
from pipelines.months import DAYS_PER_MONTH
from pipelines.reliability import (
    Doubt,
    FitDoubtError,
    WeibullBatch,
    batch_cumulative,
    fit_lognormal,
    fit_weibull_groups,
    fit_weibull_life_tables,
    misfit_probability,
    observed,
    poisson_limits,
    shrink_rates,
)

Floats = NDArray[np.float64]
B10_SHARE = 0.1
# Conventions diverge where the exact answer is this far from the interval answer and outside its limits.
DIVERGING_SHARE = 0.1
# Causes that a sku has a life table of only where one happened: such skus tell nothing of their family.
WHERE_SEEN = ("return",)
WORDS = {
    Doubt.NONE: None,
    Doubt.NO_FAILURES: "No event among these units: there is nothing to fit.",
    Doubt.ONE_FAILURE: "One event: it cannot tell an early weakness from wear.",
    Doubt.NO_CONVERGENCE: "The search for the best curve did not settle: look at the life table instead.",
    Doubt.FLAT_LIKELIHOOD: "The events lie in one month of age or at its edge: they fix no curve.",
}
KEY = ("scope_type", "scope_id", "cause", "convention")
COUNTED = ("units", "events", "dated_events", "oldest_month")
ESTIMATED = (
    *("exposure_months", "rate_per_1000"),
    *("shrunken_per_1000", "shrunken_per_1000_low", "shrunken_per_1000_high", "own_share"),
    *("shape", "shape_low", "shape_high", "scale", "scale_low", "scale_high"),
    "misfit_probability",
    *("b10_months", "b10_low", "b10_high", "cumulative_24", "cumulative_24_low", "cumulative_24_high"),
    *("lognormal_24", "lognormal_advantage"),
)
SCHEMA = pl.Schema(
    {
        **dict.fromkeys(KEY, pl.String()),
        **dict.fromkeys(COUNTED, pl.Int64()),
        **dict.fromkeys(ESTIMATED, pl.Float64()),
        "is_diverging": pl.Boolean(),
        "is_default": pl.Boolean(),
        "doubt": pl.String(),
    }
)


def fit_rows(tables: LifeTables, days: DayTables, families: pl.DataFrame) -> pl.DataFrame:
    """One row per scope × cause × convention."""
    if tables.series.is_empty():
        return SCHEMA.to_frame()
    events, dated = tables.events.sum(axis=1), dated_events(tables, days)
    base = tables.series.with_columns(
        units=pl.Series(events + tables.left.sum(axis=1)),
        events=pl.Series(events),
        dated_events=pl.Series(dated),
        oldest_month=pl.Series(_oldest_month(tables)),
        **rates(tables, families),
    )
    interval, exact = interval_fit(tables), exact_fit(tables, days)
    is_diverging = diverging(interval, exact)
    # A month is right for every event, a day for those whose day was told.
    is_by_day = 2 * dated >= events
    nothing = pl.lit(None, pl.Float64)
    beside = {"lognormal_24": nothing, "lognormal_advantage": nothing}
    conventions = {
        "interval": (interval, ~is_by_day, beside),
        "exact": (exact, is_by_day, lognormal(tables, days, exact)),
    }
    parts = [
        base.with_columns(
            convention=pl.lit(name),
            is_diverging=pl.Series(is_diverging, dtype=pl.Boolean),
            is_default=pl.Series(is_default, dtype=pl.Boolean),
            doubt=words(batch),
            **_columns(batch),
            **others,
            misfit_probability=_known(misfit(tables, batch)),
        ).select(SCHEMA.names())
        for name, (batch, is_default, others) in conventions.items()
    ]
    return pl.concat(parts).cast(dict(SCHEMA)).sort(KEY)


def dated_events(tables: LifeTables, days: DayTables) -> NDArray[np.int64]:
    """How many events of each series have a day."""
    told = days.events.filter(pl.col("after") == pl.col("age"))
    place, count = told["series"].to_numpy(), told["events"].to_numpy().astype(float)
    return np.bincount(place, count, len(tables.series)).astype(np.int64)


def interval_fit(tables: LifeTables) -> WeibullBatch:
    """Events somewhere in their month; the others leave at the age at which they were last seen.

    Who leaves within one month of age is taken at the mean of their ages in days: a month is short beside a
    lifetime, and the fit then depends on the number of months, not of units or days.
    """
    series, month = np.nonzero(tables.left)
    left = tables.left[series, month]
    age = tables.left_days[series, month] / left / DAYS_PER_MONTH
    nobody = np.zeros_like(tables.events)
    return fit_weibull_life_tables(
        tables.events, nobody, exact_censoring=(series, age, left), quantile_share=B10_SHARE
    )


def exact_fit(tables: LifeTables, days: DayTables) -> WeibullBatch:
    """Events on their day, on the day of delivery within it; untold ones in the days before their request."""
    series, left, right, weight = _in_months(days)
    return fit_weibull_groups(
        series, left, right, weight=weight, samples=len(tables.series), quantile_share=B10_SHARE
    )


def _in_months(days: DayTables) -> tuple[NDArray[np.intp], Floats, Floats, Floats]:
    """series, left, right, weight of every row, ages in months."""
    after, age = (days.events[name].to_numpy().astype(float) for name in ("after", "age"))
    first_day = age < 1
    after, age = np.where(first_day, 0.0, after), np.where(first_day, 1.0, age)
    left = days.left["age"].to_numpy()
    return (
        np.concatenate([days.events["series"], days.left["series"]]).astype(np.intp),
        np.concatenate([after, left]) / DAYS_PER_MONTH,
        np.concatenate([age / DAYS_PER_MONTH, np.full(len(left), np.inf)]),
        np.concatenate([days.events["events"], days.left["units"]]).astype(float),
    )


def lognormal(tables: LifeTables, days: DayTables, weibull: WeibullBatch) -> dict[str, pl.Series]:
    """Of families and all: the share within 24 months by a lognormal curve, and how much likelier (logarithm)
    it makes the same events than the Weibull curve does.
    """
    share, advantage = np.full((2, len(tables.series)), np.nan)
    series, left, right, weight = _in_months(days)
    of_few = tables.series["scope_type"].is_in(("family", "all")).to_numpy()
    for number in np.flatnonzero(of_few & (weibull.doubt == Doubt.NONE)):
        rows = series == number
        try:
            fit = fit_lognormal(observed(left[rows], right[rows], 0.0, weight[rows]), limits="wald")
        except FitDoubtError:
            continue
        share[number] = float(fit.cumulative(float(AGE_MONTHS)))
        advantage[number] = fit.log_likelihood - weibull.log_likelihood[number]
    return {"lognormal_24": _known(share), "lognormal_advantage": _known(advantage)}


def misfit(tables: LifeTables, batch: WeibullBatch) -> Floats:
    """The probability that the events stray so far from each curve by chance."""
    with np.errstate(divide="ignore", invalid="ignore"):
        age = tables.left_days / tables.left / DAYS_PER_MONTH
    lived = np.where(tables.left > 0, np.clip(age - np.arange(AGE_MONTHS), 0.0, 1.0), 1.0)
    return misfit_probability(tables.events, tables.left, batch.shape, batch.scale, lived=lived)


def diverging(interval: WeibullBatch, exact: WeibullBatch) -> NDArray[np.bool_]:
    """Whether the convention moves the share failed by 24 months by over a tenth and beyond its limits."""
    one, other = batch_cumulative(interval, AGE_MONTHS), batch_cumulative(exact, AGE_MONTHS).estimate
    with np.errstate(invalid="ignore"):
        is_far = np.abs(other - one.estimate) > DIVERGING_SHARE * one.estimate
        return is_far & ((other < one.low) | (other > one.high))


def words(batch: WeibullBatch) -> pl.Series:
    """Why each fit cannot be trusted."""
    return pl.Series([WORDS[Doubt(int(each))] for each in batch.doubt], dtype=pl.String)


def rates(tables: LifeTables, families: pl.DataFrame) -> dict[str, pl.Series]:
    """Events per 1,000 unit-months: as observed, and for skus drawn toward their family (Gamma-Poisson)."""
    events = tables.events.sum(axis=1).astype(float)
    middle = np.arange(AGE_MONTHS) + 0.5
    months = tables.left_days.sum(axis=1) / DAYS_PER_MONTH + tables.events @ middle
    with np.errstate(divide="ignore", invalid="ignore"):
        raw = np.where(months > 0, events / months, np.nan)
        low, high = (np.where(months > 0, limit / months, np.nan) for limit in poisson_limits(events))
    drawn, own_share = raw.copy(), np.where(months > 0, 1.0, np.nan)
    family_of = dict(families.iter_rows())
    for cause in tables.series["cause"].unique().sort():
        rows = np.flatnonzero(
            (tables.series["scope_type"] == "sku").to_numpy()
            & (tables.series["cause"] == cause).to_numpy()
            & (months > 0)
        )
        if cause in WHERE_SEEN or events[rows].sum() == 0:
            continue
        labels = [family_of[sku] for sku in tables.series["scope_id"].gather(rows)]
        shrunken = shrink_rates(events[rows], months[rows], labels)
        # The limits take the family's own uncertainty in, the rate does not: far from its family it may lie
        # just outside them.
        drawn[rows] = shrunken.rate
        low[rows] = np.minimum(shrunken.rate, shrunken.rate_low)
        high[rows] = np.maximum(shrunken.rate, shrunken.rate_high)
        own_share[rows] = shrunken.own_share
    return {
        "exposure_months": pl.Series(months),
        "rate_per_1000": _known(1000 * raw),
        "shrunken_per_1000": _known(1000 * drawn),
        "shrunken_per_1000_low": _known(1000 * low),
        "shrunken_per_1000_high": _known(1000 * high),
        "own_share": _known(own_share),
    }


def _columns(batch: WeibullBatch) -> dict[str, pl.Series]:
    by_24 = batch_cumulative(batch, AGE_MONTHS)
    return {
        **{f"shape{side}": _known(getattr(batch, f"shape{side}")) for side in ("", "_low", "_high")},
        **{f"scale{side}": _known(getattr(batch, f"scale{side}")) for side in ("", "_low", "_high")},
        "b10_months": _known(batch.quantile),
        "b10_low": _known(batch.quantile_low),
        "b10_high": _known(batch.quantile_high),
        "cumulative_24": _known(by_24.estimate),
        "cumulative_24_low": _known(by_24.low),
        "cumulative_24_high": _known(by_24.high),
    }


def _oldest_month(tables: LifeTables) -> NDArray[np.int64]:
    """The last month in service in which somebody was watched."""
    seen = (tables.events + tables.left) > 0
    return np.where(seen.any(axis=1), AGE_MONTHS - np.argmax(seen[:, ::-1], axis=1), 0).astype(np.int64)


def _known(values: Floats) -> pl.Series:
    """Missing, not NaN; an upper limit that the data leave open (infinite) is missing too."""
    known = np.asarray(values, float)
    return pl.Series(known, nan_to_null=True, dtype=pl.Float64).replace(np.inf, None)
