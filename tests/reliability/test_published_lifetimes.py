"""Lifetimes against published numbers; each case cites where its data and its answer come from."""

from __future__ import annotations

import numpy as np
import pytest

from pipelines.reliability import (
    Observations,
    combined,
    exact,
    failures_and_censored,
    fit_causes,
    fit_lognormal,
    fit_weibull,
    grouped,
    kaplan_meier,
    nevada_chart,
    right_censored,
    weibull_cumulative,
)

# ReliaWiki, "Warranty Data Analysis", return monitoring example: three months shipped, returns by age.
SHIPMENTS = [100, 140, 150]
RETURNS = [[3, 3, 5], [2, 4], [4]]

# Meeker & Escobar 1998, Statistical Methods for Reliability Data, data set C.2 (O'Connor 1985): distance to
# failure of 38 vehicle shock absorbers, and the mode of those that failed.
SHOCK_KM = [
    6700, 6950, 7820, 8790, 9120, 9660, 9820, 11310, 11690, 11850, 11880, 12140, 12200, 12870, 13150, 13330,
    13470, 14040, 14300, 17520, 17540, 17890, 18450, 18960, 18980, 19410, 20100, 20100, 20150, 20320, 20900,
    22700, 23490, 26510, 27410, 27490, 27890, 28100,
]  # fmt: skip
SHOCK_MODE = {
    6700: 1,
    9120: 2,
    12200: 1,
    13150: 2,
    14300: 1,
    17520: 1,
    20900: 2,
    22700: 1,
    26510: 1,
    27490: 1,
}

# Freireich et al. 1963 (Blood 21:699) and Gehan 1965 (Biometrika 52:203): remission weeks of 21 patients on
# 6-MP.
REMISSION = [6, 6, 6, 7, 10, 13, 16, 22, 23]
STILL_IN_REMISSION = [6, 9, 10, 11, 17, 19, 20, 25, 32, 32, 34, 35]

# Minitab help, "Pre-Process Warranty Data" and "Warranty Prediction": refrigerator compressors, 1000
# shipped in each of 12 months; failures by month of age, and units not returned by age reached.
COMPRESSOR_FAILURES = [7, 5, 7, 10, 12, 4, 8, 6, 5, 5, 0, 0]
COMPRESSOR_SURVIVORS = [998, 999, 998, 999, 994, 994, 988, 989, 993, 979, 1000, 1000]


def shock_absorbers(mode: int | None = None) -> Observations:
    """All failures, or one mode's with the others censored. One of the two at 20100 failed, by mode 2."""
    modes = [SHOCK_MODE.get(km, 0) for km in SHOCK_KM]
    modes[SHOCK_KM.index(20100)] = 2
    return failures_and_censored(SHOCK_KM, [m > 0 if mode is None else m == mode for m in modes])


def test_nevada_chart_with_returns_at_period_ends_gives_the_textbook_weibull():
    # beta and eta recomputed from the chart (ReliaWiki prints its control table from them; see test_forecast)
    fit = fit_weibull(nevada_chart(SHIPMENTS, RETURNS, "exact"))
    assert fit.shape == pytest.approx(2.492775, rel=1e-6)
    assert fit.scale == pytest.approx(6.695053, rel=1e-6)


def test_nevada_chart_with_returns_within_periods_gives_another_weibull():
    fit = fit_weibull(nevada_chart(SHIPMENTS, RETURNS))
    assert fit.shape == pytest.approx(1.393701, rel=1e-6)
    assert fit.scale == pytest.approx(15.351118, rel=1e-6)


def test_nevada_chart_survival_by_product_limit():
    curve = kaplan_meier(nevada_chart(SHIPMENTS, RETURNS, "exact"), ages=[1, 2, 3])
    assert curve.survival == pytest.approx([0.976923, 0.947823, 0.897407], abs=5e-7)
    assert curve.at_risk.tolist() == [390, 235, 94]


