"""Files on their way in: dry runs, mappings, what was refused, what was wrong.

Belongs here: options, their words, exit codes. Does not belong here: anything that another caller could want
too. Imports are made inside commands: `savoir --help` need not load Dagster and dbt.
"""

from __future__ import annotations

from pathlib import Path

import click

from pipelines.commands.words import EXIT_REFUSED, AtHome, Sentences
from pipelines.home import Home
from pipelines.terminal import say, show

ROWS_SHOWN = 20
CHECK_ROWS_SHOWN = 3


@click.command(cls=AtHome)
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


@click.group(cls=Sentences)
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


@click.command(cls=AtHome)
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


@click.command(cls=AtHome)
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
