"""Reads rules from CSV bytes, in the form of the seed policy_rules, and says what is wrong with a row.

The text may come from anybody: size and rows are limited, values are compared and never run, and a sentence
quotes at most a few letters of it. Whether sound rows make a sound table: `coverage.py`.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from pipelines.errors import SavoirError
from pipelines.replay.vocabulary import Vocabulary

MOST_BYTES = 5_000_000
MOST_ROWS = 2_000
MOST_SENTENCES = 30
LONGEST_NAME = 60
HIGHEST_PRIORITY = 2**31 - 1
PAYER_COLUMNS = ("payer_inbound", "payer_work", "payer_outbound")
PAYERS = ("seller", "customer", "paypal")
FIRST_COLUMNS = ("policy_version", "rule_code", "priority", "valid_from", "valid_to")
# Kept in the seed for readers; a replay has no use for them.
UNREAD_COLUMNS = ("x12_1172", "rules", "is_reconstructed", "clause_fr", "meaning_en", "meaning_fr")


class MalformedRulesError(SavoirError):
    """The rule set cannot be replayed; each sentence names a row and what to do about it."""

    def __init__(self, name: str, sentences: list[str]) -> None:
        self.sentences = tuple(sentences[:MOST_SENTENCES])
        if len(sentences) > MOST_SENTENCES:
            self.sentences += (f"And {len(sentences) - MOST_SENTENCES:,} more of this kind.",)
        lines = "\n".join(f"- {sentence}" for sentence in self.sentences)
        super().__init__(f"{name} is no rule set that can be replayed. Nothing was changed.\n{lines}")


@dataclass(frozen=True)
class Rule:
    """One row: what it covers, what it decides, who pays."""

    line: int
    version: str
    code: str
    priority: int
    valid_from: date | None
    valid_to: date | None
    cover: int
    outcome: str
    payers: tuple[str | None, ...]

    @property
    def named(self) -> str:
        """How a sentence calls it."""
        return f"line {self.line} ({quoted(self.version)}, rule {quoted(self.code)})"


def quoted(text: str) -> str:
    """Somebody's text as part of a sentence: short and on one line."""
    short = text if len(text) <= LONGEST_NAME else text[:LONGEST_NAME] + "…"
    return repr(short)


def rows(content: bytes, name: str, words: Vocabulary) -> Iterator[tuple[int, dict[str, str]]]:
    """Line number and cells of every row; a file that is no such table raises MalformedRulesError."""
    if len(content) > MOST_BYTES:
        raise MalformedRulesError(
            name,
            [f"It has {len(content):,} bytes; a rule set may have {MOST_BYTES:,}. Save the rules alone."],
        )
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise MalformedRulesError(
            name, [f"Line {line} is not UTF-8. Save the file as “CSV UTF-8 (comma delimited)”."]
        ) from error
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        header = next(reader, [])
        _check_header(name, header, words)
        count = 0
        before = reader.line_num
        for cells in reader:
            line, before = before + 1, reader.line_num
            if not any(cell.strip() for cell in cells):
                continue
            count += 1
            if count > MOST_ROWS:
                raise MalformedRulesError(
                    name, [f"Line {line}: more than {MOST_ROWS:,} rules. Split the file."]
                )
            if len(cells) != len(header):
                raise MalformedRulesError(
                    name,
                    [
                        f"Line {line} has {len(cells)} cells, the header has {len(header)}. A comma inside a "
                        "text needs quotes around the text."
                    ],
                )
            yield line, dict(zip(header, (cell.strip() for cell in cells), strict=True))
    except csv.Error as error:
        raise MalformedRulesError(
            name, [f"Line {reader.line_num} cannot be read as CSV ({error}). Check its quotes."]
        ) from error
    if not count:
        raise MalformedRulesError(name, ["It has no rules below its header."])


def _check_header(name: str, header: list[str], words: Vocabulary) -> None:
    conditions = [each.code for each in words.conditions]
    needed = [*FIRST_COLUMNS, *conditions, "outcome", *PAYER_COLUMNS]
    if len(header) == 1 and ";" in header[0]:
        raise MalformedRulesError(
            name, ["Line 1: the columns are separated by semicolons. Save the file with commas."]
        )
    lacking = [column for column in needed if column not in header]
    unknown = [column for column in header if column not in needed and column not in UNREAD_COLUMNS]
    doubled = sorted({column for column in header if header.count(column) > 1})
    wrong = [f"Line 1: the column {column} is missing." for column in lacking]
    wrong += [
        f"Line 1: the column {quoted(column)} is not known. Columns are: {', '.join(needed)}."
        for column in unknown
    ]
    wrong += [
        f"Line 1: the column {quoted(column)} is there twice." for column in doubled if column in needed
    ]
    if wrong:
        raise MalformedRulesError(name, wrong)


def rule_of(line: int, row: Mapping[str, str], words: Vocabulary) -> tuple[Rule | None, list[str]]:
    """The rule that a row says, or everything that is wrong with the row."""
    wrong: list[str] = []
    where = f"Line {line} (rule {quoted(row['rule_code'])})"

    def day(column: str) -> date | None:
        if not row[column]:
            return None
        try:
            return date.fromisoformat(row[column])
        except ValueError:
            wrong.append(f"{where}: {column} {quoted(row[column])} is not a day. Write it as 2026-10-31.")
            return None

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
    starts, ends = day("valid_from"), day("valid_to")
    if row["valid_to"] and not row["valid_from"]:
        wrong.append(
            f"{where}: valid_to without a valid_from. Give the first day too, or neither for a draft."
        )
    if starts and ends and ends < starts:
        wrong.append(f"{where}: valid_to {ends} lies before valid_from {starts}. Swap or correct them.")
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
        line, row["policy_version"], row["rule_code"], priority, starts, ends, cover, row["outcome"], payers
    )
    return rule, []
