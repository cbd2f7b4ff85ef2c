"""What a file of unknown origin looks like: its format, its dialect, its columns and the kinds of their
cells.

Belongs here: looking at the first rows, and the doubts that they leave. Does not belong here: which feed a
column may belong to (`drafting`), or reading a file for good (`staging`).
"""

from __future__ import annotations

import csv
import gzip
import io
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import duckdb
import pyarrow.parquet as pa_parquet

from pipelines.feeds import date_forms, formats, sql
from pipelines.feeds.files import FileRefusedError, shown
from pipelines.feeds.numbers import BLANKS

_SAMPLE_BYTES = 2 << 20
_SAMPLE_ROWS = 2_000
_FORMS = (
    *("%d/%m/%Y", "%d/%m/%Y %H:%M", "%d/%m/%Y %H:%M:%S", "%m/%d/%Y", "%m/%d/%Y %H:%M", "%m/%d/%Y %H:%M:%S"),
    *("%d/%m/%y", "%d/%m/%y %H:%M", "%d.%m.%Y", "%d.%m.%Y %H:%M", "%d.%m.%y", "%d-%m-%Y", "%d-%m-%Y %H:%M"),
    *("%Y/%m/%d", "%Y/%m/%d %H:%M", "%Y/%m/%d %H:%M:%S", "%Y/%m/%d %H:%M:%S.%f", "%Y%m%d"),
    *("%d %B %Y", "%d %B %Y %H:%M", "%d %B %Y à %H:%M", "%B %d, %Y", "%d-%b-%Y", "%d %b %y", "%A %d %B %Y"),
    *("rfc2822", "epoch", "epoch_ms"),
)
_ISO = re.compile(
    r"\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}([.]\d+)?)?( ?(Z|[+-]\d{2}(:?\d{2})?))?)?", re.ASCII
)
_ZERO_DATE = re.compile(r"0000-00-00( 00:00:00)?")
_E_MAIL = re.compile(r"[^@\s]+@[^@\s]+\.[A-Za-z]{2,}")
_UNKNOWN_WORDS = (
    "n/a",
    "N/A",
    "NULL",
    "null",
    "\\N",
    "-",
    "--",
    "?",
    "????",
    "#N/A",
    "nan",
    "NaN",
    "None",
    "inconnu",
)


@dataclass
class ColumnSeen:
    """One column: what its cells are. `kind`: empty, date, number, integer, boolean, e-mail or text."""

    name: str
    samples: list[str]
    filled: int = 0
    rows: int = 0
    kind: str = "text"
    date_form: str | None = None
    decimal_mark: str | None = None
    thousands_mark: str = ""
    is_day_first_assumed: bool = False

    @property
    def distinct(self) -> int:
        """Different values seen."""
        return len(set(self.samples))


@dataclass
class Inspection:
    """A file as it was found."""

    path: Path
    format: str
    columns: list[ColumnSeen]
    encoding: str = "utf-8"
    separator: str = ","
    quote: str = '"'
    escape: str = ""
    skip_lines: int = 0
    rows: list[list[str | None]] = field(default_factory=list)
    findings: list[str] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)

    @property
    def names(self) -> tuple[str, ...]:
        """The columns' names, in the file's order."""
        return tuple(column.name for column in self.columns)


def inspect(path: Path) -> Inspection:
    """Look at a file's first rows; a file that is none of the formats is refused in a sentence."""
    with path.open("rb") as file:
        start = file.read(4)
    if not start:
        raise FileRefusedError(f"{shown(path.name)} is empty, without even a header: send it again.")
    if start == b"PAR1":
        return _finished(_parquet(path))
    if formats.is_workbook(path):
        records = formats.workbook_records(shown(path.name), path, 0, ".")
        found = Inspection(path, "xlsx", _columns(records.columns), rows=records.values[:_SAMPLE_ROWS])
        found.findings += records.findings
        return _finished(found)
    text, encoding = _text(path)
    if text.lstrip()[:1] in ("{", "["):
        return _finished(_json(path, text, encoding))
    return _finished(_csv(path, text, encoding))


def _columns(names: Sequence[str]) -> list[ColumnSeen]:
    return [ColumnSeen(name, []) for name in names]


