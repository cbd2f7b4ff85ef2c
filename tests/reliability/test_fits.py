"""What every fit must keep: its units, its row order, its derivatives, its doubts."""

from __future__ import annotations

import numpy as np
import pytest

from pipelines.reliability import (
    Doubt,
    FlatLikelihoodError,
    NoFailuresError,
    ObservationError,
    OneFailureError,
    batch_cumulative,
    combined,
    cumulative_band,
    current_status,
    exact,
    failures_and_censored,
    fit_defective_subpopulation,
    fit_lognormal,
    fit_weibull,
    fit_weibull_groups,
    fit_weibull_life_tables,
    grouped,
    interval_censored,
    kaplan_meier,
    mean_cumulative,
    nevada_chart,
    observed,
    right_censored,
    shrink_rates,
    weibull_cumulative,
    weibull_hazard,
    weibull_of_row,
    weibull_quantile,
)
from pipelines.reliability.likelihood_search import bracketed_limit, maximise, profile_limits
from pipelines.reliability.weibull_likelihood import Likely, cells_of, start


def mixed_observations(seed: int = 0, units: int = 300):
    """Every form at once: exact, right, left, interval (overlapping and narrow), entered late, weighted."""
    rng = np.random.default_rng(seed)
    life = 10 * rng.weibull(1.5, units)
    form = rng.integers(0, 4, units)
    width = rng.choice([1e-3, 0.3, 2.0], units)
    left = np.select(
        [form == 0, form == 1, form == 2], [life, life * 0.8, 0.0], np.maximum(life - width, 0.0)
    )
    right = np.select([form == 0, form == 1, form == 2], [life, np.inf, life * 1.1], life + width)
    entry = np.where(rng.random(units) < 0.3, left * rng.random(units), 0.0)
    return left, right, entry, rng.integers(1, 4, units).astype(float)


def test_gradient_and_hessian_are_those_of_the_likelihood():
    left, right, entry, weight = mixed_observations()
    likely = Likely(cells_of(np.zeros(len(left), int), 1, entry, left, right, weight))

    def at(c: float, k: float):
        return likely(np.array([c]), np.array([k]))

    d, h = at(-0.7, 0.3), 1e-5
    assert d.c == pytest.approx((at(-0.7 + h, 0.3).value - at(-0.7 - h, 0.3).value) / (2 * h), rel=1e-7)
    assert d.k == pytest.approx((at(-0.7, 0.3 + h).value - at(-0.7, 0.3 - h).value) / (2 * h), rel=1e-7)
    assert d.cc == pytest.approx((at(-0.7 + h, 0.3).c - at(-0.7 - h, 0.3).c) / (2 * h), rel=1e-7)
    assert d.ck == pytest.approx((at(-0.7, 0.3 + h).c - at(-0.7, 0.3 - h).c) / (2 * h), rel=1e-7)
    assert d.kk == pytest.approx((at(-0.7, 0.3 + h).k - at(-0.7, 0.3 - h).k) / (2 * h), rel=1e-7)


def test_the_likelihood_is_the_sum_of_the_parts_written_out():
    left, right, entry, weight = mixed_observations()
    fit = fit_weibull(observed(left, right, entry, weight))

    def survival(t):
        return np.exp(-((t / fit.scale) ** fit.shape))

    is_exact, is_right = left == right, np.isinf(right)
    t = np.where(is_exact, left, 1.0)
    density = weibull_hazard(t, fit.shape, fit.scale) * survival(t)
    between = survival(left) - np.where(is_right, 0.0, survival(np.where(is_right, 1.0, right)))
    parts = np.log(np.where(is_exact, density, np.where(is_exact, 1.0, between + is_exact))) - np.log(
        survival(entry)
    )
    assert fit.log_likelihood == pytest.approx((weight * parts).sum(), rel=1e-9)


def test_the_textbook_likelihood_equation_holds_at_the_estimate():
    # Lawless 1982, eq. 4.1.11: sum t^b log t / sum t^b - 1/b = mean of log failure ages; scale^b = sum t^b
    # / failures
    rng = np.random.default_rng(2)
    life, leaves = 30 * rng.weibull(1.8, 500), rng.uniform(1, 40, 500)
    age, failed = np.minimum(life, leaves), life <= leaves
    fit = fit_weibull(failures_and_censored(age, failed))
    power = age**fit.shape
    assert (power @ np.log(age)) / power.sum() - 1 / fit.shape == pytest.approx(
        np.log(age[failed]).mean(), abs=1e-9
    )
    assert fit.scale == pytest.approx((power.sum() / failed.sum()) ** (1 / fit.shape), rel=1e-9)


