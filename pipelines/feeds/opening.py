"""A file opened for reading, whatever its format: its columns' names, its rows as batches of text, its
account.

Belongs here: which reader a file gets, and the dialect that it is read in. Does not belong here: reading rows
(`rows`, `formats`), or which columns are kept (`staging`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pa_parquet

from pipelines.feeds import dialects, files, formats, sql
from pipelines.feeds.counting import RecordCount
from pipelines.feeds.files import FileRefusedError, shown
from pipelines.feeds.mappings import Mapping
from pipelines.feeds.rows import NOT_UTF8, REASONS, RowReader, Unparsed

# By the header's names: the columns wanted, each with its place in the header.
Wanted = Callable[[Sequence[str]], dict[str, int]]


@dataclass
class Opened:
    """`batches` hold the wanted columns as text and `_row`; once they are read, `account` gives the records
    counted apart, the lines that are no row with their reasons, and findings.
    """

    names: tuple[str, ...]
    schema: pa.Schema
    batches: Iterator[pa.RecordBatch]
    account: Callable[[], Account]


@dataclass(frozen=True)
class Account:
    """What is known of a file at its end."""

    records: int
    rows: int
    unparsed: Iterator[tuple[Sequence[int], Sequence[str]]]
    unparsed_count: int
    findings: tuple[str, ...]


def opened(
    path: Path, source: Mapping, max_inflated_bytes: int, wanted: Wanted, nested: Sequence[str] = ()
) -> Opened:
    """The file, its header judged by `wanted`. `nested`: names with points that reach into JSON objects."""
    name, dialect = shown(path.name), source.dialect
    if formats.is_workbook(path):
        found = formats.workbook_records(
            name, path, dialect.skip_lines, dialect.decimal_mark, dialect.style.date_patterns
        )
        return _of_records(found, wanted)
    files.refuse_foreign(path, dialect.encoding)
    seen = files.Seen()
    blocks = files.text_blocks(path, dialect.encoding, max_inflated_bytes, seen)
    if source.format in ("json", "ndjson"):
        first = next(blocks, b"")
        blocks = chain([first], blocks)
        if first.lstrip()[:1] in (b"{", b"["):
            is_ndjson = source.format == "ndjson" and first.lstrip()[:1] == b"{"
            found = formats.json_records(name, blocks, nested, dialect.decimal_mark, is_ndjson)
            return _of_records(found, wanted)
    return _of_text(path, name, source, blocks, seen, wanted)


def _of_records(found: formats.Records, wanted: Wanted) -> Opened:
    places = wanted(found.columns)
    schema, batches = found.batches(list(places), list(places.values()))

    def account() -> Account:
        lines, reasons = [line for line, _ in found.unparsed], [reason for _, reason in found.unparsed]
        listed = iter([(lines, reasons)] if lines else [])
        return Account(found.records, len(found.rows), listed, len(lines), found.findings)

    return Opened(found.columns, schema, batches, account)


def _of_text(
    path: Path, name: str, source: Mapping, blocks: Iterator[bytes], seen: files.Seen, wanted: Wanted
) -> Opened:
    dialect = source.dialect
    lines_before = 0

    def after_preamble() -> Iterator[bytes]:
        nonlocal lines_before
        for block, skipped in dialects.after_preamble(blocks, dialect.skip_lines):
            lines_before = skipped
            yield block

    count = RecordCount(dialect.separator, dialect.quote_mark or "\0", dialect.escape_mark)
    is_own = dialects.is_own(dialect)

    def counted(text: Iterator[bytes]) -> Iterator[bytes]:
        for block in text:
            count.add(block)
            yield block

    text = after_preamble() if is_own else dialects.own_blocks(counted(after_preamble()), dialect, name)
    first, blank_lines = b"", 0
    for first in text:
        if first.strip(b"\n"):
            break
        blank_lines += first.count(b"\n")
    if seen.is_cut and b"\n" not in first:
        raise FileRefusedError(f"{name} is a cut gzip archive, without even a header: send it again, whole.")
    header = files.header(path, first, dialect.separator, lines_before + blank_lines)
    places = wanted(header.names)
    reader = RowReader(name, header, dialect.separator, places)

    def batches() -> Iterator[pa.RecordBatch]:
        for block in chain([first[header.size :]], text):
            if is_own:
                count.add(block)
            yield from reader.read(block)
        yield from reader.finish(seen.is_cut)

    def account() -> Account:
        unparsed = reader.unparsed
        return Account(
            # Foreign quotes are counted from the first line on, the header with them.
            records=count.total() - (not is_own),
            rows=reader.rows,
            unparsed=_reasons(unparsed, len(header.names)),
            unparsed_count=len(unparsed),
            findings=_file_findings(name, seen, unparsed),
        )

    return Opened(header.names, reader.schema, batches(), account)


def _reasons(unparsed: Unparsed, columns: int) -> Iterator[tuple[Sequence[int], Sequence[str]]]:
    reasons = [reason.format(columns=columns) for reason in REASONS]
    for begin in range(0, len(unparsed), 100_000):
        lines = unparsed.lines[begin : begin + 100_000]
        yield lines, [reasons[place] for place in unparsed.reasons[begin : begin + 100_000]]


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


def opened_parquet(path: Path, decimal_mark: str) -> Opened:
    """All columns of a Parquet file as text, for a shape."""
    damaged = FileRefusedError(
        f"{shown(path.name)} starts as Parquet but cannot be read: it is cut or damaged; send it again."
    )
    try:
        described = pa_parquet.ParquetFile(path)
        names, records = tuple(described.schema_arrow.names), described.metadata.num_rows
        kinds = [str(field.type) for field in described.schema_arrow]
    except (pa.ArrowException, OSError, UnicodeDecodeError):
        raise damaged from None
    schema = pa.schema([*((f"f{place}", pa.string()) for place in range(len(names))), ("_row", pa.int64())])

    def batches() -> Iterator[pa.RecordBatch]:
        row = 1
        with duckdb.connect() as connection:
            for batch in described.iter_batches(batch_size=10_000):
                plain = pa.RecordBatch.from_arrays(batch.columns, names=[f"f{i}" for i in range(len(names))])
                connection.register("part", pa.table(plain))
                texts = ", ".join(_text(place, kind, decimal_mark) for place, kind in enumerate(kinds))
                made = connection.execute(f"select {texts} from part").to_arrow_table().combine_chunks()
                connection.unregister("part")
                rows = pa.array(range(row, row + batch.num_rows), pa.int64())
                row += batch.num_rows
                columns = [column.combine_chunks().cast(pa.string()) for column in made.columns]
                yield pa.record_batch([*columns, rows], schema=schema)

    return Opened(names, schema, batches(), lambda: Account(records, records, iter(()), 0, ()))


def _text(place: int, kind: str, decimal_mark: str) -> str:
    column = sql.name(f"f{place}")
    if kind.startswith(("list", "large_list")):
        return f"array_to_string({column}, '|') as f{place}"
    text = f"cast({column} as text)"
    if decimal_mark != "." and kind.startswith(("double", "float", "decimal")):
        text = f"replace({text}, '.', {sql.text(decimal_mark)})"
    return f"{text} as f{place}"
