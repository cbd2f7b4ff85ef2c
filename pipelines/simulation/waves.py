"""The cases of one block, wave by wave: a unit's next case depends on how its last one ended.

A unit carries its state from case to case: when it left, whether its guarantee was extended or renewed, what
was repaired last. Withdrawals and questions are added beside; they are no faults.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pipelines.simulation.breaches import CODE, NONE, planted
from pipelines.simulation.calendar import UseClock, in_opening_hours
from pipelines.simulation.catalogue import Catalogue, bad_lot_skus
from pipelines.simulation.centres import Centres
from pipelines.simulation.claims import (
    CATEGORIES,
    REGIME_2022,
    REMEDIES,
    UNUSED_DAYS,
    World,
    facts_of_events,
)
from pipelines.simulation.costs import Rates
from pipelines.simulation.decisions import OUTCOME, decided, diagnosed
from pipelines.simulation.failures import (
    CAUSES,
    ONSETS,
    Mixture,
    appearance,
    drawn_events,
)
from pipelines.simulation.parameters import Array, BadLot, Columns, between, picked, stream
from pipelines.simulation.workshop import STAMPS, worked

WAVES = 4
"""Cases per unit at most: more are too rare to matter."""


@dataclass(frozen=True)
class Scene:
    """Everything that the cases of a block depend on."""

    world: World
    centres: Centres
    rates: Rates
    mixture: Mixture
    clock: UseClock
    bad_lots: tuple[BadLot, ...]
    seed: int
    horizon: float


@dataclass(frozen=True)
class Cases:
    """All tickets of a block, and how often each breach was possible and planted."""

    tickets: Columns
    breach_counts: dict[str, tuple[int, int]]


def cases_of_block(scene: Scene, lines: Columns, units: Columns, block: int) -> Cases:
    """One element per ticket of the block, ordered by request."""
    units = units | _unit_traits(scene, lines, units)
    size = len(units["line"])
    rng = stream(scene.seed, block, 1)
    catalogue = scene.world.catalogue
    pool = drawn_events(scene.mixture, catalogue, scene.clock, rng, units)
    pool = _joined([pool, _bad_lot_events(scene, rng, lines, units)])
    pool["lifetime"] = np.zeros(len(pool["unit"]), dtype=np.int64)
    withdrawals = _withdrawals(scene, stream(scene.seed, block, 2), lines, units, pool)
    state: Columns = {
        "gone_from": np.full(size, np.inf),
        "free_from": np.full(size, -np.inf),
        "clock_from": np.floor(units["delivered"]),
        "has_extension": np.zeros(size, dtype=bool),
        "immobilised_days": np.zeros(size),
        "last_fault": np.full(size, -1),
        "last_return": np.full(size, np.nan),
    }
    state["gone_from"][np.isin(units["line"], withdrawals["line"])] = -np.inf
    done: list[Columns] = []
    counts: dict[str, tuple[int, int]] = {}
    for wave in range(WAVES):
        rng = stream(scene.seed, block, 10 + wave)
        now, pool = _next_events(rng, pool, state, scene.horizon)
        if not len(now["unit"]):
            break
        tickets, wave_counts = _wave(scene, rng, now, lines, units, state, wave)
        for code, (eligible, hit) in wave_counts.items():
            before = counts.get(code, (0, 0))
            counts[code] = (before[0] + eligible, before[1] + hit)
        done.append(tickets)
        # The old machine is gone: nothing that was in store for it happens any more.
        stays = ~np.isin(pool["unit"], tickets["unit"][tickets["is_replaced"]])
        pool = {name: values[stays] for name, values in pool.items()}
        pool = _joined([pool, _consequences(scene, rng, tickets, lines, units, state)])
    done.append(withdrawals)
    done.append(_questions(scene, stream(scene.seed, block, 3), lines, units))
    tickets = _joined(done)
    order = np.lexsort((tickets["unit"], tickets["requested"]))
    return Cases({name: values[order] for name, values in tickets.items()}, counts)


def _unit_traits(scene: Scene, lines: Columns, units: Columns) -> Columns:
    line = units["line"]
    sku = lines["sku"][line]
    second_hand = lines["condition"][line] > 0
    worse = scene.world.parameters.number("second_hand_need")
    need = scene.world.catalogue.need_24m[sku] * np.where(second_hand, worse, 1.0)
    return {"sku": sku, "delivered": lines["delivered"][line], "need": np.minimum(need, 0.6)}


def _joined(parts: list[Columns]) -> Columns:
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


def _next_events(
    rng: np.random.Generator, pool: Columns, state: Columns, horizon: float
) -> tuple[Columns, Columns]:
    """Each unit's earliest event that can still happen, and the rest."""
    unit = pool["unit"]
    free = state["free_from"][unit]
    # A machine in the workshop does not fail there: what fell into that time shows after its return.
    shown = np.where(pool["appeared"] <= free, free + 1 + 6 * rng.random(len(unit)), pool["appeared"])
    alive = (shown < state["gone_from"][unit]) & (shown < horizon)
    order = np.lexsort((pool["onset"], pool["cause"], shown, unit))
    order = order[alive[order]]
    chosen = unit[order]
    first = np.concatenate([[True], chosen[1:] != chosen[:-1]]) if len(order) else np.zeros(0, dtype=bool)
    events = {name: values[order] for name, values in pool.items()}
    events["appeared"] = shown[order]
    return ({name: v[first] for name, v in events.items()}, {name: v[~first] for name, v in events.items()})


