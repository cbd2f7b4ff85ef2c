"""The token of `savoir serve` becomes a cookie once, and leaves the address."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import Any
from urllib.parse import quote

import pytest

from pipelines.web.sessions import TokenError, new_token

BROWSER = {"Accept": "text/html,*/*", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}


def test_a_link_with_the_token_sets_a_strict_cookie_and_leads_to_itself_without_the_token(
    served: Any,
) -> None:
    for site in served.sites:
        answer = site.ask("GET", f"/claims?family=chainsaw&token={site.token}&lang=fr", BROWSER)
        assert (answer.status, answer.headers["location"]) == (303, "/claims?family=chainsaw&lang=fr")
        name, *flags = answer.headers["set-cookie"].split("; ")
        assert name.startswith(f"savoir_{served.dashboards.port}=")
        assert site.token not in name
        assert {"HttpOnly", "SameSite=strict", "Path=/"} <= set(flags)


def test_the_cookie_of_one_server_opens_the_other_too(served: Any) -> None:
    assert served.dagster.ask("GET", "/", {"Cookie": served.dashboards.cookie}).status == 200
    assert served.dashboards.ask("GET", "/", {"Cookie": served.dagster.cookie}).status == 200


def test_a_link_without_a_session_asks_for_the_token_and_keeps_its_target(served: Any) -> None:
    site = served.dashboards
    asked = site.ask("GET", "/claims?family=chainsaw&lang=fr", BROWSER)
    assert asked.status == 401
    assert 'value="/claims?family=chainsaw&amp;lang=fr"' in asked.text
    form = f"token={site.token}&target={quote('/claims?family=chainsaw&lang=fr')}"
    answer = site.ask("POST", "/sign-in", {"Origin": site.address}, form)
    assert (answer.status, answer.headers["location"]) == (303, "/claims?family=chainsaw&lang=fr")
    assert site.ask("GET", "/", {"Cookie": answer.headers["set-cookie"].partition(";")[0]}).status == 200


def test_the_question_comes_in_french_to_a_french_browser(served: Any) -> None:
    answer = served.dashboards.ask("GET", "/", BROWSER | {"Accept-Language": "fr-FR,en"})
    assert "Cette adresse demande le jeton" in answer.text


def test_a_link_in_a_mail_opens_although_a_strict_cookie_does_not_come_along(served: Any) -> None:
    answer = served.dashboards.ask("GET", "/claims?claim=T1", BROWSER | {"Sec-Fetch-Site": "cross-site"})
    assert 'http-equiv="refresh" content="0;url=/claims?claim=T1"' in answer.text


def test_a_script_sends_the_token_as_a_header(served: Any) -> None:
    for site in served.sites:
        assert site.ask("GET", "/", {"Authorization": f"Bearer {site.token}"}).status == 200


def test_pages_carry_the_security_headers(served: Any) -> None:
    for site in served.sites:
        headers = site.ask("GET", "/", site.own).headers
        assert headers["x-frame-options"] == "DENY"
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["cross-origin-resource-policy"] == "same-origin"
        assert "frame-ancestors 'none'" in headers["content-security-policy"]


def test_a_monitor_needs_no_session(served: Any) -> None:
    answer = served.dashboards.ask("GET", "/health")
    # The small home was built long ago.
    assert answer.status == 503
    assert answer.text.startswith("overdue: built 2026-11-01 04:01 UTC as of 2026-10-31")
    answer = served.dagster.ask("GET", "/health")
    assert (answer.status, answer.text) == (200, "ok\n")


def test_the_token_is_in_no_log_but_the_two_addresses(served: Any) -> None:
    served.dashboards.ask("GET", f"/?token={served.dashboards.token}")
    served.dagster.ask("GET", f"/?token={served.dagster.token}")
    lines = [line for line in served.log.read_text().splitlines() if served.dashboards.token in line]
    assert [line.split()[0] for line in lines] == ["dashboards", "dagster"]


def test_dagsters_databases_are_made_once_before_several_processes_open_them(served: Any) -> None:
    databases = sorted(served.home.dagster.rglob("*.db"))
    assert len(databases) >= 3
    for path in databases:
        with closing(sqlite3.connect(path)) as connection:
            assert len(connection.execute("select * from alembic_version").fetchall()) == 1, path


def test_every_start_makes_a_new_token_unless_one_is_given() -> None:
    assert new_token() != new_token()
    assert len(new_token()) >= 43
    given = "a-token-that-we-chose-ourselves"
    assert new_token(given) == given


@pytest.mark.parametrize("given", ["short", "é" * 30, "a" * 30 + "\n"])
def test_a_token_that_is_easy_to_guess_or_to_break_is_refused(given: str) -> None:
    with pytest.raises(TokenError, match=r"SAVOIR_TOKEN must be at least 24 printable ASCII characters"):
        new_token(given)
