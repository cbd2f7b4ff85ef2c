"""Failure rates: curves, fan, Weibull plot and Nevada chart show what the marts hold, computed again here."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import polars as pl
import pytest
from streamlit.testing.v1 import AppTest

from pipelines.home import Home
from pipelines.queries.formats import number, percent
from pipelines.queries.lifetimes import nevada_residuals, weibull_line, weibull_points
from pipelines.queries.scopes import Scope
from pipelines.queries.snapshot import Snapshot, open_snapshot

Open = Callable[..., AppTest]


@pytest.fixture(scope="module")
def snapshot(small_home: Home) -> Iterator[Snapshot]:
    opened = open_snapshot(small_home)
    yield opened
    opened.close()


def table(app: AppTest, *columns: str) -> pl.DataFrame:
    """The first table that has the columns."""
    return pl.from_pandas(
        next(each.value for each in app.dataframe if set(columns) <= set(each.value.columns))
    )


def captions(app: AppTest) -> str:
    return "\n".join(each.value for each in app.caption)


def test_several_products_stand_side_by_side_with_their_own_life_tables(
    open_page: Open, snapshot: Snapshot
) -> None:
    app = open_page("failures", skus="CH1|PR2", **{"with": "chainsaw"})
    curves = table(app, "series", "hazard")
    assert curves["series"].unique().sort().to_list() == ["CH1", "Chainsaw", "PR2", "Whole range"]
    for sku in ("CH1", "PR2"):
        expected = snapshot.rows(
            "select age_month, cumulative, cumulative_low, cumulative_high from marts.fct_life_table "
            "where scope_type = 'sku' and scope_id = ? and cause = 'defect' order by age_month",
            [sku],
        )
        shown = curves.filter(pl.col("series") == sku)
        for column in expected.columns:
            assert shown[column].to_list() == pytest.approx(expected[column].to_list(), nan_ok=True)


def test_the_fan_holds_every_delivery_month_with_enough_units(open_page: Open, snapshot: Snapshot) -> None:
    fan = table(open_page("failures", family="chainsaw"), "cohort", "maturity")
    expected = snapshot.rows(
        "select count(*) as n, sum(cumulative) as total, count(*) filter (maturity < 1) as young "
        "from marts.fct_life_table where scope_id = 'chainsaw' and cohort is not null and at_risk >= 30"
    ).row(0, named=True)
    whole = table(open_page("failures"), "cohort", "maturity")
    assert whole.height > fan.height == expected["n"]
    assert math.fsum(fan["cumulative"]) == pytest.approx(expected["total"] or 0)
    assert (whole["maturity"] < 1).any()


def test_a_fit_is_told_with_its_limits_and_what_it_rests_on(open_page: Open) -> None:
    said = captions(open_page("failures"))
    assert f"{percent(0.18, 'en')} (95% {percent(0.144, 'en')} – {percent(0.216, 'en')})" in said
    assert f"Shape {number(0.8, 'en', 2)} ({number(0.64, 'en', 2)} – {number(0.96, 'en', 2)})" in said
    assert "300 failures of 2,500 machines" in said
    assert "The day was told of 250 of 300; the default here: Days." in said
    by_month = captions(open_page("failures", convention="interval"))
    assert f"Shape {number(0.88, 'en', 2)}" in by_month


def test_a_fit_that_diverges_or_cannot_be_trusted_says_so(open_page: Open) -> None:
    app = open_page("failures", family="chainsaw")
    assert [each.value for each in app.warning] == [
        "Here the answer depends on whether ages are read in days or in months: both are shown."
    ]
    said = captions(app)
    assert f"Days · Failed by 24 months, by the fit: {percent(0.18, 'en')}" in said
    assert f"Months · Failed by 24 months, by the fit: {percent(0.198, 'en')}" in said
    doubtful = open_page("failures", family="lawn_mower")
    assert "No event among these units: there is nothing to fit." in [each.value for each in doubtful.text]
    assert "too few to say" in captions(doubtful)


def test_causes_stand_beside_each_other_with_repeats(open_page: Open) -> None:
    app = open_page("failures")
    said = captions(app)
    assert f"By 24 months in service {percent(0.36, 'en')}" in said
    assert "1,000 machines bring 396.0 (356.4 – 435.6) claims" in said
    shown = table(app, "cause", "claims_per_1000")
    assert shown["cause"].to_list() == ["Any cause", "Defect", "Misuse"]
    assert shown["first_share"].to_list() == pytest.approx([0.36, 0.24, 0.12])
    assert "Of the whole family" in captions(open_page("failures", sku="CH1"))
    assert "A lognormal curve through the same failures says 17.0%" in said
    assert "the Weibull curve fits them better" in said


def test_weibull_paper_is_the_double_logarithm_of_the_life_table(snapshot: Snapshot) -> None:
    points = weibull_points(snapshot, Scope())
    assert points.height > 20
    for row in points.iter_rows(named=True):
        assert row["level"] == pytest.approx(math.log(-math.log(1 - row["cumulative"])), rel=1e-12)
        assert row["level_low"] < row["level"] < row["level_high"]
    line = weibull_line(snapshot, Scope())
    for row in line.iter_rows(named=True):
        share = 1 - math.exp(-((row["age_month"] / 200.0) ** 0.8))
        assert row["cumulative"] == pytest.approx(share, rel=1e-12)
        assert 1 - math.exp(-math.exp(row["level"])) == pytest.approx(share, rel=1e-12)


@pytest.mark.parametrize("span", ["month", "quarter"])
@pytest.mark.parametrize("column", ["failures", "claims"])
def test_what_is_expected_of_a_family_adds_up_to_what_came(
    snapshot: Snapshot, span: str, column: str
) -> None:
    for family in ("chainsaw", "pressure_washer"):
        cells = nevada_residuals(snapshot, Scope(family_code=family), column, span)
        came = snapshot.rows(
            f"select sum({column})::double from marts.fct_nevada join marts.dim_products using (sku) "
            "where family_code = ?",
            [family],
        ).item()
        assert math.fsum(cells["events"]) == came > 0
        assert math.fsum(cells["expected"]) == pytest.approx(came, rel=1e-9)


def test_the_expectation_of_a_product_is_its_familys_rate_at_the_same_age(snapshot: Snapshot) -> None:
    cells = nevada_residuals(snapshot, Scope(sku="CH1"), "failures")
    rows = snapshot.rows(
        "select sku, delivery_month, claim_month, units_at_risk, failures from marts.fct_nevada "
        "where sku in ('CH1', 'CH2')"
    ).to_dicts()

    def age(row: dict) -> int:
        later, first = row["claim_month"], row["delivery_month"]
        return 12 * (later.year - first.year) + later.month - first.month

    for cell in cells.sample(20, seed=3).iter_rows(named=True):
        same = [row for row in rows if age(row) == age(cell)]
        rate = sum(row["failures"] for row in same) / sum(row["units_at_risk"] for row in same)
        assert cell["expected"] == pytest.approx(rate * cell["n"], rel=1e-9)
        if cell["expected"] < 1:
            assert cell["residual"] is None
        else:
            gap = (cell["events"] - cell["expected"]) / math.sqrt(cell["expected"])
            assert cell["residual"] == pytest.approx(gap)


def test_the_chart_counts_claims_where_every_cause_is_meant(open_page: Open) -> None:
    assert "Counted are failures" in captions(open_page("failures", show="residual"))
