"""When machines fail, and of what: the planted hazard and the draws from it.

Three independent processes live in every unit: defects; everything else that customers take for a fault
(misuse, wear, no fault, transit damage); and what a bad lot adds. Each is a mixture of four onsets. The
cumulative probability by use-age t is need × Σ weight_k · G_k(t) / G_k(24), so `cum_24m_repair_need` is met
at 24 months exactly.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pipelines.months import DAYS_PER_MONTH
from pipelines.simulation.calendar import UseClock
from pipelines.simulation.catalogue import Catalogue
from pipelines.simulation.parameters import Array, Columns, Parameters

ONSETS = ("dead_on_arrival", "infant", "random", "wear_out", "bad_lot", "repeat", "none")
OTHER_CAUSES = ("misuse", "no_fault", "wear", "transit")
CAUSES = ("defect", *OTHER_CAUSES, "none")
REFERENCE_MONTHS = 24.0
LATEST_MONTHS = 33.0
"""Use-age until which faults are drawn: past the guarantee, so that refusals for lateness occur."""


@dataclass(frozen=True)
class Mixture:
    """Onset weights and shapes; `other[class, onset × cause]` are the joint weights of the second process."""

    weights: Array
    shapes: Array
    scales: Array
    other: Array
    other_share: Array
    """Per class: how much of the need is not a defect."""

    def grown(self, onset: int, months: Array) -> Array:
        """G_k: share of the onset's own life by that age."""
        if onset == 0:
            return np.clip(months * DAYS_PER_MONTH / self.scales[0], 0, 1)
        return -np.expm1(-((np.maximum(months, 0) / self.scales[onset]) ** self.shapes[onset]))

    def age(self, onset: Array, share: Array) -> Array:
        """The age at which G_k reaches share × G_k(latest)."""
        out = np.empty(len(onset))
        for k in range(4):
            mine = onset == k
            goal = share[mine] * self.grown(k, np.array(LATEST_MONTHS))
            if k == 0:
                out[mine] = goal * self.scales[0] / DAYS_PER_MONTH
            else:
                out[mine] = self.scales[k] * (-np.log1p(-goal)) ** (1 / self.shapes[k])
        return out

    def reach(self) -> Array:
        """G_k(latest) / G_k(24) of every onset."""
        ends = [self.grown(k, np.array([LATEST_MONTHS, REFERENCE_MONTHS])) for k in range(4)]
        return np.array([end[0] / end[1] for end in ends])

    def cumulative(self, months: Array) -> Array:
        """Σ weight_k · G_k(t) / G_k(24): the defect process per unit of need."""
        parts = [
            self.weights[k] * self.grown(k, months) / self.grown(k, np.array(REFERENCE_MONTHS))
            for k in range(4)
        ]
        return np.sum(parts, axis=0)

    def other_cumulative(self, months: Array, product_class: int) -> Array:
        """The same for the second process of one class."""
        by_onset = self.other[product_class].reshape(4, -1).sum(axis=1)
        parts = [
            by_onset[k] * self.grown(k, months) / self.grown(k, np.array(REFERENCE_MONTHS)) for k in range(4)
        ]
        return np.sum(parts, axis=0)


def mixture_for(parameters: Parameters, catalogue: Catalogue) -> Mixture:
    """The onset mixture of one run."""
    rows = np.array([parameters.numbers("onset_mixture", onset) for onset in ONSETS[:4]])
    multipliers = np.array([parameters.numbers("onset_multiplier", cause) for cause in OTHER_CAUSES])
    shares = np.empty((len(catalogue.class_misuse_share), len(OTHER_CAUSES)))
    shares[:, 0] = catalogue.class_misuse_share
    for column, cause in enumerate(OTHER_CAUSES[1:], start=1):
        shares[:, column] = parameters.number(f"{cause}_share")
    joint = rows[:, 0][None, :, None] * multipliers.T[None, :, :] * shares[:, None, :]
    return Mixture(
        weights=rows[:, 0],
        shapes=rows[:, 1],
        scales=rows[:, 2],
        other=joint.reshape(len(shares), -1),
        other_share=joint.sum(axis=(1, 2)),
    )


