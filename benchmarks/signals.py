"""False alerts, finding and delay of the evidence for emerging defects, against what many shops use.

    python -m benchmarks.signals [--histories 20000] [--bad 40] [--seed 1] [--only a|b|d]

A history is one family: products of unequal sales, seasonal surge, growth, lots of three months, hazards by
age and season, faults, claims that become known after a delay that drifts. (a) histories without any bad
lot, with no spread between products and lots, and with the simulator's own: realised false alerts a year
against the declared number. (b) a bad lot of some size and ratio, a fifth of its fault coded wrong: share
found, delay, share named rightly. (c) four usual rules on the same histories, each tuned on other seeds to
the false alerts that ours realises. (d) seconds and memory of the watch over a range that sells ten million
order lines a year. Everything is drawn here; nothing of the evidence is shared.
"""

from __future__ import annotations

import calendar
import datetime as dt
import resource
import time
from dataclasses import dataclass, replace

import click
import numpy as np
import polars as pl

from pipelines.reliability import Counts, evidence_of, explained_by, split_budget
from pipelines.signals import signal_rows
from pipelines.signals.reading import Lots
from pipelines.signals.settings import Settings

BANDS = np.array([0, 1, 2, 3, 3, 3] + [4] * 6 + [5] * 12)
WARRANTY, BAND_COUNT = 24, 6
LEVELS, LEVEL_SHARES = ("product", "lot", "delivery month"), (0.1, 0.6, 0.3)
SETTINGS = Settings.of_project()
DECLARED, BOUND = SETTINGS.declared_false_alerts, SETTINGS.bound_over_realised
OWN_SPREAD = float(np.hypot(0.25, 0.15))  # the simulator's: products and suppliers


