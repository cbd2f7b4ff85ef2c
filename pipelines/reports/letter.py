"""A document as mail: HTML with styles in its tags and pictures with their words, and the same as plain text.

Belongs here: what mail programs can show. Does not belong here: order or words; sending.
"""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from pipelines.queries.words import say
from pipelines.reports.blocks import Block, Cards, Chart, Document, Heading, PageBreak, Table, Text, cell_text
from pipelines.reports.charts import WIDTH
from pipelines.reports.names import CATALOGUE
from pipelines.reports.pdf import png_of

# Some mail programs cut a longer message off (the limit is 102 kB with what they add).
MOST_BYTES = 90_000
ROWS_SHOWN = 12
_ROOM = 84_000
_TEMPLATES = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_NUMBERS = ("integer", "decimal", "percent", "euros")


@dataclass(frozen=True)
class Letter:
    """A message: pictures by their content id."""

    subject: str
    html: str
    text: str
    pictures: dict[str, bytes]


def letter_of(document: Document) -> Letter:
    """The document as mail; what does not fit is named and stands in the PDF."""
    pictures: dict[str, bytes] = {}

    def by_id(chart: Chart) -> str:
        name = f"chart{len(pictures) + 1}"
        pictures[name] = png_of(chart, document.language)
        return f"cid:{name}"

    html = _html(document, by_id)
    pictures = {name: picture for name, picture in pictures.items() if f"cid:{name}" in html}
    return Letter(f"{document.title} · {document.subtitle}", html, plain_text(document), pictures)


def page_of(document: Document) -> str:
    """The same as a file that needs nothing beside it."""

    def inside(chart: Chart) -> str:
        return "data:image/png;base64," + base64.b64encode(png_of(chart, document.language)).decode()

    return _rendered(document, [_part(block, document, inside) for block in document.blocks], "")


def plain_text(document: Document) -> str:
    """Every sentence and table in letters alone."""
    lines = [document.title, document.subtitle, ""]
    for block in document.blocks:
        if isinstance(block, Heading):
            lines += ["", block.text, ("=" if block.level == 1 else "-") * min(len(block.text), 72)]
        elif isinstance(block, Text):
            lines.append(f"- {block.text}" if block.tone == "bullet" else block.text)
            lines += [block.link] if block.link else []
        elif isinstance(block, Cards):
            lines += [f"{label}: {value}  {note}".rstrip() for label, value, note in block.items]
        elif isinstance(block, Table) and block.is_drawn:
            for row in block.rows[:ROWS_SHOWN]:
                cells = zip(row, block.columns, strict=True)
                lines.append(
                    " | ".join(cell_text(value, column.kind, document.language) for value, column in cells)
                )
            lines += _more(block, document.language)
    return "\n".join([*lines, "", document.footer, ""])


def _html(document: Document, address: Callable[[Chart], str]) -> str:
    parts: list[str] = []
    room = _ROOM
    for block in document.blocks:
        part = _part(block, document, address)
        room -= len(part.encode())
        if room < 0:
            return _rendered(document, parts, say(CATALOGUE, "cut_off", document.language))
        parts.append(part)
    return _rendered(document, parts, "")


def _part(block: Block, document: Document, address: Callable[[Chart], str]) -> str:
    if isinstance(block, PageBreak) or (isinstance(block, Table) and not block.is_drawn):
        return ""
    template = _TEMPLATES.get_template("letter_block.html.j2")
    told = {"block": block, "kind": type(block).__name__.lower(), "width": WIDTH}
    if isinstance(block, Chart):
        told["address"] = address(block)
    if isinstance(block, Table):
        write = partial(cell_text, language=document.language)
        # What is wider than a telephone is cut off there.
        places = block.brief or range(len(block.columns))
        columns = [block.columns[place] for place in places]
        told["columns"] = [(column.title, column.kind in _NUMBERS) for column in columns]
        told["rows"] = [
            [
                (write(row[place], column.kind), column.kind in _NUMBERS)
                for place, column in zip(places, columns, strict=True)
            ]
            for row in block.rows[:ROWS_SHOWN]
        ]
        told["more"] = "".join(_more(block, document.language))
    return template.render(**told)


def _more(table: Table, language: str) -> list[str]:
    if len(table.rows) <= ROWS_SHOWN:
        return []
    return [say(CATALOGUE, "more_rows", language, shown=ROWS_SHOWN, total=len(table.rows))]


def _rendered(document: Document, parts: list[str], note: str) -> str:
    return _TEMPLATES.get_template("letter.html.j2").render(document=document, parts=parts, note=note)
