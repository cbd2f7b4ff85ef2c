"""What a week's count was expected to be, from the weeks before it: age, mix of products, season, reporting.

Belongs here: rates by age, levels of products, seasons, and how sure the product of them is. Does not: which
counts are compared, verdicts about many of them (`surprises`). Everything is a mean of a Gamma distribution
with the events behind it as its shape, so that a count's prediction is negative binomial: few past events
make a wide one, and a Poisson count is its limit.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from pipelines.reliability.observations import Floats

CYCLE = 52
"""Weeks of a season; 1.25 days short of a year, a week off after five years."""
LEVEL_WEEKS = 104
SEASON_WEEKS = 156
KERNEL = np.array([1.0, 2.0, 3.0, 2.0, 1.0]) / 3
"""Weights of the neighbouring weeks; the week itself counts whole."""
EFFECTIVE = KERNEL.sum() / (KERNEL**2).sum()
"""Events in the weighted sum count as this many times as many in its variance."""
LEFT_OVER = 1 - 2 / KERNEL.sum() + (KERNEL**2).sum() / KERNEL.sum() ** 2
"""Variance of a Poisson count around the weighted mean that it is part of, over its own."""
RATE_PRIOR = 5.0
LEVEL_PRIOR = 1.0
LEAST_SPREAD = 1e-4
ROUNDS = 4

Indices = NDArray[np.int64]


@dataclass(frozen=True)
class WeeklyCounts:
    """Counts of one range of products over consecutive weeks.

    sku, age, week, units: machines watched, a row for what there is and none for the rest; ages: how many.
    sku_claims (skus, weeks); family_of (skus,): 0 … families - 1.
    events (cells, ages, weeks): what is predicted; the first `families` cells are the families' claims, the
    others (a measure or a fault of a family) name theirs in cell_family (cells,) and what they are in
    cell_kind (cells,). reported (cells, weeks): the share of events known by now; reported_error its standard
    error. season_phase: the first week's place in the cycle.
    """

    sku: Indices
    age: Indices
    week: Indices
    units: Floats
    ages: int
    sku_claims: Floats
    family_of: Indices
    events: Floats
    cell_family: Indices
    cell_kind: Indices
    reported: Floats
    reported_error: Floats
    season_phase: int

    def window(self, first: int, stop: int) -> WeeklyCounts:
        """The weeks first … stop - 1 alone, counted from the first."""
        rows = (self.week >= first) & (self.week < stop)
        return replace(
            self,
            sku=self.sku[rows],
            age=self.age[rows],
            week=self.week[rows] - first,
            units=self.units[rows],
            sku_claims=self.sku_claims[:, first:stop],
            events=self.events[:, :, first:stop],
            reported=self.reported[:, first:stop],
            reported_error=self.reported_error[:, first:stop],
            season_phase=self.season_phase + first,
        )

    def by_family(self, levels: Floats) -> Floats:
        """Machines, each counted by its product's level: (families, ages, weeks)."""
        weeks, families = self.sku_claims.shape[1], int(self.family_of.max()) + 1
        place = (self.family_of[self.sku] * self.ages + self.age) * weeks + self.week
        sums = np.bincount(place, self.units * levels[self.sku], families * self.ages * weeks)
        return sums.astype(float).reshape(families, self.ages, weeks)


@dataclass(frozen=True)
class ExpectedCounts:
    """Mean and shape of the Gamma distribution of each count's expectation; arrays (cells, weeks)."""

    mean: Floats
    shape: Floats


@dataclass(frozen=True)
class Season:
    """Factors (cells, CYCLE) by place in the cycle, and the shapes of their Gamma distributions."""

    factor: Floats
    shape: Floats


