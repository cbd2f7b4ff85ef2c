"""The token that `savoir serve` prints, and the cookie that it is exchanged for.

A link with `?token=…` sets the cookie and leads to itself without the token, so that neither history nor a
screenshot keeps it. A link opened without a session asks for the token and keeps its target. Scripts send
`Authorization: Bearer <token>` instead.

The cookie holds no secret: it is signed with the token, so that both servers know it and a new token ends
every session. It is named after a port, because browsers share cookies between the ports of one host.
"""

from __future__ import annotations

import hmac
import secrets
from urllib.parse import parse_qs, parse_qsl, urlencode

from itsdangerous import BadSignature, URLSafeTimedSerializer
from starlette.datastructures import Headers
from starlette.requests import HTTPConnection, Request
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from pipelines.errors import SavoirError
from pipelines.web.gate import named
from pipelines.web.sign_in_page import again_page, sign_in_page

SIGN_IN = "/sign-in"
SESSION_SECONDS = 7 * 24 * 3600
SHORTEST_TOKEN = 24
_SALT = "savoir session"
_LARGEST_FORM = 10_000


class TokenError(SavoirError):
    """The token that was given is none to rely on."""


def new_token(given: str | None = None) -> str:
    """The token of one `savoir serve`: the given one (`SAVOIR_TOKEN`), else 256 random bits."""
    if not given:
        return secrets.token_urlsafe(32)
    if len(given) < SHORTEST_TOKEN or not given.isascii() or not given.isprintable():
        raise TokenError(
            f"SAVOIR_TOKEN must be at least {SHORTEST_TOKEN} printable ASCII characters, this one has "
            f"{len(given)}. Leave it unset and `savoir serve` makes one."
        )
    return given


class TokenSessions:
    """Lets a request pass that shows the token or its cookie; all others are asked for it."""

    def __init__(self, app: ASGIApp, token: str, cookie: str) -> None:
        self.app = app
        self.token = token
        self.cookie = cookie
        self.signer = URLSafeTimedSerializer(token, salt=_SALT)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        answer = await self._answer(scope, receive)
        await (self.app if answer is None else answer)(named(scope, None), receive, send)

    async def _answer(self, scope: Scope, receive: Receive) -> Response | None:
        """What is answered in the app's place; None lets the request pass."""
        connection = HTTPConnection(scope)
        is_page = scope["type"] == "http" and scope["method"] == "GET"
        if scope["type"] == "http" and scope["method"] == "POST" and scope["path"] == SIGN_IN:
            return await self._signed_in(Request(scope, receive))
        if is_page and "token" in connection.query_params:
            if not same(connection.query_params["token"], self.token):
                return self._asking(connection, is_wrong=True)
            return self._with_cookie(connection, target_of(scope))
        if self._has_session(connection):
            return None
        if is_page and is_read_by_people(connection.headers):
            if connection.headers.get("sec-fetch-site") == "cross-site":
                # Opened from a mail or a chat: SameSite=Strict kept the cookie back. Asked for by our own
                # page, the same address brings it.
                return HTMLResponse(again_page(target_of(scope)), 401)
            return self._asking(connection)
        return PlainTextResponse(
            "No session. Open the address that `savoir serve` printed, or send its token as "
            "'Authorization: Bearer <token>'.\n",
            401,
        )

    def _has_session(self, connection: HTTPConnection) -> bool:
        if shows_token(connection.headers, self.token):
            return True
        try:
            self.signer.loads(connection.cookies.get(self.cookie, ""), max_age=SESSION_SECONDS)
        except BadSignature:
            return False
        return True

    async def _signed_in(self, request: Request) -> Response:
        body = b""
        async for chunk in request.stream():
            body += chunk
            if len(body) > _LARGEST_FORM:
                return PlainTextResponse("This is not a sign-in form.\n", 413)
        form = parse_qs(body.decode(errors="replace"))
        target = local(form.get("target", ["/"])[0])
        if same(form.get("token", [""])[0].strip(), self.token):
            return self._with_cookie(request, target)
        return HTMLResponse(sign_in_page(SIGN_IN, target, _language(request.headers), is_wrong=True), 401)

    def _asking(self, connection: HTTPConnection, *, is_wrong: bool = False) -> Response:
        page = sign_in_page(
            SIGN_IN, target_of(connection.scope), _language(connection.headers), is_wrong=is_wrong
        )
        return HTMLResponse(page, 401)

    def _with_cookie(self, connection: HTTPConnection, target: str) -> Response:
        answer = RedirectResponse(target, 303, headers={"Cache-Control": "no-store"})
        answer.set_cookie(
            self.cookie,
            self.signer.dumps("token"),
            max_age=SESSION_SECONDS,
            httponly=True,
            samesite="strict",
            secure=connection.url.scheme == "https",
        )
        return answer


def shows_token(headers: Headers, token: str) -> bool:
    """Whether the request carries the token as `Authorization: Bearer`."""
    scheme, _, shown = headers.get("authorization", "").partition(" ")
    return scheme.lower() == "bearer" and same(shown.strip(), token)


def same(shown: str, token: str) -> bool:
    """Whether two secrets are equal, in a time that does not tell how much of them is."""
    return hmac.compare_digest(shown.encode(errors="replace"), token.encode())


def target_of(scope: Scope) -> str:
    """Path and query of a request, without the token."""
    query = [
        (name, value)
        for name, value in parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)
        if name != "token"
    ]
    path = scope.get("raw_path", scope["path"].encode()).decode("latin-1")
    return local(path + (f"?{urlencode(query)}" if query else ""))


def local(target: str) -> str:
    """The target if it is a path of ours, else the first page: `//host` and `/\\host` lead elsewhere."""
    is_path = target.startswith("/") and not target.startswith("//") and "\\" not in target
    return target if is_path and target.isprintable() and not target.startswith(SIGN_IN) else "/"


def is_read_by_people(headers: Headers) -> bool:
    return "text/html" in headers.get("accept", "")


def _language(headers: Headers) -> str:
    return "fr" if headers.get("accept-language", "").lower().startswith("fr") else "en"
