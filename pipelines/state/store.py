"""The state file: `<home>/state/savoir.sqlite`, mode 0600 in a folder of mode 0700.

    LEDGER = Tables("alert_ledger", ("create table alerts (…) strict", "alter table alerts add column …"))
    with opened(home, LEDGER) as connection:
        connection.execute("insert into alerts …")

Belongs here: where the file lies, who may read it, bringing its tables up to date. Does not belong here: any
table of any concept.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Generator
from contextlib import closing, contextmanager
from dataclasses import dataclass

from pipelines.errors import SavoirError
from pipelines.home import Home

_WAIT_SECONDS = 30


class StateError(SavoirError):
    """The state file cannot be opened, or is newer than this program."""


@dataclass(frozen=True)
class Tables:
    """The tables of one concept. `steps`: SQL statements, only ever appended to; each runs once per home."""

    concept: str
    steps: tuple[str, ...]


@contextmanager
def opened(home: Home, tables: Tables) -> Generator[sqlite3.Connection]:
    """The state file with these tables up to date, as one transaction: undone where the block raises.

    Rows can be read by column name. What is deleted is overwritten.
    """
    folder, path = home.state.parent, home.state
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    folder.chmod(0o700)
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
        path.chmod(0o600)
        connection = sqlite3.connect(path, timeout=_WAIT_SECONDS, isolation_level=None)
    except (OSError, sqlite3.Error) as error:
        raise StateError(f"{path} cannot be opened ({error}): make {folder} writable for you.") from None
    with closing(connection):
        connection.row_factory = sqlite3.Row
        try:
            connection.execute("pragma secure_delete = on")
            connection.execute("pragma foreign_keys = on")
            connection.execute("begin immediate")
            _migrate(connection, tables)
        except sqlite3.DatabaseError as error:
            raise StateError(
                f"{path} is not a state file of Savoir, or is damaged ({error}): move it aside, or restore a "
                "backup."
            ) from None
        try:
            yield connection
        except BaseException:
            connection.rollback()
            raise
        connection.commit()


def _migrate(connection: sqlite3.Connection, tables: Tables) -> None:
    connection.execute(
        "create table if not exists migrations (concept text primary key, steps integer not null) strict"
    )
    row = connection.execute("select steps from migrations where concept = ?", (tables.concept,)).fetchone()
    done = int(row["steps"]) if row else 0
    if done > len(tables.steps):
        raise StateError(
            f"The state of {tables.concept} was written by a newer Savoir ({done} steps, this one knows "
            f"{len(tables.steps)}): update Savoir."
        )
    for step in tables.steps[done:]:
        connection.execute(step)
    if done < len(tables.steps):
        connection.execute(
            "insert into migrations values (?, ?) on conflict do update set steps = excluded.steps",
            (tables.concept, len(tables.steps)),
        )
