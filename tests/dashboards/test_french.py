"""No English word stands on a French page: every text has its French, and no page shows an English one."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from typing import Any

import pytest
import yaml
from streamlit.testing.v1 import AppTest

from dashboards.texts import CATALOGUE, SENTENCES, sentence
from pipelines.home import DBT_DIR, PROJECT_DIR, Home
from pipelines.lifetimes import fitting, forecasting
from pipelines.queries.snapshot import open_snapshot
from pipelines.queries.words import CODES, LANGUAGES, catalogue, code_label, conditions_in_words

Open = Callable[..., AppTest]
PAGES = sorted(path.stem for path in (PROJECT_DIR / "dashboards" / "app_pages").glob("*.py"))
WORD = re.compile(r"[a-zàâçéèêëîïôöûùüÿœ']{3,}")
# Columns whose words come from outside: customers, suppliers, workshops, the law itself.
FOREIGN = {"description", "product_name", "name", "label", "evidence_fr", "clause_fr", "clause", "detail"}
# English words that are also names, or French by adoption.
ADOPTED = {"english", "paypal", "weibull", "nevada", "poisson", "excel", "csv", "eur", "savoir", "sav"}
# The switch of the language says its name in both.
ADOPTED |= {"language"}
# Names of seeds' own columns and units.
ADOPTED |= {"state", "months", "pass"}
ADOPTED |= {
    "document",
    "standard",
    "ticket",
    "refuse",
    "policy_rules",
    "dbt",
    "seeds",
    "utf",
    "make",
    "demo",
    "build",
    "lab",
    "page",
    "hours",
    "days",
}


def words(texts: Iterable[str]) -> set[str]:
    return {word.strip("'") for text in texts for word in WORD.findall(text.lower())}


def entries(language: str) -> list[str]:
    """Every text of the catalogues in one language."""
    found = [entry[language] for path in (CATALOGUE, CODES) for entry in catalogue(path).values()]
    pairs = yaml.safe_load(SENTENCES.read_text(encoding="utf-8"))
    return [
        re.sub(r"\{\w+\}", "", text) for text in [*found, *(pairs if language == "en" else pairs.values())]
    ]


def test_every_text_of_the_catalogues_is_there_in_both_languages() -> None:
    for path in (CATALOGUE, CODES):
        for key, entry in catalogue(path).items():
            assert set(entry) == set(LANGUAGES), key
            assert all(text.strip() for text in entry.values()), key
            assert set(re.findall(r"\{\w+\}", entry["en"])) == set(re.findall(r"\{\w+\}", entry["fr"])), key


def test_every_doubt_that_a_fit_or_a_forecast_can_say_is_known_in_french() -> None:
    doubts = [*fitting.WORDS.values(), forecasting.NO_CURVE, forecasting.NO_COST]
    for doubt in doubts:
        assert doubt is None or sentence(doubt, "fr") != doubt, doubt


def test_every_reason_without_a_price_is_known_in_french() -> None:
    sources = "".join(path.read_text() for path in (DBT_DIR / "models").rglob("int_claims__compared.sql"))
    sources += "".join(path.read_text() for path in (DBT_DIR / "models").rglob("int_claims__priced.sql"))
    reasons = re.findall(r"then '([a-z][^'_]* [^']*)'", sources)
    assert len(reasons) >= 5
    for reason in reasons:
        said = reason + "freight_eur" if reason.endswith(": ") else reason
        assert sentence(said, "fr") != said, reason


def test_every_definition_and_term_of_the_published_file_is_known_in_french(demo_home: Home) -> None:
    snapshot = open_snapshot(demo_home)
    found = snapshot.rows(
        """
        select definition from meta.measures union select text from meta.glossary
        union select doubt from marts.fct_reliability_fits union select doubt from marts.fct_forecasts
        union select unpriced_reason from marts.fct_remedy_costs
        union select missing_fields from marts.dim_policy_rules
        union select reading_en from marts.dim_policy_rules
        union select comparison from marts.fct_signals
        union select not_watchable_reason from marts.fct_signals
        """
    )
    snapshot.close()
    missing = [text for (text,) in found.drop_nulls().iter_rows() if sentence(text, "fr") == text]
    assert missing == []


def test_families_and_conditions_have_names() -> None:
    assert code_label("self_propelled_mower", "fr") == "Tondeuse autotractée"
    assert code_label("self_propelled_mower", "en") == "Self-propelled mower"
    assert code_label("a_family_of_their_own", "fr") == "A family of their own"
    assert conditions_in_words("has_stock = true, cause = wear", "fr") == (
        "Unité neuve en stock : Oui, Cause : Usure"
    )


def test_every_condition_of_a_rule_has_a_name(demo_home: Home) -> None:
    snapshot = open_snapshot(demo_home)
    found = snapshot.rows("select distinct conditions from marts.dim_policy_rules where conditions <> ''")
    snapshot.close()
    codes = {code for (text,) in found.iter_rows() for pair in text.split(", ") for code in pair.split(" = ")}
    assert {code for code in codes if code not in catalogue(CODES)} == set()


def shown(app: AppTest) -> list[str]:
    """Every text that the page says by itself; words from outside are left out."""
    texts: list[Any] = []
    for kind in (
        "title",
        "header",
        "subheader",
        "markdown",
        "caption",
        "info",
        "warning",
        "success",
        "error",
    ):
        texts += [getattr(each, "value", None) for each in app.get(kind)]
    for each in app.metric:
        texts += [each.label, each.value, each.help]
    for kind in ("button", "selectbox", "multiselect", "text_input", "date_input"):
        texts += [getattr(each, "label", None) for each in app.get(kind)]
    for table in app.dataframe:
        texts += [column.get("label") for column in json.loads(table.proto.columns).values()]
        for column in table.value.columns:
            values = table.value[column].dropna()
            is_code = not values.map(lambda value: isinstance(value, str)).all()
            if column not in FOREIGN and not is_code:
                texts += [text for text in values.unique() if not re.fullmatch(r"[\w|.-]*\d[\w|.-]*", text)]
    return [str(text) for text in texts if text]


@pytest.mark.parametrize("page", PAGES)
def test_no_english_word_is_on_a_french_page(open_page: Open, demo_home: Home, page: str) -> None:
    english = words(entries("en")) - words(entries("fr")) - ADOPTED
    assert len(english) > 300
    app = open_page(page, demo_home, lang="fr")
    found = {
        word: text
        for text in shown(app)
        for word in words([re.sub(r":material/\w+:|:\w+\[|`[^`]*`|\w+_\w+|\w+/$", " ", text)]) & english
    }
    assert found == {}
