"""Rows and their count, each against a reader written character by character from the rule alone."""

from __future__ import annotations

import random
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import pipelines.feeds.rows as rows
from pipelines.feeds.counting import RecordCount
from pipelines.feeds.dialects import own_blocks
from pipelines.feeds.files import Header
from pipelines.feeds.mappings import Dialect
from pipelines.feeds.rows import RowReader

COMMA, QUOTE, LINE_END = b',"\n'


def by_the_rule(text: bytes, columns: int) -> dict[int, list[str] | None]:
    """Each record's line with its cells, or with None where it is no row."""
    found: dict[int, list[str] | None] = {}
    place, line = 0, 1
    while place < len(text):
        if text[place] == LINE_END:
            place, line = place + 1, line + 1
            continue
        first_line, cells, is_open = line, [], False
        while True:
            if place < len(text) and text[place] == QUOTE:
                seek, value, is_closed = place + 1, bytearray(), False
                while seek < len(text):
                    if text[seek] == QUOTE and text[seek + 1 : seek + 2] == b'"':
                        value.append(QUOTE)
                        seek += 2
                        continue
                    if text[seek] == QUOTE:
                        is_closed = seek + 1 == len(text) or text[seek + 1] in (COMMA, LINE_END)
                        break
                    value.append(text[seek])
                    seek += 1
                if not is_closed:
                    is_open = True
                    place = text.find(b"\n", place) if b"\n" in text[place:] else len(text)
                else:
                    cells.append(bytes(value))
                    place, line = seek + 1, line + value.count(b"\n")
            else:
                end = place
                while end < len(text) and text[end] not in (COMMA, LINE_END):
                    end += 1
                cells.append(text[place:end])
                place = end
            if place >= len(text):
                break
            place += 1
            if text[place - 1] == LINE_END:
                line += 1
                break
        found[first_line] = None
        if not is_open and len(cells) == columns:
            try:
                found[first_line] = [cell.decode() for cell in cells]
            except UnicodeDecodeError:
                continue
    return found


def read(text: bytes, columns: int, chance: random.Random) -> tuple[dict[int, list[str] | None], int]:
    """The same by the reader, in blocks of any length, and the count that was made apart."""
    header = Header(tuple("abc"[:columns]), 0, 0)
    reader = RowReader("file.csv", header, ",", {name: place for place, name in enumerate(header.names)})
    count, found, begin = RecordCount(","), [], 0
    while begin < len(text):
        end = text.find(b"\n", begin + chance.randint(0, 9)) + 1 or len(text)
        count.add(text[begin:end])
        found.extend(reader.read(text[begin:end]))
        begin = end
    found.extend(reader.finish())
    lines: dict[int, list[str] | None] = dict.fromkeys(reader.unparsed.lines)
    for batch in found:
        for *cells, line in zip(*(column.to_pylist() for column in batch.columns), strict=True):
            lines[line] = cells
    assert reader.rows + len(reader.unparsed) == len(lines)
    return lines, count.total()


PIECES = st.sampled_from(
    [
        b"a",
        b",",
        b"\n",
        b'"',
        b'""',
        b',"',
        b'",',
        b'"\n',
        b"a,b\n",
        b'"p\nq",r\n',
        b"\xe9",
        "é".encode(),
        b"\0",
    ]
)


@pytest.mark.parametrize("chunk", [rows.CHUNK, 6])
@settings(deadline=None, max_examples=400)
@given(st.lists(PIECES, max_size=40), st.integers(1, 3), st.randoms(use_true_random=False))
def test_every_record_is_a_row_or_named_by_its_line_and_is_counted(
    chunk: int, pieces: list[bytes], columns: int, chance: random.Random
) -> None:
    text = b"".join(pieces)
    with pytest.MonkeyPatch.context() as patch:
        # Small enough that records are long in coming.
        patch.setattr(rows, "CHUNK", chunk)
        found, counted = read(text, columns, chance)
    assert found == by_the_rule(text, columns)
    assert counted == len(found)


def counted_by_the_rule(text: bytes, quote: bytes, escape: bytes) -> int:
    """Records of a text with quotes and escapes of its own, character by character."""
    found = place = 0
    while place < len(text):
        if text[place : place + 1] == b"\n":
            place += 1
            continue
        found, is_cell_begin = found + 1, True
        while place < len(text):
            if is_cell_begin and quote and text[place : place + 1] == quote:
                seek = place + 1
                while seek < len(text):
                    if (escape and text[seek : seek + 1] == escape) or text[seek : seek + 2] == quote * 2:
                        seek += 2
                    elif text[seek : seek + 1] == quote:
                        break
                    else:
                        seek += 1
                is_closed = seek < len(text) and text[seek + 1 : seek + 2] in (b",", b"\n", b"")
                line_end = text.find(b"\n", place)
                place = seek + 1 if is_closed else len(text) if line_end < 0 else line_end
            is_cell_begin = False
            mark = text[place : place + 1]
            if escape and mark == escape:
                place += 2
                continue
            place += 1
            if mark in (b"\n", b""):
                break
            is_cell_begin = mark == b","
    return found


@pytest.mark.parametrize(("quote", "escape"), [("'", ""), ("'", "\\"), ('"', "\\"), ("", "\\")])
@settings(deadline=None, max_examples=300)
@given(st.lists(st.sampled_from([*"a,\n\"'\\", ",'", "',", '",', "'\n"]), max_size=25), st.randoms())
def test_a_text_of_foreign_quotes_is_counted_as_it_stands_and_read_as_many(
    quote: str, escape: str, pieces: list[str], chance: random.Random
) -> None:
    text = ("h,k\n" + "".join(pieces)).encode()
    cuts = [place + 1 for place, mark in enumerate(text) if mark == LINE_END and chance.random() < 0.5]
    blocks = [text[begin:end] for begin, end in pairwise([0, *cuts, len(text)]) if begin < end]
    apart, after = RecordCount(",", quote or "\0", escape), RecordCount(",")
    for block in blocks:
        apart.add(block)
    for block in own_blocks(iter(blocks), Dialect(quote_mark=quote, escape_mark=escape), "f.csv"):
        after.add(block)
    assert apart.total() == after.total() == counted_by_the_rule(text, quote.encode(), escape.encode())
