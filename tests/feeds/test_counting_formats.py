"""Documents and sheets are counted apart from the reader that loads them, and no record is lost between the
two.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.feeds import formats, take_all
from pipelines.feeds.counting_formats import document_items, sheet_rows
from pipelines.home import Home

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text('ab"\\{}[],:\n é', max_size=6),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text('a"[,', max_size=3), inner, max_size=3)
    ),
    max_leaves=8,
)


@settings(deadline=None, max_examples=300)
@given(st.lists(VALUES, max_size=6), st.sampled_from([None, 1]), st.booleans())
def test_the_items_of_a_list_are_counted_by_its_brackets(
    items: list[Any], indent: int | None, is_wrapped: bool
) -> None:
    held = [item for item in items if isinstance(item, dict)] if is_wrapped else items
    whole = {"tickets": held, "page": {"a": [1, 2]}, "next": 'a"[{'} if is_wrapped else held
    text = json.dumps(whole, indent=indent, ensure_ascii=False).encode()
    assert document_items(text) == len(held)
    if not is_wrapped or held:
        records = formats.json_records("f.json", iter([text]), [], ".", is_ndjson=False)
        assert len(records.rows) + len(records.unparsed) == records.records == len(held)


@pytest.mark.parametrize(
    ("text", "expected"), [(b"{}", 1), (b'{"id": 1, "lines": [1]}', 1), (b"", 0), (b"3", 0)]
)
def test_what_holds_no_list_of_records_is_one_or_none(text: bytes, expected: int) -> None:
    assert document_items(text) == expected


def test_a_list_that_a_second_one_of_the_same_name_hides_refuses_the_document(
    home: Home, put: Callable[..., Path]
) -> None:
    """JSON readers keep the last of two equal names: the rows of the first would be gone without a word."""
    (home.mappings / "desk.yml").write_text(
        "format: json\ncolumns: [id, at]\nfeeds: {tickets: {columns: {ticket_id: id, requested_at: at,"
        " channel: {constant: email}}}}\n"
    )
    one, two = '{"id": 1, "at": "2026-03-02"}', '{"id": 2, "at": "2026-03-02"}'
    put("desk", f'{{"tickets": [{one}], "tickets": [{two}]}}', "a.json")
    (delivery,) = take_all(home)
    assert "2 records were counted in the file, but 1 were read" in str(delivery.refusal)
    assert (home.inbox / "desk" / "a.json").exists()


WRITTEN: list[Callable[[Any, Any, int, int], Any]] = [
    lambda sheet, bold, row, column: sheet.write_string(row, column, "ligne\n2"),
    lambda sheet, bold, row, column: sheet.write_string(row, column, ""),
    lambda sheet, bold, row, column: sheet.write_string(row, column, " "),
    lambda sheet, bold, row, column: sheet.write_number(row, column, 0),
    lambda sheet, bold, row, column: sheet.write_boolean(row, column, False),
    lambda sheet, bold, row, column: sheet.write_formula(row, column, "=1", None, 1),
    lambda sheet, bold, row, column: sheet.write_formula(row, column, "=1", None, "y"),
    lambda sheet, bold, row, column: sheet.write_formula(row, column, "=1", None, ""),
    lambda sheet, bold, row, column: sheet.write_formula(row, column, "=1", None, "#N/A"),
    lambda sheet, bold, row, column: sheet.write_blank(row, column, None, bold),
    lambda sheet, bold, row, column: sheet.write_rich_string(row, column, "p", bold, "q"),
]


@pytest.mark.parametrize("is_inline", [False, True])
def test_the_rows_of_a_sheet_are_counted_by_another_parser(tmp_path: Path, is_inline: bool) -> None:
    chance = random.Random(5)  # noqa: S311
    path = tmp_path / "book.xlsx"
    book = xlsxwriter.Workbook(str(path), {"constant_memory": is_inline})
    book.add_worksheet("Autre").hide()
    sheet, bold = book.add_worksheet("Été & <1>"), book.add_format({"bold": True})
    sheet.activate()
    sheet.set_first_sheet()
    sheet.write_row(2, 0, ["a", "b", "c"])
    for row in range(3, 500):
        for column in range(4 if chance.random() < 0.05 else 3):
            if chance.random() < 0.4:
                chance.choice(WRITTEN)(sheet, bold, row, column)
    book.close()
    records = formats.workbook_records(path.name, path, 0, ".")
    assert sheet_rows(path, "Été & <1>", 0) == records.records
    assert records.records == len(records.rows) + len(records.unparsed)
    assert records.unparsed
