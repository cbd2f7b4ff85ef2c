"""A link shows what it says or nothing: unknown values, the way back, the address to send."""

from __future__ import annotations

import re
from collections.abc import Callable
from urllib.parse import parse_qs, urlparse

import pytest
from streamlit.testing.v1 import AppTest

from pipelines.home import Home
from pipelines.queries.snapshot import open_snapshot

Open = Callable[..., AppTest]

# One value that no page can know for each parameter, by page.
UNKNOWN = [
    *(("overview", {"family": "chain_saw"}), ("overview", {"sku": "NOPE"}), ("overview", {"at": "7"})),
    *(("weekly", {"week": "2026-W60"}), ("weekly", {"week": "next"}), ("weekly", {"family": "' or 1=1"})),
    *(("worklist", {"centre": "SC9"}), ("claims", {"cause": "missuse"})),
    *(("claims", {"outcome": "refused_misuse"}), ("claims", {"from": "yesterday"})),
    *(("claims", {"until": "2999-01-01"}), ("claims", {"from": "2026-05-01", "until": "2026-04-01"})),
    *(("failures", {"with": "chainsaw|nothing"}), ("failures", {"skus": "NOPE"})),
    *(("failures", {"convention": "both"}), ("failures", {"show": "all"}), ("failures", {"cause": "x"})),
    *(("forecast", {"ahead": "2"}), ("forecast", {"show": "nothing"}), ("money", {"of": "profit"})),
    *(("money", {"by": "moon"}), ("remedies", {"in": "dollars"}), ("overview", {"lang": "xx"})),
]


def said(app: AppTest) -> str:
    return "\n".join(each.value for each in app.markdown).replace("\\", "")


@pytest.mark.parametrize(("page", "asked"), UNKNOWN, ids=str)
def test_an_unknown_value_is_said_and_widens_nothing(
    open_page: Open, page: str, asked: dict[str, str]
) -> None:
    app = open_page(page, **asked)
    assert not app.exception
    assert not app.error
    for key, text in asked.items():
        assert f"{key} = {text}" in said(app)
        assert app.query_params[key] in (text, [text]), "the link still says what it said"
    # A display that is not known leaves what stands before it; a filter leaves nothing at all.
    if set(asked) & {"family", "sku", "centre", "from", "until", "cause", "outcome", "week"}:
        assert not app.metric
        assert not app.dataframe


def test_the_nearest_known_value_is_offered_and_one_click_goes_on_without(open_page: Open) -> None:
    app = open_page("claims", cause="missuse", family="chainsaw")
    assert "Close to it: misuse." in said(app)
    app.button(key="unknown_go_on").click().run()
    assert set(app.query_params) == {"family"}
    assert app.dataframe[0].value.shape[0] > 0


def test_an_unknown_value_is_said_in_french(open_page: Open) -> None:
    app = open_page("claims", lang="fr", family="<b>")
    assert "n'est pas connu ici" in said(app)
    assert "family = <b>" in said(app)


def test_a_product_of_another_family_is_no_product_of_this_one(open_page: Open) -> None:
    app = open_page("overview", family="chainsaw", sku="PR1")
    assert "sku = PR1" in said(app)
    assert not app.metric


def test_a_product_that_was_never_sold_is_known_and_empty(open_page: Open) -> None:
    app = open_page("overview", sku="LO1")
    assert not app.error
    assert app.metric[0].value == "0"


def test_a_week_before_the_menus_first_is_shown(open_page: Open) -> None:
    app = open_page("weekly", week="2023-W10")
    assert not app.error
    assert app.selectbox(key="week").value == "2023-W10"


def test_another_family_chosen_forgets_the_product(open_page: Open) -> None:
    app = open_page("overview", family="chainsaw", sku="CH1")
    app.selectbox(key="family").set_value("lawn_mower").run()
    assert list(app.query_params) == ["family"]
    assert app.metric


def test_a_claim_leads_back_to_where_one_came_from(open_page: Open, small_home: Home) -> None:
    source = open_snapshot(small_home)
    ticket = source.rows("select min(ticket_id) from marts.fct_claims where is_open and is_claim").item()
    source.close()
    app = open_page("claims", claim=ticket, back="worklist", lang="fr")
    back = next(each for each in app.button if each.label.startswith("Retour"))
    assert back.label == "Retour à À traiter"
    back.click().run()
    assert app.title[0].value == "À traiter"
    assert list(app.query_params) == ["lang"]


@pytest.mark.parametrize("back", ["", "nowhere", "claims", "../secrets"])
def test_without_a_page_to_go_back_to_a_claim_leads_to_the_list(
    open_page: Open, small_home: Home, back: str
) -> None:
    app = open_page("claims", claim="T00001", **({"back": back} if back else {}))
    next(each for each in app.button if each.label == "Back to the list").click().run()
    assert not set(app.query_params) & {"claim", "back"}
    assert app.dataframe[0].value.shape[0] > 1


def test_a_page_that_ends_early_has_its_address_too(open_page: Open) -> None:
    app = open_page("claims", claim="T00001")
    assert parse_qs(urlparse(app.code[0].value).query) == {"claim": ["T00001"]}


def test_the_address_to_send_holds_the_view(open_page: Open) -> None:
    app = open_page("claims", family="chainsaw", cause="misuse", lang="fr")
    address = app.code[0].value
    assert parse_qs(urlparse(address).query) == {"family": ["chainsaw"], "cause": ["misuse"], "lang": ["fr"]}
    assert not re.search(r"\s", address)
