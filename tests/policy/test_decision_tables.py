"""Both decision tables over every combination of facts: against the oracle, and with any row changed."""

from __future__ import annotations

import csv
import itertools
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import duckdb
import numpy as np
import polars as pl
import pytest

from pipelines.home import DBT_DIR
from tests.models import compiled

BOOL = ("true", "false")
POLICY: dict[str, tuple[str, ...]] = {
    "order_found": BOOL,
    "paypal_state": ("none", "open", "closed_refunded", "closed_kept"),
    "is_withdrawal": BOOL,
    "is_remote_resolved": BOOL,
    "is_in_warranty": BOOL,
    "cause": ("pending", "misuse", "wear", "no_fault", "defect"),
    "is_legal_escalation": BOOL,
    "is_self_fit_part": BOOL,
    "is_used": BOOL,
    "is_repairable": BOOL,
    "is_repair_cheaper": BOOL,
    "has_stock": BOOL,
    "is_center_near": BOOL,
}
LAW = {
    ("is_repair_less_costly" if name == "is_repair_cheaper" else name): POLICY[name] for name in POLICY
} | {
    "requested_remedy": ("repair", "replacement", "refund", "part", "unstated"),
    "is_disproportionate": BOOL,
}
PAYERS = ("payer_inbound", "payer_work", "payer_outbound")
NOWHERE = -1
CODES: dict[str, int] = {}
"""A number for each answer."""


@dataclass(frozen=True)
class Table:
    """One rule set: its rows in priority order, and what the oracle says of every combination."""

    name: str
    conditions: dict[str, tuple[str, ...]]
    rows: tuple[dict[str, str], ...]
    expected: np.ndarray

    def mask(self, row: dict[str, str], codes: dict[str, np.ndarray]) -> np.ndarray:
        """Where all conditions of the row hold."""
        held = np.ones(len(self.expected), dtype=bool)
        for name, values in self.conditions.items():
            if row[name]:
                held &= codes[name] == values.index(row[name])
        return held


def rule_rows(seed: str, version: str) -> dict[str, tuple[dict[str, str], ...]]:
    """The rows of a seed by version, in priority order."""
    with (DBT_DIR / "seeds" / f"{seed}.csv").open(encoding="utf-8", newline="") as file:
        rows = sorted(csv.DictReader(file), key=lambda row: int(row["priority"]))
    names = dict.fromkeys(row[version] for row in rows)
    return {name: tuple(row for row in rows if row[version] == name) for name in names}


def combination_codes(conditions: dict[str, tuple[str, ...]]) -> dict[str, np.ndarray]:
    """The index of each condition's value in every combination."""
    grid = np.indices([len(values) for values in conditions.values()]).reshape(len(conditions), -1)
    return dict(zip(conditions, grid, strict=True))


def answer(outcome: str, payers: tuple[str | None, ...]) -> str:
    """Verdict and payers as one word."""
    return "/".join([outcome, *(payer or "-" for payer in payers)])


def said(oracle: ModuleType, conditions: dict[str, tuple[str, ...]]) -> np.ndarray:
    """The oracle's answer to every combination, in the grid's order."""
    out = []
    for values in itertools.product(*conditions.values()):
        typed: list[Any] = [{"true": True, "false": False}.get(value, value) for value in values]
        facts = oracle.Facts(*typed[:13])
        outcome = (
            oracle.legal_outcome(facts, *typed[13:]) if len(typed) > 13 else oracle.policy_outcome(facts)
        )
        out.append(CODES.setdefault(answer(outcome, oracle.payers_due(outcome)), len(CODES)))
    return np.array(out)


def row_answer(row: dict[str, str]) -> str:
    """Verdict and payers of a row."""
    return answer(row["outcome"], tuple(row[name] for name in PAYERS))


def first_answers(table: Table, places: range, masks: list[np.ndarray]) -> np.ndarray:
    """The answer of the first of these rows that holds, for every combination."""
    out = np.full(len(table.expected), NOWHERE)
    for place in reversed(places):
        out[masks[place]] = CODES.setdefault(row_answer(table.rows[place]), len(CODES))
    return out


@pytest.fixture(scope="module")
def tables(oracle: ModuleType) -> list[Table]:
    """The page's version and each regime of the law."""
    policy, law = said(oracle, POLICY), said(oracle, LAW)
    return [
        *(
            Table(name, POLICY, rows, policy)
            for name, rows in rule_rows("policy_rules", "policy_version").items()
        ),
        *(Table(name, LAW, rows, law) for name, rows in rule_rows("legal_rules", "regime").items()),
    ]


def test_there_are_40960_combinations_of_the_policy() -> None:
    assert int(np.prod([len(values) for values in POLICY.values()])) == 40_960