def test_shock_absorbers_meet_the_published_fit():
    # Meeker & Escobar 1998, example 8.1 and table 8.1; weibulltools, ml_estimation snapshot (mu, sigma,
    # loglik)
    fit = fit_weibull(shock_absorbers())
    assert np.log(fit.scale) == pytest.approx(10.2298631, abs=1e-6)
    assert 1 / fit.shape == pytest.approx(0.3164092, abs=1e-6)
    assert fit.log_likelihood == pytest.approx(-123.9954, abs=5e-5)
    assert fit.quantile == pytest.approx(13600.03, abs=0.01)


@pytest.mark.parametrize(("mode", "shape", "scale"), [(1, 3.383946, 31205.8), (2, 2.822211, 40865.86)])
def test_shock_absorber_modes_fitted_apart(mode: int, shape: float, scale: float):
    # Other modes censored: weibulltools mixmod/competing risk data, recomputed.
    fit = fit_weibull(shock_absorbers(mode))
    assert fit.shape == pytest.approx(shape, rel=1e-6)
    assert fit.scale == pytest.approx(scale, rel=1e-6)


def test_shock_absorber_modes_fitted_together_as_competing_causes():
    modes = np.array([SHOCK_MODE.get(km, 0) for km in SHOCK_KM])
    modes[SHOCK_KM.index(20100)] = 2
    fits = fit_causes(SHOCK_KM, np.where(modes > 0, SHOCK_KM, np.inf), modes)
    assert fits[1].shape == pytest.approx(3.383946, rel=1e-6)
    assert fits[2].scale == pytest.approx(40865.86, rel=1e-6)


def test_shock_absorbers_meet_the_published_lognormal():
    # Meeker & Escobar 1998, table 8.1: lognormal mu 10.14, sigma 0.530
    fit = fit_lognormal(shock_absorbers())
    assert (round(fit.mu, 2), round(fit.sigma, 3)) == (10.14, 0.530)


def test_nist_type_one_censored_weibull():
    # NIST/SEMATECH e-Handbook of Statistical Methods, 8.4.1.2: ten of twenty fail by 500 h
    failed = [54, 187, 216, 240, 244, 335, 361, 373, 375, 386]
    fit = fit_weibull(combined(exact(failed), right_censored(500, 10)))
    assert fit.shape == pytest.approx(1.720797, abs=1e-6)
    assert fit.scale == pytest.approx(606.5276, abs=1e-4)
    assert fit.log_likelihood == pytest.approx(-75.134618, abs=1e-6)


def test_remission_under_6mp_meets_the_table_in_every_textbook():
    # Survival and Greenwood errors: Kleinbaum & Klein, Survival Analysis, table 2.1; Lawless 1982, p. 74
    curve = kaplan_meier(
        combined(exact(REMISSION), right_censored(STILL_IN_REMISSION)), ages=np.unique(REMISSION)
    )
    assert curve.at_risk.tolist() == [21, 17, 15, 12, 11, 7, 6]
    assert curve.events.tolist() == [3, 1, 1, 1, 1, 1, 1]
    assert np.round(curve.survival, 4).tolist() == [0.8571, 0.8067, 0.7529, 0.6902, 0.6275, 0.5378, 0.4482]
    assert np.round(curve.standard_error, 4).tolist() == [
        0.0764,
        0.0869,
        0.0963,
        0.1068,
        0.1141,
        0.1282,
        0.1346,
    ]


def test_compressor_warranty_predicts_the_published_failures():
    # Minitab help, "Table of Predicted Number of Failures": cumulative over the next five months, 1000 more
    # units shipped each month. (Its summary prints 68.5201 expected so far; 1000 F(age) summed over
    # shipments is 68.92.)
    fit = fit_weibull(grouped(np.arange(13), COMPRESSOR_FAILURES, COMPRESSOR_SURVIVORS))
    assert (fit.units, fit.events) == (12000, 69)
    ages, survivors = np.arange(1, 13), np.array(COMPRESSOR_SURVIVORS)

    def failed(age):
        return weibull_cumulative(age, fit.shape, fit.scale)

    for months, predicted in zip(range(1, 6), [13.1073, 27.4930, 43.1798, 60.1892, 78.5416], strict=True):
        old = survivors @ ((failed(ages + months) - failed(ages)) / (1 - failed(ages)))
        new = 1000 * failed(np.arange(1, months + 1)).sum()
        assert old + new == pytest.approx(predicted, abs=6e-5)
