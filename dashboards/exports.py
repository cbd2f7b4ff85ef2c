"""Tables as files: a workbook that says what it holds, and a CSV that a double click opens.

Text from outside is inert in both: no cell begins a formula. Does not belong here: buttons, layout.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import polars as pl
import xlsxwriter

from dashboards.fields import Field

# A spreadsheet runs a cell that begins like this; an apostrophe in front turns it into text.
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
# What a spreadsheet of the language splits at and writes before decimals.
_SEPARATORS = {"en": ",", "fr": ";"}
_POINTS = {"en": ".", "fr": ","}
_YES_NO = {"en": ("No", "Yes"), "fr": ("Non", "Oui")}
_NUMBER_FORMATS = {"percent": "0.0%", "euro": '#,##0.00\\ "€"', "day": "dd/mm/yyyy", "month": "mm/yyyy"}
_WIDEST = 60
# Excel holds no more than this in a cell.
_CELL_CHARACTERS = 32_767


@dataclass(frozen=True)
class Notes:
    """What a workbook says about itself: the name of each sheet, then rows of two texts."""

    data_sheet: str
    about_sheet: str
    definitions_sheet: str
    about: Sequence[tuple[str, str]]
    definitions: Sequence[tuple[str, str]]


def inert_cell(value: object) -> object:
    """The value, or the text that no spreadsheet will run."""
    if isinstance(value, str) and value.lstrip().startswith(_FORMULA_STARTS):
        return "'" + value
    return value


def csv_bytes(frame: pl.DataFrame, columns: Mapping[str, Field], language: str) -> bytes:
    """The table as CSV for a spreadsheet of the language, UTF-8 with the mark by which Excel knows it.

    French: semicolons and decimal commas. Numbers are written out in full, never with an exponent.
    """
    text = io.StringIO()
    writer = csv.writer(text, delimiter=_SEPARATORS[language], lineterminator="\r\n")
    writer.writerow([inert_cell(column.heading(language)) for column in columns.values()])
    for row in frame.select(list(columns)).iter_rows():
        writer.writerow([_csv_cell(value, language) for value in row])
    return text.getvalue().encode("utf-8-sig")


def _csv_cell(value: object, language: str) -> object:
    if isinstance(value, bool):
        return _YES_NO[language][value]
    if isinstance(value, (float, Decimal)):
        number = Decimal(str(value))
        return f"{number:f}".replace(".", _POINTS[language]) if number.is_finite() else None
    return inert_cell(value)


def xlsx_bytes(frame: pl.DataFrame, columns: Mapping[str, Field], notes: Notes, language: str) -> bytes:
    """The table as a workbook: the data, what it is of, and what its words mean. Numbers are numbers."""
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, {"in_memory": True, "strings_to_numbers": False}) as book:
        bold = book.add_format({"bold": True, "text_wrap": True, "valign": "top", "bottom": 1})
        wrapped = book.add_format({"text_wrap": True, "valign": "top"})
        sheet = book.add_worksheet(notes.data_sheet)
        sheet.freeze_panes(1, 0)
        sheet.autofilter(0, 0, frame.height, max(0, len(columns) - 1))
        for place, (name, column) in enumerate(columns.items()):
            values = frame[name].to_list()
            shape = book.add_format({"num_format": _number_format(column)})
            longest = max([len(column.written(value, language)) for value in values[:200]], default=0)
            sheet.set_column(place, place, min(_WIDEST, max(longest, len(column.heading(language)), 8) + 2))
            sheet.write_string(0, place, column.heading(language), bold)
            for row, value in enumerate(values, start=1):
                _write(sheet, row, place, value, shape, language)
        for name, rows in ((notes.about_sheet, notes.about), (notes.definitions_sheet, notes.definitions)):
            sheet = book.add_worksheet(name)
            sheet.set_column(0, 0, 34)
            sheet.set_column(1, 1, 100)
            for row, (left, right) in enumerate(rows):
                sheet.write_string(row, 0, left, bold)
                sheet.write_string(row, 1, right[:_CELL_CHARACTERS], wrapped)
    return buffer.getvalue()


def _number_format(column: Field) -> str:
    if column.kind == "number":
        return "#,##0" + ("." + "0" * column.decimals if column.decimals else "")
    return _NUMBER_FORMATS.get(column.kind, "General")


def _write(sheet: Any, row: int, place: int, value: Any, shape: Any, language: str) -> None:
    if value is None:
        sheet.write_blank(row, place, None, shape)
    elif isinstance(value, bool):
        sheet.write_string(row, place, _YES_NO[language][value])
    elif isinstance(value, (int, float, Decimal)):
        if Decimal(str(value)).is_finite():
            sheet.write_number(row, place, float(value), shape)
    elif isinstance(value, (date, datetime)):
        sheet.write_datetime(row, place, value, shape)
    else:
        # Never write(): it would turn =… into a formula.
        sheet.write_string(row, place, str(value)[:_CELL_CHARACTERS])
