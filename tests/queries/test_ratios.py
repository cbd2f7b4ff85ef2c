"""Ratios of amounts: the declared ratio, an interval that covers, and only as much as the claims allow."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from pipelines.queries.ratios import GROUPS, jackknife, ratios, ratios_by
from pipelines.queries.scopes import Scope
from pipelines.queries.snapshot import Snapshot


def test_the_jackknife_of_a_mean_of_equal_groups_is_students_interval() -> None:
    # Of a mean with one value per group the jackknife's variance is s²/n exactly.
    values = np.random.default_rng(1).gamma(0.5, 80, GROUPS)
    from scipy import stats

    spread = stats.t.ppf(0.975, GROUPS - 1) * values.std(ddof=1) / np.sqrt(GROUPS)
    low, high = jackknife(list(values), [1.0] * GROUPS)
    assert (low, high) == pytest.approx((values.mean() - spread, values.mean() + spread), rel=1e-10)


def test_the_jackknife_covers_a_ratio_of_skewed_amounts() -> None:
    # Cost per unit where one unit in ten costs anything: 95 % intended; with 400 trials 92.8 % to 97.1 %
    # would be chance alone, and skewed costs at n = 1,200 cost about one point.
    rng = np.random.default_rng(2)
    hits = 0
    for _ in range(400):
        costs = rng.gamma(1.0, 100.0, (GROUPS, 30)) * (rng.random((GROUPS, 30)) < 0.1)
        low, high = jackknife(list(costs.sum(axis=1)), [30.0] * GROUPS)
        assert low is not None
        assert high is not None
        hits += low <= 10.0 <= high
    assert 0.91 <= hits / 400 <= 0.975


def test_one_group_that_holds_everything_has_no_interval() -> None:
    assert jackknife([10.0, 0.0], [4.0, 0.0]) == (None, None)


def test_a_mean_is_the_sum_over_what_it_is_known_of(snapshot: Snapshot) -> None:
    value = ratios(snapshot, "fct_remedy_costs", ["repair_cost"], Scope(family_code="chainsaw"))[
        "repair_cost"
    ]
    mean, n = snapshot.rows(
        "select avg(repair_cost_eur), count(repair_cost_eur) from marts.fct_remedy_costs "
        "where family_code = 'chainsaw'"
    ).row(0)
    assert value.value == pytest.approx(mean, rel=1e-12)
    assert value.n == n
    assert value.low is not None
    assert value.high is not None
    assert value.low < mean < value.high


def test_groups_with_few_cases_are_too_few_to_say(snapshot: Snapshot) -> None:
    months = ratios_by(snapshot, "fct_remedy_costs", ["regret_per_claim"], ["request_month"])
    counted = snapshot.rows(
        "select request_month, count(regret_eur)::double as n from marts.fct_remedy_costs group by 1"
    )
    both = months.join(counted, on="request_month", suffix="_counted")
    assert both.height == months.height == counted.height
    assert (both["cases"] == both["n_counted"]).all()
    assert (both["is_enough"] == (both["n_counted"] >= 30)).all()


def test_only_the_asked_remedies_are_in_a_ratio_among_them(snapshot: Snapshot) -> None:
    among = ("actual_remedy", ("repair", "replacement"))
    found = ratios_by(snapshot, "fct_remedy_costs", ["regret_per_claim"], ["family_code"], among=among)
    expected = snapshot.rows(
        "select family_code, avg(regret_eur) as mean from marts.fct_remedy_costs "
        "where actual_remedy in ('repair', 'replacement') group by 1 order by 1"
    )
    assert found["family_code"].to_list() == expected["family_code"].to_list()
    assert found["value"].to_list() == pytest.approx(expected["mean"].to_list())


def test_nothing_in_scope_has_no_value(snapshot: Snapshot) -> None:
    value = ratios(snapshot, "fct_remedy_costs", ["repair_cost"], Scope(sku="none"))["repair_cost"]
    assert (value.value, value.low, value.high, value.is_enough) == (None, None, None, False)
    empty = ratios_by(snapshot, "fct_remedy_costs", ["repair_cost"], ["family_code"], Scope(sku="none"))
    assert empty.is_empty()
    assert isinstance(empty, pl.DataFrame)
