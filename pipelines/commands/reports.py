"""`savoir report`: write, preview and send the defect reports.

Belongs here: options and what is printed. Does not belong here: what a report says, whether it may be sent.
"""

from __future__ import annotations

from datetime import date

import click

from pipelines.commands.words import EXIT_RED, AtHome
from pipelines.home import Home
from pipelines.terminal import say, show


class ReportPeriod(click.ParamType):
    """An ISO week as 2026-W47, or a month as 2026-11."""

    name = "week"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> str:
        text = str(value)
        try:
            date.fromisoformat(f"{text}-1" if "W" in text else f"{text}-01")
        except ValueError:
            self.fail(
                f"{value!r} is not a week. Write it as 2026-W47. A month is written 2026-11.", param, ctx
            )
        return text


@click.command(cls=AtHome)
@click.option(
    "--week",
    "asked",
    type=ReportPeriod(),
    help="As 2026-W47, or a month as 2026-11. Default: the last whole.",
)
@click.option("--subscription", "only", help="One of subscriptions.yml alone, by its name.")
@click.option("--send", "is_sending", is_flag=True, help="Send to the recipients, each once for this data.")
@click.option("--language", type=click.Choice(["en", "fr"]), help="Default: that of the subscription; en.")
@click.option("--preview", "is_preview", is_flag=True, help="Print it; write and send nothing.")
@click.pass_obj
@click.pass_context
def report(
    context: click.Context,
    home: Home,
    asked: str | None,
    only: str | None,
    is_sending: bool,
    language: str | None,
    is_preview: bool,
) -> None:
    """Write the defect reports of one week into reports/: a folder per subscription and week.

    \b
    Exit code 0  all written, and sent where told
              1  something could not be read, made or sent: see the lines above
    """
    from pipelines.delivery.sending import deliver, previews

    if is_preview:
        for text in previews(home, asked, only, language):
            show(text)
        return
    done = deliver(home, asked=asked, only=only, language=language, is_sending=is_sending, say=say)
    for folder in done.folders:
        for path in sorted(folder.iterdir()):
            show(path)
    for problem in done.problems:
        say(problem)
    for entry in done.entries:
        if entry.state != "sent":
            say(f"{entry.subscription} to {entry.recipient}: {entry.state}, {entry.reason}")
    if done.problems or any(entry.state != "sent" for entry in done.entries):
        context.exit(EXIT_RED)
