"""From blocks of text to rows: every good record as text by column, every other by line and reason.

Belongs here: where records begin and end, which line each starts on, which are no row and why. Does not
belong here: the count that the law is checked against (`counting`), or what a value means.

pyarrow's CSV parser does the work and names each record with a wrong number of fields. What it would forgive
(a text after a closing quote, a quote that never closes, bytes that are not UTF-8) is found before and cut
out, line by line. Its rule is ours: a quote opens only at a cell's first byte.
"""

from __future__ import annotations

import codecs
from array import array
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.csv as pa_csv

from pipelines.feeds.files import CHUNK, MAX_RECORD_BYTES, FileRefusedError, Header

# Longer lines and quoted texts are no value of any feed; one of them would fill a build's memory.
MAX_LINE_BYTES = 2_000_000
_LF, _QUOTE = 10, 34

FEWER, MORE, OPEN_QUOTE, TOO_LONG, NOT_UTF8, CUT = range(6)
REASONS = (
    (
        "the line has fewer than the header's {columns} fields: it is cut short, or a text with a line end "
        "stands without quotes; send the whole line again"
    ),
    (
        "the line has more than the header's {columns} fields: put texts that contain the separator in "
        "double quotes"
    ),
    (
        "a double quote opens and is not closed where the field ends: close it, and write a quote inside a "
        'text twice ("")'
    ),
    ("the line is longer than 2,000,000 bytes, probably because a double quote never closes: close it"),
    (
        "the line is not UTF-8 (it looks like cp1252, as Excel writes): save the file as “CSV UTF-8”, or "
        "send it through a mapping with dialect.encoding: cp1252"
    ),
    "the file is cut in the middle of this line: send it again, whole",
)


@dataclass
class Unparsed:
    """Records that are no row: the line on which each starts, and the place of its reason in `REASONS`."""

    lines: array[int] = field(default_factory=lambda: array("q"))
    reasons: array[int] = field(default_factory=lambda: array("b"))

    def add(self, line: int, reason: int) -> None:
        """One more."""
        self.lines.append(line)
        self.reasons.append(reason)

    def __len__(self) -> int:
        return len(self.lines)


@dataclass(frozen=True)
class _Quotes:
    """Of one text: where quoted cells open and close, cells whose quote does not close, an open one."""

    opens: np.ndarray
    closes: np.ndarray
    faults: list[int] = field(default_factory=list)
    open_at: int | None = None

    def inner(self, ends: np.ndarray) -> np.ndarray:
        """Which of these line ends stand inside quotes."""
        return np.searchsorted(self.opens, ends) > np.searchsorted(self.closes, ends)


_NONE = np.empty(0, np.int64)


