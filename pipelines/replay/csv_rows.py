"""Rows of a CSV that anybody may have written, by line, and the error that says what is wrong with them.

Size and rows are limited, values are compared and never run, a sentence quotes at most a few letters of them.
Belongs here: bytes to cells. Does not belong here: what a cell may say (`rules.py`, `numbers.py`).
"""

from __future__ import annotations

import csv
import io
from collections.abc import Collection, Iterator

from pipelines.errors import SavoirError

MOST_BYTES = 5_000_000
MOST_ROWS = 2_000
MOST_SENTENCES = 30
LONGEST_NAME = 60
# Columns of older files, and what became of them.
_GONE = {"valid_to": "a version ends the day before the next one begins"}


class MalformedRulesError(SavoirError):
    """The file cannot be replayed; each sentence names a row and what to do about it."""

    def __init__(self, name: str, sentences: list[str], what: str = "a rule set") -> None:
        self.sentences = tuple(sentences[:MOST_SENTENCES])
        if len(sentences) > MOST_SENTENCES:
            self.sentences += (f"And {len(sentences) - MOST_SENTENCES:,} more of this kind.",)
        lines = "\n".join(f"- {sentence}" for sentence in self.sentences)
        super().__init__(f"{name} is not {what} that can be replayed. Nothing was changed.\n{lines}")


def quoted(text: str) -> str:
    """Somebody's text as part of a sentence: short and on one line."""
    short = text if len(text) <= LONGEST_NAME else text[:LONGEST_NAME] + "…"
    return repr(short)


def csv_rows(
    content: bytes, name: str, needed: Collection[str], unread: Collection[str], what: str = "a rule set"
) -> Iterator[tuple[int, dict[str, str]]]:
    """Line number and cells of every row; a file that is not such a table raises MalformedRulesError.

    `needed` are the columns that must be there, `unread` those that may be.
    """

    def malformed(sentence: str) -> MalformedRulesError:
        return MalformedRulesError(name, [sentence], what)

    if len(content) > MOST_BYTES:
        raise malformed(
            f"It has {len(content):,} bytes; {what} may have {MOST_BYTES:,}. Save its rows alone."
        )
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise malformed(
            f"Line {line} is not UTF-8. Save the file as “CSV UTF-8 (comma delimited)”."
        ) from error
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        header = next(reader, [])
        wrong = _header_faults(header, needed, unread)
        if wrong:
            raise MalformedRulesError(name, wrong, what)
        count = 0
        before = reader.line_num
        for cells in reader:
            line, before = before + 1, reader.line_num
            if not any(cell.strip() for cell in cells):
                continue
            count += 1
            if count > MOST_ROWS:
                raise malformed(f"Line {line}: more than {MOST_ROWS:,} rows. Split the file.")
            if len(cells) != len(header):
                raise malformed(
                    f"Line {line} has {len(cells)} cells, the header has {len(header)}. A comma inside a "
                    "text needs quotes around the text."
                )
            yield line, dict(zip(header, (cell.strip() for cell in cells), strict=True))
    except csv.Error as error:
        raise malformed(
            f"Line {reader.line_num} cannot be read as CSV ({error}). Check its quotes."
        ) from error
    if not count:
        raise malformed("It has no rows below its header.")


def _header_faults(header: list[str], needed: Collection[str], unread: Collection[str]) -> list[str]:
    if len(header) == 1 and ";" in header[0]:
        return ["Line 1: the columns are separated by semicolons. Save the file with commas."]
    wrong = [f"Line 1: the column {column} is missing." for column in needed if column not in header]
    for column in header:
        if column in _GONE:
            wrong.append(f"Line 1: the column {column} is gone: {_GONE[column]}. Remove it.")
        elif column not in needed and column not in unread:
            wrong.append(
                f"Line 1: the column {quoted(column)} is not known. Columns are: {', '.join(needed)}."
            )
    doubled = sorted({column for column in header if header.count(column) > 1 and column in needed})
    return wrong + [f"Line 1: the column {quoted(column)} is there twice." for column in doubled]
