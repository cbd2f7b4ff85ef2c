"""Days, seasons and use: when things are sold, and how much of its life a machine lives on each day.

Times are days since 1970-01-01 in Paris wall-clock time, as floats; NaN means "did not happen". A machine's
life runs in use-time: a winter month counts less than one in May, and the first weeks after an idle winter
count several times. A year of use-time is a year of calendar time.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import numpy as np

from pipelines.simulation.parameters import Array, Parameters

DAY = np.timedelta64(1, "D")


def day_number(day: dt.date) -> int:
    """Days since 1970-01-01."""
    return int(np.datetime64(day, "D").astype(np.int64))


def dates(days: Array) -> Array:
    """datetime64[D] of each day, NaT where unknown."""
    known = np.isfinite(days)
    return np.where(known, np.floor(np.where(known, days, 0)), 0).astype("datetime64[D]") + np.where(
        known, np.timedelta64(0, "D"), np.timedelta64("NaT", "D")
    )


def months_later(days: Array, months: int) -> Array:
    """The same day that many civil months later, or the month's last day; as day numbers."""
    known = np.isfinite(days)
    start = np.floor(np.where(known, days, 0)).astype(np.int64).astype("datetime64[D]")
    month = start.astype("datetime64[M]")
    day_of_month = (start - month.astype("datetime64[D]")).astype(np.int64)
    target = month + np.timedelta64(months, "M")
    length = ((target + 1).astype("datetime64[D]") - target.astype("datetime64[D]")).astype(np.int64)
    moved = target.astype("datetime64[D]").astype(np.int64) + np.minimum(day_of_month, length - 1)
    return np.where(known, moved.astype(np.float64), np.nan)


def in_opening_hours(days: Array) -> Array:
    """The same times, none at night: the order of events stays, and no time falls into a clock change."""
    whole = np.floor(days)
    return whole + np.clip(days - whole, 6.5 / 24, 22.5 / 24)


def day_profile(month_index: Array, first_day: int, last_day: int) -> Array:
    """Relative weight of every day from first to last, by its month."""
    days = np.arange(first_day, last_day + 1).astype("datetime64[D]")
    return month_index[days.astype("datetime64[M]").astype(np.int64) % 12]


@dataclass(frozen=True)
class UseClock:
    """Cumulative use at the start of each day, a row per season: ordinary, and with the restart effect."""

    seasons: tuple[str, ...]
    first_day: int
    ordinary: Array
    restarting: Array
    idle_days: float

    def _read(self, table: Array, season: Array, days: Array) -> Array:
        whole = np.clip(np.floor(days).astype(np.int64) - self.first_day, 0, table.shape[1] - 2)
        fraction = days - (whole + self.first_day)
        return table[season, whole] * (1 - fraction) + table[season, whole + 1] * fraction

    def used(self, season: Array, start: Array, stop: Array) -> Array:
        """Use-days between two times of a machine that was new at `start`."""
        veteran = start + self.idle_days
        young = self._read(self.ordinary, season, np.minimum(stop, veteran))
        old = self._read(self.restarting, season, np.maximum(stop, veteran))
        return (
            young
            - self._read(self.ordinary, season, start)
            + old
            - self._read(self.restarting, season, veteran)
        )

    def reached(self, season: Array, start: Array, use_days: Array) -> Array:
        """When a machine that was new at `start` has lived that many use-days."""
        out = np.empty(len(start))
        axis = np.arange(self.ordinary.shape[1], dtype=np.float64) + self.first_day
        for row in range(len(self.seasons)):
            mine = season == row
            at, goal = start[mine], use_days[mine]
            season_of = np.full(len(at), row)
            base = self._read(self.ordinary, season_of, at) + goal
            early = np.interp(base, self.ordinary[row], axis)
            veteran = at + self.idle_days
            rest = base - self._read(self.ordinary, season_of, veteran)
            late = np.interp(
                self._read(self.restarting, season_of, veteran) + rest, self.restarting[row], axis
            )
            out[mine] = np.where(early <= veteran, early, late)
        return out


def use_clock(parameters: Parameters, first_day: int, last_day: int) -> UseClock:
    """The use clock over all days that any machine of the window can live."""
    seasons = tuple(parameters.segments("use_month_index"))
    days = np.arange(first_day, last_day + 1)
    year_start = days.astype("datetime64[D]").astype("datetime64[Y]").astype("datetime64[D]").astype(np.int64)
    day_of_year = days - year_start + 1
    ordinary, restarting = [], []
    for season in seasons:
        index = parameters.numbers("use_month_index", season)
        base = day_profile(index / index.mean(), first_day, last_day)
        restart = parameters.number("restart_day_of_year", season)
        inside = (day_of_year >= restart) & (day_of_year < restart + parameters.number("restart_days"))
        boost = np.where((restart > 0) & inside, parameters.number("restart_multiplier"), 1.0)
        veteran = base * boost
        scale = 365.25 / (veteran[:1461].sum() / 4) if len(veteran) >= 1461 else 1.0
        ordinary.append(np.concatenate([[0.0], np.cumsum(base * scale)]))
        restarting.append(np.concatenate([[0.0], np.cumsum(veteran * scale)]))
    return UseClock(
        seasons=seasons,
        first_day=first_day,
        ordinary=np.array(ordinary),
        restarting=np.array(restarting),
        idle_days=parameters.number("idle_days"),
    )
