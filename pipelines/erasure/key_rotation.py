"""A new key for the customer hashes: every kept hash is hashed once more, and so is every new one from then.

Belongs here: the steps, so that a kill leaves the old key, or a change that the same command finishes. Does
not belong here: the hash (`pipelines.feeds.personal`). The customers' own ids are not needed, and not known.
"""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Callable
from pathlib import Path

from pipelines.errors import SavoirError
from pipelines.feeds import landing, sql
from pipelines.feeds.contract import contract
from pipelines.feeds.engine import Engine, engine
from pipelines.feeds.forgotten import LIST, roles_of_copy
from pipelines.feeds.key_fingerprint import FILE, fingerprint
from pipelines.feeds.personal import KEY_VARIABLE, hash_sql, keyed_hash, unfinished_rotation
from pipelines.home import Home
from pipelines.state import Tables, opened, record

ROTATIONS = Tables("key_rotations", ("create table key_rotations (id text primary key) strict",))
_KEY = "customer.key"
_WAIT_SECONDS = 600
_PARQUET = "(format parquet, compression zstd, compression_level 1)"


class RotationError(SavoirError):
    """The key cannot be changed here."""


def rotate_key(home: Home, say: Callable[[str], None] = lambda _: None) -> int:
    """Give the home a new key, and all that it keeps the new hashes; how many files were written again.

    A build must follow. A change that was interrupted is finished instead.
    """
    if os.environ.get(KEY_VARIABLE) is not None:
        raise RotationError(
            f"The key comes from {KEY_VARIABLE}: unset it and put the key into {home.customer_key} first, so "
            "that the new one has a place."
        )
    ready = unfinished_rotation(home)
    with landing.locked(home, _WAIT_SECONDS):
        if ready.exists():
            say("finishing a change of key that was interrupted")
        else:
            with engine(home, may_make_key=False) as running:
                _prepare(home, running, ready)
        return _apply(home, ready)


def _prepare(home: Home, running: Engine, ready: Path) -> None:
    """Write everything new beside the old; the last rename makes it count."""
    draft = ready.with_name(f"{ready.name}.tmp")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(mode=0o700)
    new = secrets.token_hex(32)
    for path in sorted((*home.landing.glob("*/*.parquet"), *home.archive.glob("*/*.parquet"))):
        query = _rehashed(home, running, path, new.encode())
        if query is not None:
            target = draft / "files" / path.relative_to(home.root)
            target.parent.mkdir(parents=True, exist_ok=True)
            running.connection.execute(f"copy ({query}) to {sql.text(str(target))} {_PARQUET}")
            landing.sync(target)
    (draft / _KEY).write_text(running.key.decode() + "\n" + new + "\n")
    (draft / "id").write_text(secrets.token_hex(8))
    for name in (_KEY, "id"):
        landing.sync(draft / name)
    draft.rename(ready)
    landing.sync(home.root)


def _rehashed(home: Home, running: Engine, path: Path, new: bytes) -> str | None:
    """The rows of a file with their hashes hashed once more; None where it has none."""
    reader = f"read_parquet({sql.path(path)})"
    present = {row[0] for row in running.connection.execute(f"describe select * from {reader}").fetchall()}
    if path.is_relative_to(home.archive):
        receipt = path.with_suffix(".json")
        if not receipt.exists():
            return None
        roles = roles_of_copy(home, receipt) or {}
    elif path.stem == "quarantine":
        told = {name: f"(record ->> '$.{name}')" for name in ("customer_id", "assignee_id")}
        parts = [f"'{name}', {hash_sql(value, new)}" for name, value in told.items()]
        # A patch of null takes a key out that was null before; the record says the same.
        record_ = f"cast(json_merge_patch(record, json_object({', '.join(parts)})) as text)"
        return f"select * replace ({record_} as record) from {reader}"
    else:
        feed = contract().feeds.get(path.stem)
        roles = {} if feed is None else {each.name: {(feed.name, each.name)} for each in feed.columns}
    hashed = [
        f"{hash_sql(sql.name(name), new)} as {sql.name(name)}"
        for name, fed in roles.items()
        if name in present and any(_is_identity(feed, column) for feed, column in fed)
    ]
    return f"select * replace ({', '.join(hashed)}) from {reader}" if hashed else None


def _is_identity(feed: str, name: str) -> bool:
    column = contract().feeds[feed].column(name)
    return column is not None and column.personal == "identity"


def _apply(home: Home, ready: Path) -> int:
    """Move the new over the old; each step may be done twice."""
    key = (ready / _KEY).read_text()
    new = key.split()[-1].encode()
    files = [path for path in (ready / "files").rglob("*") if path.is_file()]
    for path in files:
        target = home.root / path.relative_to(ready / "files")
        path.replace(target)
        landing.sync(target.parent)
    _rehash_list(home, (ready / "id").read_text(), new)
    fresh = home.customer_key.with_name(f".{_KEY}.new")
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(key)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(home.customer_key)
    landing.sync(home.customer_key.parent)
    stamp = home.landing / f".tmp-{FILE}"
    stamp.write_text(fingerprint(key.strip().encode()) + "\n")
    stamp.replace(home.landing / f".{FILE}")
    shutil.rmtree(home.warehouse, ignore_errors=True)
    home.make()
    shutil.rmtree(ready)
    record(home, "rotate_key", f"{len(files)} files written again")
    return len(files)


def _rehash_list(home: Home, rotation: str, new: bytes) -> None:
    with opened(home, ROTATIONS) as connection:
        if connection.execute("select 1 from key_rotations where id = ?", (rotation,)).fetchone():
            return
    with opened(home, LIST) as connection:
        connection.create_function("rehashed", 1, lambda value: keyed_hash(value, new))
        connection.execute(
            "update forgotten set customer_hash = rehashed(customer_hash), surrogate = rehashed(surrogate)"
        )
        connection.execute("update forgotten_serials set serial_hash = rehashed(serial_hash)")
        connection.execute("insert into key_rotations values (?)", (rotation,))
