"""Keeps the view in the URL: codes and ISO dates, never labels, so that a link opens in any language.

Streamlit's own `bind="query-params"` writes the labels that a select box shows; those change with the
language. Here the URL is the one truth: a changed widget writes it before the rerun, and every run sets the
widgets from it. Only a switch of pages, which empties the URL, brings back what was chosen before.

A value that the page does not know is never dropped: the view would be wider than the link says. It is
raised, the page stays empty, and the sentence above it offers to go on without it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any
from urllib.parse import urlencode

import streamlit as st

# Beyond this many characters a value from the URL is cut where it is shown.
SHOWN_CHARACTERS = 80


@dataclass(frozen=True)
class Unknown:
    """One parameter of the URL that the page cannot honour, and the known values nearest to it."""

    key: str
    text: str
    nearest: tuple[str, ...] = ()

    @property
    def shown(self) -> str:
        """The value as it may stand in a sentence."""
        return self.text if len(self.text) <= SHOWN_CHARACTERS else self.text[:SHOWN_CHARACTERS] + "…"


class UnknownValueError(Exception):
    """The URL asks for something that is not there: said above the page, and nothing is shown."""

    def __init__(self, refused: Sequence[Unknown]) -> None:
        super().__init__(", ".join(f"{each.key}={each.text!r}" for each in refused))
        self.refused = tuple(refused)


class OneOf:
    """Reads a menu's code: the code itself where the menu has it, else None."""

    def __init__(self, options: Iterable[Any]) -> None:
        self.known = {str(each): each for each in options if each is not None}

    def __call__(self, text: str) -> Any:
        return self.known.get(text)


class SomeOf:
    """Reads codes joined by a bar, at most so many; None where one of them is unknown."""

    def __init__(self, options: Iterable[str], most: int) -> None:
        self.known = {each: each for each in options if each is not None}
        self.most = most

    def __call__(self, text: str) -> list[str] | None:
        codes = list(dict.fromkeys(text.split("|")))
        return codes if len(codes) <= self.most and all(code in self.known for code in codes) else None


def page_opened(name: str) -> None:
    """Note which page runs: called once per run, before any filter is drawn."""
    st.session_state["page_changed"] = st.session_state.get("page") != name
    st.session_state["page"] = name


def bound(
    key: str,
    read: Callable[[str], Any],
    default: Any = None,
    *,
    is_sticky: bool = False,
    resets: Sequence[str] = (),
) -> dict[str, Any]:
    """The `key` and `on_change` of a widget that the URL holds.

    `read` turns the URL's text into the widget's value and returns None for what it does not know, which is
    raised as UnknownValueError. A sticky one also survives where the URL of the same page is silent. What the
    reader chooses here forgets the parameters that it `resets`: a product of another family.
    """
    text = st.query_params.get(key) or None
    if text is None and (is_sticky or st.session_state.get("page_changed")):
        # What was chosen on another page holds here only if this page knows it.
        text = st.session_state.get(f"held:{key}")
        if text is not None and read(text) is None:
            text = None
    value = None if text is None else read(text)
    if text is not None and value is None:
        st.session_state[key] = default
        nearest = get_close_matches(text, getattr(read, "known", ()), n=3, cutoff=0.6)
        raise UnknownValueError([Unknown(key, text, tuple(nearest))])
    if value is None or value == default:
        st.query_params.pop(key, None)
        text, value = None, default
    elif st.query_params.get(key) != text:
        st.query_params[key] = str(text)
    st.session_state[f"held:{key}"] = text
    st.session_state[key] = value
    return {"key": key, "on_change": _changed, "args": (key, default, resets)}


def only_named() -> None:
    """What the address does not name does not hold here: the view is exactly the link's."""
    if not st.session_state.get("page_changed"):
        return
    for held in [str(key) for key in st.session_state if str(key).startswith("held:")]:
        if held != "held:lang" and held.removeprefix("held:") not in st.query_params:
            st.session_state[held] = None


def named(key: str, read: Callable[[str], Any]) -> Any:
    """A parameter of the address that no widget shows; None where it is silent, raised where unknown."""
    text = st.query_params.get(key) or None
    value = None if text is None else read(text)
    if text is not None and value is None:
        nearest = get_close_matches(text, getattr(read, "known", ()), n=3, cutoff=0.6)
        raise UnknownValueError([Unknown(key, text, tuple(nearest))])
    return value


def forget(keys: Iterable[str]) -> None:
    """Go on without these parameters."""
    for key in keys:
        st.query_params.pop(key, None)
        st.session_state[f"held:{key}"] = None


def filters_in_words() -> dict[str, str]:
    """The parameters that the view is made by, as the URL has them: name and value."""
    return {key: text for key, text in st.query_params.to_dict().items() if key not in ("lang", "back")}


def link() -> str:
    """The address of the view as it stands, to be sent to somebody."""
    address = (st.context.url or "").split("?")[0]
    parameters = urlencode(st.query_params.to_dict())
    return f"{address}?{parameters}" if parameters else address


def _changed(key: str, default: Any, resets: Sequence[str]) -> None:
    value = st.session_state[key]
    forget(resets)
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
