"""Whether sound rows make a sound table: no hole, no dead row, no doubled priority, one day per version."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from pipelines.replay.csv_rows import quoted
from pipelines.replay.matching import NONE, first_matches
from pipelines.replay.rules import Rule
from pipelines.replay.vocabulary import Vocabulary

ROWS_NAMED = 5


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
        "All rows of a version begin on the same day."
        for rule in rows
        if rule.valid_from != first.valid_from
    ]


def _undecided_or_dead(rows: Sequence[Rule], combinations: NDArray[np.int64], words: Vocabulary) -> list[str]:
    ordered = sorted(rows, key=lambda rule: rule.priority)
    found = first_matches(combinations, [rule.cover for rule in ordered])
    wrong = []
    undecided = combinations[found == NONE]
    if undecided.size:
        allowed = int(np.bitwise_or.reduce(undecided))
        wrong.append(
            f"Version {quoted(rows[0].version)} leaves {undecided.size:,} of {combinations.size:,} "
            f"combinations of facts undecided, all with {words.words(allowed)}. "
            f"Its last row is {ordered[-1].named}: add a row for them below it, or empty a condition."
        )
    alive = set(np.unique(found).tolist())
    for position, rule in enumerate(ordered):
        if position in alive:
            continue
        above = ordered[:position]
        # One row that covers all of it says it best; else it takes several.
        whole = [each for each in above if each.cover & rule.cover == rule.cover]
        if not whole:
            covered = combinations[(combinations & rule.cover) == combinations]
            taken = np.unique(first_matches(covered, [each.cover for each in above]))
            whole = [above[place] for place in taken]
        names = ", ".join(f"{quoted(each.code)} (line {each.line})" for each in whole[:ROWS_NAMED])
        more = f" and {len(whole) - ROWS_NAMED} more" if len(whole) > ROWS_NAMED else ""
        wrong.append(
            f"{_capital(rule.named)} never decides: every claim that it covers is taken above it, by "
            f"{names}{more}. Remove it or move it up."
        )
    return wrong


def _out_of_line(firsts: Sequence[Rule]) -> list[str]:
    """Each version in force ends the day before the next begins, so no two begin on one day."""
    dated = sorted(
        ((rule.valid_from, rule) for rule in firsts if rule.valid_from is not None), key=lambda each: each[0]
    )
    return [
        f"{_capital(rule.named)}: its version starts on {starts}, like the version of {before.named}. "
        "Give each its own day, or none for a draft."
        for (earlier, before), (starts, rule) in pairwise(dated)
        if earlier == starts
    ]


def _dates(rule: Rule) -> str:
    return "as a draft" if rule.valid_from is None else f"from {rule.valid_from}"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
