"""Sources: the five canonical feeds, and every mapping file that turns a real export into feeds.

Belongs here: what a mapping means, checked against the feed contract; which sources a home knows. Does not
belong here: the file's form (`mapping_files`), what a mapping means in SQL (`translation`), or any single
source: those are `mappings/*.yml`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from collections.abc import Mapping as Map
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from pathlib import Path

from pipelines.feeds.contract import Column, Contract, Feed, contract
from pipelines.feeds.mapping_files import (
    CONDITIONS,
    ColumnForm,
    ConditionForm,
    CurrencyForm,
    CurrencyOfColumn,
    ExportedAtForm,
    FeedForm,
    MappingFile,
)
from pipelines.feeds.parsing import ValueStyle
from pipelines.feeds.shaping import ShapeError, shape_of
from pipelines.home import Home

MAPPINGS_DIR = Path(__file__).resolve().parent / "mappings"

# What of a feed's row never changes: a key from content is made of these where a mapping names no others.
STABLE_COLUMNS = {
    "products": ("sku",),
    "service_centers": ("service_center_id",),
    "orders": ("order_id", "contract_at", "customer_id", "sku", "quantity", "unit_price_eur"),
    "tickets": ("ticket_id", "order_id", "customer_id", "sku", "quantity", "requested_at"),
    "repairs": ("repair_id", "ticket_id", "sku", "serial_number", "received_at"),
}


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

    `identity`: the source columns that a key from content is made of; `is_identity_named`: by the mapping.
    """

    feed: str
    when: tuple[Condition, ...]
    columns: tuple[tuple[str, ColumnRule], ...]
    identity: tuple[str, ...] = ()
    is_identity_named: bool = False
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


class Sources(Map[str, Mapping]):
    """The sources that a home knows, by name.

    A mapping is read when it is asked for: a wrong one raises then, and hinders no other.
    """

    def __init__(self, home: Home | None) -> None:
        self._known = contract()
        folders = (MAPPINGS_DIR, *([home.mappings] if home is not None and home.mappings.is_dir() else []))
        # The user's own mapping of a name replaces the packaged one.
        self._files = {
            path.stem: path
            for folder in folders
            for path in sorted((*folder.glob("*.yml"), *folder.glob("*.yaml")))
            if not path.name.startswith(".")
        }
        self._read: dict[str, Mapping] = {}
        self.problems = tuple(
            f"{self._files.pop(name)} has the name of a feed and is not used: rename it, {name} takes "
            "canonical files."
            for name in self._known.feeds
            if name in self._files
        )

    def __getitem__(self, name: str) -> Mapping:
        if name not in self:
            raise KeyError(name)
        if name not in self._read:
            path = self._files.get(name)
            self._read[name] = _canonical(name, self._known) if path is None else mapping(path, self._known)
        return self._read[name]

    def __contains__(self, name: object) -> bool:
        return name in self._known.feeds or name in self._files

    def __iter__(self) -> Iterator[str]:
        return iter((*self._known.feeds, *self._files))

    def __len__(self) -> int:
        return len(self._known.feeds) + len(self._files)


def sources(home: Home | None = None) -> Sources:
    """All sources by name, the home's own mappings among them: a folder of that name in the inbox takes its
    files.
    """
    return Sources(home)


def _canonical(name: str, known: Contract) -> Mapping:
    feed = known.feeds[name]
    rules = tuple((column.name, ColumnRule(sources=(column.name,))) for column in feed.columns)
    return Mapping(
        name=name,
        description=f"Canonical {name}.",
        dialect=Dialect(),
        columns=feed.column_names,
        ignored=(),
        filters=(),
        feeds=(FeedRule(feed=name, when=(), columns=rules),),
        is_canonical=True,
        fingerprint=known.fingerprint,
    )


def mapping(path: Path, known: Contract) -> Mapping:
    """The mapping that a YAML file declares."""
    return _Reader(MappingFile(path), known).mapping()


