"""The command line. Each command calls one function of another module and prints what it answers.

Belongs here: options, their words, exit codes. Does not belong here: anything that another caller could want
too. Imports are made inside commands: `savoir --help` need not load Dagster and dbt.
"""

from __future__ import annotations

import gc
import os
import sys
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import click

from pipelines.alert_commands import alert_group
from pipelines.command_words import EXIT_RED, IsoDay, Sentences
from pipelines.errors import SavoirError
from pipelines.home import PRIVATE_UMASK, Home
from pipelines.report_commands import report
from pipelines.terminal import say, show

EXIT_REFUSED = 3
ROWS_SHOWN = 20
CHECK_ROWS_SHOWN = 3


class UtcMoment(click.ParamType):
    """A moment as 2026-10-31T05:00; without a zone it is UTC."""

    name = "timestamp"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        try:
            moment = value if isinstance(value, datetime) else datetime.fromisoformat(value)
        except ValueError:
            self.fail(f"{value!r} is not a moment. Write it as 2026-10-31T05:00:00, in UTC.", param, ctx)
        return moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment


@click.group(cls=Sentences, context_settings={"help_option_names": ["-h", "--help"]})
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
    os.umask(PRIVATE_UMASK)
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


@main.command()
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
        show(f"{feed:16}{rows:>13,}")


@main.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--source", required=True, help="A feed's name or a mapping's name.")
@click.pass_obj
@click.pass_context
def check(context: click.Context, home: Home, file: Path, source: str) -> None:
    """Dry run: how FILE would load, what would be refused. Exit code 3 where something would be."""
    from pipelines.feeds import check as check_file

    found = check_file(home, file, source)
    for sentence in found.delivery.sentences:
        show(sentence)
    for reason, rows in found.reasons:
        show(f"{rows:>9,} x {reason}")
    for refusal in found.delivery.refused[:ROWS_SHOWN]:
        show(str(refusal))
    if found.unread:
        show(f"read by no rule: {', '.join(found.unread)}")
    for feed, rows in found.rows.items():
        for row, cells in zip(rows[:CHECK_ROWS_SHOWN], found.cells[feed], strict=False):
            show(f"\n{feed}, line {row['_file_row']}")
            for name, value in row.items():
                if not name.startswith("_") and (value is not None or cells.get(name)):
                    show(f"  {name:28}{'' if value is None else value!s:30} {cells.get(name) or ''}")
    if found.delivery.is_refused:
        context.exit(EXIT_REFUSED)


@main.group(cls=Sentences)
def mapping() -> None:
    """Mappings of exports: draft one, list all."""


@mapping.command("new")
@click.argument(
    "files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path)
)
@click.option(
    "--name", help="The mapping's name, and its folder in the inbox. Default: from the file's name."
)
@click.option("--feed", help="What its rows are. Default: the likeliest.")
@click.pass_obj
def new_mapping(home: Home, files: tuple[Path, ...], name: str | None, feed: str | None) -> None:
    """Draft a mapping for FILES into the home's mappings/: a reason for each column, doubts as questions."""
    from pipelines.feeds.drafting import draft, write

    made = draft(files, name, feed)
    path = write(home, made)
    for known in made.known_as:
        show(f"These columns are those of {known}: inbox/{known}/ takes the file as it is.")
    show(f"rows of {made.feed} ({', '.join(f'{feed} {score:g}' for feed, score in made.candidates[:3])})")
    for match in made.matches:
        show(f"  {match.column.name:28}{match.source.name:30} {match.reason}")
    for question in made.questions:
        show(f"? {question}")
    show(f"{path}\nLook at: savoir check {files[0]} --source {made.name}")


@mapping.command("list")
@click.pass_obj
def list_mappings(home: Home) -> None:
    """Every source, what is wrong with it, and the deliveries that were read by rules of before."""
    from pipelines.feeds import MappingError, sources
    from pipelines.feeds.door import outdated

    known = sources(home)
    for name in known:
        try:
            show(f"{name:20}{known[name].description.split('. ')[0]}")
        except MappingError as error:
            show(f"{name:20}{error}")
    for problem in known.problems:
        show(problem)
    old = outdated(home) if home.landing.is_dir() else []
    for item in old:
        show(
            f"{item.delivery_id}: {item.file_name} was read by earlier rules of {item.source}; send it again."
        )


