"""The SQL that a card shows gives the figure of the card."""

from __future__ import annotations

from collections.abc import Callable

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
    statements = [each.value for each in app.code if each.value.startswith("select")]
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
