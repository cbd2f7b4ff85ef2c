"""The small home with signals: as many alerts as a test asks for, with names long and hostile."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import date
from pathlib import Path
from types import ModuleType

import duckdb
import polars as pl
import pytest

from pipelines.home import Home
from pipelines.queries.emerging import alerts as raised
from pipelines.queries.scopes import EVERYTHING
from pipelines.queries.snapshot import open_snapshot
from pipelines.signals import act, record_alerts
from pipelines.signals.watching import SIGNAL_SCHEMA

HOSTILE = ("=cmd|' /C calc'!A0", "<script>alert(1)</script>", "#let x = 1", "$x^2$", "#panic()", "@SUM(A1)")
LONG = "Tondeuse" + "thermique" * 12


@pytest.fixture(scope="session")
def signalled(
    small_home_builder: ModuleType, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[int], Home]:
    """`signalled(n)`: a home of its own with n alerts."""
    base = tmp_path_factory.mktemp("signalled")
    small_home_builder.make(base / "small")

    def made(count: int) -> Home:
        root = Path(shutil.copytree(base / "small", base / f"home{len(list(base.iterdir()))}", symlinks=True))
        with duckdb.connect(str((root / "published" / "current.duckdb").resolve())) as con:
            for table in ("fct_signals", "fct_signal_history", "fct_signal_units"):
                con.execute(f"delete from marts.{table}")
            skus = [
                sku for (sku,) in con.sql("select distinct sku from marts.fct_claims order by 1").fetchall()
            ]
            family = dict(con.sql("select distinct sku, family_code from marts.fct_claims").fetchall())
            signals, history, machines = [], [], []
            # The first alert is one of a lot that customers really claimed.
            own_sku, own_lot = con.sql(
                "select sku, lot_code from marts.fct_claims where fault_code = 'D01' and is_claim "
                "and lot_code is not null group by all order by count(*) desc, 1, 2 limit 1"
            ).fetchall()[0]
            con.execute(
                "insert into marts.fct_supplier_recovery by name select ticket_id, requested_on, "
                "family_code, 'S1' as supplier_id, 'claimable' as recovery_state, 12.50 as claimable_eur "
                "from marts.fct_claims where is_claim and sku = ? and lot_code = ? and fault_code = 'D01'",
                [own_sku, own_lot],
            )
            for place in range(count):
                sku = skus[place % len(skus)] if place else own_sku
                lot = _lot(place) if place else own_lot
                name = f"family_code={family[sku]}|sku={sku}|fault_code=D01|lot_code={lot}"
                signals.append(
                    {
                        "signal_id": name, "level": "lot", "method": "comparison", "family_code": family[sku],
                        "power_source": "petrol_4t", "sku": sku, "fault_code": "D01",
                        "lot_code": lot, "observed": 12 + place,
                        "expected": 3.25, "ratio": (12 + place) / 3.25, "ratio_low": 1.9, "ratio_high": 6.4,
                        "statistic": 1e6, "signal_limit": 1e4, "is_over_limit": True, "status": "alert",
                        "first_signal_on": date(2026, 6, 30), "units_sold": 300, "units_under_warranty": 270,
                        "expected_claims": 4.5, "cost_at_risk_eur": 1000.0 - place, "power_at_twice": 0.4,
                        "is_watchable": True,
                    }
                )  # fmt: skip
                history += [
                    {
                        "signal_id": name,
                        "month": date(2026, month, 1),
                        "observed": month,
                        "expected": month / 3,
                    }
                    for month in range(1, 10)
                ]
                machines += [
                    {"signal_id": name, "sku": sku, "order_id": f"O{unit}", "has_claimed": unit == 0}
                    for unit in range(3)
                ]
            for table, rows in (
                ("fct_signals", signals), ("fct_signal_history", history), ("fct_signal_units", machines)
            ):  # fmt: skip
                if rows:
                    con.register("given", pl.DataFrame(rows).to_arrow())
                    con.execute(f"insert into marts.{table} by name from given")
                    con.unregister("given")
            watched = {
                "signal_id": "w",
                "level": "sku",
                "status": "watch",
                "method": "comparison",
                "visible_ratio": 2.5,
                "is_watchable": True,
            }
            con.register("given", pl.DataFrame([watched | {"units_under_warranty": 500}]).to_arrow())
            con.execute("insert into marts.fct_signals by name from given")
            con.execute("update marts.dim_products set product_name = ? where sku = ?", [LONG, skus[0]])
            con.execute(
                "update marts.dim_fault_codes set label_en = ?, label_fr = ?", [HOSTILE[0], HOSTILE[2]]
            )
        return Home.at(root)

    return made


@pytest.fixture
def confirmed() -> Callable[[Home], str]:
    """`confirmed(home)`: its first alert has an owner, an action long overdue, and is confirmed; its name."""

    def decide(home: Home) -> str:
        snapshot = open_snapshot(home)
        rows = raised(snapshot, EVERYTHING).select(*(name for name in SIGNAL_SCHEMA))
        snapshot.close()
        record_alerts(home, rows, "b1")
        signal_id = rows["signal_id"][0]
        act(home, signal_id, "owner", actor="x", note="Ada")
        act(home, signal_id, "action", actor="x", note="#let stop = 1", until=date(2020, 1, 1))
        act(home, signal_id, "confirmed", actor="x")
        return signal_id

    return decide


def _lot(place: int) -> str:
    return HOSTILE[place] if 0 < place < len(HOSTILE) else f"LOT-{place:03}" + "-VERY-LONG" * (place % 4)
