"""Whether two tables hold the same rows: all but doubles exactly, doubles to 1e-9, NULL only like NULL.

Frames in, a frozen verdict out. Where the frames come from is not known here.
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

TOLERANCE = 1e-9
"""Doubles may differ by this, relative to the larger of 1 and their size: sums may run in another order."""


@dataclass(frozen=True)
class Comparison:
    """How one table on one engine differs from the same table on another."""

    table: str
    rows: int
    only_left: int
    only_right: int
    doubles_apart: int
    note: str = ""
    examples: tuple[str, ...] = ()

    @property
    def differences(self) -> int:
        """Rows that one side lacks, doubles that disagree, and one for a shape that cannot be compared."""
        return self.only_left + self.only_right + self.doubles_apart + bool(self.note)


def _comparable(frame: pl.DataFrame) -> pl.DataFrame:
    """The frame with one type per kind of value: an engine's width of integer does not count."""

    def cast(name: str, dtype: pl.DataType) -> pl.Expr:
        column = pl.col(name)
        if dtype.is_integer():
            return column.cast(pl.Int64)
        if dtype.is_float():
            return column.cast(pl.Float64)
        if dtype.is_decimal():
            return column.cast(pl.Decimal(38, dtype.scale))  # ty: ignore[missing-attribute]
        if isinstance(dtype, pl.Datetime):
            return column.dt.replace_time_zone(None).cast(pl.Datetime("us"))
        return column

    return frame.select(cast(name, dtype) for name, dtype in frame.schema.items())


def compare(table: str, left: pl.DataFrame, right: pl.DataFrame) -> Comparison:
    """Compare two frames of the same table, whatever the order of their rows.

    Rows are matched on every column that is not a double; doubles are then compared between matched rows.
    A column that only one side has, or of another kind, is a difference that `note` names.
    """
    if set(left.columns) != set(right.columns):
        lonely = sorted(set(left.columns) ^ set(right.columns))
        return Comparison(table, left.height, 0, 0, 0, f"columns on one side only: {', '.join(lonely)}")
    left, right = _comparable(left), _comparable(right.select(left.columns))
    unlike = [c for c in left.columns if left.schema[c] != right.schema[c]]
    if unlike:
        kinds = ", ".join(f"{c} {left.schema[c]}/{right.schema[c]}" for c in unlike)
        return Comparison(table, left.height, 0, 0, 0, f"columns of another type: {kinds}")

    doubles = [c for c, dtype in left.schema.items() if dtype.is_float()]
    exact = [c for c in left.columns if c not in doubles]

    def numbered(frame: pl.DataFrame) -> pl.DataFrame:
        ordered = frame.sort(exact + doubles, nulls_last=True)
        return ordered.with_columns(pl.int_range(pl.len()).over(exact).alias("_twin"))

    left, right = numbered(left), numbered(right)
    keys = [*exact, "_twin"]
    only_left = left.join(right, on=keys, how="anti", nulls_equal=True)
    only_right = right.join(left, on=keys, how="anti", nulls_equal=True)
    examples = tuple(str(frame.row(0, named=True)) for frame in (only_left, only_right) if frame.height)
    matched = left.join(right, on=keys, how="inner", nulls_equal=True, suffix="__right")
    apart = 0
    for name in doubles:
        a, b = pl.col(name), pl.col(f"{name}__right")
        size = pl.max_horizontal(a.abs(), b.abs(), pl.lit(1.0))
        agrees = (a.is_null() & b.is_null()) | ((a - b).abs() <= TOLERANCE * size).fill_null(False)
        apart += matched.select((~(agrees | (a == b).fill_null(False))).sum()).item()
    return Comparison(table, left.height, only_left.height, only_right.height, apart, examples=examples)
