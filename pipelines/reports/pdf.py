"""A document as PDF, and its charts as PNG, by Typst: fonts of the package, no network, no system fonts.

Belongs here: handing blocks over as data. Text goes in as strings of a JSON, which Typst sets letter by
letter: no markup survives. Does not belong here: order or words.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any, Literal

import typst

from pipelines.queries.formats import UNKNOWN
from pipelines.queries.words import say
from pipelines.reports.blocks import Blank, Block, Cards, Chart, Document, Heading, Table, Text, cell_text
from pipelines.reports.charts import chart_svg
from pipelines.reports.names import CATALOGUE

TEMPLATE = Path(__file__).parent / "templates" / "report.typ"
_NUMBERS = ("integer", "decimal", "percent", "euros")
_NO_FONTS = typst.Fonts(include_system_fonts=False)


def pdf_of(document: Document) -> bytes:
    """The document as PDF; the same document gives the same bytes."""
    data = {
        "title": document.title,
        "subtitle": document.subtitle,
        "footer": document.footer,
        "lang": document.language,
        "made": [document.made_at.year, document.made_at.month, document.made_at.day],
        "blocks": [each for block in document.blocks for each in _data(block, document.language)],
    }
    return _compiled(TEMPLATE.read_bytes(), data, document.made_at, "pdf")


@cache
def _picture(svg: str) -> bytes:
    source = b"#set page(width: auto, height: auto, margin: 0pt)\n#image(bytes(json(bytes(sys.inputs.data))))"
    return _compiled(source, svg, None, "png")


def png_of(chart: Chart, language: str) -> bytes:
    """A chart as a picture for mail, twice as fine as it is shown."""
    return _picture(chart_svg(chart, language))


def _compiled(source: bytes, data: Any, made_at: datetime | None, form: Literal["pdf", "png"]) -> bytes:
    inputs: Mapping[str, str] = {"data": json.dumps(data, ensure_ascii=False)}
    made = typst.compile(
        source,
        font_paths=_NO_FONTS,
        sys_inputs=dict(inputs),
        format=form,
        ppi=192 if form == "png" else None,
        timestamp=None if made_at is None else int(made_at.replace(tzinfo=UTC).timestamp()),
    )
    if not isinstance(made, bytes):
        raise TypeError("Typst makes one file of one page of charts")
    return made


def _data(block: Block, language: str) -> list[dict[str, Any]]:
    """A block as the template reads it; none where it is not drawn."""
    kind = type(block).__name__.lower()
    if isinstance(block, Chart):
        return [{"kind": kind, "svg": chart_svg(block, language), "alt": block.alt}]
    if isinstance(block, Table):
        return [_table(block, language)] if block.is_drawn else []
    if isinstance(block, (Heading, Text, Cards, Blank)):
        return [{"kind": kind, **asdict(block)}]
    return [{"kind": kind}]


def _table(table: Table, language: str) -> dict[str, Any]:
    columns = [
        {"title": each.title, "is_number": each.kind in _NUMBERS, "width": each.width}
        for each in table.columns
    ]
    rows = [
        [
            "" if value is None and column.kind == "text" else cell_text(value, column.kind, language)
            for value, column in zip(row, table.columns, strict=True)
        ]
        for row in table.rows[: table.shown]
    ]
    total = len(table.rows)
    more = total > len(rows)
    note = say(CATALOGUE, "more_rows", language, shown=len(rows), total=total) if more else ""
    return {"kind": "table", "columns": columns, "rows": rows or [[UNKNOWN] * len(columns)], "note": note}
