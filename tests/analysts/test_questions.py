"""Every statement of docs/analysts.md has an answer on the demo, within the limits."""

from __future__ import annotations

import re

import pytest

from pipelines.analysts import answer
from pipelines.home import PROJECT_DIR, Home
from pipelines.queries.snapshot import open_snapshot, snapshot_path

TEXT = (PROJECT_DIR / "docs" / "analysts.md").read_text(encoding="utf-8")
QUESTIONS = dict(re.findall(r"^## \d+\. (.+?)\n\n```sql\n(.+?)\n```", TEXT, flags=re.M | re.S))


def test_there_are_twenty() -> None:
    assert len(QUESTIONS) == 20


@pytest.mark.parametrize("question", QUESTIONS)
def test_a_question_has_an_answer(demo_home: Home, question: str) -> None:
    found = answer(snapshot_path(demo_home), QUESTIONS[question])
    assert found.rows.height > 0
    assert not found.is_cut


def test_claims_by_month_are_all_claims(demo_home: Home) -> None:
    """Against the query layer of the pages."""
    from pipelines.queries.overview import headline
    from pipelines.queries.scopes import EVERYTHING

    months = answer(snapshot_path(demo_home), QUESTIONS["How many claims came in each month?"]).rows
    snapshot = open_snapshot(demo_home)
    assert months["claims"].sum() == headline(snapshot, EVERYTHING)["claims"].value
    assert months["failures"].sum() == headline(snapshot, EVERYTHING)["failures"].value
    snapshot.close()