def _wave(
    scene: Scene,
    rng: np.random.Generator,
    events: Columns,
    lines: Columns,
    units: Columns,
    state: Columns,
    wave: int,
) -> tuple[Columns, dict[str, tuple[int, int]]]:
    world = scene.world
    facts = facts_of_events(world, rng, events, lines, units, state, wave)
    keep = (facts["requested"] < scene.horizon) & ~facts["is_clock_doubtful"]
    facts = {name: values[keep] for name, values in facts.items()}
    facts |= diagnosed(world, scene.centres, scene.rates, rng, facts, lines)
    facts |= decided(world, facts, state)
    changes, counts = planted(world, rng, facts, lines, scene.horizon)
    facts |= changes
    facts |= worked(world, scene.centres, rng, facts, lines, scene.horizon)
    return facts, counts


def _consequences(
    scene: Scene, rng: np.random.Generator, tickets: Columns, lines: Columns, units: Columns, state: Columns
) -> Columns:
    """Update the units' state in place; return the events that the cases lead to."""
    unit, breach = tickets["unit"], tickets["breach"]
    closed = np.where(np.isfinite(tickets["closed"]), tickets["closed"], np.inf)
    state["free_from"][unit] = np.fmax(closed, np.nan_to_num(tickets["returned"], nan=-np.inf))
    acted = tickets["acted"]
    leaves = np.isin(acted, [OUTCOME["refund_or_reduction"], OUTCOME["closed_paypal_refunded"]])
    # A refusal against the law would colour the unit's next verdict, a case without trace its next clock.
    muddled = np.isin(breach, [CODE[code] for code in ("VR03", "VR07", "VR09", "VR22", "VR23", "VL20")])
    renewed = tickets["is_replaced"] & (tickets["remedy"] == REMEDIES.index("repair"))
    renewed &= lines["contract"][tickets["line"]] >= REGIME_2022
    muddled |= renewed & state["has_extension"][unit]
    state["gone_from"][unit[leaves | muddled]] = -np.inf
    state["clock_from"][unit[renewed]] = np.floor(tickets["replacement_delivered"][renewed])

    covered = tickets["is_repaired_covered"] & np.isfinite(tickets["returned"])
    handed = np.where(np.isfinite(tickets["picked_up"]), tickets["picked_up"], tickets["received"])
    mine = unit[covered]
    state["has_extension"][mine] = True
    state["immobilised_days"][mine] += (np.floor(tickets["returned"]) - np.floor(handed))[covered]
    state["last_fault"][mine] = tickets["recorded"][covered]
    state["last_return"][mine] = tickets["returned"][covered]

    parameters = scene.world.parameters
    early_low, early_high, late_low, late_high = parameters.numbers("repeat_gap_days")
    again = np.flatnonzero(covered & (rng.random(len(unit)) < parameters.number("repeat_failure_share")))
    soon = rng.random(len(again)) < parameters.number("repeat_early_share")
    gap = np.where(
        soon,
        between(rng, len(again), early_low, early_high * 0.85),
        between(rng, len(again), late_low, late_high),
    )
    repeats = {
        "unit": unit[again],
        "appeared": tickets["returned"][again] + gap,
        "cause": tickets["cause"][again],
        "onset": np.full(len(again), ONSETS.index("repeat")),
        "fault": tickets["fault"][again],
    }
    fresh = np.flatnonzero(tickets["is_replaced"] & np.isfinite(tickets["replacement_delivered"]))
    reborn = {
        "sku": units["sku"][unit[fresh]],
        "delivered": tickets["replacement_delivered"][fresh],
        "need": units["need"][unit[fresh]],
    }
    second = drawn_events(scene.mixture, scene.world.catalogue, scene.clock, rng, reborn)
    origin = second["unit"]
    second["unit"] = unit[fresh][origin]
    ages = {"lifetime": tickets["lifetime"][again]}, {"lifetime": tickets["lifetime"][fresh][origin] + 1}
    return _joined([repeats | ages[0], second | ages[1]])


