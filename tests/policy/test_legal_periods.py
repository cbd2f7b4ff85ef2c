"""The law changes on its days: the seed turned into periods of the contract date."""

from __future__ import annotations

import itertools
from datetime import date
from typing import Any


def law_on(judged: Any, contract_on: str) -> dict[str, Any]:
    """The parameters of one contract date."""
    rows = judged.rows(
        "from intermediate.int_legal_parameters__dated"
        f" where cast('{contract_on}' as date) between period_from and period_to"
    )
    assert len(rows) == 1
    return rows[0]


def test_the_presumption_of_new_goods_grows_on_2016_03_18(judged: Any) -> None:
    assert law_on(judged, "2016-03-17")["presumption_months"] == 6
    assert law_on(judged, "2016-03-18")["presumption_months"] == 24


def test_the_articles_are_renumbered_on_2016_07_01(judged: Any) -> None:
    assert law_on(judged, "2016-06-30")["regime"] == "LEGACY"
    assert law_on(judged, "2016-07-01")["regime"] == "RENUMBERED"


def test_the_law_of_2022_begins_with_its_first_contract(judged: Any) -> None:
    before, after = law_on(judged, "2021-12-31"), law_on(judged, "2022-01-01")
    names = (
        *("regime", "clock_test", "presumption_months_used", "cure_deadline_months", "cure_deadline_days"),
        *("extension_months", "renewal_months", "is_suspended_while_immobilised", "override_reason_written"),
    )
    assert [before[name] for name in names] == [
        "RENUMBERED",
        "claim_date",
        6,
        1,
        None,
        None,
        None,
        None,
        None,
    ]
    assert [after[name] for name in names] == [
        "2022",
        "defect_appeared_date",
        12,
        None,
        30,
        6,
        24,
        True,
        True,
    ]


def test_a_contract_older_than_the_oldest_regime_is_judged_by_it(judged: Any) -> None:
    old, first = law_on(judged, "1999-12-31"), law_on(judged, "2005-02-19")
    names = ("regime", "clock_test", "presumption_months", "presumption_months_used", "withdrawal_days")
    assert (
        [old[name] for name in names] == [first[name] for name in names] == ["LEGACY", "claim_date", 6, 6, 14]
    )


def test_rows_that_are_switched_off_change_nothing(judged: Any) -> None:
    assert law_on(judged, "2030-01-01")["extension_months"] == 6


def test_periods_follow_each_other_without_gap(judged: Any) -> None:
    rows = judged.rows("from intermediate.int_legal_parameters__dated order by period_from")
    assert rows[0]["period_from"] == date(1900, 1, 1)
    assert rows[-1]["period_to"] == date(9999, 12, 30)
    assert all((b["period_from"] - a["period_to"]).days == 1 for a, b in itertools.pairwise(rows))
