"""How many records a text holds, counted apart from the reader that loads them.

Belongs here: the rule of what a record is, and nothing else. It shares no code with `rows`: the law of
conservation is checked against this count.

A record ends at a line end outside quotes. A quote opens only at a cell's first byte and closes only where
the cell ends; one that never closes makes its line one record, and counting resumes on the next line. Blank
lines are none. Where the source writes other quotes or escapes, the same holds for those: they are counted as
they stand, before anything is rewritten.
"""

from __future__ import annotations

import re


class RecordCount:
    """Counts blocks of one text as they pass: each ends where a line does, the last may not."""

    def __init__(self, separator: str, quote: str = '"', escape: str = "") -> None:
        self.records = 0
        self._held: list[bytes] = []
        self._held_bytes = 0
        # A record whose end was not found is looked at again only when the text has grown by half.
        self._wanted = 0
        mark, stop = re.escape(quote.encode()), re.escape(separator.encode())
        border = rb"[^\n" + stop + rb"]"
        inside = rb"[^" + mark + rb"]*+(?:" + mark * 2 + rb"[^" + mark + rb"]*+)*+"
        last, outside, outside_so_far = rb"", rb"", rb""
        if escape and escape != quote:
            out = re.escape(escape.encode())
            escaped = out + rb"[\s\S]"
            inside = rb"(?:[^" + mark + out + rb"]|" + escaped + rb"|" + mark * 2 + rb")*+"
            # The rest of a cell in which something was escaped: a line end perhaps.
            outside = rb"|" + escaped + rb"(?:[^" + stop + out + rb"\n]|" + escaped + rb")*+"
            outside_so_far = outside + rb"(?P<more>\Z)" + outside
            last = out + rb"?+"
        # The quote itself stands first, so that the search jumps from quote to quote.
        opened = mark + rb"(?<!" + border + mark + rb")"
        closed = inside + mark + rb"(?!" + border + rb")"
        self._has_cells = re.compile(mark + (rb"|" + re.escape(escape.encode()) if outside else rb""))
        self._cells = re.compile(opened + rb"(?:" + closed + rb"|[^\n]*+)" + outside)
        self._cells_so_far = re.compile(
            opened + rb"(?:" + inside + last + rb"(?P<open>\Z)|" + closed + rb"|[^\n]*+)" + outside_so_far
        )

    def add(self, block: bytes) -> None:
        """Count the records that end in the text so far."""
        self._held.append(block)
        self._held_bytes += len(block)
        if self._held_bytes >= self._wanted:
            rest = self._counted(b"".join(self._held), self._cells_so_far)
            self._held, self._held_bytes = [rest], len(rest)
            self._wanted = len(rest) + len(rest) // 2

    def total(self) -> int:
        """The records of the whole text."""
        self._counted(b"".join(self._held), self._cells)
        self._held = []
        return self.records

    def _counted(self, text: bytes, cells: re.Pattern[bytes]) -> bytes:
        """Count what is complete in `text`; the rest is the record in which a quote is still open."""
        if self._has_cells.search(text) is None:
            self._count_lines(text)
            return b""
        outside: list[bytes] = []
        begin = record_begin = 0
        pieces = 0
        for cell in cells.finditer(text):
            gap = text[begin : cell.start()]
            if (line_end := gap.rfind(b"\n")) >= 0:
                record_begin = begin + line_end + 1
                outside += [gap[: line_end + 1]]
                pieces = len(outside)
                gap = gap[line_end + 1 :]
            if cell.lastgroup in ("open", "more"):
                self._count_lines(b"".join(outside[:pieces]))
                return text[record_begin:]
            outside += [gap, b'"']
            begin = cell.end()
        outside.append(text[begin:])
        self._count_lines(b"".join(outside))
        return b""

    def _count_lines(self, text: bytes) -> None:
        """Count lines that are not blank, where no line end stands inside quotes."""
        if text.startswith(b"\n") or b"\n\n" in text:
            self.records += sum(map(bool, text.split(b"\n")))
        else:
            self.records += text.count(b"\n") + (not text.endswith(b"\n") and bool(text))