def test_profile_limits_lie_where_the_likelihood_ratio_is_its_quantile():
    # 1.920729 = half the 95 % quantile of chi-square with 1 degree of freedom
    left, right, entry, weight = mixed_observations(1, 60)
    o = observed(left, right, entry, weight)
    fit = fit_weibull(o)
    likely = Likely(cells_of(np.zeros(len(o.left), int), 1, o.entry, o.left, o.right, o.weight))
    pivot = likely.cells.pivot[0]

    def best(shape_of, value):
        """Highest log-likelihood over a fine line of the other parameter."""
        shapes, scales = shape_of(value)
        found = [
            likely(np.array([b * (pivot - np.log(s))]), np.log([b])).value[0]
            for b, s in zip(shapes, scales, strict=True)
        ]
        return max(found)

    grid = np.exp(np.linspace(-0.5, 0.5, 801))
    for limit in (fit.shape_low, fit.shape_high):
        top = best(lambda b: (np.full_like(grid, b), fit.scale * grid), limit)
        assert fit.log_likelihood - top == pytest.approx(1.920729, abs=1e-4)
    for limit in (fit.scale_low, fit.scale_high):
        top = best(lambda s: (fit.shape * grid, np.full_like(grid, s)), limit)
        assert fit.log_likelihood - top == pytest.approx(1.920729, abs=1e-4)
    for limit in (fit.quantile_low, fit.quantile_high):
        top = best(lambda q: (fit.shape * grid, q / weibull_quantile(0.1, fit.shape * grid, 1.0)), limit)
        assert fit.log_likelihood - top == pytest.approx(1.920729, abs=1e-4)


def test_the_bracketed_limits_equal_the_tangent_ones():
    left, right, entry, weight = mixed_observations(3, 80)
    cells = cells_of(np.zeros(len(left), int), 1, entry, left, right, weight)
    fit = maximise(cells.restrict, *start(cells))
    for target in (None, 0.0, -2.25):
        fast = profile_limits(cells.restrict, fit, target, 1.92)
        slow = [bracketed_limit(Likely(cells), fit, 0, target, 1.92, side, 0.3) for side in (-1.0, 1.0)]
        assert np.ravel(fast) == pytest.approx(slow, abs=1e-7)


def test_the_unit_of_age_only_scales_the_answer():
    left, right, entry, weight = mixed_observations()
    fit = fit_weibull(observed(left, right, entry, weight))
    for factor in (1e-6, 730.5, 1e9):
        scaled = fit_weibull(observed(left * factor, right * factor, entry * factor, weight))
        assert scaled.shape == pytest.approx(fit.shape, rel=1e-9)
        assert scaled.scale_high == pytest.approx(fit.scale_high * factor, rel=1e-7)
        assert scaled.quantile_low == pytest.approx(fit.quantile_low * factor, rel=1e-7)


def test_row_order_changes_no_bit():
    left, right, entry, weight = mixed_observations()
    fit = fit_weibull(observed(left, right, entry, weight * 0.1))
    order = np.random.default_rng(9).permutation(len(left))
    again = fit_weibull(observed(left[order], right[order], entry[order], weight[order] * 0.1))
    assert (again.shape, again.scale_low, again.quantile_high) == (
        fit.shape,
        fit.scale_low,
        fit.quantile_high,
    )
    assert again.log_likelihood == fit.log_likelihood


def test_weights_are_counts_of_equal_rows_up_to_a_hundred_million():
    rows = exact([1.0, 2.0, 4.0]), right_censored([5.0], 20)
    once = fit_weibull(combined(*rows))
    many = fit_weibull(combined(*(observed(r.left, r.right, r.entry, r.weight * 1e8) for r in rows)))
    assert many.shape == pytest.approx(once.shape, rel=1e-9)
    assert many.log_likelihood == pytest.approx(once.log_likelihood * 1e8, rel=1e-9)
    assert many.log_covariance == pytest.approx(once.log_covariance / 1e8, rel=1e-6)
    assert many.shape_low < many.shape < many.shape_high


def test_hazards_of_one_in_a_hundred_million_are_fitted():
    months = np.arange(25.0)
    share = weibull_cumulative(months, 1.3, 24 * 1e8 ** (1 / 1.3))
    units = 1e11
    fit = fit_weibull(grouped(months, np.diff(share) * units, [0] * 23 + [units]))
    assert fit.shape == pytest.approx(1.3, rel=1e-6)
    assert weibull_cumulative(24.0, fit.shape, fit.scale) == pytest.approx(1e-8, rel=1e-6)


