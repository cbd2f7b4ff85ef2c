"""Bad lots: which units belong to one, and the faults that it adds to theirs."""

from __future__ import annotations

import numpy as np

from pipelines.simulation.catalogue import Catalogue, bad_lot_skus
from pipelines.simulation.failures import ONSETS, Mixture, appearance
from pipelines.simulation.parameters import Array, BadLot, Columns
from pipelines.simulation.scene import Scene, joined


def bad_lot_events(scene: Scene, rng: np.random.Generator, lines: Columns, units: Columns) -> Columns:
    """What bad lots add: (multiplier − 1) times the fault's own hazard, as a process of its own."""
    parts: list[Columns] = []
    catalogue, mixture = scene.world.catalogue, scene.mixture
    for number, lot in enumerate(scene.bad_lots):
        mine = np.flatnonzero(is_in_bad_lot(catalogue, lot, lines)[units["line"]])
        fault = catalogue.faults.codes.index(lot.fault_code)
        product_class = catalogue.product_class[units["sku"][mine]]
        extra = (lot.hazard_multiplier - 1) * bad_lot_fault_need(catalogue, mixture, fault, product_class)
        draw = rng.random(len(mine)) / np.maximum(extra * units["need"][mine], 1e-12)
        edges = np.cumsum(mixture.weights * mixture.reach())
        hit = draw < edges[-1]
        onset = np.minimum(np.searchsorted(edges, draw[hit], side="right"), 3)
        unit = mine[hit]
        parts.append(
            {
                "unit": unit,
                "appeared": appearance(mixture, scene.clock, rng, units, catalogue, unit, onset),
                "cause": np.zeros(len(unit), dtype=np.int64),
                "onset": np.full(len(unit), ONSETS.index("bad_lot")),
                "fault": np.full(len(unit), fault),
                "bad_lot": np.full(len(unit), number),
            }
        )
    return (
        joined(parts)
        if parts
        else {"unit": np.zeros(0, dtype=np.int64), "bad_lot": np.zeros(0, dtype=np.int64)}
    )


def bad_lot_fault_need(catalogue: Catalogue, mixture: Mixture, fault: int, product_class: Array) -> Array:
    """Share of a unit's need that this one defect code has."""
    edges = catalogue.faults.kinds["defect"][product_class]
    share = edges[:, fault] - np.where(fault > 0, edges[:, fault - 1], 0.0)
    return share * (1 - mixture.other_share[product_class])


def is_in_bad_lot(catalogue: Catalogue, lot: BadLot, lines: Columns) -> Array:
    """Which order lines a bad lot delivered."""
    low, high = (float(np.datetime64(day, "D").astype(np.int64)) for day in (lot.from_on, lot.to_on))
    inside = (lines["contract"] >= low) & (lines["contract"] < high + 1)
    return inside & np.isin(lines["sku"], bad_lot_skus(catalogue, lot))
