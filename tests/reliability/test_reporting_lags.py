"""Lags from failure to report when only the short ones can have been seen."""

from __future__ import annotations

import numpy as np
import pytest

from pipelines.reliability import (
    NoFailuresError,
    ObservationError,
    delay_corrected,
    failures_and_censored,
    fit_weibull,
    kaplan_meier,
    observed,
    reported_share,
    reporting_delay,
    weibull_cumulative,
)


def test_a_small_table_by_hand():
    # Lags 1, 2, 2, 3 seen for 1, 3, 3, 3 days. At lag 3: 3 at risk (seen for 3), one reports: 2/3 within 2
    # days. At lag 2: the same lags 2, 2 at risk, both report: nothing within 1 day is known of those seen
    # for longer.
    delay = reporting_delay([1, 2, 2, 3], [1, 3, 3, 3])
    assert delay.lags.tolist() == [1, 2, 3]
    assert delay.at_risk.tolist() == [1, 2, 3]
    assert delay.reported_share == pytest.approx([0.0, 2 / 3, 1.0])


def test_reversing_time_turns_right_truncation_into_left_truncation():
    # Lagakos, Barraj & De Gruttola 1988: T - lag is a left-truncated lifetime; the product-limit estimate
    # applies.
    rng = np.random.default_rng(1)
    lag, elapsed = rng.integers(0, 60, 4000), rng.integers(0, 120, 4000)
    seen = lag <= elapsed
    lag, elapsed = lag[seen], elapsed[seen]
    delay = reporting_delay(lag, elapsed)
    turned = kaplan_meier(
        observed(200.0 - lag, 200.0 - lag, np.maximum(200.0 - elapsed - 0.5, 0.0)),
        ages=200.0 - delay.lags - 0.5,
    )
    # S(200 - s - 1/2) of the turned ages is the probability of a lag <= s
    assert delay.reported_share == pytest.approx(turned.survival[np.argsort(-turned.ages)][::1], abs=1e-12)


def test_equal_reports_may_be_given_by_weight():
    one = reporting_delay([1, 1, 4, 6], [9, 9, 8, 7])
    two = reporting_delay([1, 4, 6], [9, 8, 7], [2, 1, 1])
    assert np.array_equal(one.reported_share, two.reported_share)
    assert np.array_equal(one.standard_error, two.standard_error)


def test_shares_are_read_between_lags_and_corrections_divide_by_them():
    delay = reporting_delay([1, 2, 2, 5], [9, 9, 9, 9])
    assert reported_share(delay, [0, 1, 1.5, 4, 30]).tolist() == [0.0, 0.25, 0.25, 0.75, 1.0]
    corrected = delay_corrected([3.0, 6.0, 8.0], [0, 4, 30], delay)
    assert np.isnan(corrected.counts[0])
    assert corrected.counts[1:].tolist() == [8.0, 8.0]
    assert corrected.standard_error[1] > corrected.standard_error[2] == 0.0


def test_a_lag_longer_than_the_time_elapsed_is_refused():
    with pytest.raises(ObservationError, match="end before they start"):
        reporting_delay([5.0], [4.0])
    with pytest.raises(NoFailuresError):
        reporting_delay([], [])


def test_vehicle_lifetimes_are_sensible(shared):
    # Days in service of 10,684 vehicles, 684 of them repaired: wear rather than infancy, 3-7 % within a year
    days, status = np.genfromtxt(
        shared / "real" / "vehicle_field_data.csv", delimiter=",", skip_header=1, usecols=(1, 3), unpack=True
    )
    usable = days > 0
    vehicles = failures_and_censored(days[usable], status[usable] == 1)
    fit, curve = fit_weibull(vehicles), kaplan_meier(vehicles, ages=[365.0])
    assert 0.8 < fit.shape < 2.5
    assert 0.02 < curve.cumulative[0] < 0.08
    assert weibull_cumulative(365.0, fit.shape, fit.scale) == pytest.approx(curve.cumulative[0], rel=0.15)


def test_vehicle_repairs_are_reported_in_days_and_the_correction_only_adds(shared):
    # 10,684 vehicles; those repaired carry a repair and a report date (weibulltools, illustrative field data)
    rows = np.genfromtxt(
        shared / "real" / "vehicle_field_data.csv", delimiter=",", dtype=str, skip_header=1, usecols=(3, 6, 7)
    )
    rows = rows[(rows[:, 0] == "1.0") & (rows[:, 1] != "") & (rows[:, 2] != "")]
    repaired, reported = rows[:, 1].astype("datetime64[D]"), rows[:, 2].astype("datetime64[D]")
    lag = (reported - repaired).astype(int)
    elapsed = (reported.max() - repaired).astype(int)
    usable = lag >= 0
    delay = reporting_delay(lag[usable], elapsed[usable])
    corrected = delay_corrected(np.ones(usable.sum()), elapsed[usable], delay)
    assert np.all(np.diff(delay.reported_share) >= 0)
    assert delay.reported_share[-1] == 1.0
    assert np.all(corrected.counts[np.isfinite(corrected.counts)] >= 1.0)
