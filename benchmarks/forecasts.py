"""Forecasts against what came and against simple rivals: `python -m benchmarks.forecasts --seeds 901-940`.

Each seed is a simulated retailer; claims are counted from its truth as the models count them from the feeds.
At month ends of its last year claims and cost of each month are foretold from what was known, for all,
families and skus, and scored where they came: CRPS of the count, pinball loss of the cost at nineteen
quantiles, share of 90 % intervals that held (randomised: a whole number has no advantage). Rivals: the
same month of last year; the Nevada chart's rates by months after delivery; the chain ladder. Each as Poisson
and as a negative binomial whose dispersion its own forecast of the year before shows; the best counts.

Belongs here: rivals and scores. Does not belong here: the forecast.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import duckdb
import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.stats import nbinom

from benchmarks.homes import END
from pipelines.home import Home
from pipelines.lifetimes import minimum_events
from pipelines.lifetimes.fleets import Origin
from pipelines.lifetimes.forecasting import Part, parts_on
from pipelines.lifetimes.reading import AGE_MONTHS, Counts, DayTables, LifeTables
from pipelines.reliability import cost_quantile, no_cost_probability
from pipelines.simulation import simulate

Floats = NDArray[np.float64]
BACK = (12, 9, 6, 3)
LEVELS = ("all", "family", "sku")
RIVALS = ("last year", "Nevada", "chain ladder")
QUANTILES = np.arange(0.05, 0.951, 0.05)
YEAR = 12
MONTH = "(extract(year from {0}) * 12 + extract(month from {0}) - 1)::bigint"


def counts_of(home: Home) -> Counts:
    """A simulated retailer's counts, as pipelines.lifetimes reads them of a build, from feeds and truth."""
    inbox, truth = home.inbox, home.truth
    with duckdb.connect() as con:
        con.execute(
            f"""
            create table tickets as
            select ticket_id, requested_at::date as requested_on, closed_at::date as closed_on
            from read_csv('{inbox}/tickets/*.csv', all_varchar = true, union_by_name = true)
            qualify row_number() over (partition by ticket_id order by updated_at desc) = 1;
            create table lines as
            select sku, delivered_at::date as delivered_on, try_cast(quantity as bigint) as units
            from read_csv('{inbox}/orders/*.csv', all_varchar = true, union_by_name = true)
            where cancelled_at is null and delivered_at is not null and try_cast(quantity as bigint) > 0
            qualify row_number() over (partition by order_id, line_number order by updated_at desc) = 1;
            create table claims as
            select
                sku, delivered_on, greatest(requested_on, delivered_on) as requested_on, closed_on,
                least(24, floor(greatest(requested_on - delivered_on, 0) / 30.4375) + 1)::bigint as age,
                case resolution when 'repaired' then true_repair_cost_eur
                    when 'replaced' then true_replacement_cost_eur
                    when 'remote_resolved' then 0 else 0.25 * true_repair_cost_eur end::double as cost
            from read_parquet('{truth}/tickets.parquet') join tickets using (ticket_id)
            where true_cause not in ('none', 'return') and true_repair_cost_eur is not null
                and requested_on <= delivered_on + interval 24 month;
            """
        )
        delivery, claim = MONTH.format("delivered_on"), MONTH.format("requested_on")
        fleet = con.sql(
            f"""
            select sku, {delivery} as delivery, {delivery} + 24 as end, false as is_completed,
                false as is_watched, sum(units)::bigint as units
            from lines group by all order by all
            """
        ).pl()
        claims = con.sql(
            f"""
            select sku, {delivery} as delivery, {claim} as claim, age as request_age_month, count(*) as claims
            from claims group by all order by all
            """
        ).pl()
        costs = con.sql(
            f"""
            select sku, {MONTH.format("closed_on")} as closed, count(*) as claims, sum(cost) as cost,
                sum(cost * cost) as squared, count(*) filter (cost = 0) as costless
            from claims where closed_on is not null group by all order by all
            """
        ).pl()
        spent = con.sql(
            f"select sku, {delivery} as delivery, {claim} as claim, sum(cost) as cost from claims"
            " group by all order by all"
        ).pl()
        families = con.sql(
            f"select sku, family_code from read_parquet('{truth}/skus.parquet') "
            "where sku in (select sku from lines) order by sku"
        ).pl()
    nothing = np.zeros((0, AGE_MONTHS), np.int64)
    return Counts(
        LifeTables(pl.DataFrame(), nothing, nothing, nothing),
        DayTables(pl.DataFrame(), pl.DataFrame()),
        fleet.with_columns(pl.col("end") * 1),
        claims,
        costs,
        families,
        spent,
    )


