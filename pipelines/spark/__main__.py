"""`python -m pipelines.spark`: build the marts on both engines and print how they compare."""

from __future__ import annotations

import sys
import tempfile
from datetime import date
from pathlib import Path

import click

from pipelines.errors import SavoirError
from pipelines.feeds import take_all
from pipelines.home import Home
from pipelines.simulation import simulate
from pipelines.spark import hard_rows
from pipelines.spark.parity import parity, table_text, verdict

PARITY_LINES = 3_000
PARITY_SEED = 20
PARITY_END = date(2026, 10, 31)


def make_parity_home(root: Path) -> Home:
    """A home whose landing holds a small simulated retailer and the hard rows."""
    home = Home(root).make()
    simulate(home, PARITY_LINES, PARITY_SEED, PARITY_END)
    hard_rows.put_into(home.inbox)
    take_all(home)
    return home


@click.command()
@click.option("--home", type=click.Path(path_type=Path, exists=True), help="Compare on this home's landing.")
@click.option(
    "--as-of", default=PARITY_END.isoformat(), show_default=True, help="The day that the marts speak of."
)
def main(home: Path | None, as_of: str) -> None:
    """Build every model on DuckDB and on Spark from one landing and compare every mart.

    Without --home: a small simulated retailer and rows chosen to be hard. Nothing of a home is changed.
    """
    try:
        with tempfile.TemporaryDirectory(prefix="savoir-parity-home-") as scratch:
            compared = Home(home) if home else make_parity_home(Path(scratch))
            rows = parity(compared, as_of, click.echo)
            click.echo(table_text(rows))
            verdict(rows, may_be_empty=home is not None)
        click.echo(f"{len(rows)} marts, no difference")
    except SavoirError as error:
        click.echo(str(error), err=True)
        sys.exit(1)


if __name__ == "__main__":
    main()
