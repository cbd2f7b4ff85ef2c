"""The fleet as a forecast sees it on one day: who is in service at which age, and what was expected so far.

Belongs here: counts of months into arrays by scope, age and calendar month. Does not belong here: fits and
intervals (`curves`, `forecasting`).

A month has no days here: deliveries lie evenly over their month, so that a machine delivered k months ago is
k - 1/2 months old on average when a month ends. `day` is how far into its month the as-of date lies (1 at
its end).
"""

from __future__ import annotations

import calendar
from dataclasses import dataclass
from datetime import date

import numpy as np
import polars as pl
from numpy.typing import NDArray

from pipelines.lifetimes.reading import AGE_MONTHS

Floats = NDArray[np.float64]
Integers = NDArray[np.intp]
YEAR = 12
# A unit that leaves within the month of its delivery was watched for a third of a month on average.
SAME_MONTH = 1 / 3


@dataclass(frozen=True)
class Origin:
    """The day on which a forecast stands."""

    as_of: date

    @property
    def month(self) -> int:
        """Months since year 0."""
        return self.as_of.year * YEAR + self.as_of.month - 1

    @property
    def day(self) -> float:
        """How far into its month, 1 at its last day."""
        return self.as_of.day / calendar.monthrange(self.as_of.year, self.as_of.month)[1]

    @property
    def last_full_month(self) -> int:
        """The last month all of whose claims are known."""
        return self.month if self.day == 1 else self.month - 1

    @property
    def first_month(self) -> int:
        """The month of the day after."""
        return self.last_full_month + 1

    def ends(self, months: int) -> Floats:
        """When each future month ends, in months from now; the first may be what is left of this one."""
        left = 1 - self.day
        return np.arange(months, dtype=float) + (left if left > 0 else 1.0)

    def before(self, months: int) -> Origin:
        """The month end so many months before the first day that is not past."""
        return Origin(last_day(self.last_full_month - months + (1 if self.day < 1 else 0)))


def last_day(month: int) -> date:
    """The last day of a month counted from year 0."""
    year, number = divmod(month, YEAR)
    return date(year, number + 1, calendar.monthrange(year, number + 1)[1])


def first_day(month: int) -> date:
    """The first day of a month counted from year 0."""
    year, number = divmod(month, YEAR)
    return date(year, number + 1, 1)


@dataclass(frozen=True)
class Fleet:
    """Rows of units as known on one day; `scope` numbers what they are added up by."""

    origin: Origin
    scope: Integers
    delivery: Integers
    end: Integers
    units: Floats
    is_in_service: NDArray[np.bool_]
    is_completed: NDArray[np.bool_]
    scopes: int

    @property
    def age(self) -> Floats:
        """Mean age in months on the day, or at the end where they left."""
        k = (self.origin.month - self.delivery).astype(float)
        day = self.origin.day
        now = np.where(k == 0, day / 2, np.minimum(k - 0.5 + day, AGE_MONTHS - (1 - day) / 2))
        then = np.where(self.end > self.delivery, self.end - self.delivery, SAME_MONTH)
        return np.where(self.is_in_service, now, np.where(self.is_completed, AGE_MONTHS, then))

    def survivors(self) -> tuple[Floats, Floats]:
        """Units in service (scopes, ages) and their ages: month of delivery by month of delivery."""
        rows = self.is_in_service
        k = np.minimum(self.origin.month - self.delivery[rows], AGE_MONTHS)
        width = AGE_MONTHS + 1
        units = _sums(self.scope[rows] * width + k, self.units[rows], self.scopes * width)
        ages = np.minimum(
            np.arange(width, dtype=float) - 0.5 + self.origin.day, AGE_MONTHS - (1 - self.origin.day) / 2
        )
        ages[0] = self.origin.day / 2
        return units.reshape(self.scopes, width), ages

    def expected(self, per_unit: Floats, curve: Integers, first_month: int) -> Floats:
        """Claims expected in each full calendar month so far, (scopes, months from `first_month`).

        per_unit: (curves, 25), claims per unit in the k-th month after delivery; curve: each scope's.
        """
        months = self.origin.last_full_month - first_month + 1
        out = np.zeros(self.scopes * months)
        for k in range(AGE_MONTHS + 1):
            month = self.delivery + k
            is_last = (month == self.end) & ~self.is_in_service & ~self.is_completed
            watched = (month <= self.origin.last_full_month) & ((month <= self.end) | self.is_in_service)
            rows = np.flatnonzero(watched & (month >= first_month))
            # Who left within the month was there for half of it.
            units = self.units[rows] * np.where(is_last[rows], 0.5, 1.0)
            place = self.scope[rows] * months + month[rows] - first_month
            out += _sums(place, units * per_unit[curve[self.scope[rows]], k], len(out))
        return out.reshape(self.scopes, months)


def fleet_on(rows: pl.DataFrame, origin: Origin, scopes: int, is_present: bool) -> Fleet:
    """Rows of scope, delivery, end, is_completed, is_watched, units as known on a day."""
    known = rows.filter(pl.col("delivery") <= origin.month)
    end = known["end"].to_numpy().astype(np.intp)
    in_service = known["is_watched"].to_numpy() if is_present else end > origin.month
    return Fleet(
        origin,
        known["scope"].to_numpy().astype(np.intp),
        known["delivery"].to_numpy().astype(np.intp),
        end,
        known["units"].to_numpy().astype(float),
        in_service,
        known["is_completed"].to_numpy() & ~in_service,
        scopes,
    )


def counted_claims(claims: pl.DataFrame, first_month: int, months: int, scopes: int) -> Floats:
    """Claims by scope and calendar month: (scopes, months from `first_month`)."""
    rows = claims.filter(pl.col("claim").is_between(first_month, first_month + months - 1))
    place = rows["scope"].to_numpy() * months + rows["claim"].to_numpy() - first_month
    counts = _sums(place, rows["claims"].to_numpy().astype(float), scopes * months)
    return counts.reshape(scopes, months)


def _sums(place: Integers, values: Floats, places: int) -> Floats:
    """Values added up by place."""
    return np.bincount(place, values, places).astype(float)