class _Reader:
    """From the form of one mapping file to what it means; every complaint names file, line and key."""

    def __init__(self, file: MappingFile, known: Contract) -> None:
        self.file, self.form, self.known = file, file.form, known
        self.wrong = file.wrong
        self.used: list[str] = []

    def mapping(self) -> Mapping:
        form = self.form
        if not form.columns and form.shape is None:
            raise self.wrong(("columns",), "is missing: list the columns that the file must have")
        if form.files and form.shape is None and len(form.files) > 1:
            raise self.wrong(("files",), "names several files: a shape must say how they belong together")
        doubled = next((name for name in form.columns if form.columns.count(name) > 1), None)
        if doubled is not None:
            raise self.wrong(("columns",), f"names {doubled!r} twice: remove one")
        for feed in form.feeds:
            if feed not in self.known.feeds:
                raise self.wrong(("feeds", feed), f"is not a feed: one of {', '.join(self.known.feeds)}")
        if form.shape is not None:
            try:
                shape_of(form.shape)
            except ShapeError as error:
                raise self.wrong(("shape",), str(error)) from None
        filters = tuple(
            Filter(item.name, self.conditions(item.when, ("skip", place, "when")))
            for place, item in enumerate(form.skip)
        )
        feeds = tuple(self.feed(name, rule, self.known.feeds[name]) for name, rule in form.feeds.items())
        declared = tuple(dict.fromkeys(name.strip() for name in form.columns))
        meaning = form.model_dump_json(by_alias=True, exclude_unset=True, exclude={"description"})
        dialect = form.dialect
        return Mapping(
            name=self.file.path.stem,
            description=form.description.strip(),
            dialect=Dialect(
                encoding=dialect.encoding,
                separator=dialect.separator,
                quote_mark=dialect.quote,
                escape_mark=dialect.escape,
                skip_lines=dialect.skip_lines,
                decimal_mark=dialect.decimal,
                thousands_mark=dialect.thousands,
                style=ValueStyle(dialect.time_zone, dialect.dates),
                unknown=dialect.unknown,
            ),
            columns=declared if form.shape is None else tuple(dict.fromkeys(self.used)),
            ignored=tuple(name.strip() for name in form.ignored),
            filters=filters,
            feeds=feeds,
            is_canonical=False,
            fingerprint=hashlib.sha256(f"{meaning}{self.known.fingerprint}".encode()).hexdigest(),
            format=form.format,
            shape=form.shape,
            file_columns=declared if form.shape is not None else (),
            files=tuple(form.files.items()),
        )

    def source_column(self, value: str, place: tuple[str | int, ...]) -> str:
        # A header's names are read without outer blanks, so a rule may write them as they stand in the file.
        name = value.strip()
        if self.form.shape is None and name not in (known.strip() for known in self.form.columns):
            if place not in self.file.lines:  # written short: the column alone stands for its `from`
                place = place[:-1]
            raise self.wrong(place, f"is {value!r}, which is not in columns: {', '.join(self.form.columns)}")
        self.used.append(name)
        return name

    def conditions(
        self, forms: tuple[ConditionForm, ...], place: tuple[str | int, ...]
    ) -> tuple[Condition, ...]:
        return tuple(self._condition(form, (*place, number)) for number, form in enumerate(forms))

    def _condition(self, form: ConditionForm, place: tuple[str | int, ...]) -> Condition:
        column = self.source_column(form.column, (*place, "column"))
        test = next(iter(form.model_fields_set - {"column"}))
        name = test.rstrip("_")
        assert name in CONDITIONS
        return Condition(column, name, getattr(form, test))

    def feed(self, name: str, form: FeedForm, feed: Feed) -> FeedRule:
        place = ("feeds", name)
        rules: dict[str, ColumnRule] = {}
        for column, rule in form.columns.items():
            known = feed.column(column)
            if known is None:
                raise self.wrong(
                    (*place, "columns", column),
                    f"is not a column of {name}: one of {', '.join(feed.column_names)}",
                )
            rules[column] = self.column(rule, known, form, (*place, "columns", column))
        key = feed.key[-1]
        if key not in rules and form.identity:
            rules[key] = ColumnRule(is_content_key=True)
        for required in (column for column in feed.columns if column.is_required):
            if required.name not in rules:
                question = (
                    f": has the source no such number, which of its columns tell one row of {name} from "
                    "another and never change? Name them in identity: [...]"
                    if required.name == key
                    else ""
                )
                raise self.wrong(
                    (*place, "columns"), f"lacks {required.name}, which {name} requires{question}"
                )
        exported_at, export = form.exported_at or self.form.exported_at, form.export or self.form.export
        if export == "complete" and exported_at is None:
            raise self.wrong(
                (*place, "export") if form.export else ("export",),
                "is complete, but nothing says which export is the newer one: declare exported_at",
            )
        return FeedRule(
            feed=name,
            when=self.conditions(form.when, (*place, "when")),
            columns=tuple(rules.items()),
            identity=self.identity(form, rules, name),
            is_identity_named=bool(form.identity),
            exported_at=self.exported_at(exported_at, place),
            is_complete_export=export == "complete",
        )

    def identity(self, form: FeedForm, rules: Map[str, ColumnRule], feed: str) -> tuple[str, ...]:
        """The columns that a key from content is made of: the named ones, else those that never change."""
        stable = [
            source for column in STABLE_COLUMNS[feed] if column in rules for source in rules[column].sources
        ]
        if not form.identity:
            return tuple(dict.fromkeys(stable))
        named = tuple(self.source_column(name, ("feeds", feed, "identity")) for name in form.identity)
        changing = {
            source: column
            for column, rule in rules.items()
            for source in rule.sources
            if column.endswith(("_at", "_on")) and column not in STABLE_COLUMNS[feed]
        }
        for name in named:
            if (
                name in changing
                and name not in stable
                and not any(
                    name in rule.sources for column, rule in rules.items() if column not in changing.values()
                )
            ):
                raise self.wrong(
                    ("feeds", feed, "identity"),
                    f"names {name}, which is {changing[name]} and changes from one export to the next: name "
                    "only columns that never change",
                )
        return named

    def exported_at(self, form: ExportedAtForm | None, place: tuple[str | int, ...]) -> ExportedAt | None:
        if form is None:
            return None
        column = form.column and self.source_column(form.column, (*place, "exported_at", "column"))
        return ExportedAt(column, form.filename, form.modified, form.dates)

    def column(
        self, form: ColumnForm, column: Column, feed: FeedForm, place: tuple[str | int, ...]
    ) -> ColumnRule:
        origins = tuple(self.source_column(item, (*place, "from")) for item in form.from_)
        vat = next(
            (rate for rate in (form.vat_rate, feed.vat_rate, self.form.vat_rate) if rate is not None), None
        )
        holds_no_vat = column.type.startswith("decimal") and "incl_vat" not in column.name and origins
        if form.vat_rate is not None and not column.type.startswith("decimal"):
            raise self.wrong((*place, "vat_rate"), f"stands at {column.name}, which is not an amount")
        if isinstance(vat, str):
            vat = self.source_column(vat, (*place, "vat_rate"))
        divided_by = form.divided_by and self.source_column(form.divided_by, (*place, "divided_by"))
        return ColumnRule(
            sources=origins,
            joined_by=form.join,
            constant=form.constant,
            remove=form.remove,
            values=tuple(form.values.items()),
            is_unlisted_unknown=form.else_ == "unknown",
            is_absolute=form.absolute,
            divided_by=divided_by,
            conversion=self.conversion(form, (*place, "currency")),
            vat=vat if form.vat_rate is not None or holds_no_vat else None,
            date_forms=form.dates,
            is_content_key=form.content_key,
        )

    def conversion(self, form: ColumnForm, place: tuple[str | int, ...]) -> Conversion | None:
        declared = form.currency
        if declared is None:
            return None
        if isinstance(declared, CurrencyOfColumn):
            return Conversion(
                rates=tuple((code, _rates(rate)) for code, rate in self.form.currencies.items()),
                column=self.source_column(declared.column, (*place, "column")),
                on=declared.on and self.source_column(declared.on, (*place, "on")),
            )
        if declared not in self.form.currencies:
            raise self.wrong(place, f"is {declared!r}, which has no rate: declare it in currencies")
        return Conversion(rates=((declared, _rates(self.form.currencies[declared])),))


def _rates(form: CurrencyForm) -> Rates:
    return ((None, form.eur),) if form.eur is not None else tuple(sorted(form.rates.items()))
