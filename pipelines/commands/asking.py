"""What the published file answers: SQL, an assistant, replays, the dictionary.

Belongs here: options, their words, exit codes. Does not belong here: anything that another caller could want
too. Imports are made inside commands: `savoir --help` need not load Dagster and dbt.
"""

from __future__ import annotations

import sys
from pathlib import Path

import click

from pipelines.commands.words import AtHome
from pipelines.home import Home
from pipelines.terminal import say, show


@click.command(cls=AtHome)
@click.option("-c", "--command", "statement", help="One statement; without it, a prompt.")
@click.option(
    "--format", "form", type=click.Choice(["table", "csv", "json"]), default="table", show_default=True
)
@click.option(
    "--rows", default=10_000, show_default=True, type=click.IntRange(1, 10_000_000), help="At most."
)
@click.option("--seconds", default=60, show_default=True, type=click.IntRange(1, 3600), help="At most.")
@click.pass_obj
def sql(home: Home, statement: str | None, form: str, rows: int, seconds: int) -> None:
    """Ask the published file in SQL, read-only and within limits. Twenty questions: docs/analysts.md."""
    from pipelines.analysts import Limits
    from pipelines.analysts.prompt import ask_once, converse, typed_lines
    from pipelines.queries.snapshot import snapshot_path

    path, limits = snapshot_path(home), Limits(seconds=seconds, rows=rows)
    if statement is not None:
        show(ask_once(path, statement, form, limits, say))
    else:
        converse(path, typed_lines() if sys.stdin.isatty() else iter(sys.stdin), form, limits, show, say)


@click.command(cls=AtHome)
@click.pass_obj
def mcp(home: Home) -> None:
    """Let an AI assistant ask the published file (Model Context Protocol, on standard input and output)."""
    from pipelines.analysts.assistant import serve_assistant

    serve_assistant(home)


@click.command(cls=AtHome)
@click.argument("policy_version")
@click.option(
    "--rules",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A rule set in the form of dbt/seeds/policy_rules.csv. Default: that seed.",
)
@click.option(
    "--parameters",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Its numbers in the form of dbt/seeds/policy_parameters.csv. Default: that seed.",
)
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Where to write the claims that move. Default: replay-<version>.csv in this folder.",
)
@click.pass_obj
def replay(
    home: Home, policy_version: str, rules: Path | None, parameters: Path | None, out: Path | None
) -> None:
    """What another policy would have said to every past claim, and what it would have cost."""
    from pipelines.replay import replay_file, write_flips, written

    done = replay_file(home, policy_version, rules, parameters)
    for line in written(done):
        show(line)
    show(f"The {done.moved.height:,} claims that move: {write_flips(done, out)}")


@click.command(cls=AtHome)
@click.option(
    "--out", type=click.Path(path_type=Path), help="Folder to write to. Default: docs/ in the home."
)
@click.pass_obj
def docs(home: Home, out: Path | None) -> None:
    """Write the data dictionary: every table, column and measure, and who reads it, as one HTML file."""
    from pipelines.dictionary import write_dictionary
    from pipelines.orchestration.manifest import prepared

    show(write_dictionary(prepared().manifest, out or home.docs))
