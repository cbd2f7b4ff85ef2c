"""A value that is no free text is kept as it is, unless it names a person."""

from __future__ import annotations

import pytest

from pipelines.privacy.values import NOT_KEPT, SURROGATE, functions, kept_name

KEPT = functions(b"a key that only tests know")


@pytest.mark.parametrize(
    "value",
    [
        "0007",
        "O-2024/0012",
        "XKBKNABJK",
        "POST",
        "WH/RO/00012",
        "4006825612345",
        "SN0612345678",
        "#1001.2",
        "é-1",
    ],
)
def test_the_keys_of_shops_stay(value: str) -> None:
    assert KEPT["key"](value) == value


@pytest.mark.parametrize(
    "value",
    [
        "Tondeuse Honda HRX 476",
        "MS 181",
        "gift_0001_80",
        "United Kingdom",
        "Display and sound equipment ~ DVD",
    ],
)
def test_the_words_of_shops_stay(value: str) -> None:
    assert KEPT["label"](value) == value


@pytest.mark.parametrize(
    "value",
    [
        "jean@orange.fr",
        "06 12 34 56 78",
        "0612345678",
        "FR7630006000011234567890189",
        "12 rue des Lilas",
        "Jean Dupont",
    ],
)
@pytest.mark.parametrize("kind", ["key", "label"])
def test_a_code_that_names_a_person_becomes_a_surrogate_that_still_meets_its_like(
    kind: str, value: str
) -> None:
    kept = KEPT[kind](value)
    assert kept.startswith(SURROGATE)
    assert value not in kept
    assert kept == functions(b"a key that only tests know")[kind](value)
    assert kept != functions(b"another key of the same length")[kind](value)


def test_two_capitalised_words_are_no_key() -> None:
    assert KEPT["key"]("Zéphyrine Quatremaille 17").startswith(SURROGATE)


@pytest.mark.parametrize(
    "value",
    [
        "12",
        "-3,50",
        "1 249,90 €",
        "2024-03-01T10:00:00+01:00",
        "12 mars 2024",
        "Mar 1, 2024 10:12 AM",
        "oui",
        "12 kg",
        "two",
    ],
)
def test_numbers_dates_and_answers_stay(value: str) -> None:
    assert KEPT["value"](value) == value


@pytest.mark.parametrize(
    "value", ["Jean Dupont", "Dupont", "rue Pasteur", "jean", "FR7630006000011234567890189"]
)
def test_what_is_no_number_and_no_date_is_not_kept(value: str) -> None:
    assert KEPT["value"](value) == NOT_KEPT


def test_a_phone_in_a_number_is_replaced() -> None:
    assert KEPT["value"]("06 12 34 56 78") == "[phone]"


@pytest.mark.parametrize(
    ("value", "kept"), [("Reparé", "Reparé"), ("En attente", "En attente"), ("Jean Dupont", NOT_KEPT)]
)
def test_an_unknown_word_of_a_list_is_shown_unless_it_is_a_name(value: str, kept: str) -> None:
    assert KEPT["word"](value) == kept


@pytest.mark.parametrize(
    "name",
    [
        "20261031-1-60000-1-0001.csv",
        "Orders_March_2026.csv.gz",
        "home[1].csv",
        "Online Retail.xlsx",
        "commandes mars.csv",
        "Name",
    ],
)
def test_the_names_of_exports_stay(name: str) -> None:
    assert kept_name(name) == name


@pytest.mark.parametrize(
    "name",
    [
        "jean_dupont.csv",
        "Commandes Marie Lefèvre.csv.gz",
        "0612345678.csv",
        "jean@orange.fr",
        "12 rue des Lilas.csv",
        "FR7630006000011234567890189.csv",
    ],
)
def test_a_file_name_that_names_a_person_is_replaced(name: str) -> None:
    kept = kept_name(name)
    assert kept.startswith(SURROGATE)
    assert kept.endswith((".csv", ".gz")) or "." not in name or "@" in name
    assert kept_name(kept) == kept