class RowReader:
    """Reads the text after the header, block by block, into batches of the wanted columns and `_row`.

    `wanted`: for each column of the batches, its place in the header.
    """

    def __init__(self, file_name: str, header: Header, separator: str, wanted: dict[str, int]) -> None:
        self._file_name = file_name
        self.rows = 0
        self.unparsed = Unparsed()
        self._separator = separator.encode()
        self._line = header.lines + 1
        self._held: list[bytes] = []
        self._held_bytes = self._wanted_bytes = 0
        self._names = list(wanted)
        fields = [f"f{place}" for place in range(len(header.names))]
        self._fields = [fields[place] for place in wanted.values()] or fields[:1]
        self._column_names = fields
        self._converted = pa_csv.ConvertOptions(
            # Checked before, by line.
            check_utf8=False,
            column_types=dict.fromkeys(fields, pa.string()),
            strings_can_be_null=False,
            quoted_strings_can_be_null=False,
            include_columns=self._fields,
        )
        self.schema = pa.schema([*((name, pa.string()) for name in self._names), ("_row", pa.int64())])

    def read(self, block: bytes) -> Iterator[pa.RecordBatch]:
        """The rows whose end is in the text so far. A block that ends within a line is the last."""
        self._held.append(block)
        self._held_bytes += len(block)
        if self._held_bytes >= self._wanted_bytes and block.endswith(b"\n"):
            yield from self._advance(is_last=False)

    def finish(self, is_cut: bool = False) -> Iterator[pa.RecordBatch]:
        """The rows of what is left; where the file is cut, its last line is none."""
        cut_line = b"".join(self._held)
        whole = cut_line.rfind(b"\n") + 1
        is_cut = is_cut and whole < len(cut_line)
        if is_cut:
            self._hold(cut_line[:whole])
        while self._held_bytes:
            yield from self._advance(is_last=True)
        if is_cut:
            self.unparsed.add(self._line, CUT)

    def _hold(self, text: bytes) -> None:
        """Wait for the end of a record; look again only when the text has grown by half."""
        if len(text) > MAX_RECORD_BYTES:
            raise FileRefusedError(
                f"{self._file_name}, line {self._line}: a double quote opens and is not closed within "
                f"{MAX_RECORD_BYTES >> 20} MiB: close it, or write one row per line."
            )
        self._held, self._held_bytes = [text], len(text)
        self._wanted_bytes = len(text) + len(text) // 2

    def _advance(self, is_last: bool) -> Iterator[pa.RecordBatch]:
        text = b"".join(self._held)
        self._held, self._held_bytes, self._wanted_bytes = [], 0, 0
        if len(text) <= 2 * CHUNK:
            yield from self._read(text, is_last)
            return
        # A record that was long in coming. It is taken alone, and what lies behind it in small pieces again.
        quotes = _quotes(text, self._separator, is_last)
        end = _first_end(text, quotes)
        if quotes.open_at is not None and end > quotes.open_at:
            self._hold(text)
            return
        fault = next((place for place in quotes.faults if place < end), None)
        if fault is not None or end > MAX_LINE_BYTES:
            self.unparsed.add(self._line, TOO_LONG if fault is None else OPEN_QUOTE)
            self._line += text.count(b"\n", 0, end)
        else:
            yield from self._read(text[:end], is_last=True)
        while end < len(text):
            piece_end = text.rfind(b"\n", end, end + CHUNK) + 1 or text.find(b"\n", end) + 1 or len(text)
            yield from self.read(text[end:piece_end])
            end = piece_end

    def _read(self, text: bytes, is_last: bool) -> Iterator[pa.RecordBatch]:
        quotes = _Quotes(_NONE, _NONE)
        if b'"' in text:
            quotes = _quotes(text, self._separator, is_last)
            if quotes.open_at is not None:
                begin = _record_begin(text, quotes)
                self._hold(text[begin:])
                text = text[:begin]
        faults = dict.fromkeys((place for place in quotes.faults if place < len(text)), OPEN_QUOTE)
        for begin in _long_lines(text):
            faults.setdefault(begin, TOO_LONG)
        if not text.isascii():
            for begin in _not_utf8(text):
                faults.setdefault(begin, NOT_UTF8)
        yield from self._parsed(text, quotes, faults)

    def _parsed(self, text: bytes, quotes: _Quotes, faults: dict[int, int]) -> Iterator[pa.RecordBatch]:
        if not text:
            return
        ends = _NONE
        if len(quotes.opens):
            ends = np.flatnonzero(np.frombuffer(text, np.uint8) == _LF)
        is_plain = (
            not quotes.inner(ends).any() and not faults and not text.startswith(b"\n") and b"\n\n" not in text
        )
        lines_in_text = text.count(b"\n") + (not text.endswith(b"\n"))
        if is_plain:
            begins = np.arange(self._line, self._line + lines_in_text, dtype=np.int64)
        else:
            text, begins = self._cut(text, quotes, faults)
        self._line += lines_in_text
        if not len(begins):
            return
        short: list[tuple[int, int]] = []

        def keep(row: pa_csv.InvalidRow) -> str:
            short.append((row.number - 1, FEWER if row.actual_columns < row.expected_columns else MORE))
            return "skip"

        table = pa_csv.read_csv(
            pa.BufferReader(text),
            read_options=pa_csv.ReadOptions(
                column_names=self._column_names, use_threads=False, block_size=len(text) + 1
            ),
            parse_options=pa_csv.ParseOptions(
                delimiter=self._separator.decode(), newlines_in_values=True, invalid_row_handler=keep
            ),
            convert_options=self._converted,
        )
        for place, reason in short:
            self.unparsed.add(int(begins[place]), reason)
        if short:
            begins = np.delete(begins, [place for place, _ in short])
        if table.num_rows != len(begins):
            raise FileRefusedError(
                f"{self._file_name}, lines {int(begins[0])} to {self._line - 1}: {len(begins):,} rows were "
                f"found and {table.num_rows:,} read; nothing was landed. Please report it."
            )
        self.rows += table.num_rows
        for batch in table.combine_chunks().to_batches():
            columns = batch.columns if self._names else []
            yield pa.RecordBatch.from_arrays([*columns, pa.array(begins)], schema=self.schema)

    def _cut(self, text: bytes, quotes: _Quotes, faults: dict[int, int]) -> tuple[bytes, np.ndarray]:
        """The text without faulty records, and the line on which each other record starts."""
        marks = np.frombuffer(text, np.uint8)
        ends = np.flatnonzero(marks == _LF)
        starts = np.concatenate(([0], ends + 1))
        lines = np.arange(self._line, self._line + len(starts), dtype=np.int64)
        is_record = np.concatenate(([True], ~quotes.inner(ends)))
        is_record &= marks[np.minimum(starts, len(text) - 1)] != _LF
        is_record[-1] &= starts[-1] < len(text)
        begins = starts[is_record]
        record_lines = lines[is_record]
        if not faults:
            return text, record_lines
        record_ends = np.append(begins[1:], len(text))
        faulty: dict[int, int] = {}
        for place, reason in faults.items():
            record = int(np.searchsorted(begins, place, side="right")) - 1
            faulty.setdefault(record, reason)
        for record, reason in sorted(faulty.items()):
            self.unparsed.add(int(record_lines[record]), reason)
        kept, place = [], 0
        for record in sorted(faulty):
            kept.append(text[place : begins[record]])
            place = int(record_ends[record])
        kept.append(text[place:])
        return b"".join(kept), np.delete(record_lines, list(faulty))


