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
SCENARIO = Path(__file__).with_name("parity.yml")


def full_home(root: Path) -> Home:
    """A home whose landing holds a small simulated retailer, the hard rows and a real export's form."""
    home = Home(root).make()
    simulate(home, PARITY_LINES, PARITY_SEED, PARITY_END, SCENARIO)
    hard_rows.put_into(home.inbox)
    take_all(home)
    return home


def bare_home(root: Path) -> Home:
    """A home that knows sales and nothing else: three feeds are empty."""
    home = Home(root).make()
    hard_rows.put_into(home.inbox, ["products", "orders"])
    take_all(home)
    return home


def compared(home: Home, as_of: str, may_be_empty: bool) -> int:
    """Print how the engines compare on one home, and raise where they disagree; the number of marts."""
    rows = parity(home, as_of, click.echo)
    click.echo(table_text(rows))
    verdict(rows, may_be_empty)
    return len(rows)


@click.command()
@click.option("--home", type=click.Path(path_type=Path, exists=True), help="Compare on this home's landing.")
@click.option(
    "--as-of", default=PARITY_END.isoformat(), show_default=True, help="Day that the marts speak of."
)
def main(home: Path | None, as_of: str) -> None:
    """Build every model on DuckDB and on Spark from one landing and compare every mart.

    Without --home: first a small simulated retailer and rows chosen to be hard, then a shop with three empty
    feeds. Nothing of a home is changed.
    """
    try:
        if home:
            marts = compared(Home(home), as_of, may_be_empty=True)
        else:
            with tempfile.TemporaryDirectory(prefix="savoir-parity-home-") as scratch:
                click.echo("== a simulated retailer and hard rows")
                compared(full_home(Path(scratch) / "full"), as_of, may_be_empty=False)
                click.echo("== sales alone, three feeds empty")
                marts = compared(bare_home(Path(scratch) / "bare"), as_of, may_be_empty=True)
        click.echo(f"{marts} marts, no difference")
    except SavoirError as error:
        click.echo(str(error), err=True)
        sys.exit(1)


if __name__ == "__main__":
    main()
