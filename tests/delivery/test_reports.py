"""A subscription's report: the pages' figures in every form, inert text, its own scope, the same bytes."""

from __future__ import annotations

import io
import json
import re
import zipfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import parse_qs

import openpyxl
import pypdf
import pytest

from pipelines.delivery import outbox
from pipelines.delivery.reports import PeriodError, Report, period_of, report_of, write_report
from pipelines.delivery.sending import preview
from pipelines.delivery.subscriptions import DEFAULT, Subscription
from pipelines.home import Home
from pipelines.queries import misuse, remedies
from pipelines.queries.claims import claims_of
from pipelines.queries.defects import defect_week
from pipelines.queries.emerging import alerts as raised
from pipelines.queries.emerging import containment
from pipelines.queries.formats import by_format, euros, number
from pipelines.queries.issues import claims_of_signal
from pipelines.queries.measures import values
from pipelines.queries.periods import Period
from pipelines.queries.scopes import EVERYTHING, Scope
from pipelines.queries.snapshot import open_snapshot
from pipelines.queries.weeks import Week
from pipelines.reports.names import slug_of

Signalled = Callable[[int], Home]
WEEK = "2026-W43"
FORMULA = re.compile(r"<f[ >]")


def made(home: Home, subscription: Subscription = DEFAULT, language: str = "en", week: str = WEEK) -> Report:
    found = preview(home, subscription, week, language)
    assert found is not None
    return found


def pdf_text(content: bytes) -> str:
    """The words of a PDF; breaks of lines and words taken out."""
    return flat("".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(content)).pages))


def flat(text: str) -> str:
    return re.sub(r"[\s\u200b\u00ad\u00a0\u202f-]+", "", text)


