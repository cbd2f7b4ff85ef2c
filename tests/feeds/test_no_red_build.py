"""No accepted row can make a build red: rows with values at the contract's edges, then a build."""

from __future__ import annotations

import csv
import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

from pipelines.feeds import Column, contract
from pipelines.home import Home

ROWS = {"products": 40, "service_centers": 15, "orders": 300, "tickets": 400, "repairs": 300}
TODAY = datetime.now(UTC).date()
DAYS = [
    "1995-01-01",
    "1995-01-02T00:30:00",
    "2016-03-17T23:59:59",
    "2016-03-18",
    "2021-12-31T23:30:00",
    "2022-01-01T00:00:00.999999",
    "2024-02-29",
    "2024-03-31T02:30:00",
    "2024-10-27T02:30:00+01:00",
    f"{TODAY - timedelta(days=1)}",
    f"{TODAY}",
    f"{TODAY + timedelta(days=365)}T23:59:59",
]
TEXTS = [
    "x",
    "O'Brien",
    'say "x"',
    "é" * 300,
    "%s {0} {{ x }}",
    "🚜",
    "a|b",
    "null-1",
    "-- x",
    "\\",
    "=1+1",
    "0",
]
POOLS = {
    "sku": ["SKU-1", "SKU-2", "SKU-3", "O'Brien", "🚜"],
    "order_id": [f"O{number}" for number in range(60)],
    "line_number": ["1", "2", "3"],
    "ticket_id": [f"T{number}" for number in range(300)],
    "repair_id": [f"R{number}" for number in range(250)],
    "service_center_id": ["SC1", "SC2"],
    "customer_id": ["C1", "C2", "C3"],
    "family_code": ["mower", "chainsaw", "é" * 50],
    "fault_code": ["D01", "M01", "W01", "N01", "X99", "é"],
    "supplier_id": ["S1", "S2"],
    "serial_number": ["SN-1", "SN-2", "SN-3"],
    "serial_numbers": ["SN-1|SN-2", "SN-3", "|", "SN-1||SN-9"],
    "country_code": ["FR", "BE", "Atlantis"],
    "wear_part_codes": ["W01", "W01|W02", "blade"],
    "language_code": ["fr", "??"],
}


def value(column: Column, chance: random.Random, is_key: bool) -> str:
    """One value at an edge of what the contract takes, or none."""
    if not (column.is_required or is_key) and chance.random() < 0.35:
        return ""
    if column.codes:
        return chance.choice(column.codes)
    low, high = int(column.low or 0), int(column.high or 1_000_000)
    match column.type:
        case "bigint":
            return str(chance.choice([low, low + 1, 2, 3, high]))
        case "double" | "decimal(18,4)":
            return chance.choice([f"{low}", f"{high}", "0.0001", f"{high - 1}.9999", "12.5", "0"])
        case "boolean":
            return chance.choice(["true", "false"])
        case "date":
            return chance.choice(DAYS)[:10]
        case "timestamp":
            return chance.choice(DAYS)
        case _:
            return chance.choice(POOLS.get(column.name, TEXTS))


def test_rows_at_every_edge_of_the_contract_build_green(
    tmp_path: Path, savoir: Callable[..., CompletedProcess[str]]
) -> None:
    home = Home(tmp_path / "home").make()
    chance = random.Random(7)  # noqa: S311
    for feed in contract().feeds.values():
        (home.inbox / feed.name).mkdir()
        with (home.inbox / feed.name / "edges.csv").open("w", newline="", encoding="utf-8") as file:
            writer: Any = csv.writer(file, lineterminator="\n")
            writer.writerow(feed.column_names)
            for _ in range(ROWS[feed.name]):
                writer.writerow([value(column, chance, column.name in feed.key) for column in feed.columns])
    done = savoir(home, "build")
    assert done.returncode in (0, 3), done.stdout + done.stderr
    assert home.current.exists()
