"""Every page runs, shows the query layer's figures, and keeps text from outside inert."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from dashboards import data
from pipelines.home import PROJECT_DIR, Home
from pipelines.publishing import point
from pipelines.queries.formats import number, percent
from pipelines.queries.snapshot import Snapshot, open_snapshot

PAGES = ("emerging", "overview", "weekly", "worklist", "claims", "failures", "forecast", "money", "remedies")
Open = Callable[..., AppTest]


@pytest.fixture(scope="module")
def snapshot(small_home: Home) -> Snapshot:
    return open_snapshot(small_home)


def metrics(app: AppTest) -> dict[str, str]:
    return {each.label: each.value for each in app.metric}


def words(app: AppTest) -> str:
    return "\n".join(
        str(getattr(each, "value", ""))
        for kind in ("markdown", "caption", "text", "info", "warning")
        for each in app.get(kind)
    )


@pytest.mark.parametrize("language", ["en", "fr"])
@pytest.mark.parametrize("page", PAGES)
def test_every_page_runs_in_both_languages(open_page: Open, page: str, language: str) -> None:
    app = open_page(page, lang=language)
    assert not app.exception
    assert len(app.title) == 1
    assert ("Données jusqu'au 31/10/2026" if language == "fr" else "Data up to 31 Oct 2026") in words(app)


@pytest.mark.parametrize("family", [None, "chainsaw"])
def test_the_overviews_figures_equal_an_independent_count(
    open_page: Open, snapshot: Snapshot, family: str | None
) -> None:
    shown = metrics(open_page("overview", **({"family": family} if family else {})))
    only = f"family_code = '{family}'" if family else "true"
    units = snapshot.rows(
        f"select sum(units)::bigint from marts.fct_order_lines where delivered_on is not null and {only}"
    )
    tickets, claims, failures, opened, linked = snapshot.rows(
        f"""
        select count(*), count(*) filter (is_claim), count(*) filter (is_claim and cause = 'defect'),
               count(*) filter (is_claim and closed_on is null), count(*) filter (is_linked)
        from marts.fct_claims where {only}
        """
    ).row(0)
    assert shown["Units in service"] == number(units.item(), "en")
    assert shown["Claims"] == number(claims, "en")
    assert shown["Failures"] == number(failures, "en")
    assert shown["Open claims"] == number(opened, "en")
    assert shown["Linked to a sale"] == percent(linked / tickets, "en")
    key = f"scope_type = 'family' and scope_id = '{family}'" if family else "scope_type = 'all'"
    for month in (3, 12, 24):
        # Multiplied out again from the counts of the life table.
        steps = snapshot.rows(
            "select events, at_risk, censored from marts.fct_life_table "
            f"where cohort is null and cause = 'defect' and {key} and age_month <= {month}"
        )
        survival = 1.0
        for events, at_risk, censored in steps.iter_rows():
            survival *= 1 - min(1.0, events / max(at_risk - censored / 2, 0.5))
        assert shown[f"Failed within {month} months"] == percent(1 - survival, "en")


def test_every_rate_stands_with_its_interval_and_its_n(open_page: Open) -> None:
    captions = [each.value for each in open_page("overview").caption]
    assert sum(bool(re.match(r"95% interval [\d.]+% – [\d.]+%", text)) for text in captions) >= 4
    assert sum("failures of" in text and "watched into month" in text for text in captions) == 3


def test_a_product_with_few_units_is_too_few_to_say(
    open_page: Open, small_home_builder: ModuleType, tmp_path: Path
) -> None:
    small_home_builder.make(tmp_path, lines=40)
    shown = metrics(open_page("overview", Home.at(tmp_path), family="chainsaw"))
    rates = [value for label, value in shown.items() if label.startswith("Failed within")]
    assert rates
    assert set(rates) == {"too few to say"}


def test_the_period_limits_claims_and_not_the_rates(open_page: Open, snapshot: Snapshot) -> None:
    whole, part = metrics(open_page("overview")), metrics(open_page("overview", **{"from": "2026-01-01"}))
    expected = snapshot.rows(
        "select count(*) filter (is_claim) from marts.fct_claims where requested_on >= date '2026-01-01'"
    ).item()
    assert part["Claims"] == number(expected, "en") != whole["Claims"]
    assert part["Failed within 12 months"] == whole["Failed within 12 months"]


def test_the_worklist_counts_and_lists_open_claims(open_page: Open, snapshot: Snapshot) -> None:
    app = open_page("worklist", family="pressure_washer")
    opened, overdue = snapshot.rows(
        "select count(*), count(*) filter (date '2026-10-31' - requested_on > 30) from marts.fct_claims "
        "where is_claim and closed_on is null and family_code = 'pressure_washer'"
    ).row(0)
    assert metrics(app)["Open claims"] == str(opened)
    assert metrics(app)["Overdue"] == str(overdue)
    assert app.dataframe[0].value.shape[0] == opened


def test_the_explorer_honours_the_url(open_page: Open, snapshot: Snapshot) -> None:
    app = open_page("claims", cause="misuse", family="chainsaw", **{"from": "2025-06-01"})
    expected = snapshot.rows(
        "select count(*) from marts.fct_claims where is_claim and cause = 'misuse' "
        "and family_code = 'chainsaw' and requested_on >= date '2025-06-01'"
    ).item()
    assert app.dataframe[0].value.shape[0] == expected > 0
    assert f"{expected} claims." in words(app)


def test_a_claim_opens_from_the_url_with_its_timeline(open_page: Open, snapshot: Snapshot) -> None:
    ticket = snapshot.rows(
        "select ticket_id from marts.fct_repairs where returned_on is not null order by 1 limit 1"
    ).item()
    app = open_page("claims", claim=ticket)
    events = app.dataframe[0].value["what"].to_list()
    assert events[0] == "Ordered"
    assert {"Delivered", "Customer asked for help", "Diagnosed", "Returned to the customer", "Closed"} <= set(
        events
    )
    assert "Repairable and in guarantee." in words(app)


def test_a_claim_that_does_not_exist_says_so(open_page: Open) -> None:
    app = open_page("claims", claim="<script>alert(1)</script>")
    assert not app.exception
    assert "There is no claim of this key" in words(app)
    assert [each.value for each in app.text] == ["<script>alert(1)</script>"]


def test_the_customers_words_are_shown_letter_by_letter(open_page: Open, snapshot: Snapshot) -> None:
    ticket, text = snapshot.rows(
        "select ticket_id, description from marts.fct_claims where description like '**bold**%' limit 1"
    ).row(0)
    app = open_page("claims", claim=ticket)
    assert text in [each.value for each in app.text]
    assert not [each for each in app.markdown if "**bold**" in each.value or each.allow_html]


def test_the_week_on_the_page_is_the_week_of_the_report(open_page: Open, small_home: Home) -> None:
    from pipelines.queries.defects import defect_week
    from pipelines.queries.weeks import Week

    source = open_snapshot(small_home)
    report = defect_week(source, Week.parse("2026-W40"), "pressure_washer")
    source.close()
    app = open_page("weekly", week="2026-W40", family="pressure_washer")
    shown = metrics(app)
    for each in report.comparisons:
        assert shown[each.measure.label_en] == number(each.events, "en")
    tables = [table.value for table in app.dataframe]
    behind = next(table for table in tables if "ticket_id" in table.columns)
    assert behind["ticket_id"].to_list() == report.claims["ticket_id"].to_list()


def test_tables_speak_french_too(open_page: Open) -> None:
    faults = next(
        table.value for table in open_page("weekly", lang="fr").dataframe if "verdict" in table.value.columns
    )
    assert set(faults["verdict"]) <= {
        "Trop peu pour conclure",
        "Trop récent pour conclure",
        "Pas de différence nette",
        "Plus qu'attendu",
    }


def test_the_newest_snapshot_is_read_at_the_next_interaction(
    open_page: Open, small_home_builder: ModuleType, tmp_path: Path
) -> None:
    small_home_builder.make(tmp_path, "savoir-1.duckdb", 200)
    app = open_page("overview", Home.at(tmp_path))
    before = metrics(app)
    small_home_builder.make(tmp_path, "savoir-2.duckdb", 400)
    assert metrics(app.run())["Claims"] != before["Claims"]


def test_a_page_asks_one_file_though_another_is_published_meanwhile(
    open_page: Open, small_home_builder: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = Home.at(tmp_path)
    first = small_home_builder.make(tmp_path, "savoir-1.duckdb", 200)
    second = shutil.copyfile(first, first.with_name("savoir-2.duckdb"))
    asked: list[str] = []
    answered = data._answered

    def publishing(path: str, *question: Any) -> Any:
        asked.append(Path(path).name)
        point(home.current, second if asked[-1] == first.name else first)
        return answered(path, *question)

    monkeypatch.setattr(data, "_answered", publishing)
    for file in (first, second):
        asked.clear()
        assert not open_page("overview", home).error
        assert len(asked) > 5
        assert set(asked) == {file.name}


def test_without_a_snapshot_every_page_says_what_to_run(open_page: Open, tmp_path: Path) -> None:
    for page in PAGES:
        app = open_page(page, Home.at(tmp_path))
        assert not app.exception
        assert "Nothing has been published" in words(app)
        assert [each.value for each in app.code][-1] == "savoir build"


def test_every_page_stands_a_shop_of_a_few_sales(
    open_page: Open, small_home_builder: ModuleType, tmp_path: Path
) -> None:
    small_home_builder.make(tmp_path, lines=12)
    for page in PAGES:
        app = open_page(page, Home.at(tmp_path))
        assert not app.exception, page
        assert "savoir build" not in [each.value for each in app.code], page


def test_pages_hold_no_sql_and_no_html() -> None:
    sources = list((PROJECT_DIR / "dashboards").rglob("*.py"))
    assert len(sources) > 10
    for source in sources:
        code = source.read_text(encoding="utf-8")
        assert "unsafe_allow_html" not in code, source
        assert not re.search(r"\bselect\b.+\bfrom\b|marts\.", code), source
        imports = re.findall(r"^\s*(?:from|import) (pipelines\S*)", code, flags=re.M)
        assert all(
            re.match(r"pipelines\.(queries|roles|home|errors|saved_views|troubles|delivery|signals)\b", name)
            for name in imports
        ), (
            source,
            imports,
        )
