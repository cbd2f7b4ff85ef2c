"""The catalogues are whole: both languages everywhere, nothing missing, nothing left over."""

from __future__ import annotations

import re
from pathlib import Path
from string import Formatter
from typing import get_args

import pytest

from pipelines.feeds.contract import contract
from pipelines.home import PROJECT_DIR
from pipelines.queries.defects import Verdict
from pipelines.queries.words import CODES, catalogue, code_label

PAGES = PROJECT_DIR / "dashboards" / "texts.yml"
REPORTS = PROJECT_DIR / "pipelines" / "reports" / "texts.yml"


@pytest.mark.parametrize("path", [CODES, PAGES, REPORTS], ids=lambda path: str(path.relative_to(PROJECT_DIR)))
def test_every_entry_is_text_in_both_languages_with_the_same_placeholders(path: Path) -> None:
    for key, entry in catalogue(path).items():
        assert isinstance(key, str), key
        assert set(entry) == {"en", "fr"}, key
        assert all(isinstance(text, str) and text for text in entry.values()), key
        fields = [{field for _, field, _, _ in Formatter().parse(text) if field} for text in entry.values()]
        assert fields[0] == fields[1], key


@pytest.mark.parametrize(("path", "folder"), [(PAGES, "dashboards"), (REPORTS, "pipelines/reports")])
def test_every_text_is_used_and_every_used_text_exists(path: Path, folder: str) -> None:
    sources = [*(PROJECT_DIR / folder).rglob("*.py"), *(PROJECT_DIR / folder).rglob("*.j2")]
    # The first page's sentences are chosen where their numbers are.
    sources += [PROJECT_DIR / "pipelines" / "queries" / "decisions.py"]
    code = "\n".join(source.read_text(encoding="utf-8") for source in sources)
    asked = set(re.findall(r"""\bt\("(\w+)\"""", code))
    known = {key for each in path.parent.glob("*.yml") for key in catalogue(each)}
    assert asked <= known, asked - known
    # Built keys: t(f"axis_{key}") and the like count every entry with that beginning.
    beginnings = tuple(re.findall(r"""f"(\w+_)\{""", code)) + tuple(re.findall(r""""(\w+_)\"""", code))
    quoted = set(re.findall(r"""["'](\w+)["']""", code)) | set(get_args(Verdict))
    left_over = {key for key in catalogue(path) if key not in quoted and not key.startswith(beginnings)}
    assert left_over == set()


def test_every_code_of_the_feeds_has_a_label() -> None:
    shown = ("channel", "category", "requested_remedy", "resolution", "coverage", "outcome")
    columns = [column for feed in contract().feeds.values() for column in feed.columns]
    coded = {column.name: set(column.codes) for column in columns if column.name in shown}
    assert set(coded) == set(shown)
    for name, codes in coded.items():
        assert codes, name
        assert codes <= set(catalogue(CODES)), name


def test_a_free_word_stays_itself() -> None:
    assert code_label("motor_winch", "en") == "Motor winch"
    assert code_label(None, "fr") == "–"
