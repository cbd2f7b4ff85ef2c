"""What a table's columns are: label, kind and unit, said once for the grid, the CSV and the workbook.

Belongs here: how a value of a kind is written, in the page's language. The browser's own language decides
nothing: a French page is French in an English browser. Does not belong here: what is asked and shown.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import polars as pl
import streamlit as st

from pipelines.queries import formats

Kind = Literal["text", "number", "percent", "euro", "day", "month", "flag"]
# What stands after a label where the values themselves carry no sign: share (0 to 1) and euros.
_UNITS = {"percent": {"en": "share", "fr": "part"}, "euro": {"en": "EUR", "fr": "EUR"}}


@dataclass(frozen=True)
class Field:
    """One column of a table: `decimals` for numbers, `is_signed` writes a plus before them."""

    label: str
    kind: Kind = "text"
    decimals: int = 0
    is_signed: bool = False
    width: Literal["small", "medium", "large"] | None = None
    is_pinned: bool = False

    def heading(self, language: str) -> str:
        """The label with its unit: what a file says above bare numbers."""
        unit = _UNITS.get(self.kind)
        return f"{self.label} ({unit[language]})" if unit else self.label

    def written(self, value: Any, language: str) -> str:
        """The value as people read it."""
        if value is None:
            return formats.UNKNOWN
        if self.kind == "number":
            sign = "+" if self.is_signed and value > 0 else ""
            return sign + formats.number(value, language, self.decimals)
        if self.kind == "percent":
            return formats.percent(value, language)
        if self.kind == "euro":
            return formats.euros(value, language, 2)
        if self.kind == "day":
            return formats.day(value, language)
        if self.kind == "month":
            return formats.month(value, language)
        return str(value)


def text(label: str, width: Literal["small", "medium", "large"] | None = None) -> Field:
    """Words, codes and keys."""
    return Field(label, width=width)


def number(label: str, decimals: int = 0, *, is_signed: bool = False, is_pinned: bool = False) -> Field:
    """A count or another bare number."""
    return Field(label, "number", decimals, is_signed, is_pinned=is_pinned)


def percent(label: str) -> Field:
    """A share between 0 and 1, written in percent."""
    return Field(label, "percent")


def euro(label: str) -> Field:
    """An amount in EUR, with its cents."""
    return Field(label, "euro")


def day(label: str) -> Field:
    """A date."""
    return Field(label, "day")


def month(label: str) -> Field:
    """A month, named by its first day."""
    return Field(label, "month")


def flag(label: str) -> Field:
    """Yes or no."""
    return Field(label, "flag")


def declared(frame: pl.DataFrame, columns: Mapping[str, Field | str]) -> dict[str, Field]:
    """The columns that the frame has; a bare label takes its kind from the frame."""
    return {
        name: column if isinstance(column, Field) else _of_type(frame.schema[name], column)
        for name, column in columns.items()
        if name in frame.columns
    }


def _of_type(dtype: pl.DataType, label: str) -> Field:
    if dtype.is_integer():
        return number(label)
    if dtype.is_numeric():
        return number(label, 2)
    if dtype == pl.Boolean:
        return flag(label)
    return day(label) if dtype == pl.Date else text(label)


def displayed(frame: pl.DataFrame, columns: Mapping[str, Field], language: str) -> Any:
    """The frame for Streamlit's grid, each cell with the words that it shows; sorting stays by value.

    A pandas Styler carries them; its own way of making them costs forty times more than writing the values.
    """
    rows = frame.select(list(columns))
    styler = rows.to_pandas().style
    written = [
        [column.written(value, language) for value in rows[name].to_list()]
        for name, column in columns.items()
    ]
    body = [
        [{"id": f"row{row}_col{place}", "display_value": texts[row]} for place, texts in enumerate(written)]
        for row in range(rows.height)
    ]
    made: dict[str, Any] = {"body": body, "cellstyle": [], "table_styles": []}
    vars(styler).update(_compute=lambda: styler, _translate=lambda *_: made)
    return styler


def configured(columns: Mapping[str, Field]) -> dict[str, Any]:
    """Streamlit's configuration of the columns: labels, widths, how they sort."""
    kinds = {
        "number": st.column_config.NumberColumn,
        "percent": st.column_config.NumberColumn,
        "euro": st.column_config.NumberColumn,
        "day": st.column_config.DateColumn,
        "month": st.column_config.DateColumn,
        "flag": st.column_config.CheckboxColumn,
        "text": st.column_config.TextColumn,
    }
    return {
        name: kinds[column.kind](column.label, width=column.width, pinned=column.is_pinned or None)
        for name, column in columns.items()
    }
