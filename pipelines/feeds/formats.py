"""Files that are no CSV, as batches of text: JSON, NDJSON and workbooks.

Belongs here: records and cells of these formats as the text that they store, with the row on which each
stands. Does not belong here: CSV (`rows`), Parquet (`staging`), or what a cell means (`translation`).

Numbers keep their digits: they are written as the source's dialect writes numbers, never through a float.
"""

from __future__ import annotations

import datetime as dt
import io
import json
import math
import re
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import Any
from xml.parsers.expat import ExpatError

import pyarrow as pa

from pipelines.feeds.counting_formats import document_items, filled_lines, sheet_rows
from pipelines.feeds.files import FileRefusedError

_BATCH_ROWS = 10_000
# A document is held in memory as a whole; longer ones are written as NDJSON.
MAX_DOCUMENT_BYTES = 48 << 20
MAX_WORKBOOK_BYTES = 256 << 20

NOT_JSON = "the line is not a JSON object: write one object per line"


@dataclass
class Records:
    """A file's records: how many were counted apart, the columns that they have, where each starts, and the
    lines that are none.
    """

    records: int
    columns: tuple[str, ...]
    values: list[list[str | None]] = field(default_factory=list)
    rows: list[int] = field(default_factory=list)
    unparsed: list[tuple[int, str]] = field(default_factory=list)
    findings: tuple[str, ...] = ()

    def batches(
        self, names: Sequence[str], places: Sequence[int]
    ) -> tuple[pa.Schema, Iterator[pa.RecordBatch]]:
        """The columns at these places under these names, and `_row`."""
        schema = pa.schema([*((name, pa.string()) for name in names), ("_row", pa.int64())])

        def made() -> Iterator[pa.RecordBatch]:
            for begin in range(0, len(self.rows), _BATCH_ROWS):
                part = self.values[begin : begin + _BATCH_ROWS]
                columns = [pa.array([row[place] for row in part], pa.string()) for place in places]
                rows = pa.array(self.rows[begin : begin + _BATCH_ROWS], pa.int64())
                yield pa.record_batch([*columns, rows], schema=schema)

        return schema, made()


# Records counted apart, the objects with their places, the lines or items that are none.
_Objects = tuple[int, list[tuple[int, dict]], list[tuple[int, str]]]


class _Number(str):
    """A number of a JSON text, with the digits that stand there."""


def is_workbook(path: Path) -> bool:
    """Whether the file is an XLSX workbook."""
    with path.open("rb") as file:
        if file.read(4) != b"PK\x03\x04":
            return False
    try:
        with zipfile.ZipFile(path) as archive:
            return any(name.startswith("xl/") for name in archive.namelist())
    except zipfile.BadZipFile:
        return False


def json_records(
    name: str, blocks: Iterator[bytes], wanted: Sequence[str], decimal_mark: str, is_ndjson: bool
) -> Records:
    """The objects of a JSON document, or of a text with one object per line.

    Columns are the top-level names, and those of `wanted` with points in them (`via.channel`), which reach
    into objects. A list of plain values is joined by `|`; other lists and objects stay JSON.
    """
    nested = [column for column in wanted if "." in column]
    counted, objects, unparsed = _lines(name, blocks) if is_ndjson else _document(name, blocks)
    columns: dict[str, int] = {}
    for _, item in objects:
        for key in item:
            columns.setdefault(key.strip(), len(columns))
    for column in nested:
        if column not in columns and any(_reaches(item, column) for _, item in objects):
            columns[column] = len(columns)
    records = Records(counted, tuple(columns), unparsed=unparsed)
    for row, item in objects:
        cells = {key.strip(): value for key, value in item.items()}
        records.values.append(
            [
                _json_text(cells[column] if column in cells else _reached(item, column), decimal_mark)
                for column in columns
            ]
        )
        records.rows.append(row)
    return records


def _loaded(text: str | bytes) -> Any:
    return json.loads(text, parse_float=_Number, parse_int=_Number, parse_constant=_no_number)


def _no_number(value: str) -> Any:
    raise ValueError(f"{value} is not JSON")


