"""From a mapping file to the mapping that it declares, checked against the feed contract.

Belongs here: what the keys of a file mean together; every complaint names file, line and key. Does not belong
here: the form of single keys (`mapping_forms`), or anything in SQL (`translation`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping as Map
from pathlib import Path

from pipelines.feeds.contract import Column, Contract, Feed
from pipelines.feeds.mapping_files import MappingFile
from pipelines.feeds.mapping_forms import (
    CONDITIONS,
    ColumnForm,
    ConditionForm,
    CurrencyForm,
    CurrencyOfColumn,
    ExportedAtForm,
    FeedForm,
)
from pipelines.feeds.mappings import (
    ColumnRule,
    Condition,
    Conversion,
    Dialect,
    ExportedAt,
    FeedRule,
    Filter,
    Mapping,
    Rates,
)
from pipelines.feeds.parsing import ValueStyle
from pipelines.feeds.shaping import ShapeError, shape_of

# What of a feed's row never changes: what a key from content may be made of.
STABLE_COLUMNS = {
    "products": ("sku",),
    "service_centers": ("service_center_id",),
    "orders": ("order_id", "contract_at", "customer_id", "sku", "quantity", "unit_price_eur"),
    "tickets": ("ticket_id", "order_id", "customer_id", "sku", "quantity", "requested_at"),
    "repairs": ("repair_id", "ticket_id", "sku", "serial_number", "received_at"),
}


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
            exported_at=self.exported_at(exported_at, place),
            is_complete_export=export == "complete",
        )

    def identity(self, form: FeedForm, rules: Map[str, ColumnRule], feed: str) -> tuple[str, ...]:
        """The columns that a key from content is made of, named by the mapping.

        Only the shop knows them: a guess doubles a row on the day when one of its columns changes.
        """
        stable = [
            source for column in STABLE_COLUMNS[feed] if column in rules for source in rules[column].sources
        ]
        made = next((column for column, rule in rules.items() if rule.is_content_key), None)
        if made is not None and not form.identity:
            may = ", ".join(dict.fromkeys(stable)) or "none is known"
            place = ("feeds", feed, "columns", made)
            raise self.wrong(
                place,
                f"is made from content, and nothing says from which: which columns tell one row of {feed} "
                f"from another and never change (candidates: {may})? Name them in identity: [...]",
            )
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
