"""Pages can be read: axe finds nothing serious that is ours, no text is cut, on a screen and on a phone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

# One page of each make: sentences, cards and charts, a ranked table, a list.
PAGES = ("decisions", "overview", "products", "claims")
# Streamlit's own navigation puts its section titles between list and items.
NOT_OURS = "[data-testid=stSidebarNav]"
CUT = """
[...document.querySelectorAll("[data-testid=stMain] :is(p, h1, h2, h3, label)")]
    .filter(each => each.children.length === 0 && each.clientWidth > 0)
    .filter(each => each.scrollWidth > each.clientWidth + 1)
    .filter(each => getComputedStyle(each).overflowX !== "visible")
    .map(each => each.textContent)
"""


def opened(browser: Any, url: str, width: int, theme: str) -> Any:
    page = browser.new_context(viewport={"width": width, "height": 1000}, color_scheme=theme).new_page()
    page.goto(url)
    page.wait_for_selector("h1", timeout=30_000)
    page.wait_for_timeout(300)
    page.wait_for_selector("[data-testid=stApp][data-test-script-state=notRunning]", timeout=60_000)
    page.wait_for_function("!document.querySelector('[data-testid=stSkeleton]')", timeout=30_000)
    # The pages' own style comes with a part of Streamlit that is loaded late.
    page.wait_for_function(
        "getComputedStyle(document.querySelector('[data-testid=stCaptionContainer]')).opacity === '1'"
    )
    return page


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_serious_that_is_ours(browser: Any, address: str, theme: str) -> None:
    from axe_playwright_python.sync_playwright import Axe

    axe = Axe()
    found = []
    for name in PAGES:
        page = opened(browser, f"{address}/{name}?lang=fr", 1440, theme)
        answer = axe.run(page, context={"exclude": [[NOT_OURS]]}).response
        found += [
            (name, rule["id"], node["html"][:120])
            for rule in answer["violations"]
            if rule["impact"] in ("serious", "critical")
            for node in rule["nodes"]
        ]
        page.context.close()
    assert found == []


@pytest.mark.parametrize("width", [1440, 390])
def test_no_text_is_cut_and_no_page_is_wider_than_the_screen(
    browser: Any, address: str, width: int, tmp_path: Path
) -> None:
    for name in PAGES:
        page = opened(browser, f"{address}/{name}?lang=fr", width, "light")
        page.screenshot(path=str(tmp_path / f"{name}-{width}.png"))
        assert page.evaluate(CUT) == [], name
        assert page.evaluate("document.documentElement.scrollWidth") <= width, name
        page.context.close()


def test_a_matrix_is_a_table_on_a_phone(browser: Any, address: str) -> None:
    for width, is_wide in ((1440, True), (390, False)):
        page = opened(browser, f"{address}/failures", width, "light")
        assert page.locator(".st-key-wide-nevada").is_visible() is is_wide
        assert page.locator(".st-key-narrow-nevada").is_visible() is not is_wide
        page.context.close()
