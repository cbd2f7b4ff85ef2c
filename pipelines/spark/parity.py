"""Build the marts on both engines and lay them side by side."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from pipelines import expectations, lifetimes, signals
from pipelines.errors import SavoirError
from pipelines.home import Home
from pipelines.spark.build import EngineBuild, build_on, own_home
from pipelines.spark.comparison import Comparison, compare
from pipelines.spark.session import require_spark


class EnginesDisagreeError(SavoirError):
    """The marts of the two engines are not the same."""


@dataclass(frozen=True)
class ParityRow:
    """One mart on both engines."""

    comparison: Comparison
    duckdb_seconds: float
    spark_seconds: float


def parity(home: Home, as_of: str, progress: Callable[[str], None]) -> list[ParityRow]:
    """Every mart of `home`'s landing, built on DuckDB and on Spark and compared, in the order of their names.

    Raises:
        SparkUnavailableError: without Java or the extra.
        EngineBuildError: when dbt stops on one engine.
        EnginesDisagreeError: when an engine lacks a mart that the other has.
    """
    require_spark()
    with tempfile.TemporaryDirectory(prefix="savoir-parity-") as scratch:
        progress("building on DuckDB")
        own = own_home(Path(scratch) / "duckdb", home.landing)
        duck = build_on("duckdb", own, as_of)
        # What Python computes is computed once and enters both engines as a source.
        lifetimes.compute(own, date.fromisoformat(as_of))
        signals.compute(own, date.fromisoformat(as_of))
        expectations.compute(own, date.fromisoformat(as_of))
        duck.seconds.update(build_on("duckdb", own, as_of, "source:reliability+").seconds)
        progress(f"building on Spark ({sum(duck.seconds.values()):.0f} s on DuckDB)")
        spark = build_on("spark", own_home(Path(scratch) / "spark", home.landing, own.reliability), as_of)
        return _compare_all(duck, spark)


def _compare_all(duck: EngineBuild, spark: EngineBuild) -> list[ParityRow]:
    if duck.tables != spark.tables:
        lonely = sorted(set(duck.tables) ^ set(spark.tables))
        raise EnginesDisagreeError(f"Built on one engine only: {', '.join(lonely)}.")
    return [
        ParityRow(
            compare(table, duck.read(table), spark.read(table)), duck.seconds[table], spark.seconds[table]
        )
        for table in duck.tables
    ]


def table_text(rows: list[ParityRow]) -> str:
    """The comparison as lines of text: mart, rows, differences, seconds on each engine."""
    width = max(len(row.comparison.table) for row in rows)
    lines = [f"{'mart':<{width}} {'rows':>9} {'differences':>12} {'DuckDB s':>9} {'Spark s':>9}"]
    lines += [
        f"{row.comparison.table:<{width}} {row.comparison.rows:>9,} {row.comparison.differences:>12,}"
        f" {row.duckdb_seconds:>9.2f} {row.spark_seconds:>9.2f}"
        for row in rows
    ]
    return "\n".join(lines)


def verdict(rows: list[ParityRow], may_be_empty: bool = False) -> None:
    """Raise `EnginesDisagreeError` naming every mart that differs, or that is empty and so proves nothing."""
    wrong = []
    for row in rows:
        found = row.comparison
        if found.differences:
            detail = (
                found.note
                or f"{found.only_left} rows only on DuckDB, {found.only_right} only on Spark, "
                f"{found.doubles_apart} doubles apart"
            )
            wrong.append("\n  ".join([f"{found.table}: {detail}", *found.examples]))
        elif found.rows == 0 and not may_be_empty:
            wrong.append(f"{found.table}: empty, so the comparison says nothing; give data that fills it")
    if wrong:
        raise EnginesDisagreeError("The engines disagree:\n" + "\n".join(wrong))
