"""Lifetimes, rates and forecasts: arrays in, frozen dataclasses out; no files, no clock, no orchestration.

Observations (the one form for exact, censored, interval and truncated ages)
    observed, exact, right_censored, interval_censored, failures_and_censored, current_status,
    nevada_chart, grouped, combined
Lifetimes
    kaplan_meier                 survival with Greenwood errors and log-log limits
    fit_weibull                  one sample, with likelihood limits; shape given, or with a threshold
    fit_lognormal, fit_loglogistic, fit_location_scale   the same for any location-scale family of log age
    fit_weibull_life_tables      thousands of life tables in one call
    fit_weibull_groups           thousands of samples in the general form in one call
    weibull_of_row               one row of a batch as a single fit
    misfit_probability           whether the curves of a batch follow their life tables
    batch_cumulative             share failed by an age, with limits, for every row of a batch
    fit_defective_subpopulation  a Weibull that only a share of the units has
    fit_causes, aalen_johansen   competing causes
    log_rank                     whether groups live equally long
Rates and repeated failures
    poisson_limits, annualised_rate      exact limits of a count and of a rate
    compare_rates                        two rates, exactly
    shrink_rates, full_bayes_rates       small groups drawn toward their family
    shared_profile               one year that families follow more or less strongly
    mean_cumulative, fit_power_law       failures per unit by age, repairs included
Reporting, forecast, watching
    reporting_delay, delay_corrected     failures not reported yet
    expected_counts, count_ratios        a week's counts against what was expected of them
    group_count                          a group's count among like strata, exactly
    forecast_claims, forecast_cost, added    claims to come, with prediction limits
    chain_ladder                 what earlier cohorts' development promises, with Mack's error
    nevada_expected, claims_per_unit, conditional_failures, overdispersion
    maxsprt_critical_value, maxsprt_performance, maxsprt_statistic, poisson_cusum, cusum_run_length
    farrington_bound             a count against its own past
    best_replacement_age
Emerging defects
    evidence_of, born_periods, split_budget   many nodes, valid at every look, false alerts as declared
    explained_by, power, visible_ratio, claims_needed   one alert per cause; what can be seen by now
    shrunken_ratios, fit_gamma_mixture        observed over expected, shrunken (EBGM)
    poisson_scan, bernoulli_scan              scan statistics of a tree
    findings, lord, saffron, alpha_investing  false-discovery rate, in a batch and online
Doubts: every error is a ReliabilityError; a fit that cannot be trusted raises a FitDoubtError (in a batch:
`doubt`).
"""

from pipelines.reliability.alert_budget import (
    AlertBudget,
    split_budget,
)
from pipelines.reliability.batch import WeibullBatch, fit_weibull_groups, fit_weibull_life_tables
from pipelines.reliability.competing import CumulativeIncidence, aalen_johansen, fit_causes, of_cause
from pipelines.reliability.count_bounds import (
    CountBound,
    farrington_bound,
)
from pipelines.reliability.defective_subpopulation import DefectiveFit, fit_defective_subpopulation
from pipelines.reliability.development import ChainLadder, chain_ladder
from pipelines.reliability.disproportion import (
    GammaMixture,
    ShrunkenRatios,
    bernoulli_scan,
    fit_gamma_mixture,
    poisson_scan,
    shrunken_ratios,
)
from pipelines.reliability.doubts import (
    Doubt,
    FitDoubtError,
    FlatLikelihoodError,
    NoConvergenceError,
    NoFailuresError,
    ObservationError,
    OneFailureError,
    ReliabilityError,
)
from pipelines.reliability.emergence import (
    Counts,
    Evidence,
    born_periods,
    evidence_of,
)
from pipelines.reliability.expected_counts import (
    ExpectedCounts,
    WeeklyCounts,
    expected_counts,
)
from pipelines.reliability.explanation import claims_needed, explained_by, power, visible_ratio
from pipelines.reliability.false_discovery import (
    OnlineTests,
    alpha_investing,
    e_findings,
    findings,
    lord,
    saffron,
)
from pipelines.reliability.forecast import (
    CostForecast,
    Forecast,
    added,
    claims_per_unit,
    conditional_failures,
    cost_quantile,
    forecast_claims,
    forecast_cost,
    nevada_expected,
    no_cost_probability,
    overdispersion,
    prediction_limits,
)
from pipelines.reliability.group_comparison import LogRank, log_rank
from pipelines.reliability.location_scale import (
    LOGLOGISTIC,
    LOGNORMAL,
    WEIBULL,
    Family,
    LocationScaleFit,
    fit_location_scale,
)
from pipelines.reliability.lognormal import (
    LognormalFit,
    fit_loglogistic,
    fit_lognormal,
    lognormal_cumulative,
)
from pipelines.reliability.misfit import misfit_probability
from pipelines.reliability.observations import (
    Observations,
    combined,
    current_status,
    exact,
    failures_and_censored,
    grouped,
    interval_censored,
    nevada_chart,
    observed,
    right_censored,
)
from pipelines.reliability.poisson_monitoring import (
    MaxsprtPerformance,
    cusum_run_length,
    maxsprt_critical_value,
    maxsprt_performance,
    maxsprt_statistic,
    poisson_cusum,
)
from pipelines.reliability.product_limit import SurvivalCurve, kaplan_meier
from pipelines.reliability.rates import (
    AnnualisedRate,
    RateComparison,
    annualised_rate,
    compare_rates,
    poisson_limits,
)
from pipelines.reliability.recurrence import (
    MeanCumulative,
    PowerLaw,
    fit_power_law,
    mean_cumulative,
    power_law_through,
)
from pipelines.reliability.replacement_age import ReplacementAge, best_replacement_age
from pipelines.reliability.reporting_lags import (
    CorrectedCounts,
    ReportingDelay,
    delay_corrected,
    reported_share,
    reported_share_limits,
    reporting_delay,
)
from pipelines.reliability.shared_profile import SharedProfile, shared_profile
from pipelines.reliability.shrinkage import FullBayesRates, ShrunkenRates, full_bayes_rates, shrink_rates
from pipelines.reliability.stratified import (
    GroupCount,
    group_count,
)
from pipelines.reliability.surprises import (
    Ratios,
    count_ratios,
    overdispersion_of,
)
from pipelines.reliability.weibull import (
    Band,
    WeibullFit,
    batch_cumulative,
    cumulative_band,
    weibull_cumulative,
    weibull_cumulative_hazard,
    weibull_hazard,
    weibull_of_row,
    weibull_quantile,
)
from pipelines.reliability.weibull_fit import fit_weibull

