"""Behind a proxy that signs people in: who passes, where to, and that nobody names themselves."""

from __future__ import annotations

import socket
from typing import Any

import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect
from websockets.typing import Origin, Subprotocol

from pipelines.serving import Reach, ServeError, refuse_unsafe
from pipelines.state import entries

HOST = "savoir.example"
PUBLIC = f"https://{HOST}"


def from_proxy(site: Any, name: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {site.token}", "X-Forwarded-Email": name}


@pytest.mark.parametrize(
    ("name", "dashboards", "dagster"),
    [
        ("manager@example.com", 200, 403),
        ("quality@example.com", 200, 403),
        ("analyst@example.com", 200, 403),
        ("Admin@Example.com", 200, 200),
        ("mallory@example.com", 403, 403),
        ("owner", 403, 403),
    ],
)
def test_each_role_at_each_server(behind_proxy: Any, name: str, dashboards: int, dagster: int) -> None:
    for site, expected in zip(behind_proxy.sites, (dashboards, dagster), strict=True):
        for path in ("/", "/server_info", "/_stcore/host-config", "/claims?claim=T00001"):
            answer = site.ask("GET", path, from_proxy(site, name), host=HOST)
            if expected == 403:
                assert answer.status == 403
                assert answer.headers["x-frame-options"] == "DENY"
            else:
                assert answer.status in (200, 404)


def test_dagster_is_commanded_by_admins_alone(behind_proxy: Any) -> None:
    site = behind_proxy.dagster
    for name, status in (("analyst@example.com", 403), ("admin@example.com", 200)):
        headers = from_proxy(site, name) | {"Content-Type": "application/json", "Origin": PUBLIC}
        assert site.ask("POST", "/graphql", headers, '{"query": "{ version }"}', HOST).status == status


FORGED = {
    "no token": {"X-Forwarded-Email": "admin@example.com"},
    "a wrong token": {"Authorization": "Bearer guess", "X-Forwarded-Email": "admin@example.com"},
    "the token as a cookie": {"Cookie": "savoir_1={token}", "X-Forwarded-Email": "admin@example.com"},
    "no name": {"Authorization": "Bearer {token}"},
    "an empty name": {"Authorization": "Bearer {token}", "X-Forwarded-Email": " "},
    "our own header": {"Authorization": "Bearer {token}", "X-Savoir-Person": "admin@example.com"},
}


@pytest.mark.parametrize("form", FORGED)
def test_nobody_names_themselves(behind_proxy: Any, form: str) -> None:
    for site in behind_proxy.sites:
        headers = {name: value.format(token=site.token) for name, value in FORGED[form].items()}
        assert site.ask("GET", "/", headers, host=HOST).status == 401


def test_neither_the_token_in_the_address_nor_the_form_opens_behind_a_proxy(behind_proxy: Any) -> None:
    for site in behind_proxy.sites:
        assert site.ask("GET", f"/?token={site.token}", host=HOST).status == 401
        form = site.ask("POST", "/sign-in", {"Origin": PUBLIC}, f"token={site.token}", HOST)
        assert form.status == 401


def test_the_header_of_the_guard_is_taken_from_nobody(behind_proxy: Any) -> None:
    """With a session of one's own, another's name in our header changes nothing."""
    site = behind_proxy.dagster
    for spelling in ("X-Savoir-Person", "x-savoir-person", "X-SAVOIR-PERSON"):
        headers = from_proxy(site, "quality@example.com") | {spelling: "admin@example.com"}
        assert site.ask("GET", "/", headers, host=HOST).status == 403


def test_a_websocket_behind_the_proxy_has_its_origin_and_person(behind_proxy: Any) -> None:
    site = behind_proxy.dashboards

    def opened(name: str, origin: str) -> int:
        try:
            with connect(
                f"ws://{HOST}/_stcore/stream",
                sock=socket.create_connection(("127.0.0.1", site.port)),
                origin=Origin(origin),
                additional_headers=from_proxy(site, name),
                subprotocols=[Subprotocol("streamlit")],
            ):
                return 101
        except InvalidStatus as refused:
            return refused.response.status_code

    assert opened("quality@example.com", PUBLIC) == 101
    assert opened("quality@example.com", "https://evil.example") == 403
    assert opened("quality@example.com", f"{PUBLIC}:81") == 403
    assert opened("mallory@example.com", PUBLIC) == 403


def test_sign_ins_and_refusals_are_in_the_log(behind_proxy: Any) -> None:
    site = behind_proxy.dagster
    site.ask("GET", "/", from_proxy(site, "admin@example.com"), host=HOST)
    site.ask("GET", "/", from_proxy(site, "eve@example.com"), host=HOST)
    logged = {(entry.action, entry.actor, entry.detail) for entry in entries(behind_proxy.home)}
    assert ("sign_in", "admin@example.com", "dagster") in logged
    assert ("sign_in_refused", "eve@example.com", "dagster") in logged


def test_a_role_taken_away_ends_at_once(behind_proxy: Any) -> None:
    site, roles = behind_proxy.dashboards, behind_proxy.home.roles
    kept = roles.read_text()
    headers = from_proxy(site, "manager@example.com")
    try:
        roles.write_text(kept.replace("  manager@example.com: {role: manager}\n", ""))
        assert site.ask("GET", "/", headers, host=HOST).status == 403
        roles.write_text("people: {manager@example.com: {role: mananger}}")
        answer = site.ask("GET", "/", headers, host=HOST)
        assert answer.status == 403
        assert "cannot be followed" in answer.text
        assert "mananger" not in answer.text
    finally:
        roles.write_text(kept)
    assert site.ask("GET", "/", headers, host=HOST).status == 200


UNSAFE = {
    "another address without sign-in": (Reach("0.0.0.0"), False, "a token is not enough"),  # noqa: S104
    "sign-in without roles": (Reach(trusted_header="X-User"), False, "does not say who may see what"),
    "roles without sign-in": (Reach(), True, "nobody can say who they are"),
    "two ways to sign in": (Reach(trusted_header="X-User", has_provider=True), True, "not by both"),
    "a public address with a path": (Reach(public_urls=["https://a.example/x"]), False, "without a path"),
    "a public address without scheme": (Reach(public_urls=["a.example"]), False, "is not an address such as"),
}


@pytest.mark.parametrize("case", UNSAFE)
def test_an_unsafe_start_is_refused(tmp_path: Any, case: str) -> None:
    reach, has_roles, sentence = UNSAFE[case]
    roles = tmp_path / "roles.yml"
    if has_roles:
        roles.write_text("people: {}")
    with pytest.raises(ServeError, match=sentence):
        refuse_unsafe(reach, roles)
