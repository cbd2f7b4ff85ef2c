"""The command line: `savoir`, and which commands it has. Each stands in `pipelines.commands`."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

from pipelines.commands import alerts, asking, files, keeping, reports, running
from pipelines.commands.words import Sentences
from pipelines.home import PRIVATE_UMASK, Home


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


for command in (
    *(running.build, running.serve, running.simulate, running.status),
    *(files.check, files.mapping, files.quarantine, files.withdraw),
    *(reports.report, asking.sql, asking.mcp, asking.replay, asking.docs),
    *(keeping.backup, keeping.restore, keeping.forget, keeping.rotate_key),
    alerts.alert_group,
):
    main.add_command(command)


if __name__ == "__main__":
    sys.exit(main())
