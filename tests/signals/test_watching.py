"""From counts by lot to alerts: the planted lot alone, and nothing where nothing is wrong."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date

import numpy as np
import polars as pl
import pytest

from pipelines.signals import signal_rows
from pipelines.signals.reading import Lots
from pipelines.signals.settings import SettingMissingError, Settings

AS_OF, LAST = date(2026, 10, 31), 2026 * 12 + 9
FIRST = LAST - 35
FAULTS, CODES = ["D01", "D02", "D03"], ["D01", "D02", "D03", "N01"]
DIAGNOSES = {
    "service_center_id": pl.String, "family_code": pl.String, "diagnosed": pl.Int64, "fault_code": pl.String,
    "claims": pl.Int64,
}  # fmt: skip
# Theory's bound: with it a sound family has an alert by a rare chance alone.
SETTINGS = replace(Settings.of_project(), bound_over_realised=1.0)
UNITS = {
    "family_code": pl.String, "power_source": pl.String, "supplier_id": pl.String, "sku": pl.String,
    "lot_code": pl.String, "delivery": pl.Int64, "end": pl.Int64, "units": pl.Int64,
}  # fmt: skip
CLAIMS = {
    **{name: kind for name, kind in UNITS.items() if name not in ("end", "units")},
    "claim": pl.Int64, "known": pl.Int64, "fault_code": pl.String, "claims": pl.Int64,
}  # fmt: skip


def lots(
    *,
    seed: int = 1,
    bad: tuple[str, str] | None = None,
    skus: int = 6,
    monthly: int = 25,
    lot_of=lambda sku, month: f"{sku}-{(month - FIRST) // 4}",
    power_of=lambda number: "mains",
    until: int = LAST,
) -> Lots:
    """A family of some products over three years; a bad lot claims eight times as often, with D02."""
    rng, units, claims = np.random.default_rng(seed), [], []
    for number in range(skus):
        sku = f"SKU-{number}"
        for delivery in range(FIRST, LAST + 1):
            lot = lot_of(sku, delivery)
            key = ("mower", power_of(number), f"SUP-{number % 2}", sku, lot, delivery)
            end = min(delivery + 24, LAST)
            units.append((*key, end, monthly))
            for month in range(delivery, min(end, until) + 1):
                season = 1 + 0.8 * np.sin(2 * np.pi * month / 12)
                rate = 0.006 * season * (2 if month == delivery else 1)
                worse = bad == (sku, lot)
                for fault in FAULTS:
                    mean = monthly * rate / 3 * (22 if worse and fault == "D02" else 1)
                    if count := int(rng.poisson(mean)):
                        known = month + int(rng.random() < 0.3)
                        claims.append((*key, month, known, fault, count))
                        claims.append((*key, month, month, None, count))
    frame = pl.DataFrame(claims, schema=CLAIMS, orient="row")
    frame = frame.group_by([c for c in CLAIMS if c != "claims"]).agg(pl.col("claims").sum()).sort(pl.all())
    costs = pl.DataFrame({"family_code": ["mower"], "claims": [100], "cost": [5000.0]})
    return lots_of(pl.DataFrame(units, schema=UNITS, orient="row"), frame, costs)


def lots_of(
    units: pl.DataFrame,
    claims: pl.DataFrame,
    costs: pl.DataFrame,
    diagnoses: pl.DataFrame = pl.DataFrame(schema=DIAGNOSES),  # noqa: B008
) -> Lots:
    return Lots(units, claims, costs, diagnoses, FAULTS, CODES, SETTINGS)


def diagnoses(seed: int = 1, odd: str | None = None, only: str | None = None) -> pl.DataFrame:
    """Eight workshops over three years; one (`odd`) calls most N01 after 15 months, one (`only`) all D02."""
    rng, rows = np.random.default_rng(seed), []
    for number in range(8):
        for month in range(FIRST, LAST + 1):
            shares = [0.3, 0.3, 0.3, 0.1]
            if odd == f"C{number}" and month >= FIRST + 15:
                shares = [0.05, 0.05, 0.05, 0.85]
            if only == f"C{number}":
                shares = [0.0, 1.0, 0.0, 0.0]
            for code, count in zip(CODES, rng.multinomial(rng.poisson(4), shares), strict=True):
                if count:
                    rows.append((f"C{number}", "mower", month, code, int(count)))
    return pl.DataFrame(rows, schema=DIAGNOSES, orient="row")


@pytest.fixture(scope="module")
def bad_lot() -> dict[str, pl.DataFrame]:
    return signal_rows(lots(bad=("SKU-2", "SKU-2-3")), AS_OF)


def test_the_planted_lot_is_the_one_alert_and_explains_what_else_is_over_its_limit(bad_lot):
    alerts = bad_lot["signals"].filter(pl.col("status") == "alert")
    assert alerts["lot_code"].to_list() == ["SKU-2-3"]
    assert alerts["fault_code"].to_list()[0] in ("D02", None)
    others = bad_lot["signals"].filter(pl.col("is_over_limit") & (pl.col("status") == "watch"))
    assert set(others["explained_by"]) == {alerts["signal_id"][0]}
    assert alerts["first_signal_on"][0] < date(2025, 9, 30)  # delivered from November 2024 on


def test_what_is_at_stake_is_the_units_still_out_there_at_the_shrunken_ratio(bad_lot):
    row = bad_lot["signals"].filter(pl.col("status") == "alert").row(0, named=True)
    assert row["units_sold"] == 100
    assert row["units_under_warranty"] == 100
    assert 0 < row["shrunken_ratio_low"] < row["shrunken_ratio"] <= row["ratio"]
    assert row["cost_at_risk_eur"] == pytest.approx(50 * row["expected_claims"])
    assert row["power_at_twice"] < 1


def test_history_tells_what_was_known_and_ends_at_what_is_known_now(bad_lot):
    alert = bad_lot["signals"].filter(pl.col("status") == "alert").row(0, named=True)
    months = bad_lot["signal_history"].filter(pl.col("signal_id") == alert["signal_id"])
    assert months["observed"].to_list() == sorted(months["observed"].to_list())
    assert months["observed"][-1] == alert["observed"]
    fired = months.filter(pl.col("status") == "alert")
    assert fired["month"][0] == alert["first_signal_on"].replace(day=1)
    assert fired["statistic"][0] >= fired["signal_limit"][0]
    earlier = signal_rows(lots(bad=("SKU-2", "SKU-2-3")), alert["first_signal_on"])["signals"]
    then = earlier.filter(pl.col("signal_id") == alert["signal_id"]).row(0, named=True)
    assert (then["observed"], then["status"]) == (fired["observed"][0], "alert")


@pytest.mark.parametrize("seed", range(3))
def test_a_sound_family_with_seasons_and_delays_has_no_alert(seed: int):
    assert not signal_rows(lots(seed=seed), AS_OF)["signals"]["is_over_limit"].any()


def test_rows_do_not_depend_on_the_order_of_what_is_read():
    given = lots(seed=4)
    turned = lots_of(given.units.reverse(), given.claims.reverse(), given.costs)
    assert signal_rows(given, AS_OF)["signals"].equals(signal_rows(turned, AS_OF)["signals"])


def test_one_unit_a_lot_cannot_be_watched_and_says_why():
    singles = lots(monthly=1, lot_of=lambda sku, month: f"{sku}-{month}")
    lot = signal_rows(singles, AS_OF)["signals"].filter(pl.col("level") == "lot")
    assert not lot["is_watchable"].any()
    assert lot["not_watchable_reason"].unique().to_list() == [
        "Fewer units at risk at any time than are needed: 10"
    ]
    assert lot["statistic"].is_null().all()


def test_unknown_lots_leave_the_product_watched():
    rows = signal_rows(lots(lot_of=lambda sku, month: None), AS_OF)["signals"]
    assert rows.filter(pl.col("level") == "lot").is_empty()
    assert rows.filter((pl.col("level") == "sku") & pl.col("fault_code").is_null())["is_watchable"].all()


def test_a_product_alone_in_its_family_has_nothing_to_be_compared_with():
    rows = signal_rows(lots(skus=1, lot_of=lambda sku, month: None), AS_OF)["signals"]
    product = rows.filter((pl.col("level") == "sku") & pl.col("fault_code").is_null())
    assert product["not_watchable_reason"][0].startswith("Nothing alike to compare with")


def of_two_families(worse: float, seed: int = 1) -> Lots:
    """A usual family, and a new product alone in its own, sold from a year ago, that claims `worse` times."""
    usual, rng = lots(seed=seed), np.random.default_rng(seed)
    units, claims = [], []
    for delivery in range(LAST - 11, LAST + 1):
        key = ("blower", "mains", "SUP-9", "NEW", "NEW-1", delivery)
        units.append((*key, LAST, 40))
        for month in range(delivery, LAST + 1):
            rate = 0.006 * (1 + 0.8 * np.sin(2 * np.pi * month / 12)) * (2 if month == delivery else 1)
            if count := int(rng.poisson(40 * rate * worse)):
                claims.append((*key, month, month, None, count))
    return lots_of(
        pl.concat([usual.units, pl.DataFrame(units, schema=UNITS, orient="row")]),
        pl.concat([usual.claims, pl.DataFrame(claims, schema=CLAIMS, orient="row")]),
        usual.costs,
    )


def test_a_new_product_with_nothing_alike_is_held_against_rates_elsewhere_and_labelled():
    rows = signal_rows(of_two_families(worse=6), AS_OF)["signals"]
    product = rows.filter((pl.col("sku") == "NEW") & (pl.col("level") == "sku")).row(0, named=True)
    assert product["method"] == "expectation"
    assert product["comparison"].startswith("Rates by age of machines of other families")
    assert product["is_over_limit"]
    assert product["ratio"] == pytest.approx(6, rel=0.5)
    alone = rows.filter(pl.col("method") == "expectation")
    assert set(alone["level"]) >= {"sku", "supplier"}
    assert alone["fault_code"].is_null().all()
    assert rows.filter(pl.col("family_code") == "blower").filter(status="alert").height == 1


@pytest.mark.parametrize("seed", range(4))
def test_a_new_product_that_claims_half_as_much_again_as_others_is_no_news(seed: int):
    rows = signal_rows(of_two_families(worse=1.5, seed=seed), AS_OF)["signals"]
    assert not rows["is_over_limit"].any()


def with_coding(**more) -> pl.DataFrame:
    given = lots(skus=2)
    return signal_rows(lots_of(given.units, given.claims, given.costs, diagnoses(**more)), AS_OF)["signals"]


def test_a_workshop_that_names_what_others_do_not_is_an_alert_about_coding():
    rows = with_coding(odd="C3")
    alert = rows.filter(pl.col("status") == "alert").row(0, named=True)
    assert (alert["service_center_id"], alert["fault_code"], alert["method"]) == ("C3", "N01", "coding")
    assert alert["family_code"] is None
    assert alert["cost_at_risk_eur"] is None
    assert rows.filter(pl.col("is_over_limit") & (pl.col("method") != "coding")).is_empty()


def test_workshops_that_code_alike_raise_nothing():
    assert not with_coding(seed=5)["is_over_limit"].any()


def test_a_workshop_that_codes_everything_as_one_fault_cannot_be_judged_and_raises_nothing():
    rows = with_coding(only="C2")
    own = rows.filter(pl.col("service_center_id") == "C2")
    assert own["not_watchable_reason"].unique().to_list() == [
        "It codes every claim as one fault: what it names says nothing."
    ]
    assert not rows["is_over_limit"].any()


def test_a_series_that_starts_mid_life_raises_nothing():
    # Machines sold for a year before the first ticket was ever recorded.
    given = lots(seed=3)
    late = lots_of(given.units, given.claims.filter(pl.col("claim") >= FIRST + 12), given.costs)
    assert not signal_rows(late, AS_OF)["signals"]["is_over_limit"].any()


def test_control_of_false_findings_stands_beside_and_makes_no_alert():
    quiet = signal_rows(lots(seed=2), AS_OF)["signals"]
    assert not quiet["is_batch_finding"].any()
    found = signal_rows(lots(bad=("SKU-2", "SKU-2-3")), AS_OF)["signals"]
    assert set(found.filter("is_batch_finding")["is_over_limit"]) <= {True}
    assert found.filter(status="alert")["is_batch_finding"].all()


def test_where_twice_the_rate_will_show_is_said_by_month():
    rows = signal_rows(lots(seed=2), AS_OF)["signals"].filter(pl.col("power_at_twice").is_not_null())
    seen = rows.filter(pl.col("power_at_twice") >= 0.8)
    assert set(seen["twice_visible_on"]) == {date(2026, 10, 1)}
    later = rows.filter((pl.col("power_at_twice") < 0.8) & pl.col("twice_visible_on").is_not_null())
    assert later.height > 0
    assert (later["twice_visible_on"] > date(2026, 10, 1)).all()


def test_a_setting_that_the_build_does_not_declare_is_said():
    with pytest.raises(SettingMissingError, match="watch_minimum_units"):
        Settings.of({})


def test_machines_of_another_power_source_are_no_peers():
    # A fault that only battery machines can have would stand out among petrol ones.
    split = signal_rows(lots(power_of=lambda n: "battery" if n < 2 else "mains"), AS_OF)["signals"]
    shares = split.filter((pl.col("level") == "sku") & pl.col("fault_code").is_null())
    by_power = shares.group_by("power_source").agg(pl.col("expected").sum(), pl.col("observed").sum())
    for row in by_power.iter_rows(named=True):
        assert row["expected"] == pytest.approx(row["observed"])


def test_a_feed_that_stopped_and_a_fault_code_that_changes_its_meaning_raise_nothing():
    assert not signal_rows(lots(until=LAST - 4), AS_OF)["signals"]["is_over_limit"].any()
    given = lots(seed=7)
    renamed = pl.when((pl.col("fault_code") == "D01") & (pl.col("known") > LAST - 10)).then(pl.lit("D03"))
    claims = given.claims.with_columns(fault_code=renamed.otherwise(pl.col("fault_code")))
    claims = claims.group_by([c for c in CLAIMS if c != "claims"]).agg(pl.col("claims").sum())
    changed = lots_of(given.units, claims, given.costs)
    assert not signal_rows(changed, AS_OF)["signals"]["is_over_limit"].any()


def test_a_home_without_units_or_claims_has_tables_without_rows():
    costs = pl.DataFrame(schema={"family_code": pl.String, "claims": pl.Int64, "cost": pl.Float64})
    nothing = lots_of(pl.DataFrame(schema=UNITS), pl.DataFrame(schema=CLAIMS), costs)
    assert all(table.is_empty() for table in signal_rows(nothing, AS_OF).values())
    sold = lots_of(lots(skus=2).units, pl.DataFrame(schema=CLAIMS), costs)
    rows = signal_rows(sold, AS_OF)
    assert not rows["signals"]["is_over_limit"].any()
    assert rows["signal_history"].is_empty()


def test_what_the_budget_spends_on_nodes_too_small_to_show_anything_is_told():
    said: list[str] = []
    signal_rows(lots(skus=2, monthly=4), AS_OF, said.append)
    signal_rows(lots(skus=2, monthly=400), AS_OF, said.append)
    few, many = (int(re.findall(r"(\d+)%", line)[0]) for line in said)
    assert many < few / 2
