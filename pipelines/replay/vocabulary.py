"""The words of a rule set (conditions, values, verdicts), as the published file declares them, and as bits.

Every value of every condition has a bit. A combination of facts is one bit per condition; a rule covers the
bits of the values that it allows; it holds where `combination & cover == combination`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import reduce

import numpy as np
from numpy.typing import NDArray

from pipelines.errors import SavoirError
from pipelines.queries.snapshot import Snapshot

TABLES = (
    *("dim_policy_conditions", "dim_verdict_outcomes"),
    *("fct_claim_verdicts", "fct_outcome_prices", "fct_policy_measures"),
)


class SnapshotTooOldError(SavoirError):
    """The published file was built before replays existed."""


@dataclass(frozen=True)
class Condition:
    """One column of the decision table."""

    code: str
    values: tuple[str, ...]
    is_boolean: bool
    claim_column: str
    expression: str | None
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

    def combination_sql(self, facts: str | None = None) -> str:
        """SQL of a claim's combination from its facts in fct_claim_verdicts; null where one has no word.

        With `facts`, an alias of the relation that `facts_sql` gives, what depends on a version's numbers is
        read there.
        """
        return " + ".join(self._bit_sql(each, facts) for each in self.conditions)

    def facts_sql(self, numbers: Mapping[str, str]) -> str:
        """SQL of ticket_id and the facts that depend on a version's numbers (parameter: typed literal)."""
        facts = ", ".join(
            f'{each.expression} as "{each.code}"' for each in self.conditions if each.expression
        )
        literals = ", ".join(f'{literal} as "{parameter}"' for parameter, literal in numbers.items())
        return f"select ticket_id, {facts} from marts.fct_policy_measures cross join (select {literals})"

    def reads(self, parameter: str) -> bool:
        """Whether a fact depends on this number."""
        name = re.compile(rf"\b{re.escape(parameter)}\b")
        return any(each.expression and name.search(each.expression) for each in self.conditions)

    def _bit_sql(self, condition: Condition, facts: str | None) -> str:
        is_other = facts is not None and condition.expression is not None
        column = f'{facts}."{condition.code}"' if is_other else f'"{condition.claim_column}"'
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
            any_value(fact_expression), list(condition_value order by value_position)
        from marts.dim_policy_conditions
        group by condition_code
        order by min(condition_position)
        """
    ).rows()
    if not rows:
        raise SnapshotTooOldError(
            f"The published file {snapshot.path.name} names no condition of a policy. Run `savoir build` "
            "and try again."
        )
    conditions, bit = [], 0
    for code, is_boolean, claim_column, expression, values in rows:
        conditions.append(Condition(code, tuple(values), is_boolean, claim_column, expression, bit))
        bit += len(values)
    outcomes = snapshot.rows(
        "select outcome, kind, priced_as, owed_rank, label_en, label_fr from marts.dim_verdict_outcomes"
    ).rows()
    return Vocabulary(tuple(conditions), {row[0]: Outcome(*row) for row in outcomes})
