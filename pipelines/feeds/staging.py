"""From a file to staged text: the columns that a source uses, as text, personal ones already hashed or
redacted.

Belongs here: what happens inside the child process that reads one file. Does not belong here: the process
and its limits (`reading`), what a value means (`translation`, `judging`).

The staged file is the only copy of the source that is ever written; it becomes the archive's copy.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pa_parquet

from pipelines.feeds import files, sql
from pipelines.feeds.contract import contract
from pipelines.feeds.counting import RecordCount
from pipelines.feeds.files import FileRefusedError, shown
from pipelines.feeds.headers import judged_header
from pipelines.feeds.mappings import Mapping
from pipelines.feeds.personal import kept_sql, register
from pipelines.feeds.rows import NOT_UTF8, REASONS, RowReader, Unparsed

# With what Python and the parsers take, an honest file of any size stays below the limit of `reading`.
_MEMORY_LIMIT = "100MB"
_PARQUET = "(format parquet, compression zstd, compression_level 1, row_group_size_bytes '8MB')"
_UNPARSED = pa.schema([("_row", pa.int64()), ("reason", pa.dictionary(pa.int8(), pa.string()))])
_UNPARSED_BATCH = 100_000


@dataclass(frozen=True)
class Task:
    """One file to be read, and where its text is to be written."""

    path: Path
    source: Mapping
    key: bytes
    rows: Path
    unparsed: Path
    max_inflated_bytes: int


@dataclass(frozen=True)
class Staged:
    """A file as staged text. `records` is the number of its records as counted apart from the reading.

    `rows_sql` gives the source's columns under `Mapping.staged`, and `_row`: the line of the file on which
    the row starts (of a Parquet file: the row, from 1). `unparsed_sql` gives `_row` and `reason` of the
    records that are no row.
    """

    columns: tuple[str, ...]
    records: int
    rows: int
    unparsed: int
    rows_sql: str
    unparsed_sql: str | None
    findings: tuple[str, ...] = ()


def staged(task: Task) -> Staged:
    """Read one file into the task's Parquet files."""
    refuse_foreign_separator(task)
    with duckdb.connect() as connection:
        connection.execute(
            f"set memory_limit = '{_MEMORY_LIMIT}'; set temp_directory = ''; set TimeZone = 'UTC'; "
            f"set threads = {min(2, os.cpu_count() or 1)}; set preserve_insertion_order = false; "
            "set enable_progress_bar = false"
        )
        register(connection, task.key)
        if files.is_parquet(task.path):
            return _staged_parquet(connection, task)
        return _staged_text(connection, task)


def refuse_foreign_separator(task: Task) -> None:
    """The parser separates by one byte."""
    separator = task.source.dialect.separator
    if len(separator.encode()) != 1 or separator in '"\n\r':
        raise FileRefusedError(
            f"{task.source.name}: dialect.separator is {separator!r}: one ASCII character, such as ';'."
        )


def _staged_text(connection: duckdb.DuckDBPyConnection, task: Task) -> Staged:
    source, name = task.source, shown(task.path.name)
    files.refuse_foreign(task.path, source.dialect.encoding)
    seen = files.Seen()
    blocks = files.text_blocks(task.path, source.dialect.encoding, task.max_inflated_bytes, seen)
    first, blank_lines = b"", 0
    for first in blocks:
        if first.strip(b"\n"):
            break
        blank_lines += first.count(b"\n")
    if seen.is_cut and b"\n" not in first:
        raise FileRefusedError(f"{name} is a cut gzip archive, without even a header: send it again, whole.")
    header = files.header(task.path, first, source.dialect.separator, blank_lines)
    used, findings = judged_header(name, header.names, source, contract())
    count = RecordCount(source.dialect.separator)
    wanted = {source.staged(column): place for column, place in used.items()}
    reader = RowReader(name, header, source.dialect.separator, wanted)

    def batches() -> Iterator[pa.RecordBatch]:
        for block in chain([first[header.size :]], blocks):
            count.add(block)
            yield from reader.read(block)
        yield from reader.finish(seen.is_cut)

    _write(connection, task, used, batches(), reader.schema)
    unparsed = reader.unparsed
    if len(unparsed):
        _write_unparsed(unparsed, len(header.names), task.unparsed)
    return Staged(
        columns=tuple(used),
        records=count.total(),
        rows=reader.rows,
        unparsed=len(unparsed),
        rows_sql=f"select * from read_parquet({sql.path(task.rows)})",
        unparsed_sql=f"select * from read_parquet({sql.path(task.unparsed)})" if len(unparsed) else None,
        findings=(*findings, *_file_findings(name, seen, unparsed)),
    )


