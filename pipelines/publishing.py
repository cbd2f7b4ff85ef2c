"""Publishing: the checked build file becomes a fresh, read-only snapshot, and readers are moved to it.

Belongs here: what a snapshot holds, how it appears on disk, how two snapshots are compared.
Does not belong here: whether a build may be published (the orchestration decides that), or reading a snapshot
for people (`pipelines.queries`, `pipelines.summary`).

Readers never meet a half-written file and are never locked out: a snapshot is written under a new name, made
read-only, and only then does the link `current.duckdb` move, in one rename. Replacing a file under its own
name would serve stale pages to whoever still holds it open.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

import duckdb

from pipelines import sql
from pipelines.errors import SavoirError, machine_fault
from pipelines.home import Home
from pipelines.snapshot_changes import COLUMNS as CHANGE_COLUMNS
from pipelines.snapshot_changes import DESCRIPTION as CHANGES
from pipelines.snapshot_changes import changes

PUBLIC_SCHEMAS = ("marts", "meta")
SNAPSHOTS_KEPT = 3
# Read by DuckDB 1.2 and every later version, 2.x included; the default would follow the writer's version.
STORAGE_VERSION = "v1.2.0"
_SNAPSHOT_NAME = re.compile(r"savoir-.+\.duckdb")


class PublishError(SavoirError):
    """The snapshot could not be written; the last good one is still in place."""


@dataclass(frozen=True)
class Build:
    """One build, as `meta.build` tells it."""

    build_id: str
    as_of: date
    known_on: datetime | None
    git_commit: str | None
    started_at: datetime
    finished_at: datetime
    checks_passed: int
    checks_warned: int


def publish(
    home: Home, manifest: Mapping[str, Any], build: Build, progress: Callable[[str], None] = lambda _: None
) -> Path:
    """Write the public tables of the build file to a new snapshot, move the link to it, return its path."""
    home.published.mkdir(parents=True, exist_ok=True)
    snapshot = home.published / f"savoir-{build.build_id}.duckdb"
    if snapshot.exists():
        raise PublishError(f"{snapshot} exists already: a build_id is published once. Start a new build.")
    for leftover in home.published.glob(".tmp-*"):
        leftover.unlink()
    draft = home.published / f".tmp-{build.build_id}.duckdb"
    models = public_models(manifest)
    try:
        previous = home.current.resolve() if home.current.exists() else None
        _write(draft, home.build_file, manifest, models, build, previous)
        _fsync(draft)
        draft.chmod(0o444)
        draft.rename(snapshot)
        point(home.current, snapshot)
        _fsync(home.published)
    except (OSError, duckdb.Error) as error:
        # A snapshot that no link leads to would count as one of those that are kept.
        for half in (*home.published.glob(".tmp-*"), snapshot):
            if half != home.current.resolve():
                half.unlink(missing_ok=True)
        raise machine_fault(error) or error from error
    _drop_old(home)
    progress(f"published {len(models)} tables as {snapshot.name} ({snapshot.stat().st_size / 1e6:.1f} MB)")
    return snapshot


def public_models(manifest: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The manifest's models and seeds that readers see, by schema and name."""
    nodes = [
        node
        for node in manifest["nodes"].values()
        if node["resource_type"] in ("model", "seed") and node["schema"] in PUBLIC_SCHEMAS
    ]
    return sorted(nodes, key=lambda node: (node["schema"], node["alias"]))


