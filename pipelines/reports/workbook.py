"""The XLSX of a defect report: the same figures with real types, one sheet per table."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

import polars as pl
import xlsxwriter

from pipelines.queries.build_facts import BuildFacts
from pipelines.queries.defects import BASELINE_WEEKS, DefectWeek
from pipelines.queries.formats import PER_UNITS, percent
from pipelines.queries.words import code_label, say
from pipelines.reports.document import CATALOGUE, family_label, fault_label

# Formats of Excel itself: the reader's own Excel shows them with their separators.
FORMATS = {
    "text": {},
    "integer": {"num_format": "#,##0"},
    "decimal": {"num_format": "#,##0.00"},
    "percent": {"num_format": "0.0%"},
    "euros": {"num_format": '#,##0.00 "€"'},
    "day": {"num_format": "dd/mm/yyyy"},
}


@dataclass(frozen=True)
class Column:
    """One column of a sheet: its title, the format of its cells, its width, and where a cell comes from."""

    title: str
    kind: str
    width: int
    value: Callable[[Mapping[str, Any]], Any]


def write_workbook(
    path: Path, report: DefectWeek, facts: BuildFacts, faults: Mapping[str, str], language: str
) -> None:
    """Write one family's workbook."""

    def t(key: str, **values: object) -> str:
        return say(CATALOGUE, key, language, **values)

    # Text stays text whatever it begins with; the second lock beside write_string.
    options = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with xlsxwriter.Workbook(str(path), options) as book:
        # The build's time, not the clock's: the same report twice is the same file.
        book.set_properties({"title": f"{t('title')} {report.week}", "created": facts.finished_at})
        formats = {kind: book.add_format(form) for kind, form in FORMATS.items()}
        formats["header"] = book.add_format(
            {"bold": True, "bg_color": "#E3EDE8", "bottom": 1, "text_wrap": True, "valign": "top"}
        )
        formats["title"] = book.add_format({"bold": True, "font_size": 14})
        _summary(book, formats, report, facts, language, t)
        _sheet(book, formats, t("weeks"), _week_columns(report, language, t), report.by_week)
        _sheet(book, formats, t("faults"), _fault_columns(faults, language, t), report.by_fault)
        _sheet(book, formats, t("products"), _sku_columns(t), report.by_sku)
        claim_columns = _claim_columns(faults, language, t)
        _sheet(book, formats, t("refusals"), claim_columns, report.refusals)
        _sheet(book, formats, t("claims"), claim_columns, report.claims)


def _summary(
    book: Any, formats: Mapping[str, Any], report: DefectWeek, facts: BuildFacts, language: str, t: Any
) -> None:
    columns = _summary_columns(language, t)
    sheet = book.add_worksheet(t("key_figures"))
    sheet.write_string(0, 0, f"{t('title')}: {family_label(report.family_code, language)}", formats["title"])
    week = report.week
    lines = [
        t("week", week=week, monday=week.monday, sunday=week.sunday),
        t("basis", as_of=facts.as_of, build=facts.build_id, units=report.units),
        t(
            "how_to_read",
            unknown=report.claims_without_cause,
            claims=report.claims.height,
            compared=report.compared,
            level=percent(report.false_alarm_share, language, 0),
        ),
    ]
    if not report.is_complete:
        lines.append(t("incomplete"))
    if not report.has_claims:
        lines.append(t("empty"))
    for row, line in enumerate(lines, start=1):
        sheet.write_string(row, 0, line)
    first = len(lines) + 2
    rows = [vars(each) for each in report.comparisons]
    _table(sheet, formats, columns, rows, first)
    sheet.freeze_panes(first + 1, 1)


def _sheet(
    book: Any, formats: Mapping[str, Any], name: str, columns: Sequence[Column], frame: pl.DataFrame
) -> None:
    sheet = book.add_worksheet(name)
    rows = list(frame.iter_rows(named=True))
    _table(sheet, formats, columns, rows, 0)
    sheet.freeze_panes(1, 1)
    sheet.autofilter(0, 0, max(len(rows), 1), len(columns) - 1)
    sheet.set_landscape()
    sheet.fit_to_pages(1, 0)
    sheet.repeat_rows(0)


def _table(
    sheet: Any,
    formats: Mapping[str, Any],
    columns: Sequence[Column],
    rows: Sequence[Mapping[str, Any]],
    first: int,
) -> None:
    for position, column in enumerate(columns):
        sheet.write_string(first, position, column.title, formats["header"])
        sheet.set_column(position, position, column.width)
        for row, values in enumerate(rows, start=first + 1):
            write_cell(sheet, row, position, column.value(values), column.kind, formats[column.kind])


