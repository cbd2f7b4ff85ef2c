"""Reads rules from CSV bytes, in the form of the seed policy_rules, and says what is wrong with a row.

Whether sound rows make a sound table: `coverage.py`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from pipelines.replay.csv_rows import LONGEST_NAME, csv_rows, quoted
from pipelines.replay.vocabulary import Vocabulary

HIGHEST_PRIORITY = 2**31 - 1
PAYER_COLUMNS = ("payer_inbound", "payer_work", "payer_outbound")
PAYERS = ("seller", "customer", "paypal")
FIRST_COLUMNS = ("policy_version", "rule_code", "priority", "valid_from")
# Kept in the seed for readers; a replay has no use for them.
UNREAD_COLUMNS = ("x12_1172", "rules", "is_reconstructed", "clause_fr", "meaning_en", "meaning_fr")


@dataclass(frozen=True)
class Rule:
    """One row: what it covers, what it decides, who pays."""

    line: int
    version: str
    code: str
    priority: int
    valid_from: date | None
    cover: int
    outcome: str
    payers: tuple[str | None, ...]

    @property
    def named(self) -> str:
        """How a sentence calls it."""
        return f"line {self.line} ({quoted(self.version)}, rule {quoted(self.code)})"


def rows(content: bytes, name: str, words: Vocabulary) -> Iterator[tuple[int, dict[str, str]]]:
    """Line number and cells of every row; a file that is not such a table raises MalformedRulesError."""
    conditions = [each.code for each in words.conditions]
    needed = [*FIRST_COLUMNS, *conditions, "outcome", *PAYER_COLUMNS]
    return csv_rows(content, name, needed, UNREAD_COLUMNS)


def rule_of(line: int, row: Mapping[str, str], words: Vocabulary) -> tuple[Rule | None, list[str]]:
    """The rule that a row says, or everything that is wrong with the row."""
    wrong: list[str] = []
    where = f"Line {line} (rule {quoted(row['rule_code'])})"

    def one_of(column: str, value: str, known: tuple[str, ...]) -> bool:
        if value in known:
            return True
        wrong.append(f"{where}: {column} {quoted(value)} is not known. It can be: {', '.join(known)}.")
        return False

    wrong += [
        f"{where}: {column} needs 1 to {LONGEST_NAME} letters and has {len(row[column]):,}."
        for column in ("policy_version", "rule_code")
        if not 0 < len(row[column]) <= LONGEST_NAME
    ]
    digits = row["priority"]
    priority = int(digits) if digits.isascii() and digits.isdigit() and len(digits) <= 10 else -1
    if not 0 <= priority <= HIGHEST_PRIORITY:
        wrong.append(
            f"{where}: priority {quoted(digits)} is not a whole number from 0 to {HIGHEST_PRIORITY}."
        )
    starts = None
    if row["valid_from"]:
        try:
            starts = date.fromisoformat(row["valid_from"])
        except ValueError:
            written = quoted(row["valid_from"])
            wrong.append(f"{where}: valid_from {written} is not a day. Write it as 2026-10-31.")
    cover = 0
    for condition in words.conditions:
        value = row[condition.code]
        # Spreadsheets write TRUE and FALSE.
        value = value.lower() if condition.is_boolean else value
        if not value:
            cover |= condition.every_bit
        elif one_of(condition.code, value, condition.values):
            cover |= condition.bit(value)
    one_of("outcome", row["outcome"], tuple(words.outcomes))
    for column in PAYER_COLUMNS:
        if row[column]:
            one_of(column, row[column], PAYERS)
    if wrong:
        return None, wrong
    payers = tuple(row[column] or None for column in PAYER_COLUMNS)
    rule = Rule(
        line, row["policy_version"], row["rule_code"], priority, starts, cover, row["outcome"], payers
    )
    return rule, []
