"""How people beyond loopback show who they are: by a proxy that names them, or by OpenID Connect.

A proxy proves itself with the token (`Authorization: Bearer …`) and names the person in the header that it
was told to set. With OpenID Connect, Streamlit's own login keeps the person in a signed cookie; both servers
read it, and whoever comes without one is led to the provider before the app sees anything of them.

Does not belong here: the token of loopback (`sessions`), roles (`gate`).
"""

from __future__ import annotations

import json
import tomllib
from dataclasses import dataclass
from urllib.parse import urlencode, urlsplit

from starlette.datastructures import Headers
from starlette.requests import HTTPConnection
from starlette.responses import PlainTextResponse, RedirectResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from pipelines.errors import SavoirError
from pipelines.home import Home
from pipelines.web.gate import named
from pipelines.web.sessions import is_read_by_people, local, shows_token, target_of

CALLBACK = "/oauth2callback"
LOGIN = "/auth/login"
LOGOUT = "/auth/logout"
TARGET_COOKIE = "savoir_target"
_KEYS = ("redirect_uri", "client_id", "client_secret", "server_metadata_url")


class SignInError(SavoirError):
    """The sign-in is not set up as it must be."""


@dataclass(frozen=True)
class Oidc:
    """The provider, as `secrets/oidc.toml` in the home names it."""

    redirect_uri: str
    client_id: str
    client_secret: str
    server_metadata_url: str

    @property
    def origin(self) -> str:
        """Where the dashboards are seen from outside."""
        parts = urlsplit(self.redirect_uri)
        return f"{parts.scheme}://{parts.netloc}"


def oidc(home: Home) -> Oidc | None:
    """The provider of this home; None where there is no file that names one."""
    path = home.oidc
    if not path.exists():
        return None
    try:
        read = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SignInError(f"{path} cannot be read: {error}.") from None
    if set(read) != set(_KEYS) or not all(isinstance(value, str) and value for value in read.values()):
        raise SignInError(f"{path} must hold {', '.join(_KEYS)}, each a text, and nothing else.")
    if not read["redirect_uri"].endswith(CALLBACK) or urlsplit(read["redirect_uri"]).path != CALLBACK:
        raise SignInError(
            f"{path}: redirect_uri is {read['redirect_uri']!r}. It is the dashboards' address as people see "
            f"it, followed by {CALLBACK}."
        )
    return Oidc(**read)


class ProxySessions:
    """Lets a request pass that the proxy vouches for, and names the person that the proxy names."""

    def __init__(self, app: ASGIApp, token: str, header: str) -> None:
        self.app = app
        self.token = token
        self.header = header

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        names = headers.getlist(self.header)
        if not shows_token(headers, self.token) or len(names) != 1 or not names[0].strip():
            sentence = "No session. Open Savoir through the proxy that signs you in.\n"
            await PlainTextResponse(sentence, 401)(scope, receive, send)
            return
        await self.app(named(scope, names[0].strip()), receive, send)


class OidcSessions:
    """Lets a request pass that carries the signed cookie of Streamlit's login; others go to the provider."""

    def __init__(self, app: ASGIApp, token: str, provider: Oidc, *, is_login_here: bool) -> None:
        self.app = app
        self.token = token
        self.provider = provider
        self.is_login_here = is_login_here

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        connection = HTTPConnection(scope)
        name = self._name(connection)
        is_page = (
            scope["type"] == "http" and scope["method"] == "GET" and is_read_by_people(connection.headers)
        )
        if self.is_login_here and scope["type"] == "http" and scope["path"] in (LOGIN, CALLBACK, LOGOUT):
            await self.app({**named(scope, name), "savoir.is_login": True}, receive, send)
        elif name is not None:
            kept = connection.cookies.get(TARGET_COOKIE)
            if is_page and kept:
                # Streamlit's login ends at the first page: on to where the person came from.
                onward = RedirectResponse(local(kept), 303)
                onward.delete_cookie(TARGET_COOKIE)
                await onward(scope, receive, send)
            else:
                await self.app(named(scope, name), receive, send)
        elif is_page and self.is_login_here:
            await self._to_provider(scope)(scope, receive, send)
        else:
            sentence = f"No session. Sign in at {self.provider.origin} first.\n"
            await PlainTextResponse(sentence, 401)(scope, receive, send)

    def _to_provider(self, scope: Scope) -> RedirectResponse:
        from streamlit.auth_util import encode_provider_token

        answer = RedirectResponse(f"{LOGIN}?{urlencode({'provider': encode_provider_token('default')})}", 303)
        # Lax: the provider's page leads back here.
        answer.set_cookie(TARGET_COOKIE, target_of(scope), max_age=600, httponly=True, samesite="lax")
        return answer

    def _name(self, connection: HTTPConnection) -> str | None:
        from streamlit.auth_util import get_cookie_with_chunks
        from streamlit.web.server.starlette.starlette_app_utils import decode_signed_value
        from streamlit.web.server.starlette.starlette_server_config import USER_COOKIE_NAME

        def signed(cookie: str) -> bytes | None:
            value = connection.cookies.get(cookie)
            return decode_signed_value(self.token, cookie, value.encode("latin-1")) if value else None

        found = get_cookie_with_chunks(signed, USER_COOKIE_NAME)
        if not found:
            return None
        person = json.loads(found)
        is_known = person.get("is_logged_in") is True and person.get("origin") == self.provider.origin
        # An address that the provider did not verify may be anybody's.
        return person.get("email") if is_known and person.get("email_verified") is not False else None
