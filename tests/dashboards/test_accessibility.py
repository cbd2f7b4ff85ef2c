"""Pages can be read: axe finds nothing serious that is ours, no text is cut, on a screen and on a phone."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import contextmanager
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


@contextmanager
def screen(browser: Any, width: int, theme: str) -> Generator[Callable[[str], Any]]:
    """A way to open pages on a screen; what one page fetched is there for the next."""
    context = browser.new_context(viewport={"width": width, "height": 1000}, color_scheme=theme)
    page = context.new_page()

    def opened(url: str) -> Any:
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

    yield opened
    context.close()


def is_sound(page: Any, name: str, width: int) -> None:
    """No text is cut, and the page is no wider than the screen."""
    assert page.evaluate(CUT) == [], name
    assert page.evaluate("document.documentElement.scrollWidth") <= width, name


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_serious_that_is_ours_and_no_text_is_cut(
    browser: Any, address: str, theme: str
) -> None:
    from axe_playwright_python.sync_playwright import Axe

    axe = Axe()
    found = []
    with screen(browser, 1440, theme) as opened:
        for name in PAGES:
            page = opened(f"{address}/{name}?lang=fr")
            is_sound(page, name, 1440)
            answer = axe.run(page, context={"exclude": [[NOT_OURS]]}).response
            found += [
                (name, rule["id"], node["html"][:120])
                for rule in answer["violations"]
                if rule["impact"] in ("serious", "critical")
                for node in rule["nodes"]
            ]
    assert found == []


def test_on_a_phone_no_text_is_cut_and_a_matrix_is_a_table(browser: Any, address: str) -> None:
    with screen(browser, 390, "light") as opened:
        for name in PAGES:
            is_sound(opened(f"{address}/{name}?lang=fr"), name, 390)
    for width, is_wide in ((1440, True), (390, False)):
        with screen(browser, width, "light") as opened:
            page = opened(f"{address}/failures")
            assert page.locator(".st-key-wide-nevada").is_visible() is is_wide
            assert page.locator(".st-key-narrow-nevada").is_visible() is not is_wide
