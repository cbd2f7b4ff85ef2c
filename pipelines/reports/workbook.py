"""A document as workbook: a sheet per table with all its rows as numbers, and Excel's own charts of them."""

from __future__ import annotations

import io
import math
import re
from collections.abc import Mapping
from datetime import date, datetime, time
from typing import Any

import xlsxwriter

from pipelines.queries.words import say
from pipelines.reports.blocks import Chart, Document, Table, Text
from pipelines.reports.names import CATALOGUE

# Formats of Excel itself: the reader's own Excel shows them with their separators.
_FORMATS = {
    "text": {},
    "integer": {"num_format": "#,##0"},
    "decimal": {"num_format": "#,##0.00"},
    "percent": {"num_format": "0.0%"},
    "euros": {"num_format": '#,##0.00 "€"'},
    "day": {"num_format": "dd/mm/yyyy"},
}
_COLOURS = ("#1F6F54", "#9AA5A0", "#B5651D")


def workbook_of(document: Document) -> bytes:
    """The workbook; the same document gives the same bytes."""
    file = io.BytesIO()
    # Text stays text whatever it begins with; the second lock beside write_string.
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(file, {**options, "strings_to_numbers": False}) as book:
        # The build's time, not the clock's.
        book.set_properties(
            {"title": f"{document.title} {document.subtitle}"[:255], "created": document.made_at}
        )
        formats = {kind: book.add_format(form) for kind, form in _FORMATS.items()}
        formats["header"] = book.add_format(
            {"bold": True, "bg_color": "#E3EDE8", "bottom": 1, "text_wrap": True, "valign": "top"}
        )
        formats["title"] = book.add_format({"bold": True, "font_size": 14})
        formats["wrapped"] = book.add_format({"text_wrap": True, "valign": "top"})
        used: set[str] = set()
        _about(book, document, formats, used)
        sheets: dict[int, tuple[Any, str]] = {}
        for block in document.blocks:
            if isinstance(block, Table):
                name = _sheet_name(block.title, used)
                sheets[id(block)] = _sheet(book, name, block, formats), name
        for block in document.blocks:
            if isinstance(block, Chart):
                _chart(book, block, *sheets[id(block.table)])
    return file.getvalue()


def _about(book: Any, document: Document, formats: Mapping[str, Any], used: set[str]) -> None:
    sheet = book.add_worksheet(_sheet_name(say(CATALOGUE, "about", document.language), used))
    sheet.set_column(0, 0, 110)
    sheet.write_string(0, 0, document.title, formats["title"])
    lines = [document.subtitle, document.footer]
    lines += [block.text for block in document.blocks if isinstance(block, Text) and block.tone != "quote"]
    for row, line in enumerate(lines, 1):
        sheet.write_string(row, 0, line, formats["wrapped"])


def _sheet(book: Any, name: str, table: Table, formats: Mapping[str, Any]) -> Any:
    sheet = book.add_worksheet(name)
    for position, column in enumerate(table.columns):
        sheet.write_string(0, position, column.title, formats["header"])
        sheet.set_column(position, position, column.width)
        for row, values in enumerate(table.rows, 1):
            _write(sheet, row, position, values[position], column.kind, formats[column.kind])
    sheet.freeze_panes(1, 1)
    sheet.autofilter(0, 0, max(len(table.rows), 1), len(table.columns) - 1)
    sheet.set_landscape()
    sheet.fit_to_pages(1, 0)
    sheet.repeat_rows(0)
    return sheet


def _write(sheet: Any, row: int, position: int, value: Any, kind: str, form: Any) -> None:
    """A value with its own type."""
    # A limit that nothing bounds is no number of a spreadsheet.
    if value is None or (isinstance(value, float) and not math.isfinite(value)):
        sheet.write_blank(row, position, None, form)
    elif kind == "text":
        sheet.write_string(row, position, str(value), form)
    elif kind == "day":
        moment = datetime.combine(value, time()) if isinstance(value, date) else value
        sheet.write_datetime(row, position, moment, form)
    else:
        sheet.write_number(row, position, float(value), form)


def _chart(book: Any, block: Chart, sheet: Any, name: str) -> None:
    table = block.table
    last = len(table.rows)
    if not last:
        return
    chart = book.add_chart({"type": "bar" if block.kind == "bar" else "line"})
    for place, series in enumerate(block.series):
        colour = {"color": _COLOURS[place % len(_COLOURS)]}
        chart.add_series(
            {
                "name": [name, 0, series],
                "categories": [name, 1, block.x, last, block.x],
                "values": [name, 1, series, last, series],
                "fill" if block.kind == "bar" else "line": colour,
            }
        )
    chart.set_title({"name": block.title, "name_font": {"size": 12}})
    if block.kind == "bar":
        # Excel counts bars from the bottom up.
        chart.set_y_axis({"reverse": True})
    chart.set_legend({"none": True} if len(block.series) == 1 else {"position": "bottom"})
    chart.set_size({"width": 720, "height": 380})
    sheet.insert_chart(1, len(table.columns) + 1, chart, {"description": block.alt})


def _sheet_name(title: str, used: set[str]) -> str:
    """A name that Excel takes: 31 characters at most, none of []:*?/\\, no quote at an end, each once."""
    plain = re.sub(r"[\[\]:*?/\\\x00-\x1f]", " ", title).strip(" '")[:31].rstrip(" '") or "table"
    name, times = plain, 1
    while name.casefold() in used:
        times += 1
        name = f"{plain[: 30 - len(str(times))]} {times}"
    used.add(name.casefold())
    return name