@dataclass(frozen=True)
class Cube:
    """units (scopes, deliveries), claims and cost (scopes, deliveries, months); months from the first."""

    first: int
    units: Floats
    claims: Floats
    cost: Floats


def cube_of(counts: Counts, level: str, scopes: list[str]) -> Cube:
    """Counts by scope, month of delivery and month of claim."""
    family = dict(counts.families.iter_rows())
    place = {name: number for number, name in enumerate(scopes)}

    def numbered(frame: pl.DataFrame) -> NDArray[np.intp]:
        of = {"all": lambda _: "all", "family": family.__getitem__, "sku": str}[level]
        return np.array([place[of(sku)] for sku in frame["sku"]], np.intp)

    first = int(counts.fleet["delivery"].to_numpy().min())
    months = END.year * YEAR + END.month - first
    units = np.zeros((len(scopes), months))
    claims, cost = np.zeros((2, len(scopes), months, months))
    f, c, s = counts.fleet, counts.claims, counts.claims_at_ages
    np.add.at(units, (numbered(f), f["delivery"].to_numpy() - first), f["units"].to_numpy())
    for frame, out, column in ((c, claims, "claims"), (s, cost, "cost")):
        at = (numbered(frame), frame["delivery"].to_numpy() - first, frame["claim"].to_numpy() - first)
        np.add.at(out, at, frame[column].to_numpy())
    return Cube(first, units, claims, cost)


def by_age(cube: Cube, now: int) -> tuple[Floats, NDArray[np.bool_]]:
    """Claims (scopes, deliveries, months after delivery) known when month `now` ends, and which are known."""
    months = cube.units.shape[1]
    shifted, known = np.zeros_like(cube.claims), np.zeros((months, months), bool)
    for d in range(now + 1):
        span = now - d + 1
        shifted[:, d, :span] = cube.claims[:, d, d : now + 1]
        known[d, :span] = True
    return shifted, known


