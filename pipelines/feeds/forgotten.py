"""People who were forgotten: the list that the door obeys, and taking a person out of files of rows.

Belongs here: which rows are a person's, and what is left of them. Does not belong here: the command and its
proof (`pipelines.erasure.forgetting`).

Identity and serial numbers become random surrogates, the same everywhere, so that links stay and nobody can
be found by them; free text and place are emptied. Orders, cases, machines and claims stay: no rate moves.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterable
from collections.abc import Mapping as Map
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from pipelines.errors import SavoirError
from pipelines.feeds import landing, sql
from pipelines.feeds.contract import Contract, Feed, contract
from pipelines.feeds.engine import Engine
from pipelines.feeds.mappings import Mapping
from pipelines.feeds.personal import HASH_HEX_DIGITS, hash_sql, keyed_hash
from pipelines.feeds.sources import sources
from pipelines.home import Home
from pipelines.state import Tables, opened

LIST = Tables(
    "forgotten",
    (
        "create table forgotten (customer_hash text primary key, surrogate text not null unique, "
        "forgotten_at text not null) strict",
        "create table forgotten_serials (serial_hash text primary key, surrogate text not null) strict",
    ),
)
SERIALS = ("serial_numbers", "serial_number", "replacement_serial_number")
_SERIAL_SURROGATE = "forgotten-"


@dataclass
class People:
    """Who is to be taken out: keyed hashes and serial numbers with their surrogates, orders and cases."""

    surrogates: dict[str, str]
    orders: set[str] = field(default_factory=set)
    tickets: set[str] = field(default_factory=set)
    serials: dict[str, str] = field(default_factory=dict)
    hashes: set[str] = field(default_factory=set)
    salt: str = field(default_factory=lambda: secrets.token_hex(16))


def listed(home: Home) -> dict[str, str]:
    """Of each forgotten person the keyed hash and its surrogate; asks for no state where there is none."""
    if not home.state.exists():
        return {}
    with opened(home, LIST) as connection:
        rows = connection.execute("select customer_hash, surrogate from forgotten").fetchall()
    return {row["customer_hash"]: row["surrogate"] for row in rows}


def put_on_list(home: Home, customer_hash: str) -> str:
    """The surrogate of a person, from now on the only one that the door writes."""
    with opened(home, LIST) as connection:
        connection.execute(
            "insert or ignore into forgotten values (?, ?, ?)",
            (
                customer_hash,
                secrets.token_hex(HASH_HEX_DIGITS // 2),
                datetime.now(UTC).isoformat(timespec="seconds"),
            ),
        )
        row = connection.execute(
            "select surrogate from forgotten where customer_hash = ?", (customer_hash,)
        ).fetchone()
    return row["surrogate"]


def put_serials_on_list(home: Home, serials: Iterable[str], key: bytes) -> dict[str, str]:
    """The surrogate of each serial number; the list holds their keyed hashes alone."""
    found = {}
    with opened(home, LIST) as connection:
        for serial in sorted(serials):
            hashed = keyed_hash(serial, key)
            connection.execute(
                "insert or ignore into forgotten_serials values (?, ?)",
                (hashed, _SERIAL_SURROGATE + secrets.token_hex(6)),
            )
            row = connection.execute(
                "select surrogate from forgotten_serials where serial_hash = ?", (hashed,)
            ).fetchone()
            found[serial] = row["surrogate"]
    return found


def of_landing(running: Engine, home: Home, surrogates: dict[str, str]) -> People:
    """The orders, cases and serial numbers of these people, as the landing knows them; of people taken out
    before, by their surrogates.
    """
    people = People(surrogates)
    names = sql.texts([*surrogates, *surrogates.values()])
    serials: set[str] = set()

    def asked(feed: str, columns: tuple[str, ...], where: str) -> list[tuple]:
        paths = landing.feed_files(home, feed)
        if not paths:
            return []
        told = dict.fromkeys((*columns, "customer_id", "order_id", "ticket_id"))
        absent = ", ".join(f"cast(null as text) as {column}" for column in told)
        reader = f"(select * from {landing.files_sql(paths)} union all by name select {absent} where false)"
        query = f"select distinct {', '.join(columns)} from {reader} where {where}"
        return running.connection.execute(query).fetchall()

    for order, numbers in asked("orders", ("order_id", "serial_numbers"), f"customer_id in ({names})"):
        people.orders.add(order)
        serials.update((numbers or "").split("|"))
    orders = sql.texts([*people.orders, ""])
    where = f"customer_id in ({names}) or (customer_id is null and order_id in ({orders}))"
    columns = ("ticket_id", "serial_number", "replacement_serial_number")
    for ticket, *numbers in asked("tickets", columns, where):
        people.tickets.add(ticket)
        serials.update(number for number in numbers if number)
    cases = f"ticket_id in ({sql.texts([*people.tickets, ''])})"
    serials.update(number for (number,) in asked("repairs", ("serial_number",), cases) if number)
    for (record,) in _asked_quarantine(running, home, names):
        told = json.loads(record)
        people.orders.update(filter(None, [told.get("order_id")]))
        people.tickets.update(filter(None, [told.get("ticket_id")]))
        for column in SERIALS:
            serials.update((told.get(column) or "").split("|"))
    people.serials = {serial: "" for serial in serials if serial and not serial.startswith(_SERIAL_SURROGATE)}
    return people


def _asked_quarantine(running: Engine, home: Home, names: str) -> list[tuple]:
    """The refused rows of these people."""
    paths = landing.feed_files(home, "quarantine")
    if not paths:
        return []
    return running.connection.execute(
        f"select record from {landing.files_sql(paths)} where (record ->> '$.customer_id') in ({names})"
    ).fetchall()


def take_out(running: Engine, home: Home, people: People) -> int:
    """Take people out of the landing, the quarantine and the archive; how many files were written again."""
    known = contract()
    changed = 0
    folders = landing.delivery_folders(home)
    for feed in known.feeds.values():
        roles = {column.name: {(feed.name, column.name)} for column in feed.columns}
        for path in landing.feed_files(home, feed.name):
            changed += _rewrite(running.connection, path, roles, known, people)
    for path in sorted(path for folder in folders for path in folder.glob("*.parquet")):
        if path.stem == "quarantine":
            changed += _rewrite_quarantine(running.connection, path, known, people)
        elif path.stem not in known.feeds:
            changed += _rewrite_hashes(running.connection, path, people)
    for receipt in sorted(home.archive.glob("*/*.json")):
        changed += _rewrite_copy(running.connection, home, receipt, known, people)
    return changed


def obey(home: Home, running: Engine, rows: Path, source: Mapping, columns: tuple[str, ...]) -> None:
    """Take everybody who was forgotten out of a staged file, before anything else is made of it."""
    surrogates = listed(home)
    if not surrogates:
        return
    people = of_landing(running, home, surrogates)
    roles = _roles(source, {name: source.staged(name) for name in columns})
    numbers = [name for name, fed in roles.items() if any(column in SERIALS for _, column in fed)]
    found: set[str] = set(people.serials)
    for name in numbers:
        listed_rows = running.connection.execute(
            f"select distinct unnest(string_split({sql.name(name)}, '|')) from read_parquet({sql.path(rows)})"
        ).fetchall()
        found.update(number for (number,) in listed_rows if number)
    people.serials = _on_list(home, running, found)
    _rewrite(running.connection, rows, roles, contract(), people)


def _on_list(home: Home, running: Engine, serials: set[str]) -> dict[str, str]:
    with opened(home, LIST) as connection:
        known = dict(connection.execute("select serial_hash, surrogate from forgotten_serials").fetchall())
    if not known or not serials:
        return {}
    hashed = running.connection.execute(
        f"select s, {hash_sql('s', running.key)} from (select unnest([{sql.texts(sorted(serials))}]) as s)"
    ).fetchall()
    return {serial: known[hash_] for serial, hash_ in hashed if hash_ in known}


def _roles(source: Mapping, names: Map[str, str]) -> dict[str, set[tuple[str, str]]]:
    """What each column of a copy is to the feeds: its name there, by feed."""
    roles: dict[str, set[tuple[str, str]]] = {name: set() for name in names.values()}
    for rule in source.feeds:
        for column, column_rule in rule.columns:
            for origin in column_rule.sources:
                if origin in names:
                    roles[names[origin]].add((rule.feed, column))
    return roles


def _rewrite(
    connection: duckdb.DuckDBPyConnection,
    path: Path,
    roles: Map[str, set[tuple[str, str]]],
    known: Contract,
    people: People,
) -> int:
    """Take people out of one file of rows; 1 where anything was theirs."""
    present = {row[0] for row in connection.execute(f"describe select * from {_reader(path)}").fetchall()}
    columns = {name: fed for name, fed in roles.items() if name in present}
    is_theirs = [
        f"coalesce({sql.name(name)} in ({sql.texts(sorted(values))}), false)"
        for name, fed in columns.items()
        for values in [_values_that_tell(fed, people)]
        if values
    ]
    serial_map = _map_sql(people.serials)
    replaced, touched = [], list(is_theirs)
    for name, fed in columns.items():
        quoted = sql.name(name)
        if any(_personal(known, feed, column) == "identity" for feed, column in fed):
            surrogates = _map_sql(people.surrogates)
            replaced.append(f"coalesce({surrogates}[{quoted}], {quoted}) as {quoted}")
        elif any(column in SERIALS for _, column in fed) and people.serials:
            each = f"list_transform(string_split({quoted}, '|'), lambda s: coalesce({serial_map}[s], s))"
            replaced.append(f"array_to_string({each}, '|') as {quoted}")
            numbers = sql.texts(sorted(people.serials))
            touched.append(f"coalesce(list_has_any(string_split({quoted}, '|'), [{numbers}]), false)")
        elif any(_personal(known, feed, column) in ("text", "place") for feed, column in fed) and not any(
            feed in ("products", "service_centers") for feed, _ in fed
        ):
            replaced.append(f"case when not _is_theirs then {quoted} end as {quoted}")
    if not touched:
        return 0
    theirs = f"({' or '.join(touched)})"
    if "_content_hash" in present:
        replaced.append(f"{_other_hash_sql('_is_theirs', people)} as _content_hash")
    row = connection.execute(f"select count(*) from {_reader(path)} where {theirs}").fetchone()
    if not row or not row[0]:
        return 0
    if "_content_hash" in present:
        rows = connection.execute(f"select _content_hash from {_reader(path)} where {theirs}").fetchall()
        people.hashes.update(hash_ for (hash_,) in rows)
    query = (
        f"select * exclude (_is_theirs) replace ({', '.join(replaced)}) from "
        f"(select *, {theirs} as _is_theirs from {_reader(path)})"
    )
    landing.write_again(connection, query, path)
    return 1


def _values_that_tell(fed: set[tuple[str, str]], people: People) -> set[str]:
    """The values of a column that make its row a person's."""
    values: set[str] = set()
    for feed, column in fed:
        if column == "customer_id":
            values |= {*people.surrogates, *people.surrogates.values()}
        elif column == "order_id" and feed in ("orders", "tickets"):
            values |= people.orders
        elif column == "ticket_id":
            values |= people.tickets
    return values