def drawn_events(
    mixture: Mixture,
    catalogue: Catalogue,
    clock: UseClock,
    rng: np.random.Generator,
    units: Columns,
) -> Columns:
    """First events of both processes for units with columns sku, delivered, need.

    Result: unit (index into `units`), appeared, cause, onset, fault (code index).
    """
    size = len(units["sku"])
    sku, need = units["sku"], units["need"]
    product_class = catalogue.product_class[sku]
    reach = mixture.reach()

    edges = np.cumsum(mixture.weights * reach)
    draw = rng.random(size) / (need * (1 - mixture.other_share[product_class]))
    hit = np.flatnonzero(draw < edges[-1])
    onset = np.minimum(np.searchsorted(edges, draw[hit], side="right"), 3)
    cause = np.zeros(len(hit), dtype=np.int64)

    other_edges = np.cumsum(mixture.other * np.repeat(reach, len(OTHER_CAUSES)), axis=1)
    draw = rng.random(size) / need
    other_hit = np.flatnonzero(draw < other_edges[product_class, -1])
    cell = (other_edges[product_class[other_hit]] < draw[other_hit][:, None]).sum(axis=1)
    cell = np.minimum(cell, other_edges.shape[1] - 1)
    unit = np.concatenate([hit, other_hit])
    onset = np.concatenate([onset, cell // len(OTHER_CAUSES)])
    cause = np.concatenate([cause, 1 + cell % len(OTHER_CAUSES)])
    return {
        "unit": unit,
        "appeared": appearance(mixture, clock, rng, units, catalogue, unit, onset),
        "cause": cause,
        "onset": onset,
        "fault": fault_of(catalogue, rng, product_class[unit], cause),
    }


def appearance(
    mixture: Mixture,
    clock: UseClock,
    rng: np.random.Generator,
    units: Columns,
    catalogue: Catalogue,
    unit: Array,
    onset: Array,
) -> Array:
    """Day on which a fault with this onset appears: arrival faults in calendar time, others in use-time."""
    age = mixture.age(onset, rng.random(len(unit)))
    delivered = units["delivered"][unit]
    lived = clock.reached(catalogue.use_season[units["sku"][unit]], delivered, age * DAYS_PER_MONTH)
    return np.where(onset == 0, delivered + age * DAYS_PER_MONTH, lived)


def fault_of(catalogue: Catalogue, rng: np.random.Generator, product_class: Array, cause: Array) -> Array:
    """A fault code (index) of the cause that the class can have."""
    table, draw = catalogue.faults, rng.random(len(cause))
    fault = np.zeros(len(cause), dtype=np.int64)
    for number, kind in enumerate(CAUSES[:5]):
        mine = cause == number
        edges = table.kinds[kind][product_class[mine]]
        # A hair below 1, so that rounding in the cumulated shares never yields a code with no share.
        fault[mine] = (edges <= draw[mine][:, None] * (1 - 1e-9)).sum(axis=1)
    return fault


def expected_cumulative(
    mixture: Mixture, clock: UseClock, season: int, delivered: Array, months: Array
) -> Array:
    """Defect process per unit of need by calendar age, for machines new at `delivered`: [delivery, age]."""
    start = np.repeat(delivered, len(months))
    stop = start + np.tile(months * DAYS_PER_MONTH, len(delivered))
    use = clock.used(np.full(len(start), season), start, stop) / DAYS_PER_MONTH
    parts = []
    for k in range(4):
        age = (stop - start) / DAYS_PER_MONTH if k == 0 else use
        parts.append(
            mixture.weights[k] * mixture.grown(k, age) / mixture.grown(k, np.array(REFERENCE_MONTHS))
        )
    return np.sum(parts, axis=0).reshape(len(delivered), len(months))
