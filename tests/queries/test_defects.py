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
from pipelines.queries.intervals import poisson, rate_ratio
from pipelines.queries.snapshot import Snapshot, open_snapshot
from pipelines.queries.weeks import Week

WEEK = Week.parse("2026-W40")


@pytest.mark.parametrize("family", [None, "pressure_washer"])
def test_counts_rates_and_baseline_equal_a_row_by_row_count(snapshot: Snapshot, family: str | None) -> None:
    report = defect_week(snapshot, WEEK, family)
    claims = snapshot.rows("select * from marts.fct_claims where is_claim")
    lines = snapshot.rows("select * from marts.fct_order_lines where is_in_service")
    if family:
        claims, lines = (frame.filter(pl.col("family_code") == family) for frame in (claims, lines))
    per_week, exposure = [], []
    for back in range(BASELINE_WEEKS, -1, -1):
        monday = WEEK.monday - timedelta(weeks=back)
        sunday = monday + timedelta(days=6)
        per_week.append(claims.filter(pl.col("requested_on").is_between(monday, sunday)).height)
        under = lines.filter((pl.col("delivered_on") <= sunday) & (pl.col("base_warranty_end_on") >= monday))
        exposure.append(int(under["units"].sum()))
    assert report.by_week["claims"].to_list() == per_week
    assert report.by_week["units"].to_list() == exposure
    compared = report.comparisons[0]
    assert (compared.events, compared.base_events) == (per_week[-1], sum(per_week[:-1]))
    assert compared.rate == per_week[-1] / exposure[-1]
    assert (compared.rate_low, compared.rate_high) == poisson(per_week[-1], exposure[-1])
    assert compared.base_rate == pytest.approx(sum(per_week[:-1]) / sum(exposure[:-1]), rel=1e-12)
    limits = rate_ratio(per_week[-1], exposure[-1], sum(per_week[:-1]), sum(exposure[:-1]))
    assert (compared.ratio_low, compared.ratio_high) == limits
    assert report.claims.height == per_week[-1]
    assert report.by_fault["claims"].sum() == report.by_sku["claims"].sum() == per_week[-1]


def test_every_verdict_follows_from_its_interval(snapshot: Snapshot) -> None:
    seen = set()
    for back in range(0, 120, 8):
        for family in (None, "chainsaw"):
            for each in defect_week(snapshot, WEEK.earlier(back), family).comparisons:
                seen.add(each.verdict)
                if each.events + each.base_events < 10:
                    assert each.verdict == "too_few"
                    continue
                assert each.ratio_low is not None
                high = float("inf") if each.ratio_high is None else each.ratio_high
                if each.verdict == "higher":
                    assert each.ratio_low > 1
                elif each.verdict == "lower":
                    assert high < 1
                    assert each.measure.name == "claims"
                elif each.verdict == "no_difference":
                    assert each.ratio_low <= 1
                    assert high >= 1
    assert {"too_few", "no_difference"} <= seen


def test_a_family_without_claims_and_without_units_has_no_rates(snapshot: Snapshot) -> None:
    report = defect_week(snapshot, WEEK, "log_splitter")
    assert not report.has_claims
    assert report.units == 0
    assert {each.rate for each in report.comparisons} == {None}
    assert {each.verdict for each in report.comparisons} == {"too_few"}
    assert report.by_fault.is_empty()


def test_a_week_after_the_data_begins_is_incomplete(snapshot: Snapshot) -> None:
    assert not defect_week(snapshot, Week.of(date(2026, 10, 31))).is_complete
    assert defect_week(snapshot, Week.last_complete(date(2026, 10, 31))).is_complete


def test_claims_without_a_diagnosis_are_never_called_higher(snapshot: Snapshot) -> None:
    for back in range(4):
        report = defect_week(snapshot, Week.parse("2026-W43").earlier(back))
        waiting = report.by_fault.filter(pl.col("fault_code").is_null())
        assert set(waiting["verdict"]) <= {"too_early"}


def test_a_doubling_with_enough_events_is_called_higher_and_a_tenth_lower(
    tmp_path: Path, small_home_builder: ModuleType
) -> None:
    path = small_home_builder.make(tmp_path, lines=3000)
    with duckdb.connect(str(path)) as con:
        # One claim each on 60 lines, all in one week; then a quiet week after a busy quarter.
        con.execute(
            "update marts.fct_claims set requested_on = date '2026-09-30' where ticket_id in "
            "(select ticket_id from marts.fct_claims where is_claim order by ticket_id limit 60)"
        )
    snapshot = open_snapshot(Home.at(tmp_path))
    busy = defect_week(snapshot, WEEK).comparisons[0]
    quiet = defect_week(snapshot, WEEK.earlier(-1)).comparisons[0]
    snapshot.close()
    assert (busy.measure.name, busy.verdict) == ("claims", "higher")
    assert (quiet.measure.name, quiet.verdict) == ("claims", "lower")