def test_the_oracle_agrees_on_every_combination(tables: list[Table]) -> None:
    for table in tables:
        codes = combination_codes(table.conditions)
        masks = [table.mask(row, codes) for row in table.rows]
        apart = first_answers(table, range(len(table.rows)), masks) != table.expected
        assert not apart.any(), (table.name, int(apart.sum()))


def changed_rows(
    row: dict[str, str], conditions: dict[str, tuple[str, ...]]
) -> list[tuple[str, dict[str, str]]]:
    """The row with another verdict, with another payer, with a condition turned round."""
    changes = [("outcome", row | {"outcome": "diagnose" if row["outcome"] != "diagnose" else "replacement"})]
    for name in PAYERS:
        changes.append((name, row | {name: "customer" if row[name] != "customer" else "seller"}))
    filled = [name for name in conditions if row[name]]
    for name in filled:
        others = [value for value in conditions[name] if value != row[name]]
        changes.append((name, row | {name: others[0]}))
    return changes


def test_changing_any_rule_row_makes_the_oracle_disagree(tables: list[Table]) -> None:
    unnoticed, tried = [], 0
    for table in tables:
        codes = combination_codes(table.conditions)
        masks = [table.mask(row, codes) for row in table.rows]
        undecided = np.ones(len(table.expected), dtype=bool)
        for place, row in enumerate(table.rows):
            expected = table.expected[undecided]
            after = first_answers(table, range(place + 1, len(table.rows)), masks)[undecided]
            mutants = changed_rows(row, table.conditions)
            tried += len(mutants) + 1
            if (after == expected).all():
                unnoticed.append((table.name, row["rule_code"], "left out"))
            for what, mutant in mutants:
                code = CODES.setdefault(row_answer(mutant), len(CODES))
                held = table.mask(mutant, codes)[undecided]
                if (np.where(held, code, after) == expected).all():
                    unnoticed.append((table.name, row["rule_code"], what))
            undecided &= ~masks[place]
    assert tried > 400
    assert unnoticed == []


INLINE = """
{%- for rules, version, conditions in [
    ('policy_rules', 'policy_version', policy_conditions()), ('legal_rules', 'regime', law_conditions())
] %}
-- query --
with combinations as ({{ every_combination(conditions) }}),
matched as ({{ first_matching_rules('combinations', rules, version, conditions) }})
select matched.{{ version }}, {% for name in conditions %}combinations.{{ name }}, {% endfor %}
    matched.outcome, matched.payer_inbound, matched.payer_work, matched.payer_outbound
from combinations inner join matched on combinations.combination_key = matched.combination_key
{%- endfor %}
-- query --
"""


def test_the_sql_join_gives_the_same_first_match_for_every_combination(
    tables: list[Table], tmp_path: Path
) -> None:
    queries = compiled(INLINE, tmp_path).split("-- query --")[1:3]
    with duckdb.connect() as connection:
        for seed, query in zip(("policy_rules", "legal_rules"), queries, strict=True):
            conditions = POLICY if seed == "policy_rules" else LAW
            kinds = ", ".join(
                f"'{name}': '{'boolean' if values == BOOL else 'varchar'}'"
                for name, values in conditions.items()
            )
            path = DBT_DIR / "seeds" / f"{seed}.csv"
            connection.execute(
                f"create table {seed} as from read_csv('{path}', all_varchar = false, types = {{{kinds}, "
                "'payer_inbound': 'varchar', 'payer_work': 'varchar', 'payer_outbound': 'varchar'})"
            )
            connection.execute(f"create or replace table found as {query}")
            for table in tables:
                if (table.conditions is POLICY) == (seed == "policy_rules"):
                    assert differences(connection, table) == (len(table.expected), 0), table.name


def differences(connection: duckdb.DuckDBPyConnection, table: Table) -> tuple[int, int]:
    """Combinations that the SQL matched in this rule set, and how many the oracle answers otherwise."""
    words = {number: text for text, number in CODES.items()}
    grid = combination_codes(table.conditions)
    expected = pl.DataFrame(
        {
            **{name: np.array(values)[grid[name]] for name, values in table.conditions.items()},
            "answer": np.array([words[number] for number in range(len(words))])[table.expected],
        }
    )
    connection.register("expected", expected.to_arrow())
    version = "regime" if table.conditions is LAW else "policy_version"
    same = " and ".join(f"cast(found.{name} as varchar) = expected.{name}" for name in table.conditions)
    found = connection.execute(
        f"""
        select count(*), count(*) filter (where expected.answer is distinct from
            concat_ws('/', outcome, coalesce(payer_inbound, '-'), coalesce(payer_work, '-'),
                coalesce(payer_outbound, '-')))
        from found left join expected on {same}
        where cast(found.{version} as varchar) = '{table.name}'
        """
    ).fetchall()
    return found[0]
