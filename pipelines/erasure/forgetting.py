"""`savoir forget`: a person leaves everything that the home keeps, and a search proves it.

Belongs here: the order of steps, the backups that still hold the person, the proof. Does not belong here:
which rows are a person's (`pipelines.feeds.forgotten`), reading files (`search`).

It may be run again: a run that was killed is finished by the next, with the same surrogates.
"""

from __future__ import annotations

import contextlib
import shutil
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from pipelines.backup import known_backups
from pipelines.erasure.search import Found, search
from pipelines.errors import SavoirError
from pipelines.feeds import forgotten, landing, sql
from pipelines.feeds.engine import Engine, engine
from pipelines.feeds.forgotten import People
from pipelines.feeds.personal import keyed_hash
from pipelines.home import Home
from pipelines.state import record

# A text shorter than this says nothing about anybody, and stands in many files.
_TEXT_LENGTH = 12
_WAIT_SECONDS = 600
# The folder of a week's pages; any other is a subscription's.


class ForgetError(SavoirError):
    """Somebody could not be forgotten: the sentence says what is left and what to do."""


@dataclass(frozen=True)
class Forgotten:
    """What was done. `backups` still hold the person; `waiting` are files in the inbox that name them."""

    surrogate: str
    orders: int
    tickets: int
    serials: int
    files: int
    searched: int
    strings: int
    backups: tuple[tuple[Path, datetime], ...]
    waiting: tuple[Path, ...]


def forget(
    home: Home,
    customer_id: str,
    rebuild: Callable[[], bool],
    say: Callable[[str], None] = lambda _: None,
) -> Forgotten:
    """Take a customer out of landing, archive, warehouse, snapshots, reports and Dagster's storage.

    `rebuild` builds and publishes again, and says whether it did.
    """
    customer_id = customer_id.strip()
    with landing.locked(home, _WAIT_SECONDS), engine(home, may_make_key=False) as running:
        hashed = keyed_hash(customer_id, running.key)
        is_listed = hashed in forgotten.listed(home)
        known = {**forgotten.listed(home)} if is_listed else {hashed: ""}
        people = forgotten.of_landing(running, home, {hashed: known[hashed] or hashed})
        if not (is_listed or people.orders or people.tickets):
            raise ForgetError(
                f"No order and no case of {home.root} is by this customer: check the id; it must be written "
                "as in the shop's files. Nothing was changed."
            )
        texts = _texts(running, home, people)
        people.surrogates = {hashed: forgotten.put_on_list(home, hashed)}
        people.serials = forgotten.put_serials_on_list(home, people.serials, running.key)
        say(f"{len(people.orders)} orders, {len(people.tickets)} cases, {len(people.serials)} serial numbers")
        files = forgotten.take_out(running, home, people)
        say(f"{files} files of the landing and the archive were written again")
    needles = [hashed, *people.serials, *texts]
    shutil.rmtree(home.warehouse, ignore_errors=True)
    home.make()
    if home.current.exists():
        if not rebuild():
            raise ForgetError(
                "The person is out of the landing and the archive, but the build is red, so that the "
                "file still holds what it held: mend the build, then run savoir forget again."
            )
        for snapshot in home.published.glob("savoir-*.duckdb"):
            if snapshot != home.current.resolve():
                snapshot.unlink()
    for report in _delete_reports(home, needles):
        say(f"a report that named the person is gone: {report}; savoir report writes it again")
    _purge_dagster(home, needles)
    found = _proof(home, needles)
    if found.places:
        named = ", ".join(str(path.relative_to(home.root)) for path in found.places[:5])
        raise ForgetError(
            f"Still found in {len(found.places)} of {found.files} files: {named}. Delete what is yours "
            "among them, then run savoir forget again."
        )
    waiting = search(home, [customer_id], [home.inbox]).places if home.inbox.is_dir() else ()
    surrogate = people.surrogates[hashed]
    record(home, "forget", f"{surrogate}: {files} files written, {found.files} searched")
    return Forgotten(
        surrogate=surrogate,
        orders=len(people.orders),
        tickets=len(people.tickets),
        serials=len(people.serials),
        files=files,
        searched=found.files,
        strings=len(needles),
        backups=tuple(known_backups(home)),
        waiting=waiting,
    )


def _texts(running: Engine, home: Home, people: People) -> list[str]:
    """The person's own words, as they are kept now."""
    found: list[str] = []
    for feed, column in (("tickets", "description"), ("repairs", "technician_notes")):
        paths = landing.feed_files(home, feed)
        if not paths:
            continue
        cases = sql.texts([*people.tickets, ""])
        told = (
            f"select distinct {column} as words, coalesce(ticket_id in ({cases}), false) as is_theirs "
            f"from {landing.files_sql(paths)}"
        )
        # What others say too, alone or among other words, tells nobody from them: theirs stays.
        rows = running.connection.execute(
            f"with told as ({told} where {column} is not null) select words from told as own where is_theirs "
            f"and length(words) >= {_TEXT_LENGTH} and not exists "
            "(select 1 from told as other where not other.is_theirs and contains(other.words, own.words))"
        ).fetchall()
        found += [text for (text,) in rows]
    return found


def _delete_reports(home: Home, needles: list[str]) -> list[str]:
    """A report that holds any of it goes whole: its folder, under reports/."""
    if not home.reports.is_dir():
        return []
    held = sorted({path.parent for path in search(home, needles, [home.reports]).places})
    for folder in held:
        shutil.rmtree(folder)
    return [str(folder.relative_to(home.reports)) for folder in held]


def _purge_dagster(home: Home, needles: list[str]) -> None:
    """Runs whose records hold any of it go; the list of runs stays."""
    for path in search(home, needles, [home.dagster]).places:
        if path.suffix == ".db":
            _empty_events(path, needles)
        else:
            path.unlink()


def _empty_events(path: Path, needles: list[str]) -> None:
    """Delete the rows of a SQLite file that hold any of the strings, and their bytes."""
    with contextlib.closing(sqlite3.connect(path, timeout=30)) as connection:
        connection.execute("pragma secure_delete = on")
        tables = [row[0] for row in connection.execute("select name from sqlite_master where type = 'table'")]
        for table in tables:
            columns = [row[1] for row in connection.execute(f'pragma table_info("{table}")')]
            tests = " or ".join(f'instr(cast("{column}" as text), ?) > 0' for column in columns)
            for needle in needles:
                for form in (needle, needle.encode("unicode_escape").decode()):
                    connection.execute(f'delete from "{table}" where {tests}', [form] * len(columns))
        connection.commit()
        connection.execute("pragma wal_checkpoint(truncate)")
        connection.execute("vacuum")


def _proof(home: Home, needles: list[str]) -> Found:
    """Search again, everywhere. The list of the forgotten holds the keyed hash, and nothing else may."""
    found = search(home, needles)
    state = search(home, needles[1:], [home.state.parent]) if home.state.exists() else Found((), 0)
    inside = home.state.parent
    places = tuple(path for path in found.places if inside not in path.parents) + state.places
    return Found(places, found.files)
