"""The pages' words in the reader's language, and how text from outside is made harmless in Markdown."""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path

import streamlit as st
import yaml

from dashboards.data import ask
from pipelines.queries.build_facts import glossary
from pipelines.queries.words import LANGUAGES, say

CATALOGUE = Path(__file__).with_name("texts.yml")
# French of what the published file says in English.
SENTENCES = Path(__file__).with_name("sentences.yml")


def language() -> str:
    """The reader's language, from the sidebar's switch (en where it is not drawn yet)."""
    chosen = st.session_state.get("lang", "en")
    return chosen if chosen in LANGUAGES else "en"


def t(key: str, /, **values: object) -> str:
    """A text of the pages' catalogue."""
    return say(CATALOGUE, key, language(), **values)


def term(name: str) -> str | None:
    """The glossary's explanation of a word, for a tooltip; None where the snapshot has none."""
    return sentence(ask(glossary).get(name))


@lru_cache(maxsize=1)
def _sentences() -> dict[str, str]:
    return yaml.safe_load(SENTENCES.read_text(encoding="utf-8"))


def sentence(english: str | None, lang: str | None = None) -> str | None:
    """A sentence that the published file says in English, in the reader's language.

    What no catalogue knows (a retailer's own measure) stays as it is.
    """
    if english is None or (lang or language()) == "en":
        return english
    known = _sentences()
    if english in known:
        return known[english]
    beginning, colon, codes = english.partition(": ")
    return f"{known[beginning + ':']} {codes}" if colon and beginning + ":" in known else english


def inert(text: object) -> str:
    """Text from outside, shown letter by letter: no Markdown, no HTML, no directive survives."""
    return re.sub(r"([\\`*_{}\[\]()<>#+\-.!|~$:&@/^=\"'])", r"\\\1", " ".join(str(text).split()))
