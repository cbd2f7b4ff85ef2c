"""Snapshots to replay on: the demo as published, and one of hand-made facts."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pytest

from pipelines.home import Home
from pipelines.queries.snapshot import Snapshot, open_file, open_snapshot
from pipelines.replay import Vocabulary, vocabulary
from pipelines.replay.rule_sets import SEED

Row = dict[str, str]
# The worked mower of the cost model at work of 100: 35 a leg, diagnosis 15, desk 12, risks 16.80.
CLAIM: dict[str, Any] = {
    "requested_on": date(2024, 7, 12), "is_judged": True, "is_open": False, "order_found": True,
    "paypal_state": "none", "is_withdrawal": False, "is_solved_remotely": False, "is_in_warranty": True,
    "verdict_cause": "defect", "is_legal_escalation": False, "is_self_fit_part": False, "is_used": True,
    "is_repairable": True, "is_repair_cheaper": True, "has_stock": True, "is_center_near": True,
    "policy_version": "page", "policy_rule_id": "page/D14", "policy_outcome": "repair_sav_centre",
    "policy_payer_inbound": "seller", "policy_payer_work": "seller", "policy_payer_outbound": "seller",
    "legal_outcome": "repair_sav_centre", "legal_payer_inbound": "seller", "legal_payer_work": "seller",
    "legal_payer_outbound": "seller", "actual_outcome": "repaired",
    "units": 1, "is_priced": True, "work_basis": "own_work", "cell": "mower × D02 × SC1",
    "repair_expected_eur": 213.80, "replacement_expected_eur": 347.00, "refund_expected_eur": 450.00,
    "part_expected_eur": 55.00, "refusal_expected_eur": 0.00, "no_fault_expected_eur": 97.00,
    "inbound_eur": 35.00,
    "diagnosis_eur": 15.00, "work_eur": 100.00, "outbound_eur": 35.00, "replacement_outbound_eur": 35.00,
    "part_parcel_eur": 15.00, "expected_salvage_eur": 85.00, "work_variance": 0, "salvage_variance": 0,
    "work_salvage_covariance": 0, "work_per_level_eur": 0, "salvage_per_level_eur": 0, "level_variance": 0,
    "repeat_repair_probability": 0.1, "paypal_case_state": "none", "paypal_case_months": None,
    "is_stated_unused": None, "engine_hours": None, "days_from_delivery": 200,
    "repair_cost_at_decision_eur": 213.80, "replacement_cost_at_decision_eur": 347.00,
    "center_distance_km": 12.5, "is_escalation_due": False, "same_fault_days": None,
}  # fmt: skip


@pytest.fixture(scope="session")
def demo(demo_home: Home) -> Iterator[Snapshot]:
    """The demo's published file."""
    snapshot = open_snapshot(demo_home)
    yield snapshot
    snapshot.close()


@pytest.fixture(scope="session")
def words(demo: Snapshot) -> Vocabulary:
    """What rules may say, as the demo was built."""
    return vocabulary(demo)


@pytest.fixture
def page() -> list[Row]:
    """The rows of the seed's version `page`."""
    with SEED.open(encoding="utf-8", newline="") as file:
        return [row for row in csv.DictReader(file) if row["policy_version"] == "page"]


@pytest.fixture
def draft(page: list[Row]) -> Callable[..., bytes]:
    """The page's rows as a draft in CSV: without some rules, with cells changed by rule, with rows added."""

    def make(
        leave_out: tuple[str, ...] = (), added: tuple[Row, ...] = (), **changes: Mapping[str, str]
    ) -> bytes:
        undated = {"policy_version": "draft", "valid_from": ""}
        rows = [
            row | undated | dict(changes.get(row["rule_code"], {}))
            for row in page
            if row["rule_code"] not in leave_out
        ]
        text = io.StringIO()
        writer = csv.DictWriter(text, list(page[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows([*rows, *added])
        return text.getvalue().encode()

    return make


@pytest.fixture
def made(demo: Snapshot, tmp_path: Path) -> Iterator[Callable[..., Snapshot]]:
    """Makes a snapshot of hand-made claims: each a used mower with a defect, but for what it says."""
    opened: list[Snapshot] = []

    def make(*claims: Mapping[str, Any]) -> Snapshot:
        path = tmp_path / f"made-{len(opened)}.duckdb"
        rows = [CLAIM | {"ticket_id": f"T{number}"} | dict(claim) for number, claim in enumerate(claims)]
        with duckdb.connect(str(path)) as con:
            con.execute(f"attach '{demo.path}' as demo (read_only); create schema marts")
            for dimension in ("dim_policy_conditions", "dim_verdict_outcomes"):
                con.execute(f"create table marts.{dimension} as from demo.marts.{dimension}")
            for table in ("fct_claims", "fct_claim_verdicts", "fct_outcome_prices", "fct_policy_measures"):
                con.execute(f"create table marts.{table} as from demo.marts.{table} limit 0")
                columns = [column[0] for column in con.execute(f"from marts.{table}").description or ()]
                for row in rows:
                    known = {name: value for name, value in row.items() if name in columns}
                    places = ", ".join("?" for _ in known)
                    con.execute(
                        f"insert into marts.{table} ({', '.join(known)}) values ({places})", [*known.values()]
                    )
        opened.append(open_file(path))
        return opened[-1]

    yield make
    for snapshot in opened:
        snapshot.close()
