"""`python -m benchmarks.signals`: which proofs, how many histories."""

from __future__ import annotations

import datetime as dt
import time

import click

from benchmarks.signals.scale import rows_of_scale
from benchmarks.signals.tables import rows_of_bad_lots, rows_of_nulls
from benchmarks.signals.watch import SETTINGS


@click.command()
@click.option("--histories", default=20_000, help="Null histories of proof (a), over its rows.")
@click.option("--bad", default=40, help="Histories with a bad lot for each size and ratio.")
@click.option("--tuning", default=200, help="Null histories for each size on which the rules are tuned.")
@click.option(
    "--sizes", default=(50, 200, 500, 5000), multiple=True, help="Units of a bad lot; repeat for several."
)
@click.option("--lines", default=10_000_000, help="Order lines a year of proof (d).")
@click.option("--seed", default=1)
@click.option("--only", default="abd", help="Which proofs: some of a, b (with c), d.")
def main(
    histories: int, bad: int, tuning: int, sizes: tuple[int, ...], lines: int, seed: int, only: str
) -> None:
    """Print the proofs (a), (b) with (c), and (d) as tables."""
    click.echo(f"{dt.datetime.now(dt.UTC).date()}: proofs {only}, seed {seed}")
    for name, title, rows in (
        ("a", "(a) histories without a bad lot", lambda: rows_of_nulls(seed, histories)),
        (
            "b",
            "(b), (c) a bad lot",
            lambda: rows_of_bad_lots(seed, bad, tuning, SETTINGS.ordinary_ratio, sizes),
        ),
        ("d", "(d) scale", lambda: rows_of_scale(seed, lines)),
    ):
        if name in only:
            begun = time.perf_counter()
            click.echo(f"\n{title}\n")
            for row in rows():
                click.echo(row)
            click.echo(f"\n{time.perf_counter() - begun:.0f} s")


if __name__ == "__main__":
    main()
