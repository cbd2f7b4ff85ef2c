"""What is wrong with a rule set is said by line and rule, and text from outside stays text."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

import numpy as np
import pytest

from pipelines.replay import MalformedRulesError, UnknownVersionError, Vocabulary, read_rules, seed_rules
from pipelines.replay.csv_rows import MOST_BYTES, MOST_ROWS
from pipelines.replay.matching import NONE, first_matches

Draft = Callable[..., bytes]
DATED = {"policy_version": "next", "valid_from": "2030-01-01"}
RULES = (
    "D00", "D01", "D02", "D03", "D04", "D05", "D06", "D07", "D08", "D09", "D10", "D11", "D12a", "D12b",
    "D12c", "D13", "D14", "D15",
)  # fmt: skip


def sentences(content: bytes, words: Vocabulary) -> list[str]:
    with pytest.raises(MalformedRulesError) as caught:
        read_rules(content, "draft.csv", words)
    return list(caught.value.sentences)


def test_the_seed_is_sound_and_has_the_page(words: Vocabulary) -> None:
    assert [rule.code for rule in seed_rules(words).version("page")] == list(RULES)


def test_there_are_as_many_combinations_as_the_values_multiply_to(words: Vocabulary) -> None:
    combinations = words.combinations()
    assert combinations.size == np.unique(combinations).size == 40_960


def test_the_first_match_is_the_one_that_reading_row_by_row_finds(words: Vocabulary) -> None:
    chance = Random(5)  # noqa: S311
    combinations = np.array(chance.sample(words.combinations().tolist(), 500), np.int64)
    covers = []
    for _ in range(20):
        cover = 0
        for condition in words.conditions:
            value = chance.choice(condition.values)
            cover |= condition.bit(value) if chance.random() < 0.25 else condition.every_bit
        covers.append(cover)
    expected = [
        next((place for place, cover in enumerate(covers) if int(one) | cover == cover), NONE)
        for one in combinations
    ]
    assert NONE in expected
    assert first_matches(combinations, covers).tolist() == expected


def test_a_hole_is_named_by_what_its_claims_share(draft: Draft, words: Vocabulary) -> None:
    (said,) = sentences(draft(leave_out=("D15",)), words)
    assert said.startswith("Version 'draft' leaves ")
    assert "is_center_near = false" in said
    assert "line 18 ('draft', rule 'D14')" in said


def test_a_dead_row_is_named_with_the_rows_that_take_its_claims(draft: Draft, words: Vocabulary) -> None:
    (said,) = sentences(draft(D14={"is_center_near": ""}), words)
    assert said == (
        "Line 19 ('draft', rule 'D15') never decides: every claim that it covers is taken above it, by 'D14' "
        "(line 18). Remove it or move it up."
    )


def test_a_doubled_priority_names_both_rows(draft: Draft, words: Vocabulary) -> None:
    (said,) = sentences(draft(D14={"priority": "17"}), words)
    assert said.startswith(
        "Line 19 ('draft', rule 'D15') has the priority of line 18 ('draft', rule 'D14'): '17'."
    )


def test_a_doubled_rule_code_names_both_rows(draft: Draft, words: Vocabulary) -> None:
    (said,) = sentences(draft(D15={"rule_code": "D14"}), words)
    assert said.startswith("Line 19 ('draft', rule 'D14') has the rule_code of line 18")


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        ({"outcome": "refused"}, "Line 10 (rule 'D08'): outcome 'refused' is not known. It can be: "),
        (
            {"cause": "abuse"},
            "Line 10 (rule 'D08'): cause 'abuse' is not known. It can be: pending, misuse, wear",
        ),
        ({"is_used": "oui"}, "Line 10 (rule 'D08'): is_used 'oui' is not known. It can be: true, false."),
        ({"payer_work": "nobody"}, "Line 10 (rule 'D08'): payer_work 'nobody' is not known."),
        ({"priority": "8.5"}, "Line 10 (rule 'D08'): priority '8.5' is not a whole number"),
        ({"priority": "-1"}, "Line 10 (rule 'D08'): priority '-1' is not a whole number"),
        ({"valid_from": "01/02/2030"}, "Line 10 (rule 'D08'): valid_from '01/02/2030' is not a day."),
        ({"rule_code": ""}, "Line 10 (rule ''): rule_code needs 1 to 60 letters and has 0."),
        (
            {"policy_version": "v" * 61},
            "Line 10 (rule 'D08'): policy_version needs 1 to 60 letters and has 61.",
        ),
    ],
)
def test_a_cell_that_says_nothing_known_is_named(
    draft: Draft, words: Vocabulary, cells: dict[str, str], expected: str
) -> None:
    (said,) = sentences(draft(D08=cells), words)
    assert said.startswith(expected)


def test_rows_of_one_version_with_other_dates_are_named(draft: Draft, words: Vocabulary) -> None:
    (said,) = sentences(draft(D08={"valid_from": "2030-01-01"}), words)
    assert said.startswith(
        "Line 10 ('draft', rule 'D08') is in force from 2030-01-01, line 2 ('draft', rule 'D00')"
    )


def test_two_versions_that_start_on_one_day_are_named(draft: Draft, words: Vocabulary) -> None:
    first = draft(**{code: {"policy_version": "a", "valid_from": "2030-01-01"} for code in RULES})
    second = draft(**dict.fromkeys(RULES, DATED)).split(b"\n", 1)[1]
    (said,) = sentences(first + second, words)
    assert said == (
        "Line 20 ('next', rule 'D00'): its version starts on 2030-01-01, like the version of line 2 "
        "('a', rule 'D00'). Give each its own day, or none for a draft."
    )


def test_a_version_ends_where_the_next_begins(draft: Draft, words: Vocabulary) -> None:
    first = draft(**{code: {"policy_version": "a", "valid_from": "2000-01-01"} for code in RULES})
    second = draft(**dict.fromkeys(RULES, DATED)).split(b"\n", 1)[1]
    assert set(read_rules(first + second, "both.csv", words).versions) == {"a", "next"}


def test_the_column_valid_to_of_older_files_is_said_to_be_gone(draft: Draft, words: Vocabulary) -> None:
    lines = draft().decode().splitlines()
    old = "\n".join([lines[0] + ",valid_to", *(line + "," for line in lines[1:])]).encode()
    assert sentences(old, words) == [
        "Line 1: the column valid_to is gone: a version ends the day before the next one begins. Remove it."
    ]


def test_a_missing_an_unknown_and_a_doubled_column_are_named(draft: Draft, words: Vocabulary) -> None:
    content = draft().replace(b"is_used", b"is_worn", 1).replace(b"payer_inbound", b"payer_work", 1)
    said = sentences(content, words)
    assert said[0] == "Line 1: the column is_used is missing."
    assert said[1] == "Line 1: the column payer_inbound is missing."
    assert said[2].startswith("Line 1: the column 'is_worn' is not known.")
    assert said[3] == "Line 1: the column 'payer_work' is there twice."


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", "Line 1: the column policy_version is missing."),
        (b"policy_version;rule_code\npage;D00\n", "Line 1: the columns are separated by semicolons."),
        (b"policy_version\n\xff\n", "Line 2 is not UTF-8."),
        (b"a" * (MOST_BYTES + 1), f"It has {MOST_BYTES + 1:,} bytes; a rule set may have {MOST_BYTES:,}."),
    ],
)
def test_a_file_that_is_no_table_says_so(words: Vocabulary, content: bytes, expected: str) -> None:
    assert sentences(content, words)[0].startswith(expected)


def test_too_many_rows_a_ragged_row_and_an_open_quote_are_named_by_line(
    draft: Draft, words: Vocabulary
) -> None:
    header, rows = draft().split(b"\n", 1)
    assert sentences(header + b"\n", words) == ["It has no rows below its header."]
    many = header + b"\n" + (rows.split(b"\n")[1] + b"\n") * (MOST_ROWS + 1)
    assert sentences(many, words)[0].startswith(f"Line {MOST_ROWS + 2}: more than")
    assert sentences(draft() + b"draft,D99\n", words)[0].startswith("Line 20 has 2 cells")
    assert sentences(draft() + b'draft,"D99\n', words)[0].startswith("Line 20 cannot be read as CSV")


def test_a_quoted_line_break_does_not_shift_the_lines_of_later_rows(draft: Draft, words: Vocabulary) -> None:
    content = draft(D01={"meaning_en": "two\nlines"}, D08={"outcome": "refused"})
    assert sentences(content, words)[0].startswith("Line 11 (rule 'D08')")


def test_hostile_text_is_quoted_short_and_on_one_line(draft: Draft, words: Vocabulary) -> None:
    attack = "\x1b[2J<script>" + "x" * 5000 + "'; drop table marts.fct_claims; --"
    (said,) = sentences(draft(D08={"outcome": attack}), words)
    assert "\x1b" not in said
    assert len(said) < 600


def test_what_a_spreadsheet_writes_is_read(draft: Draft, words: Vocabulary) -> None:
    content = b"\xef\xbb\xbf" + draft().replace(b",true,", b",TRUE,").replace(b"\n", b"\r\n")
    assert read_rules(content, "excel.csv", words).version("draft") == tuple(
        rule for rule in read_rules(draft(), "plain.csv", words).version("draft")
    )


def test_a_version_that_is_not_there_is_said_with_those_that_are(draft: Draft, words: Vocabulary) -> None:
    with pytest.raises(
        UnknownVersionError, match=r"draft.csv has no policy version 'strict'. It has: 'draft'."
    ):
        read_rules(draft(), "draft.csv", words).version("strict")
