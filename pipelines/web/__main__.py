"""`python -m pipelines.web dashboards|dagster --port N --cookie NAME`: one of the servers of `savoir serve`.

The token comes in SAVOIR_TOKEN, not as an option: everybody on the machine can read a command line.
"""

from __future__ import annotations

import logging
import os

import click
import uvicorn
from starlette.types import ASGIApp

from pipelines.serving import LOOPBACK, TOKEN_VARIABLE
from pipelines.web.dashboards import dashboards

# Longer than a page's last messages, shorter than `savoir serve` waits.
GRACE_SECONDS = 5
LARGEST_MESSAGE_BYTES = 200 * 1024**2


@click.command()
@click.argument("server", type=click.Choice(["dashboards", "dagster"]))
@click.option("--port", required=True, type=int)
@click.option("--cookie", required=True)
def main(server: str, port: int, cookie: str) -> None:
    """Serve one of the two on loopback until a signal comes."""
    # Taken out of the environment: neither a run nor a code location of Dagster has any use for it.
    token = os.environ.pop(TOKEN_VARIABLE)
    if server == "dashboards":
        _run(dashboards(token, cookie), port)
        return
    from pipelines.web.dagster_page import dagster_page

    with dagster_page(token, cookie) as page:
        _run(page, port)


def _run(app: ASGIApp, port: int) -> None:
    config = uvicorn.Config(
        app,
        host=LOOPBACK,
        port=port,
        log_level="warning",
        access_log=False,
        server_header=False,
        proxy_headers=False,
        ws="websockets-sansio",
        ws_max_size=LARGEST_MESSAGE_BYTES,
        timeout_graceful_shutdown=GRACE_SECONDS,
    )
    # An access log would hold the token of the first request, and Streamlit switches it on again.
    logging.getLogger("uvicorn.access").disabled = True
    uvicorn.Server(config).run()


if __name__ == "__main__":
    main()
