"""Random rows within the feed contract, its edges among them: whatever the door accepts, no build is red.

Belongs here: what may stand in a column. Does not belong here: what the models make of it.
"""

from __future__ import annotations

import csv
import random
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from benchmarks.faults.landing import fresh_home
from benchmarks.faults.tally import Tally
from pipelines.feeds import Column, contract
from pipelines.home import Home

# A case of n units is n events, an order line of n in an alert n machines: so few rows are that large that
# a build of them takes no hours.
_EDGE_SHARE = 0.02
ROWS = {"products": 60, "service_centers": 25, "orders": 500, "tickets": 700, "repairs": 500}
TODAY = datetime.now(UTC).date()
LAST = TODAY + timedelta(days=365)
DAYS = (
    "1995-01-01", "1995-01-02T00:30:00", "2016-03-17T23:59:59", "2016-03-18", "2021-12-31T23:30:00",
    "2022-01-01T00:00:00.999999", "2024-02-29", "2024-03-31T02:30:00", "2024-10-27T02:30:00+01:00",
    f"{TODAY - timedelta(days=1)}", f"{TODAY}", f"{LAST}T20:59:59",
)  # fmt: skip
TEXTS = (
    "x", "O'Brien", 'say "x"', "é" * 300, "%s {0} {{ x }}", "🚜", "a|b", "null-1", "-- x", "\\", "=1+1", "0",
    "a\u0301", "\u202eabc", "שלום", "ﬀ", "one\ntwo", "<b>x</b>", "x" * 5_000,
)  # fmt: skip
# Few ids, so that rows meet: a ticket and its order, a repair and its ticket, two versions of one row.
POOLS: dict[str, tuple[str, ...]] = {
    "sku": ("SKU-1", "SKU-2", "SKU-3", "O'Brien", "🚜"),
    "order_id": tuple(f"O{number}" for number in range(120)),
    "line_number": ("1", "2", "3"),
    "ticket_id": tuple(f"T{number}" for number in range(500)),
    "repair_id": tuple(f"R{number}" for number in range(400)),
    "service_center_id": ("SC1", "SC2", "SC'3"),
    "customer_id": ("C1", "C2", "C3"),
    "family_code": ("mower", "chainsaw", "é" * 50),
    "fault_code": ("D01", "M01", "W01", "N01", "X99", "é"),
    "supplier_id": ("S1", "S2"),
    "serial_number": ("SN-1", "SN-2", "SN-3"),
    "serial_numbers": ("SN-1|SN-2", "SN-3", "|", "SN-1||SN-9", "|".join(f"SN-{n}" for n in range(200))),
    "country_code": ("FR", "BE", "Atlantis"),
    "wear_part_codes": ("W01", "W01|W02", "blade"),
    "language_code": ("fr", "??"),
    "lot_code": ("L1", "L2", "L'3"),
}
# Marks of many scripts; those that end a cell are the writer's business.
_MARKS = "abcXYZ019 éàüœßñŁ€°²½ﬁאبकท中한\u00a0\u200b\u202f'\"`;,|/\\%_{}[]()<>&#@!?*+-=~^$🚜😡\u0301"


def _text(chance: random.Random) -> str:
    if chance.random() < 0.5:
        return chance.choice(TEXTS)
    return "".join(chance.choices(_MARKS, k=chance.randint(1, 40)))


def _day(chance: random.Random, has_clock: bool) -> str:
    if chance.random() < 0.4:
        day = chance.choice(DAYS)
    else:
        first = datetime(1995 if chance.random() < 0.2 else 2019, 1, 1)
        moment = first + timedelta(seconds=chance.random() * (LAST - first.date()).total_seconds())
        day = moment.isoformat()
    return day if has_clock else day[:10]


def value(column: Column, chance: random.Random, is_key: bool) -> str:
    """One value that the contract takes, often at its edge, or none."""
    if not (column.is_required or is_key) and chance.random() < 0.3:
        return ""
    if column.codes:
        return chance.choice(column.codes)
    low, high = int(column.low or 0), int(column.high or 1_000_000)
    match column.type:
        case "bigint":
            if column.name == "quantity" and chance.random() > _EDGE_SHARE:
                high = 40
            return str(chance.choice([low, low + 1, 2, 3, high, chance.randint(low, high)]))
        case "double" | "decimal(18,4)":
            drawn = f"{min(high, max(low, chance.lognormvariate(3, 3))):.4f}"
            return chance.choice([f"{low}", f"{high}", "0.0001", f"{high - 1}.9999", "12.5", drawn, drawn])
        case "boolean":
            return chance.choice(["true", "false"])
        case "date" | "timestamp":
            return _day(chance, column.type == "timestamp")
        case _:
            return chance.choice(POOLS[column.name]) if column.name in POOLS else _text(chance)


def put_rows(home: Home, chance: random.Random, times: float = 1.0) -> None:
    """A file of random rows for each feed into the inbox."""
    for feed in contract().feeds.values():
        folder = home.inbox / feed.name
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / "rows.csv").open("w", newline="", encoding="utf-8") as file:
            writer: Any = csv.writer(file, lineterminator="\n")
            writer.writerow(feed.column_names)
            for _ in range(int(ROWS[feed.name] * times)):
                writer.writerow([value(column, chance, column.name in feed.key) for column in feed.columns])


def random_rows(folder: Path, cases: int, chance: random.Random) -> Tally:
    """Each case is a build of over 1,700 rows."""
    from pipelines.orchestration.run_build import run_build

    tally = Tally("rows")
    for case in range(cases):
        home, seed = fresh_home(folder / "home"), chance.randrange(1 << 32)
        put_rows(home, random.Random(seed))  # noqa: S311
        outcome = run_build(home)
        counts = [count for delivery in outcome.deliveries for count in delivery.counts]
        tally.cases += 1
        tally.outcomes["rows accepted"] += sum(count.rows_loaded for count in counts)
        tally.outcomes["rows refused"] += sum(count.rows_quarantined for count in counts)
        tally.outcomes["published" if outcome.is_published else "red"] += 1
        if not any(count.rows_loaded for count in counts):
            tally.failures.append(f"case {case} (seed {seed}): no row was accepted")
        if not outcome.is_published:
            tally.failures.append(f"case {case} (seed {seed}): {outcome.reason}")
        if any(delivery.refusal for delivery in outcome.deliveries):
            tally.failures.append(f"case {case} (seed {seed}): a whole file was refused")
    return tally
