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
