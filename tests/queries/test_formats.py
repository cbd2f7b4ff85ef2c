"""How figures are written."""

from __future__ import annotations

from datetime import date

import pytest

from pipelines.queries import formats


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (formats.number(1234567.891, "en", 1), "1,234,567.9"),
        (formats.number(1234567.891, "fr", 1), "1\u202f234\u202f567,9"),
        (formats.percent(0.1234, "en"), "12.3%"),
        (formats.percent(0.1234, "fr"), "12,3\u00a0%"),
        (formats.percent(0.0012, "en"), "0.12%"),
        (formats.percent(0.0, "en"), "0.0%"),
        (formats.euros(-1234.5, "en", 2), "-€1,234.50"),
        (formats.euros(1234.5, "fr", 2), "1\u202f234,50\u00a0€"),
        (formats.day(date(2026, 3, 1), "en"), "1 Mar 2026"),
        (formats.day(date(2026, 3, 1), "fr"), "01/03/2026"),
        (formats.by_format(0.0475, "per_1000", "en"), "47.5"),
        (formats.ratio_span(1.44, 0.9, None, "en"), "×\u00a01.4 (0.9 – ∞)"),
        (formats.number(None, "en"), "–"),
    ],
)
def test_a_figure_is_written_as_its_reader_expects(text: str, expected: str) -> None:
    assert text == expected
