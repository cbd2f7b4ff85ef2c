"""The words of a rule set (conditions, values, verdicts), as the published file declares them, and as bits.

Every value of every condition has a bit. A combination of facts is one bit per condition; a rule covers the
bits of the values that it allows; it holds where `combination & cover == combination`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce

import numpy as np
from numpy.typing import NDArray

from pipelines.errors import SavoirError
from pipelines.queries.snapshot import Snapshot

TABLES = ("dim_policy_conditions", "dim_verdict_outcomes", "fct_outcome_prices")


class SnapshotTooOldError(SavoirError):
    """The published file was built before replays existed."""


@dataclass(frozen=True)
class Condition:
    """One column of the decision table."""

    code: str
    values: tuple[str, ...]
    is_boolean: bool
    claim_column: str
    first_bit: int

    def bit(self, value: str) -> int:
        """The bit of one value."""
        return 1 << (self.first_bit + self.values.index(value))

    @property
    def every_bit(self) -> int:
        """What an empty condition covers."""
        return ((1 << len(self.values)) - 1) << self.first_bit


@dataclass(frozen=True)
class Outcome:
    """One verdict: what kind it is, which price it has, how much it gives the customer."""

    code: str
    kind: str
    priced_as: str
    owed_rank: int
    label_en: str
    label_fr: str


@dataclass(frozen=True)
class Vocabulary:
    """Everything that a rule may say."""

    conditions: tuple[Condition, ...]
    outcomes: dict[str, Outcome]

    def combinations(self) -> NDArray[np.int64]:
        """Every combination of values, in the order of the conditions."""
        bits = [np.array([each.bit(value) for value in each.values], np.int64) for each in self.conditions]
        return reduce(lambda known, more: (known[:, None] | more[None, :]).ravel(), bits)

    def words(self, bits: int) -> str:
        """A set of combinations in words: the conditions that it does not leave open."""
        said = []
        for each in self.conditions:
            allowed = [value for value in each.values if bits & each.bit(value)]
            if len(allowed) < len(each.values):
                said.append(f"{each.code} = {' or '.join(allowed)}")
        return ", ".join(said) or "any claim"

    def combination_sql(self) -> str:
        """SQL of a claim's combination from its facts in fct_claims; null where a fact is no known value."""
        return " + ".join(self._bit_sql(each) for each in self.conditions)

    def _bit_sql(self, condition: Condition) -> str:
        column = f'"{condition.claim_column}"'
        if condition.is_boolean:
            yes, no = condition.bit("true"), condition.bit("false")
            return f"case when {column} then {yes}::bigint else {no}::bigint end"
        whens = " ".join(f"when '{value}' then {condition.bit(value)}::bigint" for value in condition.values)
        return f"case {column} {whens} end"


def vocabulary(snapshot: Snapshot) -> Vocabulary:
    """The words of this snapshot."""
    lacking = [table for table in TABLES if not snapshot.has("marts", table)]
    if lacking:
        raise SnapshotTooOldError(
            f"The published file {snapshot.path.name} has no {', '.join(lacking)}: it was built before "
            "policies could be replayed. Run `savoir build` and try again."
        )
    rows = snapshot.rows(
        """
        select condition_code, any_value(is_boolean), any_value(claim_column),
            list(condition_value order by value_position)
        from marts.dim_policy_conditions
        group by condition_code
        order by min(condition_position)
        """
    ).rows()
    conditions, bit = [], 0
    for code, is_boolean, claim_column, values in rows:
        conditions.append(Condition(code, tuple(values), is_boolean, claim_column, bit))
        bit += len(values)
    outcomes = snapshot.rows(
        "select outcome, kind, priced_as, owed_rank, label_en, label_fr from marts.dim_verdict_outcomes"
    ).rows()
    return Vocabulary(tuple(conditions), {row[0]: Outcome(*row) for row in outcomes})
