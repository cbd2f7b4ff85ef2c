"""Looking for strings in everything that a home keeps: the proof that somebody is forgotten.

Belongs here: opening each kind of file so that its values can be read. Does not belong here: what is looked
for.
"""

from __future__ import annotations

import gzip
import io
import zipfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from html import escape
from pathlib import Path

import duckdb

from pipelines.feeds import sql
from pipelines.home import Home

# What people have put there themselves: named by the command, but nothing that Savoir keeps.
NOT_KEPT = ("inbox", "truth")
_CHUNK = 1 << 22


@dataclass(frozen=True)
class Found:
    """Where something was found, and how much was searched."""

    places: tuple[Path, ...]
    files: int


def search(home: Home, needles: Sequence[str], folders: Iterable[Path] | None = None) -> Found:
    """The files that hold any of the needles, in their name, their bytes or the values read out of them."""
    asked = [needle for needle in dict.fromkeys(needles) if needle]
    roots = folders or [path for path in sorted(home.root.iterdir()) if path.name not in NOT_KEPT]
    paths = [
        path
        for root in roots
        for path in (sorted(root.rglob("*")) if root.is_dir() else [root])
        if path.is_file() and not path.is_symlink()
    ]
    found = [path for path in paths if _holds(home, path, asked)]
    return Found(tuple(found), len(paths))


def _holds(home: Home, path: Path, needles: Sequence[str]) -> bool:
    if any(needle in str(path.relative_to(home.root)) for needle in needles):
        return True
    if path.suffix == ".parquet":
        with duckdb.connect() as connection:
            return _table_holds(connection, f"read_parquet({sql.path(path)})", needles)
    if path.suffix == ".duckdb":
        return _database_holds(path, needles)
    if zipfile.is_zipfile(path):
        return _archive_holds(path, needles)
    with path.open("rb") as file:
        is_packed = file.read(2) == b"\x1f\x8b"
    opener = gzip.open if is_packed else open
    with opener(path, "rb") as file:
        tail = b""
        while chunk := file.read(_CHUNK):
            if _bytes_hold(tail + chunk, needles):
                return True
            tail = chunk[-4096:]
    return False


def _archive_holds(file: Path | io.BytesIO, needles: Sequence[str]) -> bool:
    """A workbook, or a pack that holds some."""
    with zipfile.ZipFile(file) as archive:
        for name in archive.namelist():
            content = archive.read(name)
            if _bytes_hold(content, needles):
                return True
            if name.endswith((".xlsx", ".zip")) and _archive_holds(io.BytesIO(content), needles):
                return True
    return False


def _bytes_hold(content: bytes, needles: Sequence[str]) -> bool:
    return any(form in content for needle in needles for form in _forms(needle))


@lru_cache(maxsize=4096)
def _forms(needle: str) -> tuple[bytes, ...]:
    """How a text may stand in a file: as it is, escaped in JSON, in UTF-16, in XML and in HTML."""
    xml = escape(needle, quote=False)
    html = escape(needle).replace("&#x27;", "&#39;").replace("&quot;", "&#34;")
    plain = (needle.encode(), needle.encode("unicode_escape"), needle.encode("utf-16-le"))
    return tuple(dict.fromkeys((*plain, xml.encode(), html.encode())))


def _database_holds(path: Path, needles: Sequence[str]) -> bool:
    with duckdb.connect(str(path), read_only=True) as connection:
        tables = connection.execute(
            "select database_name, schema_name, table_name from duckdb_tables() where not internal"
        ).fetchall()
        return any(
            _table_holds(connection, ".".join(sql.name(part) for part in table), needles) for table in tables
        )


def _table_holds(connection: duckdb.DuckDBPyConnection, table: str, needles: Sequence[str]) -> bool:
    described = connection.execute(f"describe select * from {table}").fetchall()
    texts = [sql.name(name) for name, kind, *_ in described if "VARCHAR" in kind or kind == "JSON"]
    tests = [
        f"contains(cast({column} as text), {sql.text(needle)})" for column in texts for needle in needles
    ]
    if not tests:
        return False
    found = connection.execute(f"select 1 from {table} where {' or '.join(tests)} limit 1").fetchone()
    return found is not None
