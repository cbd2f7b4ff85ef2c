"""Ways from a figure to the rows behind it: the claims page with measure, scope and group in its address.

Belongs here: writing such addresses for cards, marks of charts and rows of tables. Does not belong here:
which rows stand behind a measure (`pipelines/queries/behind.py`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta
from typing import Any
from urllib.parse import urlencode

import polars as pl
import streamlit as st

from dashboards.data import ask
from dashboards.texts import language, t
from pipelines.queries.behind import FIRST, NONE, is_behind
from pipelines.queries.build_facts import build_facts
from pipelines.queries.formats import number
from pipelines.queries.measures import Value
from pipelines.queries.scopes import Scope

PAGE = "claims"
# Parts of a scope by their name in the address.
SCOPE = {
    "family": "family_code",
    "sku": "sku",
    "supplier": "supplier_id",
    "lot": "lot_code",
    "centre": "service_center_id",
    "from": "from_on",
    "until": "until_on",
}


def parameters(name: str, scope: Scope, groups: Mapping[str, Any] | None = None) -> dict[str, str]:
    """The address's parameters for the rows behind `mart.measure`, in a scope narrowed by groups.

    A group is a part of the scope, `month` (its first day: the rows of that month), or a column of claims.
    """
    told: dict[str, str] = {}
    for key, value in (groups or {}).items():
        if key == "month":
            scope = in_period(scope, value, _month_end(value))
        elif key in SCOPE:
            scope = replace(scope, **{SCOPE[key]: value})
        else:
            told[key] = NONE if value is None else str(value)
    parts = {key: getattr(scope, part) for key, part in SCOPE.items()}
    return {"behind": name, **{key: str(value) for key, value in parts.items() if value is not None}, **told}


def in_period(scope: Scope, first: date, last: date) -> Scope:
    """The scope within these days, and within its own; no day after the as-of date, which no page knows."""
    as_of = ask(build_facts).as_of
    starts = [first, *([scope.from_on] if scope.from_on else [])]
    ends = [last, as_of, *([scope.until_on] if scope.until_on else [])]
    return replace(scope, from_on=max(starts), until_on=max(min(ends), max(starts)))


def _month_end(first: date) -> date:
    return (first.replace(day=1) + timedelta(days=32)).replace(day=1) - timedelta(days=1)


def address(page: str, asked: Mapping[str, str]) -> str:
    """The address of a view, relative to the page that shows it: what a mark of a chart links to."""
    return f"{page}?{urlencode({'lang': language(), **asked})}"


def with_ways(frame: pl.DataFrame, count: str, name: str, scope: Scope, **groups: str) -> pl.DataFrame:
    """The frame with `href`: for each row the address of the rows that its column `count` counts; none for 0.

    `groups`: parameter of the address to the column that holds its value.
    """
    ways = [
        address(PAGE, parameters(name, scope, {key: row[column] for key, column in groups.items()}))
        if row[count]
        else None
        for row in frame.iter_rows(named=True)
    ]
    return frame.with_columns(href=pl.Series(ways, dtype=pl.String))


def failures_link(rate: Mapping[str, Any]) -> None:
    """Below a failure rate: the way to the failures in it. Only defects are known one by one."""
    if rate["cause"] != "defect" or rate["cohort"] is not None or not rate["events"]:
        return
    part = {"sku": "sku", "family": "family_code", "supplier": "supplier_id"}.get(rate["scope_type"])
    scope = Scope(**{part: rate["scope_id"]}) if part else Scope()
    _link(parameters(FIRST, scope, {"by_month": rate["age_month"]}), rate["events"])


def rows_link(value: Value, scope: Scope, groups: Mapping[str, Any] | None = None) -> None:
    """Below a card: the way to the rows that its measure rests on."""
    is_mean = value.measure.kind == "mean"
    if not is_behind(value.measure) or not (value.n if is_mean else value.events):
        return
    asked = parameters(f"{value.measure.mart}.{value.measure.name}", scope, groups)
    _link(asked, value.n or value.events)


def _link(asked: dict[str, str], n: float) -> None:
    st.page_link(
        f"app_pages/{PAGE}.py",
        label=t("rows_behind"),
        icon=":material/table_rows:",
        query_params={"lang": language(), **asked},
        help=t("rows_behind_help", n=number(n, language())),
    )