class Html(HTMLParser):
    """Text and tags of a page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.text, self.tags = "", []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.fixture(scope="module")
def home(signalled: Signalled) -> Home:
    return signalled(1)


@pytest.mark.parametrize("language", ["en", "fr"])
def test_every_form_says_the_pages_figures(home: Home, language: str) -> None:
    report = made(home, language=language)
    snapshot = open_snapshot(home)
    week = Scope(from_on=date(2026, 10, 19), until_on=date(2026, 10, 25))
    year = Scope(from_on=date(2025, 10, 26), until_on=date(2026, 10, 25))
    counted = values(snapshot, "fct_claims", ["claims", "failures", "misuse_refusals", "net_cost"], week)
    said = [by_format(value.events, value.measure.format, language) for value in counted.values()]
    faults = values(snapshot, "fct_claims", ["claims"], year)["claims"].events
    assert faults > 0
    regret = remedies.expected_regret(snapshot, year)
    said += [euros(each, language) for each in (regret.value, regret.low, regret.high)]
    refused = misuse.headline(snapshot, year)
    said += [number(refused["misuse_rejections"].events, language)]
    [signal] = raised(snapshot, EVERYTHING).to_dicts()
    said += [number(signal["expected"], language, 1), euros(signal["cost_at_risk_eur"], language)]
    said += [number(signal["units_under_warranty"], language)]
    forms = (
        pdf_text(report.files["report.pdf"]),
        flat(Html(report.letter.html).text),
        flat(report.letter.text),
    )
    for text in said:
        for form in forms:
            assert flat(text) in form, text
    book = openpyxl.load_workbook(io.BytesIO(report.files["report.xlsx"]))
    cells = {cell.value for sheet in book for row in sheet.iter_rows() for cell in row}
    for value in (
        *(each.events for each in counted.values()),
        signal["expected"],
        signal["cost_at_risk_eur"],
    ):
        assert any(isinstance(cell, (int, float)) and cell == pytest.approx(value) for cell in cells), value
    out = containment(snapshot, signal["signal_id"])
    snapshot.close()
    [name] = [name for name in report.files if name.startswith("containment-")]
    book = openpyxl.load_workbook(io.BytesIO(report.files[name]))
    assert book.worksheets[1].max_row == out.height + 1 == 4


def test_every_form_says_what_the_page_of_the_week_says(home: Home) -> None:
    report = made(home, week="2026-W40")
    snapshot = open_snapshot(home)
    week = defect_week(snapshot, Week.parse("2026-W40"))
    everything = claims_of(snapshot, Scope(from_on=date(2026, 9, 28), until_on=date(2026, 10, 4)))
    snapshot.close()
    book = openpyxl.load_workbook(io.BytesIO(report.files["report.xlsx"]))
    rows = list(book["All comparisons of the week"].iter_rows(min_row=2, values_only=True))
    whole = {row[1]: row for row in rows if row[0] == "All families"}
    text = pdf_text(report.files["report.pdf"])
    for each in week.comparisons:
        assert each.expected is not None
        row = whole[each.measure.label_en]
        assert row[2:7] == pytest.approx(
            (each.events, each.expected, each.ratio, each.ratio_low, each.ratio_high)
        )
        for form in (text, flat(Html(report.letter.html).text), flat(report.letter.text)):
            assert flat(each.measure.label_en) in form
    products = list(book["Products concerned"].iter_rows(min_row=2, values_only=True))
    assert [row[1:] for row in products] == [
        (row["claims"], row["claims_before"], row["failures"], row["failures_before"])
        for row in week.by_sku.iter_rows(named=True)
    ]
    # Names stand beside codes.
    assert all(" " in row[0] for row in products)
    claims = list(book["Claims of the period"].iter_rows(min_row=2, values_only=True))
    assert [row[0] for row in claims] == everything["ticket_id"].to_list()
    assert len(claims) > 0


def test_a_scope_in_which_no_week_can_be_judged_is_counted_and_says_so(home: Home) -> None:
    report = made(home, Subscription(name="s", suppliers=("S1",)))
    assert "this scope is counted, not judged" in report.letter.text


def test_a_period_that_is_not_over_says_so_and_one_before_all_data_too(home: Home) -> None:
    assert "before this period does: its counts will still rise" in made(home, week="2026-W44").letter.text
    assert "Nothing was claimed in this week." in made(home, week="2015-W10").letter.text
    with pytest.raises(PeriodError, match=r"2026-W50 begins on 2026-12-07, after the data's last day"):
        made(home, week="2026-W50")


def test_a_run_that_breaks_leaves_the_last_good_report_and_the_next_one_clears_up(
    signalled: Signalled, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = signalled(0)
    report = made(home)
    folder = write_report(home, report)
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    with monkeypatch.context() as broken:
        broken.setattr(Path, "write_bytes", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            write_report(home, report)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    # Killed between the two renames: the old report lies aside and nothing is in its place. No process has
    # the highest number.
    folder.rename(folder.with_name(f".old-{folder.name}-4194304"))
    (folder.parent / ".tmp-2026-W42-4194304").mkdir()
    other = write_report(home, replace(report, period="2026-W41"))
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    assert {path.name for path in folder.parent.iterdir()} == {folder.name, other.name}


def test_the_pareto_adds_up_to_the_diagnosed_defects(home: Home) -> None:
    snapshot = open_snapshot(home)
    counted = snapshot.rows(
        "select count(*) as n from marts.fct_claims where is_claim and cause = 'defect' "
        "and fault_code is not null and requested_on between date '2025-10-26' and date '2026-10-25'"
    ).item()
    snapshot.close()
    book = openpyxl.load_workbook(io.BytesIO(made(home).files["report.xlsx"]))
    sheet = book["Confirmed faults"]
    assert sum(row[1] for row in sheet.iter_rows(min_row=2, values_only=True)) == counted
    assert len(sheet._charts) == 1


def test_the_same_report_twice_is_the_same_bytes(home: Home) -> None:
    first, second = made(home), made(home)
    assert first.files == second.files
    assert first.letter == second.letter


@pytest.mark.parametrize("count", [0, 1, 40])
def test_reports_of_no_one_and_forty_issues_fit_their_forms(signalled: Signalled, count: int) -> None:
    report = made(signalled(count), language="fr")
    assert len(report.letter.html.encode()) < 90_000
    text = pdf_text(report.files["report.pdf"])
    if count:
        pages = len(pypdf.PdfReader(io.BytesIO(report.files["report.pdf"])).pages)
        assert pages > count
        assert sum(name.startswith("evidence-") for name in report.files) == count
    else:
        assert flat("Aucune alerte. 1 produits") in text
        assert flat("1 d'entre eux auraient déjà montré") in text.replace("’", "'")


def test_hostile_text_is_text_in_every_form(signalled: Signalled) -> None:
    report = made(signalled(6))
    html = Html(report.files["report.html"].decode())
    assert not {"script", "iframe", "form"} & {tag for tag, _ in html.tags}
    assert all(not key.startswith("on") for _, attributes in html.tags for key in attributes)
    assert all(attributes.get("alt") for tag, attributes in html.tags if tag == "img")
    text = pdf_text(report.files["report.pdf"])
    for hostile in ("#let x = 1", "$x^2$", "#panic()", "<script>alert(1)</script>"):
        assert flat(hostile) in text
    for name, content in report.files.items():
        if name.endswith(".xlsx"):
            with zipfile.ZipFile(io.BytesIO(content)) as book:
                sheets = [each for each in book.namelist() if each.startswith("xl/worksheets/sheet")]
                assert not any(FORMULA.search(book.read(each).decode()) for each in sheets)


def test_a_page_only_for_what_changed_and_nothing_new_is_said_so(signalled: Signalled) -> None:
    home = signalled(3)
    first = made(home, week="2026-W42")
    outbox.remember(home, DEFAULT.name, first.memory)
    second = made(home)
    assert "Nothing changed since the report 2026-W42" in second.letter.text
    assert not second.has_news
    pages = [len(pypdf.PdfReader(io.BytesIO(each.files["report.pdf"])).pages) for each in (first, second)]
    assert pages[1] < pages[0]


def test_what_people_confirm_is_news_and_gets_its_8d_with_its_open_actions(
    signalled: Signalled, confirmed: Callable[[Home], str]
) -> None:
    home = signalled(2)
    outbox.remember(home, DEFAULT.name, made(home, week="2026-W42").memory)
    signal_id = confirmed(home)
    report = made(home)
    assert [(each.kind, each.subject) for each in report.changes if each.is_news] == [
        ("confirmed", signal_id)
    ]
    [form] = [content for name, content in report.files.items() if name.startswith("8d-")]
    text = pdf_text(form)
    for part in ("D1", "D8", "Ada", "#let stop = 1", "3 machines", "D3 · Containment"):
        assert flat(part) in text
    assert "#let stop = 1" in report.letter.text
    assert "yes" in report.letter.text
    snapshot = open_snapshot(home)
    signal = raised(snapshot, EVERYTHING).row(0, named=True)
    claims = claims_of_signal(snapshot, signal)
    snapshot.close()
    assert claims.height > 0
    assert flat(f"€{12.5 * claims.height:,.2f} can be claimed from the supplier") in text
    name = f"evidence-{slug_of(signal)}.zip"
    pack = report.files[name]
    with zipfile.ZipFile(io.BytesIO(pack)) as file:
        told = json.loads(file.read("signal.json"))
        assert told["snapshot"].startswith("savoir-")
        assert told["claims"] == claims.height
        assert claims["ticket_id"][0] in file.read("texts.txt").decode()
        assert set(file.namelist()) == {"evidence.xlsx", "texts.txt", "signal.json"}


def test_nothing_of_another_leaks_in_any_form_under_twenty_reports_at_once(signalled: Signalled) -> None:
    home = signalled(0)
    snapshot = open_snapshot(home)
    families = snapshot.rows("select distinct family_code f from marts.fct_claims order by 1")["f"].to_list()
    owners = dict(snapshot.rows("select ticket_id, family_code from marts.fct_claims").iter_rows())
    snapshot.close()

    def written(family: str) -> tuple[str, str]:
        report = made(home, Subscription(name=f"f-{families.index(family)}", families=(family,)))
        texts = [report.letter.html, report.letter.text, pdf_text(report.files["report.pdf"])]
        for name, content in report.files.items():
            if name.endswith(".xlsx"):
                with zipfile.ZipFile(io.BytesIO(content)) as book:
                    texts += [book.read(each).decode() for each in book.namelist() if each.endswith(".xml")]
        return family, "\n".join(texts)

    with ThreadPoolExecutor(20) as pool:
        for family, text in pool.map(written, families * 7):
            foreign = [ticket for ticket, owner in owners.items() if owner != family and ticket in text]
            assert foreign == []


def test_a_month_is_a_period_and_what_comes_first_is_the_last_whole_one(home: Home) -> None:
    snapshot = open_snapshot(home)
    monthly = Subscription(name="m", schedule="monthly")
    assert period_of(home, snapshot, monthly) == Period("2026-10", date(2026, 10, 1), date(2026, 10, 31))
    assert period_of(home, snapshot, DEFAULT) == Period(WEEK, date(2026, 10, 19), date(2026, 10, 25))
    assert Period.of_month(date(2026, 3, 9)).before == (date(2026, 2, 1), date(2026, 2, 28))
    report = report_of(home, snapshot, monthly, Period.parse("2026-09"))
    snapshot.close()
    assert "2026-09" in report.letter.subject


def test_a_link_leads_to_the_page_of_the_same_signal(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SAVOIR_PUBLIC_URL", "https://savoir.example/")
    html = Html(made(home, language="fr").letter.html)
    [address] = [str(attributes["href"]) for tag, attributes in html.tags if tag == "a"]
    beginning, _, query = address.partition("?")
    snapshot = open_snapshot(home)
    [signal_id] = raised(snapshot, EVERYTHING)["signal_id"].to_list()
    snapshot.close()
    assert beginning == "https://savoir.example/emerging"
    assert parse_qs(query) == {"lang": ["fr"], "signal": [signal_id]}
