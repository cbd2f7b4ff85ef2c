"""The SQL that a card shows gives the figure of the card."""

from __future__ import annotations

from collections.abc import Callable

import polars as pl
import pytest
from streamlit.testing.v1 import AppTest

from pipelines.home import Home
from pipelines.queries.formats import TOO_FEW, by_format, percent
from pipelines.queries.snapshot import open_snapshot

Open = Callable[..., AppTest]
FORMATS = ("percent", "eur", "integer", "days", "per_1000")


@pytest.mark.parametrize("page", ["overview", "money", "remedies", "failures", "products"])
@pytest.mark.parametrize("family", [None, "chainsaw"])
def test_the_sql_of_a_card_gives_its_figure(
    open_page: Open, small_home: Home, page: str, family: str | None
) -> None:
    asked = {"family": family} if family else {}
    if page == "products":
        asked["sku"] = "CH1"
    if page in ("overview", "money", "remedies"):
        asked["from"] = "2025-02-01"
    app = open_page(page, **asked)
    every = [each.value for each in app.code if each.value.startswith("select")]
    # Those of a table have an order; a card is one number.
    statements = [sql for sql in every if "order by" not in sql]
    shown = [each.value for each in app.metric]
    assert len(statements) == len(shown) > 2
    snapshot = open_snapshot(small_home)
    for sql, figure in zip(statements, shown, strict=True):
        value = snapshot.rows(sql)["value"].item()
        if figure == TOO_FEW["en"]:
            continue
        known = None if value is None else float(value)
        texts = {by_format(known, form, "en") for form in FORMATS} | {percent(known, "en")}
        assert figure in texts, sql
    snapshot.close()


@pytest.mark.parametrize("asked", [{}, {"family": "chainsaw"}])
def test_the_sql_behind_a_chart_gives_its_table(
    open_page: Open, small_home: Home, asked: dict[str, str]
) -> None:
    app = open_page("overview", **asked)
    [months] = [each.value for each in app.code if "date_trunc" in each.value]
    [curve] = [each.value for each in app.code if "order by age_month" in each.value]
    snapshot = open_snapshot(small_home)
    found = snapshot.rows(months).filter(pl.col("events") > 0)
    table = next(each.value for each in app.dataframe if "month" in each.value.columns)
    shown = table.drop(columns="month").sum().sum()
    assert found["events"].sum() == shown > 0
    assert found["month"].n_unique() == len(table)
    rates = next(each.value for each in app.dataframe if "age_month" in each.value.columns)
    assert rates["cumulative"].to_list() == snapshot.rows(curve)["value"].to_list()
    snapshot.close()
