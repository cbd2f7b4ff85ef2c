"""Why a fit cannot be trusted: one error class per kind of doubt, and the code a batch writes in its place.

Belongs here: the kinds of doubt, and the sentence with numbered remedies that each one says.
Does not: deciding when a doubt holds (the fits do), nor how a page words "too few to say".
"""

from __future__ import annotations

from enum import IntEnum

from pipelines.errors import SavoirError


class Doubt(IntEnum):
    """One row's verdict in a batched fit: NONE, or the doubt for which a single fit raises its error."""

    NONE = 0
    NO_FAILURES = 1
    ONE_FAILURE = 2
    NO_CONVERGENCE = 3
    FLAT_LIKELIHOOD = 4


class ReliabilityError(SavoirError):
    """What the numerics refuse: arrays that cannot be observations, or a fit that cannot be trusted."""


class ObservationError(ReliabilityError):
    """Arrays that do not describe lifetimes: an age below zero, an interval that ends before it starts, …"""


class FitDoubtError(ReliabilityError):
    """A fit that cannot be trusted; `doubt` names the kind."""

    doubt: Doubt = Doubt.NONE


class NoFailuresError(FitDoubtError):
    """No failure was observed: the likelihood has no maximum, the shape is unknowable."""

    doubt = Doubt.NO_FAILURES

    def __init__(self, units: float) -> None:
        super().__init__(
            f"No failure among {units:g} units: a lifetime distribution cannot be fitted.\n"
            "1. Report an upper limit instead: annualised_rate(0, exposure) needs the exposure alone.\n"
            "2. Pool with products of the same family, or shrink toward them (shrink_rates).\n"
            "3. Wait until units are older, or check that failures reached this cause or scope at all."
        )


class OneFailureError(FitDoubtError):
    """One failure carries one number; a shape and a scale are two."""

    doubt = Doubt.ONE_FAILURE

    def __init__(self, events: float, units: float) -> None:
        super().__init__(
            f"{events:g} failure(s) among {units:g} units: one failure cannot tell shape from scale.\n"
            "1. Report the rate with exact limits: annualised_rate(failures, exposure).\n"
            "2. Pool with products of the same family, or shrink toward them (shrink_rates).\n"
            "3. Where the shape is known from like products, scale their fit to this exposure."
        )


class NoConvergenceError(FitDoubtError):
    """The search for the maximum did not settle."""

    doubt = Doubt.NO_CONVERGENCE

    def __init__(self, events: float, units: float, steps: int) -> None:
        super().__init__(
            f"The likelihood of {events:g} failures among {units:g} units had not settled at step {steps}.\n"
            "1. Look at the Kaplan-Meier curve: a plateau or a kink means another model "
            "(fit_defective_subpopulation, competing causes).\n"
            "2. Look for ages in mixed units, or weights that are not counts.\n"
            "3. Fit by interval instead of exact age where ages are rounded."
        )


class FlatLikelihoodError(FitDoubtError):
    """The likelihood keeps rising toward a boundary: data of this form cannot fix the parameters."""

    doubt = Doubt.FLAT_LIKELIHOOD

    def __init__(self, events: float, units: float) -> None:
        super().__init__(
            f"The likelihood of {events:g} failures among {units:g} units is flat: it fixes no shape between "
            "1/1000 and 1000.\n"
            "1. All failures at one age, or in one interval, fix no shape: use finer ages.\n"
            "2. All failures in the first interval read as shape 0: split that interval, or count failures "
            "on arrival as a cause of their own.\n"
            "3. Pool with products of the same family."
        )


def error_of(doubt: Doubt, events: float, units: float, steps: int) -> FitDoubtError:
    """The error that a single fit raises for a doubt."""
    if doubt is Doubt.NO_FAILURES:
        return NoFailuresError(units)
    if doubt is Doubt.ONE_FAILURE:
        return OneFailureError(events, units)
    if doubt is Doubt.FLAT_LIKELIHOOD:
        return FlatLikelihoodError(events, units)
    return NoConvergenceError(events, units, steps)
