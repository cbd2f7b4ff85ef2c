"""What needs a decision: a few sentences with their numbers, each leading to the view that proves it."""

from __future__ import annotations

from datetime import date
from typing import Any

import streamlit as st

from dashboards import overview_charts
from dashboards.data import ask
from dashboards.figures import header
from dashboards.signal_view import named
from dashboards.texts import inert, language, t
from pipelines.queries.claims import fault_labels
from pipelines.queries.decisions import Decision, decisions
from pipelines.queries.formats import day, euros, number, percent
from pipelines.queries.scopes import EVERYTHING
from pipelines.queries.words import code_label

ICONS = {"health": "sensors_off", "worklist": "alarm", "products": "trending_up", "misuse": "report"}
ICONS |= {"emerging": "notification_important", "audit": "fact_check", "forecast": "savings"}
SHARES = ("rate", "low", "high", "family_rate", "cost_over_margin")


def written(name: str, value: Any) -> str:
    """A number of a sentence as people read it; names from outside stay letter by letter."""
    lang = language()
    if isinstance(value, date):
        return day(value, lang)
    if name in SHARES:
        return percent(value, lang)
    if name == "amount" or name.endswith("_eur") or "_cost_" in name:
        return euros(value, lang)
    if name == "family_code":
        return inert(code_label(value, lang))
    if name == "feed":
        return t(f"feed_{value}")
    if isinstance(value, (int, float)):
        return number(value, lang, 1 if name == "expected" else 0)
    return inert(value) if value else ""


def told(each: Decision) -> None:
    """One sentence, and the way to its proof."""
    with st.container(border=True):
        values = {name: written(name, value) for name, value in each.values.items() if name != "signal"}
        if "signal" in each.values:
            values["node"] = inert(named(each.values["signal"], ask(fault_labels, language())))
        colour = ":red" if each.is_urgent else ":primary"
        st.markdown(f"{colour}[:material/{ICONS[each.page]}:] {t(each.key, **values)}")
        st.page_link(
            f"app_pages/{each.page}.py",
            label=t("decide_open", page=t(f"page_{each.page}")),
            icon=":material/arrow_forward:",
            query_params={"lang": language(), **each.parameters},
        )


header(t("page_decisions"), t("decisions_subtitle"))
found = ask(decisions)
if not found:
    st.success(t("decide_nothing"), icon=":material/check:")
for each in found:
    told(each)
overview_charts.months(EVERYTHING)
overview_charts.rates(EVERYTHING)