__all__ = [
    "LOGLOGISTIC",
    "LOGNORMAL",
    "WEIBULL",
    "AlertBudget",
    "AnnualisedRate",
    "Band",
    "ChainLadder",
    "CorrectedCounts",
    "CostForecast",
    "CountBound",
    "Counts",
    "CumulativeIncidence",
    "DefectiveFit",
    "Doubt",
    "Evidence",
    "ExpectedCounts",
    "Family",
    "FitDoubtError",
    "FlatLikelihoodError",
    "Forecast",
    "FullBayesRates",
    "GammaMixture",
    "GroupCount",
    "LocationScaleFit",
    "LogRank",
    "LognormalFit",
    "MaxsprtPerformance",
    "MeanCumulative",
    "NoConvergenceError",
    "NoFailuresError",
    "ObservationError",
    "Observations",
    "OneFailureError",
    "OnlineTests",
    "PowerLaw",
    "RateComparison",
    "Ratios",
    "ReliabilityError",
    "ReplacementAge",
    "ReportingDelay",
    "SharedProfile",
    "ShrunkenRates",
    "ShrunkenRatios",
    "SurvivalCurve",
    "WeeklyCounts",
    "WeibullBatch",
    "WeibullFit",
    "aalen_johansen",
    "added",
    "alpha_investing",
    "annualised_rate",
    "batch_cumulative",
    "bernoulli_scan",
    "best_replacement_age",
    "born_periods",
    "chain_ladder",
    "claims_needed",
    "claims_per_unit",
    "combined",
    "compare_rates",
    "conditional_failures",
    "cost_quantile",
    "count_ratios",
    "cumulative_band",
    "current_status",
    "cusum_run_length",
    "delay_corrected",
    "e_findings",
    "evidence_of",
    "exact",
    "expected_counts",
    "explained_by",
    "failures_and_censored",
    "farrington_bound",
    "findings",
    "fit_causes",
    "fit_defective_subpopulation",
    "fit_gamma_mixture",
    "fit_location_scale",
    "fit_loglogistic",
    "fit_lognormal",
    "fit_power_law",
    "fit_weibull",
    "fit_weibull_groups",
    "fit_weibull_life_tables",
    "forecast_claims",
    "forecast_cost",
    "full_bayes_rates",
    "group_count",
    "grouped",
    "interval_censored",
    "kaplan_meier",
    "log_rank",
    "lognormal_cumulative",
    "lord",
    "maxsprt_critical_value",
    "maxsprt_performance",
    "maxsprt_statistic",
    "mean_cumulative",
    "misfit_probability",
    "nevada_chart",
    "nevada_expected",
    "no_cost_probability",
    "observed",
    "of_cause",
    "overdispersion",
    "overdispersion_of",
    "poisson_cusum",
    "poisson_limits",
    "poisson_scan",
    "power",
    "power_law_through",
    "prediction_limits",
    "reported_share",
    "reported_share_limits",
    "reporting_delay",
    "right_censored",
    "saffron",
    "shared_profile",
    "shrink_rates",
    "shrunken_ratios",
    "split_budget",
    "visible_ratio",
    "weibull_cumulative",
    "weibull_cumulative_hazard",
    "weibull_hazard",
    "weibull_of_row",
    "weibull_quantile",
]