def expected_counts(counts: WeeklyCounts, start: int, stop: int) -> ExpectedCounts:
    """The weeks start … stop - 1 from the weeks before start.

    rate(product, age, week) = hazard(family, age) × level(product) × season(all) × season(family). Hazards
    are those of the last LEVEL_WEEKS, drawn towards all families' shape over age by RATE_PRIOR events; levels
    of products are shrunk by the spread between them (method of moments). A cell beside its family's claims
    is a share of them by age, with a season of its own. Fitted in turn, ROUNDS times: each step is the
    conditional maximum of a Poisson likelihood with its prior.
    """
    first = max(0, start - SEASON_WEEKS)
    counts, start, stop = counts.window(first, stop), start - first, stop - first
    level, known = slice(max(0, start - LEVEL_WEEKS), start), slice(0, start)
    families = int(counts.family_of.max()) + 1
    claims, reported = counts.events[:families], counts.reported[:families]
    place = (counts.season_phase + np.arange(stop)) % CYCLE

    season = Season(np.ones((families, CYCLE)), np.full((families, CYCLE), np.inf))
    weighted = counts.by_family(np.ones(len(counts.family_of)))
    teaching = (counts.week >= level.start) & (counts.week < start)
    sku, age, week = (x[teaching] for x in (counts.sku, counts.age, counts.week))
    units, family = counts.units[teaching], counts.family_of[sku]
    hazard = np.empty(0)
    for _ in range(ROUNDS):
        at = season.factor[:, place] * reported
        hazard = _hazards(claims[:, :, level].sum(2), (weighted * at[:, None])[:, :, level].sum(2))
        of_sku = np.bincount(sku, units * hazard[family, age] * at[family, week], len(counts.family_of))
        levels = _levels(counts.sku_claims[:, level].sum(1), of_sku.astype(float))
        weighted = counts.by_family(levels)
        base = np.einsum("fat,fa->ft", weighted, hazard) * reported
        seen = claims.sum(1)
        common = season_of(seen[:, known].sum(0)[None], base[:, known].sum(0)[None], place[known])
        own = season_of(seen[:, known], (base * common.factor[:, place])[:, known], place[known])
        season = Season(own.factor * common.factor, own.shape)

    share, own_events = _shares(
        counts,
        counts.events[:, :, level].sum(2),
        (weighted * hazard[:, :, None])[counts.cell_family][:, :, level],
        season.factor[:, place][:, level],
        level,
        families,
    )
    expected = np.einsum("cat,ca->ct", (weighted * hazard[:, :, None])[counts.cell_family], share)
    expected *= season.factor[:, place][counts.cell_family] * counts.reported
    seen = counts.events.sum(1)
    shape = season.shape[:, place][counts.cell_family]
    for kind in np.unique(counts.cell_kind):
        mine = np.flatnonzero((counts.cell_kind == kind) & (np.arange(len(counts.cell_kind)) >= families))
        if len(mine):
            own = season_of(seen[mine][:, known], expected[mine][:, known], place[known])
            expected[mine] *= own.factor[:, place]
            shape[mine] = own.shape[:, place]
    with np.errstate(divide="ignore", invalid="ignore"):
        doubt = 1 / shape + 1 / own_events[:, None]
        doubt += np.where(counts.reported > 0, (counts.reported_error / counts.reported) ** 2, 0.0)
    return ExpectedCounts(expected[:, start:stop], 1 / doubt[:, start:stop])


def season_of(seen: Floats, expected: Floats, place: Indices) -> Season:
    """How a cycle's weeks differ from what is expected without it; arrays (cells, weeks), place (weeks,).

    Each week of the cycle is drawn towards its neighbours (KERNEL), these towards 1, each by as much as the
    cells' weeks (blocks of four) are spread beyond chance. The shape is the events behind the factor.
    """
    by_place = np.zeros((len(place), CYCLE))
    by_place[np.arange(len(place)), place] = 1.0
    events, base = seen @ by_place, expected @ by_place
    blocks = (np.arange(CYCLE) // 4)[:, None] == np.arange(CYCLE // 4)
    calm = 1 / _spread(events @ blocks, base @ blocks, 1.0)
    near_events, near_base = _neighbours(events), _neighbours(base)
    near = (near_events + calm) / (near_base + calm)
    jump = _spread(events, base * near, LEFT_OVER)
    prior = 1 / (jump + 1 / (calm + EFFECTIVE * near_events))
    return Season((events + prior) / (base + prior / near), events + prior)


def _neighbours(sums: Floats) -> Floats:
    return sum(
        (weight * np.roll(sums, shift, axis=1) for shift, weight in zip(range(-2, 3), KERNEL, strict=True)),
        np.zeros_like(sums),
    )


def _spread(events: Floats, expected: Floats, chance: float) -> float:
    """Squared coefficient of variation of the cells' ratios beyond `chance` times Poisson: one number."""
    squared = float((expected**2).sum())
    if squared == 0:
        return 1.0
    beyond = float(((events - expected) ** 2 - chance * expected).sum()) / squared
    return float(np.clip(beyond, LEAST_SPREAD, 4.0))


def _hazards(events: Floats, exposure: Floats) -> Floats:
    """(families, ages): events over exposure, drawn towards the ages' common shape."""
    common = events.sum(0) / np.maximum(exposure.sum(0), 1e-300)
    expected = np.maximum((exposure * common).sum(1), 1e-300)
    level = (events.sum(1) + LEVEL_PRIOR) / (expected + LEVEL_PRIOR)
    prior = np.maximum(common * level[:, None], 1e-12)
    return (events + RATE_PRIOR) / (exposure + RATE_PRIOR / prior)


def _levels(events: Floats, expected: Floats) -> Floats:
    """(skus,): a product over its family, shrunk by the spread between products."""
    prior = 1 / _spread(events, expected, 1.0)
    return (events + prior) / (expected + prior)


def _shares(
    counts: WeeklyCounts, events: Floats, base: Floats, season: Floats, level: slice, families: int
) -> tuple[Floats, Floats]:
    """(cells, ages) shares of the family's claims, and the events (cells,) behind each cell's level."""
    exposure = np.einsum("cat,ct->ca", base, season[counts.cell_family] * counts.reported[:, level])
    total = exposure.sum(1)
    kinds = counts.cell_kind
    pooled = np.bincount(kinds, events.sum(1)) / np.maximum(np.bincount(kinds, total), 1e-300)
    prior = np.maximum(pooled[kinds], 1e-9)
    share = (events.sum(1) + LEVEL_PRIOR) / (total + LEVEL_PRIOR / prior)
    by_age = (events + RATE_PRIOR * share[:, None]) / (exposure + RATE_PRIOR)
    by_age[:families] = 1.0
    return by_age, events.sum(1) + LEVEL_PRIOR
