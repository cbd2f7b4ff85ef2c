"""Texts whose quotes or escapes are not the door's own, rewritten as the reader knows them; lines keep
their number.

Belongs here: `dialect.quote`, `dialect.escape`, lines before the header. Does not belong here: reading rows
(`rows`), or what a file's bytes are (`files`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from pipelines.feeds.files import MAX_RECORD_BYTES, FileRefusedError
from pipelines.feeds.mappings import Dialect

# A line end that a text writes as an escape (`\n`) must not count as one: it passes the reader as this.
LINE_END_IN_TEXT = "\r"
_SEP_LINE = re.compile(rb'"?sep=(.)"?\n?', re.IGNORECASE)
# What the reader takes for a quote that does not close where its cell ends, whatever follows it.
_NEVER_CLOSED = b'""!'
_ESCAPED = {b"n": b"\r", b"t": b"\t", b"r": b"", b"0": b"", b"Z": b""}


def is_own(dialect: Dialect) -> bool:
    """Whether the reader knows the dialect's quotes as they are."""
    return dialect.quote_mark == '"' and dialect.escape_mark in ("", '"')


def after_preamble(blocks: Iterator[bytes], skip_lines: int) -> Iterator[tuple[bytes, int]]:
    """The text without the lines before its header, each block with the number of lines left out so far.

    A first line `sep=;`, as Excel reads it, is left out too.
    """
    left, is_first, skipped = skip_lines, True, 0
    held = b""
    for block in blocks:
        text = held + block
        held = b""
        if is_first:
            if b"\n" not in text and len(text) < 64:
                held = text
                continue
            is_first = False
            if found := _SEP_LINE.match(text):
                text = text[found.end() :]
                skipped += 1
                left = max(0, left - 1)
        while left and (end := text.find(b"\n")) >= 0:
            text = text[end + 1 :]
            left -= 1
            skipped += 1
        if left:  # the line that is to be left out goes on
            continue
        if text:
            yield text, skipped
    if held and not left:
        yield held, skipped


def own_blocks(blocks: Iterator[bytes], dialect: Dialect, name: str) -> Iterator[bytes]:
    """The text with double quotes, doubled inside a text, in blocks that end where a line does."""
    writer = _Rewriter(dialect)
    held: list[bytes] = []
    size = wanted = 0
    for block in blocks:
        held.append(block)
        size += len(block)
        if size < wanted:  # what is open is looked at again only when the text has grown by half
            continue
        done, rest = writer.rewritten(b"".join(held), is_last=False)
        held, size, wanted = [rest], len(rest), len(rest) * 3 // 2
        if done:
            yield done
        if size > MAX_RECORD_BYTES:
            raise FileRefusedError(
                f"{name} opens a quote that does not close within {MAX_RECORD_BYTES >> 20} MiB: close it, or "
                "correct dialect.quote."
            )
    if size:
        yield writer.rewritten(b"".join(held), is_last=True)[0]


class _Rewriter:
    def __init__(self, dialect: Dialect) -> None:
        self._separator = dialect.separator.encode()
        quote, escape = dialect.quote_mark.encode(), dialect.escape_mark.encode()
        if escape == quote:
            escape = b""
        self._quote, self._escape = quote, escape
        q, e, s = re.escape(quote), re.escape(escape), re.escape(self._separator)
        escaped = rb"|" + e + rb"[\s\S]" if escape else b""
        plain = rb"(?P<plain>(?:[^" + s + rb"\n" + (e if escape else b"") + rb"]" + escaped
        plain += (rb"|" + e + rb"\Z" if escape else b"") + rb")*+)"
        quoted = b""
        if quote:
            inside = rb"(?:[^" + q + (e if escape else b"") + rb"]" + escaped + rb"|" + q + q + rb")*+"
            quoted = q + rb"(?P<quoted>" + inside + rb")" + q + rb"(?=[" + s + rb"\n]|\Z)|"
        self._inside = re.compile(inside + rb"(?:" + e + rb")?+") if quote else re.compile(rb"")
        self._cell = re.compile(rb"(?:" + quoted + plain + rb")(?P<end>" + s + rb"|\n|\Z)")
        self._unescaped = re.compile(e + rb"([\s\S])") if escape else None

    def rewritten(self, text: bytes, is_last: bool) -> tuple[bytes, bytes]:
        """What is complete, and the rest: the last line whose end, or whose quote's end, is not there yet."""
        lines: list[bytes] = []
        cells: list[bytes] = []
        place = line_begin = 0
        size = len(text)
        while place < size:
            found = self._cell.match(text, place)
            is_at_end = found is None or found["end"] == b""
            if found is None or (is_at_end and not is_last):
                break
            if self._quote and found["plain"] and found["plain"].startswith(self._quote):
                if not is_last and self._is_open(text, place):
                    break  # a quote that may close yet
                # One that does not close where its cell ends makes its line one record that is no row.
                end = text.find(b"\n", place)
                end = size if end < 0 else end
                lines.append(self._separator.join([*cells, _NEVER_CLOSED + text[place:end]]))
                lines.append(text[end : end + 1])
                cells, place = [], min(end + 1, size)
                line_begin = place
                continue
            if self._quote and found["plain"] is None:
                cells.append(self._written(found["quoted"], is_quoted=True))
            else:
                cells.append(self._written(found["plain"], is_quoted=False))
            place = found.end()
            if found["end"] != self._separator:
                lines.append(self._separator.join(cells) + found["end"])
                cells = []
                line_begin = place
        if is_last and cells:
            lines.append(self._separator.join([*cells, b""]))
            line_begin = size
        if is_last and line_begin < size:
            lines.append(text[line_begin:])
            line_begin = size
        return b"".join(lines), text[line_begin:]

    def _is_open(self, text: bytes, place: int) -> bool:
        """Whether the quote at `place` goes on to the end of the text."""
        found = self._inside.match(text, place + len(self._quote))
        return found is not None and found.end() == len(text)

    def _written(self, value: bytes, is_quoted: bool) -> bytes:
        if self._escape == b"\\" and not is_quoted and value == b"\\N":
            return b""  # MySQL's null
        if is_quoted:
            # Doubled quotes first, as escapes, so that both ways of writing one are read alike.
            value = value.replace(
                self._quote * 2, (self._escape or self._quote) + self._quote * bool(self._escape)
            )
        if self._unescaped is not None and self._escape in value:
            value = self._unescaped.sub(self._meant, value)
        if is_quoted:
            return b'"' + value.replace(b'"', b'""') + b'"'
        is_foreign = self._quote != b'"' or self._unescaped is not None
        if is_foreign and any(mark in value for mark in (b'"', b"\n", b"\r", self._separator)):
            return b'"' + value.replace(b'"', b'""') + b'"'
        return value

    def _meant(self, found: re.Match[bytes]) -> bytes:
        mark = found[1]
        if self._escape == b"\\" and mark in _ESCAPED:
            return _ESCAPED[mark]
        return mark
