"""Forecast and reserve: the page says the mart's newest forecast and its scores, taken again by SQL."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import polars as pl
import pytest
from streamlit.testing.v1 import AppTest

from pipelines.home import Home
from pipelines.queries.forecasts import history
from pipelines.queries.formats import euros, number, percent
from pipelines.queries.scopes import Scope
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


def table(app: AppTest, *columns: str) -> pl.DataFrame:
    return pl.from_pandas(
        next(each.value for each in app.dataframe if set(columns) <= set(each.value.columns))
    )


@pytest.mark.parametrize("scope_id", ["all", "chainsaw", "CH1"])
def test_the_totals_add_up_the_months_of_the_newest_forecast(
    open_page: Open, snapshot: Snapshot, scope_id: str
) -> None:
    parameter = {"all": {}, "chainsaw": {"family": "chainsaw"}, "CH1": {"sku": "CH1"}}[scope_id]
    app = open_page("forecast", **parameter)
    shown = metrics(app)
    year, all_claims, cost = snapshot.rows(
        "select sum(expected_claims) filter (months_ahead <= 12), sum(expected_claims), "
        "sum(expected_cost_eur) from marts.fct_forecasts "
        "where scope_id = ? and as_of = (select as_of from meta.build)",
        [scope_id],
    ).row(0)
    assert shown["Claims in the next 12 months"] == number(year, "en")
    assert shown["Claims in the next 24 months"] == number(all_claims, "en")
    assert shown["Reserve"] == euros(cost, "en")
    limits = f"90% interval {euros(float(cost) * 0.8, 'en')} – {euros(float(cost) * 1.2, 'en')}"
    assert limits in captions(app)
    assert table(app, "forecast_month").height == 24


def test_the_scores_are_those_of_the_past_forecasts(open_page: Open, snapshot: Snapshot) -> None:
    app = open_page("forecast", family="chainsaw", ahead="3")
    shown = metrics(app)
    row = snapshot.rows(
        """
        select count(*) as n, avg(is_covered::integer) as coverage, sum(actual_claims)::bigint as came,
            (sum(expected_claims) - sum(actual_claims)) / sum(actual_claims) as bias,
            sum(abs(expected_claims - actual_claims)) / sum(actual_claims) as error
        from marts.fct_forecasts where is_outcome_known and scope_id = 'chainsaw'
        """
    ).row(0, named=True)
    assert shown["Past forecasts that held"] == percent(row["coverage"], "en")
    assert shown["Bias of past forecasts"] == percent(row["bias"], "en")
    assert shown["Mean error of past forecasts"] == percent(row["error"], "en")
    assert f"{row['n']} monthly forecasts made again" in captions(app)
    assert f"{number(row['came'], 'en')} claims came" in captions(app)
    compared = table(app, "actual_claims", "is_covered")
    expected = snapshot.rows(
        "select forecast_month, actual_claims, is_covered from marts.fct_forecasts "
        "where is_outcome_known and scope_id = 'chainsaw' and months_ahead = 3 order by 1"
    )
    assert compared["actual_claims"].to_list() == expected["actual_claims"].to_list()
    assert compared["is_covered"].to_list() == expected["is_covered"].to_list()
    leads = table(app, "months_ahead", "forecasts")
    assert leads["forecasts"].sum() == row["n"]
    assert leads["came"].sum() == row["came"]
    held = snapshot.rows(
        "select months_ahead, count(*) filter (is_covered) as held from marts.fct_forecasts "
        "where is_outcome_known and scope_id = 'chainsaw' group by 1 order by 1"
    )
    assert leads["held"].to_list() == held["held"].to_list()
    # Twelve forecasts of one lead are too few for a share; seventy-eight of a family are enough.
    assert leads["coverage"].drop_nans().drop_nulls().is_empty()
    families = table(app, "family_code", "held")
    chainsaw = families.filter(pl.col("family_code") == "Chainsaw").row(0, named=True)
    assert chainsaw["coverage"] == pytest.approx(row["coverage"])


def test_a_scope_that_cannot_be_forecast_says_why(open_page: Open) -> None:
    app = open_page("forecast", family="lawn_mower")
    assert not app.exception
    assert "Too few claims to forecast." in [each.value for each in app.text]
    assert metrics(app)["Reserve"] == "too few to say"
    assert metrics(app)["Past forecasts that held"] == "too few to say"


def test_the_reserves_by_family_are_their_last_months(open_page: Open, snapshot: Snapshot) -> None:
    reserves = table(open_page("forecast"), "known_claims", "mean_cost_eur")
    expected = snapshot.rows(
        "select sum(expected_cost_eur) as cost from marts.fct_forecasts where scope_type = 'family' "
        "and as_of = (select as_of from meta.build) group by scope_id order by cost desc nulls last"
    )
    assert reserves["cumulative_cost_eur"].drop_nans().drop_nulls().to_list() == pytest.approx(
        expected["cost"].drop_nulls().to_list()
    )
    assert reserves.height == expected.height


def test_the_months_before_are_the_units_claimed(snapshot: Snapshot) -> None:
    found = history(snapshot, Scope(family_code="chainsaw"))
    expected = snapshot.rows(
        "select claim_month, sum(claims)::bigint as claims from marts.fct_nevada "
        "join marts.dim_products using (sku) where family_code = 'chainsaw' group by 1 "
        "order by 1 desc limit 24"
    )
    assert found["claims"].to_list() == expected["claims"].to_list()[::-1]
    assert found["is_complete"].all()