@dataclass(frozen=True)
class World:
    """How histories are drawn: sales are units a month of a middling product."""

    products: int = 8
    months: int = 30
    lot_months: int = 3
    sales: float = 60.0
    faults: int = 4
    spread: float = OWN_SPREAD
    lot_spread: float = 0.1
    hazard: float = 0.006
    weeks_per_month: int = 1  # looks a month: 1 for speed, 4 to measure delays

    @property
    def lots(self) -> int:
        """Lots of each product."""
        return -(-self.months // self.lot_months)


@dataclass(frozen=True)
class Bad:
    """A planted lot: its hazard's ratio, the excess in fault 1, of which `miscoded` is coded otherwise."""

    product: int
    lot: int
    ratio: float
    units: int
    miscoded: float = 0.2


@dataclass(frozen=True)
class Drawn:
    """Cells (history, product, delivery month, month) with units and claims by fault and period known."""

    history: np.ndarray
    product: np.ndarray
    delivered: np.ndarray
    month: np.ndarray
    units: np.ndarray
    event_cell: np.ndarray
    event_fault: np.ndarray
    event_period: np.ndarray


def drawn(rng: np.random.Generator, world: World, histories: int, bad: Bad | None = None) -> Drawn:
    """Histories side by side."""
    w, month = world, np.arange(world.months)
    season = 1 + 0.7 * np.sin(2 * np.pi * (month - 3) / 12)
    popularity = (np.arange(w.products) + 1.0) ** -0.5
    mean = w.sales * (popularity / popularity.mean())[:, None] * season * 1.02**month
    sold = rng.poisson(np.broadcast_to(mean, (histories, *mean.shape)))
    lot_of = month // w.lot_months
    if bad is not None:
        there = np.flatnonzero(lot_of == bad.lot)
        sold[:, bad.product, there] = rng.multinomial(
            bad.units, np.full(len(there), 1 / len(there)), histories
        )
    need = np.exp(rng.normal(0, w.spread, (histories, w.products)))
    common = rng.normal(0, w.lot_spread, (histories, w.lots))  # lots of one quarter share a part
    own = rng.normal(0, w.lot_spread, (histories, w.products, w.lots))
    lot_need = np.exp((common[:, None, :] + own) / np.sqrt(2))
    faults = rng.dirichlet(np.full(w.faults, 3.0), histories)
    h, p, d, m = np.meshgrid(np.arange(histories), np.arange(w.products), month, month, indexing="ij")
    keep = (m >= d) & (m - d < WARRANTY) & (sold[h, p, d] > 0)
    h, p, d, m = h[keep], p[keep], d[keep], m[keep]
    age = m - d
    base = w.hazard * (1 + 2.0 * (age == 0) + 0.3 * (age > 12)) * (1 + 0.8 * np.sin(2 * np.pi * (m - 4) / 12))
    units = sold[h, p, d].astype(float)
    load = units * base * need[h, p] * lot_need[h, p, lot_of[d]]
    claims = rng.poisson(load[:, None] * faults[h])
    if bad is not None:
        hit = (p == bad.product) & (lot_of[d] == bad.lot)
        extra = rng.poisson(load[hit] * (bad.ratio - 1))
        wrong = rng.binomial(extra, bad.miscoded)
        claims[hit, 0] += extra - wrong
        claims[np.flatnonzero(hit), rng.integers(1, w.faults, hit.sum())] += wrong
    cell, fault = np.nonzero(claims)
    number = claims[cell, fault]
    cell, fault = np.repeat(cell, number), np.repeat(fault, number)
    k = w.weeks_per_month
    slow = 0.7 - 0.3 * m[cell] / w.months  # the delay drifts
    requested = m[cell] * k + rng.integers(0, k, len(cell))
    known = requested + np.floor((rng.geometric(slow) - rng.random(len(cell))) * k).astype(int)
    seen = known < w.months * k
    return Drawn(h, p, d, m, units, cell[seen], fault[seen], known[seen])


@dataclass(frozen=True)
class Watched:
    """The tree of each history: numbers of its nodes, and everything as the evidence takes it."""

    counts: Counts
    reference: np.ndarray
    level: np.ndarray
    history: np.ndarray
    nodes_each: int


def watched(world: World, d: Drawn, histories: int) -> Watched:
    """Nodes: product, product × lot, product × delivery month; each refers to its product."""
    w = world
    lot = d.delivered // w.lot_months
    stratum, where = np.unique(
        (d.history * w.months + d.month) * BAND_COUNT + BANDS[d.month - d.delivered], return_inverse=True
    )
    each = w.products * (1 + w.lots + w.months)
    start = d.history * each
    nodes = [
        start + d.product,
        start + w.products + d.product * w.lots + lot,
        start + w.products * (1 + w.lots) + d.product * w.months + d.delivered,
    ]
    one = np.arange(w.products)
    reference = np.concatenate([one, np.repeat(one, w.lots), np.repeat(one, w.months)])
    level = np.repeat([0, 1, 2], [w.products, w.products * w.lots, w.products * w.months])
    begin = np.repeat(np.arange(histories), each)
    cells = np.arange(len(d.units))
    known = np.concatenate([d.event_period, d.event_period])
    counts = Counts(
        stratum=where,
        units=d.units,
        pair_node=np.concatenate(nodes),
        pair_cell=np.tile(cells, 3),
        event_cell=np.concatenate([d.event_cell, d.event_cell]),
        event_fault=np.concatenate([d.event_fault + 1, np.zeros(len(d.event_fault), np.intp)]),
        event_period=known,
        event_count=np.ones(len(known)),
        stratum_period=stratum // BAND_COUNT % w.months * w.weeks_per_month,
    )
    return Watched(
        counts, np.tile(reference, histories) + begin * each, np.tile(level, histories), begin, each
    )


@dataclass(frozen=True)
class Fired:
    """First period of each node × fault over its limit (-1: never), and the evidence behind."""

    period: np.ndarray
    log_limit: np.ndarray
    offset: np.ndarray
    observed: np.ndarray


def fired(
    world: World, tree: Watched, histories: int, *, spread: float, theta0: float, bound: float = BOUND
) -> Fired:
    """The evidence of all nodes against limits from the declared number of false alerts."""
    nodes, faults, k = len(tree.level), world.faults + 1, world.weeks_per_month
    evidence = evidence_of(
        tree.counts,
        tree.reference,
        nodes=nodes,
        faults=faults,
        periods=world.months * k,
        spread=spread,
        theta0=theta0,
        own_lag=6 * k,
        life=36 * k,
    )
    alpha = np.zeros(nodes)
    for one in range(histories):
        rows = tree.history == one
        born, level = evidence.born_period[rows], tree.level[rows]
        split = split_budget(
            born, level, LEVEL_SHARES, declared=DECLARED, periods_per_year=12 * k, bound_over_realised=bound
        )
        alpha[rows] = split.alpha
    by_fault = np.concatenate([[0.5], np.full(world.faults, 0.5 / world.faults)])
    with np.errstate(divide="ignore"):
        log_limit = -np.log(alpha[:, None] * by_fault)
    over = evidence.log_evidence >= log_limit
    period = np.where(over.any(axis=0), over.argmax(axis=0), -1)
    return Fired(period, log_limit, evidence.offset[-1] * theta0, evidence.observed)


def false_alerts(
    rng: np.random.Generator, world: World, histories: int, **settings: float
) -> tuple[np.ndarray, np.ndarray]:
    """Of each of some null histories: nodes × faults that ever fired, and alerts, one per cause."""
    tree = watched(world, drawn(rng, world, histories), histories)
    found = fired(world, tree, histories, **settings)
    over = np.bincount(tree.history, (found.period >= 0).sum(axis=1), histories)
    units = np.bincount(tree.counts.pair_node, tree.counts.units[tree.counts.pair_cell], len(tree.level))
    node, fault = np.nonzero(found.period >= 0)
    causes = np.zeros(histories)
    if len(node):
        at = found.log_limit[node, fault], found.offset[node, fault]
        cause = explained_by(tree.counts, node, fault, *at, size=units[node])
        np.add.at(causes, tree.history[node[cause == np.arange(len(node))]], 1)
    return over, causes


@dataclass(frozen=True)
class Found:
    """Of some histories with a bad lot: share found, medians of delay, share of the right node named."""

    share: float
    weeks: float
    claims: float
    named: float


def found_of(rng: np.random.Generator, world: World, bad: Bad, histories: int, theta0: float) -> Found:
    """How the evidence finds a planted lot: by its own node, or a delivery month of it."""
    w, k = world, world.weeks_per_month
    d = drawn(rng, world, histories, bad)
    tree = watched(world, d, histories)
    shown = fired(world, tree, histories, spread=OWN_SPREAD, theta0=theta0)
    each, begins = tree.nodes_each, bad.lot * w.lot_months
    lot_node = w.products + bad.product * w.lots + bad.lot
    first_month = w.products * (1 + w.lots) + bad.product * w.months + begins
    telling = [lot_node, *range(first_month, first_month + w.lot_months), bad.product]
    when, claims, named = [], [], []
    units = np.bincount(tree.counts.pair_node, tree.counts.units[tree.counts.pair_cell], len(tree.level))
    for one in range(histories):
        rows = one * each + np.array(telling)
        hits = shown.period[rows]
        hits = hits[hits >= begins * k]  # what fired before the lot was there has not found it
        if len(hits) == 0:
            continue
        period = int(hits.min())
        when.append((period + 1 - begins * k) * 52 / 12 / k)
        claims.append(shown.observed[period, one * each + lot_node, 0])
        alerts = np.argwhere(shown.period[one * each : (one + 1) * each] >= 0)
        node, fault = alerts[:, 0] + one * each, alerts[:, 1]
        at = shown.log_limit[node, fault], shown.offset[node, fault]
        cause = explained_by(tree.counts, node, fault, *at, size=units[node])
        named.append(bool(((node == one * each + lot_node) & (cause == np.arange(len(node)))).any()))
    return Found(len(when) / histories, *(float(np.median(v)) if v else np.nan for v in (when, claims)),
                 float(np.mean(named)) if named else np.nan)  # fmt: skip


RIVALS = ("faults / units sold", "month over month +50 %", "3 sigma on counts", "chi-square on Nevada")


def rival_statistics(world: World, d: Drawn, histories: int) -> tuple[np.ndarray, np.ndarray]:
    """What each usual rule looks at, (rules, histories, products, lots, months), and the lots' claims.

    An alarm is a statistic at or above its limit. Each is given the same claims at the same month ends.
    """
    w, k = world, world.weeks_per_month
    lot = d.delivered // w.lot_months
    shape = (histories, w.products, w.lots, w.months)
    claims = np.zeros(shape)
    c = d.event_cell
    np.add.at(claims, (d.history[c], d.product[c], lot[c], d.event_period // k), 1)
    sold = np.zeros(shape)
    new = d.month == d.delivered
    np.add.at(sold, (d.history[new], d.product[new], lot[new], d.month[new]), d.units[new])
    sold, total = np.cumsum(sold, axis=-1), np.cumsum(claims, axis=-1)
    share = np.where(sold >= 30, total / np.maximum(sold, 1), 0.0)
    before = np.concatenate([np.zeros((*shape[:-1], 1)), claims[..., :-1]], axis=-1)
    rise = np.where(claims >= 1.5 * before, claims, 0.0)
    age = np.cumsum(sold > 0, axis=-1)
    past = np.cumsum(before, axis=-1) / np.maximum(age - 1, 1)
    sigma = np.where(age > 3, (claims - past) / np.sqrt(np.maximum(past, 0.5)), 0.0)
    # Nevada: each lot's cells of age against the family's share failed at that age so far.
    by_age, at_risk = np.zeros((*shape, WARRANTY)), np.zeros((*shape, WARRANTY))
    ages = d.month - d.delivered
    np.add.at(at_risk, (d.history, d.product, lot, d.month, ages), d.units)
    np.add.at(by_age, (d.history[c], d.product[c], lot[c], d.event_period // k, ages[c]), 1)
    seen, met = np.cumsum(by_age, axis=3), np.cumsum(at_risk, axis=3)
    rate = seen.sum(axis=(1, 2), keepdims=True) / np.maximum(met.sum(axis=(1, 2), keepdims=True), 1)
    due = met * rate
    square = np.where(due > 0, (seen - due) ** 2 / np.maximum(due, 0.5), 0.0).sum(axis=-1)
    nevada = np.where(seen.sum(axis=-1) > due.sum(axis=-1), square, 0.0)
    return np.stack([share, rise, sigma, nevada]), total


def tuned_limits(rng: np.random.Generator, world: World, histories: int, false_a_year: float) -> np.ndarray:
    """The limit of each rule that gives this number of false alarms a year on other seeds."""
    top = []
    for _ in range(max(histories // 20, 1)):
        statistic, _ = rival_statistics(world, drawn(rng, world, 20), 20)
        top.append(statistic.max(axis=-1).reshape(len(RIVALS), -1))
    highest = np.sort(np.concatenate(top, axis=1), axis=1)[:, ::-1]
    allowed = false_a_year * world.months / 12 * max(histories // 20, 1) * 20
    return highest[:, min(int(allowed), highest.shape[1] - 1)] * (1 + 1e-9) + 1e-9


def rivals_found(
    rng: np.random.Generator, world: World, bad: Bad, histories: int, limits: np.ndarray
) -> list[Found]:
    """How each tuned rule finds the same kind of lot."""
    statistic, total = rival_statistics(world, drawn(rng, world, histories, bad), histories)
    out = []
    for rule, limit in enumerate(limits):
        over = statistic[rule, :, bad.product, bad.lot] >= limit
        hit = over.any(axis=1)
        month = over.argmax(axis=1)[hit]
        weeks = (month + 1 - bad.lot * world.lot_months) * 52 / 12
        claims = total[np.flatnonzero(hit), bad.product, bad.lot, month]
        middle = (float(np.median(v)) if hit.any() else np.nan for v in (weeks, claims))
        out.append(Found(float(hit.mean()), *middle, np.nan))
    return out


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


def rows_of_nulls(seed: int, histories: int) -> list[str]:
    """Proof (a): realised false alerts a year, with twice the standard error."""
    out = [
        "| spread of products, lots | sales a month | θ₀ | bound | histories | false alerts | over a limit |",
        "|---|---|---|---|---|---|---|",
    ]
    rounds = -(-histories // (20 * len(NULLS)))
    for row, (spread, lot_spread, sales, theta, bound) in enumerate(NULLS):
        rng = np.random.default_rng([seed, row])
        world = World(spread=spread, lot_spread=lot_spread, sales=sales)
        assumed = min(spread, OWN_SPREAD)
        pairs = [
            false_alerts(rng, world, 20, spread=assumed, theta0=theta, bound=bound) for _ in range(rounds)
        ]
        over, causes = (np.concatenate(each) for each in zip(*pairs, strict=True))
        years = world.months / 12
        error = causes.std() / years / np.sqrt(len(causes))
        out.append(
            f"| {spread:.2f}, {lot_spread:.2f} | {sales:g} | {theta:g} | {bound:g} | {len(causes)} | "
            f"{causes.mean() / years:.2f} ± {2 * error:.2f} | {over.mean() / years:.2f} |"
        )
    return out


def rows_of_bad_lots(
    seed: int, histories: int, tuning: int, theta0: float, sizes: tuple[int, ...]
) -> list[str]:
    """Proofs (b) and (c): every ratio and size, ours and the four rules."""
    head = "| units | ratio | rule | found | weeks | claims | right node |"
    out = [head, "|---|---|---|---|---|---|---|"]
    for size in sizes:
        world = World(sales=size / 3, weeks_per_month=4)
        months = replace(world, weeks_per_month=1)
        rng = np.random.default_rng([seed, size])
        rounds = max(tuning // 20, 1)
        null = sum(
            false_alerts(rng, months, 20, spread=OWN_SPREAD, theta0=theta0)[1].sum() for _ in range(rounds)
        )
        realised = max(null / (rounds * 20 * world.months / 12), 1 / (rounds * 20 * world.months / 12))
        limits = tuned_limits(np.random.default_rng([seed, size, 1]), months, tuning, realised)
        for ratio in (1.5, 2.0, 3.0, 5.0):
            bad = Bad(product=3, lot=4, ratio=ratio, units=size)
            ours = found_of(np.random.default_rng([seed, size, 2]), world, bad, histories, theta0)
            theirs = rivals_found(np.random.default_rng([seed, size, 2]), months, bad, histories, limits)
            for name, f in zip(("ours", *RIVALS), (ours, *theirs), strict=True):
                out.append(
                    f"| {size} | {ratio:g} | {name} | {f.share:.0%} | {f.weeks:.0f} | {f.claims:.0f} | "
                    + (f"{f.named:.0%} |" if name == "ours" else "|")
                )
        out.append(f"| {size} | | false alarms a year, all rules | {realised:.3f} | | | |")
    return out


def large_range(seed: int, lines: int, months: int, skus: int = 2000, families: int = 40) -> Lots:
    """Counts by lot of a range that sells `lines` order lines a year, as the watch reads them."""
    rng, last = np.random.default_rng(seed), 2026 * 12 + 9
    faults = [f"D{n:02d}" for n in range(1, 13)]
    sales = rng.pareto(1.5, skus) + 0.2
    sales *= lines / 12 / sales.sum()
    sku, delivery = (each.ravel() for each in np.meshgrid(np.arange(skus), np.arange(months), indexing="ij"))
    units = rng.poisson(sales[sku] * (1 + 0.6 * np.sin(2 * np.pi * delivery / 12)))
    key = pl.DataFrame(
        {
            "family_code": [f"family {n % families}" for n in sku],
            "power_source": ["mains" if n % 3 else "battery" for n in sku],
            "supplier_id": [f"S{n % 150}" for n in sku],
            "sku": [f"SKU{n}" for n in sku],
            "lot_code": [f"L{d // 3}" for d in delivery],
            "delivery": delivery + last - months + 1,
        }
    )
    ends = np.minimum(key["delivery"].to_numpy() + WARRANTY, last)
    frame = key.with_columns(end=pl.Series(ends), units=pl.Series(units)).filter(pl.col("units") > 0)
    claims = []
    for age in range(min(months, WARRANTY)):
        month = key["delivery"].to_numpy() + age
        there = month <= last
        hits = rng.poisson(units[there, None] * 0.006 / len(faults), (int(there.sum()), len(faults)))
        row, fault = np.nonzero(hits)
        at = key[np.flatnonzero(there)[row]].with_columns(
            claim=pl.Series(month[there][row]),
            known=pl.Series(np.minimum(month[there][row] + rng.integers(0, 2, len(row)), last)),
            fault_code=pl.Series([faults[f] for f in fault]),
            claims=pl.Series(hits[row, fault]),
        )
        any_kind = at.with_columns(known=pl.col("claim"), fault_code=pl.lit(None, pl.String))
        claims += [at, any_kind.group_by(pl.exclude("claims")).agg(pl.col("claims").sum())]
    nothing = pl.DataFrame(
        schema={"service_center_id": pl.String, "family_code": pl.String, "diagnosed": pl.Int64,
                "fault_code": pl.String, "claims": pl.Int64}
    )  # fmt: skip
    costs = pl.DataFrame({"family_code": ["family 0"], "claims": [1], "cost": [50.0]})
    return Lots(frame, pl.concat(claims), costs, nothing, faults, faults, SETTINGS)


def rows_of_scale(seed: int) -> list[str]:
    """Proof (d): seconds and memory of the watch alone, of one year and of two."""
    out = [
        "| order lines a year | months | units | claims counted | nodes × faults | seconds | peak memory |",
        "|---|---|---|---|---|---|---|",
    ]
    for months in (12, 24):
        lots = large_range(seed, 10_000_000, months)
        begun = time.perf_counter()
        signals = signal_rows(lots, dt.date(2026, 10, calendar.monthrange(2026, 10)[1]))["signals"]
        seconds = time.perf_counter() - begun
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
        out.append(
            f"| 10,000,000 | {months} | {lots.units['units'].sum():,} | {lots.claims['claims'].sum():,} | "
            f"{len(signals):,} | {seconds:.0f} | {peak:.1f} GB |"
        )
    return out


@click.command()
@click.option("--histories", default=20_000, help="Null histories of proof (a), over its rows.")
@click.option("--bad", default=40, help="Histories with a bad lot for each size and ratio.")
@click.option("--tuning", default=200, help="Null histories for each size on which the rules are tuned.")
@click.option(
    "--sizes", default=(50, 200, 500, 5000), multiple=True, help="Units of a bad lot; repeat for several."
)
@click.option("--seed", default=1)
@click.option("--only", default="abd", help="Which proofs: some of a, b (with c), d.")
def main(histories: int, bad: int, tuning: int, sizes: tuple[int, ...], seed: int, only: str) -> None:
    """Print the proofs (a), (b) with (c), and (d) as tables."""
    today = dt.datetime.now(dt.UTC).date()
    options = (
        f"--histories {histories} --bad {bad} --tuning {tuning} --seed {seed} --only {only} --sizes {sizes}"
    )
    click.echo(f"{today}: python -m benchmarks.signals {options}")
    for name, title, rows in (
        ("a", "(a) histories without a bad lot", lambda: rows_of_nulls(seed, histories)),
        (
            "b",
            "(b), (c) a bad lot",
            lambda: rows_of_bad_lots(seed, bad, tuning, SETTINGS.ordinary_ratio, sizes),
        ),
        ("d", "(d) scale", lambda: rows_of_scale(seed)),
    ):
        if name in only:
            begun = time.perf_counter()
            click.echo(f"\n{title}\n")
            click.echo("\n".join(rows()))
            click.echo(f"\n{time.perf_counter() - begun:.0f} s")


if __name__ == "__main__":
    main()
