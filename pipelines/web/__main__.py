"""`python -m pipelines.web dashboards|dagster …`: one of the servers, as `savoir serve` starts it.

The token comes in SAVOIR_TOKEN, not as an option: everybody on the machine can read a command line.
"""

from __future__ import annotations

import logging
import os

import click
import uvicorn
from starlette.types import ASGIApp

from pipelines.home import Home
from pipelines.serving import TOKEN_VARIABLE
from pipelines.web.dashboards import dashboards
from pipelines.web.guard import Door
from pipelines.web.sign_in import oidc

# Longer than a page's last messages, shorter than `savoir serve` waits.
GRACE_SECONDS = 5
LARGEST_MESSAGE_BYTES = 200 * 1024**2


@click.command()
@click.argument("server", type=click.Choice(["dashboards", "dagster"]))
@click.option("--address", required=True)
@click.option("--port", required=True, type=int)
@click.option("--cookie", required=True)
@click.option("--public-url", "public_urls", multiple=True)
@click.option("--trust-header", "trusted_header")
def main(
    server: str,
    address: str,
    port: int,
    cookie: str,
    public_urls: tuple[str, ...],
    trusted_header: str | None,
) -> None:
    """Serve one of the two for the home in SAVOIR_HOME until a signal comes."""
    # Taken out of the environment: neither a run nor a code location of Dagster has any use for it.
    token = os.environ.pop(TOKEN_VARIABLE)
    home = Home.at()
    door = Door(home, server, token, cookie, public_urls, trusted_header, oidc(home))
    if server == "dashboards":
        _run(dashboards(door), address, port)
        return
    from pipelines.web.dagster_page import dagster_page

    with dagster_page(door) as page:
        _run(page, address, port)


def _run(app: ASGIApp, address: str, port: int) -> None:
    config = uvicorn.Config(
        app,
        host=address,
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
