"""Catalogues of what people read: one YAML file per surface, each entry in English and French.

Loads and looks up; the texts themselves are in `codes.yml` here (labels of the feeds' codes) and beside the
surface that shows them. Labels of measures are not here: the marts declare them.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import yaml

LANGUAGES = {"en": "English", "fr": "Français"}
CODES = Path(__file__).with_name("codes.yml")


@lru_cache(maxsize=16)
def catalogue(path: Path) -> dict[str, dict[str, str]]:
    """Every entry of one file: key to {en, fr}."""
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def say(path: Path, key: str, language: str, /, **values: object) -> str:
    """The text of `key`, with its {placeholders} filled. A missing key is a programming error and raises."""
    return catalogue(path)[key][language].format(**values)


def code_label(code: str | None, language: str) -> str:
    """What people read for a code; one without an entry (families are free text) is read as it is."""
    if code is None:
        return "–"
    entry = catalogue(CODES).get(code)
    if entry:
        return entry[language]
    text = code.replace("_", " ")
    return text[:1].upper() + text[1:]