def _personal(known: Contract, feed: str, column: str) -> str:
    declared = known.feeds[feed].column(column)
    return declared.personal if declared else "none"


def _rewrite_quarantine(
    connection: duckdb.DuckDBPyConnection, path: Path, known: Contract, people: People
) -> int:
    told = {name: f"(record ->> '$.{name}')" for name in ("customer_id", "order_id", "ticket_id")}
    names = sql.texts([*people.surrogates, *people.surrogates.values()])
    theirs = (
        f"coalesce({told['customer_id']} in ({names}) "
        f"or {told['order_id']} in ({sql.texts([*people.orders, ''])}) "
        f"or {told['ticket_id']} in ({sql.texts([*people.tickets, ''])}), false)"
    )
    row = connection.execute(f"select count(*) from {_reader(path)} where {theirs}").fetchone()
    if not row or not row[0]:
        return 0
    # In a merge patch, null takes the key out.
    emptied = {column: None for feed in known.feeds.values() for column in _emptied(feed)}
    surrogates = _map_sql(people.surrogates)
    who = f"coalesce({surrogates}[{told['customer_id']}], {told['customer_id']})"
    record = f"json_merge_patch(record, {sql.text(json.dumps(emptied))}, json_object('customer_id', {who}))"
    record = f"cast({record} as text)"
    for serial, surrogate in people.serials.items():
        record = f"replace({record}, {sql.text(serial)}, {sql.text(surrogate)})"
    record = f"case when {theirs} then {record} else record end"
    query = f"select * replace ({record} as record) from {_reader(path)}"
    landing.write_again(connection, query, path)
    return 1


