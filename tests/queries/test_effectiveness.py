"""Claims before and after a fix: the same units above and below the line, the week of the fix in neither."""

from __future__ import annotations

import importlib.util
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest

from pipelines.queries.effectiveness import EffectivenessError, around
from pipelines.queries.snapshot import Snapshot, open_file

FIXED = date(2026, 3, 4)  # a Wednesday
MONDAY = date(2026, 3, 2)
LOT = "family_code=mower|sku=A|fault_code=D02|lot_code=L1"


def tables() -> Any:
    path = Path(__file__).resolve().parents[1] / "contract_tables.py"
    spec = importlib.util.spec_from_file_location("contract_tables", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def snapshot(tmp_path: Path) -> Snapshot:
    weeks = [MONDAY + timedelta(weeks=k) for k in (-2, -1, 0, 1)]
    lots = [(week, lot, units) for week in weeks for lot, units in (("L1", 100), ("L2", 900))]
    claims = [(-10, "D02", "L1"), (-3, "D02", "L1"), (-3, "D01", "L1"), (-3, "D02", "L2"), (1, "D02", "L1")]
    claims.append((8, "D02", "L1"))
    path = tmp_path / "a.duckdb"
    with duckdb.connect(str(path)) as con:
        make = tables()
        make.create(con)
        exposure = pl.DataFrame(lots, ["week", "lot_code", "unit_weeks"], orient="row")
        of_a = {"sku": pl.lit("A"), "family_code": pl.lit("mower")}
        make.fill(con, "fct_warranty_exposure", exposure.with_columns(**of_a))
        claimed = [
            {"appeared_on": MONDAY + timedelta(days=day), "fault_code": fault, "lot_code": lot}
            for day, fault, lot in claims
        ]
        yes = {"is_claim": pl.lit(True), "is_in_warranty": pl.lit(True)}
        make.fill(con, "fct_claims", pl.DataFrame(claimed).with_columns(**of_a, **yes))
        signals = [
            {"signal_id": LOT, "sku": "A", "fault_code": "D02", "lot_code": "L1", "delivery_month": None},
            {
                "signal_id": "month",
                "sku": "A",
                "fault_code": None,
                "lot_code": None,
                "delivery_month": MONDAY,
            },
        ]
        make.fill(con, "fct_signals", pl.DataFrame(signals).with_columns(family_code=pl.lit("mower")))
    return open_file(path)


def test_the_fault_on_the_lot_is_counted_on_both_sides_and_the_week_of_the_fix_on_none(
    snapshot: Snapshot,
) -> None:
    found = around(snapshot, LOT, FIXED)
    assert (found.before[0], found.after[0]) == (2, 1)
    assert (found.before[1], found.after[1]) == pytest.approx((200 * 7 / 30.4375, 100 * 7 / 30.4375))


@pytest.mark.parametrize(
    ("signal_id", "day", "words"),
    [
        ("nothing", FIXED, "no signal 'nothing'"),
        ("month", FIXED, "--before 29/1500"),
        (LOT, date(2026, 3, 12), "under warranty after 2026-03-12"),
        (LOT, date(2026, 1, 1), "under warranty before 2026-01-01"),
    ],
)
def test_what_cannot_be_counted_is_said_with_the_remedy(
    snapshot: Snapshot, signal_id: str, day: date, words: str
) -> None:
    with pytest.raises(EffectivenessError, match=words):
        around(snapshot, signal_id, day)
