"""Runs a simulation block by block and writes it. The only module here that knows the home's folders."""

from __future__ import annotations

import datetime as dt
import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import polars as pl

from pipelines.errors import SavoirError
from pipelines.home import Home
from pipelines.simulation import sales_feeds, truth
from pipelines.simulation.blocks import block_of
from pipelines.simulation.calendar import use_clock
from pipelines.simulation.catalogue import CATALOGUE_BLOCK, Catalogue, bad_lot_skus, catalogue_for
from pipelines.simulation.centers import centers_for, places
from pipelines.simulation.claims import World
from pipelines.simulation.costs import rates
from pipelines.simulation.failures import LATEST_MONTHS, mixture_for
from pipelines.simulation.orders import BLOCK_LINES, market_for
from pipelines.simulation.parameters import (
    Array,
    BadLot,
    Parameters,
    ScenarioError,
    parameters_for,
    stream,
)
from pipelines.simulation.waves import Scene
from pipelines.simulation.writing import FEEDS, FeedFile, contract_columns, versions

TRUTH_FILES = (
    "tickets", "breaches", "breach_rates", "skus", "hazards", "bad_lots", "centres", "families", "texts",
    "versions", "parameters",
)  # fmt: skip


@dataclass(frozen=True)
class SimulationSummary:
    """What a simulation wrote."""

    rows: dict[str, int]
    """Rows per feed, every version counted."""
    files: tuple[Path, ...]
    truth_files: tuple[Path, ...]


