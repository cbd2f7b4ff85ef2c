"""How many records a JSON document, a text of one object per line, or a sheet holds, counted apart from the
reader that loads them.

Belongs here: counts alone. It shares no code and no parser with `formats`: brackets are counted in the bytes,
a sheet's rows by an XML parser in its own file.
"""

from __future__ import annotations

import posixpath
import re
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.parsers import expat

import numpy as np

_LINE = re.compile(rb"[^\n]*\S[^\n]*")
_STRING = re.compile(rb'"(?:[^"\\]|\\.)*+"', re.DOTALL)
# The keys beside an empty list of records: an envelope (page, count, next); a record of its own has more.
_ENVELOPE_KEYS = 4


def filled_lines(block: bytes) -> int:
    """The lines of a block that hold anything."""
    return sum(1 for _ in _LINE.finditer(block))


def document_items(text: bytes) -> int:
    """The records of a JSON document: of a list its items; of an object the items of the lists of objects in
    it, else itself.
    """
    marks = np.frombuffer(_STRING.sub(b"0", text).translate(None, b" \t\r\n"), np.uint8)
    if len(marks) == 0:
        return 0
    list_begin, comma, brace = marks == ord("["), marks == ord(","), marks == ord("{")
    step = (list_begin | brace).astype(np.int8) - ((marks == ord("]")) | (marks == ord("}"))).astype(np.int8)
    depth = np.cumsum(step, dtype=np.int16)
    if marks[0] == ord("["):
        return int((comma & (depth == 1)).sum()) + int(len(marks) > 1 and marks[1] != ord("]"))
    if marks[0] != ord("{"):
        return 0
    items, is_empty_there = 0, False
    ends = np.flatnonzero((step < 0) & (depth == 1))
    for begin in np.flatnonzero(list_begin & (depth == 2)):
        end = ends[np.searchsorted(ends, begin)]
        inside = slice(begin + 1, end)
        if end == begin + 1:
            is_empty_there = True
            continue
        held = 1 + int((comma[inside] & (depth[inside] == 2)).sum())
        if held == int((brace[inside] & (depth[inside] == 3)).sum()):
            items += held
    if items:
        return items
    keys = int((comma & (depth == 1)).sum()) + 1
    return 0 if is_empty_there and keys <= _ENVELOPE_KEYS else 1


def sheet_rows(path: Path, sheet: str, skip_lines: int) -> int:
    """The rows of a sheet with a cell that holds anything, after the first of them: its header."""
    with zipfile.ZipFile(path) as book:
        file = _sheet_file(book, sheet)
        texts = _empty_texts(book)
        rows = _filled_rows(book, file, texts)
    return max(0, sum(row > skip_lines for row in rows) - 1)


def _sheet_file(book: zipfile.ZipFile, sheet: str) -> str:
    """The name in the archive of a sheet's own file."""
    wanted, targets = "", {}

    def on_sheet(name: str, attributes: dict[str, str]) -> None:
        nonlocal wanted
        if name == "sheet" and attributes.get("name") == sheet:
            wanted = next(value for key, value in attributes.items() if key.rpartition(":")[2] == "id")

    def on_relation(name: str, attributes: dict[str, str]) -> None:
        if name == "Relationship":
            targets[attributes["Id"]] = attributes["Target"]

    _parsed(book, "xl/workbook.xml", on_sheet)
    _parsed(book, "xl/_rels/workbook.xml.rels", on_relation)
    target = targets[wanted]
    return target.lstrip("/") if target.startswith("/") else posixpath.normpath(f"xl/{target}")


def _empty_texts(book: zipfile.ZipFile) -> frozenset[int]:
    """The numbers of shared texts that are empty."""
    empty: set[int] = set()
    place, length, is_text = -1, 0, False

    def on_start(name: str, _: dict[str, str]) -> None:
        nonlocal place, length, is_text
        if name == "si":
            place, length = place + 1, 0
        is_text = name == "t"

    def on_end(name: str) -> None:
        nonlocal is_text
        is_text = False
        if name == "si" and not length:
            empty.add(place)

    def on_text(text: str) -> None:
        nonlocal length
        length += len(text) if is_text else 0

    name = next((item for item in book.namelist() if item.lower() == "xl/sharedstrings.xml"), None)
    if name is not None:
        _parsed(book, name, on_start, on_end, on_text)
    return frozenset(empty)


def _filled_rows(book: zipfile.ZipFile, file: str, empty_texts: frozenset[int]) -> list[int]:
    rows: list[int] = []
    row, kind, value, is_value = 0, "n", "", False

    def on_start(name: str, attributes: dict[str, str]) -> None:
        nonlocal row, kind, value, is_value
        if name == "row":
            row = int(attributes.get("r", row + 1))
        elif name == "c":
            kind, value = attributes.get("t", "n"), ""
        is_value = name in ("v", "t")

    def on_end(name: str) -> None:
        nonlocal is_value
        is_value = False
        # A formula's error is no value: rows into which one was only dragged down hold nothing.
        is_empty = not value or kind == "e" or (kind == "s" and int(value) in empty_texts)
        if name == "c" and not is_empty and (not rows or rows[-1] != row):
            rows.append(row)

    def on_text(text: str) -> None:
        nonlocal value
        if is_value:
            value += text

    _parsed(book, file, on_start, on_end, on_text)
    return rows


def _parsed(
    book: zipfile.ZipFile,
    name: str,
    on_start: Callable[[str, dict[str, str]], None],
    on_end: Callable[[str], None] = lambda _: None,
    on_text: Callable[[str], None] = lambda _: None,
) -> None:
    """One XML file of the archive, element names without their prefixes."""
    parser: Any = expat.ParserCreate()
    parser.StartElementHandler = lambda tag, attributes: on_start(tag.rpartition(":")[2], attributes)
    parser.EndElementHandler = lambda tag: on_end(tag.rpartition(":")[2])
    parser.CharacterDataHandler = on_text
    with book.open(name) as file:
        parser.ParseFile(file)
