"""The cases of one block, wave by wave: a unit's next case depends on how its last one ended.

A unit carries its state from case to case: when it left, whether its guarantee was extended or renewed, what
was repaired last. Withdrawals and questions are added beside; they are no faults.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pipelines.simulation.bad_lots import bad_lot_events
from pipelines.simulation.breaches import CODE, planted
from pipelines.simulation.claims import REGIME_2022, REMEDIES, facts_of_events
from pipelines.simulation.decisions import OUTCOME, decided, diagnosed
from pipelines.simulation.failures import ONSETS, drawn_events
from pipelines.simulation.other_cases import questions_of_block, withdrawals_of_block
from pipelines.simulation.parameters import Columns, between, stream
from pipelines.simulation.scene import Scene, joined
from pipelines.simulation.workshop import worked

WAVES = 4
"""Cases per unit at most: more are too rare to matter."""


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
    pool = joined([pool, bad_lot_events(scene, rng, lines, units)])
    pool["lifetime"] = np.zeros(len(pool["unit"]), dtype=np.int64)
    withdrawals = withdrawals_of_block(scene, stream(scene.seed, block, 2), lines, units, pool)
    state: Columns = {
        "gone_from": np.full(size, np.inf),
        "free_from": np.full(size, -np.inf),
        "clock_from": np.floor(units["delivered"]),
        "has_extension": np.zeros(size, dtype=bool),
        "immobilised_days": np.zeros(size),
        "last_fault": np.full(size, -1),
        "last_return": np.full(size, np.nan),
        "is_exchange_booked": np.zeros(size, dtype=bool),
        "is_serial_renewed": np.zeros(size, dtype=bool),
    }
    state["gone_from"][np.isin(units["line"], withdrawals["line"])] = -np.inf
    done: list[Columns] = []
    counts: dict[str, tuple[int, int]] = {}
    for wave in range(WAVES):
        rng = stream(scene.seed, block, 10 + wave)
        now, pool = _next_events(rng, pool, state, scene.horizon)
        # The first wave runs even without events, so that every column exists.
        if wave and not len(now["unit"]):
            break
        tickets, wave_counts = _wave(scene, rng, now, lines, units, state, wave)
        for code, (eligible, hit) in wave_counts.items():
            before = counts.get(code, (0, 0))
            counts[code] = (before[0] + eligible, before[1] + hit)
        done.append(tickets)
        # The old machine is gone: nothing that was in store for it happens any more.
        stays = ~np.isin(pool["unit"], tickets["unit"][tickets["is_replaced"]])
        pool = {name: values[stays] for name, values in pool.items()}
        pool = joined([pool, _consequences(scene, rng, tickets, lines, units, state)])
    done.append(withdrawals)
    done.append(questions_of_block(scene, stream(scene.seed, block, 3), lines, units))
    tickets = joined(done)
    order = np.lexsort((tickets["unit"], tickets["requested"]))
    return Cases({name: values[order] for name, values in tickets.items()}, counts)


def _unit_traits(scene: Scene, lines: Columns, units: Columns) -> Columns:
    line = units["line"]
    sku = lines["sku"][line]
    second_hand = lines["condition"][line] > 0
    worse = scene.world.parameters.number("second_hand_need")
    need = scene.world.catalogue.need_24m[sku] * np.where(second_hand, worse, 1.0)
    return {"sku": sku, "delivered": lines["delivered"][line], "need": np.minimum(need, 0.6)}


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
    facts |= diagnosed(world, scene.centers, scene.rates, rng, facts, lines)
    facts |= decided(world, facts, state)
    changes, counts = planted(world, rng, facts, lines, scene.horizon)
    facts |= changes
    facts |= worked(world, scene.centers, rng, facts, lines, scene.horizon)
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
    muddled = np.isin(
        breach, [CODE[code] for code in ("VR03", "VR06", "VR07", "VR09", "VR13", "VR22", "VR23", "VL20")]
    )
    renewed = tickets["is_replaced"] & (tickets["remedy"] == REMEDIES.index("repair"))
    renewed &= lines["contract"][tickets["line"]] >= REGIME_2022
    muddled |= tickets["is_replaced"] & (state["last_fault"][unit] >= 0)
    state["gone_from"][unit[leaves | muddled]] = -np.inf
    state["clock_from"][unit[renewed]] = np.floor(tickets["replacement_delivered"][renewed])

    state["is_exchange_booked"][unit[tickets["is_replaced"]]] = False
    state["is_exchange_booked"][unit[tickets["books_exchange"]]] = True
    state["is_serial_renewed"][unit[tickets["names_new_serial"] | tickets["books_exchange"]]] = True

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
    return joined([repeats | ages[0], second | ages[1]])
