"""Everything that the cases of a block depend on, and how parts of cases are put together."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pipelines.simulation.calendar import UseClock
from pipelines.simulation.centers import Centers
from pipelines.simulation.claims import World
from pipelines.simulation.costs import Rates
from pipelines.simulation.failures import Mixture
from pipelines.simulation.parameters import BadLot, Columns


@dataclass(frozen=True)
class Scene:
    """Everything that the cases of a block depend on."""

    world: World
    centers: Centers
    rates: Rates
    mixture: Mixture
    clock: UseClock
    bad_lots: tuple[BadLot, ...]
    seed: int
    horizon: float


def joined(parts: list[Columns]) -> Columns:
    """The parts one after the other; a column that a part lacks is unknown there."""
    names = list(dict.fromkeys(name for part in parts for name in part))
    out: Columns = {}
    for name in names:
        model = next(part[name] for part in parts if name in part)
        empty = np.nan if model.dtype.kind == "f" else False if model.dtype.kind == "b" else -1
        out[name] = np.concatenate(
            [part.get(name, np.full(len(part["unit"]), empty, dtype=model.dtype)) for part in parts]
        )
    return out
