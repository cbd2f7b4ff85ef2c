"""The archive: of every file taken, a copy without personal data, and a receipt.

Belongs here: where a copy lies and what its receipt says. Does not belong here: making the copy (`reading`).

The copy is the staged text: the columns that the source uses, row by row in the file's order, customers
hashed, free text redacted. It is enough to judge the file again by corrected rules; the sender's own file is
not kept.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import duckdb

from pipelines.feeds import sql
from pipelines.feeds.landing import sync
from pipelines.feeds.lines import Unparsed
from pipelines.feeds.mappings import Mapping
from pipelines.feeds.reading import Staged
from pipelines.home import Home


@dataclass(frozen=True)
class Copy:
    """The two files that the archive holds of one file."""

    rows: Path
    receipt: Path


def copy_of(home: Home, source: str, file_sha256: str, file_name: str) -> Copy:
    """Where the copy of a file lies: named by its bytes, so that a second attempt writes the same copy."""
    stem = file_name.removesuffix(".gz").removesuffix(".parquet").removesuffix(".csv")
    folder = home.archive / source
    # A sender's name may be as long as the file system allows: the prefix and suffix must still fit.
    name = f"{file_sha256[:12]}-{stem.encode()[:200].decode(errors='ignore')}"
    return Copy(folder / f"{name}.parquet", folder / f"{name}.json")


def store(copy: Copy, staged: Staged, source: Mapping, file_sha256: str, file_name: str) -> None:
    """Move the staged text into the archive, beside its receipt."""
    copy.rows.parent.mkdir(parents=True, exist_ok=True)
    receipt = {
        "file_name": file_name,
        "file_sha256": file_sha256,
        "rows": staged.rows,
        "columns": {name: source.staged(name) for name in staged.columns},
        "offsets": staged.offsets,
        "unparsed": [[item.file_row, item.reason] for item in staged.unparsed],
    }
    written = staged.path.with_suffix(".json")
    written.write_text(json.dumps(receipt, ensure_ascii=False))
    for path in (staged.path, written):
        sync(path)
    staged.path.replace(copy.rows)
    written.replace(copy.receipt)
    sync(copy.rows.parent)


def stored(connection: duckdb.DuckDBPyConnection, copy: Copy, source: Mapping) -> Staged | None:
    """The staged text of a file taken earlier, if the archive still holds it."""
    if not copy.rows.exists() or not copy.receipt.exists():
        return None
    receipt = json.loads(copy.receipt.read_text())
    described = connection.execute(
        f"describe select * from read_parquet({sql.text(str(copy.rows))})"
    ).fetchall()
    # Copies of an older version named the columns as the file did.
    named = receipt.get("columns") or {name: name for name, *_ in described}
    return Staged(
        path=copy.rows,
        columns=tuple(name for name in named if name in source.columns),
        rows=receipt["rows"],
        unparsed=tuple(Unparsed(line, reason) for line, reason in receipt["unparsed"]),
        offsets=tuple((ordinal, offset) for ordinal, offset in receipt["offsets"]),
        findings=(),
        selected=", ".join(
            f"{sql.name(named[name])} as {source.staged(name)}" for name in named if name in source.columns
        ),
    )
