"""The law's rows say where they stand, and a build warns where nobody has looked lately."""

from __future__ import annotations

import csv
from datetime import date
from typing import Any

from pipelines.home import DBT_DIR


def rows() -> dict[str, dict[str, str]]:
    with (DBT_DIR / "seeds" / "legal_parameters.csv").open(encoding="utf-8", newline="") as file:
        return {row["legal_rule_id"]: row for row in csv.DictReader(file)}


def findings(judged: Any, kind: str) -> dict[str, dict[str, Any]]:
    found = judged.rows(f"from meta.findings where finding_kind = '{kind}'")
    return {row["row_key"]: row for row in found}


def test_only_what_is_in_force_is_judged_by() -> None:
    assert [
        key for key, row in rows().items() if row["is_active"] == "true" and row["state"] != "in_force"
    ] == []


def test_a_row_that_was_only_recalled_says_so_and_every_row_has_a_source_and_a_day() -> None:
    for key, row in rows().items():
        assert row["source"], key
        assert date.fromisoformat(row["checked_on"]) <= date(2030, 1, 1), key
        assert "verified" in row["status"] or "recalled" in row["status"], key


def test_the_days_of_union_law_are_those_of_its_texts() -> None:
    found = {row["reference"].split(" (")[0]: row["contract_date_from"] for row in rows().values()}
    assert found["Dir. 2024/1799"] == "2026-07-31"
    assert found["Dir. 2024/825"] == "2026-09-27"
    assert found["L.221-21, D.221-5"] == "2026-06-19"
    assert found["Dir."] == "2026-12-09"
    assert rows()["L37"]["contract_date_from"] == rows()["L38"]["contract_date_from"] == "2024-12-13"
    assert rows()["L40"]["contract_date_from"] == "2021-04-01"


def test_a_day_that_has_passed_without_a_known_transposition_is_a_finding(judged: Any) -> None:
    found = findings(judged, "law_date_passed")
    # On 31 October 2026 the day of directive 2024/2853 (L39, 9 December) is still to come.
    assert set(found) == {"L33", "L34"}
    assert found["L33"]["detail"] == "Dir. 2024/1799, transposition_unverified: its day was 2026-07-31"
    assert "no verdict follows it" in found["L33"]["sentence_en"]


def test_no_check_is_old_on_the_day_of_the_demo(judged: Any) -> None:
    assert findings(judged, "law_check_old") == {}