def declared_measures(manifest: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    """The rows of `meta.measures`: every measure that a mart declares in its YAML."""
    return [
        (
            node["alias"],
            measure["name"],
            measure["numerator"],
            measure.get("denominator"),
            measure["kind"],
            measure["format"],
            measure.get("interval", "none"),
            measure["label"]["en"],
            measure["label"]["fr"],
            measure.get("definition"),
        )
        for node in public_models(manifest)
        for measure in node["config"].get("meta", {}).get("measures", [])
    ]


def glossary(manifest: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The rows of `meta.glossary`: the project's own doc blocks, by term."""
    own = manifest["metadata"]["project_name"]
    blocks = [block for block in manifest["docs"].values() if block["package_name"] == own]
    return sorted((block["name"], block["block_contents"].strip()) for block in blocks)


def content_hashes(snapshot: Path, schemas: tuple[str, ...] = ("marts",)) -> dict[str, str]:
    """One hash per table of a DuckDB file that ignores the order of rows, but no value, name or type.

    Each row's hash is added up (so that duplicates count) and folded by exclusive or.
    """
    with duckdb.connect(str(snapshot.resolve()), read_only=True) as con:
        tables = con.execute(
            """
            select schema_name, table_name from duckdb_tables()
            where list_contains(?, schema_name) order by all
            """,
            [list(schemas)],
        ).fetchall()
        hashes = {}
        for schema, table in tables:
            columns = con.execute(
                "select string_agg(column_name || ' ' || data_type, ', ' order by column_index)"
                " from duckdb_columns() where schema_name = ? and table_name = ?",
                [schema, table],
            ).fetchone()
            content = con.execute(
                "select md5(concat_ws(':', ?, count(*), sum(hash(t)), bit_xor(hash(t))))"
                f" from {schema}.{sql.name(table)} as t",
                columns,
            ).fetchone()
            assert content is not None
            hashes[f"{schema}.{table}"] = content[0]
    return hashes


def _write(
    draft: Path,
    build_file: Path,
    manifest: Mapping[str, Any],
    models: list[dict[str, Any]],
    build: Build,
    previous: Path | None,
) -> None:
    if not build_file.exists():
        raise PublishError(f"Nothing to publish: {build_file} is missing. Run `savoir build`.")
    with duckdb.connect() as con:
        con.execute("set timezone = 'UTC'")
        con.execute(f"attach {sql.text(str(build_file))} as build (read_only)")
        con.execute(
            f"attach {sql.text(str(draft))} as snapshot (storage_version {sql.text(STORAGE_VERSION)})"
        )
        con.execute("use snapshot")
        for schema in PUBLIC_SCHEMAS:
            con.execute(f"create schema {schema}")
        for node in models:
            # One commit per table: the 900 comments would be a commit each, a second and a half in all.
            con.execute("begin")
            _copy_table(con, node)
            con.execute("commit")
        measures = declared_measures(manifest)
        changed = changes(con, previous, build.build_id, build.finished_at, measures)
        con.execute("begin")
        _meta_table(con, "changes", CHANGES, CHANGE_COLUMNS, changed)
        _write_meta(con, manifest, measures, build)
        con.execute("commit")
        con.execute("use memory")
        con.execute("checkpoint snapshot")
        con.execute("detach snapshot")
    if draft.with_name(f"{draft.name}.wal").exists():
        raise PublishError(f"{draft} was not closed cleanly: its .wal is left. Nothing was published.")


def _copy_table(con: duckdb.DuckDBPyConnection, node: Mapping[str, Any]) -> None:
    table = f"{node['schema']}.{sql.name(node['alias'])}"
    try:
        con.execute(f"create table {table} as select * from build.{table}")
    except duckdb.CatalogException as error:
        raise PublishError(
            f"{table} is in the dbt project but not in the build file: run `savoir build` to build it."
        ) from error
    _comment(con, "table", table, node.get("description"))
    described = {name.lower(): column.get("description") for name, column in node["columns"].items()}
    for (column,) in con.execute(f"select column_name from (describe {table})").fetchall():
        _comment(con, "column", f"{table}.{sql.name(column)}", described.get(column.lower()))


def _write_meta(
    con: duckdb.DuckDBPyConnection,
    manifest: Mapping[str, Any],
    measures: list[tuple[Any, ...]],
    build: Build,
) -> None:
    """The tables that no dbt model can know: about the build itself and the project's own declarations."""
    _meta_table(
        con,
        "build",
        "One row: the build that made this file.",
        {
            "build_id": ("varchar", "Identity of the build; part of the snapshot's name."),
            "as_of": ("date", "Events after this day are left out."),
            "known_on": ("timestamp", "Deliveries after this UTC moment are left out; empty = all are in."),
            "git_commit": ("varchar", "Commit of the code that built; empty outside a git checkout."),
            "started_at": ("timestamp", "UTC moment at which the build started."),
            "finished_at": ("timestamp", "UTC moment at which all checks were green and publishing began."),
            "checks_passed": ("bigint", "Checks that were green."),
            "checks_warned": ("bigint", "Checks of severity warning that were not green."),
        },
        [
            (
                build.build_id,
                build.as_of,
                build.known_on,
                build.git_commit,
                build.started_at,
                build.finished_at,
                build.checks_passed,
                build.checks_warned,
            )
        ],
    )
    _meta_table(
        con,
        "measures",
        "One row per measure: a ratio or count shown to people, declared once in its mart's YAML.",
        {
            "mart": ("varchar", "Table of schema marts that the measure is computed on."),
            "name": ("varchar", "The measure's name, unique within its mart."),
            "numerator": ("varchar", "Additive SQL aggregate over the mart."),
            "denominator": (
                "varchar",
                "Additive SQL aggregate over the mart; empty = the numerator is the measure.",
            ),
            "kind": ("varchar", "share, mean, count, sum or rate."),
            "format": ("varchar", "percent, integer, eur, days or per_1000."),
            "interval": ("varchar", "Which interval goes with it: wilson, poisson or none."),
            "label_en": ("varchar", "English label."),
            "label_fr": ("varchar", "French label."),
            "definition": ("varchar", "What it counts, in one sentence."),
        },
        measures,
    )
    _meta_table(
        con,
        "glossary",
        "One row per term: what a word on a page means.",
        {"term": ("varchar", "The term."), "text": ("varchar", "Its meaning, in Markdown.")},
        glossary(manifest),
    )
    con.execute(
        """
        create table meta.columns as
        select schema_name as table_schema, table_name, column_name, data_type, comment as description
        from duckdb_columns()
        where database_name = 'snapshot'
        order by schema_name, table_name, column_index
        """
    )
    _comment(con, "table", "meta.columns", "One row per column of this file: its type and what it means.")
    for column, text in {
        "table_schema": "Schema of the column's table: marts or meta.",
        "table_name": "Table of the column.",
        "column_name": "The column.",
        "data_type": "Its type in DuckDB.",
        "description": "What it means.",
    }.items():
        _comment(con, "column", f"meta.columns.{column}", text)


def _meta_table(
    con: duckdb.DuckDBPyConnection,
    name: str,
    description: str,
    columns: Mapping[str, tuple[str, str]],
    rows: list[tuple[Any, ...]],
) -> None:
    table = f"meta.{name}"
    declared = ", ".join(f"{sql.name(column)} {kind}" for column, (kind, _) in columns.items())
    con.execute(f"create table {table} ({declared})")
    if rows:
        con.executemany(f"insert into {table} values ({', '.join('?' * len(columns))})", rows)
    _comment(con, "table", table, description)
    for column, (_, text) in columns.items():
        _comment(con, "column", f"{table}.{sql.name(column)}", text)


def _comment(con: duckdb.DuckDBPyConnection, kind: str, name: str, text: str | None) -> None:
    if text and text.strip():
        con.execute(f"comment on {kind} {name} is {sql.text(text.strip())}")


def point(link: Path, snapshot: Path) -> None:
    """Move the link in one rename; a relative target survives a moved home."""
    fresh = link.with_name(f".tmp-{link.name}")
    fresh.unlink(missing_ok=True)
    fresh.symlink_to(snapshot.name)
    fresh.replace(link)


def _drop_old(home: Home) -> None:
    """Keep the newest snapshots. A reader that has an older one open keeps reading it: unlinking is safe."""
    snapshots = sorted(path for path in home.published.iterdir() if _SNAPSHOT_NAME.fullmatch(path.name))
    kept = {*snapshots[-SNAPSHOTS_KEPT:], home.current.resolve()}
    for path in snapshots:
        if path not in kept:
            path.unlink()


def _fsync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
