"""Catalogues of what people read: one YAML file per surface, each entry in English and French.

Loads and looks up; the texts themselves are in `codes.yml` here (labels of the feeds' codes) and beside the
surface that shows them. Labels of measures are not here: the marts declare them.
"""

from __future__ import annotations

import csv
from functools import lru_cache
from pathlib import Path

import yaml

from pipelines.home import DBT_DIR

LANGUAGES = {"en": "English", "fr": "Français"}
CODES = Path(__file__).with_name("codes.yml")
# A retailer adds rows for families of its own; a family without one is read as its code.
FAMILIES = DBT_DIR / "seeds" / "family_labels.csv"


@lru_cache(maxsize=16)
def catalogue(path: Path) -> dict[str, dict[str, str]]:
    """Every entry of one file: key to {en, fr}."""
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def say(path: Path, key: str, language: str, /, **values: object) -> str:
    """The text of `key`, with its {placeholders} filled. A missing key is a programming error and raises."""
    return catalogue(path)[key][language].format(**values)


@lru_cache(maxsize=1)
def _families() -> dict[str, dict[str, str]]:
    with FAMILIES.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return {row["family_code"]: {"en": row["label_en"], "fr": row["label_fr"]} for row in rows}


def conditions_in_words(text: str | None, language: str) -> str | None:
    """A rule's conditions (`has_stock = true, cause = wear`) as people read them; no condition is empty."""
    if not text:
        return text
    colon = " : " if language == "fr" else ": "
    pairs = (part.partition(" = ")[::2] for part in text.split(", "))
    return ", ".join(colon.join(code_label(code, language) for code in pair) for pair in pairs)


def code_label(code: str | None, language: str) -> str:
    """What people read for a code; one without an entry (families are free text) is read as it is."""
    if code is None:
        return "–"
    entry = catalogue(CODES).get(code) or _families().get(code)
    if entry:
        return entry[language]
    text = code.replace("_", " ")
    return text[:1].upper() + text[1:]
