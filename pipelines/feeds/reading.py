"""From a file to staged text: the columns that a source uses, as text, personal ones already hashed or
redacted.

Belongs here: the header's judgement, the engine's strict reader, lines that cannot be parsed, and which line
of the file each row starts on. Does not belong here: what a value means (`translation`, `judging`).

The staged file is the only copy of the source that is ever written; it becomes the archive's copy.
"""

from __future__ import annotations

import csv
import difflib
import io
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb

from pipelines.errors import SavoirError
from pipelines.feeds import files, sql
from pipelines.feeds.contract import Contract
from pipelines.feeds.engine import Engine
from pipelines.feeds.files import Census, FileRefusedError
from pipelines.feeds.mappings import Mapping
from pipelines.feeds.personal import hash_sql, redact_sql, without_e_mails_sql
from pipelines.feeds.translation import read_text_sql

# Marks the archive's copies: their personal columns must not be hashed a second time.
REDACTED_MARK = "savoir_redacted"

_REASONS = {
    "MISSING COLUMNS": (
        "the line has fewer than the header's {columns} fields: it is cut short, or a text with a line end "
        "stands "
        "without quotes; send the whole line again"
    ),
    "TOO MANY COLUMNS": (
        "the line has more than the header's {columns} fields: put texts that contain the separator in "
        "double quotes"
    ),
    "UNQUOTED VALUE": (
        "a double quote opens and is not closed where the field ends: close it, and write a quote inside a "
        "text "
        'twice ("")'
    ),
    "LINE SIZE OVER MAXIMUM": (
        "the line is longer than 2,000,000 bytes, probably because a double quote never closes: close it"
    ),
    "INVALID ENCODING": (
        "the line is not UTF-8 (it looks like cp1252, as Excel writes): save the file as “CSV UTF-8”, or "
        "send it "
        "through a mapping with dialect.encoding: cp1252"
    ),
}


@dataclass(frozen=True)
class Unparsed:
    """A line that is no row: kept by its number."""

    file_row: int
    reason: str


@dataclass(frozen=True)
class Staged:
    """A file as staged text. `offsets`: from the row at that ordinal on, file line = ordinal + offset."""

    path: Path
    columns: tuple[str, ...]
    rows: int
    unparsed: tuple[Unparsed, ...]
    offsets: tuple[tuple[int, int], ...]
    findings: tuple[str, ...]


def stage(
    engine: Engine, path: Path, source: Mapping, contract: Contract, target: Path, census: Census
) -> Staged:
    """Read `path` as `source` declares into the Parquet file `target`, as text."""
    connection, key, max_bytes = engine.connection, engine.key, engine.max_inflated_bytes
    if files.is_parquet(path):
        return _stage_parquet(connection, path, source, contract, key, target)
    header = files.header(path, source.dialect.encoding, source.dialect.separator)
    used, findings = judged_header(path.name, header.names, source, contract)
    is_direct = (
        not files.is_gzip(path)
        and not census.has_carriage_returns
        and source.dialect.encoding.lower().replace("_", "-") in ("utf-8", "utf8")
    )
    with _text_of(path, source, census, is_direct, max_bytes) as (text_path, seen, failure):
        reader = _csv_reader_sql(text_path, header, source.dialect.separator)
        selected = _selected_sql(used, source, contract, key)
        try:
            rows = _copy(connection, f"select {selected} from {reader}", target)
        except duckdb.Error as error:
            if problem := failure(False):
                raise problem from None
            raise FileRefusedError(
                f"{path.name} cannot be read as text with the separator {source.dialect.separator!r}: "
                f"check that it is a CSV file with that separator, double quotes and one kind of line end "
                f"({type(error).__name__})."
            ) from None
        if problem := failure(True):
            raise problem
    rejects = connection.execute(
        "select line, first(error_type order by column_idx) from reject_errors group by line"
    ).fetchall()
    connection.execute("drop table if exists reject_errors; drop table if exists reject_scans")
    records = None
    if header.lines + rows + len(rejects) != seen.lines:
        # Blank lines, or line ends inside quoted texts: records and lines differ, so the lines are counted
        # out.
        records = record_starts(path, source, max_bytes)
    unparsed, offsets = _numbered(header, rows, rejects, records)
    if seen.has_unfinished_line and not any(kind == "UNQUOTED VALUE" for _, kind in rejects):
        unparsed = (
            *unparsed,
            Unparsed(seen.lines + 1, "the file is cut in the middle of this line: send it again, whole"),
        )
    if seen.is_cut:
        findings = (
            *findings,
            f"{path.name} is a cut gzip archive: rows up to line {seen.lines} were read; send it again, "
            "whole.",
        )
    if any(kind == "INVALID ENCODING" for _, kind in rejects):
        findings = (
            *findings,
            f"{path.name} is not UTF-8 throughout: save it as “CSV UTF-8”, or declare its encoding in a "
            "mapping "
            f"(dialect.encoding: cp1252 is what Excel writes).",
        )
    return Staged(target, used, rows, unparsed, offsets, findings)