def _lines(name: str, blocks: Iterator[bytes]) -> _Objects:
    objects: list[tuple[int, dict]] = []
    unparsed: list[tuple[int, str]] = []
    number, held, size, counted = 0, b"", 0, 0
    for block in chain(blocks, [b""]):
        size += len(block)
        counted += filled_lines(block)
        if size > MAX_WORKBOOK_BYTES:
            raise FileRefusedError(
                f"{name} is larger than {MAX_WORKBOOK_BYTES >> 20} MiB of JSON: split it by lines, or "
                f"send CSV."
            )
        *lines, held = (held + block).split(b"\n") if block else [held, b""]
        for line in lines:
            number += 1
            if not line.strip():
                continue
            try:
                item = _loaded(line)
            except (ValueError, RecursionError):
                item = None
            if isinstance(item, dict):
                objects.append((number, item))
            else:
                unparsed.append((number, NOT_JSON))
    return counted, objects, unparsed


def _document(name: str, blocks: Iterator[bytes]) -> _Objects:
    parts, size = [], 0
    for block in blocks:
        size += len(block)
        if size > MAX_DOCUMENT_BYTES:
            raise FileRefusedError(
                f"{name} is a JSON document of more than {MAX_DOCUMENT_BYTES >> 20} MiB: send it as "
                f"NDJSON, one "
                "object per line."
            )
        parts.append(block)
    text = b"".join(parts)
    counted = document_items(text)
    try:
        whole = _loaded(text)
    except (ValueError, RecursionError) as error:
        lines = text.split(b"\n")
        first = next((line for line in lines if line.strip()), b"")
        try:
            is_lines = isinstance(_loaded(first), dict)
        except (ValueError, RecursionError):
            is_lines = False
        if is_lines:  # one object per line, under the name of a document
            return _lines(name, iter([text]))
        raise FileRefusedError(f"{name} is not a JSON document ({error}): send it again, whole.") from None
    if isinstance(whole, dict):
        lists = {
            key: value
            for key, value in whole.items()
            if isinstance(value, list) and value and all(isinstance(item, dict) for item in value)
        }
        if len(lists) > 1:
            raise FileRefusedError(
                f"{name} holds several lists of records ({', '.join(lists)}): send one of them per file."
            )
        empty = [key for key, value in whole.items() if value == []]
        whole = next(iter(lists.values())) if lists else [] if empty and len(whole) <= 4 else [whole]
    if not isinstance(whole, list):
        raise FileRefusedError(f"{name} holds no list of records: send a list of objects.")
    objects: list[tuple[int, dict]] = [
        (row, item) for row, item in enumerate(whole, 1) if isinstance(item, dict)
    ]
    unparsed: list[tuple[int, str]] = [
        (row, NOT_JSON) for row, item in enumerate(whole, 1) if not isinstance(item, dict)
    ]
    return counted, objects, unparsed


def _reached(item: dict, column: str) -> Any:
    value: Any = item
    for part in column.split("."):
        if not isinstance(value, dict):
            return None
        value = value.get(part)
    return value


def _reaches(item: dict, column: str) -> bool:
    return _reached(item, column) is not None


def _json_text(value: Any, decimal_mark: str) -> str | None:
    if value is None:
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, _Number):
        return value.replace(".", decimal_mark)
    if isinstance(value, str):
        return value
    if isinstance(value, list) and not any(isinstance(item, list | dict) for item in value):
        return "|".join(_json_text(item, decimal_mark) or "" for item in value)
    return _dumped(value)


def _dumped(value: Any) -> str:
    """JSON again, numbers with the digits that stood there."""
    if isinstance(value, dict):
        return (
            "{"
            + ",".join(
                f"{json.dumps(key, ensure_ascii=False)}:{_dumped(item)}" for key, item in value.items()
            )
            + "}"
        )
    if isinstance(value, list):
        return "[" + ",".join(_dumped(item) for item in value) + "]"
    return str(value) if isinstance(value, _Number) else json.dumps(value, ensure_ascii=False)


