"""Every planted breach is found, and nothing else."""

from __future__ import annotations

from typing import Any

import pytest

SUBJECT = """
    case
        when {code} in ('VR02', 'VR04') then concat(order_id, '/', line_number)
        when {code} = 'VR09' then repair_id
        else ticket_id
    end
"""
MUST_OCCUR = {
    *("VL12", "VL14", "VL20", "VL21", "VR01", "VR02", "VR03", "VR04", "VR06", "VR07", "VR08", "VR09", "VR10"),
    *("VR13", "VR14", "VR15", "VR16", "VR17", "VR19a", "VR19b", "VR19c", "VR20", "VR22", "VR23"),
}


@pytest.fixture(scope="module")
def planted(judged: Any) -> set[tuple[str, str]]:
    """(violation, subject) as the simulator planted them, or as they followed from what it planted."""
    subject = SUBJECT.format(code="violation_code")
    rows = judged.rows(f"select violation_code, {subject} as subject from true_breaches")
    return {(row["violation_code"], row["subject"]) for row in rows}


@pytest.fixture(scope="module")
def implied(judged: Any) -> set[tuple[str, str]]:
    """(violation, subject): the same planted facts seen from a neighbouring rule."""
    subject = SUBJECT.format(code="violation_code")
    rows = judged.rows(f"select implies, {subject} as subject from true_breaches where implies is not null")
    return {(code, row["subject"]) for row in rows for code in row["implies"].split("|")}


@pytest.fixture(scope="module")
def found(judged: Any) -> set[tuple[str, str]]:
    """(violation, subject) of the audit."""
    subject = "substr(finding_id, length(violation_code) + 2)"
    rows = judged.rows(f"select violation_code, {subject} as subject from marts.fct_audit_findings")
    return {(row["violation_code"], row["subject"]) for row in rows}


def test_every_evaluable_violation_was_planted(judged: Any, planted: set[tuple[str, str]]) -> None:
    evaluable = {
        row["violation_code"] for row in judged.rows("from seeds.violation_codes where is_evaluable")
    }
    assert {code for code, _ in planted} == MUST_OCCUR
    # A refund where a cure was due follows from no simulated case: test_worked_claims.py has one.
    assert evaluable - MUST_OCCUR == {"VR12"}


def test_every_planted_breach_is_found(planted: set[tuple[str, str]], found: set[tuple[str, str]]) -> None:
    assert sorted(planted - found) == []


def test_nothing_else_is_found(
    planted: set[tuple[str, str]], implied: set[tuple[str, str]], found: set[tuple[str, str]]
) -> None:
    assert sorted(found - planted - implied) == []


def test_one_case_counts_its_euros_once(judged: Any) -> None:
    """What the seller spent or owes, and what the customer was charged, are different euros."""
    charged = "violation_code in ('VR19a', 'VR19c', 'VL21')"
    cases = judged.rows(
        f"""
        select ticket_id, {charged} as is_charge, sum(amount_at_risk_eur) as counted,
            max(amount_by_formula_eur) as most,
            count(*) filter (where amount_by_formula_eur > 0) as with_amount
        from marts.fct_audit_findings where ticket_id is not null group by all
        """
    )
    assert sum(case["with_amount"] > 1 for case in cases) > 20
    assert [case for case in cases if case["counted"] != case["most"]] == []
    pointers = judged.rows(
        """
        select a.finding_id from marts.fct_audit_findings as a
        left join marts.fct_audit_findings as b on a.counted_in_finding_id = b.finding_id
        where a.counted_in_finding_id is not null
            and (b.amount_at_risk_eur is null or b.amount_at_risk_eur < a.amount_by_formula_eur)
        """
    )
    assert pointers == []


def test_a_center_that_sees_misuse_in_defects_has_a_higher_ratio_than_the_others(judged: Any) -> None:
    rows = judged.rows("select service_center_id, ratio from marts.fct_misuse_centers where is_enough")
    assert len(rows) > 3
    strict = max(row["ratio"] for row in rows if row["service_center_id"] == "SC002")
    others = sorted(row["ratio"] for row in rows if row["service_center_id"] != "SC002")
    assert strict > others[len(others) // 2]