def judged_header(
    file_name: str, names: tuple[str, ...], source: Mapping, contract: Contract
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The source's columns that the file has, and findings on the others.

    A header that cannot be used refuses the file.
    """
    doubles = sorted({name for name in names if names.count(name) > 1 and name})
    if doubles:
        raise FileRefusedError(
            f"{file_name}, line 1: the column {doubles[0]} stands twice in the header: remove or rename one."
        )
    if len(names) == 1 and len(source.columns) > 1:
        other = next(
            (mark for mark in (";", "\t", "|", ",") if mark != source.dialect.separator and mark in names[0]),
            None,
        )
        if other is not None:
            raise FileRefusedError(
                f"{file_name}, line 1: the header is separated by {other!r}, not by "
                f"{source.dialect.separator!r}: save it with "
                f"{source.dialect.separator!r}, or send it through a mapping with dialect.separator: "
                f"{other!r}."
            )
    feeds = [contract.feeds[rule.feed] for rule in source.feeds]
    needed = (
        [column.name for column in feeds[0].columns if column.is_required]
        if source.is_canonical
        else list(source.columns)
    )
    missing = [name for name in needed if name not in names]
    if len(missing) == len(needed) and not any(name in source.columns for name in names):
        raise FileRefusedError(
            f"{file_name}, line 1: none of the columns of {source.name} is in the header: its first line "
            "must name them "
            f"({', '.join(needed)}); check that the file belongs into inbox/{source.name}/."
        )
    if missing:
        near = difflib.get_close_matches(
            missing[0], [name for name in names if name not in source.columns], 1
        )
        hint = f" (is it the column {near[0]}?)" if near else ""
        raise FileRefusedError(
            f"{file_name}, line 1: the required column{'s' if len(missing) > 1 else ''} {', '.join(missing)} "
            f"{'are' if len(missing) > 1 else 'is'} missing{hint}: add "
            f"{'them' if len(missing) > 1 else 'it'} to the header."
        )
    findings = []
    for name in names:
        if name in source.columns or name in source.ignored:
            continue
        near = difflib.get_close_matches(name, [known for known in source.columns if known not in names], 1)
        remedy = (
            f"is it {near[0]}?"
            if near
            else "remove it"
            if source.is_canonical
            else "list it under columns or ignored"
        )
        findings.append(
            f"{file_name}, line 1: the column {name or '(without a name)'} is unknown and was not read: "
            f"{remedy}"
        )
    return tuple(name for name in source.columns if name in names), tuple(findings)


def record_starts(path: Path, source: Mapping, max_bytes: int) -> list[tuple[int, bool]]:
    """For each record, the header's first: the line on which it starts, and whether it is a blank line."""
    lines = (
        line
        for chunk in files.text_chunks(path, source.dialect.encoding, max_bytes)
        for line in io.StringIO(chunk.decode("utf-8", errors="replace"), newline="\n")
    )
    csv.field_size_limit(1 << 30)
    reader = csv.reader(lines, delimiter=source.dialect.separator)
    starts = []
    begin = 1
    for record in reader:
        starts.append((begin, not record))
        begin = reader.line_num + 1
    return starts


def _numbered(
    header: files.Header, rows: int, rejects: list[tuple[int, str]], records: list[tuple[int, bool]] | None
) -> tuple[tuple[Unparsed, ...], tuple[tuple[int, int], ...]]:
    """File lines of the refused records, and the offsets that give every other row its line."""
    refused = dict(rejects)  # the engine numbers records from 1, header and blank lines included
    offsets: dict[int, int] = {0: header.lines + 1}
    if records is not None:
        first = next((number for number, (_, is_blank) in enumerate(records, 1) if not is_blank), 1)
        starts = [
            start
            for number, (start, is_blank) in enumerate(records, 1)
            if number > first and not is_blank and number not in refused
        ]
        if len(starts) == rows:
            for ordinal, start in enumerate(starts):
                if not offsets or start - ordinal != next(reversed(offsets.values())):
                    offsets[ordinal] = start - ordinal
            lines = {number: records[number - 1][0] for number in refused if number <= len(records)}
            return _unparsed(header, refused, lines), tuple(offsets.items())
    for place, line in enumerate(sorted(refused)):
        offsets[line - header.lines - 1 - place] = header.lines + 2 + place
    return _unparsed(header, refused, {}), tuple(offsets.items())


def _unparsed(header: files.Header, refused: dict[int, str], lines: dict[int, int]) -> tuple[Unparsed, ...]:
    unknown = "the line cannot be parsed: check quotes and separators"
    return tuple(
        Unparsed(lines.get(number, number), _REASONS.get(kind, unknown).format(columns=len(header.names)))
        for number, kind in sorted(refused.items())
    )


@contextmanager
def _text_of(
    path: Path, source: Mapping, census: Census, is_direct: bool, max_bytes: int
) -> Generator[tuple[Path, Census, Callable[[bool], SavoirError | None]]]:
    """The file itself where the engine can read it in parallel as it is, else a pipe with its text."""
    if is_direct:
        yield path, census, lambda _: None
        return
    with files.pumped(path, source.dialect.encoding, max_bytes) as pump:
        yield pump.pipe, pump.census, pump.failure


def _csv_reader_sql(path: Path, header: files.Header, separator: str) -> str:
    columns = ", ".join(
        f"{sql.text(name or f'column_{place}')}: 'VARCHAR'" for place, name in enumerate(header.names)
    )
    return (
        f"read_csv({sql.text(str(path))}, columns = {{{columns}}}, auto_detect = false, header = false, "
        f"skip = {header.lines}, delim = {sql.text(separator)}, quote = '\"', escape = '\"', new_line = "
        "'\\n', "
        "strict_mode = true, null_padding = false, store_rejects = true)"
    )


def _selected_sql(used: tuple[str, ...], source: Mapping, contract: Contract, key: bytes) -> str:
    personal = _personal_columns(source, contract)
    selected = []
    for name in used:
        text = read_text_sql(name, source.dialect)
        kind, remove = personal.get(name, (None, None))
        if kind == "keyed_hash":
            cleaned = f"nullif(regexp_replace({text}, {sql.text(remove)}, '', 'g'), '')" if remove else text
            text = hash_sql(cleaned, key)
        elif kind == "redact":
            text = redact_sql(text)
        else:
            text = without_e_mails_sql(text)
        selected.append(f"{text} as {sql.name(name)}")
    return ", ".join(selected)


def _personal_columns(source: Mapping, contract: Contract) -> dict[str, tuple[str, str | None]]:
    """Source columns that feed a personal column, with the cleaning that comes before the hash."""
    personal: dict[str, tuple[str, str | None]] = {}
    for rule in source.feeds:
        for name, column_rule in rule.columns:
            column = contract.feeds[rule.feed].column(name)
            if column is None or column.personal is None:
                continue
            for origin in column_rule.sources:
                if personal.get(origin, ("",))[0] != "keyed_hash":
                    personal[origin] = (column.personal, column_rule.remove)
    return personal


def _stage_parquet(
    connection: duckdb.DuckDBPyConnection,
    path: Path,
    source: Mapping,
    contract: Contract,
    key: bytes,
    target: Path,
) -> Staged:
    reader = f"read_parquet({sql.text(str(path))})"
    try:
        described = connection.execute(f"describe select * from {reader}").fetchall()
        marks = connection.execute(f"select key from parquet_kv_metadata({sql.text(str(path))})").fetchall()
    except duckdb.Error:
        raise FileRefusedError(
            f"{path.name} starts as Parquet but cannot be read: it is cut or damaged; send it again."
        ) from None
    used, findings = judged_header(path.name, tuple(row[0] for row in described), source, contract)
    texts = ", ".join(
        f"array_to_string({sql.name(name)}, '|') as {sql.name(name)}"
        if kind.endswith("[]")
        else f"cast({sql.name(name)} as text) as {sql.name(name)}"
        for name, kind, *_ in described
        if name in used
    )
    is_redacted = any(mark == REDACTED_MARK.encode() for (mark,) in marks)
    selected = (
        ", ".join(sql.name(name) for name in used)
        if is_redacted
        else _selected_sql(used, source, contract, key)
    )
    try:
        rows = _copy(connection, f"select {selected} from (select {texts} from {reader})", target)
    except duckdb.Error:
        raise FileRefusedError(
            f"{path.name} starts as Parquet but cannot be read: it is cut or damaged; send it again."
        ) from None
    return Staged(target, used, rows, (), ((0, 1),), findings)


def _copy(connection: duckdb.DuckDBPyConnection, query: str, target: Path) -> int:
    """Write a query as a redacted copy, in the query's order; the rows written."""
    written = connection.execute(
        f"copy ({query}) to {sql.text(str(target))} "
        f"(format parquet, compression zstd, compression_level 1, kv_metadata {{{REDACTED_MARK}: 'true'}})"
    ).fetchone()
    return int(written[0]) if written else 0
