"""The dashboards behind the guard. Does not belong here: anything that a page shows."""

from __future__ import annotations

from dataclasses import asdict

from starlette.types import ASGIApp

from pipelines.home import PROJECT_DIR
from pipelines.status import status
from pipelines.web.guard import Door, guarded

SCRIPT = PROJECT_DIR / "dashboards" / "streamlit_app.py"

# Streamlit styles its elements one by one and Vega compiles its expressions; nothing comes from elsewhere.
CONTENT_POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; font-src 'self' data:; worker-src 'self' blob:; connect-src 'self'; "
    "object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)


def dashboards(door: Door) -> ASGIApp:
    """The Streamlit app as ASGI. One per process: Streamlit keeps its settings and its runtime globally."""
    from streamlit import config
    from streamlit.starlette import App

    provider = door.provider
    # The cookie of Streamlit's login is signed with the token, so that Dagster's page can read it too.
    secrets = {"auth": {**asdict(provider), "cookie_secret": door.token}} if provider else None
    app = App(SCRIPT, secrets=secrets)
    config.set_option("server.allowedHosts", door.hosts)
    return guarded(app, door, CONTENT_POLICY, health=lambda: status(door.home).line)
