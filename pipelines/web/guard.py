"""The layer itself: what every request passes, from the outside in.

1. `SecurityHeaders`: on every answer, refusals included.
2. Starlette's `TrustedHostMiddleware`: a name that was rebound to this machine is refused.
3. `SameOrigin`: whatever can change something, and every websocket, must come from our own pages; nothing of
   ours is loaded into somebody else's.
4. A session: the token of loopback or the cookie that it was exchanged for (`sessions`); beyond loopback a
   person whom a proxy or a provider names (`sign_in`).
5. `RoleGate`: nobody passes without a role, and to Dagster's page admins alone (`gate`).

Beside them `/health` answers a monitor without a session. Does not belong here: rules that one server alone
needs (Dagster's GraphQL: `dagster_page`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from pipelines.home import Home
from pipelines.web.gate import RoleGate
from pipelines.web.sessions import TokenSessions
from pipelines.web.sign_in import Oidc, OidcSessions, ProxySessions

LOOPBACK_HOSTS = ("127.0.0.1", "localhost")
HEALTH = "/health"
READING = frozenset({"GET", "HEAD"})

# Nothing of ours belongs in a frame, is read by another origin, or sends its address elsewhere. Not
# `no-referrer`: with it browsers send `Origin: null` with our own forms too.
_HEADERS = {
    "X-Frame-Options": "DENY",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=()",
}
# What a refusal may do: nothing, but be styled and sent back to us.
REFUSAL_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'"
)


@dataclass(frozen=True)
class Door:
    """What one server is guarded by.

    `server`: dashboards or dagster. `public_urls`: where a proxy shows it, as `https://savoir.example`.
    `trusted_header`: the one in which the proxy names the person. `provider`: of OpenID Connect.
    """

    home: Home
    server: str
    token: str
    cookie: str
    public_urls: Sequence[str] = ()
    trusted_header: str | None = None
    provider: Oidc | None = None

    @property
    def hosts(self) -> list[str]:
        """Names that are answered, without port."""
        public = (urlsplit(url).hostname for url in self.public_urls)
        return [*LOOPBACK_HOSTS, *(name for name in public if name)]


def guarded(
    app: ASGIApp, door: Door, content_policy: str, health: Callable[[], str] = lambda: "ok"
) -> ASGIApp:
    """The app behind the whole layer; `content_policy` is the CSP of its pages."""
    session = _session(RoleGate(app, door.home, door.server), door)
    same_origin = SameOrigin(_Health(session, health), door.public_urls)
    trusted = TrustedHostMiddleware(same_origin, allowed_hosts=door.hosts, www_redirect=False)
    return SecurityHeaders(trusted, content_policy)


def _session(app: ASGIApp, door: Door) -> ASGIApp:
    if door.trusted_header is not None:
        return ProxySessions(app, door.token, door.trusted_header)
    if door.provider is not None:
        return OidcSessions(app, door.token, door.provider, is_login_here=door.server == "dashboards")
    return TokenSessions(app, door.token, door.cookie)


class SecurityHeaders:
    """Sets our headers on every answer and takes away what would let another origin read it."""

    def __init__(self, app: ASGIApp, content_policy: str) -> None:
        self.app = app
        self.content_policy = content_policy

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return

        async def answer(message: Message) -> None:
            if message["type"] in ("http.response.start", "websocket.http.response.start"):
                headers = MutableHeaders(scope=message)
                for name in list(headers):
                    if name.startswith("access-control-") or name == "feature-policy":
                        del headers[name]
                headers.update(_HEADERS)
                is_refused = message["status"] >= 400
                # A page's own policy stays beside ours: a browser obeys both.
                headers.append(
                    "Content-Security-Policy", REFUSAL_POLICY if is_refused else self.content_policy
                )
                if is_refused:
                    headers["Cache-Control"] = "no-store"
            await send(message)

        await self.app(scope, receive, answer)


class SameOrigin:
    """Refuses what another page asks a browser to send here.

    `Origin` must be ours wherever something can change. SameSite cookies are no substitute: they ignore the
    port, so that any other server on this machine counts as the same site.
    """

    def __init__(self, app: ASGIApp, public_urls: Sequence[str] = ()) -> None:
        self.app = app
        self.public_urls = frozenset(public_urls)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        refusal = None if scope["type"] == "lifespan" else _refusal(scope, self.public_urls)
        if refusal is None:
            await self.app(scope, receive, send)
        else:
            await PlainTextResponse(refusal, 403)(scope, receive, send)


def _refusal(scope: Scope, public_urls: frozenset[str]) -> str | None:
    headers = Headers(scope=scope)
    changes = scope["type"] == "websocket" or scope["method"] not in READING
    if changes and not _is_own_origin(headers.getlist("origin"), scope, headers.get("host", ""), public_urls):
        named = headers.get("origin", "no origin")
        return f"Refused: this was sent from {named}. Savoir is changed from its own pages alone.\n"
    is_navigation = (
        headers.get("sec-fetch-mode") == "navigate" and headers.get("sec-fetch-dest") == "document"
    )
    is_foreign = headers.get("sec-fetch-site") in ("cross-site", "same-site")
    if is_foreign and (changes or not is_navigation):
        return "Refused: another site's page asked for this. Open it in a window of its own.\n"
    return None


def _is_own_origin(origins: list[str], scope: Scope, host: str, public_urls: frozenset[str]) -> bool:
    scheme = {"ws": "http", "wss": "https"}.get(scope["scheme"], scope["scheme"])
    # Behind a proxy that ends TLS the scheme is another than the page's, the host is the same.
    own = {f"{scheme}://{host}"} | {url for url in public_urls if urlsplit(url).netloc == host}
    return len(origins) == 1 and origins[0] in own


class _Health:
    """One line for a monitor, which has no session."""

    def __init__(self, app: ASGIApp, health: Callable[[], str]) -> None:
        self.app = app
        self.health = health

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["method"] in READING and scope["path"] == HEALTH:
            line = await run_in_threadpool(self.health)
            # A monitor that reads no text reads the code.
            code = 200 if line.startswith("ok") else 503
            await PlainTextResponse(f"{line}\n", code)(scope, receive, send)
        else:
            await self.app(scope, receive, send)
