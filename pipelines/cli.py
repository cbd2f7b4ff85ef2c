"""The command line. Each command calls one function of another module and prints what it answers.

Belongs here: options, their words, exit codes. Does not belong here: anything that another caller could want
too. Imports are made inside commands: `savoir --help` need not load Dagster and dbt.
"""

from __future__ import annotations

import re
import sys
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import click

from pipelines.errors import SavoirError
from pipelines.home import Home

EXIT_RED = 1
EXIT_REFUSED = 3
WEEK = re.compile(r"\d{4}-W\d{2}")


class _Sentences(click.Group):
    """Prints our own errors as the sentences they are, without a traceback."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except SavoirError as error:
            click.echo(f"Error: {error}", err=True)
            ctx.exit(EXIT_RED)


class IsoDay(click.ParamType):
    """A day as 2026-10-31."""

    name = "date"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> date:
        try:
            return value if isinstance(value, date) else date.fromisoformat(value)
        except ValueError:
            self.fail(f"{value!r} is not a day. Write it as 2026-10-31.", param, ctx)


class UtcMoment(click.ParamType):
    """A moment as 2026-10-31T05:00; without a zone it is UTC."""

    name = "timestamp"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        try:
            moment = value if isinstance(value, datetime) else datetime.fromisoformat(value)
        except ValueError:
            self.fail(f"{value!r} is not a moment. Write it as 2026-10-31T05:00:00, in UTC.", param, ctx)
        return moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment


class IsoWeek(click.ParamType):
    """An ISO week as 2026-W47."""

    name = "week"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        try:
            if not WEEK.fullmatch(value):
                raise ValueError
            date.fromisoformat(f"{value}-1")
        except ValueError:
            self.fail(f"{value!r} is not a week. Write it as 2026-W47.", param, ctx)
        return value


@click.group(cls=_Sentences, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--home",
    "root",
    type=click.Path(file_okay=False, path_type=Path),
    envvar="SAVOIR_HOME",
    default=Path("data"),
    show_default=True,
    help="Folder of everything that Savoir reads and writes. Also SAVOIR_HOME.",
)
@click.version_option(package_name="savoir", prog_name="savoir")
@click.pass_context
def main(context: click.Context, root: Path) -> None:
    """Warranty claims, from files to answers."""
    context.obj = Home.at(root)


@main.command()
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
    from pipelines.orchestration.run_build import run_build
    from pipelines.summary import summary

    outcome = run_build(home, as_of.isoformat() if as_of else "", known_on.isoformat() if known_on else "")
    if not outcome.is_published:
        raise SavoirError(f"Nothing was published.\n{outcome.reason}\n{_still_served(home)}")
    click.echo(summary(home))
    if outcome.has_refusals:
        say("The door refused something: see the lines above, and `savoir quarantine` for rows and reasons.")
        context.exit(EXIT_REFUSED)


@main.command()
@click.option("--dashboards-port", default=8501, show_default=True, type=click.IntRange(1, 65535))
@click.option("--dagster-port", default=3000, show_default=True, type=click.IntRange(1, 65535))
@click.pass_obj
def serve(home: Home, dashboards_port: int, dagster_port: int) -> None:
    """Dashboards, plus Dagster with its schedules, on this machine alone; Ctrl-C stops both."""
    from pipelines.orchestration.instance import prepare_instance
    from pipelines.serving import serve as serve_children
    from pipelines.serving import servers

    serve_children(servers(dashboards_port, dagster_port), prepare_instance(home), click.echo)


@main.command()
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
        click.echo(f"{feed:16}{rows:>13,}")


def say(text: str) -> None:
    """A line about the work, kept apart from its result."""
    click.echo(text, err=True)


def _still_served(home: Home) -> str:
    if not home.current.exists():
        return "No snapshot has been published in this home yet."
    return f"Readers still see {home.current.resolve().name}."


if __name__ == "__main__":
    sys.exit(main())
