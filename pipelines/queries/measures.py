"""Evaluates the measures that the marts declare: value, n, interval and whether there is enough to say.

A measure's formula lives in the mart's YAML and arrives here through `meta.measures`. This module only runs
it for a scope, divides, and adds the interval that the declaration asks for.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import polars as pl

from pipelines.errors import SavoirError
from pipelines.queries import intervals
from pipelines.queries.scopes import EVERYTHING, Scope, where
from pipelines.queries.snapshot import Snapshot
from pipelines.queries.thresholds import threshold


class MeasureMissingError(SavoirError):
    """A page names a measure that the snapshot does not declare."""


@dataclass(frozen=True)
class Measure:
    """A declared measure: additive SQL over one mart, and how to say it."""

    mart: str
    name: str
    numerator: str
    denominator: str | None
    kind: str
    format: str
    interval: str
    label_en: str
    label_fr: str
    definition: str

    def label(self, language: str) -> str:
        """What people read in `language` (en or fr)."""
        return self.label_fr if language == "fr" else self.label_en


@dataclass(frozen=True)
class Value:
    """One measured number with what belongs to it. `value` is None where there is nothing to divide by."""

    measure: Measure
    value: float | None
    events: float
    n: float | None
    low: float | None
    high: float | None
    is_enough: bool


@lru_cache(maxsize=4)
def _declared(snapshot: Snapshot) -> dict[tuple[str, str], Measure]:
    columns = "mart, name, numerator, denominator, kind, format, interval, label_en, label_fr, definition"
    found = snapshot.rows(f"select {columns} from meta.measures order by mart, name")
    return {(row["mart"], row["name"]): Measure(**row) for row in found.iter_rows(named=True)}


def declared_measures(snapshot: Snapshot) -> list[Measure]:
    """Every measure that the snapshot declares, by mart and name."""
    return list(_declared(snapshot).values())


def measure(snapshot: Snapshot, mart: str, name: str) -> Measure:
    """The declaration of one measure."""
    found = _declared(snapshot).get((mart, name))
    if found is None:
        raise MeasureMissingError(
            f"The published file declares no measure {mart}.{name}. It was built by another version: "
            "run `savoir build` again."
        )
    return found


def values(
    snapshot: Snapshot, mart: str, names: Sequence[str], scope: Scope = EVERYTHING
) -> dict[str, Value]:
    """Each named measure over the whole scope."""
    frame = values_by(snapshot, mart, names, [], scope)
    return {row["measure"]: _as_value(snapshot, mart, row) for row in frame.iter_rows(named=True)}


def values_by(
    snapshot: Snapshot, mart: str, names: Sequence[str], by: Sequence[str], scope: Scope = EVERYTHING
) -> pl.DataFrame:
    """One row per group and measure: the `by` columns, measure, value, events, n, low, high, is_enough.

    `by` holds column names of the mart, or `expression as name`.
    """
    condition, parameters = where(mart, scope)
    keys = [key.rpartition(" as ")[2] for key in by]
    asked = [measure(snapshot, mart, name) for name in names]
    sums = [f"cast({each.numerator} as double) as numerator_{i}" for i, each in enumerate(asked)]
    sums += [
        f"cast({each.denominator} as double) as denominator_{i}"
        if each.denominator
        else f"null as denominator_{i}"
        for i, each in enumerate(asked)
    ]
    grouping = f"group by all order by {', '.join(keys)}" if keys else ""
    table = snapshot.rows(
        f"select {', '.join([*by, *sums])} from marts.{mart} where {condition} {grouping}", parameters
    )
    least = threshold(snapshot, "minimum_units_at_risk")
    rows = [
        {key: row[key] for key in keys}
        | _measured(each, row[f"numerator_{i}"], row[f"denominator_{i}"], least)
        for row in table.iter_rows(named=True)
        for i, each in enumerate(asked)
    ]
    schema = {key: table.schema[key] for key in keys} | _VALUE_SCHEMA
    return pl.DataFrame(rows, schema=schema)


def beside(
    frame: pl.DataFrame, keys: Sequence[str], names: Sequence[str], of: str = "events"
) -> pl.DataFrame:
    """One row per key, one column per named measure: also where the answer is empty and names none."""
    wide = frame.pivot(on="measure", index=list(keys), values=of)
    missing = [pl.lit(None, dtype=pl.Float64).alias(name) for name in names if name not in wide.columns]
    return wide.with_columns(missing).select(*keys, *names)


_VALUE_SCHEMA = {
    "measure": pl.String,
    "value": pl.Float64,
    "events": pl.Float64,
    "n": pl.Float64,
    "low": pl.Float64,
    "high": pl.Float64,
    "is_enough": pl.Boolean,
}


def _measured(
    declared: Measure, numerator: float | None, denominator: float | None, least: float
) -> dict[str, object]:
    events = numerator or 0.0
    if declared.denominator is None:
        value, n = events, None
        limits = intervals.poisson(events) if declared.interval == "poisson" else intervals.NONE
        is_enough = True
    else:
        n = denominator or 0.0
        value = events / n if n > 0 else None
        limits = {"wilson": intervals.wilson, "poisson": intervals.poisson}.get(
            declared.interval, lambda _events, _n: intervals.NONE
        )(events, n)
        is_enough = n >= least
    return {
        "measure": declared.name,
        "value": value,
        "events": events,
        "n": n,
        "low": limits.low,
        "high": limits.high,
        "is_enough": is_enough,
    }


def _as_value(snapshot: Snapshot, mart: str, row: dict) -> Value:
    return Value(
        measure(snapshot, mart, row["measure"]),
        row["value"],
        row["events"],
        row["n"],
        row["low"],
        row["high"],
        row["is_enough"],
    )
