"""What every command shares: its home, its errors as sentences, how a day is typed.

Does not belong here: any command.
"""

from __future__ import annotations

import contextlib
import os
import sys
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, NoReturn

import click

from pipelines.errors import SavoirError, machine_fault
from pipelines.home import Home
from pipelines.terminal import say

EXIT_RED = 1
EXIT_REFUSED = 3
# As shells report a process that SIGINT has ended.
EXIT_INTERRUPTED = 130


def _home_of_command(context: click.Context, _: click.Parameter, root: Path | None) -> None:
    """`--home` after the command: the same home as before it, and never a second one."""
    before = context.parent
    if root is None or before is None:
        return
    home = Home.at(root)
    is_typed = before.get_parameter_source("root") == click.core.ParameterSource.COMMANDLINE
    if is_typed and before.obj != home:
        raise click.UsageError(f"--home names two folders, {before.obj.root} and {home.root}. Give one.")
    context.obj = home


class AtHome(click.Command):
    """A command that takes `--home` after its own name too, as people type it."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.params.append(
            click.Option(
                ["--home", "root"],
                type=click.Path(file_okay=False, path_type=Path),
                callback=_home_of_command,
                expose_value=False,
                help="The same as before the command.",
            )
        )

    def invoke(self, ctx: click.Context) -> Any:
        if isinstance(ctx.obj, Home):
            ctx.obj.refuse_foreign()
        return super().invoke(ctx)


class Sentences(click.Group):
    """Prints our own errors as the sentences they are, without a traceback."""

    command_class = AtHome

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except SavoirError as error:
            say(f"Error: {error}")
            ctx.exit(EXIT_RED)
        except KeyboardInterrupt:
            self._leave()
        except Exception as error:
            if (fault := machine_fault(error)) is None:
                raise
            say(f"Error: {fault}")
            ctx.exit(EXIT_RED)

    @staticmethod
    def _leave() -> NoReturn:
        """Ctrl-C: at once, since threads of engines that are still at work would abort a slower exit."""
        say("Interrupted. Nothing was published or lost; the next build starts afresh.")
        if (reading := sys.modules.get("pipelines.feeds.reading")) is not None:
            reading.end_child()
        if (shared := sys.modules.get("multiprocessing.util")) is not None:
            with contextlib.suppress(Exception):
                shared._run_finalizers(0)  # else its tracker complains of locks that dbt had
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(EXIT_INTERRUPTED)


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
