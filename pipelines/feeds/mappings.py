"""What a source is: the five canonical feeds, and every mapping that turns a real export into feeds.

Belongs here: a mapping as the door follows it. Does not belong here: the file's form (`mapping_forms`), how a
file becomes this (`mapping_reading`), which sources a home knows (`sources`), or what a mapping means in SQL
(`translation`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from pipelines.feeds.parsing import ValueStyle


@dataclass(frozen=True)
class Dialect:
    """How the source writes text, numbers and times."""

    encoding: str = "utf-8"
    separator: str = ","
    quote_mark: str = '"'
    escape_mark: str = ""
    skip_lines: int = 0
    decimal_mark: str = "."
    thousands_mark: str = ""
    style: ValueStyle = field(default_factory=ValueStyle)
    unknown: tuple[str, ...] = ()


@dataclass(frozen=True)
class Condition:
    """One test on one column of the source; conditions of a list hold together."""

    column: str
    test: str
    value: str | tuple[str, ...] | bool | Decimal


# The days from which a rate holds, in order; None: it always held.
Rates = tuple[tuple[date | None, Decimal], ...]


@dataclass(frozen=True)
class Conversion:
    """From a currency into euros. `rates` by code; the code stands in `column`, else there is one rate alone.

    `on`: the column with the day whose rate holds, else the feed's own date.
    """

    rates: tuple[tuple[str, Rates], ...]
    column: str | None = None
    on: str | None = None


@dataclass(frozen=True)
class ColumnRule:
    """How one column of a feed comes from the source. `vat`: a share, or the column that holds it."""

    sources: tuple[str, ...] = ()
    joined_by: str | None = None
    constant: str | None = None
    remove: str | None = None
    values: tuple[tuple[str, str | None], ...] = ()
    is_unlisted_unknown: bool = False
    is_absolute: bool = False
    divided_by: str | None = None
    conversion: Conversion | None = None
    vat: Decimal | str | None = None
    date_forms: tuple[str, ...] = ()
    is_content_key: bool = False


@dataclass(frozen=True)
class ExportedAt:
    """When an export was made: a column, a pattern in the file's name, or the file's own time."""

    column: str | None = None
    file_name_pattern: str | None = None
    is_modified_time: bool = False
    date_forms: tuple[str, ...] = ()


@dataclass(frozen=True)
class FeedRule:
    """Which rows of the source are rows of a feed, and how.

    `identity`: the source columns that a key from content is made of.
    """

    feed: str
    when: tuple[Condition, ...]
    columns: tuple[tuple[str, ColumnRule], ...]
    identity: tuple[str, ...] = ()
    exported_at: ExportedAt | None = None
    is_complete_export: bool = False

    @property
    def has_content_key(self) -> bool:
        """Whether any key of this feed is made from content."""
        return any(rule.is_content_key for _, rule in self.columns)


@dataclass(frozen=True)
class Filter:
    """Rows that the mapping declares not to be wanted, under a name that is counted."""

    name: str
    when: tuple[Condition, ...]


@dataclass(frozen=True)
class Mapping:
    """One source: a canonical feed (`is_canonical`: columns by name, all optional ones may be missing), or a
    mapping. `columns`: what its rules read, of the file or of what the shape gives; `file_columns`: what
    the file of a shape must have. `files`: the shape's tables and the patterns of their files; none: every
    file is one of its own.
    """

    name: str
    description: str
    dialect: Dialect
    columns: tuple[str, ...]
    ignored: tuple[str, ...]
    filters: tuple[Filter, ...]
    feeds: tuple[FeedRule, ...]
    is_canonical: bool
    fingerprint: str
    format: str = "csv"
    shape: str | None = None
    file_columns: tuple[str, ...] = ()
    files: tuple[tuple[str, str], ...] = ()

    def staged(self, column: str) -> str:
        """The name under which a column of the source is staged: by its place, so that no name that a sender
        chose meets another, or one of ours.
        """
        return f"c{self.columns.index(column)}"