@main.command()
@click.option("--replay", is_flag=True, help="Judge what was refused again, by the rules of today.")
@click.option(
    "--export",
    "target",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the rows with their reasons into FILE, a .csv or .xlsx.",
)
@click.pass_obj
@click.pass_context
def quarantine(context: click.Context, home: Home, replay: bool, target: Path | None) -> None:
    """What was refused and why. Exit code 3 while rows wait here."""
    from pipelines.feeds import quarantined, replay_quarantine
    from pipelines.feeds.quarantine_file import write_refusals

    if replay:
        for delivery in replay_quarantine(home, say):
            for sentence in delivery.sentences:
                show(sentence)
    refusals = quarantined(home)
    if target is not None:
        write_refusals(refusals, target)
        show(target)
    else:
        for refusal in refusals:
            show(str(refusal))
    say(f"{len(refusals):,} rows are in quarantine." if refusals else "Nothing is in quarantine.")
    if refusals:
        context.exit(EXIT_REFUSED)


@main.command()
@click.argument("delivery")
@click.pass_obj
def withdraw(home: Home, delivery: str) -> None:
    """Take a wrong DELIVERY out again, as if it had never been sent; the next build publishes without it."""
    from pipelines.feeds import withdraw as withdraw_delivery

    back = withdraw_delivery(home, delivery)
    show(
        f"{delivery} is withdrawn; {back:,} rows of other deliveries that it had made duplicates count again."
    )
    show("`savoir build` publishes without it.")


@main.command()
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


@main.command()
@click.pass_obj
def mcp(home: Home) -> None:
    """Let an AI assistant ask the published file (Model Context Protocol, on standard input and output)."""
    from pipelines.analysts.assistant import serve_assistant

    serve_assistant(home)


@main.command()
@click.pass_obj
@click.pass_context
def status(context: click.Context, home: Home) -> None:
    """One line for a monitor. Exit code 1 unless the last build is of the last 26 hours."""
    from pipelines.status import status as status_of

    found = status_of(home)
    show(found.line)
    if found.state != "ok":
        context.exit(EXIT_RED)


@main.command()
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


@main.command()
@click.option(
    "--out", type=click.Path(path_type=Path), help="Folder to write to. Default: docs/ in the home."
)
@click.pass_obj
def docs(home: Home, out: Path | None) -> None:
    """Write the data dictionary: every table, column and measure, and who reads it, as one HTML file."""
    from pipelines.dictionary import write_dictionary
    from pipelines.orchestration.manifest import prepared

    show(write_dictionary(prepared().manifest, out or home.docs))


@main.command()
@click.argument("file", required=False, type=click.Path(dir_okay=False, path_type=Path))
@click.pass_obj
def backup(home: Home, file: Path | None) -> None:
    """One file out: all that no build can make again, with the key of the customer hashes: keep it secret.

    What waits in inbox/ is not in it.
    """
    from pipelines.backup import back_up

    made = back_up(home, file)
    show(f"{made.path}: {made.files:,} files, {made.size / 1e6:,.1f} MB, as of {made.made_at} UTC")


@main.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.pass_obj
def restore(home: Home, file: Path) -> None:
    """One file in: a backup into a home that is empty. `savoir build` then makes the marts again."""
    from pipelines.backup import restore as restore_file

    made = restore_file(home, file)
    show(f"{home.root} is as it was at {made.made_at} UTC ({made.files:,} files). Run savoir build next.")


@main.command()
@click.argument("customer_id")
@click.pass_obj
def forget(home: Home, customer_id: str) -> None:
    """Erase a person everywhere, build again as of the same day, and prove it by a search.

    Orders, cases and claims stay under a random name; text and place are emptied. The same file sent again
    brings nothing back.
    """
    from pipelines.erasure.forgetting import forget as forget_customer
    from pipelines.orchestration.run_build import run_build
    from pipelines.reports import write_reports
    from pipelines.summary import published_as_of

    as_of = published_as_of(home)

    def rewrite_report(week: str) -> None:
        write_reports(home, week, say)

    done = forget_customer(
        home,
        customer_id,
        rebuild=lambda: run_build(home, as_of).is_published,
        rewrite_report=rewrite_report,
        say=say,
    )
    show(
        f"{done.orders} orders, {done.tickets} cases and {done.serials} serial numbers are nobody's any more"
    )
    show(f"proof: {done.strings} strings looked for in {done.searched} files, 0 found")
    for path, made_at in done.backups:
        show(f"still holds the person: the backup {path} of {made_at} UTC; delete it")
    for path in done.waiting:
        show(f"not taken yet, and names the person: {path}")


@main.command("rotate-key")
@click.pass_obj
def rotate_key(home: Home) -> None:
    """Give the customer hashes a new key: all that is kept is hashed once more. Run savoir build next."""
    from pipelines.erasure.key_rotation import rotate_key as rotate

    show(f"{rotate(home, say)} files were written again under the new key. Run savoir build next.")


main.add_command(alert_group)
main.add_command(report)


def _still_served(home: Home) -> str:
    if not home.current.exists():
        return "No snapshot has been published in this home yet."
    return f"Readers still see {home.current.resolve().name}."


if __name__ == "__main__":
    sys.exit(main())
