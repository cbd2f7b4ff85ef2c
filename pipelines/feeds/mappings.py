"""Sources: the five canonical feeds, and every mapping file that turns a real export into feeds.

Belongs here: the mapping files' form, and refusing a wrong one with its file and key. Does not belong here:
what a mapping means in SQL (`translation`), or any single source: those are `mappings/*.yml`.
"""

from __future__ import annotations

import codecs
import hashlib
import re
from collections.abc import Mapping as Map
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import yaml

from pipelines.errors import SavoirError
from pipelines.feeds.contract import Contract, contract
from pipelines.feeds.parsing import ValueStyle

MAPPINGS_DIR = Path(__file__).resolve().parent / "mappings"

CONDITIONS = (
    "is",
    "is_not",
    "in",
    "not_in",
    "matches",
    "not_matches",
    "above",
    "at_least",
    "below",
    "at_most",
    "is_empty",
)


class MappingError(SavoirError):
    """A mapping file is wrong: the sentence names the file and the key."""


@dataclass(frozen=True)
class Dialect:
    """How the source writes text, numbers and times."""

    encoding: str = "utf-8"
    separator: str = ","
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


@dataclass(frozen=True)
class ColumnRule:
    """How one column of a feed comes from the source."""

    sources: tuple[str, ...] = ()
    constant: str | None = None
    remove: str | None = None
    values: tuple[tuple[str, str | None], ...] = ()
    is_unlisted_unknown: bool = False
    is_absolute: bool = False
    rate: Decimal | None = None
    is_content_key: bool = False


@dataclass(frozen=True)
class FeedRule:
    """Which rows of the source are rows of a feed, and how."""

    feed: str
    when: tuple[Condition, ...]
    columns: tuple[tuple[str, ColumnRule], ...]


@dataclass(frozen=True)
class Filter:
    """Rows that the mapping declares not to be wanted, under a name that is counted."""

    name: str
    when: tuple[Condition, ...]


