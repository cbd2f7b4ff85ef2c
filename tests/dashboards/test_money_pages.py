"""Repair or replace, and money: every figure is an independent SQL count of the small home."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import pytest
from streamlit.testing.v1 import AppTest

from pipelines.home import Home
from pipelines.queries.formats import by_format, euros, number, percent
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
        select sum(expected_regret_eur)::double as regret, count(expected_regret_eur) as regretted,
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


def test_claims_that_all_lack_a_price_are_told_and_nothing_else_is(
    open_page: Open, snapshot: Snapshot
) -> None:
    day, claims = snapshot.rows(
        "select requested_on, count(*) from marts.fct_remedy_costs group by 1 "
        "having not bool_or(is_priced) order by 2 desc, 1 limit 1"
    ).row(0)
    app = open_page("remedies", **{"from": str(day), "until": str(day)})
    assert not app.exception
    assert len(table(app, "unpriced_reason")) == claims
    assert metrics(app)["Cheaper remedy taken"] == "too few to say"


@pytest.mark.parametrize("family", [None, "pressure_washer"])
def test_the_figures_of_money_are_those_of_the_marts(
    open_page: Open, snapshot: Snapshot, family: str | None
) -> None:
    shown = metrics(open_page("money", **({"family": family} if family else {})))
    only = f"family_code = '{family}'" if family else "true"
    claims = snapshot.rows(
        f"""
        select sum(net_cost_eur) as net, sum(recovered_eur) as back, sum(paid_eur) as paid,
            avg(net_cost_eur) filter (is_cost_complete and closed_on is not null) as per_claim,
            sum(assumed_cost_eur) as assumed
        from marts.fct_claims where is_claim and {only}
        """
    ).row(0, named=True)
    leaked = snapshot.rows(
        "select sum(amount_eur) from marts.fct_claim_costs join marts.fct_claims using (ticket_id) "
        f"where component in ('uncovered_unbilled', 'goodwill', 'paypal_return_freight') and {only}"
    ).item()
    # The cost of the units sold, from the claims' side.
    cost, units, sales = snapshot.rows(
        f"""
        select (select sum(net_cost_eur)::double from marts.fct_claims where is_claim and {only}),
            sum(units)::double, sum(units * unit_price_eur)::double
        from marts.fct_order_lines where {only}
        """
    ).row(0)
    assert shown["Net cost of claims"] == euros(claims["net"], "en")
    assert shown["Cost per claim"] == euros(claims["per_claim"], "en")
    assert shown["Claim cost per unit sold"] == by_format(cost / units, "eur", "en")
    assert shown["Claim cost over sales"] == percent(cost / sales, "en")
    assert shown["Recovered"] == euros(claims["back"], "en")
    assert shown["Recovered over paid"] == percent(claims["back"] / claims["paid"], "en")
    assert shown["Leakage"] == euros(leaked, "en")
    assert shown["Assumed part of costs"] == percent(claims["assumed"] / claims["paid"], "en")


def test_no_euro_is_lost_between_the_parts_the_months_and_the_whole(
    open_page: Open, snapshot: Snapshot
) -> None:
    app = open_page("money")
    net = snapshot.rows("select sum(net_cost_eur)::double from marts.fct_claims where is_claim").item()
    months = table(app, "new_units")
    parts = ("repairs", "new_units", "refunds", "parts", "freight", "recovered")
    assert math.fsum(row[part] for row in months for part in parts) == pytest.approx(net, rel=1e-12)
    assert sum(row["claims"] for row in months) == sum(row["claims"] for row in table(app, "net_cost"))
    assert math.fsum(row["net_cost"] for row in table(app, "net_cost")) == pytest.approx(net, rel=1e-12)


@pytest.mark.parametrize("group", ["month", "family_code", "service_center_id"])
def test_leakage_is_the_same_whichever_way_it_is_cut(open_page: Open, snapshot: Snapshot, group: str) -> None:
    app = open_page("money", by=group)
    whole = {row["leak"]: (row["claims"], row["amount_eur"]) for row in table(app, "leak")}
    for label, component in (
        ("Uncovered work not billed", "uncovered_unbilled"),
        ("Goodwill", "goodwill"),
        ("Return freight in PayPal cases", "paypal_return_freight"),
        ("Covered work billed", "covered_billed"),
    ):
        expected = snapshot.rows(
            "select count(*) filter (amount_eur > 0), sum(amount_eur) from marts.fct_claim_costs "
            "where component = ?",
            [component],
        ).row(0)
        assert whole[label] == pytest.approx(expected)
        cut = next(
            each.value for each in app.dataframe if {"leak", group} <= set(each.value.columns)
        ).to_dict("records")
        rows = [row for row in cut if row["leak"] == label]
        assert sum(row["claims"] for row in rows) == expected[0]
        assert math.fsum(row["amount_eur"] for row in rows) == pytest.approx(expected[1])


@pytest.mark.parametrize("ratio", ["cost_per_claim", "claim_cost_per_unit", "claim_cost_over_sales"])
def test_a_month_that_may_still_move_is_marked(open_page: Open, snapshot: Snapshot, ratio: str) -> None:
    months = table(open_page("money", of=ratio), "is_settled")
    assert months[0]["is_settled"]
    assert not months[-1]["is_settled"]
    if ratio != "cost_per_claim":
        last = max(row["month"] for row in months if row["is_settled"])
        youngest = snapshot.rows(
            "select max(base_warranty_end_on) from marts.fct_order_lines where delivery_month <= ?", [last]
        ).item()
        assert youngest <= snapshot.rows("select as_of from meta.build").item()