def _write(
    connection: duckdb.DuckDBPyConnection,
    task: Task,
    used: dict[str, int],
    batches: Iterator[pa.RecordBatch],
    schema: pa.Schema,
) -> None:
    """Write the batches as cleaned, hashed and redacted text; an error in the reading is raised as it was."""
    failure: list[BaseException] = []

    def guarded() -> Iterator[pa.RecordBatch]:
        try:
            yield from batches
        except BaseException as error:
            failure.append(error)
            raise

    connection.register("batches", pa.RecordBatchReader.from_batches(schema, guarded()))
    origins = {name: task.source.staged(name) for name in used}
    kept = kept_sql("batches", origins, task.source, contract(), task.key, {"_row": "_row"})
    try:
        connection.execute(f"copy ({kept}) to {sql.text(str(task.rows))} {_PARQUET}")
    except duckdb.Error:
        if failure:
            raise failure[0] from None
        raise
    finally:
        connection.unregister("batches")


def _file_findings(file_name: str, seen: files.Seen, unparsed: Unparsed) -> tuple[str, ...]:
    findings = []
    if seen.is_cut:
        findings.append(
            f"{file_name} is a cut gzip archive: its whole lines were read up to where it ends; send it "
            "again, whole."
        )
    if NOT_UTF8 in unparsed.reasons:
        findings.append(
            f"{file_name} is not UTF-8 throughout: save it as “CSV UTF-8”, or declare its encoding in a "
            "mapping (dialect.encoding: cp1252 is what Excel writes)."
        )
    return tuple(findings)


def _write_unparsed(unparsed: Unparsed, columns: int, target: Path) -> None:
    reasons = pa.array([reason.format(columns=columns) for reason in REASONS])
    with pa_parquet.ParquetWriter(target, _UNPARSED, compression="zstd") as writer:
        for begin in range(0, len(unparsed), _UNPARSED_BATCH):
            lines = pa.array(unparsed.lines[begin : begin + _UNPARSED_BATCH], pa.int64())
            places = pa.array(unparsed.reasons[begin : begin + _UNPARSED_BATCH], pa.int8())
            texts = pa.DictionaryArray.from_arrays(places, reasons)
            writer.write_batch(pa.record_batch([lines, texts], schema=_UNPARSED))


def _staged_parquet(connection: duckdb.DuckDBPyConnection, task: Task) -> Staged:
    reader = f"read_parquet({sql.path(task.path)}, file_row_number = true)"
    damaged = FileRefusedError(
        f"{shown(task.path.name)} starts as Parquet but cannot be read: it is cut or damaged; send it again."
    )
    try:
        described = pa_parquet.ParquetFile(task.path)
        names = described.schema_arrow.names
        records = described.metadata.num_rows
        described.close()
        kinds = connection.execute(f"describe select * from {reader}").fetchall()
    except (pa.ArrowException, duckdb.Error, UnicodeDecodeError):
        raise damaged from None
    used, findings = judged_header(shown(task.path.name), names, task.source, contract())
    # The engine's own names for the columns: it renames those that differ in nothing but case.
    origins = {
        name: f"array_to_string({sql.name(kinds[place][0])}, '|')"
        if kinds[place][1].endswith("[]")
        else f"cast({sql.name(kinds[place][0])} as text)"
        for name, place in used.items()
    }
    row = {"_row": f"{sql.name(kinds[-1][0])} + 1"}
    kept = kept_sql(reader, origins, task.source, contract(), task.key, row)
    try:
        written = connection.execute(f"copy ({kept}) to {sql.text(str(task.rows))} {_PARQUET}").fetchone()
    except duckdb.OutOfMemoryException:
        raise FileRefusedError(
            f"{shown(task.path.name)} does not fit into memory as it is written: write it with smaller row "
            "groups, or as CSV."
        ) from None
    except duckdb.Error as error:
        if "No space left" in str(error):
            raise
        raise damaged from None
    return Staged(
        columns=tuple(used),
        records=records,
        rows=int(written[0]) if written else 0,
        unparsed=0,
        rows_sql=f"select * from read_parquet({sql.path(task.rows)})",
        unparsed_sql=None,
        findings=findings,
    )
