"""The numbers of a policy version (windows, limits, switches), in the form of the seed policy_parameters.

A version states what it changes; the rest it takes from the version before it, a draft from the last one in
force. Does not belong here: what a number does to a claim (the published file says it: `vocabulary.py`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from pipelines.home import DBT_DIR
from pipelines.replay.csv_rows import LONGEST_NAME, MalformedRulesError, csv_rows, quoted
from pipelines.replay.rule_sets import RuleSet

SEED_NUMBERS = DBT_DIR / "seeds" / "policy_parameters.csv"
COLUMNS = ("policy_version", "parameter", "value", "unit")
UNREAD_COLUMNS = ("mark", "clause_fr", "meaning_en")
_WHAT = "a list of policy numbers"
_WHOLE = re.compile(r"[0-9]{1,4}")
_DECIMAL = re.compile(r"[0-9]{1,5}([.][0-9]{1,4})?")
# For each unit: how a value is written, how a sentence says so, its SQL type.
UNITS = {
    "flag": (re.compile(r"true|false"), "true or false", "boolean"),
    "months": (_WHOLE, "a whole number of months, as 6", "integer"),
    "days": (_WHOLE, "a whole number of days, as 14", "integer"),
    "hours": (_DECIMAL, "a number of hours, as 0.5", "double"),
    "km": (_DECIMAL, "a distance in kilometres, as 50", "double"),
    "ratio": (_DECIMAL, "a ratio, as 0.8", "decimal(9,4)"),
}


@dataclass(frozen=True)
class Number:
    """One number of one version; no value = left unset."""

    parameter: str
    value: str | None
    unit: str

    @property
    def sql(self) -> str:
        """Its typed literal; the value has been checked against its unit."""
        text = "null" if self.value is None else f"'{self.value}'"
        return f"cast({text} as {UNITS[self.unit][2]})"


@dataclass(frozen=True)
class ChangedNumber:
    """A number that differs from the one in force; `is_replayed` says whether verdicts follow it here."""

    parameter: str
    unit: str
    in_force: str | None
    here: str | None
    is_replayed: bool


Numbers = Mapping[str, Number]
"""The numbers in effect under one version, by parameter."""
Stated = Mapping[str, Numbers]
"""What each version states itself."""


def read_numbers(content: bytes, name: str) -> Stated:
    """What each version of a file states, or MalformedRulesError with every sentence that can be said."""
    wrong: list[str] = []
    stated: dict[str, dict[str, Number]] = {}
    known = {} if name == SEED_NUMBERS.name else _seed_units()
    for line, row in csv_rows(content, name, COLUMNS, UNREAD_COLUMNS, _WHAT):
        where = f"Line {line} ({quoted(row['parameter'])})"
        version, parameter, value, unit = (row[column] for column in COLUMNS)
        value = value.lower() if unit == "flag" else value
        found = len(wrong)
        if not 0 < len(version) <= LONGEST_NAME:
            wrong.append(
                f"{where}: policy_version needs 1 to {LONGEST_NAME} letters and has {len(version):,}."
            )
        if unit not in UNITS:
            wrong.append(f"{where}: unit {quoted(unit)} is not known. It can be: {', '.join(UNITS)}.")
        elif value and not UNITS[unit][0].fullmatch(value):
            wrong.append(f"{where}: value {quoted(value)} is not {UNITS[unit][1]}.")
        if known and parameter not in known:
            wrong.append(f"{where} is not a number of the policy. It can be: {', '.join(known)}.")
        elif known and unit in UNITS and unit != known[parameter]:
            wrong.append(f"{where}: unit {quoted(unit)} is not the one of the seed, {known[parameter]}.")
        if parameter in stated.get(version, {}):
            wrong.append(f"{where} is there twice for version {quoted(version)}. Keep one.")
        if len(wrong) == found:
            stated.setdefault(version, {})[parameter] = Number(parameter, value or None, unit)
    if wrong:
        raise MalformedRulesError(name, wrong, _WHAT)
    return stated


def seed_numbers() -> Stated:
    """What the versions of the seed state, as it stands in the checkout."""
    return read_numbers(SEED_NUMBERS.read_bytes(), SEED_NUMBERS.name)


def in_effect(version: str, rules: RuleSet, seed: RuleSet, stated: Iterable[Stated]) -> Numbers:
    """The numbers under one version of `rules`; later sources in `stated` win over earlier ones."""
    starts = dict(seed.starts) | dict(rules.starts)
    begins = starts[version]
    before = sorted(
        (start, name)
        for name, start in starts.items()
        if start is not None and name != version and (begins is None or start < begins)
    )
    sources = list(stated)
    numbers: dict[str, Number] = {}
    for name in [*(name for _, name in before), version]:
        for source in sources:
            numbers |= source.get(name, {})
    return numbers


def in_force(seed: RuleSet, stated: Stated) -> Numbers:
    """The numbers of the last version in force."""
    starts = {name: start for name, start in seed.starts.items() if start is not None}
    return in_effect(max(starts, key=lambda name: starts.get(name, date.min)), seed, seed, [stated])


def changed(here: Numbers, now: Numbers, replayed: Iterable[str]) -> tuple[ChangedNumber, ...]:
    """The numbers that differ from those in force; `replayed` are those that verdicts here follow."""
    followed = set(replayed)
    return tuple(
        ChangedNumber(
            name, number.unit, now[name].value if name in now else None, number.value, name in followed
        )
        for name, number in here.items()
        if name not in now or now[name].value != number.value
    )


def _seed_units() -> dict[str, str]:
    return {number.parameter: number.unit for each in seed_numbers().values() for number in each.values()}
