"""The defect week against counts made another way."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from types import ModuleType

import duckdb
import polars as pl
import pytest

from pipelines.home import Home
from pipelines.queries.defects import BASELINE_WEEKS, defect_week
from pipelines.queries.intervals import poisson
from pipelines.queries.snapshot import Snapshot, open_snapshot
from pipelines.queries.weeks import Week

WEEK = Week.parse("2026-W40")


@pytest.mark.parametrize("family", [None, "pressure_washer"])
def test_counts_and_rates_equal_a_row_by_row_count(snapshot: Snapshot, family: str | None) -> None:
    report = defect_week(snapshot, WEEK, family)
    claims = snapshot.rows("select * from marts.fct_claims where is_claim")
    lines = snapshot.rows("select * from marts.fct_order_lines where is_in_service")
    if family:
        claims, lines = (frame.filter(pl.col("family_code") == family) for frame in (claims, lines))
    per_week, exposure = [], []
    for back in range(BASELINE_WEEKS, -1, -1):
        monday = WEEK.monday - timedelta(weeks=back)
        sunday = monday + timedelta(days=6)
        per_week.append(claims.filter(pl.col("appeared_on").is_between(monday, sunday)).height)
        under = lines.filter((pl.col("delivered_on") <= sunday) & (pl.col("base_warranty_end_on") >= monday))
        exposure.append(int(under["units"].sum()))
    assert report.by_week["claimed_units"].to_list() == per_week
    assert report.by_week["units"].to_list() == exposure
    compared = report.comparisons[0]
    assert compared.events == per_week[-1]
    assert compared.rate == per_week[-1] / exposure[-1]
    assert (compared.rate_low, compared.rate_high) == poisson(per_week[-1], exposure[-1])
    assert report.claims.height == per_week[-1]
    assert report.by_sku["claims"].sum() == per_week[-1]
    assert report.by_sku["claims_before"].sum() <= sum(per_week[:-1])
    assert report.by_fault["claims"].sum() == report.claims["fault_code"].drop_nulls().len()


def test_the_whole_range_is_expected_to_bring_what_its_families_are(snapshot: Snapshot) -> None:
    parts = [
        defect_week(snapshot, WEEK, family).comparisons[0].expected or 0.0
        for family in ("chainsaw", "lawn_mower", "pressure_washer")
    ]
    assert defect_week(snapshot, WEEK).comparisons[0].expected == pytest.approx(sum(parts), rel=1e-9)


def test_every_verdict_follows_from_its_limits(snapshot: Snapshot) -> None:
    seen = set()
    for back in range(0, 100, 8):
        for family in (None, "chainsaw"):
            for each in defect_week(snapshot, WEEK.earlier(back), family).comparisons:
                seen.add(each.verdict)
                if each.verdict == "higher":
                    assert each.ratio_low is not None
                    assert each.ratio_low > 1
                elif each.verdict == "lower":
                    assert each.ratio_high is not None
                    assert each.ratio_high < 1
                elif each.verdict == "no_difference":
                    assert each.ratio_low is not None
                    assert each.ratio_high is not None
                    assert each.ratio_low <= 1 <= each.ratio_high
                elif each.verdict == "too_few":
                    assert max(each.events, each.expected or 0) < 3
    assert {"too_few", "no_difference"} <= seen


def test_a_family_without_claims_and_without_units_has_no_rates(snapshot: Snapshot) -> None:
    report = defect_week(snapshot, WEEK, "log_splitter")
    assert not report.has_claims
    assert report.units == 0
    assert {each.rate for each in report.comparisons} == {None}
    assert {each.verdict for each in report.comparisons} == {"no_past"}
    assert report.by_fault.is_empty()


def test_a_week_after_the_data_begins_is_incomplete_and_too_young(snapshot: Snapshot) -> None:
    running = defect_week(snapshot, Week.of(date(2026, 10, 31)))
    assert not running.is_complete
    assert {each.verdict for each in running.comparisons} == {"too_young"}
    assert defect_week(snapshot, Week.last_complete(date(2026, 10, 31))).is_complete


def test_a_file_that_says_higher_is_shown_as_it_says(tmp_path: Path, small_home_builder: ModuleType) -> None:
    path = small_home_builder.make(tmp_path, lines=1500)
    with duckdb.connect(str(path)) as con:
        con.execute(
            "update marts.fct_weekly_counts "
            "set verdict = 'higher', ratio = 3, ratio_low = 1.5, ratio_high = 6 "
            f"where scope_type = 'all' and measure = 'claims' and week = date '{WEEK.monday}'"
        )
    snapshot = open_snapshot(Home.at(tmp_path))
    claims = defect_week(snapshot, WEEK).comparisons[0]
    snapshot.close()
    assert (claims.measure.name, claims.verdict, claims.ratio_low) == ("claimed_units", "higher", 1.5)
