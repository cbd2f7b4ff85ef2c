"""Builds, servers, the simulator and their state.

Belongs here: options, their words, exit codes. Does not belong here: anything that another caller could want
too. Imports are made inside commands: `savoir --help` need not load Dagster and dbt.
"""

from __future__ import annotations

import gc
import os
from datetime import date, datetime
from pathlib import Path

import click

from pipelines.commands.words import EXIT_RED, EXIT_REFUSED, AtHome, IsoDay, UtcMoment
from pipelines.errors import SavoirError
from pipelines.home import Home
from pipelines.terminal import say, show


@click.command(cls=AtHome)
@click.option("--as-of", type=IsoDay(), help="Leave out events after this day. Default: today in Paris.")
@click.option(
    "--known-on", type=UtcMoment(), help="Leave out deliveries after this UTC moment. Default: none."
)
@click.pass_obj
@click.pass_context
def build(context: click.Context, home: Home, as_of: date | None, known_on: datetime | None) -> None:
    """Ingest what waits in inbox/, build, check, publish.

    \b
    Exit code 0  published, and the door refused nothing
              1  red: nothing was published, the last good snapshot is still in place
              3  published, but the door put rows aside (see `savoir quarantine`)
    """
    say("loading Dagster and dbt")
    # A million objects of Dagster and dbt live as long as this process: searching them for garbage, again and
    # again and once more at the exit, took a tenth of a build.
    gc.set_threshold(200_000, 50, 100)
    context.call_on_close(gc.freeze)
    from pipelines.orchestration.run_build import run_build
    from pipelines.summary import summary

    outcome = run_build(home, as_of.isoformat() if as_of else "", known_on.isoformat() if known_on else "")
    if not outcome.is_published:
        raise SavoirError(f"Nothing was published.\n{outcome.reason}\n{_still_served(home)}")
    show(summary(home))
    if outcome.has_refusals:
        say("The door refused something: see the lines above, and `savoir quarantine` for rows and reasons.")
        context.exit(EXIT_REFUSED)


@click.command(cls=AtHome)
@click.option("--dashboards-port", default=8501, show_default=True, type=click.IntRange(1, 65535))
@click.option("--dagster-port", default=3000, show_default=True, type=click.IntRange(1, 65535))
@click.option("--address", default="127.0.0.1", show_default=True, help="What to listen on.")
@click.option(
    "--public-url", "public_urls", multiple=True, help="Where a proxy shows a server; may be repeated."
)
@click.option("--trust-header", help="The header in which that proxy names the person who is signed in.")
@click.pass_obj
def serve(
    home: Home,
    dashboards_port: int,
    dagster_port: int,
    address: str,
    public_urls: tuple[str, ...],
    trust_header: str | None,
) -> None:
    """Dashboards, plus Dagster with its schedules, on this machine alone; Ctrl-C stops both.

    The addresses carry the token of this start (SAVOIR_TOKEN, else a new one): who has it may do everything.
    Beyond this machine people sign in and roles.yml says who may see what: docs/security.md.
    """
    from pipelines.dictionary import write_dictionary
    from pipelines.orchestration.instance import create_storage, prepare_instance
    from pipelines.orchestration.manifest import prepared
    from pipelines.roles import check as check_roles
    from pipelines.serving import TOKEN_VARIABLE, Reach, refuse_unsafe, servers
    from pipelines.serving import serve as serve_children
    from pipelines.web.sessions import new_token
    from pipelines.web.sign_in import oidc

    reach = Reach(address, public_urls, trust_header, has_provider=oidc(home) is not None)
    refuse_unsafe(reach, home.roles)
    if home.roles.exists():
        check_roles(home)
    token = new_token(os.environ.pop(TOKEN_VARIABLE, None))
    show(f"data dictionary: {write_dictionary(prepared().manifest, home.docs).as_uri()}")
    environment = prepare_instance(home)
    create_storage()
    serve_children(servers(dashboards_port, dagster_port, token, reach), environment, show)


@click.command(cls=AtHome)
@click.option("--lines", required=True, type=click.IntRange(min=1), help="Order lines to sell.")
@click.option(
    "--seed", default=1, show_default=True, type=click.IntRange(min=0), help="The same seed, the same files."
)
@click.option("--end", required=True, type=IsoDay(), help="Last day of the simulated history.")
@click.option(
    "--scenario",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="What to plant: bad lots and other plans. Default: one bad lot.",
)
@click.pass_obj
def simulate(home: Home, lines: int, seed: int, end: date, scenario: Path | None) -> None:
    """Canonical feeds of an invented retailer into inbox/, what was planted into truth/."""
    from pipelines.simulation import simulate as simulate_retailer

    written = simulate_retailer(home.make(), lines, seed, end, scenario, say)
    for feed, rows in written.rows.items():
        show(f"{feed:16}{rows:>13,}")


@click.command(cls=AtHome)
@click.pass_obj
@click.pass_context
def status(context: click.Context, home: Home) -> None:
    """One line for a monitor. Exit code 1 where the last build is older than 26 hours or a feed stopped."""
    from pipelines.status import status as status_of

    found = status_of(home)
    show(found.line)
    if found.state != "ok":
        context.exit(EXIT_RED)


def _still_served(home: Home) -> str:
    if not home.current.exists():
        return "No snapshot has been published in this home yet."
    return f"Readers still see {home.current.resolve().name}."
