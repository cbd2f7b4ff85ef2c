"""Every mark of a chart and every card leads to exactly the rows that it counts."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any
from urllib.parse import parse_qsl

import polars as pl
import pytest
from streamlit.testing.v1 import AppTest

from dashboards import drill
from pipelines.home import Home
from pipelines.queries.behind import rows_behind
from pipelines.queries.scopes import Scope
from pipelines.queries.snapshot import Snapshot, open_snapshot

Open = Callable[..., AppTest]
DAYS = ("from", "until", "due", "delivered")


def counted(snapshot: Snapshot, query: str) -> int:
    """How many rows an address asks for, read without the page."""
    asked: dict[str, Any] = dict(parse_qsl(query))
    for key in DAYS:
        if key in asked:
            asked[key] = date.fromisoformat(asked[key])
    name, _ = asked.pop("behind"), asked.pop("lang")
    scope = Scope(**{part: asked.pop(key) for key, part in drill.SCOPE.items() if key in asked})
    return rows_behind(snapshot, name, scope, tuple(asked.items())).total


@pytest.fixture
def ways(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, pl.DataFrame]]:
    """What pages make links of, with the column that says how many rows stand behind each."""
    found: list[tuple[str, pl.DataFrame]] = []
    made = drill.with_ways

    def noted(frame: pl.DataFrame, count: str, *rest: Any, **groups: str) -> pl.DataFrame:
        linked = made(frame, count, *rest, **groups)
        found.append((count, linked))
        return linked

    monkeypatch.setattr(drill, "with_ways", noted)
    return found


@pytest.mark.parametrize(
    ("page", "asked", "charts"),
    [
        ("decisions", {}, 2),
        ("overview", {"from": "2025-02-10", "until": "2026-08-20"}, 2),
        ("overview", {"family": "chainsaw"}, 2),
        ("misuse", {}, 2),
        ("misuse", {"by": "sku", "family": "self_propelled_mower"}, 2),
        ("audit", {}, 1),
        ("audit", {"against": "legal_outcome", "from": "2026-01-01"}, 1),
        ("worklist", {}, 1),
    ],
)
def test_each_mark_opens_the_rows_that_it_counts(
    open_page: Open,
    demo_home: Home,
    ways: list[tuple[str, pl.DataFrame]],
    page: str,
    asked: dict[str, str],
    charts: int,
) -> None:
    app = open_page(page, demo_home, **asked)
    assert not app.exception
    assert not app.error
    assert len(ways) >= charts
    snapshot = open_snapshot(demo_home)
    for count, frame in ways:
        linked = frame.filter(pl.col("href").is_not_null())
        assert linked.height
        # Evenly over the frame: a chart of 200 marks is not read 200 times.
        for row in linked.gather_every(max(1, linked.height // 12)).iter_rows(named=True):
            page_name, _, query = row["href"].partition("?")
            assert page_name == "claims"
            assert counted(snapshot, query) == row[count], row
    snapshot.close()


@pytest.mark.parametrize("page", ["overview", "money", "remedies", "audit", "misuse", "centres"])
def test_each_card_leads_to_rows_that_the_page_lists(open_page: Open, demo_home: Home, page: str) -> None:
    app = open_page(page, demo_home)
    asked = [each.proto.query_string for each in app.get("page_link") if "behind=" in each.proto.query_string]
    assert len(asked) >= 3
    snapshot = open_snapshot(demo_home)
    for query in asked:
        assert counted(snapshot, query) > 0, query
    snapshot.close()
    listed = open_page("claims", demo_home, **dict(parse_qsl(asked[0])))
    assert not listed.error
    assert listed.dataframe


def test_a_link_of_a_figure_is_not_narrowed_by_a_filter_of_before(open_page: Open, small_home: Home) -> None:
    snapshot = open_snapshot(small_home)
    every = rows_behind(snapshot).total
    snapshot.close()
    app = open_page("claims", small_home, cause="misuse")
    app.query_params.clear()
    app.switch_page("app_pages/overview.py").run()
    app.query_params["behind"] = "fct_claims.claims"
    app.switch_page("app_pages/claims.py").run()
    assert f"{every:,} claims." in " ".join(each.value for each in app.caption)
