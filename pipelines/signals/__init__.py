"""From counts of units and claims by lot to the nodes that are watched for emerging defects.

Belongs here: reading the intermediate tables, laying the tree, calling `pipelines.reliability`, writing
Parquet. Does not belong here: a decision about a row (SQL made it), a numerical method
(`pipelines.reliability`), what people do about an alert, Dagster.

    int_units__by_lot, int_claims__by_lot ─> signals.parquet         one row per node × fault that is watched
                                          ─> signal_history.parquet  the same per month, as known then
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from pipelines.home import Home
from pipelines.lifetimes.writing import write_table
from pipelines.signals.reading import read_lots
from pipelines.signals.watching import signal_rows

__all__ = ["TABLES", "compute", "read_lots", "signal_rows"]

TABLES = ("signals", "signal_history")


def compute(home: Home, as_of: date, progress: Callable[[str], None] = lambda _: None) -> dict[str, int]:
    """Watch the tree from the build file, put the results where dbt reads them; rows of each table."""
    tables = signal_rows(read_lots(home), as_of)
    for name in TABLES:
        write_table(home, name, tables[name])
    rows = {name: len(tables[name]) for name in TABLES}
    progress(", ".join(f"{count:,} {name}" for name, count in rows.items()))
    return rows