def life_tables(samples: int = 40):
    rng = np.random.default_rng(4)
    return rng.poisson(rng.uniform(0, 6, (samples, 1)), (samples, 24)), rng.poisson(40, (samples, 24))


def test_a_batch_row_is_the_single_fit_of_that_row():
    events, censored = life_tables()
    batch = fit_weibull_life_tables(events, censored)
    for i in np.flatnonzero(batch.doubt == Doubt.NONE):
        fit = fit_weibull(grouped(np.arange(25), events[i], censored[i]))
        assert (batch.shape[i], batch.scale[i]) == pytest.approx((fit.shape, fit.scale), rel=1e-9)
        assert (batch.shape_low[i], batch.quantile_high[i]) == pytest.approx(
            (fit.shape_low, fit.quantile_high), rel=1e-7
        )


def test_a_batch_reads_the_exact_convention_as_a_single_fit_does():
    events, censored = life_tables(8)
    batch = fit_weibull_life_tables(events, censored, convention="exact")
    for i in np.flatnonzero(batch.doubt == Doubt.NONE):
        fit = fit_weibull(grouped(np.arange(25), events[i], censored[i], "exact"))
        assert (batch.shape[i], batch.scale_high[i]) == pytest.approx((fit.shape, fit.scale_high), rel=1e-7)
        assert batch.log_likelihood[i] == pytest.approx(fit.log_likelihood, rel=1e-12)


def test_groups_of_any_form_equal_their_single_fits_in_any_row_order():
    rng = np.random.default_rng(6)
    parts = [mixed_observations(seed, int(n)) for seed, n in enumerate(rng.integers(20, 400, 12))]
    sample = np.repeat(np.arange(12), [len(p[0]) for p in parts])
    left, right, entry, weight = (np.concatenate([p[j] for p in parts]) for j in range(4))
    order = rng.permutation(len(sample))
    batch = fit_weibull_groups(
        sample[order], left[order], right[order], entry[order], weight[order], samples=13
    )
    assert batch.doubt.tolist() == [Doubt.NONE] * 12 + [Doubt.NO_FAILURES]
    for i, part in enumerate(parts):
        fit = fit_weibull(observed(*part))
        assert (batch.shape[i], batch.scale[i]) == pytest.approx((fit.shape, fit.scale), rel=1e-9)
        assert (batch.units[i], batch.events[i]) == (fit.units, fit.events)


def test_exact_censoring_ages_count_at_their_age():
    events, censored = life_tables(3)
    ages = np.array([0.4, 3.7, 11.2, 23.9])
    sample, age = np.repeat([0, 2], 4), np.tile(ages, 2)
    batch = fit_weibull_life_tables(events, censored, exact_censoring=(sample, age, np.full(8, 250.0)))
    for i in range(3):
        rows = [grouped(np.arange(25), events[i], censored[i])]
        rows += [right_censored(ages, 250.0)] if i in (0, 2) else []
        fit = fit_weibull(combined(*rows))
        assert (batch.shape[i], batch.scale_high[i]) == pytest.approx((fit.shape, fit.scale_high), rel=1e-7)
        assert batch.units[i] == fit.units


def test_one_hopeless_sample_does_not_stop_the_others():
    events, censored = np.zeros((4, 24)), np.full((4, 24), 10.0)
    events[1, 5] = 1
    events[2, 0], censored[2] = 9, 0
    events[3, [2, 7, 15]] = 4
    batch = fit_weibull_life_tables(events, censored)
    assert batch.doubt.tolist() == [
        Doubt.NO_FAILURES, Doubt.ONE_FAILURE, Doubt.FLAT_LIKELIHOOD, Doubt.NONE,
    ]  # fmt: skip
    assert np.isnan(batch.shape[:3]).all()
    assert batch.shape_low[3] < batch.shape[3] < batch.shape_high[3]


@pytest.mark.parametrize("fit", [fit_weibull, fit_lognormal, fit_defective_subpopulation])
def test_a_fit_that_cannot_be_trusted_says_why_with_numbered_remedies(fit):
    with pytest.raises(NoFailuresError, match=r"among 30 units(.|\n)*1\. (.|\n)*2\. (.|\n)*3\. "):
        fit(right_censored([5.0, 9.0], 15))
    with pytest.raises(OneFailureError, match=r"1 failure(.|\n)*among 16 units(.|\n)*1\. (.|\n)*2\. "):
        fit(combined(exact([5.0]), right_censored([9.0], 15)))
    with pytest.raises(ObservationError, match="age 0"):
        fit(combined(exact([0.0, 3.0]), right_censored([9.0], 15)))


