"""Cases without a fault: withdrawals within 14 days, and questions that a call answers."""

from __future__ import annotations

import numpy as np

from pipelines.simulation.breaches import NONE
from pipelines.simulation.calendar import in_opening_hours
from pipelines.simulation.claims import CATEGORIES, REMEDIES
from pipelines.simulation.decisions import OUTCOME
from pipelines.simulation.failures import CAUSES, ONSETS
from pipelines.simulation.parameters import Array, Columns, between, picked
from pipelines.simulation.scene import Scene
from pipelines.simulation.workshop import STAMPS

# L.221-18 of the consumer code.
WITHDRAWAL_DAYS = 14


def withdrawals_of_block(
    scene: Scene, rng: np.random.Generator, lines: Columns, units: Columns, pool: Columns
) -> Columns:
    """Consumers who send a new machine back within 14 days, before any fault showed."""
    size = len(lines["sku"])
    first_unit = np.full(size, -1)
    first_unit[units["line"][::-1]] = np.arange(len(units["line"]))[::-1]
    possible = (first_unit >= 0) & (lines["customer_type"] != 1) & (lines["condition"] == 0)
    share = scene.world.parameters.number("withdrawal_share", "lines")
    possible &= rng.random(size) < share
    window = WITHDRAWAL_DAYS - np.where(lines["is_delivery_hidden"], 5.0, 2.0)
    asked = in_opening_hours(lines["delivered"] + 0.4 + window * rng.random(size))
    earliest = np.full(size, np.inf)
    np.minimum.at(earliest, units["line"][pool["unit"]], pool["appeared"])
    line = np.flatnonzero(possible & (asked < earliest) & (asked < scene.horizon))
    asked = asked[line]
    refunded = in_opening_hours(
        asked + between(rng, len(line), *scene.world.parameters.numbers("stage_days", "withdrawal"))
    )
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


def questions_of_block(scene: Scene, rng: np.random.Generator, lines: Columns, units: Columns) -> Columns:
    """Questions that a call answers."""
    size = len(units["line"])
    hit = np.flatnonzero(rng.random(size) < scene.world.parameters.number("question_share", "lines"))
    line = units["line"][hit]
    # Most questions come in the first weeks.
    days = scene.world.parameters.number("question_days")
    asked = in_opening_hours(lines["delivered"][line] + 0.5 + days * rng.random(len(hit)) ** 3)
    keep = asked < scene.horizon
    hit, line, asked = hit[keep], line[keep], asked[keep]
    remote = in_opening_hours(
        asked + between(rng, len(hit), *scene.world.parameters.numbers("stage_days", "remote"))
    )
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
    size, parameters = len(unit), scene.world.parameters
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
        "replied": in_opening_hours(
            requested + between(rng, size, *parameters.numbers("stage_days", "reply"))
        ),
        "assignee": rng.integers(1, int(parameters.number("operators")) + 1, size),
        "channel": picked(rng, size, parameters.numbers("channel_mix", "other")),
        "link": np.zeros(size, dtype=np.int64),
        "quantity": np.ones(size, dtype=np.int64),
        "is_by_exchange_order": np.zeros(size, dtype=bool),
        "shows_new_serial": np.zeros(size, dtype=bool),
        "names_new_serial": np.zeros(size, dtype=bool),
        "books_exchange": np.zeros(size, dtype=bool),
        "is_near_break_even": np.zeros(size, dtype=bool),
        "breach": np.full(size, NONE),
        "paypal_outcome": np.full(size, -1),
    }
