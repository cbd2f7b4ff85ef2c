"""From a file to staged text: the columns that a source uses, as text, personal ones already hashed or
redacted.

Belongs here: the header's judgement, the engine's strict reader, lines that cannot be parsed, and which line
of the file each row starts on. Does not belong here: what a value means (`translation`, `judging`).

The staged file is the only copy of the source that is ever written; it becomes the archive's copy.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb

from pipelines.errors import SavoirError
from pipelines.feeds import files, lines, sql
from pipelines.feeds.contract import Contract
from pipelines.feeds.engine import Engine
from pipelines.feeds.files import Census, FileRefusedError
from pipelines.feeds.lines import Unparsed
from pipelines.feeds.mappings import Mapping
from pipelines.feeds.personal import hash_sql, redact_sql, without_e_mails_sql
from pipelines.feeds.translation import read_text_sql

# A file with more open quotes than this is read as far as it goes: each costs a reading of the whole file.
_MAX_REREADS = 20


@dataclass(frozen=True)
class Staged:
    """A file as staged text. `offsets`: from the row at that ordinal on, file line = ordinal + offset."""

    path: Path
    columns: tuple[str, ...]
    rows: int
    unparsed: tuple[Unparsed, ...]
    offsets: tuple[tuple[int, int], ...]
    findings: tuple[str, ...]
    selected: str = "*"

    @property
    def rows_sql(self) -> str:
        """The rows as a query: the source's columns under `Mapping.staged`, and `_row`, the line of the file
        on which each starts (of a Parquet file: the row).
        """
        reader = f"read_parquet({sql.text(str(self.path))}, file_row_number = true)"
        if len(self.offsets) == 1:
            return f"select {self.selected}, file_row_number + {self.offsets[0][1]} as _row from {reader}"
        values = ", ".join(f"({ordinal}, {offset})" for ordinal, offset in self.offsets)
        return (
            f"select {self.selected}, s.file_row_number + o.line_offset as _row from {reader} as s "
            f"asof join (values {values}) as o(ordinal, line_offset) on s.file_row_number >= o.ordinal"
        )


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
    query = f"select {_selected_sql(used, source, contract, key)} from"
    blanked: frozenset[int] = frozenset()
    while True:
        with _text_of(path, source, census, is_direct and not blanked, max_bytes, blanked) as text:
            rows = _read(
                connection, f"{query} {_csv_reader_sql(text.path, header, source)}", target, text, path
            )
        rejects = _rejects(connection)
        found = None
        if header.lines + rows + len(rejects) != text.census.lines:
            # Blank lines, or line ends inside quoted texts: records are not lines, so both are counted out.
            found = lines.records(path, source.dialect, max_bytes, blanked)
            swallowing = lines.swallowing_line(rejects, found, text.census.lines)
            if swallowing is not None and len(blanked) < _MAX_REREADS:
                blanked |= {swallowing}
                continue
        break
    numbered = lines.numbering(header, rows, rejects, found, blanked)
    unparsed, seen = numbered.unparsed, text.census
    if seen.has_unfinished_line and "UNQUOTED VALUE" not in rejects.values():
        cut = "the file is cut in the middle of this line: send it again, whole"
        unparsed = (*unparsed, Unparsed(seen.lines + 1, cut))
    findings += _file_findings(path.name, seen, rejects, numbered.is_exact)
    return Staged(target, used, rows, unparsed, numbered.offsets, findings)


def _file_findings(file_name: str, seen: Census, rejects: dict[int, str], is_exact: bool) -> tuple[str, ...]:
    findings = []
    if seen.is_cut:
        findings.append(
            f"{file_name} is a cut gzip archive: rows up to line {seen.lines} were read; send it again, "
            "whole."
        )
    if "INVALID ENCODING" in rejects.values():
        findings.append(
            f"{file_name} is not UTF-8 throughout: save it as “CSV UTF-8”, or declare its encoding in a "
            "mapping "
            "(dialect.encoding: cp1252 is what Excel writes)."
        )
    if not is_exact:
        findings.append(
            f"{file_name} uses double quotes in a way that two readers understand differently, so line "
            "numbers "
            "may be wrong and lines may be missing: write every quote inside a text twice."
        )
    return tuple(findings)


@dataclass(frozen=True)
class _Text:
    """Where the engine reads the text, what was seen of it, and why it stopped early, if it did."""

    path: Path
    census: Census
    failure: Callable[[bool], SavoirError | None]


def _read(connection: duckdb.DuckDBPyConnection, query: str, target: Path, text: _Text, path: Path) -> int:
    try:
        rows = _copy(connection, query, target)
    except duckdb.Error as error:
        if problem := text.failure(False):
            raise problem from None
        raise FileRefusedError(
            f"{path.name} cannot be read as text: check that it is a CSV file with the separator of its "
            "source, "
            f"double quotes and one kind of line end ({type(error).__name__})."
        ) from None
    if problem := text.failure(True):
        raise problem
    return rows


def _rejects(connection: duckdb.DuckDBPyConnection) -> dict[int, str]:
    """Records that the engine could not read, by number, with its name for what is wrong first."""
    rows = connection.execute(
        "select line, first(error_type order by column_idx) from reject_errors group by line"
    ).fetchall()
    connection.execute("drop table if exists reject_errors; drop table if exists reject_scans")
    return dict(rows)


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


@contextmanager
def _text_of(
    path: Path, source: Mapping, census: Census, is_direct: bool, max_bytes: int, blanked: frozenset[int]
) -> Generator[_Text]:
    """The file itself where the engine can read it in parallel as it is, else a pipe with its text."""
    if is_direct:
        yield _Text(path, census, lambda _: None)
        return
    with files.pumped(path, source.dialect.encoding, max_bytes, blanked) as pump:
        yield _Text(pump.pipe, pump.census, pump.failure)


def _csv_reader_sql(path: Path, header: files.Header, source: Mapping) -> str:
    columns = ", ".join(
        f"{sql.text(name or f'column_{place}')}: 'VARCHAR'" for place, name in enumerate(header.names)
    )
    return (
        f"read_csv({sql.text(str(path))}, columns = {{{columns}}}, auto_detect = false, header = false, "
        f"skip = {header.lines}, delim = {sql.text(source.dialect.separator)}, quote = '\"', escape = "
        "'\"', new_line = "
        "'\\n', "
        "strict_mode = true, null_padding = false, store_rejects = true)"
    )


def _selected_sql(used: tuple[str, ...], source: Mapping, contract: Contract, key: bytes) -> str:
    personal = _personal_columns(source, contract)
    selected = []
    for name in used:
        text = read_text_sql(sql.name(name), source.dialect)
        kind, remove = personal.get(name, (None, None))
        if kind == "keyed_hash":
            cleaned = f"nullif(regexp_replace({text}, {sql.text(remove)}, '', 'g'), '')" if remove else text
            text = hash_sql(cleaned, key)
        elif kind == "redact":
            text = redact_sql(text)
        else:
            text = without_e_mails_sql(text)
        selected.append(f"{text} as {source.staged(name)}")
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
    selected = _selected_sql(used, source, contract, key)
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
        f"copy ({query}) to {sql.text(str(target))} (format parquet, compression zstd, compression_level 1)"
    ).fetchone()
    return int(written[0]) if written else 0
