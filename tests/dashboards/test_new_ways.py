"""The first page, products, health and search: each leads to what it names."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from streamlit.testing.v1 import AppTest

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
