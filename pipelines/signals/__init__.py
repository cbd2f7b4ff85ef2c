"""From counts of units and claims by lot to the nodes that are watched for emerging defects.

Belongs here: reading the intermediate tables, laying the tree, calling `pipelines.reliability`, writing
Parquet; the ledger of alerts (ledger.py). Does not belong here: a decision about a row (SQL made it), a
numerical method (`pipelines.reliability`), Dagster.

    int_units__by_lot, int_claims__by_lot ─> signals.parquet         one row per node × fault that is watched
                                          ─> signal_history.parquet  the same per month, as known then
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime

import polars as pl

from pipelines.home import Home
from pipelines.lifetimes.writing import write_table
from pipelines.signals.ledger import Alert, LedgerError, act, alerts, close, record_alerts, with_verdicts
from pipelines.signals.reading import read_lots
from pipelines.signals.watching import signal_rows

__all__ = [
    "TABLES",
    "Alert",
    "LedgerError",
    "act",
    "alerts",
    "close",
    "compute",
    "read_lots",
    "record_alerts",
    "record_published",
    "signal_rows",
]

TABLES = ("signals", "signal_history")


def compute(
    home: Home,
    as_of: date,
    progress: Callable[[str], None] = lambda _: None,
    known_at: datetime | None = None,
) -> dict[str, int]:
    """Watch the tree from the build file, put the results where dbt reads them; rows of each table.

    What people decided about an alert until known_at (UTC; by default until now) is its status.
    """
    tables = signal_rows(read_lots(home), as_of, progress)
    tables["signals"] = with_verdicts(tables["signals"], alerts(home, known_at))
    for name in TABLES:
        write_table(home, name, tables[name])
    rows = {name: len(tables[name]) for name in TABLES}
    progress(", ".join(f"{count:,} {name}" for name, count in rows.items()))
    return rows


def record_published(home: Home, build_id: str) -> int:
    """Write the alerts of the tables last computed into the ledger: what a published build of today does."""
    path = home.reliability / "signals.parquet"
    return record_alerts(home, pl.read_parquet(path, glob=False), build_id) if path.exists() else 0
