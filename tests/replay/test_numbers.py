"""A version owns its numbers: other numbers move other claims, and a version is appended rows."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from pipelines.cli import main
from pipelines.home import Home
from pipelines.queries.snapshot import Snapshot
from pipelines.replay import (
    SEED,
    SEED_NUMBERS,
    MalformedRulesError,
    Replay,
    Vocabulary,
    read_numbers,
    read_rules,
    replay_version,
    seed_numbers,
    seed_rules,
)
from pipelines.replay.numbers import in_effect, in_force

Made = Callable[..., Snapshot]
Draft = Callable[..., bytes]
HEADER = "policy_version,parameter,value,unit\n"


def numbers(*rows: str) -> bytes:
    return (HEADER + "".join(f"draft,{row}\n" for row in rows)).encode()


def played(snapshot: Snapshot, rules: bytes, words: Vocabulary, *rows: str) -> Replay:
    stated = read_numbers(numbers(*rows), "numbers.csv") if rows else {}
    return replay_version(snapshot, "draft", read_rules(rules, "draft.csv", words), stated, words)


def appended(seed: Path, version: str, changes: Mapping[str, str]) -> str:
    """The seed's file with the rows of `page` once more at its end, under a new name."""
    text = seed.read_text(encoding="utf-8")
    rows = [row for row in csv.DictReader(io.StringIO(text)) if row["policy_version"] == "page"]
    out = io.StringIO()
    writer = csv.DictWriter(out, list(rows[0]), lineterminator="\n")
    for row in rows:
        value = changes.get(row.get("parameter", ""), row.get("value"))
        dated = {"valid_from": "2025-01-01"} if "valid_from" in row else {"value": value}
        writer.writerow(row | {"policy_version": version} | dated)
    return text + out.getvalue()


def test_a_version_is_appended_rows_and_its_replay_shows_flips_and_euros(
    demo_home: Home, tmp_path: Path
) -> None:
    rules, figures, out = tmp_path / "rules.csv", tmp_path / "numbers.csv", tmp_path / "flips.csv"
    changes = {"paypal_hold_months": "1", "repair_limit_ratio": "0.7"}
    for path, seed in ((rules, SEED), (figures, SEED_NUMBERS)):
        path.write_text(appended(seed, "second", changes), encoding="utf-8")
        assert path.read_text(encoding="utf-8").startswith(seed.read_text(encoding="utf-8"))
    files = ["--rules", str(rules), "--parameters", str(figures), "--out", str(out)]
    done = CliRunner().invoke(main, ["--home", str(demo_home.root), "replay", "second", *files])
    assert done.exit_code == 0, done.output
    assert "paypal_hold_months (months): 1 instead of 6" in done.stdout
    assert "repair_limit_ratio (ratio): 0.7 instead of 1" in done.stdout
    shown = {line[:28].strip(): line[28:].split() for line in done.stdout.splitlines()}
    assert int(shown["Claims that flip"][0].replace(",", "")) > 100
    assert shown["Cost of claims that move"][2].startswith("€")
    with out.open(encoding="utf-8-sig", newline="") as file:
        moves = {(row["before_outcome"], row["after_outcome"]) for row in csv.DictReader(file)}
    assert ("repair_pickup", "replacement") in moves
    assert "suspended_paypal" in {before for before, _ in moves}


def test_the_draft_of_the_seed_moves_claims(demo: Snapshot, words: Vocabulary) -> None:
    done = replay_version(demo, "draft-2027", seed_rules(words), {}, words)
    assert done.flips > 100
    assert {each.parameter for each in done.numbers} == {"paypal_hold_months", "repair_limit_ratio"}
    assert all(each.is_replayed for each in done.numbers)


def test_the_facts_on_record_follow_from_the_measures(demo: Snapshot, words: Vocabulary) -> None:
    literals = {name: number.sql for name, number in in_force(seed_rules(words), seed_numbers()).items()}
    apart = demo.rows(
        f"""
        with on_record as (
            select ticket_id, {words.combination_sql()} as combination from marts.fct_claim_verdicts
        ), made as (
            select ticket_id, {words.combination_sql("facts")} as combination
            from marts.fct_claim_verdicts join ({words.facts_sql(literals)}) as facts using (ticket_id)
        )
        select count(*) from on_record left join made using (ticket_id, combination)
        where made.combination is null
        """
    ).item()
    assert apart == 0


OPEN_CASE: dict[str, Any] = {
    "paypal_state": "open", "paypal_case_state": "open", "paypal_case_months": 4,
    "policy_outcome": "suspended_paypal", "policy_payer_inbound": "customer", "policy_payer_work": None,
    "policy_payer_outbound": None,
}  # fmt: skip
NEW: dict[str, Any] = {
    "is_used": False, "is_stated_unused": True, "engine_hours": 0.5, "days_from_delivery": 14,
    "policy_outcome": "replacement", "policy_payer_work": None,
}  # fmt: skip
AGAIN: dict[str, Any] = {
    "is_legal_escalation": True, "same_fault_days": 90, "policy_outcome": "refund_or_reduction",
    "policy_payer_work": None, "policy_payer_outbound": None,
}  # fmt: skip


