"""Dagster's page behind the guard, and its GraphQL narrowed to the one form that its own page uses.

As Dagster serves it, GraphQL takes mutations by GET and in the query string of a POST without a JSON body.
The rule stands at the endpoint, not at a path, so that no spelling of a path leads around it.
"""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

import dagster as dg
from dagster._core.workspace.context import WorkspaceProcessContext
from dagster._core.workspace.load_target import ModuleTarget
from dagster_webserver.version import __version__
from dagster_webserver.webserver import DagsterWebserver
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp

from pipelines.web.guard import Door, guarded

CODE_LOCATION = "pipelines.definitions"
# Beside the policy of Dagster's own page, which names the nonces of its scripts.
CONTENT_POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; font-src 'self' data:; worker-src 'self' blob:; connect-src 'self'; "
    "media-src 'self'; object-src 'none'; form-action 'self'; frame-ancestors 'none'"
)


class PostingWebserver(DagsterWebserver[Any, Any]):
    """Dagster's web server whose GraphQL takes one JSON document by POST, and nothing else."""

    async def graphql_http_endpoint(self, request: Request) -> Response:
        """Dagster's own answer, or a sentence that says which form is taken."""
        if request.method != "POST":
            return PlainTextResponse(
                "Refused: GraphQL is asked by POST alone.\n", 405, headers={"Allow": "POST"}
            )
        media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        # The page itself names its operation in `?op=…`, for whoever reads a log.
        if media_type != "application/json" or not set(request.query_params) <= {"op"}:
            return PlainTextResponse(
                "Refused: GraphQL is asked with a JSON body (Content-Type: application/json), nothing in "
                "the address.\n",
                415,
            )
        try:
            is_one = isinstance(await request.json(), dict)
        except ValueError:
            is_one = False
        if not is_one:
            return PlainTextResponse("Refused: the body is not one GraphQL operation in JSON.\n", 400)
        return await super().graphql_http_endpoint(request)


@contextmanager
def dagster_page(door: Door) -> Generator[ASGIApp]:
    """Dagster's page on the instance in DAGSTER_HOME, with the code location loaded in a child of its own."""
    with dg.DagsterInstance.get() as instance:
        # The values of Dagster's own command: statements end after 15 s, connections are renewed hourly.
        instance.optimize_for_webserver(15_000, 3_600, 20)
        target = ModuleTarget(CODE_LOCATION, attribute=None, working_directory=None, location_name=None)
        with WorkspaceProcessContext(
            instance, target, version=__version__, code_server_log_level="WARNING"
        ) as workspace:
            page = PostingWebserver(workspace, live_data_poll_rate=2_000).create_asgi_app()
            yield guarded(page, door, CONTENT_POLICY)
