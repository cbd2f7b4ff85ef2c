"""The filters in the sidebar, each bound to the URL, so that a link reproduces the whole view."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from typing import Any

import streamlit as st

from dashboards.data import ask
from dashboards.texts import language, t
from dashboards.url_state import OneOf, SomeOf, Unknown, UnknownValueError, bound, named
from pipelines.queries.build_facts import build_facts, families, lots, products, service_centers, suppliers
from pipelines.queries.scopes import Scope
from pipelines.queries.words import code_label

# Longer lists make the browser's menu slow; the text search of the explorer finds the rest.
MENU_LIMIT = 2000
ORIGIN = date(2000, 1, 1)
MOST_COMPARED = 4


def scope(parts: Sequence[str]) -> Scope:
    """Draw the asked filters (family, sku, supplier, centre, period) and return what they say.

    Lots are too many for a menu: `lot` stands in the address alone.

    Every filter is drawn, then what the URL asks and nothing knows is raised.
    """
    refused: list[Unknown] = []

    def drawn(part: str, draw: Callable[[], Any], nothing: Any = None) -> Any:
        if part not in parts:
            return nothing
        try:
            return draw()
        except UnknownValueError as error:
            refused.extend(error.refused)
            return nothing

    with st.sidebar:
        st.subheader(t("filters"))
        family = drawn("family", _family)
        sku = drawn("sku", lambda: _sku(family))
        supplier = drawn("supplier", _supplier)
        lot = drawn("lot", lambda: named("lot", OneOf(ask(lots))))
        center = drawn("centre", _center)
        from_on, until_on = drawn("period", _period, (None, None))
    if refused:
        raise UnknownValueError(refused)
    return Scope(family, sku, center, from_on, until_on, supplier, lot)


def choice(key: str, label: str, codes: Sequence[str], placeholder: str, **binding: Any) -> str | None:
    """A filter on a coded column, drawn where it is called."""
    # Labels are made here: Streamlit also formats on threads that know no session, hence no language.
    labels = {code: code_label(code, language()) for code in codes}
    return st.selectbox(
        label,
        codes,
        index=None,
        placeholder=placeholder,
        format_func=lambda code: labels.get(code, code),
        **bound(key, OneOf(codes), **binding),
    )


def several(key: str, label: str, names: dict[str, str]) -> list[str]:
    """A choice of at most MOST_COMPARED codes, by name, to be set beside what the filters say."""
    return st.multiselect(
        label,
        list(names),
        max_selections=MOST_COMPARED,
        format_func=names.__getitem__,
        **bound(key, SomeOf(names, MOST_COMPARED), []),
    )


def product_names(family: str | None = None) -> dict[str, str]:
    """Every product ever listed or sold (of a family): sku to what the menus write, most sold first."""
    found = ask(products, Scope(family_code=family)).select("sku", "product_name").drop_nulls("sku")
    return {sku: f"{sku} · {name}" if name else sku for sku, name in found.iter_rows()}


def _family() -> str | None:
    known = [code for code in ask(families) if code is not None]
    return choice("family", t("family"), known, t("all_families"), resets=("sku",))


def _sku(family: str | None) -> str | None:
    names = product_names(family)
    binding = bound("sku", OneOf(names))
    # A link may name one that the menu is too short for.
    menu = list(names)[:MENU_LIMIT]
    chosen = st.session_state["sku"]
    if chosen is not None and chosen not in menu:
        menu.append(chosen)
    return st.selectbox(
        t("sku"),
        menu,
        index=None,
        placeholder=t("all_skus"),
        format_func=lambda sku: names.get(sku, sku),
        **binding,
    )


def _supplier() -> str | None:
    known = ask(suppliers)
    return st.selectbox(
        t("supplier"),
        known,
        index=None,
        placeholder=t("all_suppliers"),
        **bound("supplier", OneOf(known)),
    )


def _center() -> str | None:
    names = dict(ask(service_centers).iter_rows())
    return st.selectbox(
        t("centre"),
        list(names),
        index=None,
        **bound("centre", OneOf(names)),
        placeholder=t("all_centres"),
        format_func=lambda center: names.get(center) or center,
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

    refused: list[Unknown] = []
    ends: list[date | None] = []
    for column, key in ((left, "from"), (right, "until")):
        try:
            binding = bound(key, read)
        except UnknownValueError as error:
            refused.extend(error.refused)
            binding = {"key": key}
        ends.append(column.date_input(t(key), **shown, **binding))
    from_on, until_on = ends
    if from_on and until_on and from_on > until_on:
        refused += [Unknown("from", from_on.isoformat()), Unknown("until", until_on.isoformat())]
    if refused:
        raise UnknownValueError(refused)
    return from_on, until_on
