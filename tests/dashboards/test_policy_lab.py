"""The policy lab, run on the demo: pick a version, upload one, read what is wrong with another."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable

import pytest
from streamlit.testing.v1 import AppTest

from pipelines.home import Home
from pipelines.replay import SEED

Open = Callable[..., AppTest]


def draft(**changes: str) -> bytes:
    """The page's rules as a draft; `changes` are outcomes by rule."""
    text = io.StringIO()
    with SEED.open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["policy_version"] == "page"]
    writer = csv.DictWriter(text, list(rows[0]))
    writer.writeheader()
    for row in rows:
        outcome = changes.get(row["rule_code"], row["outcome"])
        undated = {"policy_version": "draft", "valid_from": ""}
        writer.writerow(row | undated | {"outcome": outcome})
    return text.getvalue().encode()


def uploaded(app: AppTest, content: bytes) -> AppTest:
    app.file_uploader[0].upload("draft.csv", content, "text/csv")
    return app.run()


def metrics(app: AppTest) -> dict[str, str]:
    return {each.label: each.value for each in app.metric}


def test_the_version_in_force_moves_nothing(open_page: Open, demo_home: Home) -> None:
    app = open_page("policy_lab", home=demo_home, version="page")
    assert not app.exception
    assert metrics(app)["Verdicts that change"] == "0"
    assert "verdicts are reproduced" in app.success[0].value


def test_it_opens_on_the_first_version_that_has_something_to_say(open_page: Open, demo_home: Home) -> None:
    app = open_page("policy_lab", home=demo_home)
    assert int(metrics(app)["Verdicts that change"]) > 100
    said = [each.value.replace("\\", "") for each in app.caption]
    assert "draft-2027 against the verdicts on record; page is in force." in said
    # A draft that says nothing new is passed over, wherever it stands.
    silent, telling = draft(), draft(D07="repair_pickup").splitlines(keepends=True)[1:]
    both = silent + b"".join(telling).replace(b"draft,", b"second,")
    app = uploaded(open_page("policy_lab", home=demo_home, source="upload"), both)
    assert app.selectbox[0].value == "second"
    assert int(metrics(app)["Verdicts that change"]) > 0


@pytest.mark.parametrize("language", ["en", "fr"])
def test_an_uploaded_draft_is_replayed(open_page: Open, demo_home: Home, language: str) -> None:
    app = open_page("policy_lab", home=demo_home, source="upload", lang=language)
    assert not app.metric
    app = uploaded(app, draft(D07="repair_pickup"))
    assert not app.exception
    shown = metrics(app)
    assert int(shown["Verdicts that change" if language == "en" else "Verdicts qui changent"]) > 0
    refusals = shown["Refusals" if language == "en" else "Refus"]
    assert refusals.startswith("-")
    assert len(app.dataframe) >= 2


def test_a_malformed_upload_shows_its_sentences_letter_by_letter(open_page: Open, demo_home: Home) -> None:
    app = open_page("policy_lab", home=demo_home, source="upload")
    app = uploaded(app, draft(D07="<script>alert(1)</script> **x**"))
    assert not app.exception
    assert not app.metric
    assert app.error[0].value.startswith("This is not a rule set")
    (sentence,) = [each.value for each in app.text]
    assert sentence.startswith("Line 9 (rule 'D07'): outcome '<script>alert(1)</script> **x**' is not known.")
