"""What is kept: copies of it, persons in it, the key of their hashes.

Belongs here: options, their words, exit codes. Does not belong here: anything that another caller could want
too. Imports are made inside commands: `savoir --help` need not load Dagster and dbt.
"""

from __future__ import annotations

from pathlib import Path

import click

from pipelines.commands.words import AtHome
from pipelines.home import Home
from pipelines.terminal import say, show


@click.command(cls=AtHome)
@click.argument("file", required=False, type=click.Path(dir_okay=False, path_type=Path))
@click.pass_obj
def backup(home: Home, file: Path | None) -> None:
    """One file out: all that no build can make again, with the key of the customer hashes: keep it secret.

    What waits in inbox/ is not in it.
    """
    from pipelines.backup import back_up

    made = back_up(home, file)
    show(f"{made.path}: {made.files:,} files, {made.size / 1e6:,.1f} MB, as of {made.made_at} UTC")


@click.command(cls=AtHome)
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.pass_obj
def restore(home: Home, file: Path) -> None:
    """One file in: a backup into a home that is empty. `savoir build` then makes the marts again."""
    from pipelines.backup import restore as restore_file

    made = restore_file(home, file)
    show(f"{home.root} is as it was at {made.made_at} UTC ({made.files:,} files). Run savoir build next.")


@click.command(cls=AtHome)
@click.argument("customer_id")
@click.pass_obj
def forget(home: Home, customer_id: str) -> None:
    """Erase a person everywhere, build again as of the same day, and prove it by a search.

    Orders, cases and claims stay under a random name; text and place are emptied. The same file sent again
    brings nothing back.
    """
    from pipelines.erasure.forgetting import forget as forget_customer
    from pipelines.orchestration.run_build import run_build
    from pipelines.summary import published_as_of

    as_of = published_as_of(home)

    done = forget_customer(
        home,
        customer_id,
        rebuild=lambda: run_build(home, as_of).is_published,
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


@click.command("rotate-key", cls=AtHome)
@click.pass_obj
def rotate_key(home: Home) -> None:
    """Give the customer hashes a new key: all that is kept is hashed once more. Run savoir build next."""
    from pipelines.erasure.key_rotation import rotate_key as rotate

    show(f"{rotate(home, say)} files were written again under the new key. Run savoir build next.")