@pytest.mark.parametrize("fit", [fit_weibull, fit_lognormal])
def test_failures_all_at_one_age_fix_no_shape(fit):
    with pytest.raises(FlatLikelihoodError, match=r"5 failures among 5 units(.|\n)*1\. "):
        fit(exact([3.0] * 5))
    with pytest.raises(FlatLikelihoodError):
        fit(interval_censored([0.0], [1.0], 50.0))


def test_failures_of_the_last_interval_alone_fix_no_shape():
    with pytest.raises(FlatLikelihoodError):
        fit_weibull(
            combined(interval_censored([23.0], [24.0], 3.0), right_censored([2.0, 24.0], [5.0, 300.0]))
        )


def test_bands_hold_the_curve_and_meet_the_scale():
    fit = fit_weibull(combined(exact([3.0, 5, 8, 9, 14]), right_censored([15.0], 20)), limits="wald")
    band = cumulative_band(fit, [1.0, 5.0, fit.scale])
    assert np.all((band.low < band.estimate) & (band.estimate < band.high))
    assert band.estimate[2] == pytest.approx(1 - np.exp(-1), rel=1e-12)
    # At the scale, log H = 0 and its variance is shape^2 var(log scale): the scale's own limits, seen
    # upright.
    half = 1.959964 * fit.shape * np.sqrt(fit.log_covariance[0, 0])
    assert band.high[2] == pytest.approx(1 - np.exp(-np.exp(half)), rel=1e-6)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: exact([-1.0]), "age below zero"),
        (lambda: interval_censored([5.0], [4.0]), "end before they start"),
        (lambda: exact([float("nan")]), "missing value"),
        (lambda: right_censored([5.0], -2), "no usable weight"),
        (lambda: exact([3.0], entry=4.0), "before they were watched"),
        (lambda: observed([1.0, 2.0, 3.0], [1.0, 2.0]), "differ in length"),
        (lambda: nevada_chart([10], [[6, 5]]), "returns 11 of 10"),
        (lambda: kaplan_meier(current_status([3.0], [True])), "interval-censored"),
        (lambda: mean_cumulative([0], [5.0], [4.0]), "outside their unit's watch"),
        (lambda: shrink_rates([1.0], [0.0]), "above 0"),
        (lambda: fit_weibull_life_tables([[1, -1]], [[1, 1]]), r"events\[0, 1\] is -1"),
        (lambda: fit_weibull_life_tables([[1, 1]], [[1, 1]], age_ends=[2, 1]), "rising"),
    ],
)
def test_what_is_no_lifetime_is_refused_in_words(make, words: str):
    with pytest.raises(ObservationError, match=words):
        make()


def test_a_month_read_early_or_late_reads_the_same_curve():
    curve = kaplan_meier(
        failures_and_censored([2.0, 4.0, 4.0, 7.0], [True, True, False, True]), ages=[1, 3, 4, 9]
    )
    assert curve.survival.tolist() == [1.0, 0.75, 0.5, 0.0]
    assert curve.at_risk.tolist() == [4, 3, 3, 0]
    assert curve.events.tolist() == [0, 0, 1, 0]
    assert np.isnan(curve.survival_low[[0, 3]]).all()


def test_the_share_failed_by_an_age_is_that_of_each_row_alone():
    batch = fit_weibull_life_tables(
        [[5, 8, 12], [0, 0, 0], [20, 10, 5]], [[0, 0, 500], [0, 0, 90], [0, 0, 800]]
    )
    band = batch_cumulative(batch, 24.0)
    for row in (0, 2):
        alone = cumulative_band(weibull_of_row(batch, row), [24.0])
        assert (band.estimate[row], band.low[row], band.high[row]) == pytest.approx(
            (alone.estimate[0], alone.low[0], alone.high[0]), rel=1e-12
        )
    assert np.isnan(band.estimate[1])


def test_returns_in_the_first_month_alone_but_one_fix_no_curve() -> None:
    """A product of Online Retail: of 11,793 units 39 came back in month 1, one in month 8, the rest never."""
    events = np.zeros((1, 24))
    events[0, 0], events[0, 7] = 39, 1
    censored = np.zeros((1, 24))
    censored[0, 23] = 11_793 - 40
    fit = fit_weibull_life_tables(events, censored)
    assert fit.doubt[0] == Doubt.FLAT_LIKELIHOOD
    assert np.isnan(fit.shape[0])
    assert np.isnan(fit.scale[0])
