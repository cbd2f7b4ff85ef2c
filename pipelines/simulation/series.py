"""Arrays to polars series in canonical form: times, dates, names of codes, amounts, keys.

Each function hides what is not known yet: NaN, -1, or not visible becomes null.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from pipelines.simulation.calendar import dates, in_opening_hours
from pipelines.simulation.catalogue import Catalogue
from pipelines.simulation.parameters import Array, Columns


def stamps(days: Array, horizon: float) -> pl.Series:
    """Whole seconds of Paris time; null where it did not happen before the horizon."""
    known = np.isfinite(days) & (days < horizon)
    seconds = np.where(known, np.floor(np.where(known, days, 0) * 86400), 0).astype(np.int64)
    values = (seconds * 1_000_000).view("datetime64[us]").copy()
    values[~known] = np.datetime64("NaT")
    return pl.Series(values)


def days_of(values: Array, visible: Array | None = None) -> pl.Series:
    """Civil dates; null where unknown."""
    shown = values if visible is None else np.where(visible, values, np.nan)
    return pl.Series(dates(shown))


def named(codes: Array, names: tuple[str, ...], visible: Array | None = None) -> pl.Series:
    """The names of the codes; null for -1 or where not visible."""
    index = np.where(codes < 0, len(names), codes)
    if visible is not None:
        index = np.where(visible, index, len(names))
    return pl.Series([*names, None], dtype=pl.String)[index]


def numbers(values: Array, visible: Array | None = None, decimals: int | None = None) -> pl.Series:
    """Numbers; null for NaN or where not visible. With decimals, as an amount."""
    shown = values.astype(np.float64) if visible is None else np.where(visible, values, np.nan)
    series = pl.Series(shown).fill_nan(None)
    return series if decimals is None else series.round(decimals).cast(pl.Decimal(18, decimals))


def counts(values: Array, visible: Array | None = None) -> pl.Series:
    """Whole numbers; null for NaN or where not visible."""
    return numbers(values, visible).cast(pl.Int64)


def booleans(values: Array, visible: Array) -> pl.Series:
    """true and false; null where not visible."""
    return pl.select(pl.when(pl.Series(visible)).then(pl.Series(values))).to_series()


def latest(columns: Columns, names: tuple[str, ...], horizon: float) -> Array:
    """The last of the times that lie before the horizon, and a little: when the row last changed."""
    table = np.array([np.where(columns[name] < horizon, columns[name], np.nan) for name in names])
    last = np.nanmax(np.where(np.isfinite(table), table, -np.inf), axis=0)
    return np.minimum(in_opening_hours(last + 0.004) + 0.001, horizon - 0.001)


def order_ids(order_number: Array) -> pl.Series:
    """Keys of orders."""
    return _keyed("CMD", order_number)


def serial_of(
    lines: Columns, catalogue: Catalogue, line: Array, number: Array, block_start: int
) -> pl.Series:
    """Serial numbers of units: sku, line of the run, unit on the line; null where there is none."""
    has = lines["has_serial"][line]
    frame = pl.DataFrame(
        {
            "sku": catalogue_codes(catalogue, lines["sku"][line]),
            "line": block_start + line,
            "number": number,
            "has": has,
        }
    )
    return frame.select(
        pl.when("has").then(
            pl.concat_str(
                pl.lit("SN"),
                pl.col("sku").str.slice(4),
                pl.lit("-"),
                pl.col("line").cast(pl.String).str.zfill(8),
                pl.col("number").cast(pl.String),
            )
        )
    ).to_series()


def renewed_serial(serial: pl.Series, lifetime: Array, is_renewed: Array) -> pl.Series:
    """The serial of the machine that a unit is in its lifetime: 0 = the one sold, else an exchange's own."""
    frame = pl.DataFrame({"serial": serial, "lifetime": lifetime, "is_renewed": is_renewed})
    return frame.select(
        pl.when("is_renewed")
        .then(pl.col("serial") + "X" + pl.col("lifetime").cast(pl.String))
        .otherwise("serial")
    ).to_series()


def as_typed(serial: pl.Series, rng: np.random.Generator, share: float) -> pl.Series:
    """Serials as people type them: a share in lower case, without the hyphen, or with a blank for it."""
    frame = pl.DataFrame({"serial": serial, "draw": rng.random(len(serial)) / share if share else 1.0})
    return frame.select(
        pl.when(pl.col("draw") >= 1)
        .then("serial")
        .when(pl.col("draw") < 1 / 3)
        .then(pl.col("serial").str.to_lowercase())
        .when(pl.col("draw") < 2 / 3)
        .then(pl.col("serial").str.replace("-", ""))
        .otherwise(pl.col("serial").str.replace("-", " "))
    ).to_series()


def exchange_orders(block_start: int, unit: Array, lifetime: Array) -> pl.Series:
    """Keys of the orders under which exchanges are booked: the unit's place in the run, its new lifetime."""
    frame = pl.DataFrame({"unit": 4 * block_start + unit, "lifetime": lifetime})
    return frame.select(
        pl.lit("CMX") + pl.col("unit").cast(pl.String).str.zfill(9) + pl.col("lifetime").cast(pl.String)
    ).to_series()


def catalogue_codes(catalogue: Catalogue, sku: Array) -> pl.Series:
    """The sku of each index."""
    return pl.Series(catalogue.sku.tolist(), dtype=pl.String)[sku]


def customer_ids(customer: Array) -> pl.Series:
    """Opaque keys of customers."""
    return _keyed("C", customer)


def _keyed(prefix: str, number: Array) -> pl.Series:
    frame = pl.DataFrame({"n": number})
    return frame.select(pl.lit(prefix) + pl.col("n").cast(pl.String).str.zfill(9)).to_series()


def chosen(condition: Array, yes: pl.Series, no: pl.Series) -> pl.Series:
    return pl.select(pl.when(pl.Series(condition)).then(yes).otherwise(no)).to_series()


def ticket_ids(block_start: int, size: int) -> pl.Series:
    """Keys of a block's tickets, in order of request."""
    # A block has fewer tickets than three times its lines.
    return _keyed("T", 3 * block_start + np.arange(size))
