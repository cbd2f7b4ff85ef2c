"""Who somebody is, told to the app, and whether they may be here at all.

Every request that passed a session names its person in one header, which nobody outside can set: it is taken
away from whatever comes in. A person without a role is refused at the door, and so is everybody while
`roles.yml` cannot be followed.

Does not belong here: how a person is recognised (`sessions`), or what a role may see (`pipelines.queries`).
"""

from __future__ import annotations

import time
from urllib.parse import quote

from starlette.concurrency import run_in_threadpool
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from pipelines.home import Home
from pipelines.roles import PERSON_HEADER, NoRoleError, Person, RolesError, person
from pipelines.state import record

# One line in the log of the home per person, server and hour, not per request.
_SIGHT_SECONDS = 3600


def named(scope: Scope, name: str | None) -> Scope:
    """The request as the app sees it: with the person's name, or with nobody's."""
    header = PERSON_HEADER.lower().encode()
    headers = [(key, value) for key, value in scope["headers"] if key.lower() != header]
    if name is not None:
        headers.append((header, quote(name, safe="@").encode()))
    return {**scope, "headers": headers, "savoir.person": name}


class RoleGate:
    """Lets those pass whose role allows this server; for `dagster` that is admin alone."""

    def __init__(self, app: ASGIApp, home: Home, server: str) -> None:
        self.app = app
        self.home = home
        self.server = server
        self.seen: dict[tuple[str, bool], float] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        # On the way to the provider and back there is nobody yet.
        if scope["type"] == "lifespan" or scope.get("savoir.is_login"):
            await self.app(scope, receive, send)
            return
        refusal = await run_in_threadpool(self._refusal, scope.get("savoir.person"))
        if refusal is None:
            await self.app(scope, receive, send)
        else:
            await PlainTextResponse(f"{refusal}\n", 403)(scope, receive, send)

    def _refusal(self, name: str | None) -> str | None:
        try:
            who: Person = person(self.home, name)
        except NoRoleError as error:
            self._note("sign_in_refused", name or "nobody")
            return str(error)
        except RolesError as error:
            return str(error)
        if self.server == "dagster" and not who.may_operate:
            self._note("sign_in_refused", who.name)
            return "Refused: Dagster's page is for the role admin."
        self._note("sign_in", who.name)
        return None

    def _note(self, action: str, name: str) -> None:
        key, now = (name, action == "sign_in"), time.monotonic()
        if now - self.seen.get(key, -_SIGHT_SECONDS) >= _SIGHT_SECONDS:
            # Whoever tries names by the thousand fills neither memory nor log without end.
            if len(self.seen) > 10_000:
                self.seen.clear()
            self.seen[key] = now
            record(self.home, action, self.server, name)
