"""What a delivery looks like beside the earlier ones of its source: columns, codes, volumes, amounts.

Belongs here: a small profile of a delivery, kept in its receipt, and the sentences for what is far from
before. Does not belong here: refusing anything: a change may be right.
"""

from __future__ import annotations

import json
from collections.abc import Mapping as Map
from pathlib import Path
from statistics import median
from typing import Any

from pipelines.feeds import sql
from pipelines.feeds.contract import Contract
from pipelines.feeds.engine import Engine
from pipelines.feeds.mappings import Mapping
from pipelines.feeds.staging import Staged
from pipelines.home import Home

# Earlier deliveries that volumes and amounts are held against, and how far is far.
_LATEST = 12
_FEWEST = 3
_TIMES_ROWS = 5.0
_TIMES_AMOUNT = 4.0
_CODES_KEPT = 50
_AMOUNTS = {"orders": "unit_price_eur", "tickets": "refunded_amount_eur", "repairs": "quoted_total_eur"}


def profile(engine: Engine, staged: Staged, source: Mapping, files: Map[str, Path]) -> dict[str, Any]:
    """Columns, codes that no value map lists (rows of each), rows and median amount by feed."""
    feeds = {}
    for feed, path in files.items():
        amount = _AMOUNTS.get(feed)
        shown = f"median({amount})" if amount else "null"
        (row,) = engine.connection.execute(
            f"select count(*), cast({shown} as double) from read_parquet({sql.path(path)})"
        ).fetchall()
        feeds[feed] = {"rows": row[0], "median_amount": row[1]}
    return {"columns": list(staged.columns), "codes": _codes(engine, staged, source), "feeds": feeds}


def _codes(engine: Engine, staged: Staged, source: Mapping) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = {}
    for rule in source.feeds:
        for _, column in rule.columns:
            if not column.values or len(column.sources) != 1 or column.sources[0] not in staged.columns:
                continue
            listed, name = [before for before, _ in column.values], column.sources[0]
            text = source.staged(name)
            rows = engine.connection.execute(
                f"select {text}, count(*) from ({staged.rows_sql}) where {text} is not null and "
                f"{text} not in "
                f"({sql.texts(listed)}) group by all order by count(*) desc, {text} limit {_CODES_KEPT}"
            ).fetchall()
            if rows:
                found[name] = dict(rows)
    return found


def earlier(home: Home, source: Mapping) -> list[dict[str, Any]]:
    """The profiles of the source's latest deliveries, oldest first."""
    folder = home.archive / source.name
    receipts = sorted(folder.glob("*.json"), key=lambda path: path.stat().st_mtime) if folder.is_dir() else []
    known = [json.loads(path.read_text(encoding="utf-8")).get("profile") for path in receipts[-_LATEST:]]
    return [item for item in known if item]


def findings(
    file_name: str, now: Map[str, Any], before: list[dict[str, Any]], known: Contract
) -> tuple[str, ...]:
    """Sentences, with the numbers, for what is new, gone or far from what the source used to bring."""
    if not before:
        return ()
    told = []
    gone = [name for name in before[-1]["columns"] if name not in now["columns"]]
    if gone:
        told.append(f"{file_name}: {', '.join(gone)}, which the file before had, is missing.")
    for column, codes in now["codes"].items():
        seen = {code for item in before for code in item["codes"].get(column, ())}
        new = {code: rows for code, rows in codes.items() if code not in seen}
        if new:
            listed = ", ".join(f"“{code}” ({rows:,} rows)" for code, rows in list(new.items())[:5])
            told.append(
                f"{file_name}: {column} holds codes never seen before: {listed}; list them in values."
            )
    for feed, measured in now["feeds"].items():
        assert feed in known.feeds
        past = [item["feeds"][feed] for item in before if feed in item["feeds"]]
        if len(past) < _FEWEST:
            continue
        usual = median(item["rows"] for item in past)
        if not usual / _TIMES_ROWS <= measured["rows"] <= usual * _TIMES_ROWS:
            told.append(
                f"{file_name}: {measured['rows']:,} rows of {feed}, where the source used to bring "
                f"{usual:,.0f}."
            )
        amounts = [item["median_amount"] for item in past if item["median_amount"]]
        amount = measured["median_amount"]
        if len(amounts) >= _FEWEST and amount:
            middle = median(amounts)
            if not middle / _TIMES_AMOUNT <= amount <= middle * _TIMES_AMOUNT:
                told.append(
                    f"{file_name}: the middle {_AMOUNTS[feed]} is {amount:,.2f}, where it used to be "
                    f"{middle:,.2f}: "
                    "check the decimal mark, the currency and the VAT."
                )
    return tuple(told)
