"""The feed contract in memory: what a row of each feed must look like.

Belongs here: reading `dbt/models/staging/_sources.yml`, the only place where a feed's shape is written.
Does not belong here: parsing values (`parsing`) or judging rows (`judging`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any, Literal

import yaml

from pipelines.errors import SavoirError
from pipelines.home import DBT_DIR

CONTRACT_FILE = DBT_DIR / "models" / "staging" / "_sources.yml"

COLUMN_TYPES = ("text", "bigint", "double", "decimal(18,4)", "boolean", "date", "timestamp")

Personal = Literal["identity", "text", "place", "key", "label", "none"]
PERSONAL: tuple[Personal, ...] = ("identity", "text", "place", "key", "label", "none")


class ContractError(SavoirError):
    """The feed contract itself is wrong."""


@dataclass(frozen=True)
class Plausible:
    """The days between which a date can lie; the last is counted from the file's arrival."""

    first_on: date
    days_past_arrival: int


@dataclass(frozen=True)
class Column:
    """One column of a feed, with everything that a single value must satisfy."""

    name: str
    type: str
    is_required: bool = False
    codes: tuple[str, ...] = ()
    low: float | None = None
    high: float | None = None
    personal: Personal = "none"
    is_list: bool = False
    is_identifier: bool = False
    is_added: bool = False
    plausible: Plausible | None = None


@dataclass(frozen=True)
class Feed:
    """One table of the contract: a feed, or a journal that the door itself writes."""

    name: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    orders: tuple[tuple[str, str], ...] = ()
    is_journal: bool = False

    def column(self, name: str) -> Column | None:
        """The column of that name, if the feed has it."""
        return next((column for column in self.columns if column.name == name), None)

    @property
    def column_names(self) -> tuple[str, ...]:
        """The columns in the contract's order."""
        return tuple(column.name for column in self.columns)


@dataclass(frozen=True)
class Contract:
    """All feeds and journals; `fingerprint` changes when a rule changes, not when a description does."""

    feeds: Mapping[str, Feed]
    journals: Mapping[str, Feed]
    fingerprint: str


@cache
def contract(path: Path = CONTRACT_FILE) -> Contract:
    """The contract as dbt's source file declares it."""
    text = path.read_bytes()
    # The C loader is as safe and 8 times faster, but not in every build of PyYAML.
    declared = yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506
    raw = next((source for source in declared["sources"] if source["name"] == "raw"), None)
    if raw is None:
        raise ContractError(f"{path} declares no source named raw: add it, with one table per feed.")
    tables = [_feed(table) for table in raw["tables"]]
    return Contract(
        feeds={feed.name: feed for feed in tables if not feed.is_journal},
        journals={feed.name: feed for feed in tables if feed.is_journal},
        fingerprint=hashlib.sha256(repr(tables).encode()).hexdigest(),
    )


def _feed(table: dict[str, Any]) -> Feed:
    meta = table.get("config", {}).get("meta", {})
    promises = _promises(table)
    personal = _personal(table["name"], meta)
    feed = Feed(
        name=table["name"],
        key=tuple(meta.get("key", ())),
        columns=tuple(
            _column(table["name"], column, promises, personal, meta) for column in table["columns"]
        ),
        orders=tuple((earlier, later) for earlier, later in promises.get("orders", ())),
        is_journal=bool(meta.get("is_journal", False)),
    )
    named = [*feed.key, *promises.get("known", ()), *promises.get("codes", {}), *promises.get("ranges", {})]
    named += [*meta.get("identifiers", ()), *meta.get("added", ())]
    named += [*meta.get("plausible_dates", {}).get("columns", ()), *meta.get("plausible_numbers", {})]
    for name in [*named, *(name for pair in feed.orders for name in pair)]:
        if feed.column(name) is None:
            raise ContractError(
                f"The contract of {feed.name} names the column {name}, but does not declare it: add it to "
                "columns."
            )
    if not feed.is_journal and (wrong := personal.keys() ^ set(feed.column_names)):
        raise ContractError(
            f"The contract of {feed.name} must say of each column what the door makes of personal data: "
            f"{', '.join(sorted(wrong))} stands under config.meta.personal or under columns, not under both."
        )
    if not feed.is_journal and not feed.key:
        raise ContractError(f"The contract of {feed.name} has no key: set config.meta.key.")
    return feed


def _plausible(name: str, declared: dict[str, Any]) -> Plausible | None:
    if name not in declared.get("columns", ()):
        return None
    return Plausible(date.fromisoformat(declared["from"]), int(declared["days_past_arrival"]))


def _promises(table: dict[str, Any]) -> dict[str, Any]:
    """What dbt tests of a row again: the arguments of the table's `rows_are_sound`."""
    return next(
        (
            test["rows_are_sound"]["arguments"]
            for test in table.get("data_tests", ())
            if isinstance(test, dict) and "rows_are_sound" in test
        ),
        {},
    )


def _personal(feed: str, meta: dict[str, Any]) -> dict[str, Personal]:
    """What `config.meta.personal` declares, by column."""
    declared = dict(meta.get("personal", {}))
    declared.update(declared.pop("code", {}))
    kinds: dict[str, Personal] = {}
    for kind, names in declared.items():
        if kind not in PERSONAL:
            raise ContractError(
                f"The contract of {feed} declares personal data as {kind}: use identity, text, place, code "
                "(key or label), none."
            )
        for name in names:
            if name in kinds:
                raise ContractError(f"The contract of {feed} declares {name} as {kinds[name]} and as {kind}.")
            kinds[name] = kind
    return kinds


def _column(
    feed: str,
    column: dict[str, Any],
    promises: dict[str, Any],
    personal: Mapping[str, Personal],
    table: dict[str, Any],
) -> Column:
    name, meta = column["name"], column.get("config", {}).get("meta", {})
    if column["data_type"] not in COLUMN_TYPES:
        raise ContractError(
            f"The contract gives {feed}.{name} the type {column['data_type']}; "
            f"the door knows {', '.join(COLUMN_TYPES)}."
        )
    ranges = {**promises.get("ranges", {}), **table.get("plausible_numbers", {})}
    low, high = ranges.get(name, (None, None))
    return Column(
        name=name,
        type=column["data_type"],
        is_required=name in promises.get("known", ()),
        codes=tuple(promises.get("codes", {}).get(name, ())),
        low=low,
        high=high,
        personal=personal.get(name, "none"),
        is_list=bool(meta.get("list", False)),
        is_identifier=name in table.get("identifiers", ()),
        is_added=name in table.get("added", ()),
        plausible=_plausible(name, table.get("plausible_dates", {})),
    )
