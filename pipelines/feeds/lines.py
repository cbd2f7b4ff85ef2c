"""Lines and records of a text file: which line each row starts on, and which lines are no row.

Belongs here: counting, numbering, and the sentences for lines that no parser can read. Does not belong here:
the reading itself (`reading`).
"""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from pathlib import Path

from pipelines.feeds import files
from pipelines.feeds.mappings import Dialect

# The engine's own limit on one line.
MAX_LINE_BYTES = 2_000_000
# A refused record over more lines than this has swallowed rows that are not its own.
_SWALLOWED_LINES = 20

_REASONS = {
    "MISSING COLUMNS": (
        "the line has fewer than the header's {columns} fields: it is cut short, or a text with a line end "
        "stands without quotes; send the whole line again"
    ),
    "TOO MANY COLUMNS": (
        "the line has more than the header's {columns} fields: put texts that contain the separator in "
        "double quotes"
    ),
    "UNQUOTED VALUE": (
        "a double quote opens and is not closed where the field ends: close it, and write a quote inside a "
        'text twice ("")'
    ),
    "LINE SIZE OVER MAXIMUM": (
        "the line is longer than 2,000,000 bytes, probably because a double quote never closes: close it"
    ),
    "INVALID ENCODING": (
        "the line is not UTF-8 (it looks like cp1252, as Excel writes): save the file as “CSV UTF-8”, or "
        "send it through a mapping with dialect.encoding: cp1252"
    ),
}


@dataclass(frozen=True)
class Unparsed:
    """A line that is no row: kept by its number."""

    file_row: int
    reason: str


@dataclass(frozen=True)
class Record:
    """A record of the file: the line on which it starts; a blank line is a record too."""

    line: int
    is_blank: bool


@dataclass(frozen=True)
class Numbering:
    """Where rows and refused lines stand. `offsets`: from the row at that ordinal on, line = ordinal +
    offset.

    `is_exact` is false where two readers disagree on what a row is.
    """

    unparsed: tuple[Unparsed, ...]
    offsets: tuple[tuple[int, int], ...]
    is_exact: bool = True


def reason(kind: str, header: files.Header) -> str:
    """What is wrong with a line, by the engine's name for it."""
    unknown = "the line cannot be parsed: check quotes and separators"
    return _REASONS.get(kind, unknown).format(columns=len(header.names))


def records(path: Path, dialect: Dialect, max_bytes: int, blanked: frozenset[int]) -> list[Record]:
    """The file's records, the header first, as Python's own reader sees them.

    Slow: 1 million in 3 seconds.
    """
    lines = (
        line
        for chunk in files.text_chunks(path, dialect.encoding, max_bytes, blanked=blanked)
        for line in io.StringIO(chunk.decode("utf-8", errors="replace"), newline="\n")
    )
    csv.field_size_limit(MAX_LINE_BYTES)
    reader = csv.reader(lines, delimiter=dialect.separator)
    found: list[Record] = []
    begin = 1
    try:
        for record in reader:
            found.append(Record(begin, not record))
            begin = reader.line_num + 1
    except csv.Error:  # a field beyond the limit: the record that never ends is the last
        found.append(Record(begin, False))
    return found


def swallowing_line(rejects: dict[int, str], found: list[Record], lines: int) -> int | None:
    """The first line whose open quote has swallowed the lines after it, if there is one.

    Read again without it, the file gives the rows that it hid.
    """
    for number, kind in sorted(rejects.items()):
        if number > len(found) or kind == "INVALID ENCODING":
            continue
        begin = found[number - 1].line
        end = found[number].line if number < len(found) else lines + 1
        if end - begin > (1 if kind in ("UNQUOTED VALUE", "LINE SIZE OVER MAXIMUM") else _SWALLOWED_LINES):
            return begin
    return None


def numbering(
    header: files.Header,
    rows: int,
    rejects: dict[int, str],
    found: list[Record] | None,
    blanked: frozenset[int],
) -> Numbering:
    """Lines of all rows and of all that is no row. The engine numbers records from 1, header and blanks
    included.

    Without `found`, every record is one line.
    """
    if found is None:
        offsets = {0: header.lines + 1}
        for place, line in enumerate(sorted(rejects)):
            offsets[line - header.lines - 1 - place] = header.lines + 2 + place
        unparsed = [Unparsed(line, reason(kind, header)) for line, kind in rejects.items()]
        return Numbering(_in_order(unparsed), tuple(offsets.items()))
    first = next((number for number, record in enumerate(found, 1) if not record.is_blank), 1)
    starts = [
        record.line
        for number, record in enumerate(found, 1)
        if number > first and not record.is_blank and number not in rejects
    ]
    offsets = {0: header.lines + 1}
    for ordinal, start in enumerate(starts):
        if start - ordinal != next(reversed(offsets.values())):
            offsets[ordinal] = start - ordinal
    unparsed = [Unparsed(line, reason("UNQUOTED VALUE", header)) for line in blanked]
    for number, kind in rejects.items():
        line = found[number - 1].line if number <= len(found) else number
        unparsed.append(Unparsed(line, reason(kind, header)))
    return Numbering(_in_order(unparsed), tuple(offsets.items()), is_exact=len(starts) == rows)


def _in_order(unparsed: list[Unparsed]) -> tuple[Unparsed, ...]:
    return tuple(sorted(unparsed, key=lambda item: item.file_row))
