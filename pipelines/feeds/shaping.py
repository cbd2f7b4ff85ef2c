"""The one optional step that changes the shape of a file: a DuckDB select from its rows as text to rows as
text.

Belongs here: what such a select may say, running it where it can reach nothing, and the account of every
source row. Does not belong here: reading the file (`staging`), or what a cell means (`translation`).
"""

from __future__ import annotations

import json
import re
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache

import duckdb
import pyarrow as pa

from pipelines.feeds import sql

ROW = "_row"
# Rows of the second file of a set count from here, of the third from twice as far.
FILE_ROWS = 10**12

_TABLE_FUNCTIONS = frozenset({"unnest", "range", "generate_series", "json_each", "json_tree"})
_OF_THE_MACHINE = frozenset(
    {"current_setting", "getvariable", "getenv", "version", "user", "current_user", "session_user", "hash"}
)
_CLOCKS = frozenset(
    {
        "current_date",
        "current_time",
        "current_timestamp",
        "localtime",
        "localtimestamp",
        "current_user",
        "user",
    }
)
_ORDERED_WINDOWS = frozenset(
    {"first_value", "last_value", "nth_value", "first", "last", "lag", "lead", "row_number", "ntile", "rank"}
    | {"dense_rank", "fill"}
)
_ORDERED_AGGREGATES = frozenset(
    {"first", "last", "any_value", "arbitrary", "list", "array_agg", "string_agg", "group_concat", "listagg"}
)


class ShapeError(ValueError):
    """What is wrong with a shape, as the end of a sentence."""


@dataclass(frozen=True)
class Shape:
    """A select that was found to be harmless: the tables it reads, the names and patterns it mentions."""

    query: str
    tables: tuple[str, ...]
    names: frozenset[str]
    spelled: frozenset[str]
    texts: frozenset[str]
    reads_all: bool

    def reads(self, column: str) -> bool:
        """Whether the select mentions a column, by name or by a pattern."""
        if self.reads_all or column.lower() in self.names:
            return True
        return any(_matches(text, column) for text in self.texts)


def _matches(pattern: str, column: str) -> bool:
    try:
        return re.search(pattern, column) is not None if len(pattern) > 2 else False
    except re.error:
        return False


@cache
def shape_of(query: str) -> Shape:
    """The select as it was parsed; a ShapeError says what it may not contain."""
    with duckdb.connect() as connection:
        parsed = json.loads(
            connection.execute(
                "select cast(json_serialize_sql(cast(? as text)) as text)", [query]
            ).fetchall()[0][0]
        )
        if parsed.get("error"):
            message = str(parsed.get("error_message", "")).splitlines()[0]
            raise ShapeError(f"is not a select that can be read ({message})")
        changing = {
            name
            for (name,) in connection.execute(
                "select distinct function_name from duckdb_functions() where stability <> 'CONSISTENT'"
            ).fetchall()
        }
        reading = {
            name
            for (name,) in connection.execute(
                "select function_name from duckdb_functions() where function_type in "
                "('table', 'table_macro', 'pragma') except "
                "select function_name from duckdb_functions() where function_type in ('scalar', 'aggregate')"
            ).fetchall()
        }
    if len(parsed["statements"]) != 1:
        raise ShapeError("holds several statements: one select alone")
    found = _Found(changing | _OF_THE_MACHINE, reading - _TABLE_FUNCTIONS)
    found.walk(parsed["statements"])
    tables = tuple(dict.fromkeys(name for name in found.tables if name not in found.ctes))
    if not tables:
        raise ShapeError("reads no table: select from the file, under any name")
    return Shape(
        query,
        tables,
        frozenset(found.names),
        frozenset(found.spelled),
        frozenset(found.texts),
        found.has_star,
    )


