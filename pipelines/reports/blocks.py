"""What a report is made of, before it has a form: PDF, mail and workbook are three renderings of one list.

Belongs here: the kinds of blocks, and how a raw value is written in words. Does not belong here: any figure,
any form.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

from pipelines.queries import formats

Kind = Literal["text", "integer", "decimal", "percent", "euros", "day"]


@dataclass(frozen=True)
class Column:
    """A column of a table. `width`: characters in a workbook, its share of the room elsewhere."""

    title: str
    kind: Kind = "text"
    width: int = 14


@dataclass(frozen=True)
class Heading:
    """A heading; level 1 begins a section."""

    text: str
    level: int = 1


@dataclass(frozen=True)
class Text:
    """A paragraph."""

    text: str
    tone: Literal["plain", "soft", "note", "bullet", "quote"] = "plain"
    link: str = ""


@dataclass(frozen=True)
class Cards:
    """A few figures side by side: label, value, note."""

    items: tuple[tuple[str, str, str], ...]


@dataclass(frozen=True)
class Table:
    """Raw values under columns. Forms for reading show the first `shown` rows; the workbook holds all.

    `brief`: positions of the columns that fit a telephone; all where there are none.
    """

    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Any, ...], ...]
    shown: int = 40
    is_drawn: bool = True
    brief: tuple[int, ...] = ()


@dataclass(frozen=True)
class Chart:
    """A drawing of the table that stands in the same list: `x` and `series` are positions of its columns."""

    title: str
    alt: str
    table: Table
    x: int
    series: tuple[int, ...]
    kind: Literal["bar", "line"] = "bar"


@dataclass(frozen=True)
class Blank:
    """Something that people fill in: a label and empty lines."""

    label: str
    lines: int = 3


@dataclass(frozen=True)
class PageBreak:
    """What follows begins a page."""


Block = Heading | Text | Cards | Table | Chart | Blank | PageBreak


@dataclass(frozen=True)
class Document:
    """A report in one language. `footer`: which data it was made from."""

    title: str
    subtitle: str
    footer: str
    language: str
    made_at: Any
    blocks: tuple[Block, ...]


def cell_text(value: Any, kind: Kind, language: str) -> str:
    """A raw value in words."""
    if value is None or value == "":
        return formats.UNKNOWN
    if kind == "day":
        return formats.day(value, language) if isinstance(value, date) else str(value)
    if kind == "percent":
        return formats.percent(value, language)
    if kind == "euros":
        return formats.euros(value, language)
    if kind == "integer":
        return formats.number(value, language)
    if kind == "decimal":
        decimals = 1 if abs(value) >= 1 or value == 0 else 2
        return formats.number(value, language, decimals)
    return str(value)


def table_of(
    title: str,
    columns: Sequence[Column],
    rows: Sequence[Sequence[Any]],
    shown: int = 40,
    is_drawn: bool = True,
    brief: tuple[int, ...] = (),
) -> Table:
    """A table from lists."""
    return Table(title, tuple(columns), tuple(tuple(row) for row in rows), shown, is_drawn, brief)
