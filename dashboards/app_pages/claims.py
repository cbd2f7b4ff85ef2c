"""Claim explorer: the rows behind any figure, and one claim's life. The URL holds all of it."""

from datetime import date
from pathlib import Path

import streamlit as st

from dashboards import claim_view, listed
from dashboards.data import ask
from dashboards.figures import header
from dashboards.filters import choice
from dashboards.filters import scope as scope_filter
from dashboards.guard import end_page
from dashboards.navigation import way_back
from dashboards.texts import inert, language, t
from dashboards.url_state import OneOf, bound, forget, named, only_named
from pipelines.queries.behind import (
    CLAIMS,
    FIRST,
    GROUPS,
    LIST_LIMIT,
    NONE,
    group_codes,
    names_behind,
    rows_behind,
)
from pipelines.queries.claims import codes_of
from pipelines.queries.formats import day, number
from pipelines.queries.measures import measure
from pipelines.queries.words import code_label

PAGES = {path.stem for path in Path(__file__).parent.glob("*.py")}
DAYS = ("delivered", "due")
# Groups whose values are read as they are.
PLAIN = ("fault", "violation", "lot", "by_month")


def in_words(group: str, value: str | date) -> str:
    """A group's value as people read it."""
    if value == NONE:
        return t("group_none")
    if isinstance(value, date):
        return day(value, lang)
    return inert(value if group in PLAIN else code_label(value, lang))


if "behind" in st.query_params:
    only_named()
header(t("page_claims"), t("claims_subtitle"))
lang = language()
name = named("behind", OneOf(ask(names_behind))) or CLAIMS
scope = scope_filter(("family", "sku", "supplier", "lot", "centre", "period"))
with st.sidebar:
    cause = choice("cause", t("axis_cause"), [*ask(codes_of, "cause"), NONE], t("all_causes"))
    outcome = choice(
        "outcome", t("axis_outcome"), [*ask(codes_of, "actual_outcome"), NONE], t("all_outcomes")
    )
    text = st.text_input(
        t("search"), placeholder=t("search_hint"), icon=":material/search:", **bound("q", str)
    )
groups: dict[str, str | date] = {}
for group in GROUPS:
    code = {"cause": cause, "outcome": outcome}.get(group)
    if group in st.query_params and group not in ("cause", "outcome"):
        code = named(group, OneOf(ask(group_codes, group)))
    if code is not None:
        groups[group] = date.fromisoformat(code) if group in DAYS and code != NONE else code

opened = st.query_params.get("claim")
if opened:
    way_back(PAGES)
    claim_view.show(opened)
    end_page()

label = t("first_failures") if name == FIRST else ask(measure, *name.split(".")).label(lang)
found = ask(rows_behind, name, scope, tuple(groups.items()), text or "")
hidden = {group: value for group, value in groups.items() if group not in ("cause", "outcome")}
if scope.lot_code is not None:
    hidden["lot"] = scope.lot_code
if name != CLAIMS or hidden:
    with st.container(horizontal=True, vertical_alignment="center"):
        told = [f"**{label}**"] if name != CLAIMS else []
        for group, value in hidden.items():
            kind = t(f"group_{group}")
            told.append(f"{kind}: {in_words(group, value)}")
        st.markdown(t("behind_only", what=" · ".join(told)))
        st.button(
            t("behind_all"),
            icon=":material/filter_alt_off:",
            on_click=forget,
            args=(["behind", "lot", *hidden],),
            type="tertiary",
        )
if found.frame.is_empty():
    st.info(t("no_claims"))
    end_page()
shown = {"shown": number(found.frame.height, lang), "total": number(found.total, lang)}
counted = t(f"rows_{found.mart}_one" if found.total == 1 else f"rows_{found.mart}", **shown)
limited = " " + t("rows_limited", **shown) if found.total > LIST_LIMIT else ""
st.caption(f"{counted}{limited} {t('worklist_pick')}")
listed.rows(found.mart, found.frame, t("page_claims"), "claims" if found.mart == "fct_claims" else found.mart)
