"""Whether sound rows make a sound decision table: every combination decided, every row first somewhere, dates in line."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray

from pipelines.replay.matching import NONE, first_matches
from pipelines.replay.rules import Rule, quoted
from pipelines.replay.vocabulary import Vocabulary


def faults(rules: Sequence[Rule], words: Vocabulary) -> list[str]:
    """A sentence for everything that keeps these rows from being rule sets."""
    versions: dict[str, list[Rule]] = {}
    for rule in rules:
        versions.setdefault(rule.version, []).append(rule)
    combinations = words.combinations()
    wrong: list[str] = []
    for rows in versions.values():
        doubled = _doubled(rows)
        wrong += doubled + _dates_apart(rows)
        # Which of two equal priorities comes first is unknown: what follows from the order is not said then.
        wrong += [] if doubled else _undecided_or_dead(rows, combinations, words)
    return wrong + _out_of_line([rows[0] for rows in versions.values()])


def _doubled(rows: Sequence[Rule]) -> list[str]:
    wrong = []
    for name, key in (("priority", lambda rule: rule.priority), ("rule_code", lambda rule: rule.code)):
        times = Counter(key(rule) for rule in rows)
        first: dict[object, Rule] = {}
        for rule in rows:
            before = first.setdefault(key(rule), rule)
            if times[key(rule)] > 1 and before is not rule:
                wrong.append(
                    f"{_capital(rule.named)} has the {name} of {before.named}: {quoted(str(key(rule)))}. "
                    "Each row of a version needs its own."
                )
    return wrong


def _dates_apart(rows: Sequence[Rule]) -> list[str]:
    first = rows[0]
    return [
        f"{_capital(rule.named)} is in force {_dates(rule)}, {first.named} {_dates(first)}. "
        "All rows of a version have the same dates."
        for rule in rows
        if (rule.valid_from, rule.valid_to) != (first.valid_from, first.valid_to)
    ]


def _undecided_or_dead(rows: Sequence[Rule], combinations: NDArray[np.int64], words: Vocabulary) -> list[str]:
    ordered = sorted(rows, key=lambda rule: rule.priority)
    found = first_matches(combinations, [rule.cover for rule in ordered])
    wrong = []
    undecided = combinations[found == NONE]
    if undecided.size:
        allowed = int(np.bitwise_or.reduce(undecided))
        wrong.append(
            f"Version {quoted(rows[0].version)} leaves {undecided.size:,} of {combinations.size:,} combinations of "
            f"facts undecided, all with {words.words(allowed)}. Its last row is {ordered[-1].named}: add a row for "
            "them, or empty a condition."
        )
    alive = set(np.unique(found).tolist())
    for position, rule in enumerate(ordered):
        if position in alive:
            continue
        covered = combinations[(combinations & rule.cover) == combinations]
        above = sorted(set(first_matches(covered, [each.cover for each in ordered[:position]]).tolist()))
        names = ", ".join(f"{quoted(ordered[each].code)} (line {ordered[each].line})" for each in above[:5])
        more = f" and {len(above) - 5} more" if len(above) > 5 else ""
        wrong.append(
            f"{_capital(rule.named)} never decides: {names}{more} above it "
            f"take{'s' if len(above) == 1 else ''} every claim that it covers. Remove it or move it up."
        )
    return wrong


def _out_of_line(firsts: Sequence[Rule]) -> list[str]:
    """Versions in force follow each other without overlap or gap; drafts have no dates."""
    dated = sorted(
        ((rule.valid_from, rule) for rule in firsts if rule.valid_from is not None), key=lambda each: each[0]
    )
    wrong = []
    for (_, before), (starts, rule) in zip(dated, dated[1:], strict=False):
        ends = before.valid_to or date.max
        if ends >= starts:
            wrong.append(
                f"{_capital(rule.named)}: its version starts on {starts}, when the version of {before.named} is still "
                f"in force ({_dates(before)}). Close that one with valid_to {starts - timedelta(days=1)}."
            )
        elif ends + timedelta(days=1) < starts:
            wrong.append(
                f"{_capital(rule.named)}: its version starts on {starts}, but the one before it, of {before.named}, "
                f"ends on {ends}. No policy is in force in between: start on {ends + timedelta(days=1)}."
            )
    return wrong


def _dates(rule: Rule) -> str:
    if rule.valid_from is None:
        return "as a draft"
    return f"from {rule.valid_from}" + (f" to {rule.valid_to}" if rule.valid_to else "")


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
