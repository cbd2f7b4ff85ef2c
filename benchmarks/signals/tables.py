"""The proofs (a), (b) and (c) as tables, a line as soon as it is known."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from benchmarks.signals.histories import OWN_SPREAD, Bad, World
from benchmarks.signals.rivals import RIVALS, rivals_found, tuned_limits
from benchmarks.signals.watch import BOUND, SETTINGS, Found, false_alerts, found_of

TOGETHER = 20  # histories drawn at once
RATIOS = (1.5, 2.0, 3.0, 5.0)
# Spread of products, of lots, sales a month and product, theta0, bound over realised.
NULLS = (
    (0.0, 0.0, 60.0, 1.0, 1.0),
    (0.0, 0.0, 60.0, 1.0, BOUND),
    (OWN_SPREAD, 0.1, 20.0, SETTINGS.ordinary_ratio, BOUND),
    (OWN_SPREAD, 0.1, 60.0, SETTINGS.ordinary_ratio, BOUND),
    (OWN_SPREAD, 0.1, 600.0, SETTINGS.ordinary_ratio, BOUND),
    (OWN_SPREAD, 0.15, 300.0, SETTINGS.ordinary_ratio, BOUND),
    (0.5, 0.1, 300.0, SETTINGS.ordinary_ratio, BOUND),
)


def rows_of_nulls(seed: int, histories: int) -> Iterator[str]:
    """Proof (a): realised false alerts a year, with twice the standard error."""
    yield "| spread of products, lots | sales a month | θ₀ | bound | histories | false alerts | over limits |"
    yield "|---|---|---|---|---|---|---|"
    rounds = -(-histories // (TOGETHER * len(NULLS)))
    for row, (spread, lot_spread, sales, theta, bound) in enumerate(NULLS):
        rng = np.random.default_rng([seed, row])
        world = World(spread=spread, lot_spread=lot_spread, sales=sales)
        assumed = min(spread, OWN_SPREAD)
        pairs = [
            false_alerts(rng, world, TOGETHER, spread=assumed, theta0=theta, bound=bound)
            for _ in range(rounds)
        ]
        over, causes = (np.concatenate(each) for each in zip(*pairs, strict=True))
        years = world.months / 12
        error = causes.std() / years / np.sqrt(len(causes))
        yield (
            f"| {spread:.2f}, {lot_spread:.2f} | {sales:g} | {theta:g} | {bound:g} | {len(causes):,} | "
            f"{causes.mean() / years:.3f} ± {2 * error:.3f} | {over.mean() / years:.2f} |"
        )


def rows_of_bad_lots(
    seed: int, histories: int, tuning: int, theta0: float, sizes: tuple[int, ...]
) -> Iterator[str]:
    """Proofs (b) and (c): every ratio and size, ours and the four rules.

    weeks, claims: medians of the lots found. half by: the week by which half of all lots were found. ours
    over best: the worst, over every tenth of the lots that a rule finds at all, of the weeks that ours took
    to find as many over those of the rule, both at months' ends.
    """
    yield "| units | ratio | rule | found | weeks | claims | half by | right node | ours over best |"
    yield "|---|---|---|---|---|---|---|---|---|"
    rounds = max(tuning // TOGETHER, 1)
    for size in sizes:
        world = World(sales=size / 3, weeks_per_month=4)
        months = replace(world, weeks_per_month=1)
        rng = np.random.default_rng([seed, size])
        null = sum(
            false_alerts(rng, world, TOGETHER, spread=OWN_SPREAD, theta0=theta0)[1].sum()
            for _ in range(rounds)
        )
        realised = max(null, 1) / (rounds * TOGETHER * world.months / 12)
        limits = tuned_limits(np.random.default_rng([seed, size, 1]), months, tuning, realised)
        for ratio in RATIOS:
            bad = Bad(product=3, lot=4, ratio=ratio, units=size)
            rngs = [np.random.default_rng([seed, size, 2, part]) for part in (0, 1)]
            times = range(max(histories // TOGETHER, 1))
            ours = Found.of([found_of(rngs[0], world, bad, TOGETHER, theta0) for _ in times])
            parts = [rivals_found(rngs[1], months, bad, TOGETHER, limits) for _ in times]
            theirs = [Found.of(list(each)) for each in zip(*parts, strict=True)]
            for name, found in zip(("ours", *RIVALS), (ours, *theirs), strict=True):
                half = np.quantile(found.weeks, 0.5, method="inverted_cdf")
                cells = [_middle(found.weeks[np.isfinite(found.weeks)]), _middle(found.claims)]
                cells.append(f"{half:.0f}" if np.isfinite(half) else "–")
                own = (_share(found.named), f"{worst_lag(ours, theirs):.2f}")
                cells += own if name == "ours" else ("", "")
                yield f"| {size} | {ratio:g} | {name} | {found.share:.0%} | {' | '.join(cells)} |"
        yield f"| {size} | | false alarms a year, all rules | {realised:.3f} | | | | | |"


def _middle(values: np.ndarray) -> str:
    return f"{np.median(values):.0f}" if len(values) else "–"


def _share(values: np.ndarray) -> str:
    return f"{values.mean():.0%}" if len(values) else "–"


def worst_lag(ours: Found, theirs: list[Found]) -> float:
    """Over every tenth of the lots that a rule finds: the most by which ours is later; not a number for none.

    Of each a month's end counts: a rule looks only then.
    """
    month = 52 / 12
    own = np.sort(np.ceil(ours.weeks / month - 1e-9) * month)
    lags = []
    for rival in theirs:
        other = np.sort(rival.weeks)
        places = np.ceil(np.arange(1, 11) / 10 * len(other)).astype(int) - 1
        reached = places[np.isfinite(other[places])]
        lags += list(own[reached] / other[reached])
    return max(lags, default=np.nan)
