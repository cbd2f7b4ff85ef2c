"""From a file to staged text: the columns that a source uses, as text, personal ones already hashed or
redacted.

Belongs here: what happens inside the child process that reads one file. Does not belong here: the process
and its limits (`reading`), what a value means (`translation`, `judging`).

The staged file is the only copy of the source that is ever written; it becomes the archive's copy.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pa_parquet

from pipelines.feeds import dialects, files, shaping, sql
from pipelines.feeds.contract import contract
from pipelines.feeds.files import FileRefusedError, shown
from pipelines.feeds.headers import judged_header, shape_findings
from pipelines.feeds.mappings import Mapping
from pipelines.feeds.opening import Account, Opened, opened, opened_parquet
from pipelines.feeds.personal import kept_sql, register

# With what Python and the parsers take, an honest file of any size stays below the limit of `reading`.
_MEMORY_LIMIT = "160MB"
_ROOM_LIMIT = "100MB"  # of the tables that a shape joins: they spill
# The writer holds a page of each column for each thread: small ones keep wide files and long texts in bounds.
_PARQUET = (
    "(format parquet, compression zstd, compression_level 1, row_group_size_bytes '4MB', "
    "string_dictionary_page_size_limit 65536)"
)
_UNPARSED = pa.schema([("_row", pa.int64()), ("reason", pa.dictionary(pa.int8(), pa.string()))])


@dataclass(frozen=True)
class Task:
    """One file to be read, and where its text is to be written. `tables`: the files of a set, by table."""

    path: Path
    source: Mapping
    key: bytes
    rows: Path
    unparsed: Path
    max_inflated_bytes: int
    tables: tuple[tuple[str, Path], ...] = ()


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
        if task.source.shape is not None:
            return _staged_shape(connection, task)
        if files.is_parquet(task.path):
            return _staged_parquet(connection, task)
        return _staged_rows(connection, task)


def refuse_foreign_separator(task: Task) -> None:
    """The parser separates by one byte."""
    separator = task.source.dialect.separator
    if len(separator.encode()) != 1 or separator in '"\n\r':
        raise FileRefusedError(
            f"{task.source.name}: dialect.separator is {separator!r}: one ASCII character, such as ';'."
        )


def _staged_rows(connection: duckdb.DuckDBPyConnection, task: Task) -> Staged:
    source, name = task.source, shown(task.path.name)
    used: dict[str, int] = {}
    findings: tuple[str, ...] = ()

    def wanted(names: Sequence[str]) -> dict[str, int]:
        nonlocal used, findings
        used, findings = judged_header(name, names, source, contract())
        return {source.staged(column): place for column, place in used.items()}

    file = opened(task.path, source, task.max_inflated_bytes, wanted, source.columns)
    origins = {column: line_ends_sql(source.staged(column), source) for column in used}
    _write(connection, task, origins, file.batches, file.schema)
    account = file.account()
    if account.unparsed_count:
        _write_unparsed(account.unparsed, task.unparsed)
    return Staged(
        columns=tuple(used),
        records=account.records,
        rows=account.rows,
        unparsed=account.unparsed_count,
        rows_sql=f"select * from read_parquet({sql.path(task.rows)})",
        unparsed_sql=_unparsed_sql(task, account.unparsed_count),
        findings=(*findings, *account.findings),
    )


def _unparsed_sql(task: Task, count: int) -> str | None:
    return f"select * from read_parquet({sql.path(task.unparsed)})" if count else None


def line_ends_sql(column: str, source: Mapping) -> str:
    """A cell's own line ends, where the dialect writes them as escapes."""
    if dialects.is_own(source.dialect):
        return column
    return f"replace({column}, {sql.text(dialects.LINE_END_IN_TEXT)}, chr(10))"


