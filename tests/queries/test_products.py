"""Products ranked, what needs a decision, what is found: each against an independent count."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import pytest

from pipelines.home import Home
from pipelines.queries import decisions, freshness, products, search
from pipelines.queries.scopes import EVERYTHING, Scope
from pipelines.queries.snapshot import Snapshot, open_snapshot


def test_a_products_row_is_its_sales_its_life_table_and_its_claims(snapshot: Snapshot) -> None:
    ranked = products.ranked(snapshot, EVERYTHING)
    assert ranked["sku"].is_unique().all()
    assert ranked.height == snapshot.rows("select count(distinct sku) from marts.fct_order_lines").item()
    row = ranked.filter(ranked["sku"] == "CH1").row(0, named=True)
    units, cost = snapshot.rows(
        "select sum(units) filter (delivered_on is not null)::bigint, sum(claim_cost_eur)::double "
        "from marts.fct_order_lines where sku = 'CH1'"
    ).row(0)
    rate, low = snapshot.rows(
        "select cumulative, cumulative_low from marts.fct_life_table where scope_type = 'sku' "
        "and scope_id = 'CH1' and cohort is null and cause = 'defect' and age_month = 12"
    ).row(0)
    family = snapshot.rows(
        "select cumulative from marts.fct_life_table where scope_type = 'family' "
        "and scope_id = 'chainsaw' and cohort is null and cause = 'defect' and age_month = 12"
    ).item()
    assert (row["units"], row["cost_eur"]) == (units, pytest.approx(cost))
    assert (row["rate"], row["low"], row["family_rate"]) == (rate, low, family)
    assert row["is_past_family"] is (low > family)
    recent = snapshot.rows(
        "select count(*) from marts.fct_claims where is_claim and sku = 'CH1' "
        "and requested_on > (select max(as_of) from meta.build) - 90"
    ).item()
    assert row["claims_now"] == recent


def test_lots_add_up_to_all_units(snapshot: Snapshot) -> None:
    lots = products.grouped(snapshot, "lot_code", Scope(sku="CH1"))
    assert lots["units"].sum() == products.ranked(snapshot, Scope(sku="CH1"))["units"].sum()


def test_faults_and_centers_of_a_product_add_up_to_its_claims(snapshot: Snapshot) -> None:
    claims = snapshot.rows("select count(*) from marts.fct_claims where is_claim and sku = 'CH1'").item()
    assert products.by_fault(snapshot, Scope(sku="CH1"))["claims"].sum() == claims


@pytest.mark.parametrize(
    ("text", "kind", "key"),
    [("t00003", "ticket", "T00003"), ("CH1", "sku", "CH1"), ("l07", "lot", "L07"), ("sc2", "centre", "SC2")],
)
def test_a_key_is_found_whatever_its_case(snapshot: Snapshot, text: str, kind: str, key: str) -> None:
    exact = search.found(snapshot, text).filter(search.found(snapshot, text)["is_exact"])
    assert (kind, key) in exact.select("kind", "key").rows()


@pytest.mark.parametrize("text", ["", "   ", "%", "' or 1=1", "_"])
def test_what_is_no_key_is_not_found(snapshot: Snapshot, text: str) -> None:
    assert search.found(snapshot, text).is_empty()


def test_each_decision_leads_somewhere_with_its_numbers(snapshot: Snapshot) -> None:
    found = {each.page: each for each in decisions.decisions(snapshot)}
    overdue = snapshot.rows(
        "select count(*) from marts.fct_claims where is_claim and is_open "
        "and remedy_due_on < (select max(as_of) from meta.build)"
    ).item()
    assert found["worklist"].values["overdue"] == overdue > 0
    assert found["worklist"].is_urgent


def test_every_feed_says_its_last_event(snapshot: Snapshot) -> None:
    feeds = {row["feed"]: row for row in freshness.feeds(snapshot).iter_rows(named=True)}
    last = snapshot.rows("select max(requested_on) from marts.fct_claims").item()
    assert (feeds["tickets"]["last_event_on"], feeds["tickets"]["state"]) == (last, "alive")


@pytest.mark.parametrize("state", ["quiet", "stopped"])
def test_a_silent_feed_is_a_decision(small_home_builder: Any, tmp_path: Path, state: str) -> None:
    path = small_home_builder.make(tmp_path)
    with duckdb.connect(str(path)) as con:
        con.execute(f"update meta.freshness set state = '{state}', silent_days = 30 where feed = 'tickets'")
    snapshot = open_snapshot(Home.at(tmp_path))
    found = [each for each in decisions.decisions(snapshot) if each.page == "health"]
    snapshot.close()
    assert [(each.key, each.values["days"], each.is_urgent) for each in found] == [
        (f"decide_feed_{state}", 30, state == "stopped")
    ]


def test_every_delivery_adds_up(snapshot: Snapshot) -> None:
    assert freshness.deliveries(snapshot)["is_conserved"].all()
