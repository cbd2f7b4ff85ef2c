"""The page of reports: who gets what, only as far as the visitor sees, and what became of it."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from pipelines.delivery import outbox
from pipelines.delivery.sending import deliver
from pipelines.home import Home
from pipelines.roles import PERSON_HEADER

FILE = """
subscriptions:
  - {name: all}
  - {name: saws, families: [chainsaw], channel: mail, recipients: [ben@example.com], language: fr}
  - {name: broken, families: [chainsow]}
"""


@pytest.fixture
def home(small_home: Home, tmp_path: Path) -> Home:
    root = shutil.copytree(small_home.root, tmp_path / "home", symlinks=True)
    (root / "subscriptions.yml").write_text(FILE)
    return Home.at(root)


def text_of(app: AppTest) -> str:
    kinds = ("markdown", "caption", "warning", "info", "error", "success", "code")
    shown = [str(getattr(each, "value", "")) for kind in kinds for each in app.get(kind)]
    return "\n".join([*shown, *(each.value.to_string() for each in app.dataframe)])


def test_the_page_shows_subscriptions_what_is_wrong_and_the_outbox(
    open_page: Callable[..., AppTest], home: Home
) -> None:
    deliver(home, only="all")
    outbox.plan(home, "saws", "2026-W43", "b1", "mail", ["ben@example.com"])
    app = open_page("reports", home=home)
    assert not app.exception
    shown = text_of(app)
    for part in ("all", "saws", "ben@example.com", "chainsow", "planned", "sent", "2026-W43"):
        assert part in shown
    [preview] = [button for button in app.button if button.label == "Preview"]
    assert "What changed" in text_of(preview.click().run())


def test_who_sees_one_family_sees_its_subscriptions_alone(
    open_page: Callable[..., AppTest], home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    home.roles.write_text("people:\n  ben@example.com: {role: quality, families: [chainsaw]}\n")
    header = {PERSON_HEADER: quote("ben@example.com")}
    monkeypatch.setattr(type(st.context), "headers", property(lambda _: header))
    app = open_page("reports", home=home, lang="fr")
    assert not app.exception
    shown = text_of(app)
    assert "saws" in shown
    assert "chainsow" not in shown
    assert [box.options for box in app.selectbox if box.label == "Abonnement"] == [["saws"]]
