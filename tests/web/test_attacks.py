"""What a foreign page, another local server, a rebound name or a stranger can send: all of it is refused."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect
from websockets.typing import Subprotocol

STOP = 'mutation { stopRunningSchedule(id: "none") { __typename } }'
READ = "{ version }"
SUBPROTOCOLS = [Subprotocol("streamlit"), Subprotocol("graphql-ws")]
JSON = {"Content-Type": "application/json"}
FOREIGN = (
    "http://evil.example",
    "http://127.0.0.1:9999",
    "http://localhost:{port}",
    "https://127.0.0.1:{port}",
)


def graphql(query: str) -> str:
    return json.dumps({"query": query})


def is_refusal(answer: Any) -> None:
    """A refusal is complete: a sentence, no cookie, and every security header."""
    headers = answer.headers
    assert 400 <= answer.status < 500
    assert "set-cookie" not in headers
    assert headers["x-frame-options"] == "DENY"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "same-origin"
    assert "default-src 'none'" in headers["content-security-policy"]
    assert headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "127.0.0.1.evil.example",
        "evil.example:8501",
        "169.254.169.254",
        "[::1]",
        "localhost.evil",
        "*",
    ],
)
def test_a_name_rebound_to_this_machine_is_refused(served: Any, host: str) -> None:
    for site in served.sites:
        for method, path in [
            ("GET", "/"),
            ("GET", "/health"),
            ("POST", "/graphql"),
            ("GET", f"/?token={site.token}"),
        ]:
            answer = site.ask(method, path, site.own | JSON, graphql(STOP) if method == "POST" else "", host)
            assert answer.status == 400
            is_refusal(answer)


@pytest.mark.parametrize("origin", [*FOREIGN, "null", ""])
def test_what_changes_something_comes_from_our_own_page(served: Any, origin: str) -> None:
    for site in served.sites:
        named = {"Origin": origin.format(port=site.port)} if origin else {}
        for method in ("POST", "PUT", "DELETE", "PATCH", "OPTIONS"):
            for path in (
                "/graphql",
                "/_stcore/upload_file/a/b",
                "/report_asset_materialization/marts/fct_claims",
            ):
                answer = site.ask(method, path, {"Cookie": site.cookie} | JSON | named, graphql(STOP))
                assert answer.status == 403
                is_refusal(answer)


def test_two_origins_are_not_one_of_ours(served: Any) -> None:
    site = served.dagster
    twice = f"{site.address}, http://evil.example"
    answer = site.ask("POST", "/graphql", {"Cookie": site.cookie, "Origin": twice} | JSON, graphql(STOP))
    assert answer.status == 403


@pytest.mark.parametrize(
    "path",
    [
        "/graphql",
        "/graphql/",
        "//graphql",
        "/%67raphql",
        "/./graphql",
        "/x/../graphql",
        "/graphql;a",
        "/GRAPHQL",
        "/graphql%2f",
        "/graphql%00",
        "/_next/../graphql",
        "/%2e%2e/graphql",
    ],
)
@pytest.mark.parametrize("accept", ["*/*", "text/html", "application/json"])
def test_nothing_is_changed_or_read_by_graphql_in_an_address(served: Any, path: str, accept: str) -> None:
    """With a session, from our own page: still only POST with JSON reaches GraphQL."""
    for method in ("GET", "HEAD"):
        for query in (STOP, READ):
            answer = served.dagster.ask(
                method, f"{path}?{urlencode({'query': query})}", served.dagster.own | {"Accept": accept}
            )
            assert "stopRunningSchedule" not in answer.text
            assert '"data"' not in answer.text
            assert (
                answer.status in (307, 404, 405)
                or answer.text.startswith("<!DOCTYPE html>")
                or method == "HEAD"
            )


FORMS = {
    "query string": ("", {}, f"?{urlencode({'query': STOP})}"),
    "query string beside a JSON body": (graphql(READ), JSON, f"?{urlencode({'query': STOP})}"),
    "urlencoded form": (
        urlencode({"query": STOP}),
        {"Content-Type": "application/x-www-form-urlencoded"},
        "",
    ),
    "plain text form": (graphql(STOP), {"Content-Type": "text/plain"}, ""),
    "plain text that names JSON": (graphql(STOP), {"Content-Type": "text/plain; application/json"}, ""),
    "graphql body": (STOP, {"Content-Type": "application/graphql"}, ""),
    "no content type": (graphql(STOP), {}, ""),
    "multipart": (
        f'--b\r\nContent-Disposition: form-data; name="operations"\r\n\r\n{graphql(STOP)}\r\n--b--\r\n',
        {"Content-Type": "multipart/form-data; boundary=b"},
        "",
    ),
    "batch": (f"[{graphql(STOP)}, {graphql(STOP)}]", JSON, ""),
    "no JSON": ("{", JSON, ""),
}


@pytest.mark.parametrize("form", FORMS)
def test_graphql_takes_one_json_document_by_post_alone(served: Any, form: str) -> None:
    body, content, query = FORMS[form]
    answer = served.dagster.ask("POST", f"/graphql{query}", served.dagster.own | content, body)
    assert answer.status in (400, 415)
    assert answer.text.startswith("Refused: ")
    is_refusal(answer)


def test_dagsters_own_page_may_ask_and_change(served: Any) -> None:
    answer = served.dagster.ask("POST", "/graphql?op=Stop", served.dagster.own | JSON, graphql(READ))
    assert answer.status == 200
    assert "version" in json.loads(answer.text)["data"]
    changed = served.dagster.ask("POST", "/graphql", served.dagster.own | JSON, graphql(STOP))
    assert "stopRunningSchedule" in changed.text


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/claims?family=chainsaw",
        "/_stcore/health",
        "/_stcore/host-config",
        "/media/x.csv",
        "/static/js/x.js",
        "/server_info",
        "/graphql",
        "/logs/a",
        "/download_debug/x",
        "//",
        "/health/",
        "/health/../",
        "/%68ealth/x",
        "/sign-in",
        "/health?a=b/../../_stcore/health",
        "/.",
        "/;health",
    ],
)
@pytest.mark.parametrize(
    "shown",
    ["", "savoir_{dashboards}=", "savoir_{dashboards}=InRva2VuIg.awinyg.AAAA", "other=1; savoir_1={cookie}"],
)
def test_without_a_session_nothing_is_shown(served: Any, path: str, shown: str) -> None:
    for site in served.sites:
        value = site.cookie.partition("=")[2]
        cookie = {"Cookie": shown.format(dashboards=served.dashboards.port, cookie=value)} if shown else {}
        answer = site.ask("GET", path, cookie)
        if path.startswith("/health?"):
            assert answer.text.startswith(("ok", "overdue"))
            continue
        assert answer.status == 401
        assert answer.text.startswith("No session.")
        is_refusal(answer)
        posted = site.ask("POST", path, cookie | {"Origin": site.address} | JSON, graphql(STOP))
        assert posted.status == 401


@pytest.mark.parametrize("token", ["", "x", "{token}x", "{half}", "%00", "%ff"])
def test_a_wrong_token_opens_nothing(served: Any, token: str) -> None:
    for site in served.sites:
        wrong = token.format(token=site.token, half=site.token[:20])
        for answer in (
            site.ask("GET", f"/?token={wrong}"),
            site.ask("GET", "/", {"Authorization": f"Bearer {wrong}"}),
            site.ask("POST", "/sign-in", {"Origin": site.address}, f"token={wrong}&target=/"),
        ):
            assert answer.status == 401
            is_refusal(answer)


def refused_handshake(url: str, **options: Any) -> int:
    with pytest.raises(InvalidStatus) as refused:
        connect(url, open_timeout=30, subprotocols=SUBPROTOCOLS, **options)
    assert refused.value.response.headers["x-frame-options"] == "DENY"
    return refused.value.response.status_code


@pytest.mark.parametrize("path", ["/_stcore/stream", "/graphql", "/%5fstcore/stream"])
def test_a_websocket_needs_session_and_own_origin(served: Any, path: str) -> None:
    for site in served.sites:
        url = f"ws://127.0.0.1:{site.port}{path}"
        cookie = {"Cookie": site.cookie}
        assert refused_handshake(url, origin=site.address) == 401
        assert refused_handshake(url, additional_headers=cookie) == 403
        for origin in FOREIGN:
            assert (
                refused_handshake(url, origin=origin.format(port=site.port), additional_headers=cookie) == 403
            )


def test_our_own_pages_open_their_websockets(served: Any) -> None:
    for site, path in ((served.dashboards, "/_stcore/stream"), (served.dagster, "/graphql")):
        url = f"ws://127.0.0.1:{site.port}{path}"
        with connect(
            url, origin=site.address, subprotocols=SUBPROTOCOLS, additional_headers={"Cookie": site.cookie}
        ):
            pass


@pytest.mark.parametrize(
    ("site_kind", "mode", "dest"),
    [
        ("cross-site", "no-cors", "image"),
        ("same-site", "no-cors", "script"),
        ("same-site", "cors", "empty"),
        ("cross-site", "navigate", "iframe"),
        ("same-site", "navigate", "object"),
    ],
)
def test_nothing_of_ours_is_loaded_into_another_page(
    served: Any, site_kind: str, mode: str, dest: str
) -> None:
    """SameSite ignores ports: the cookie comes along from any other server on this machine."""
    fetch = {"Sec-Fetch-Site": site_kind, "Sec-Fetch-Mode": mode, "Sec-Fetch-Dest": dest}
    for site in served.sites:
        answer = site.ask("GET", "/", {"Cookie": site.cookie} | fetch)
        assert answer.status == 403
        is_refusal(answer)


def test_no_answer_may_be_read_by_another_origin(served: Any) -> None:
    for site in served.sites:
        for path in ("/", "/_stcore/host-config", "/server_info"):
            answer = site.ask("GET", path, {"Cookie": site.cookie, "Origin": "http://localhost:9"})
            assert not [name for name in answer.headers if name.startswith("access-control-")]


@pytest.mark.parametrize(
    "target",
    [
        "//evil.example",
        "/\\evil.example",
        "https://evil.example",
        "javascript:alert(1)",
        "/\t/evil.example",
        "\\\\evil.example",
        "/\r\nSet-Cookie: a=b",
        "",
    ],
)
def test_sign_in_never_leads_elsewhere(served: Any, target: str) -> None:
    site = served.dashboards
    form = f"token={site.token}&target={quote(target)}"
    answer = site.ask("POST", "/sign-in", {"Origin": site.address}, form)
    assert (answer.status, answer.headers["location"]) == (303, "/")


def test_the_sign_in_page_shows_what_came_in_the_address_as_text(served: Any) -> None:
    answer = served.dashboards.ask("GET", '/"><script>alert(1)</script>?a="><b>', {"Accept": "text/html"})
    assert answer.status == 401
    assert "<script" not in answer.text
    assert "<b>" not in answer.text


def test_a_form_without_end_is_cut_off(served: Any) -> None:
    site = served.dashboards
    answer = site.ask("POST", "/sign-in", {"Origin": site.address}, "token=" + "x" * 100_000)
    assert answer.status == 413
