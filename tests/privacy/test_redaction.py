"""Redaction reaches its aims on the labelled set that was written before it, and leaves the rest alone."""

from __future__ import annotations

import csv
from pathlib import Path

import duckdb
import pytest

from benchmarks.redaction import shapes
from benchmarks.redaction.__main__ import GENERATED, alarms, labels, missed, sets
from benchmarks.redaction.phrases import Phrase
from pipelines.privacy.redaction import SUSPECT, found, redacted
from pipelines.privacy.spans import Span, merged

AIMS = {"phone": 0.99, "e-mail": 0.99, "iban": 0.99, "street": 0.95, "name": 0.90}
BY_HAND = ("written by hand", "unseen forms", "held out")
FALSE_ALARMS = 0.02


def test_the_labelled_set_is_large_enough_to_say_a_hundredth() -> None:
    assert sum(len(personal) for personal, _ in sets().values()) >= 400
    assert sum(len(clean) for _, clean in sets().values()) >= 400


@pytest.mark.parametrize("name", BY_HAND)
@pytest.mark.parametrize("kind", AIMS)
def test_each_kind_is_found_as_often_as_promised_in_what_was_written_by_hand(kind: str, name: str) -> None:
    personal, _ = sets()[name]
    left = missed(personal, kind)
    assert 1 - len(left) / labels(personal, kind) >= AIMS[kind], [each.text for each in left]


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("kind", AIMS)
def test_each_kind_is_found_as_often_as_promised_in_generated_shapes(kind: str, seed: int) -> None:
    personal = shapes.personal(seed, GENERATED)
    left = missed(personal, kind)
    assert 1 - len(left) / labels(personal, kind) >= AIMS[kind], [each.text for each in left]


def test_phrases_without_personal_data_stay_as_they_are() -> None:
    for name, (_, clean) in sets().items():
        harmed = alarms(clean)
        assert len(harmed) / len(clean) <= FALSE_ALARMS, (name, [each.text for each in harmed])


def test_real_repair_texts_stay_as_they_are(shared: Path) -> None:
    with (shared / "real" / "open_repair_french_texts.csv").open(encoding="utf-8", newline="") as file:
        real = [Phrase(row["problem"]) for row in csv.DictReader(file)]
    harmed = alarms(real)
    assert len(real) > 2000
    assert len(harmed) / len(real) <= FALSE_ALARMS, [each.text for each in harmed]


def test_the_cheap_test_lets_no_text_pass_in_which_something_is_found() -> None:
    texts = [
        each.text for personal, clean in sets().values() for each in (*personal, *clean) if found(each.text)
    ]
    with duckdb.connect() as connection:
        passed = connection.execute(
            "select t from unnest($1::text[]) as x(t) where not regexp_matches(t, $2)", [texts, SUSPECT]
        ).fetchall()
    assert len(texts) > 400
    assert passed == []


def test_what_is_redacted_stays_so() -> None:
    for personal, _ in sets().values():
        for each in personal:
            assert redacted(redacted(each.text)) == redacted(each.text)


def test_places_that_meet_become_one() -> None:
    spans = [Span(4, 9, "name"), Span(0, 5, "phone"), Span(9, 12, "street")]
    assert merged(spans) == [Span(0, 9, "phone"), Span(9, 12, "street")]