def _staged_shape(connection: duckdb.DuckDBPyConnection, task: Task) -> Staged:
    """The rows that the source's shape makes of its file, or of its set of files."""
    source = task.source
    shape = shaping.shape_of(source.shape or "")
    tables = task.tables or ((next(iter(dict(source.files)), "file"), task.path),)
    name = " + ".join(shown(path.name) for _, path in tables)
    findings: list[str] = []
    unparsed: list[tuple[Sequence[int], Sequence[str]]] = []
    accounts: dict[str, Account] = {}
    seen: set[str] = set()
    with (
        tempfile.TemporaryDirectory(prefix="savoir-shape-") as spill,
        shaping.room(spill, _ROOM_LIMIT) as room,
    ):
        for place, (table, path) in enumerate(tables):
            file = _opened_whole(task, path, shape)
            seen |= set(file.names)
            findings += shape_findings(shown(path.name), file.names, source, shape)
            schema = file.schema
            shaping.add_table(room, table, file.names, file.batches, schema, place, source.dialect.unknown)
            account = accounts[table] = file.account()
            findings += account.findings
            for lines, reasons in account.unparsed:
                unparsed.append(([line + place * shaping.FILE_ROWS for line in lines], reasons))
        missing = [column for column in source.file_columns if column not in seen]
        if missing:
            raise FileRefusedError(
                f"{name}: the required column{'s' if len(missing) > 1 else ''} {', '.join(missing)} "
                f"{'are' if len(missing) > 1 else 'is'} missing: add "
                f"{'them' if len(missing) > 1 else 'it'} to "
                "the header."
            )
        for table, _ in tables:
            shaping.add_missing_columns(
                room, table, [column for column in source.ignored if column not in seen]
            )
        try:
            shaped, batches = shaping.run(room, shape, [table for table, _ in tables])
        except shaping.ShapeError as error:
            raise FileRefusedError(f"{name}: the shape of {source.name} {error}.") from None
        lacking = [column for column in source.columns if column not in shaped.columns]
        if lacking:
            raise FileRefusedError(
                f"{name}: the shape of {source.name} gives no column {lacking[0]}, which its feeds "
                f"read: it gives "
                f"{', '.join(shaped.columns)}."
            )
        for table, path in tables:
            findings += _unused_findings(shown(path.name), shaped.accounts[table], accounts[table])
        places = [shaped.columns.index(column) for column in source.columns]
        texts = ((source.staged(column), pa.string()) for column in source.columns)
        schema = pa.schema([*texts, ("_row", pa.int64()), ("_place", pa.int64())])
        origins = {column: line_ends_sql(source.staged(column), source) for column in source.columns}
        _write(connection, task, origins, _placed(batches, places, schema), schema)
    count = sum(len(lines) for lines, _ in unparsed)
    if count:
        _write_unparsed(iter(unparsed), task.unparsed)
    return Staged(
        columns=source.columns,
        records=shaped.rows + count,
        rows=shaped.rows,
        unparsed=count,
        rows_sql=f"select * from read_parquet({sql.path(task.rows)})",
        unparsed_sql=_unparsed_sql(task, count),
        findings=tuple(findings),
    )


def _opened_whole(task: Task, path: Path, shape: shaping.Shape) -> Opened:
    """A file with all its columns, under f0, f1, …"""
    if files.is_parquet(path):
        return opened_parquet(path, task.source.dialect.decimal_mark)
    nested = [*task.source.file_columns, *shape.spelled]
    return opened(
        path,
        task.source,
        task.max_inflated_bytes,
        lambda names: {f"f{place}": place for place in range(len(names))},
        nested,
    )


def _placed(
    batches: pa.RecordBatchReader, places: Sequence[int], schema: pa.Schema
) -> Iterator[pa.RecordBatch]:
    """The wanted columns, `_row`, and each row's place: what tells apart rows of one source row."""
    begin = 0
    for batch in batches:
        numbers = pa.array(range(begin, begin + batch.num_rows), pa.int64())
        begin += batch.num_rows
        columns = [batch.column(f"s{place}") for place in places]
        yield pa.record_batch([*columns, batch.column("_row"), numbers], schema=schema)


def _unused_findings(file_name: str, used: shaping.Account, read: Account) -> Iterator[str]:
    """Every record of the file is used, in no shaped row, or no row at all."""
    if used.used + used.unused_count + read.unparsed_count != read.records:
        raise FileRefusedError(
            f"{file_name}: {read.records:,} records were counted, but {used.used:,} are used by the shape, "
            f"{used.unused_count:,} are not and {read.unparsed_count:,} cannot be parsed. Nothing was "
            f"landed; "
            "please report it."
        )
    if used.unused_count:
        lines = ", ".join(str(line) for line in used.unused)
        more = ", …" if used.unused_count > len(used.unused) else ""
        yield (
            f"{file_name}: {used.unused_count:,} of {read.records:,} records stand in no row that the "
            f"shape gives "
            f"(line{'s' if used.unused_count > 1 else ''} {lines}{more})."
        )


def _write(
    connection: duckdb.DuckDBPyConnection,
    task: Task,
    origins: dict[str, str],
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
    also = {name: name for name in schema.names if name.startswith("_")}
    kept = kept_sql("batches", origins, task.source, contract(), task.key, also)
    try:
        connection.execute(f"copy ({kept}) to {sql.text(str(task.rows))} {_PARQUET}")
    except duckdb.Error:
        if failure:
            raise failure[0] from None
        raise
    finally:
        connection.unregister("batches")


def _write_unparsed(unparsed: Iterator[tuple[Sequence[int], Sequence[str]]], target: Path) -> None:
    with pa_parquet.ParquetWriter(target, _UNPARSED, compression="zstd") as writer:
        for lines, reasons in unparsed:
            texts = pa.array(reasons, pa.string()).dictionary_encode()
            columns = [pa.array(lines, pa.int64()), texts.cast(_UNPARSED.field("reason").type)]
            writer.write_batch(pa.record_batch(columns, schema=_UNPARSED))


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
