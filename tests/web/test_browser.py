"""Both pages in a real browser, opened by the link that `savoir serve` prints."""

from __future__ import annotations

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import Any

import pytest


@pytest.fixture
def page(browser: Any) -> Iterator[Any]:
    context = browser.new_context(viewport={"width": 1440, "height": 1000}, locale="fr-FR")
    page = context.new_page()
    page.violations = []
    page.on(
        "console",
        lambda line: page.violations.append(line.text) if "Content Security Policy" in line.text else None,
    )
    yield page
    context.close()


def drawn(page: Any) -> None:
    page.wait_for_selector("h1", timeout=60_000)
    page.wait_for_selector("[data-testid=stApp][data-test-script-state=notRunning]", timeout=60_000)


def test_the_printed_link_opens_the_dashboards_and_leaves_no_token_in_the_address(
    page: Any, served: Any
) -> None:
    site = served.dashboards
    page.goto(f"{site.address}/?lang=fr&token={site.token}")
    drawn(page)
    assert page.url.endswith("?lang=fr")
    assert page.evaluate("document.cookie").startswith("_streamlit_xsrf=")
    assert page.violations == []


def test_a_link_without_a_session_asks_once_and_arrives_at_its_target(page: Any, served: Any) -> None:
    site = served.dashboards
    page.goto(f"{site.address}/failures?family=chainsaw&lang=fr")
    page.get_by_label("Jeton").fill("not the token")
    page.get_by_role("button", name="Ouvrir").click()
    assert "Ce n’est pas le jeton" in page.get_by_role("alert").inner_text()
    page.get_by_label("Jeton").fill(site.token)
    page.get_by_role("button", name="Ouvrir").click()
    drawn(page)
    assert page.url == f"{site.address}/failures?family=chainsaw&lang=fr"


def test_dagsters_page_works_behind_the_guard(page: Any, served: Any) -> None:
    site = served.dagster
    page.goto(f"{site.address}/automation?token={site.token}")
    page.get_by_text("daily_build").first.wait_for(timeout=60_000)
    page.get_by_text("weekly_report").first.wait_for(timeout=60_000)
    assert page.url == f"{site.address}/automation"
    assert page.violations == []


ATTACK = """async ([address, query]) => {
    const get = `${address}/graphql?query=${encodeURIComponent(query)}`;
    await new Promise(done => { const i = new Image(); i.onerror = i.onload = done; i.src = get; });
    const form = type => ({method: 'POST', credentials: 'include', headers: {'Content-Type': type},
        mode: type === 'text/plain' ? 'no-cors' : 'cors', body: JSON.stringify({query})});
    for (const type of ['text/plain', 'application/json'])
        await fetch(`${address}/graphql`, form(type)).catch(() => 0);
    return await new Promise(done => {
        const socket = new WebSocket(address.replace('http', 'ws') + '/graphql', 'graphql-ws');
        socket.onopen = () => done('open'); socket.onerror = () => done('refused');
    });
}"""


class OtherServer(BaseHTTPRequestHandler):
    """Whatever else runs on this machine."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(b"<!doctype html><title>other</title>")

    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture
def other_address() -> Iterator[str]:
    with HTTPServer(("127.0.0.1", 0), OtherServer) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


SCHEDULES = """{ schedulesOrError(repositorySelector: {repositoryName: "__repository__",
    repositoryLocationName: "pipelines.definitions"}) {
    ... on Schedules { results { name scheduleState { id status } } } } }"""


def asked(site: Any, query: str) -> dict[str, Any]:
    """What Dagster answers to its own page."""
    headers = site.own | {"Content-Type": "application/json"}
    answer = site.ask("POST", "/graphql", headers, json.dumps({"query": query}))
    assert answer.status == 200, answer.text
    return json.loads(answer.text)["data"]


def daily_build(site: Any) -> dict[str, str]:
    schedules = asked(site, SCHEDULES)["schedulesOrError"]["results"]
    return next(each["scheduleState"] for each in schedules if each["name"] == "daily_build")


def test_a_page_of_another_server_on_this_machine_cannot_stop_the_schedule(
    page: Any, served: Any, other_address: str
) -> None:
    """With the session's cookie, which SameSite lets pass between ports. The same words from our page do."""
    site = served.dagster
    state = daily_build(site)
    assert state["status"] == "RUNNING"
    stop = f'mutation {{ stopRunningSchedule(id: "{state["id"]}") {{ __typename }} }}'
    page.goto(f"{site.address}/?token={site.token}")
    page.goto(other_address)
    with page.expect_request(f"{site.address}/graphql?query=**"):
        assert page.evaluate(ATTACK, [site.address, stop]) == "refused"
    assert daily_build(site)["status"] == "RUNNING"
    asked(site, stop)
    assert daily_build(site)["status"] == "STOPPED"
    start = """mutation { startSchedule(scheduleSelector: {repositoryName: "__repository__",
        repositoryLocationName: "pipelines.definitions", scheduleName: "daily_build"}) { __typename } }"""
    asked(site, start)
    assert daily_build(site)["status"] == "RUNNING"
