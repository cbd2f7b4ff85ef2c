"""Sign-in by OpenID Connect, against a provider that this test plays: who it names is who comes in."""

from __future__ import annotations

import http.server
import json
import threading
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from joserfc import jwt
from joserfc.jwk import RSAKey

from pipelines.home import Home
from pipelines.web.sign_in import SignInError, oidc

BROWSER = {"Accept": "text/html", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}


class Provider(http.server.ThreadingHTTPServer):
    """An OpenID provider without a sign-in page: it names whoever it was told to."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answers)
        self.key = RSAKey.generate_key(2048, {"kid": "k", "use": "sig", "alg": "RS256"})
        self.person: dict[str, Any] = {}
        self.nonce = ""

    @property
    def issuer(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def metadata(self) -> dict[str, Any]:
        return {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/jwks",
            "id_token_signing_alg_values_supported": ["RS256"],
            "code_challenge_methods_supported": ["S256"],
        }

    def id_token(self) -> str:
        now = int(time.time())
        claims = {"iss": self.issuer, "aud": "savoir", "sub": "s", "iat": now, "exp": now + 600}
        claims |= {"nonce": self.nonce, **self.person}
        return jwt.encode({"alg": "RS256", "kid": "k"}, claims, self.key)


class Answers(http.server.BaseHTTPRequestHandler):
    server: Provider  # ty: ignore[incompatible-mutable-override]

    def _answer(self, body: object) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(json.dumps(body).encode())

    def do_GET(self) -> None:
        if self.path == "/jwks":
            self._answer({"keys": [self.server.key.as_dict(private=False)]})
        else:
            self._answer(self.server.metadata())

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        token = {"access_token": "a", "token_type": "Bearer", "expires_in": 600}
        self._answer(token | {"id_token": self.server.id_token()})

    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture(scope="module")
def provider() -> Iterator[Provider]:
    with Provider() as running:
        thread = threading.Thread(target=running.serve_forever)
        thread.start()
        yield running
        running.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def with_provider(serving: Any, provider: Provider) -> Iterator[Any]:
    def prepare(home: Home, dashboards_port: int) -> None:
        home.oidc.parent.mkdir(parents=True, exist_ok=True)
        home.oidc.write_text(
            f'redirect_uri = "http://127.0.0.1:{dashboards_port}/oauth2callback"\n'
            'client_id = "savoir"\nclient_secret = "shh"\n'
            f'server_metadata_url = "{provider.issuer}/.well-known/openid-configuration"\n'
        )

    with serving(prepare, SAVOIR_TOKEN="the-token-that-signs-cookies") as running:  # noqa: S106
        yield running


class Visitor:
    """A browser as far as cookies and redirects go."""

    def __init__(self, site: Any) -> None:
        self.site = site
        self.cookies: dict[str, str] = {}

    def get(self, path: str) -> Any:
        cookie = {"Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())}
        answer = self.site.ask("GET", path, BROWSER | (cookie if self.cookies else {}))
        for line in answer.cookies:
            name, _, value = line.partition(";")[0].partition("=")
            self.cookies[name] = value
        return answer

    def sign_in(self, provider: Provider, path: str = "/") -> Any:
        """From a link to the provider and back, to where the browser ends up."""
        login = self.get(path)
        assert login.status == 303
        assert login.headers["location"].startswith("/auth/login?provider=")
        away = urlsplit(self.get(login.headers["location"]).headers["location"])
        assert f"{away.scheme}://{away.netloc}" == provider.issuer
        asked = parse_qs(away.query)
        provider.nonce = asked["nonce"][0]
        back = self.get(f"/oauth2callback?{urlencode({'code': 'c', 'state': asked['state'][0]})}")
        assert back.status in (302, 303, 307)
        return self.get("/")


def test_a_link_leads_to_the_provider_and_back_to_its_target(with_provider: Any, provider: Provider) -> None:
    provider.person = {"email": "Quality@example.com", "email_verified": True}
    visitor = Visitor(with_provider.dashboards)
    onward = visitor.sign_in(provider, "/claims?family=chainsaw&lang=fr")
    assert (onward.status, onward.headers["location"]) == (303, "/claims?family=chainsaw&lang=fr")
    visitor.cookies.pop("savoir_target")
    assert visitor.get("/claims?family=chainsaw&lang=fr").status == 200


@pytest.mark.parametrize(
    ("person", "status"),
    [
        ({"email": "admin@example.com", "email_verified": True}, 200),
        ({"email": "mallory@example.com", "email_verified": True}, 403),
        ({"email": "admin@example.com", "email_verified": False}, 303),
        ({"name": "admin@example.com"}, 303),
    ],
)
def test_the_verified_address_is_the_person(
    with_provider: Any, provider: Provider, person: dict[str, Any], status: int
) -> None:
    provider.person = person
    visitor = Visitor(with_provider.dashboards)
    visitor.sign_in(provider)
    visitor.cookies.pop("savoir_target", None)
    assert visitor.get("/").status == status


def test_dagsters_page_knows_who_signed_in_at_the_dashboards(with_provider: Any, provider: Provider) -> None:
    for name, status in (("admin", 200), ("quality", 403)):
        provider.person = {"email": f"{name}@example.com", "email_verified": True}
        visitor = Visitor(with_provider.dashboards)
        visitor.sign_in(provider)
        visitor.cookies.pop("savoir_target", None)
        visitor.site = with_provider.dagster
        assert visitor.get("/").status == status
    assert Visitor(with_provider.dagster).get("/").status == 401


def test_neither_a_forged_cookie_nor_the_token_opens(with_provider: Any) -> None:
    site = with_provider.dashboards
    forged = {"Cookie": "_streamlit_user=eyJlbWFpbCI6ImFkbWluQGV4YW1wbGUuY29tIn0.awi.AAAA"}
    for headers in (
        forged,
        {"Authorization": f"Bearer {site.token}"},
        {"X-Savoir-Person": "admin@example.com"},
    ):
        assert site.ask("GET", "/_stcore/host-config", headers).status == 401
        assert site.ask("GET", "/", headers | BROWSER).status == 303
    assert site.ask("GET", f"/?token={site.token}", BROWSER).status == 303


@pytest.mark.parametrize(
    "path", ["/oauth2callback?code=c&state=unknown", "/auth/login?provider=forged", "/auth/login"]
)
def test_the_ways_of_sign_in_let_nobody_in_by_themselves(with_provider: Any, path: str) -> None:
    visitor = Visitor(with_provider.dashboards)
    visitor.get(path)
    assert visitor.get("/").status == 303


WRONG = {
    "redirect_uri = 'x'": "must hold redirect_uri, client_id",
    "a": "cannot be read",
    "redirect_uri = 'https://a.eu'\nclient_id='a'\nclient_secret='b'\nserver_metadata_url='c'": "followed",
    "redirect_uri = 1\nclient_id='a'\nclient_secret='b'\nserver_metadata_url='c'": "each a text",
}


@pytest.mark.parametrize("text", WRONG)
def test_a_wrong_file_is_a_sentence(tmp_path: Any, text: str) -> None:
    home = Home.at(tmp_path)
    home.oidc.parent.mkdir()
    home.oidc.write_text(text)
    with pytest.raises(SignInError, match=WRONG[text]):
        oidc(home)