class _Found:
    """What a parsed select mentions; raises at what it may not."""

    def __init__(self, changing: set[str], reading: set[str]) -> None:
        self.changing, self.reading = changing, reading
        self.tables: list[str] = []
        self.sorted_lists: set[int] = set()
        self.ctes: set[str] = set()
        self.names: set[str] = set()
        self.spelled: set[str] = set()
        self.texts: set[str] = set()
        self.has_star = False

    def is_sorted_after(self, node: dict) -> bool:
        """Whether the list is put in order at once: the parser writes list(x order by x) so."""
        return id(node) in self.sorted_lists

    def walk(self, node: object) -> None:
        if isinstance(node, list):
            for item in node:
                self.walk(item)
            return
        if not isinstance(node, dict):
            return
        self._judge(node)
        for value in node.values():
            self.walk(value)

    def _judge(self, node: dict) -> None:
        kind, function = node.get("type"), str(node.get("function_name") or "").lower()
        if kind == "BASE_TABLE":
            table = str(node["table_name"])
            if "." in table or "/" in table or node.get("schema_name") or node.get("catalog_name"):
                raise ShapeError(f"reads {table}: a shape reads its own file, nothing else")
            self.tables.append(table)
        if kind == "COLUMN_REF":
            names = [str(name).lower() for name in node["column_names"]]
            self.names.add(names[-1])
            self.spelled.add(str(node["column_names"][-1]))
            if len(names) == 1 and names[0] in _CLOCKS:
                raise ShapeError(
                    f"asks for {names[0]}, whose answer changes: the same file must give the same rows"
                )
        if kind == "STAR" and not node.get("columns"):
            self.has_star = True
        if kind == "VALUE_CONSTANT" and isinstance((node.get("value") or {}).get("value"), str):
            self.texts.add(node["value"]["value"])
        if node.get("cte_map"):
            self.ctes |= {str(item["key"]) for item in node["cte_map"].get("map", ())}
        if node.get("sample"):
            raise ShapeError("takes a sample, whose answer changes: the same file must give the same rows")
        if function.startswith(("list_sort", "list_reverse_sort", "array_sort", "list_distinct")):
            self.sorted_lists |= {id(item) for item in node.get("children", ())}
        if function in self.changing or (function == "age" and len(node.get("children", ())) == 1):
            raise ShapeError(
                f"calls {function}(), whose answer changes: the same file must give the same rows"
            )
        if function in self.reading:
            raise ShapeError(f"calls {function}(): a shape reads its own file, nothing else")
        self._judge_order(node, function)

    def _judge_order(self, node: dict, function: str) -> None:
        if node.get("class") == "WINDOW":
            if function in _ORDERED_WINDOWS and not node.get("orders"):
                raise ShapeError(
                    f"calls {function}() over rows without an order: write over (order by {ROW})"
                )
        elif function in _ORDERED_AGGREGATES:
            orders = (node.get("order_bys") or {}).get("orders")
            if not orders and not self.is_sorted_after(node) and not _is_of_rows(node):
                raise ShapeError(f"calls {function}() without an order: write {function}(... order by {ROW})")
        modifiers = {str(item.get("type")): item for item in node.get("modifiers") or ()}
        if "ORDER_MODIFIER" not in modifiers:
            if "LIMIT_MODIFIER" in modifiers:
                raise ShapeError(f"has a limit without an order: write order by {ROW}")
            if (modifiers.get("DISTINCT_MODIFIER") or {}).get("distinct_on_targets"):
                raise ShapeError(f"has a distinct on without an order: write order by {ROW}")


def _is_of_rows(node: dict) -> bool:
    """Whether a list is of source rows alone, for the account: their order says nothing."""
    children = node.get("children") or [{}]
    return (children[0].get("column_names") or [""])[-1] == ROW and len(children) == 1


@dataclass(frozen=True)
class Account:
    """What became of one file's rows: how many stand in a shaped row, and which stand in none."""

    used: int
    unused: tuple[int, ...]
    unused_count: int


@dataclass(frozen=True)
class Shaped:
    """Shaped rows: their columns' names, and how each table's rows were used."""

    columns: tuple[str, ...]
    rows: int
    accounts: dict[str, Account]


_SHOWN = 10
_OUTPUT = "shaped_rows"


@contextmanager
def room(spill: str | None, memory_limit: str) -> Generator[duckdb.DuckDBPyConnection]:
    """A connection that reaches no file and no network; what it spills is encrypted."""
    with duckdb.connect() as connection:
        connection.execute(
            f"set memory_limit = {sql.text(memory_limit)}; set temp_directory = {sql.text(spill or '')}; "
            "set temp_file_encryption = true; set threads = 1; set TimeZone = 'UTC'; set Calendar = "
            "'gregorian'; "
            "set enable_progress_bar = false; set autoinstall_known_extensions = false; "
            "set autoload_known_extensions = false; set python_enable_replacements = false"
        )
        yield connection


def lock(connection: duckdb.DuckDBPyConnection) -> None:
    """From here on the connection reaches nothing outside, and cannot be told otherwise."""
    connection.execute("set enable_external_access = false; set lock_configuration = true")


def add_table(
    connection: duckdb.DuckDBPyConnection,
    name: str,
    columns: Sequence[str],
    batches: Iterator[pa.RecordBatch],
    schema: pa.Schema,
    place: int = 0,
    unknown: Sequence[str] = (),
) -> int:
    """A file's rows as a table of text: `columns` names the schema's fields but `_row`, in their order.

    Outer blanks are trimmed; an empty cell, or a text of `unknown`, is null. Names that differ in nothing
    but case get a number.
    """
    seen: set[str] = {ROW}
    selected = []
    for field, column in zip([item.name for item in schema if item.name != ROW], columns, strict=True):
        wanted, number = column or "unnamed", 1
        while wanted.lower() in seen:
            number += 1
            wanted = f"{column or 'unnamed'}_{number}"
        seen.add(wanted.lower())
        text = f"nullif(trim({sql.name(field)}), '')"
        if unknown:
            text = f"case when {text} in ({sql.texts(list(unknown))}) then null else {text} end"
        selected.append(f"{text} as {sql.name(wanted)}")
    connection.register("incoming", pa.RecordBatchReader.from_batches(schema, batches))
    try:
        connection.execute(
            f"create table {sql.name(name)} as select "
            f"{', '.join([*selected, f'{ROW} + {place * FILE_ROWS} as {ROW}'])} "
            "from incoming"
        )
    finally:
        connection.unregister("incoming")
    counted = connection.execute(f"select count(*) from {sql.name(name)}").fetchone()
    return int(counted[0]) if counted else 0


