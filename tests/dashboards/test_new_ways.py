"""The first page, products, health and search: each leads to what it names."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest
from streamlit.testing.v1 import AppTest

from pipelines.home import Home
from pipelines.queries.formats import day
from pipelines.queries.snapshot import open_snapshot

Open = Callable[..., AppTest]


@pytest.mark.parametrize("language", ["en", "fr"])
@pytest.mark.parametrize(
    ("page", "asked"),
    [
        *(("decisions", {}), ("health", {}), ("products", {}), ("products", {"sku": "CH1"})),
        *(("products", {"rank": "supplier_id"}), ("products", {"rank": "lot_code"})),
        *(("products", {"sku": "LO1"}), ("search", {"find": "CH"}), ("search", {"find": "<b>"})),
    ],
    ids=str,
)
def test_the_page_stands(open_page: Open, page: str, asked: dict[str, str], language: str) -> None:
    app = open_page(page, lang=language, **asked)
    assert not app.exception
    assert not app.error
    assert len(app.title) == 1


def test_what_is_typed_above_any_page_opens(open_page: Open) -> None:
    app = open_page("overview")
    app.text_input(key="search_box").set_value("t00003").run()
    assert app.title[0].value == "Claims"
    assert app.query_params["claim"] in ("T00003", ["T00003"])


def test_an_exact_product_opens_its_page(open_page: Open) -> None:
    app = open_page("search", find="ch1")
    assert app.title[0].value == "Products"
    assert any("CH1" in each.value for each in app.subheader)


def test_a_claim_says_what_is_due_its_prices_and_its_relatives(open_page: Open, small_home: Home) -> None:
    source = open_snapshot(small_home)
    ticket, due = source.rows(
        "select ticket_id, remedy_due_on from marts.fct_claims join marts.fct_remedy_costs using (ticket_id) "
        "where is_open and is_claim and is_priced order by ticket_id limit 1"
    ).row(0)
    lot = source.rows(
        "select count(*) from marts.fct_claims as other join marts.fct_claims as this "
        "using (lot_code, sku) where this.ticket_id = ? and other.ticket_id <> ? and other.is_claim",
        [ticket, ticket],
    ).item()
    source.close()
    app = open_page("claims", claim=ticket)
    assert not app.error
    assert any(day(due, "en") in each.value for each in app.warning)
    assert "Both remedies priced" in [each.value for each in app.subheader]
    tables = [table.value for table in app.dataframe]
    related = next(table for table in tables if "relation" in table.columns)
    assert len(related) == min(50, lot) > 0


def test_a_view_is_saved_under_a_name_opened_and_forgotten(
    open_page: Open, small_home_builder: ModuleType, tmp_path: Path
) -> None:
    small_home_builder.make(tmp_path, lines=60)
    home = Home.at(tmp_path)
    app = open_page("overview", home, family="chainsaw")
    app.text_input(key="saved_name").set_value("**My** saws").run()
    app.button(key="saved_save").click().run()
    [link] = [each.proto for each in app.get("page_link") if "saws" in each.proto.label]
    assert link.label == r"\*\*My\*\* saws"
    assert "family=chainsaw" in link.query_string
    again = open_page("claims", home)
    again.button(key="saved_forget_0").click().run()
    assert not [each for each in again.get("page_link") if "saws" in each.proto.label]
