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
from typing import Any

import duckdb

from pipelines.feeds import sql
from pipelines.feeds.landing import sync
from pipelines.feeds.mappings import Mapping
from pipelines.feeds.staging import Staged, Task
from pipelines.home import Home


@dataclass(frozen=True)
class Copy:
    """What the archive holds of one file; `unparsed` only where some records are no row."""

    rows: Path
    unparsed: Path
    receipt: Path


def copy_of(home: Home, source: str, file_sha256: str, file_name: str) -> Copy:
    """Where the copy of a file lies: named by its bytes, so that a second attempt writes the same copy."""
    stem = file_name.removesuffix(".gz").removesuffix(".parquet").removesuffix(".csv")
    folder = home.archive / source
    # A sender's name may be as long as the file system allows: the prefix and suffix must still fit.
    name = f"{file_sha256[:12]}-{stem.encode()[:200].decode(errors='ignore')}"
    return Copy(folder / f"{name}.parquet", folder / f"{name}.unparsed.parquet", folder / f"{name}.json")


def store(
    copy: Copy, task: Task, staged: Staged, file_sha256: str, file_name: str, profile: dict[str, Any]
) -> None:
    """Move the staged text into the archive, beside its receipt."""
    copy.rows.parent.mkdir(parents=True, exist_ok=True)
    receipt = {
        "file_name": file_name,
        "file_sha256": file_sha256,
        "records": staged.records,
        "rows": staged.rows,
        "unparsed": staged.unparsed,
        "columns": {name: task.source.staged(name) for name in staged.columns},
        "shape": task.source.shape,
        "profile": profile,
    }
    written = task.rows.with_suffix(".json")
    written.write_text(json.dumps(receipt, ensure_ascii=False))
    moved = [(task.rows, copy.rows), (written, copy.receipt)]
    if staged.unparsed:
        moved.insert(0, (task.unparsed, copy.unparsed))
    for path, _ in moved:
        sync(path)
    for path, target in moved:
        path.replace(target)
    sync(copy.rows.parent)


def stored(connection: duckdb.DuckDBPyConnection, copy: Copy, source: Mapping) -> Staged | None:
    """The staged text of a file taken earlier, if the archive still holds it."""
    if not copy.rows.exists() or not copy.receipt.exists():
        return None
    receipt = json.loads(copy.receipt.read_text())
    if "offsets" in receipt:
        return _stored_by_name(connection, copy, source, receipt)
    if receipt.get("shape") != source.shape:
        return None  # only the file itself can be shaped anew
    columns = {name: column for name, column in receipt["columns"].items() if name in source.columns}
    selected = "".join(f"{column} as {source.staged(name)}, " for name, column in columns.items())
    also = ", _place" if source.shape is not None else ""
    unparsed_sql = f"select * from read_parquet({sql.path(copy.unparsed)})"
    return Staged(
        columns=tuple(columns),
        records=receipt["records"],
        rows=receipt["rows"],
        unparsed=receipt["unparsed"],
        rows_sql=f"select {selected}_row{also} from read_parquet({sql.path(copy.rows)})",
        unparsed_sql=unparsed_sql if receipt["unparsed"] else None,
    )


def _stored_by_name(
    connection: duckdb.DuckDBPyConnection, copy: Copy, source: Mapping, receipt: dict[str, Any]
) -> Staged:
    """A copy of version 0.1: columns under the file's own names, lines as offsets from the row's ordinal."""
    reader = f"read_parquet({sql.path(copy.rows)}, file_row_number = true)"
    described = connection.execute(f"describe select * from {reader}").fetchall()
    columns = [name for name, *_ in described if name in source.columns]
    selected = "".join(f"s.{sql.name(name)} as {source.staged(name)}, " for name in columns)
    offsets = ", ".join(f"({ordinal}, {offset})" for ordinal, offset in receipt["offsets"])
    unparsed = ", ".join(f"({line}, {sql.text(reason)})" for line, reason in receipt["unparsed"])
    return Staged(
        columns=tuple(columns),
        records=receipt["rows"] + len(receipt["unparsed"]),
        rows=receipt["rows"],
        unparsed=len(receipt["unparsed"]),
        rows_sql=(
            f"select {selected}s.file_row_number + o.line_offset as _row from {reader} as s "
            f"asof join (values {offsets}) as o(ordinal, line_offset) on s.file_row_number >= o.ordinal"
        ),
        unparsed_sql=f"select * from (values {unparsed}) as lines(_row, reason)" if unparsed else None,
    )
