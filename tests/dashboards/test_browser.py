"""The pages in a real browser: no error, no foreign host, no text that runs, a URL that holds the view."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlparse

import pytest

from pipelines.delivery.sending import deliver
from pipelines.queries.behind import rows_behind
from pipelines.queries.scopes import Scope
from pipelines.queries.snapshot import open_snapshot

PAGES = ("overview", "weekly", "worklist", "claims", "failures", "forecast", "money", "remedies")


@pytest.fixture
def page(browser: Any) -> Iterator[Any]:
    # Tall enough for the whole sidebar: a menu that opens while the page scrolls closes again.
    context = browser.new_context(viewport={"width": 1440, "height": 1500}, locale="en-GB")
    yield context.new_page()
    context.close()


def visit(page: Any, url: str) -> None:
    page.goto(url)
    page.wait_for_selector("h1", timeout=30_000)
    settle(page)


def settle(page: Any) -> None:
    """Wait until the script has run and its charts are drawn."""
    page.wait_for_timeout(300)
    page.wait_for_selector("[data-testid=stApp][data-test-script-state=notRunning]", timeout=60_000)
    page.wait_for_function("!document.querySelector('[data-testid=stSkeleton]')", timeout=30_000)


def choose(page: Any, name: str, option: str) -> None:
    """Pick an option of a list; a sidebar that still scrolls closes the list: then it is opened again."""
    from playwright.sync_api import TimeoutError as TooLate

    for is_last in (False, False, False, True):
        page.get_by_role("combobox", name=name).click()
        try:
            page.get_by_role("option", name=option).click(timeout=3_000)
        except TooLate:
            if is_last:
                raise
            page.keyboard.press("Escape")
        else:
            return


def parameters(page: Any) -> dict[str, list[str]]:
    return parse_qs(urlparse(page.url).query)


def test_every_page_draws_without_error_and_asks_no_foreign_host(
    page: Any, address: str, tmp_path: Path
) -> None:
    foreign: list[str] = []
    broken: list[str] = []
    page.on(
        "request", lambda request: foreign.append(request.url) if "127.0.0.1" not in request.url else None
    )
    page.on("pageerror", lambda error: broken.append(str(error)))
    for name in PAGES:
        visit(page, f"{address}/{name}")
        if name == "overview":
            page.wait_for_selector("[data-testid=stVegaLiteChart] canvas, [data-testid=stVegaLiteChart] svg")
            assert page.locator("[data-testid=stVegaLiteChart]").count() == 4
            assert page.get_by_label("cumulative share of units failed").count() >= 1
        page.screenshot(path=str(tmp_path / f"{name}.png"))
        assert page.locator("[data-testid=stException]").count() == 0, name
        assert page.locator("[data-testid=stAlertContentError]").count() == 0, name
        cards = {"claims": 0, "failures": 3}.get(name, 4)
        assert page.locator("[data-testid=stMetric]").count() >= cards, name
    assert [url for url in foreign if not url.startswith(("data:", "blob:"))] == []
    assert broken == []


def test_a_chosen_filter_is_in_the_url_and_the_url_reproduces_it_in_french(page: Any, address: str) -> None:
    visit(page, f"{address}/claims")
    choose(page, "Cause", "Misuse")
    page.wait_for_url("**cause=misuse**")
    settle(page)
    visit(page, f"{page.url}&lang=fr")
    assert parameters(page) == {"cause": ["misuse"], "lang": ["fr"]}
    assert (
        page.get_by_role("combobox", name="Cause").input_value() == "Mauvais usage"
        or page.get_by_text("Mauvais usage").count()
    )
    assert page.locator("h1").inner_text() == "Demandes"


def test_a_click_on_a_bar_and_on_a_card_opens_what_they_count(page: Any, address: str) -> None:
    visit(page, f"{address}/overview")
    bar = page.locator("path[aria-roledescription=bar][aria-label*='href: claims']").last
    count = re.search(r"Claims: ([\d,]+)", bar.get_attribute("aria-label"))
    assert count is not None
    bar.click()
    page.wait_for_url("**/claims?**behind=**")
    settle(page)
    told = page.get_by_text(re.compile(r"^([\d,]+|One) claims?\.")).inner_text()
    assert told.split()[0].replace("One", "1") == count[1], told
    visit(page, f"{address}/overview")
    page.get_by_role("link", name="The rows").nth(2).click()
    page.wait_for_url("**behind=fct_claims.failures**")


def test_filters_and_language_follow_to_the_next_page(page: Any, address: str) -> None:
    visit(page, f"{address}/overview?family=chainsaw&lang=fr")
    page.get_by_role("link", name="À traiter").click()
    page.wait_for_url("**/worklist**family=chainsaw**")
    settle(page)
    assert parameters(page) == {"family": ["chainsaw"], "lang": ["fr"]}


def test_a_claim_opens_closes_and_comes_back_with_the_browsers_buttons(
    page: Any, address: str, small_home: Any
) -> None:
    snapshot = open_snapshot(small_home)
    ticket = rows_behind(snapshot, scope=Scope(family_code="chainsaw")).frame["ticket_id"][0]
    snapshot.close()
    visit(page, f"{address}/claims?family=chainsaw&claim={ticket}")
    assert page.get_by_role("heading", name=ticket).count() == 1
    page.get_by_role("button", name="Back to the list").click()
    page.wait_for_function("!location.search.includes('claim=')")
    settle(page)
    assert page.get_by_role("heading", name=ticket).count() == 0
    assert parameters(page) == {"family": ["chainsaw"]}


def test_a_french_page_is_french_in_an_english_browser_and_so_are_its_files(page: Any, address: str) -> None:
    # The grid is painted: what it writes is heard at the brush.
    page.add_init_script(
        "window.painted = []; const paint = CanvasRenderingContext2D.prototype.fillText;"
        "CanvasRenderingContext2D.prototype.fillText = function (text, ...rest) {"
        "window.painted.push(text); return paint.call(this, text, ...rest); }"
    )
    page.set_viewport_size({"width": 2200, "height": 1200})
    visit(page, f"{address}/claims?lang=fr&family=chainsaw&cause=defect")
    page.wait_for_function("window.painted.some(text => text.includes('€'))")
    cells = page.evaluate("window.painted")
    assert any(re.fullmatch(r"\d{2}/\d{2}/\d{4}", each) for each in cells)
    assert any(re.fullmatch(r"-?[\d\u202f]+,\d\d\u00a0€", each) for each in cells), cells[:40]
    assert not any("€" in each and "." in each for each in cells)
    with page.expect_download() as download:
        page.get_by_role("button", name="Télécharger en CSV").click()
    content = Path(download.value.path()).read_bytes()
    assert content.startswith("\ufeffDossier;Demandé le;Famille".encode())
    assert "Coût net (EUR)".encode() in content
    with page.expect_download() as download:
        page.get_by_role("button", name="Télécharger en Excel").click()
    assert download.value.suggested_filename == "claims.xlsx"
    with zipfile.ZipFile(download.value.path()) as book:
        texts = book.read("xl/sharedStrings.xml").decode()
    for text in ("family: chainsaw", "31/10/2026", "Coût net (EUR)"):
        assert text in texts


def test_texts_from_customers_run_nowhere(page: Any, address: str, small_home: Any) -> None:
    snapshot = open_snapshot(small_home)
    attacks = [
        snapshot.rows(
            "select min(ticket_id) from marts.fct_claims where contains(description, ?)", [text]
        ).item()
        for text in ("<script>", "**bold**")
    ]
    snapshot.close()
    for ticket in attacks:
        visit(page, f"{address}/claims?claim={ticket}")
        assert page.title() != "owned"
        assert page.locator("a[href*='evil.example']").count() == 0
        assert page.locator("img[src='x']").count() == 0


def test_the_html_report_opens_without_a_server(page: Any, small_home_builder: Any, tmp_path: Path) -> None:
    from pipelines.home import Home

    small_home_builder.make(tmp_path)
    [folder] = deliver(Home.at(tmp_path), asked="2026-W40").folders
    messages: list[str] = []
    page.on("console", lambda message: messages.append(message.text))
    # On a telephone nothing may stand outside the screen.
    page.set_viewport_size({"width": 390, "height": 800})
    page.goto((folder / "report.html").as_uri())
    page.wait_for_selector("h1")
    assert page.locator("h1").inner_text() == "Defect report"
    assert page.title() != "owned"
    assert page.locator("img").count() == page.locator("img[alt]").count() > 0
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    fits = "[...document.querySelectorAll('table')].map(t => t.scrollWidth <= t.parentElement.clientWidth)"
    assert set(page.evaluate(fits)) == {True}
    assert page.evaluate("[...document.images].every(each => each.naturalWidth > 0)")
    assert messages == []