@dataclass(frozen=True)
class Mapping:
    """One source: a canonical feed (`is_canonical`: columns by name, all optional ones may be missing), or a
    mapping.
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

    def staged(self, column: str) -> str:
        """The name under which a column of the source is staged: by its place, so that no name that a sender
        chose meets another, or one of ours.
        """
        return f"c{self.columns.index(column)}"


@cache
def sources(folder: Path = MAPPINGS_DIR) -> dict[str, Mapping]:
    """All sources by name: a folder of that name in the inbox takes its files."""
    known = contract()
    found = {name: _canonical(name, known) for name in known.feeds}
    for path in sorted(folder.glob("*.yml")):
        if path.stem in known.feeds:
            raise MappingError(
                f"{path} has the name of a feed: rename it, {path.stem} takes canonical files."
            )
        found[path.stem] = mapping(path, known)
    return found


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
    body = path.read_bytes()
    try:
        declared = yaml.safe_load(body)
    except yaml.YAMLError as error:
        raise MappingError(f"{path} is not valid YAML: {error}.") from None
    reader = _Reader(path)
    top = reader.table(
        declared,
        "the file",
        ("description", "format", "dialect", "currencies", "columns", "ignored", "skip", "feeds"),
    )
    if top.get("format", "csv") not in ("csv", "parquet"):
        raise reader.wrong("format", f"is {top['format']!r}: csv or parquet")
    columns = reader.names(top.get("columns"), "columns")
    if not columns:
        raise reader.wrong("columns", "is missing: list the columns that the file must have")
    reader.known_columns = columns
    reader.rates = {
        code: reader.rate(rate, f"currencies.{code}")
        for code, rate in reader.table(top.get("currencies", {}), "currencies").items()
    }
    feeds = reader.table(top.get("feeds"), "feeds")
    for feed in feeds:
        if feed not in known.feeds:
            raise reader.wrong(f"feeds.{feed}", f"is no feed: one of {', '.join(known.feeds)}")
    return Mapping(
        name=path.stem,
        description=str(top.get("description", "")).strip(),
        dialect=reader.dialect(top.get("dialect", {})),
        columns=columns,
        ignored=reader.names(top.get("ignored", ()), "ignored"),
        filters=tuple(reader.filter(item, place) for place, item in enumerate(top.get("skip", ()), 1)),
        feeds=tuple(reader.feed(name, rule, known) for name, rule in feeds.items()),
        is_canonical=False,
        fingerprint=hashlib.sha256(body + known.fingerprint.encode()).hexdigest(),
    )


class _Reader:
    """Reads one mapping file; every complaint names the file and the key."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.known_columns: tuple[str, ...] = ()
        self.rates: Map[str, Decimal] = {}

    def wrong(self, key: str, what: str) -> MappingError:
        return MappingError(f"{self.path}: {key} {what}.")

    def table(self, value: Any, key: str, allowed: tuple[str, ...] | None = None) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise self.wrong(key, "must be a table of keys and values")
        for name in value:
            if allowed is not None and name not in allowed:
                raise self.wrong(
                    f"{key}.{name}" if key != "the file" else str(name),
                    f"is unknown: one of {', '.join(allowed)}",
                )
        return {str(name): item for name, item in value.items()}

    def names(self, value: Any, key: str) -> tuple[str, ...]:
        if not isinstance(value, list | tuple):
            raise self.wrong(key, "must be a list of texts")
        for item in value:
            if not isinstance(item, str):  # YAML reads on, no and 12 as something else
                raise self.wrong(key, f"holds {item!r}, which is no text: put it in quotes")
        return tuple(value)

    def rate(self, value: Any, key: str) -> Decimal:
        body = self.table(value, key, ("eur", "source"))
        try:
            rate = Decimal(str(body.get("eur")))
        except InvalidOperation:
            raise self.wrong(
                f"{key}.eur", f"is {body.get('eur')!r}: the euros for one unit, such as 1.15"
            ) from None
        if not rate.is_finite() or rate <= 0:
            raise self.wrong(f"{key}.eur", f"is {rate}: a rate is above zero")
        return rate

    def dialect(self, value: Any) -> Dialect:
        body = self.table(
            value,
            "dialect",
            ("encoding", "separator", "decimal", "thousands", "dates", "time_zone", "unknown"),
        )
        encoding = str(body.get("encoding", "utf-8"))
        try:
            codecs.lookup(encoding)
        except LookupError:
            raise self.wrong(
                "dialect.encoding", f"is {encoding!r}, which is no known encoding: utf-8, cp1252, …"
            ) from None
        separator = str(body.get("separator", ","))
        if len(separator) != 1:
            raise self.wrong("dialect.separator", f"is {separator!r}: one character, such as ';'")
        decimal_mark = str(body.get("decimal", "."))
        if decimal_mark not in (".", ","):
            raise self.wrong("dialect.decimal", f"is {decimal_mark!r}: '.' or ','")
        time_zone = str(body.get("time_zone", "Europe/Paris"))
        try:
            ZoneInfo(time_zone)
        except (KeyError, ValueError, OSError):
            raise self.wrong("dialect.time_zone", f"is {time_zone!r}: a name such as Europe/Paris") from None
        dates = body.get("dates", [])
        patterns = self.names([dates] if isinstance(dates, str) else dates, "dialect.dates")
        for pattern in patterns:
            if "%" not in pattern or "%z" in pattern or "%Z" in pattern:
                raise self.wrong(
                    "dialect.dates",
                    f"holds {pattern!r}: a pattern such as '%d/%m/%Y %H:%M' (times with "
                    "an offset are ISO 8601 and need none)",
                )
        return Dialect(
            encoding=encoding,
            separator=separator,
            decimal_mark=decimal_mark,
            thousands_mark=str(body.get("thousands", "")),
            style=ValueStyle(time_zone, patterns),
            unknown=tuple(str(item) for item in body.get("unknown", ())),
        )

    def conditions(self, value: Any, key: str) -> tuple[Condition, ...]:
        items = value if isinstance(value, list) else [value]
        return tuple(self._condition(item, key) for item in items)

    def _condition(self, value: Any, key: str) -> Condition:
        body = self.table(value, key, ("column", *CONDITIONS))
        column = self.source_column(body.get("column"), f"{key}.column")
        tests = [name for name in body if name != "column"]
        if len(tests) != 1:
            raise self.wrong(key, f"needs exactly one of {', '.join(CONDITIONS)}")
        test, given = tests[0], body[tests[0]]
        if test in ("in", "not_in"):
            if not isinstance(given, list) or not given:
                raise self.wrong(f"{key}.{test}", "must be a list of values")
            return Condition(column, test, tuple(str(item) for item in given))
        if test == "is_empty":
            return Condition(column, test, bool(given))
        if test in ("above", "at_least", "below", "at_most"):
            try:
                return Condition(column, test, Decimal(str(given)))
            except InvalidOperation:
                raise self.wrong(f"{key}.{test}", f"is {given!r}: a number") from None
        return Condition(
            column, test, self.pattern(given, f"{key}.{test}") if "matches" in test else str(given)
        )

    def pattern(self, value: Any, key: str) -> str:
        try:
            re.compile(str(value))
        except re.error as error:
            raise self.wrong(key, f"is no valid pattern ({error})") from None
        return str(value)

    def filter(self, value: Any, place: int) -> Filter:
        body = self.table(value, f"skip[{place}]", ("name", "when"))
        if not body.get("name") or not body.get("when"):
            raise self.wrong(f"skip[{place}]", "needs a name and a when")
        return Filter(str(body["name"]), self.conditions(body["when"], f"skip.{body['name']}.when"))

    def source_column(self, value: Any, key: str) -> str:
        if value not in self.known_columns:
            raise self.wrong(key, f"is {value!r}, which is not in columns: {', '.join(self.known_columns)}")
        return str(value)

    def feed(self, name: str, value: Any, known: Contract) -> FeedRule:
        key = f"feeds.{name}"
        body = self.table(value, key, ("when", "columns"))
        rules = self.table(body.get("columns"), f"{key}.columns")
        feed = known.feeds[name]
        for column in rules:
            if feed.column(column) is None:
                raise self.wrong(
                    f"{key}.columns.{column}",
                    f"is no column of {name}: one of {', '.join(feed.column_names)}",
                )
        for column in feed.columns:
            if column.is_required and column.name not in rules:
                raise self.wrong(f"{key}.columns", f"lacks {column.name}, which {name} requires")
        return FeedRule(
            feed=name,
            when=self.conditions(body["when"], f"{key}.when") if body.get("when") else (),
            columns=tuple(
                (column, self.column(rule, f"{key}.columns.{column}")) for column, rule in rules.items()
            ),
        )

    def column(self, value: Any, key: str) -> ColumnRule:
        if isinstance(value, str):
            return ColumnRule(sources=(self.source_column(value, key),))
        body = self.table(
            value,
            key,
            ("from", "constant", "remove", "values", "else", "absolute", "currency", "content_key"),
        )
        given = body.get("from", [])
        origins = tuple(
            self.source_column(item, f"{key}.from")
            for item in (given if isinstance(given, list) else [given])
        )
        is_content_key = bool(body.get("content_key", False))
        if not origins and "constant" not in body and not is_content_key:
            raise self.wrong(key, "needs from, constant or content_key")
        if body.get("else", "keep") not in ("keep", "unknown"):
            raise self.wrong(f"{key}.else", f"is {body['else']!r}: keep or unknown")
        rate = None
        if "currency" in body:
            rate = self.rates.get(str(body["currency"]))
            if rate is None:
                raise self.wrong(
                    f"{key}.currency", f"is {body['currency']!r}, which has no rate: declare it in currencies"
                )
        return ColumnRule(
            sources=origins,
            constant=None if "constant" not in body else _text(body["constant"]),
            remove=self.pattern(body["remove"], f"{key}.remove") if "remove" in body else None,
            values=tuple(
                (str(before), None if after is None else _text(after))
                for before, after in self.table(body.get("values", {}), f"{key}.values").items()
            ),
            is_unlisted_unknown=body.get("else") == "unknown",
            is_absolute=bool(body.get("absolute", False)),
            rate=rate,
            is_content_key=is_content_key,
        )


def _text(value: Any) -> str:
    # YAML reads true and false as booleans; the feeds write them in lower case.
    return str(value).lower() if isinstance(value, bool) else str(value)
