"""The pages' words in the reader's language, and how text from outside is made harmless in Markdown."""

from __future__ import annotations

import re
from pathlib import Path

import streamlit as st

from dashboards.data import ask
from pipelines.queries.build_facts import glossary
from pipelines.queries.words import LANGUAGES, say

CATALOGUE = Path(__file__).with_name("texts.yml")


def language() -> str:
    """The reader's language, from the sidebar's switch (en where it is not drawn yet)."""
    chosen = st.session_state.get("lang", "en")
    return chosen if chosen in LANGUAGES else "en"


def t(key: str, /, **values: object) -> str:
    """A text of the pages' catalogue."""
    return say(CATALOGUE, key, language(), **values)


def term(name: str) -> str | None:
    """The glossary's explanation of a word, for a tooltip; None where the snapshot has none."""
    return ask(glossary).get(name)


def inert(text: object) -> str:
    """Text from outside, shown letter by letter: no Markdown, no HTML, no directive survives."""
    return re.sub(r"([\\`*_{}\[\]()<>#+\-.!|~$:&@/^=\"'])", r"\\\1", " ".join(str(text).split()))