def _emptied(feed: Feed) -> list[str]:
    if feed.name in ("products", "service_centers"):
        return []
    return [column.name for column in feed.columns if column.personal in ("text", "place")]


def _rewrite_hashes(connection: duckdb.DuckDBPyConnection, path: Path, people: People) -> int:
    """Journals that name rows by their content follow those rows."""
    present = {row[0] for row in connection.execute(f"describe select * from {_reader(path)}").fetchall()}
    if "_content_hash" not in present or not people.hashes:
        return 0
    is_theirs = f"_content_hash in ({sql.texts(sorted(people.hashes))})"
    query = f"select * replace ({_other_hash_sql(is_theirs, people)} as _content_hash) from {_reader(path)}"
    landing.write_again(connection, query, path)
    return 1


def _rewrite_copy(
    connection: duckdb.DuckDBPyConnection, home: Home, receipt: Path, known: Contract, people: People
) -> int:
    rows = receipt.with_suffix(".parquet")
    if not rows.exists():
        return 0
    roles = roles_of_copy(home, receipt)
    if roles is None:
        # Nobody can say what its columns are any more, so it can never be judged again: it goes.
        rows.unlink()
        receipt.unlink()
        return 1
    return _rewrite(connection, rows, roles, known, people)


def roles_of_copy(home: Home, receipt: Path) -> dict[str, set[tuple[str, str]]] | None:
    """What each column of a copy in the archive is to the feeds; None where its mapping is gone."""
    try:
        source = sources(home)[receipt.parent.name]
    except (KeyError, SavoirError):
        return None
    told = json.loads(receipt.read_text())
    names = told.get("columns") or {name: name for name in source.columns}
    return _roles(source, names)


def _other_hash_sql(is_theirs: str, people: People) -> str:
    """Another hash for the content of a person's row, by a salt that nobody keeps."""
    digits = f"left(sha256(_content_hash || {sql.text(people.salt)}), {HASH_HEX_DIGITS})"
    return f"case when {is_theirs} then {digits} else _content_hash end"


def _map_sql(values: Map[str, str]) -> str:
    if not values:
        return "map(['']::text[], ['']::text[])"
    return f"map([{sql.texts(list(values))}], [{sql.texts(list(values.values()))}])"


def _reader(path: Path) -> str:
    return f"read_parquet({sql.path(path)})"