def _bad_lot_events(scene: Scene, rng: np.random.Generator, lines: Columns, units: Columns) -> Columns:
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
        _joined(parts)
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


def _withdrawals(
    scene: Scene, rng: np.random.Generator, lines: Columns, units: Columns, pool: Columns
) -> Columns:
    """Consumers who send a new machine back within 14 days, before any fault showed."""
    size = len(lines["sku"])
    first_unit = np.full(size, -1)
    first_unit[units["line"][::-1]] = np.arange(len(units["line"]))[::-1]
    possible = (first_unit >= 0) & (lines["customer_type"] != 1) & (lines["condition"] == 0)
    share = scene.world.parameters.number("withdrawal_share", "lines")
    possible &= rng.random(size) < share
    window = UNUSED_DAYS - np.where(lines["is_delivery_hidden"], 5.0, 2.0)
    asked = in_opening_hours(lines["delivered"] + 0.4 + window * rng.random(size))
    earliest = np.full(size, np.inf)
    np.minimum.at(earliest, units["line"][pool["unit"]], pool["appeared"])
    line = np.flatnonzero(possible & (asked < earliest) & (asked < scene.horizon))
    asked = asked[line]
    refunded = in_opening_hours(asked + between(rng, len(line), 3, 12))
    quantity = lines["quantity"][line]
    return _without_fault(scene, rng, lines, first_unit[line], line, asked) | {
        "category": np.full(len(line), CATEGORIES.index("withdrawal")),
        "acted": np.full(len(line), OUTCOME["withdrawal_refund"]),
        "outcome": np.full(len(line), OUTCOME["withdrawal_refund"]),
        "remedy": np.full(len(line), REMEDIES.index("refund")),
        "withdrawal": asked,
        "refunded": refunded,
        "refund": lines["price"][line] * quantity,
        "closed": in_opening_hours(refunded + 0.2 * rng.random(len(line))),
        "quantity": quantity,
    }


def _questions(scene: Scene, rng: np.random.Generator, lines: Columns, units: Columns) -> Columns:
    """Questions that a call answers."""
    size = len(units["line"])
    hit = np.flatnonzero(rng.random(size) < scene.world.parameters.number("question_share", "lines"))
    line = units["line"][hit]
    asked = in_opening_hours(lines["delivered"][line] + 0.5 + 240 * rng.random(len(hit)) ** 3)
    keep = asked < scene.horizon
    hit, line, asked = hit[keep], line[keep], asked[keep]
    remote = in_opening_hours(asked + between(rng, len(hit), 0.05, 1.2))
    return _without_fault(scene, rng, lines, hit, line, asked) | {
        "category": np.full(len(hit), CATEGORIES.index("question")),
        "acted": np.full(len(hit), OUTCOME["remote_resolved"]),
        "outcome": np.full(len(hit), OUTCOME["remote_resolved"]),
        "remedy": np.full(len(hit), REMEDIES.index("unstated")),
        "is_attempted": np.ones(len(hit), dtype=bool),
        "is_remote_resolved": np.ones(len(hit), dtype=bool),
        "remote": remote,
        "closed": in_opening_hours(remote + 0.3 * rng.random(len(hit))),
    }


def _without_fault(
    scene: Scene, rng: np.random.Generator, lines: Columns, unit: Array, line: Array, requested: Array
) -> Columns:
    size = len(unit)
    empty = {name: np.full(size, np.nan) for name in STAMPS}
    return empty | {
        "unit": unit,
        "line": line,
        "sku": lines["sku"][line],
        "wave": np.zeros(size, dtype=np.int64),
        "delivered": lines["delivered"][line],
        "lifetime": np.zeros(size, dtype=np.int64),
        "cause": np.full(size, CAUSES.index("none")),
        "onset": np.full(size, ONSETS.index("none")),
        "fault": np.full(size, -1),
        "requested": requested,
        "replied": in_opening_hours(requested + between(rng, size, 0.02, 0.6)),
        "assignee": rng.integers(1, 26, size),
        "channel": picked(rng, size, np.array([0.5, 0.25, 0.15, 0.06, 0.03, 0.01])),
        "link": np.zeros(size, dtype=np.int64),
        "quantity": np.ones(size, dtype=np.int64),
        "breach": np.full(size, NONE),
        "paypal_outcome": np.full(size, -1),
    }
