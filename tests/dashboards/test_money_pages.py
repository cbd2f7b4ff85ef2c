"""Repair or replace, and money: every figure is an independent SQL count of the small home."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import pytest
from streamlit.testing.v1 import AppTest

from pipelines.home import Home
from pipelines.queries.formats import euros, number, percent
from pipelines.queries.snapshot import Snapshot, open_snapshot

Open = Callable[..., AppTest]


@pytest.fixture(scope="module")
def snapshot(small_home: Home) -> Iterator[Snapshot]:
    opened = open_snapshot(small_home)
    yield opened
    opened.close()


def metrics(app: AppTest) -> dict[str, str]:
    return {each.label: each.value for each in app.metric}


def captions(app: AppTest) -> str:
    return "\n".join(each.value for each in app.caption)


def table(app: AppTest, column: str) -> list[dict]:
    """The rows of the first table that has the column."""
    found = next(each.value for each in app.dataframe if column in each.value.columns)
    return found.to_dict("records")


@pytest.mark.parametrize("family", [None, "chainsaw"])
def test_the_figures_of_repair_or_replace_are_those_of_the_mart(
    open_page: Open, snapshot: Snapshot, family: str | None
) -> None:
    app = open_page("remedies", **({"family": family} if family else {}))
    shown = metrics(app)
    only = f"family_code = '{family}'" if family else "true"
    row = snapshot.rows(
        f"""
        select sum(expected_regret_eur) as regret, count(expected_regret_eur) as regretted,
            sqrt(sum(regret_variance)) as deviation,
            count(*) filter (actual_remedy = cheapest_remedy)
                / count(*) filter (is_priced and actual_remedy in ('repair', 'replacement')) as is_right,
            avg(right_choice_probability) as probability,
            count(*) filter (naive_remedy <> cheapest_remedy) / count(*) filter (is_priced) as naive,
            sum(repair_assumed_eur + replacement_assumed_eur)
                / sum(repair_cost_eur + replacement_cost_eur + 2 * salvage_eur) as assumed,
            count(*) filter (is_priced) / count(*) as priced, count(*) filter (not is_priced) as unpriced,
            sum(break_even_repair_eur) / sum(list_price_incl_vat_eur) as over_list
        from marts.fct_remedy_costs where {only}
        """
    ).row(0, named=True)
    assert shown["Expected regret"] == euros(row["regret"], "en")
    limits = [row["regret"] + sign * 1.96 * row["deviation"] for sign in (-1, 1)]
    assert f"95% interval {euros(limits[0], 'en')} – {euros(limits[1], 'en')}" in captions(app)
    assert f"sum over {number(row['regretted'], 'en')} claims" in captions(app)
    assert shown["Cheaper remedy taken"] == percent(row["is_right"], "en")
    assert shown["Probability of the right choice"] == percent(row["probability"], "en")
    assert shown["Naive rule picks wrongly"] == percent(row["naive"], "en")
    assert shown["Assumed part of the prices"] == percent(row["assumed"], "en")
    assert shown["Priced"] == percent(row["priced"], "en")
    assert shown["Break-even over list price"] == percent(row["over_list"], "en")
    assert len(table(app, "unpriced_reason")) == row["unpriced"]


def test_the_tables_of_repair_or_replace_are_those_of_the_mart(open_page: Open, snapshot: Snapshot) -> None:
    app = open_page("remedies")
    families = {row["family_code"]: row for row in table(app, "break_even")}
    for row in snapshot.rows(
        "select replace(family_code, '_', ' ') as family, count(*) as claims, "
        "avg(repair_cost_eur) as repair, avg(replacement_cost_eur) as replacement "
        "from marts.fct_remedy_costs group by 1"
    ).iter_rows(named=True):
        shown = families[row["family"].capitalize()]
        assert shown["claims"] == row["claims"]
        assert shown["repair_cost"] == pytest.approx(row["repair"])
        assert shown["replacement_cost"] == pytest.approx(row["replacement"])
    largest = [row["ticket_id"] for row in table(app, "actual_cost_eur")]
    expected = snapshot.rows(
        "select ticket_id from marts.fct_remedy_costs where regret_eur > 0 "
        "order by regret_eur desc, 1 limit 500"
    )
    assert largest == expected["ticket_id"].to_list()
    points = table(app, "break_even_multiple")
    drawn = snapshot.rows(
        "select count(*) from marts.fct_remedy_costs where is_priced "
        "and actual_remedy in ('repair', 'replacement')"
    ).item()
    assert len(points) == min(drawn, 1500)
    for point in points:
        if point["break_even_eur"] > 0:
            assert point["break_even_multiple"] == pytest.approx(point["work_eur"] / point["break_even_eur"])
        else:
            assert math.isnan(point["break_even_multiple"])


def test_the_same_points_are_drawn_each_time(open_page: Open) -> None:
    first, again = (
        [row["ticket_id"] for row in table(open_page("remedies"), "break_even_multiple")] for _ in range(2)
    )
    assert first == again


def test_a_scope_without_remedies_says_so(open_page: Open) -> None:
    app = open_page("remedies", sku="LO1", family="log_splitter", **{"from": "2026-10-31"})
    assert not app.exception
    assert [each.value for each in app.info] == ["No claim with a remedy due in this scope."]