def add_missing_columns(connection: duckdb.DuckDBPyConnection, name: str, optional: Sequence[str]) -> None:
    """Columns that a file may have and has not, as unknown."""
    given = {row[0].lower() for row in connection.execute(f"describe {sql.name(name)}").fetchall()}
    for column in optional:
        if column.lower() not in given:
            connection.execute(f"alter table {sql.name(name)} add column {sql.name(column)} text")


def run(
    connection: duckdb.DuckDBPyConnection, shape: Shape, tables: Sequence[str]
) -> tuple[Shaped, pa.RecordBatchReader]:
    """Run the select over the tables, in this order of their rows' numbers.

    The rows as text: `s0`, `s1`, … for `Shaped.columns`, and `_row`, the first source row of each.
    """
    if len(tables) == 1:  # one file: whatever the select calls it
        for name in shape.tables:
            if name.lower() != tables[0].lower():
                connection.execute(f"create view {sql.name(name)} as from {sql.name(tables[0])}")
    lock(connection)
    try:
        connection.execute(f"create table {_OUTPUT} as {shape.query}")
        described = connection.execute(f"describe {_OUTPUT}").fetchall()
    except duckdb.Error as error:
        raise ShapeError(f"cannot be run on this file ({_first_line(error)})") from None
    kinds = {name: kind for name, kind, *_ in described}
    if "_rows" in kinds:
        sources = "list_filter(cast(_rows as bigint[]), lambda x: x is not null)"
    elif ROW in kinds:
        sources = f"list_filter([cast({ROW} as bigint)], lambda x: x is not null)"
    else:
        raise ShapeError(
            f"does not keep {ROW}: select it too, or of several tables [a.{ROW}, b.{ROW}] as _rows"
        )
    columns = tuple(name for name in kinds if name not in (ROW, "_rows"))
    texts = ", ".join(f"{_text(name, kinds[name])} as s{place}" for place, name in enumerate(columns))
    connection.execute(
        f"create table made as select {texts or 'null as s0'}, {sources} as origins from {_OUTPUT}"
    )
    connection.execute(f"drop table {_OUTPUT}")
    unknown = connection.execute(
        "select count(*) from made where len(origins) = 0 or origins is null"
    ).fetchone()
    if unknown and unknown[0]:
        raise ShapeError(f"gives {unknown[0]:,} rows without {ROW}: no source row accounts for them")
    accounts = {name: _account(connection, name, place) for place, name in enumerate(tables)}
    counted = connection.execute("select count(*) from made").fetchone()
    names = ", ".join(f"s{place}" for place in range(max(1, len(columns))))
    ordered = f"select {names}, list_min(origins) as {ROW} from made order by {ROW}, {names}"
    reader = connection.execute(ordered).to_arrow_reader(50_000)
    return Shaped(columns, int(counted[0]) if counted else 0, accounts), reader


def _account(connection: duckdb.DuckDBPyConnection, table: str, place: int) -> Account:
    low, high = place * FILE_ROWS, (place + 1) * FILE_ROWS
    connection.execute(
        f"create or replace temp table origin as select distinct unnest(origins) as {ROW} from made"
    )
    row = connection.execute(
        f"select count(*) filter (where origin.{ROW} is not null), count(*) filter (where "
        f"origin.{ROW} is null), "
        f"(list(t.{ROW} order by t.{ROW}) filter (where origin.{ROW} is null))[1:{_SHOWN}] "
        f"from {sql.name(table)} as t left join origin on t.{ROW} = origin.{ROW}"
    ).fetchone()
    assert row is not None
    strange = connection.execute(
        f"select min({ROW}) from origin where {ROW} >= {low} and {ROW} < {high} "
        f"and {ROW} not in (select {ROW} from {sql.name(table)})"
    ).fetchone()
    if strange and strange[0] is not None:
        raise ShapeError(f"gives {ROW} {strange[0]}, which is not a row of the file: keep the file's own")
    return Account(int(row[0]), tuple(number - low for number in row[2] or ()), int(row[1]))


def _text(name: str, kind: str) -> str:
    column = sql.name(name)
    if kind.endswith("[]"):
        return f"array_to_string(cast({column} as text[]), '|')"
    return f"cast({column} as text)"


def _first_line(error: duckdb.Error) -> str:
    text = re.sub(r"^[A-Za-z ]*Error: ", "", str(error).strip())
    lines = [line for line in text.splitlines() if line.strip()]
    candidates = next((line for line in lines if line.startswith("Candidate bindings")), "")
    return f"{lines[0]} {candidates}".strip()[:400] if lines else type(error).__name__
