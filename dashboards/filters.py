"""The filters in the sidebar, each bound to the URL, so that a link reproduces the whole view."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

import streamlit as st

from dashboards.data import ask
from dashboards.texts import language, t
from dashboards.url_state import bound, one_of
from pipelines.queries.build_facts import build_facts, families, products, service_centers
from pipelines.queries.scopes import Scope
from pipelines.queries.words import code_label

# Longer lists make the browser's menu slow; the text search of the explorer finds the rest.
MENU_LIMIT = 2000
ORIGIN = date(2000, 1, 1)


def scope(parts: Sequence[str]) -> Scope:
    """Draw the asked filters (family, sku, centre, period) and return what they say."""
    with st.sidebar:
        st.subheader(t("filters"))
        family = _family() if "family" in parts else None
        sku = _sku(family) if "sku" in parts else None
        centre = _centre() if "centre" in parts else None
        from_on, until_on = _period() if "period" in parts else (None, None)
    return Scope(family, sku, centre, from_on, until_on)


def choice(key: str, label: str, codes: Sequence[str], placeholder: str) -> str | None:
    """A filter on a coded column, drawn where it is called."""
    # Labels are made here: Streamlit also formats on threads that know no session, hence no language.
    labels = {code: code_label(code, language()) for code in codes}
    return st.selectbox(
        label,
        codes,
        index=None,
        placeholder=placeholder,
        format_func=lambda code: labels.get(code, code),
        **bound(key, one_of(codes)),
    )


def _family() -> str | None:
    return choice("family", t("family"), ask(families), t("all_families"))


def _sku(family: str | None) -> str | None:
    found = ask(products, Scope(family_code=family)).head(MENU_LIMIT)
    names = dict(found.select("sku", "product_name").iter_rows())
    return st.selectbox(
        t("sku"),
        list(names),
        index=None,
        placeholder=t("all_skus"),
        **bound("sku", one_of(names)),
        format_func=lambda sku: f"{sku} · {names[sku]}" if names.get(sku) else sku,
    )


def _centre() -> str | None:
    names = dict(ask(service_centers).iter_rows())
    return st.selectbox(
        t("centre"),
        list(names),
        index=None,
        **bound("centre", one_of(names)),
        placeholder=t("all_centres"),
        format_func=lambda centre: names.get(centre) or centre,
    )


def _period() -> tuple[date | None, date | None]:
    as_of = ask(build_facts).as_of
    left, right = st.columns(2)
    shown: dict[str, Any] = {"value": None, "format": "DD/MM/YYYY", "min_value": ORIGIN, "max_value": as_of}

    def read(text: str) -> date | None:
        try:
            day = date.fromisoformat(text)
        except ValueError:
            return None
        return day if ORIGIN <= day <= as_of else None

    from_on = left.date_input(t("from"), **shown, **bound("from", read))
    until_on = right.date_input(t("until"), **shown, **bound("until", read))
    return from_on, until_on