def workbook_records(
    name: str, path: Path, skip_lines: int, decimal_mark: str, date_forms: Sequence[str] = ()
) -> Records:
    """The first visible sheet that holds anything, cells as they are stored: texts with their leading zeros,
    dates in the source's own pattern, else as ISO 8601, formulas as their values.
    """
    from python_calamine import CalamineError, CalamineWorkbook, SheetVisibleEnum

    with zipfile.ZipFile(path) as archive:
        size = sum(item.file_size for item in archive.infolist())
    if size > MAX_WORKBOOK_BYTES:
        raise FileRefusedError(
            f"{name} unpacks to more than {MAX_WORKBOOK_BYTES >> 20} MiB: save the sheet as “CSV UTF-8”."
        )
    try:
        book = CalamineWorkbook.from_filelike(io.BytesIO(path.read_bytes()))
        visible = [item.name for item in book.sheets_metadata if item.visible == SheetVisibleEnum.Visible]
        hidden = [item.name for item in book.sheets_metadata if item.name not in visible]
        filled = [sheet for sheet in visible if _is_filled(book, sheet)]
        if not filled:
            raise FileRefusedError(f"{name} holds no visible sheet with cells: send it again.")
        rows = book.get_sheet_by_name(filled[0]).to_python(skip_empty_area=False)
    except CalamineError as error:
        raise FileRefusedError(
            f"{name} is not a workbook that can be read ({error}): save it again."
        ) from None
    findings = []
    if hidden:
        findings.append(
            f"{name}: the hidden sheet{'s' if len(hidden) > 1 else ''} {', '.join(hidden)} was not read."
        )
    if len(filled) > 1:
        findings.append(f"{name}: only the sheet {filled[0]} was read, not {', '.join(filled[1:])}.")
    place = skip_lines
    while place < len(rows) and not any(_cell_text(cell, ".") for cell in rows[place]):
        place += 1
    if place >= len(rows):
        raise FileRefusedError(f"{name} has no header: the first row of {filled[0]} must name the columns.")
    columns = tuple((_cell_text(cell, ".") or "").strip() for cell in rows[place])
    while columns and not columns[-1]:
        columns = columns[:-1]
    try:
        counted = sheet_rows(path, filled[0], skip_lines)
    except (ExpatError, KeyError, ValueError, StopIteration) as error:
        raise FileRefusedError(
            f"{name} is a workbook whose rows cannot be counted ({error}): save it again."
        ) from None
    records = Records(counted, columns, findings=tuple(findings))
    for number, row in enumerate(rows[place + 1 :], place + 2):
        cells = [_cell_text(cell, decimal_mark, date_forms) for cell in row]
        if not any(cells):
            continue
        if any(cells[len(columns) :]):
            records.unparsed.append(
                (number, "the row has cells beyond the last column that the header names")
            )
            continue
        records.values.append((cells + [None] * len(columns))[: len(columns)])
        records.rows.append(number)
    return records


def _is_filled(book: Any, sheet: str) -> bool:
    found = book.get_sheet_by_name(sheet)
    return found.total_height > 0 and found.total_width > 0


def _date_form(value: dt.date, forms: Sequence[str]) -> str | None:
    """The pattern in which the source writes its dates, so that a cell that is a date is read like the
    others.
    """
    plain = [form for form in forms if "%" in form and not re.search("%[aAbBzZs]", form)]
    has_clock = isinstance(value, dt.datetime) and value.time() != dt.time()
    fitting = [form for form in plain if ("%H" in form) == has_clock]
    return next(iter(fitting or ([] if has_clock else plain)), None)


def _cell_text(value: Any, decimal_mark: str, date_forms: Sequence[str] = ()) -> str | None:
    """A cell as text; a moment without a clock is a date."""
    if value is None or value == "":
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        if not math.isfinite(value):
            return str(value)
        text = str(int(value)) if value.is_integer() and abs(value) < 10**15 else repr(value)
        return text.replace(".", decimal_mark)
    if isinstance(value, dt.datetime | dt.date) and (form := _date_form(value, date_forms)):
        return value.strftime(form)
    if isinstance(value, dt.datetime):
        is_date = value.time() == dt.time()
        return value.date().isoformat() if is_date else value.isoformat(timespec="seconds")
    if isinstance(value, dt.timedelta):
        seconds = round(value.total_seconds())
        return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"
    if isinstance(value, dt.date | dt.time):
        return value.isoformat()
    return str(value)
