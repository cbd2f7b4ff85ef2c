"""Keeps the view in the URL: codes and ISO dates, never labels, so that a link opens in any language.

Streamlit's own `bind="query-params"` writes the labels that a select box shows; those change with the
language. Here the URL is the one truth: a changed widget writes it before the rerun, and every run sets the
widgets from it. Only a switch of pages, which empties the URL, brings back what was chosen before.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import streamlit as st


def page_opened(name: str) -> None:
    """Note which page runs: called once per run, before any filter is drawn."""
    st.session_state["page_changed"] = st.session_state.get("page") != name
    st.session_state["page"] = name


def bound(
    key: str, read: Callable[[str], Any], default: Any = None, *, is_sticky: bool = False
) -> dict[str, Any]:
    """The `key` and `on_change` of a widget that the URL holds.

    `read` turns the URL's text into the widget's value and returns None for what it does not know; such a
    parameter is dropped and the default stands. A sticky one also survives where the URL of the same page is
    silent.
    """
    text = st.query_params.get(key)
    if text is None and (is_sticky or st.session_state.get("page_changed")):
        text = st.session_state.get(f"held:{key}")
    value = None if text is None else read(text)
    if value is None or value == default:
        st.query_params.pop(key, None)
        text, value = None, default
    elif text is not None and st.query_params.get(key) != text:
        st.query_params[key] = text
    st.session_state[f"held:{key}"] = text
    st.session_state[key] = value
    return {"key": key, "on_change": _changed, "args": (key, default)}


def one_of(options: Any) -> Callable[[str], str | None]:
    """A reader for a menu of codes."""
    known = set(options)
    return lambda text: text if text in known else None


def _changed(key: str, default: Any) -> None:
    value = st.session_state[key]
    if value is None or value in ("", default) or value == []:
        st.query_params.pop(key, None)
        st.session_state[f"held:{key}"] = None
        return
    if isinstance(value, list):
        text = "|".join(value)
    else:
        text = value.isoformat() if hasattr(value, "isoformat") else str(value)
    st.query_params[key] = text
    st.session_state[f"held:{key}"] = text
