"""Which rows a person may see: the published file through one view per table, so that no query can forget.

A grant names families, suppliers or service centres; where it names several kinds, a row must satisfy each. A
table is shown as far as its columns can say whose its rows are; one that cannot say it shows nothing. Names
of products and centres are shown where the visible cases need them. Counts over everybody that stand beside
the texts of policy are blanked.

Does not belong here: who holds which grant (`roles`), or a filter that a reader chooses (`scopes`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import duckdb

from pipelines import sql

# The catalogue under which the whole file hangs behind the views; no query of ours names it.
WHOLE = "whole_file"

# What the build, the policy and the law say is everybody's; a number among it is a count unless listed.
_EVERYBODYS = frozenset(
    {
        ("marts", "dim_fault_codes"),
        ("marts", "dim_policy_conditions"),
        ("marts", "dim_policy_rules"),
        ("marts", "dim_verdict_outcomes"),
        ("meta", "build"),
        ("meta", "columns"),
        ("meta", "freshness"),
        ("meta", "glossary"),
        ("meta", "measures"),
        ("meta", "thresholds"),
    }
)
_COUNTS = {
    ("marts", "dim_policy_rules"): ("priority",),
    ("meta", "build"): ("checks_passed", "checks_warned"),
    ("meta", "freshness"): ("usual_gap_days", "longest_gap_days", "silent_days"),
}
_NUMBERS = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "FLOAT", "DOUBLE", "DECIMAL")
_COLUMNS = {"family": "family_code", "supplier": "supplier_id", "center": "service_center_id"}


@dataclass(frozen=True)
class Grant:
    """The rows of some families, suppliers or service centres; an empty kind limits nothing."""

    families: tuple[str, ...] = ()
    suppliers: tuple[str, ...] = ()
    centers: tuple[str, ...] = ()

    def by_kind(self) -> dict[str, tuple[str, ...]]:
        """The kinds that limit something, with their values."""
        kinds = {"family": self.families, "supplier": self.suppliers, "center": self.centers}
        return {kind: values for kind, values in kinds.items() if values}


def open_granted(path: str, grant: Grant) -> duckdb.DuckDBPyConnection:
    """A connection whose schemas `marts` and `meta` hold what the grant lets through, and nothing else."""
    if not grant.by_kind():
        raise ValueError("a grant without families, suppliers or centres is no grant")
    connection = duckdb.connect()
    try:
        connection.execute(f"attach {sql.text(path)} as {WHOLE} (read_only)")
        tables = _tables(connection)
        for (schema, table), columns in tables.items():
            connection.execute(f"create schema if not exists {schema}")
            select = _select(schema, table, columns, grant, tables)
            connection.execute(f"create view {schema}.{sql.name(table)} as {select}")
        connection.execute("set TimeZone = 'UTC'")
        # A view is the only thing that this connection may still make or read.
        connection.execute("set enable_external_access = false")
        connection.execute("set lock_configuration = true")
    except duckdb.Error:
        connection.close()
        raise
    return connection


Tables = dict[tuple[str, str], dict[str, str]]


def _tables(connection: duckdb.DuckDBPyConnection) -> Tables:
    rows = connection.execute(
        "select schema_name, table_name, column_name, data_type from duckdb_columns() "
        f"where database_name = '{WHOLE}' and not internal order by 1, 2, column_index"
    ).fetchall()
    tables: Tables = {}
    for schema, table, column, kind in rows:
        tables.setdefault((schema, table), {})[column] = kind
    return tables


def _select(schema: str, table: str, columns: Mapping[str, str], grant: Grant, tables: Tables) -> str:
    source = f"{WHOLE}.{schema}.{sql.name(table)}"
    if (schema, table) in _EVERYBODYS:
        return f"select * {_blanked(schema, table, columns)} from {source}"
    if schema != "marts":
        return f"select * from {source} where false"
    if {"scope_type", "scope_id"} <= columns.keys():
        return _of_scopes(source, grant)
    if table in ("dim_products", "dim_service_centers"):
        return f"select * from {source} where {_named(table, columns, grant, tables)}"
    return f"select * from {source} where {_rows(columns, grant, tables)}"


def _blanked(schema: str, table: str, columns: Mapping[str, str]) -> str:
    if (schema, table) not in _COUNTS:
        return ""
    kept = _COUNTS[schema, table]
    counts = [
        f"cast(null as {kind}) as {sql.name(name)}"
        for name, kind in columns.items()
        if kind.startswith(_NUMBERS) and name not in kept
    ]
    return f"replace ({', '.join(counts)})" if counts else ""


def _rows(columns: Mapping[str, str], grant: Grant, tables: Tables) -> str:
    """The condition on a table of facts, by its columns alone; false where they cannot say whose a row is."""
    conditions = []
    for kind, values in grant.by_kind().items():
        if kind == "supplier" and "signal_id" in columns and "sku" in columns:
            # A signal names its supplier only where it is one of a supplier; its product says whose it is.
            skus = _skus(kind, values)
            conditions.append(f"coalesce({_among('supplier_id', values)}, sku in ({skus}))")
        elif _COLUMNS[kind] in columns:
            conditions.append(_among(_COLUMNS[kind], values))
        elif kind in ("family", "supplier") and "sku" in columns:
            conditions.append(f"sku in ({_skus(kind, values)})")
        elif "ticket_id" in columns and ("marts", "fct_claims") in tables:
            claims = _rows(tables["marts", "fct_claims"], grant, {})
            conditions.append(f"ticket_id in (select ticket_id from {WHOLE}.marts.fct_claims where {claims})")
        elif "signal_id" in columns and ("marts", "fct_signals") in tables:
            signals = _rows(tables["marts", "fct_signals"], grant, {})
            conditions.append(
                f"signal_id in (select signal_id from {WHOLE}.marts.fct_signals where {signals})"
            )
        else:
            return "false"
    return " and ".join(conditions)


def _named(table: str, columns: Mapping[str, str], grant: Grant, tables: Tables) -> str:
    """Products and centres: what the grant names, and what the visible cases name."""
    key = "sku" if table == "dim_products" else "service_center_id"
    own = _rows(columns, grant, {})
    if own != "false":
        return own
    seen = [
        f"select {key} from {WHOLE}.marts.{fact} where {_rows(tables['marts', fact], grant, tables)}"
        for fact in ("fct_claims", "fct_repairs")
        if key in tables.get(("marts", fact), {})
    ]
    return f"{key} in ({' union all '.join(seen)})" if seen else "false"


def _of_scopes(source: str, grant: Grant) -> str:
    """Rows about a whole scope. Who sees one family or one supplier alone sees it as all there is."""
    kinds = grant.by_kind()
    if "center" in kinds:
        return f"select * from {source} where false"
    skus = " and ".join(f"scope_id in ({_skus(kind, values)})" for kind, values in kinds.items())
    conditions = [f"scope_type = 'sku' and {skus}"]
    own = ""
    if len(kinds) == 1:
        [(kind, values)] = kinds.items()
        conditions.append(f"scope_type = '{kind}' and {_among('scope_id', values)}")
        if len(values) == 1:
            own = (
                f" union all by name select * replace ('all' as scope_type, 'all' as scope_id) from {source} "
                f"where scope_type = '{kind}' and {_among('scope_id', values)}"
            )
    return f"select * from {source} where {' or '.join(f'({each})' for each in conditions)}{own}"


def _skus(kind: str, values: tuple[str, ...]) -> str:
    return f"select sku from {WHOLE}.marts.dim_products where {_among(_COLUMNS[kind], values)}"


def _among(column: str, values: tuple[str, ...]) -> str:
    return f"{column} in ({sql.texts(values)})"
