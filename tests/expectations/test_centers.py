"""Workshops against the others: a case mix is no strictness, a strict one is found where there is enough."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from pipelines.expectations import center_rows, declared


def cases(
    strict: dict[str, float] | None = None, seed: int = 1, n: int = 400, centres: int = 8
) -> pl.DataFrame:
    """Centres whose cases differ: the first gets unused machines, where misuse is rare."""
    rng = np.random.default_rng(seed)
    rows = []
    for k in range(centres):
        name = f"C{k}"
        for is_unused in (True, False):
            share = 0.05 if is_unused else 0.35
            odds = share / (1 - share) * (strict or {}).get(name, 1.0)
            size = int(n * (0.8 if (k == 0) == is_unused else 0.2))
            rows.append((name, "mower", is_unused, 2, "phone", size, rng.binomial(size, odds / (1 + odds))))
    names = [
        "service_center_id",
        "family_code",
        "is_unused",
        "age_band",
        "channel",
        "diagnosed",
        "misuse_verdicts",
    ]
    return pl.DataFrame(rows, schema=names, orient="row")


def test_a_centre_that_gets_unused_machines_is_not_called_low() -> None:
    found = center_rows(cases(), declared)
    seen = (
        cases().group_by("service_center_id").agg(pl.col("misuse_verdicts").sum()).sort("service_center_id")
    )
    assert seen["misuse_verdicts"][0] < 0.6 * seen["misuse_verdicts"][1]
    assert set(found["status"]) == {"in_line"}


def test_a_strict_centre_with_many_cases_is_found_and_its_odds_with_it() -> None:
    found = center_rows(cases({"C3": 3.0}), declared)
    status = dict(found.select("service_center_id", "status").iter_rows())
    assert status["C3"] == "high"
    row = found.filter(pl.col("service_center_id") == "C3").row(0, named=True)
    assert 1 < row["odds_ratio_low"] < 3.0 < row["odds_ratio_high"]
    assert row["shrunken_ratio"] > 1.1


def test_false_alarms_over_all_centres_are_as_declared() -> None:
    called = [set(center_rows(cases(seed=seed, n=80), declared)["status"]) for seed in range(60)]
    assert np.mean(["high" in each for each in called]) <= declared("center_false_alarm_share") + 0.06
    assert np.mean(["low" in each for each in called]) <= declared("center_false_alarm_share") + 0.06


def test_the_power_that_is_printed_is_how_often_such_a_centre_is_found() -> None:
    printed, found = [], []
    for seed in range(60):
        rows = center_rows(cases({"C1": 2.0}, seed=seed, n=150), declared).filter(
            pl.col("service_center_id") == "C1"
        )
        printed.append(rows["power_at_twice"][0])
        found.append(rows["status"][0] == "high")
    assert 0.2 < np.mean(printed) < 0.95
    assert np.mean(found) == pytest.approx(np.mean(printed), abs=0.15)


def test_a_centre_with_few_cases_and_one_alone_are_too_few_to_say() -> None:
    small = center_rows(cases(n=10), declared)
    assert set(small["status"]) == {"too_few"}
    alone = center_rows(cases(centres=1), declared)
    assert alone["odds_ratio"][0] is None
    assert alone["status"][0] == "in_line"
    assert alone["power_at_twice"][0] == 0
    assert center_rows(cases().clear(), declared).is_empty()
