"""More lifetimes against published numbers: interval, current status, field data, lognormal, plateau."""

from __future__ import annotations

import numpy as np
import pytest

from pipelines.reliability import (
    combined,
    current_status,
    exact,
    fit_defective_subpopulation,
    fit_lognormal,
    fit_weibull,
    grouped,
    right_censored,
)

# Lieblein & Zelen 1956 (J. Res. NBS 57:273), Lawless 1982, p. 228: millions of revolutions of 23 ball
# bearings; Lawless 1982, p. 228.
BALL_BEARINGS = [
    17.88, 28.92, 33.00, 41.52, 42.12, 45.60, 48.48, 51.84, 51.96, 54.12, 55.56, 67.80, 68.64, 68.64, 68.88,
    84.12, 93.12, 98.64, 105.12, 105.84, 127.92, 128.04, 173.40,
]  # fmt: skip

# Nelson 1982, Applied Life Data Analysis, p. 415: cracks found at inspections of 167 turbine parts (months).
INSPECTIONS = [0, 6.12, 19.92, 29.64, 35.40, 39.72, 45.24, 52.32, 63.48]
CRACKED = [5, 16, 12, 18, 18, 2, 6, 17]

# Nelson 1982, p. 318: hours of 70 diesel generator fans, 12 failed.
FAN_FAILURES = [450, 1150, 1150, 1600, 2070, 2070, 2080, 3100, 3450, 4600, 6100, 8750]
FAN_SURVIVORS = {
    460: 1, 1560: 1, 1660: 1, 1850: 5, 2030: 3, 2200: 1, 3000: 4, 3200: 1, 3750: 2, 4150: 4, 4300:
    4, 4850: 4, 5000: 3, 6100: 3, 6300: 1, 6450: 2, 6700: 1, 7450: 1, 7800: 2, 8100: 2, 8200: 1,
    8500: 3, 8750: 2, 9400: 1, 9900: 1, 10100: 3, 11500: 1,
}  # fmt: skip

# Nelson 1982, p. 409; Meeker & Escobar 1998, table 1.5: 432 turbine wheels inspected once (100
# hours).
WHEEL_AGE = [4, 10, 14, 18, 22, 26, 30, 34, 38, 42, 46]
WHEEL_CRACKED = [0, 4, 2, 7, 5, 9, 9, 6, 22, 21, 21]
WHEEL_SOUND = [39, 49, 31, 66, 25, 30, 33, 7, 12, 19, 15]

# Meeker 1987 (Technometrics 29:51): hours to failure of 28 of 4156 integrated circuits tested 1370 hours.
CIRCUITS = [
    0.10, 0.10, 0.15, 0.60, 0.80, 0.80, 1.20, 2.5, 3.0, 4.0, 4.0, 6.0, 10.0, 10.0, 12.5, 20, 20, 43,
    43, 48, 48, 54, 74, 84, 94, 168, 263, 593,
]  # fmt: skip


def test_ball_bearings_meet_the_textbook_weibull_and_lognormal():
    # Lawless 1982, p. 229 (shape 2.10, scale 81.9); Meeker & Escobar 1998, table 11.1 (lognormal mu 4.15,
    # sigma .522)
    weibull, lognormal = fit_weibull(exact(BALL_BEARINGS)), fit_lognormal(exact(BALL_BEARINGS))
    assert (round(weibull.shape, 3), round(weibull.scale, 2)) == (2.102, 81.88)
    assert lognormal.mu == pytest.approx(np.log(BALL_BEARINGS).mean(), abs=1e-9)
    assert lognormal.sigma == pytest.approx(np.log(BALL_BEARINGS).std(), abs=1e-9)
    assert (round(weibull.log_likelihood, 2), round(lognormal.log_likelihood, 2)) == (-113.69, -113.13)


def test_inspected_turbine_parts_meet_the_published_fit_and_normal_limits():
    # SAS/QC User's Guide, PROC RELIABILITY, "Weibull Analysis of Interval Data with Common Inspection
    # Schedule"
    fit = fit_weibull(grouped(INSPECTIONS, CRACKED, [0] * 7 + [73]), limits="wald")
    printed = [fit.scale, fit.scale_low, fit.scale_high, fit.shape, fit.shape_low, fit.shape_high]
    assert np.round(printed, 4).tolist() == [71.6904, 61.9634, 82.9444, 1.4854, 1.2242, 1.8022]


def test_diesel_fans_meet_the_published_fit_and_normal_limits():
    # SAS/QC User's Guide, PROC RELIABILITY, "Analysis of Right-Censored Data from a Single Population", in
    # 1000 h
    fans = combined(exact(FAN_FAILURES), right_censored(list(FAN_SURVIVORS), list(FAN_SURVIVORS.values())))
    fit = fit_weibull(fans, limits="wald")
    assert (fit.units, fit.events) == (70, 12)
    assert (round(fit.scale / 1000, 4), round(fit.shape, 4)) == (26.2968, 1.0584)
    assert (round(fit.scale_low / 1000, 3), round(fit.scale_high / 1000, 3)) == (10.552, 65.534)
    assert (round(fit.shape_low, 4), round(fit.shape_high, 4)) == (0.6441, 1.7394)


def test_current_status_of_turbine_wheels_is_a_maximum_of_its_binomial_likelihood():
    # Each inspection age is a binomial with probability F(age): the fit must be stationary in that form too.
    wheels = combined(
        current_status(WHEEL_AGE, [True] * 11, WHEEL_CRACKED),
        current_status(WHEEL_AGE, [False] * 11, WHEEL_SOUND),
    )
    fit = fit_weibull(wheels)
    assert (fit.units, fit.events) == (432, 106)

    def binomial(shape: float, scale: float) -> float:
        failed = -np.expm1(-((np.array(WHEEL_AGE) / scale) ** shape))
        return WHEEL_CRACKED @ np.log(failed) + WHEEL_SOUND @ np.log1p(-failed)

    top = binomial(fit.shape, fit.scale)
    assert fit.log_likelihood == pytest.approx(top, abs=1e-9)
    for by in (0.999, 1.001):
        assert binomial(fit.shape * by, fit.scale) < top
        assert binomial(fit.shape, fit.scale * by) < top
    assert (round(fit.shape, 3), round(fit.scale, 2)) == (2.176, 46.78)


def test_remission_under_6mp_meets_the_published_weibull():
    # R survival, survreg(Surv(weeks, event) ~ 1) on the 6-MP arm: intercept 3.519, scale 0.739
    fit = fit_weibull(
        combined(
            exact([6, 6, 6, 7, 10, 13, 16, 22, 23]),
            right_censored([6, 9, 10, 11, 17, 19, 20, 25, 32, 32, 34, 35]),
        )
    )
    assert (round(np.log(fit.scale), 3), round(1 / fit.shape, 3)) == (3.519, 0.739)
    assert fit.log_likelihood == pytest.approx(-41.66, abs=5e-3)


def test_integrated_circuits_meet_the_published_defective_share():
    # Meeker 1987, table 3, and Meeker & Escobar 1998, example 11.10: p = .0067, mu = 3.35, sigma = 2.02
    fit = fit_defective_subpopulation(combined(exact(CIRCUITS), right_censored(1370, 4156 - 28)))
    assert round(fit.share, 5) == 0.00674
    assert (round(np.log(fit.scale), 2), round(1 / fit.shape, 2)) == (3.35, 2.02)
    assert fit.log_likelihood - fit.plain_log_likelihood > 9  # no plain Weibull bends like this
