"""The layer itself: what every request passes, from the outside in.

1. `SecurityHeaders`: on every answer, refusals included.
2. Starlette's `TrustedHostMiddleware`: a name that was rebound to this machine is refused.
3. `SameOrigin`: whatever can change something, and every websocket, must come from our own pages; nothing of
   ours is loaded into somebody else's.
4. `Sessions`: nobody passes without the token, or the cookie that it was exchanged for.

Beside them `/health` answers a monitor without a session. Does not belong here: rules that one server alone
needs (Dagster's GraphQL: `dagster_page`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from pipelines.web.sessions import Sessions

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
    """What one server is guarded by. `hosts` are names without port; `content_policy` is its pages' CSP."""

    token: str
    cookie: str
    content_policy: str
    hosts: Sequence[str] = LOOPBACK_HOSTS


def guarded(app: ASGIApp, door: Door, health: Callable[[], str] = lambda: "ok") -> ASGIApp:
    """The app behind the whole layer."""
    inner = Sessions(app, door.token, door.cookie)
    same_origin = SameOrigin(_Health(inner, health))
    trusted = TrustedHostMiddleware(same_origin, allowed_hosts=list(door.hosts), www_redirect=False)
    return SecurityHeaders(trusted, door.content_policy)


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

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        refusal = None if scope["type"] == "lifespan" else _refusal(scope)
        if refusal is None:
            await self.app(scope, receive, send)
        else:
            await PlainTextResponse(refusal, 403)(scope, receive, send)


def _refusal(scope: Scope) -> str | None:
    headers = Headers(scope=scope)
    changes = scope["type"] == "websocket" or scope["method"] not in READING
    if changes and headers.getlist("origin") != [_own_origin(scope, headers)]:
        named = headers.get("origin", "no origin")
        return f"Refused: this was sent from {named}. Savoir is changed from its own pages alone.\n"
    is_navigation = (
        headers.get("sec-fetch-mode") == "navigate" and headers.get("sec-fetch-dest") == "document"
    )
    is_foreign = headers.get("sec-fetch-site") in ("cross-site", "same-site")
    if is_foreign and (changes or not is_navigation):
        return "Refused: another site's page asked for this. Open it in a window of its own.\n"
    return None


def _own_origin(scope: Scope, headers: Headers) -> str:
    scheme = {"ws": "http", "wss": "https"}.get(scope["scheme"], scope["scheme"])
    return f"{scheme}://{headers.get('host', '')}"


class _Health:
    """One line for a monitor, which has no session."""

    def __init__(self, app: ASGIApp, health: Callable[[], str]) -> None:
        self.app = app
        self.health = health

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["method"] in READING and scope["path"] == HEALTH:
            await PlainTextResponse(f"{self.health()}\n")(scope, receive, send)
        else:
            await self.app(scope, receive, send)