def simulate(
    home: Home,
    lines: int,
    seed: int,
    end: dt.date,
    scenario: Path | None = None,
    progress: Callable[[str], None] = lambda message: None,
) -> SimulationSummary:
    """Write `lines` order lines with all that follows from them into the inbox, and the truth beside."""
    if lines < 1:
        raise SavoirError(f"--lines {lines}: ask for at least one order line.")
    if seed < 0:
        raise SavoirError(f"--seed {seed}: use 0 or a positive whole number.")
    scene = scene_for(lines, seed, end, scenario)
    columns = contract_columns()
    folder = home.truth
    if folder.exists():
        shutil.rmtree(folder)
    folder.mkdir(parents=True)
    label = f"{end:%Y%m%d}-{seed}-{lines}"
    first = {feed: FeedFile(home.inbox / feed, f"{label}-1", columns[feed]) for feed in FEEDS}
    later = {feed: FeedFile(home.inbox / feed, f"{label}-2-later", columns[feed]) for feed in FEEDS}
    truths = {name: truth.TruthFile(folder, name) for name in TRUTH_FILES}

    parameters, catalogue = scene.world.parameters, scene.world.catalogue
    first_day = float(scene.world.market.first_day)
    rng = stream(seed, CATALOGUE_BLOCK, 2)
    for feed, frame in (
        ("products", sales_feeds.products_frame(catalogue, first_day)),
        ("service_centers", sales_feeds.service_centers_frame(scene.centers, first_day)),
    ):
        now, after, _ = versions(parameters, rng, feed, frame)
        first[feed].append(now)
        later[feed].append(after)
    blocks = -(-lines // BLOCK_LINES)
    units_by_month: Array | None = None
    counts: dict[str, tuple[int, int]] = {}
    shares: list[pl.DataFrame] = []
    for number in range(blocks):
        block = block_of(scene, number)
        rng = stream(seed, number, 5)
        for feed, frame in block.feeds.items():
            now, after, marks = versions(parameters, rng, feed, frame)
            first[feed].append(now)
            later[feed].append(after)
            truths["versions"].append(_version_counts(feed, number, marks))
        for name, frame in block.truth.items():
            truths[name].append(frame)
        shares.append(truth.causes_of_families(block.truth["tickets"]))
        units_by_month = (
            block.units_by_month if units_by_month is None else units_by_month + block.units_by_month
        )
        for code, (eligible, hit) in block.breach_counts.items():
            before = counts.get(code, (0, 0))
            counts[code] = (before[0] + eligible, before[1] + hit)
        progress(f"simulated {min((number + 1) * BLOCK_LINES, lines):,} of {lines:,} order lines")
    for file in (*first.values(), *later.values()):
        file.close()
    assert units_by_month is not None
    _write_tables(scene, truths, units_by_month, counts)
    truths["families"].append(truth.families_truth(pl.concat(shares)))
    for file in truths.values():
        file.close()
    return SimulationSummary(
        rows={feed: first[feed].rows + later[feed].rows for feed in FEEDS},
        files=tuple(path for file in (*first.values(), *later.values()) for path in file.paths),
        truth_files=tuple(
            folder / f"{name}.parquet" for name in TRUTH_FILES if (folder / f"{name}.parquet").exists()
        ),
    )


def scene_for(lines: int, seed: int, end: dt.date, scenario: Path | None) -> Scene:
    """The world of one run."""
    parameters = parameters_for(end, scenario)
    where = places()
    horizon_day = int(np.datetime64(end, "D").astype(np.int64)) + 1
    window_days = int(parameters.number("window_months") * 31)
    clock = use_clock(parameters, horizon_day - window_days - 400, horizon_day + int(LATEST_MONTHS * 60))
    price_list = rates()
    catalogue = catalogue_for(parameters, lines, seed, clock.seasons, price_list.weight_bounds_kg())
    market = market_for(parameters, catalogue, where, lines, end)
    world = World(parameters, catalogue, market, np.array(catalogue.faults.codes, dtype=object))
    centers = centers_for(
        parameters, seed, where, catalogue.families, np.datetime64(market.first_day, "D").item()
    )
    return Scene(
        world=world,
        centers=centers,
        rates=price_list,
        mixture=mixture_for(parameters, catalogue),
        clock=clock,
        bad_lots=_checked_lots(parameters, catalogue),
        seed=seed,
        horizon=float(market.horizon),
    )


def _checked_lots(parameters: Parameters, catalogue: Catalogue) -> tuple[BadLot, ...]:
    lots = []
    for number, lot in enumerate(parameters.bad_lots):
        skus = bad_lot_skus(catalogue, lot)
        if not len(skus):
            raise ScenarioError(
                f"Bad lot {number + 1}: nothing is sold under {lot.sku or lot.family_code!r}. "
                f"Families: {', '.join(catalogue.families)}; skus: {catalogue.sku[0]} to {catalogue.sku[-1]}."
            )
        if lot.fault_code not in catalogue.faults.codes:
            raise ScenarioError(
                f"Bad lot {number + 1}: unknown fault code {lot.fault_code!r}. "
                f"Known: {', '.join(catalogue.faults.codes)}."
            )
        lots.append(replace(lot, lot_code=lot.lot_code or f"L{catalogue.sku[skus[0]][4:]}-{90 + number}"))
    return tuple(lots)


def _version_counts(feed: str, block: int, marks: dict[str, Array]) -> pl.DataFrame:
    return pl.DataFrame({"feed": [feed], "block": [block], **{k: [int(v.sum())] for k, v in marks.items()}})


def _write_tables(
    scene: Scene,
    truths: dict[str, truth.TruthFile],
    units_by_month: Array,
    counts: dict[str, tuple[int, int]],
) -> None:
    parameters, catalogue = scene.world.parameters, scene.world.catalogue
    truths["skus"].append(truth.skus_truth(catalogue, scene.mixture, units_by_month.sum(axis=1)))
    truths["hazards"].append(
        truth.hazards_truth(
            catalogue, scene.mixture, scene.clock, units_by_month, scene.world.market.first_day
        )
    )
    truths["bad_lots"].append(truth.bad_lots_truth(catalogue, scene.bad_lots))
    truths["centres"].append(truth.centers_truth(scene.centers))
    truths["parameters"].append(truth.parameters_truth(parameters))
    truths["breach_rates"].append(
        pl.DataFrame(
            {
                "violation_code": list(counts),
                "rate": [parameters.number("breach_rate", code) for code in counts],
                "eligible": [eligible for eligible, _ in counts.values()],
                "planted": [hit for _, hit in counts.values()],
            }
        )
    )