def _text(path: Path) -> tuple[str, str]:
    with path.open("rb") as raw:
        is_gzip = raw.read(2) == b"\x1f\x8b"
    with gzip.open(path) if is_gzip else path.open("rb") as file:
        data = file.read(_SAMPLE_BYTES)
    for mark, encoding in ((b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"), (b"\xef\xbb\xbf", "utf-8")):
        if data.startswith(mark):
            return data.decode(encoding, errors="ignore").removeprefix("\ufeff"), encoding
    try:
        return data.decode("utf-8"), "utf-8"
    except UnicodeDecodeError as error:
        if error.start > len(data) - 4:  # cut within a letter
            return data[: error.start].decode("utf-8"), "utf-8"
    return data.decode("cp1252", errors="replace"), "cp1252"


def _json(path: Path, text: str, encoding: str) -> Inspection:
    is_lines = (
        text.lstrip().startswith("{") and "\n" in text.strip() and _is_object(text.strip().split("\n")[0])
    )
    whole = path.read_bytes() if path.stat().st_size <= formats.MAX_DOCUMENT_BYTES else text.encode()
    if whole[:2] == b"\x1f\x8b":
        whole = gzip.decompress(whole)
    if is_lines:
        whole = whole[: whole.rfind(b"\n") + 1] or whole
    records = formats.json_records(shown(path.name), iter([whole]), (), ".", is_lines)
    # Objects one level down, by their fields: `via.channel`.
    nested = []
    for place, name in enumerate(records.columns):
        values = [row[place] for row in records.values[:50] if row[place]]
        if values and all(value is not None and value.startswith("{") for value in values):
            nested += [f"{name}.{key}" for key in _keys(values)]
    if nested:
        records = formats.json_records(shown(path.name), iter([whole]), nested, ".", is_lines)
    found = Inspection(path, "ndjson" if is_lines else "json", _columns(records.columns), encoding)
    found.rows = records.values[:_SAMPLE_ROWS]
    return found


def _is_object(line: str) -> bool:
    import json

    try:
        return isinstance(json.loads(line), dict)
    except ValueError:
        return False


def _keys(values: Sequence[str | None]) -> list[str]:
    import json

    keys: dict[str, None] = {}
    for value in values:
        loaded = json.loads(value or "{}")
        keys.update(dict.fromkeys(key for key, item in loaded.items() if not isinstance(item, dict | list)))
    return list(keys)


def _parquet(path: Path) -> Inspection:
    file = pa_parquet.ParquetFile(path)
    batch = next(file.iter_batches(batch_size=_SAMPLE_ROWS), None)
    names = file.schema_arrow.names
    rows: list[list[str | None]] = []
    if batch is not None:
        columns = [
            [None if value is None else str(value) for value in column.to_pylist()]
            for column in batch.columns
        ]
        rows = [list(row) for row in zip(*columns, strict=True)]
    return Inspection(path, "parquet", _columns(names), rows=rows)


def _csv(path: Path, text: str, encoding: str) -> Inspection:
    if len(text) >= _SAMPLE_BYTES // 2 and "\n" in text:
        text = text[: text.rfind("\n") + 1]
    skip = 0
    if found := re.match(r'"?sep=(.)"?\r?\n', text, re.IGNORECASE):
        text, declared = text[found.end() :], found[1]
    else:
        declared = None
    escape = "\\" if re.search(r'\\"', text) and not re.search(r'[^\\"]""[^"]', text) else ""
    quote = "'" if _is_quoted_by(text, "'") and not _is_quoted_by(text, '"') else '"'
    separator = declared or _separator(text, quote, escape)
    rows = _split(text, separator, quote, escape)
    width = Counter(len(row) for _, row in rows if row).most_common(1)
    usual = max(2, width[0][0]) if width else 1
    first = next(
        (
            place
            for place, (_, row) in enumerate(rows)
            if len(row) == usual and sum(bool(cell.strip()) for cell in row) > usual // 2
        ),
        0,
    )
    skip = (rows[first][0] if rows else 1) - 1
    header = [cell.strip() for cell in rows[first][1]] if rows else []
    found_file = Inspection(path, "csv", _columns(header), encoding, separator, quote, escape, skip)
    found_file.rows = [
        [cell.strip() or None for cell in row] for _, row in rows[first + 1 :] if len(row) == len(header)
    ][:_SAMPLE_ROWS]
    if skip:
        found_file.findings.append(
            f"The header stands on line {skip + 1}: {skip} lines before it are passed over."
        )
    return found_file


def _is_quoted_by(text: str, mark: str) -> bool:
    lines = [line for line in text.split("\n")[:50] if line.strip()]
    return bool(lines) and sum(line.startswith(mark) for line in lines) > len(lines) / 2


def _separator(text: str, quote: str, escape: str) -> str:
    best, best_score = ",", 0.0
    for mark in (";", ",", "\t", "|"):
        rows = [row for _, row in _split(text[:200_000], mark, quote, escape)[:200] if any(row)]
        if not rows:
            continue
        width, count = Counter(len(row) for row in rows).most_common(1)[0]
        score = (count / len(rows)) * (width - 1)
        if score > best_score:
            best, best_score = mark, score
    return best


def _split(text: str, separator: str, quote: str, escape: str) -> list[tuple[int, list[str]]]:
    """The records with the line on which each starts."""
    csv.field_size_limit(10_000_000)
    reader = csv.reader(
        io.StringIO(text, newline=""),
        delimiter=separator,
        quotechar=quote,
        escapechar=escape or None,
    )
    rows: list[tuple[int, list[str]]] = []
    begin = 1
    try:
        for row in reader:
            rows.append((begin, row))
            begin = reader.line_num + 1
            if len(rows) > _SAMPLE_ROWS + 50:
                break
    except csv.Error:
        pass
    return rows


def _finished(found: Inspection) -> Inspection:
    for place, column in enumerate(found.columns):
        cells = [row[place] for row in found.rows if place < len(row)]
        column.rows = len(cells)
        known = [cell for cell in cells if cell]
        for cell in known:
            if (cell in _UNKNOWN_WORDS or _ZERO_DATE.fullmatch(cell)) and cell not in found.unknown:
                found.unknown.append(cell)
        column.samples = [cell for cell in known if cell not in found.unknown]
        column.filled = len(column.samples)
    with duckdb.connect() as connection:
        connection.execute("set enable_progress_bar = false")
        for column in found.columns:
            _classify(connection, column)
    return found


def _classify(connection: duckdb.DuckDBPyConnection, column: ColumnSeen) -> None:
    values = sorted(set(column.samples))[:300]
    if not values:
        column.kind = "empty"
        return
    if all(value.lower() in ("true", "false", "yes", "no", "oui", "non") for value in values):
        column.kind = "boolean"
        return
    if all(_E_MAIL.fullmatch(value) for value in values):
        column.kind = "e-mail"
        return
    if all(_ISO.fullmatch(value) for value in values):
        column.kind, column.date_form = "date", "iso"
        return
    if _is_dated(connection, column, values):
        return
    _classify_number(column, values)


def _is_dated(connection: duckdb.DuckDBPyConnection, column: ColumnSeen, values: list[str]) -> bool:
    if not any(re.search(r"\d", value) for value in values[:5]):
        return False
    listed = f"(values {', '.join(f'({sql.text(value)})' for value in values)}) as cells(cell)"
    forms = _FORMS
    if re.search(r"(?i)date|_at$|_on$|\ble\b|time|heure", column.name):
        forms = (*_FORMS, "excel")
    # The engine is asked only about forms that the texts have at all.
    forms = tuple(form for form in forms if date_forms.looks_like(form, values))
    if not forms:
        return False
    tried = []
    for form in forms:
        moment = date_forms.utc_sql("cell", (form,)) or date_forms.local_sql("cell", (form,)) or "null"
        sane = f"year({moment}) between 1990 and 2100"
        tried.append(f"count(*) filter (where {moment} is not null and {sane})")
    counted = connection.execute(f"select {', '.join(tried)} from {listed}").fetchone() or ()
    fitting = [form for form, count in zip(forms, counted, strict=True) if count == len(values)]
    if not fitting:
        return False
    column.kind, column.date_form = "date", fitting[0]
    month_first = fitting[0].replace("%d/%m", "%m/%d")
    column.is_day_first_assumed = month_first != fitting[0] and month_first in fitting
    return True


def _classify_number(column: ColumnSeen, values: list[str]) -> None:
    plain = [re.sub(r"(?<=\d)\s*(€|EUR)$", "", value) for value in values]
    if all(re.fullmatch(r"[+-]?\d+", value) for value in plain):
        column.kind = "integer" if not any(re.match(r"0\d", value) for value in plain) else "text"
        return
    blank = f"[{re.escape(BLANKS)}]"
    for decimal, thousands, between in (
        (",", " ", blank),
        (".", "", ""),
        (",", ".", r"\."),
        (".", ",", ","),
        (".", "'", "'"),
    ):
        grouped = rf"|\d{{1,3}}({between}\d{{3}})+" if thousands else ""
        form = rf"[+-]?(\d+{grouped})?({re.escape(decimal)}\d+)?"
        if all(re.fullmatch(form, value) for value in plain):
            is_grouped = bool(thousands) and any(re.search(between, value) for value in plain)
            column.kind, column.decimal_mark = "number", decimal
            column.thousands_mark = thousands if is_grouped else ""
            return