@pytest.mark.parametrize(
    ("claim", "kept", "moved", "verdict"),
    [
        (OPEN_CASE, "paypal_hold_months,4,months", "paypal_hold_months,3,months", "repair_sav_centre"),
        (NEW, "unused_engine_hours,0.5,hours", "unused_engine_hours,0.4,hours", "repair_sav_centre"),
        (NEW, "unused_report_days,14,days", "unused_report_days,13,days", "repair_sav_centre"),
        ({}, "center_radius_km,12.5,km", "center_radius_km,12.4,km", "repair_pickup"),
        # 213.80 is 0.61614 of 347.00, and a tie goes to the new unit.
        ({}, "repair_limit_ratio,0.6162,ratio", "repair_limit_ratio,0.6161,ratio", "replacement"),
        (AGAIN, "repeat_fault_days,90,days", "repeat_fault_days,89,days", "repair_sav_centre"),
    ],
)
def test_each_number_decides_at_its_boundary(
    made: Made, draft: Draft, words: Vocabulary, claim: dict[str, Any], kept: str, moved: str, verdict: str
) -> None:
    snapshot = made(claim)
    assert played(snapshot, draft(), words, kept).flips == 0
    assert played(snapshot, draft(), words, moved).moved["after_outcome"].to_list() == [verdict]


def test_without_stock_nothing_is_replaced(made: Made, draft: Draft, words: Vocabulary) -> None:
    assert played(made(NEW), draft(), words, "has_stock,false,flag").moved["after_outcome"].to_list() == [
        "repair_sav_centre"
    ]


def test_a_number_that_only_a_build_follows_is_said_to_be_so(
    made: Made, draft: Draft, words: Vocabulary
) -> None:
    done = played(made({}), draft(), words, "repair_target_days,20,days", "paypal_hold_months,6,months")
    (only,) = done.numbers
    assert (only.parameter, only.in_force, only.here, only.is_replayed) == (
        "repair_target_days", "15", "20", False,
    )  # fmt: skip


def test_a_version_keeps_the_numbers_of_the_one_before_it(draft: Draft, words: Vocabulary) -> None:
    codes = [rule.code for rule in seed_rules(words).version("page")]
    content = draft(**{code: {"policy_version": "first", "valid_from": "2030-01-01"} for code in codes})
    for version, day in (("second", "2031-01-01"), ("third", "")):
        more = draft(**{code: {"policy_version": version, "valid_from": day} for code in codes})
        content += more.split(b"\n", 1)[1]
    rules = read_rules(content, "three.csv", words)
    stated = read_numbers(
        (
            HEADER + "first,paypal_hold_months,5,months\nsecond,center_radius_km,40,km\n"
            "third,repeat_fault_days,30,days\n"
        ).encode(),
        "numbers.csv",
    )
    for version, expected in (
        ("first", ("5", "50", "90")), ("second", ("5", "40", "90")), ("third", ("5", "40", "30")),
    ):  # fmt: skip
        found = in_effect(version, rules, seed_rules(words), [seed_numbers(), stated])
        names = ("paypal_hold_months", "center_radius_km", "repeat_fault_days")
        assert tuple(found[name].value for name in names) == expected, version


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("paypal_hold_months,three,months", "value 'three' is not a whole number of months, as 6."),
        ("paypal_hold_months,-3,months", "value '-3' is not a whole number of months, as 6."),
        ("paypal_hold_months,3,days", "unit 'days' is not the one of the seed, months."),
        ("paypal_hold_months,3,weeks", "unit 'weeks' is not known. It can be: flag, months, days"),
        (
            "paypal_hold,3,months",
            "('paypal_hold') is not a number of the policy. It can be: paypal_hold_months",
        ),
        ("has_stock,maybe,flag", "value 'maybe' is not true or false."),
        ("repair_limit_ratio,'); drop table x; --,ratio", "is not a ratio, as 0.8."),
    ],
)
def test_a_number_that_says_nothing_known_is_named(row: str, said: str) -> None:
    with pytest.raises(MalformedRulesError) as caught:
        read_numbers(numbers(row), "numbers.csv")
    assert said in caught.value.sentences[0]
    assert "numbers.csv is not a list of policy numbers that can be replayed." in str(caught.value)


def test_a_number_twice_and_a_file_of_rules_are_named(draft: Draft) -> None:
    with pytest.raises(MalformedRulesError, match=r"is there twice for version 'draft'\."):
        read_numbers(numbers("has_stock,true,flag", "has_stock,false,flag"), "numbers.csv")
    with pytest.raises(MalformedRulesError, match=r"Line 1: the column parameter is missing\."):
        read_numbers(draft(), "rules.csv")
