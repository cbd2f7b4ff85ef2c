"""The parts of a difference add up to it, mean what they say, and their rows are the published table's."""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
import polars as pl
import pytest

from pipelines.home import Home
from pipelines.queries.changed import (
    BY_REQUEST,
    BY_UNITS,
    PARTS,
    Periods,
    by_request,
    by_units,
    change,
    periods,
    split,
)
from pipelines.queries.scopes import Scope
from pipelines.queries.snapshot import Snapshot, open_snapshot


def table(rows: list[tuple[int, int, int, int]]) -> pl.DataFrame:
    names = ["units_before", "units_now", "claims_before", "claims_now"]
    return pl.DataFrame(rows, schema=names, orient="row").with_row_index("group")


@pytest.mark.parametrize("seed", range(20))
def test_the_parts_of_every_group_add_up_and_turn_round_with_the_periods(seed: int) -> None:
    rng = np.random.default_rng(seed)
    rows = [tuple(int(each) for each in rng.integers(0, 50, 4) * (rng.random(4) > 0.2)) for _ in range(9)]
    rows = [(a, b, c if a else 0, d if b else 0) for a, b, c, d in rows]
    found, back = split(table(rows)), split(table([(b, a, d, c) for a, b, c, d in rows]))
    for name, other in zip(PARTS, PARTS, strict=True):
        assert found[name].to_list() == pytest.approx([-each for each in back[other].to_list()], abs=1e-9)
    sums = found["volume"] + found["mix"] + found["rate"]
    assert sums.to_list() == pytest.approx(found["difference"].to_list(), abs=1e-9)


def test_twice_the_machines_at_the_same_rates_is_volume_alone() -> None:
    found = split(table([(100, 200, 10, 20), (50, 100, 1, 2)]))
    assert found.select(PARTS).sum().row(0) == pytest.approx((11, 0, 0), abs=1e-9)


def test_machines_that_move_to_a_worse_product_are_mix_alone() -> None:
    # Rates of 10 and 30 per hundred stay; a hundred machines move from the first to the second.
    found = split(table([(200, 100, 20, 10), (100, 200, 30, 60)]))
    assert found.select(PARTS).sum().row(0) == pytest.approx((0, 20, 0), abs=1e-9)


def test_a_rate_that_doubles_is_rate_alone_and_of_its_own_group() -> None:
    found = split(table([(100, 100, 10, 20), (100, 100, 5, 5)]))
    assert found["rate"].to_list() == pytest.approx([10, 0], abs=1e-9)
    assert found.select("volume", "mix").sum().row(0) == pytest.approx((0, 0), abs=1e-9)


def test_a_product_that_is_new_brings_mix_and_no_rate() -> None:
    found = split(table([(100, 100, 10, 10), (0, 100, 0, 30)]))
    assert found["rate"].to_list() == pytest.approx([0, 0], abs=1e-9)


def test_periods_are_whole_weeks_of_the_same_season() -> None:
    assert periods(date(2026, 10, 31), 13, "year") == Periods(
        date(2025, 7, 28), date(2025, 10, 26), date(2026, 7, 27), date(2026, 10, 25)
    )
    assert periods(date(2026, 10, 25), 4, "before").before_until == date(2026, 9, 27)


@pytest.fixture(scope="module")
def demo(demo_home: Home) -> Any:
    snapshot = open_snapshot(demo_home)
    yield snapshot
    snapshot.close()


@pytest.mark.parametrize("scope", [Scope(), Scope(family_code="chainsaw"), Scope(supplier_id="SUP005")])
def test_every_way_to_share_the_difference_out_gives_the_whole(demo: Snapshot, scope: Scope) -> None:
    asked = periods(date(2026, 10, 31), 26, "year")
    whole = change(demo, asked, scope)
    assert whole is not None
    column, code = (
        ("family_code", scope.family_code) if scope.family_code else ("supplier_id", scope.supplier_id)
    )
    claims = demo.rows(
        "select cast(sum(claims) filter (week between $1 and $2) as bigint), "
        "cast(sum(claims) filter (week between $3 and $4) as bigint) from marts.fct_warranty_exposure "
        f"where $5 is null or {column} = $5",
        [asked.before_from, asked.before_until, asked.now_from, asked.now_until, code],
    ).row(0)
    assert (whole.claims_before, whole.claims_now) == claims
    assert whole.volume + whole.mix + whole.rate == pytest.approx(whole.difference, abs=1e-6)
    for each in BY_UNITS:
        found = by_units(demo, each, asked, scope)
        assert int(found["difference"].sum()) == whole.difference
        assert float(found["volume"].sum()) == pytest.approx(whole.volume, abs=1e-6)
    totals = {
        tuple(by_request(demo, each, asked, scope).select("claims_before", "claims_now").sum().row(0))
        for each in BY_REQUEST
    }
    assert len(totals) == 1
