"""How long Weibull fits of life tables take, against lifelines and surpyval on the same data.

    python -m benchmarks.reliability [--skus 20000] [--samples 20]

20,000 SKUs, 24 months of age each, interval-censored, fitted in one batched call with limits; then a sample
of the same tables, as weighted rows, through lifelines' WeibullFitter and surpyval's Weibull. Prints
processor time per fit, ratio, and the largest differences; then how the time grows with units (it must not)
and with distinct ages.
"""

from __future__ import annotations

import os
import time
import warnings
from collections.abc import Callable

import click
import numpy as np

from pipelines.errors import SavoirError
from pipelines.reliability import (
    Doubt,
    Observations,
    combined,
    fit_weibull_life_tables,
    interval_censored,
    right_censored,
)

MONTHS = 24
Fitted = tuple[float, float, float]  # shape, scale, log-likelihood


def life_tables(skus: int, units: tuple[int, int], seed: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Events and censored units by month: shapes 0.7-2.5, 3-25 % failing, deliveries over 24 months."""
    rng = np.random.default_rng(seed)
    shape, share = rng.uniform(0.7, 2.5, (skus, 1)), rng.uniform(0.03, 0.25, (skus, 1))
    scale = MONTHS / (-np.log1p(-share)) ** (1 / shape)
    hazard = np.diff((np.arange(MONTHS + 1.0) / scale) ** shape, axis=1)
    at_risk = rng.integers(*units, skus)
    events, censored = np.zeros((skus, MONTHS)), np.zeros((skus, MONTHS))
    for month in range(MONTHS):
        failed = rng.binomial(at_risk, -np.expm1(-hazard[:, month]))
        left = rng.binomial(at_risk - failed, 1 / (MONTHS - month))
        events[:, month], censored[:, month] = failed, left
        at_risk = at_risk - failed - left
    return events, censored


def best_seconds(run: Callable[[], object], repeats: int) -> float:
    """Shortest processor time of several runs: other work on the machine does not count."""
    times = []
    for _ in range(repeats):
        begun = time.process_time()
        run()
        times.append(time.process_time() - begun)
    return min(times)


def by_lifelines(events: np.ndarray, censored: np.ndarray) -> Fitted:
    from lifelines import WeibullFitter

    rows = weighted_rows(events, censored)
    fit = WeibullFitter().fit_interval_censoring(rows.left, rows.right, weights=rows.weight)
    return float(fit.rho_), float(fit.lambda_), float(fit.log_likelihood_)


def by_surpyval(events: np.ndarray, censored: np.ndarray) -> Fitted:
    from surpyval import Weibull

    rows = weighted_rows(events, censored)
    fit = Weibull.fit(xl=rows.left, xr=rows.right, n=rows.weight.astype(int))
    return float(fit.params[1]), float(fit.params[0]), -float(fit.neg_ll())


def weighted_rows(events: np.ndarray, censored: np.ndarray) -> Observations:
    """One life table as intervals and right-censored ages with weights."""
    ends = np.arange(1.0, MONTHS + 1)
    return combined(interval_censored(ends - 1, ends, events), right_censored(ends, censored))


def compare(events: np.ndarray, censored: np.ndarray, samples: int) -> float:
    """Print time per fit and how far the others end from ours; return the largest difference to lifelines."""
    skus = len(events)
    ours = fit_weibull_life_tables(events, censored)
    profile = best_seconds(lambda: fit_weibull_life_tables(events, censored), 5) / skus
    wald = best_seconds(lambda: fit_weibull_life_tables(events, censored, limits="wald"), 5) / skus
    click.echo(f"{'':32}{'per fit':>12}{'times ours':>12}{'parameters':>12}{'loglik':>10}")
    click.echo(f"{'one call, likelihood limits':32}{profile * 1e6:>9.1f} us{1:>12}{'-':>12}{'-':>10}")
    click.echo(f"{'one call, normal limits':32}{wald * 1e6:>9.1f} us{wald / profile:>12.2f}")
    sample = np.flatnonzero(ours.doubt == Doubt.NONE)[:samples]
    mine = np.column_stack([ours.shape, ours.scale])[sample]
    largest = []
    for name, fit in (("lifelines WeibullFitter", by_lifelines), ("surpyval Weibull", by_surpyval)):
        fit(events[sample[0]], censored[sample[0]])  # imports and first-call costs are not a fit's
        seconds, found = [], []
        for i in sample:
            begun = time.process_time()
            found.append(fit(events[i], censored[i]))
            seconds.append(time.process_time() - begun)
        theirs = np.array(found)
        largest.append(float(np.abs(theirs[:, :2] / mine - 1).max()))
        below = float((ours.log_likelihood[sample] - theirs[:, 2]).max())
        each = min(seconds)
        click.echo(
            f"{name:32}{each * 1e3:>9.1f} ms{each / profile:>12,.0f}{largest[-1]:>12.1e}{-below:>10.1e}"
        )
    click.echo("parameters: largest relative difference; loglik: furthest below our maximum")
    told = np.bincount(ours.doubt, minlength=len(Doubt))
    click.echo(", ".join(f"{d.name.lower().replace('_', ' ')}: {told[d]:,}" for d in Doubt if told[d]) + "\n")
    return largest[0]


def growth() -> None:
    """Print how time per fit moves with units per SKU (ages stay) and with distinct ages."""
    for units in (100, 1_000, 10_000, 1_000_000):
        e, c = life_tables(2000, (units, units + 1), seed=2)
        each = best_seconds(lambda e=e, c=c: fit_weibull_life_tables(e, c), 3) / 2000
        click.echo(f"{units:>9,} units, 24 ages       {each * 1e6:>9.1f} us")
    rng, (e, c) = np.random.default_rng(3), life_tables(2000, (2000, 2001), seed=2)
    for ages in (30, 120, 480):
        rows = 2000 * ages
        leavers = (np.repeat(np.arange(2000), ages), rng.uniform(0.1, 24, rows), np.full(rows, 5.0))
        each = best_seconds(lambda at=leavers: fit_weibull_life_tables(e, c, exact_censoring=at), 2) / 2000
        click.echo(f"{2000:>9,} units, 24 + {ages:>3} ages {each * 1e6:>9.1f} us   (censored at exact ages)")


@click.command()
@click.option("--skus", default=20_000, show_default=True)
@click.option("--samples", default=20, show_default=True, help="Life tables that the other libraries fit.")
def main(skus: int, samples: int) -> None:
    """Time 20,000 batched fits against lifelines and surpyval; fail where estimates differ by 1e-5."""
    warnings.simplefilter("ignore")
    events, censored = life_tables(skus, (200, 3000))
    click.echo(
        f"{skus:,} SKUs x {MONTHS} months, {(events.sum() + censored.sum()):,.0f} units, "
        f"{events.sum():,.0f} failures, {os.cpu_count()} cores\n"
    )
    difference = compare(events, censored, samples)
    growth()
    if difference > 1e-5:
        raise SavoirError(
            f"Estimates differ from lifelines' by {difference:.1e}, above 1e-5: one of them is wrong."
        )


if __name__ == "__main__":
    main()