def rival_means(cube: Cube, now: int, ahead: int) -> dict[str, Floats]:
    """What each rival expects of each month ahead, (scopes, ahead), from what month `now`'s end knew."""
    shifted, known = by_age(cube, now)
    months = cube.units.shape[1]
    last_year = np.zeros((len(cube.units), ahead))
    for h in range(1, ahead + 1):
        if now + h - YEAR >= 0:
            last_year[:, h - 1] = cube.claims[:, : max(now - YEAR + 1, 0), now + h - YEAR].sum(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        rate = np.nan_to_num(shifted.sum(axis=1) / (cube.units @ known))
        total = shifted.cumsum(axis=2)
        grown = np.stack([total[:, known[:, k + 1], k + 1].sum(axis=1) for k in range(months - 1)], axis=1)
        base = np.stack([total[:, known[:, k + 1], k].sum(axis=1) for k in range(months - 1)], axis=1)
        factor = np.where(base > 0, grown / base, 1.0)
    nevada, ladder = np.zeros_like(last_year), np.zeros_like(last_year)
    for d in range(now + 1):
        reached = total[:, d, now - d]
        for h in range(1, ahead + 1):
            k = now + h - d
            if k <= AGE_MONTHS:
                nevada[:, h - 1] += cube.units[:, d] * rate[:, k]
                ladder[:, h - 1] += reached * (factor[:, k - 1] - 1)
                reached = reached * factor[:, k - 1]
    return dict(zip(RIVALS, (last_year, nevada, ladder), strict=True))


def came(cube: Cube, now: int, ahead: int, what: str = "claims") -> Floats:
    """What came of the units delivered by then: (scopes, ahead)."""
    values = getattr(cube, what)
    return values[:, : now + 1, now + 1 : now + 1 + ahead].sum(axis=1)


def count_distribution(mean: Floats, variance: Floats) -> Any:
    """The count with this mean and variance: negative binomial, as good as Poisson where they are one."""
    m = np.maximum(mean, 1e-9)
    extra = np.maximum(variance - m, 1e-6 * m)
    return nbinom(m * m / extra, m / (m + extra))


def crps(mean: Floats, variance: Floats, actual: Floats) -> Floats:
    """sum_k (F(k) - 1{actual <= k})^2 of each count (Gneiting & Raftery 2007, eq. 20, for whole numbers)."""
    m, v, y = mean.ravel(), np.maximum(variance, mean).ravel(), actual.ravel()
    top = int(np.max(np.maximum(m + 12 * np.sqrt(v), y)) + 12) if len(m) else 0
    k = np.arange(top + 1)
    share = count_distribution(m[:, None], v[:, None]).cdf(k)
    return ((share - (y[:, None] <= k)) ** 2).sum(axis=1).reshape(mean.shape)


def pinball(mean: Floats, variance: Floats, nothing: Floats, actual: Floats) -> Floats:
    """Twice the mean quantile loss of a cost, by QUANTILES: an approximation of its CRPS."""
    q = np.stack([cost_quantile(mean, variance, nothing, share) for share in QUANTILES], axis=-1)
    gap = actual[..., None] - q
    return 2 * np.where(gap > 0, QUANTILES * gap, (QUANTILES - 1) * gap).mean(axis=-1)


def no_cost(part: Part, ahead: int) -> Floats:
    """The probability that a month costs nothing."""
    claims = part.claims.expected[:, :ahead], part.claims.variance[:, :ahead]
    return no_cost_probability(*claims, part.costs.costless_share[:, None])


def place_of_cost(
    mean: Floats, variance: Floats, nothing: Floats, actual: Floats, rng: np.random.Generator
) -> Floats:
    """Randomised probability integral transform of costs: found by bisection among their quantiles."""
    low, high = np.zeros_like(mean), np.ones_like(mean)
    for _ in range(20):
        middle = (low + high) / 2
        is_above = cost_quantile(mean, variance, nothing, middle) <= actual
        low, high = np.where(is_above, middle, low), np.where(is_above, high, middle)
    return np.where(actual <= 0, rng.random(actual.shape) * nothing, low)


def place_of(mean: Floats, variance: Floats, actual: Floats, rng: np.random.Generator) -> Floats:
    """Randomised probability integral transform of counts (Czado, Gneiting & Held 2009, eq. 1)."""
    law = count_distribution(mean, np.maximum(variance, mean))
    below = law.cdf(actual - 1)
    return below + rng.random(actual.shape) * (law.cdf(actual) - below)


@dataclass(frozen=True)
class Scored:
    """One level of one home: scores by name, summed, and the places of what came."""

    claims: dict[str, float]
    cost: dict[str, float]
    places: Floats
    cost_places: Floats


def scored(home: Home, least: int, seed: int) -> Iterator[tuple[str, Scored]]:
    """The scores of one home by level and day."""
    counts = counts_of(home)
    rng = np.random.default_rng(seed)
    present = Origin(END)
    for back in BACK:
        origin = present.before(back)
        for part in parts_on(counts, origin, least, is_present=False, with_skus=True):
            cube = cube_of(counts, part.scope_type, part.scope_ids)
            now = origin.month - cube.first
            actual, cost = came(cube, now, back), came(cube, now, back, "cost")
            ours = part.claims.expected[:, :back], part.claims.variance[:, :back]
            scores = {"ours": crps(*ours, actual).sum()}
            spent = part.cost.expected[:, :back], part.cost.variance[:, :back]
            losses = {"ours": pinball(*spent, no_cost(part, back), cost).sum()}
            year_before = rival_means(cube, now - YEAR, YEAR)
            was = came(cube, now - YEAR, YEAR)
            mean_cost = part.costs.mean[:, None]
            for name, mean in rival_means(cube, now, back).items():
                e = year_before[name]
                spread = max(1.0, ((was - e) ** 2).sum() / max(e.sum(), 1e-9))
                for kind, variance in (("Poisson", mean), ("negative binomial", spread * mean)):
                    scores[f"{name}, {kind}"] = crps(mean, variance, actual).sum()
                    per_claim = spent[1] - mean_cost**2 * ours[1]
                    of_cost = mean_cost**2 * variance + per_claim * mean / np.maximum(ours[0], 1e-9)
                    free = no_cost_probability(mean, variance, part.costs.costless_share[:, None])
                    losses[f"{name}, {kind}"] = pinball(mean * mean_cost, of_cost, free, cost).sum()
            places = place_of_cost(*spent, no_cost(part, back), cost, rng)
            yield (
                part.scope_type,
                Scored(scores, losses, place_of(*ours, actual, rng).ravel(), places.ravel()),
            )


def seeds_of(text: str) -> list[int]:
    """901-903,910 as numbers."""
    parts = [part.split("-") for part in text.split(",")]
    return [seed for part in parts for seed in range(int(part[0]), int(part[-1]) + 1)]


def printed(level: str, found: list[Scored]) -> None:
    """The lines of one level."""
    for what in ("claims", "cost"):
        totals = {name: sum(getattr(one, what)[name] for one in found) for name in found[0].claims}
        rivals = {name: total for name, total in totals.items() if name != "ours"}
        best = min(rivals, key=rivals.__getitem__)
        places = np.concatenate([one.places if what == "claims" else one.cost_places for one in found])
        held = np.mean((places > 0.05) & (places < 0.95))
        tens = np.histogram(places, 10, (0, 1))[0] / len(places)
        click.echo(
            f"{level:8}{what:8}{len(places):>9,}{held:>9.1%}{np.mean(places < 0.05):>8.1%}"
            f"{np.mean(places > 0.95):>8.1%}{1 - totals['ours'] / rivals[best]:>9.1%}  {best}"
        )
        click.echo(f"{'':16}PIT by tenths: " + " ".join(f"{share:.1%}" for share in tens))
        click.echo(
            f"{'':16}" + ", ".join(f"{name} {1 - totals['ours'] / one:+.0%}" for name, one in rivals.items())
        )


@click.command()
@click.option("--seeds", default="901-903", show_default=True, help="Seeds: 901-940, or 5,7.")
@click.option("--lines", default=20_000, show_default=True, help="Order lines of each retailer.")
def main(seeds: str, lines: int) -> None:
    """Print the table."""
    least = minimum_events()
    found: dict[str, list[Scored]] = {level: [] for level in LEVELS}
    for seed in seeds_of(seeds):
        with tempfile.TemporaryDirectory(prefix="savoir-forecasts-") as folder:
            home = Home.at(Path(folder)).make()
            simulate(home, lines, seed, END, None, lambda _: None)
            for level, one in scored(home, least, seed):
                found[level].append(one)
    click.echo(f"{len(seeds_of(seeds))} retailers of {lines:,} order lines, seeds {seeds}")
    click.echo(
        f"{'level':8}{'of':8}{'n':>9}{'held':>9}{'below':>8}{'above':>8}{'better':>9}  than the best rival"
    )
    for level in LEVELS:
        printed(level, found[level])


if __name__ == "__main__":
    main()