def write_cell(sheet: Any, row: int, position: int, value: Any, kind: str, form: Any) -> None:
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


def _scaled(key: str) -> Callable[[Mapping[str, Any]], float | None]:
    return lambda row: None if row[key] is None else row[key] * PER_UNITS


def _read(key: str) -> Callable[[Mapping[str, Any]], Any]:
    return lambda row: row[key]


def _summary_columns(language: str, t: Any) -> list[Column]:
    return [
        Column(t("figure"), "text", 26, lambda row: row["measure"].label(language)),
        Column(t("this_week"), "integer", 12, _read("events")),
        Column(t("rate"), "decimal", 12, _scaled("rate")),
        Column(t("low"), "decimal", 10, _scaled("rate_low")),
        Column(t("high"), "decimal", 10, _scaled("rate_high")),
        Column(t("expected"), "decimal", 14, _read("expected")),
        Column(t("expected_rate"), "decimal", 12, _scaled("expected_rate")),
        Column(t("ratio"), "decimal", 14, _read("ratio")),
        Column(t("low"), "decimal", 10, _read("ratio_low")),
        Column(t("high"), "decimal", 10, _read("ratio_high")),
        Column(t("reading"), "text", 22, lambda row: t(row["verdict"])),
    ]


def _week_columns(report: DefectWeek, language: str, t: Any) -> list[Column]:
    counted = [
        Column(each.measure.label(language), "integer", 14, _read(each.measure.name))
        for each in report.comparisons
    ]
    return [
        Column(t("week_column"), "text", 11, _read("week")),
        Column(t("monday"), "day", 12, _read("monday")),
        Column(t("units"), "integer", 14, _read("units")),
        *counted,
        Column(t("rate"), "decimal", 12, _scaled("rate")),
        Column(t("low"), "decimal", 10, _scaled("rate_low")),
        Column(t("high"), "decimal", 10, _scaled("rate_high")),
        Column(t("expected_rate"), "decimal", 12, _scaled("expected_rate")),
    ]


def _fault_columns(faults: Mapping[str, str], language: str, t: Any) -> list[Column]:
    return [
        Column(t("fault"), "text", 34, lambda row: fault_label(row["fault_code"], faults, language)),
        Column(t("claims_column"), "integer", 12, _read("claims")),
        Column(t("expected"), "decimal", 14, _read("expected")),
        Column(t("ratio"), "decimal", 14, _read("ratio")),
        Column(t("low"), "decimal", 10, _read("ratio_low")),
        Column(t("high"), "decimal", 10, _read("ratio_high")),
        Column(t("reading"), "text", 22, lambda row: t(row["verdict"])),
    ]


def _sku_columns(t: Any) -> list[Column]:
    return [
        Column(t("sku"), "text", 20, _read("sku")),
        Column(t("claims_column"), "integer", 12, _read("claims")),
        Column(t("before", n=BASELINE_WEEKS), "integer", 14, _read("claims_before")),
        Column(t("failures_column"), "integer", 12, _read("failures")),
        Column(t("failures_before", n=BASELINE_WEEKS), "integer", 16, _read("failures_before")),
    ]


def _claim_columns(faults: Mapping[str, str], language: str, t: Any) -> list[Column]:
    return [
        Column(t("ticket"), "text", 14, _read("ticket_id")),
        Column(t("requested"), "day", 12, _read("requested_on")),
        Column(t("family"), "text", 18, _read("family_code")),
        Column(t("sku"), "text", 16, _read("sku")),
        Column(t("lot"), "text", 12, _read("lot_code")),
        Column(t("centre"), "text", 14, _read("service_center_id")),
        Column(t("category"), "text", 16, lambda row: code_label(row["category"], language)),
        Column(t("cause"), "text", 16, lambda row: code_label(row["cause"], language)),
        Column(t("fault"), "text", 30, lambda row: fault_label(row["fault_code"], faults, language)),
        Column(t("outcome"), "text", 22, lambda row: code_label(row["actual_outcome"], language)),
        Column(t("age"), "decimal", 10, _read("age_months")),
        Column(t("cost"), "euros", 12, _read("net_cost_eur")),
        Column(t("words"), "text", 60, _read("description")),
    ]