def _quotes(text: bytes, separator: bytes, is_last: bool) -> _Quotes:
    """The quoted cells of a text."""
    marks = np.frombuffer(text, np.uint8)
    places = np.flatnonzero(marks == _QUOTE)
    if _is_regular(marks, places, separator):
        return _Quotes(places[0::2], places[1::2])
    return _irregular(text, places.tolist(), separator, is_last)


def _is_regular(marks: np.ndarray, places: np.ndarray, separator: bytes) -> bool:
    """Whether every quote of the text is written by the book: then they open and close by turns."""
    if len(places) % 2:
        return False
    opens, closes = places[0::2], places[1::2]
    borders = np.zeros(256, bool)
    borders[[_LF, separator[0]]] = True
    before = np.where(opens > 0, marks[opens - 1], _LF)
    after = np.where(closes + 1 < len(marks), marks[np.minimum(closes + 1, len(marks) - 1)], _LF)
    # Two quotes side by side are one quote inside a text.
    follows = np.concatenate(([False], closes[:-1] + 1 == opens[1:])) if len(opens) else _NONE
    precedes = np.append(follows[1:], False)
    return bool((borders[before] | follows).all() and (borders[after] | precedes).all())


def _irregular(text: bytes, places: list[int], separator: bytes, is_last: bool) -> _Quotes:
    """The same, quote by quote."""
    opens: list[int] = []
    closes: list[int] = []
    faults: list[int] = []
    open_at = None
    borders = (_LF, separator[0])
    size, count, place = len(text), len(places), 0
    while place < count:
        begin = places[place]
        if begin and text[begin - 1] not in borders:
            place += 1  # inside a cell that did not open with a quote, it is a letter like any other
            continue
        seek = place + 1
        while seek + 1 < count and places[seek + 1] == places[seek] + 1:
            seek += 2
        close = places[seek] if seek < count else None
        if close is None and not is_last:
            open_at = begin
            break
        if close is not None and (close + 1 == size or text[close + 1] in borders):
            opens.append(begin)
            closes.append(close)
            place = seek + 1
            continue
        faults.append(begin)
        line_end = text.find(b"\n", begin)
        if line_end < 0:
            break
        while place < count and places[place] < line_end:
            place += 1
    return _Quotes(np.asarray(opens, np.int64), np.asarray(closes, np.int64), faults, open_at)


def _record_begin(text: bytes, quotes: _Quotes) -> int:
    """Where the record starts in which a quote is still open."""
    assert quotes.open_at is not None
    ends = np.flatnonzero(np.frombuffer(text, np.uint8, quotes.open_at) == _LF)
    outer = ends[~quotes.inner(ends)]
    return int(outer[-1]) + 1 if len(outer) else 0


def _first_end(text: bytes, quotes: _Quotes) -> int:
    """Where the first record of the text ends."""
    place = 0
    for begin, close in zip(quotes.opens.tolist(), quotes.closes.tolist(), strict=True):
        if (end := text.find(b"\n", place, begin)) >= 0:
            return end + 1
        place = close + 1
    return text.find(b"\n", place) + 1 or len(text)


def _long_lines(text: bytes) -> Iterator[int]:
    """First bytes of the lines that are too long."""
    place = 0
    while len(text) - place > MAX_LINE_BYTES:
        end = text.rfind(b"\n", place, place + MAX_LINE_BYTES + 1)
        if end < 0:
            yield place
            end = text.find(b"\n", place)
            if end < 0:
                return
        place = end + 1


def _not_utf8(text: bytes) -> Iterator[int]:
    """First bytes of the lines that are not UTF-8."""
    try:
        codecs.utf_8_decode(text, "strict", True)
    except UnicodeDecodeError:
        place = 0
        for line in text.split(b"\n"):
            if not line.isascii():
                try:
                    line.decode()
                except UnicodeDecodeError:
                    yield place
            place += len(line) + 1
