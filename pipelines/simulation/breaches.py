"""Which tickets leave the policy, and how: at most one planted breach per ticket, at the rate of its code.

A breach is chosen on the clean decision; it may change the outcome (`acted`) or, later, the workshop's dates
and amounts. `IMPLIES` names the codes that describe the same fact seen from another rule: a truth row is then
not taken for a false alarm.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from pipelines.simulation.calendar import months_later
from pipelines.simulation.claims import REGIME_2022, REMEDIES, World
from pipelines.simulation.decisions import OUTCOME, is_repair
from pipelines.simulation.failures import CAUSES
from pipelines.simulation.parameters import Array, Columns

MATURE_DAYS = 120
"""A breach is planted only where the whole case lies before the end."""

TICKET_CODES = (
    "VR07", "VR03", "VR09", "VR13", "VR16", "VR17", "VR22", "VR23", "VL20", "VR20", "VL21", "VR06", "VL12",
    "VR15", "VR19a", "VR19b", "VR19c", "VL14", "VR08", "VR10", "VR01",
)  # fmt: skip
CODE = {code: number for number, code in enumerate(TICKET_CODES)}
NONE = -1

IMPLIES = {
    "VR02": "VR04",
    "VR03": "VR06|VL14",
    "VR08": "",
    "VR13": "VR06|VR12",
    # Sent ahead of the pick-up, the new machine may leave while a PayPal case is still open.
    "VR15": "VR20",
    "VR16": "VR12",
    "VR17": "VR12",
    "VR22": "VR06|VL14|VL20",
    "VR23": "VR06",
    "VL14": "VR14",
    "VL20": "VR06|VL14|VR14",
    "VL21": "VR19a|VR20",
}


def eligible(world: World, facts: Columns, lines: Columns) -> Iterator[tuple[str, Array]]:
    """Each ticket code with the cases where it could happen, in the order in which they are tried."""
    outcome, remedy = facts["outcome"], facts["remedy"]
    repair = is_repair(outcome)
    new = outcome == OUTCOME["replacement"]
    used = ~facts["is_unused"]
    is_defect = facts["kind"] == CAUSES.index("defect")
    has_case = np.isfinite(facts["paypal_opened"])
    unstated = remedy == REMEDIES.index("unstated")
    serial = lines["has_serial"][facts["line"]]
    due = repair | new
    charged = np.isin(
        outcome, [OUTCOME[name] for name in ("rejected_out_of_warranty", "rejected_misuse", "rejected_wear")]
    )
    charged &= facts["pays_quote"] & ((outcome != OUTCOME["rejected_out_of_warranty"]) | facts["is_sent_in"])
    wants_other = (repair & (remedy == REMEDIES.index("replacement"))) | (
        new & (remedy == REMEDIES.index("repair"))
    )
    first = facts["wave"] == 0
    window_end = months_later(facts["paid"], int(world.parameters.number("policy", "paypal_hold_months")))
    yield "VR07", due & first & ~has_case & (lines["quantity"][facts["line"]] == 1)
    yield "VR03", due & is_defect & ~has_case & first & (facts["link"] < 2)
    yield "VR09", repair & serial & first & ~has_case & (facts["channel"] == 1)
    yield (
        "VR13",
        new
        & facts["is_unused"]
        & is_defect
        & facts["is_repairable"]
        & facts["is_repair_cheaper"]
        & ~has_case,
    )
    # An exchanged machine's way back to the customer is priced even where a repair would not have travelled.
    robust = facts["repair_cost"] + facts["freight"] < facts["replacement_cost"] - facts["margin"]
    yield "VR16", repair & used & unstated & ~has_case & robust
    yield "VR17", new & used & facts["is_repairable"] & unstated & ~has_case
    late = facts["is_paypal"] & (facts["requested"] > window_end + 20)
    yield "VR22", due & late & is_defect & facts["is_consumer"]
    yield "VR23", due & facts["is_unproven_misuse"] & facts["is_consumer"] & ~has_case
    yield "VL20", due & has_case & facts["is_consumer"] & is_defect
    yield "VR20", repair & has_case
    yield "VL21", repair & has_case & is_defect & facts["is_consumer"] & ~facts["is_near"]
    yield "VR06", repair & facts["can_breach_choice"]
    yield (
        "VL12",
        due
        & wants_other
        & ~facts["can_breach_choice"]
        & facts["is_consumer"]
        & (facts["contract"] >= REGIME_2022),
    )
    # A used machine's exchange rests on the quote, which an advance shipment would not have had.
    yield "VR15", new & facts["is_unused"]
    yield "VR19a", repair & ~has_case
    yield "VR19b", charged
    yield "VR19c", charged
    yield "VL14", repair & facts["is_consumer"] & (remedy != REMEDIES.index("refund")) & ~has_case
    yield "VR08", repair & facts["is_near"] & ~has_case
    yield "VR10", due & facts["is_simple"] & facts["is_attempted"]
    yield "VR01", due


def planted(
    world: World, rng: np.random.Generator, facts: Columns, lines: Columns, horizon: float
) -> tuple[Columns, dict[str, tuple[int, int]]]:
    """The breach and the acted outcome of each ticket; and per code how many were eligible and planted."""
    size = len(facts["unit"])
    breach = np.full(size, NONE)
    mature = facts["requested"] < horizon - MATURE_DAYS
    counts: dict[str, tuple[int, int]] = {}
    remedy = facts["remedy"].copy()
    for code, possible in eligible(world, facts, lines):
        candidates = possible & mature & (breach == NONE)
        hit = candidates & (rng.random(size) < world.parameters.number("breach_rate", code))
        breach[hit] = CODE[code]
        counts[code] = (int(candidates.sum()), int(hit.sum()))
    # Where the planned remedy would be below the law and no breach is planted, nothing was asked for.
    calm = facts["can_breach_choice"] & (breach != CODE["VR06"])
    remedy = np.where(calm, REMEDIES.index("unstated"), remedy)

    acted = facts["outcome"].copy()
    for code, name in (
        ("VR07", "info_required"), ("VR03", "info_required"), ("VR13", "repair_pickup"),
        ("VR16", "replacement"), ("VR17", "repair_pickup"), ("VR22", "suspended_paypal"),
        ("VL20", "suspended_paypal"),
        ("VR23", "rejected_misuse"),
    ):  # fmt: skip
        acted = np.where(breach == CODE[code], OUTCOME[name], acted)
    link = np.where(breach == CODE["VR07"], 3, facts["link"])
    return {"breach": breach, "acted": acted, "remedy": remedy, "link": link}, counts


def order_line_breaches(world: World, rng: np.random.Generator, lines: Columns, horizon: float) -> Columns:
    """Invoices that were never sent (VR02) or days late (VR04)."""
    size = len(lines["shipped"])
    shipped = np.isfinite(lines["shipped"]) & (lines["shipped"] < horizon - MATURE_DAYS)
    missing = shipped & (rng.random(size) < world.parameters.number("breach_rate", "VR02"))
    late = shipped & ~missing & (rng.random(size) < world.parameters.number("breach_rate", "VR04"))
    sent = np.where(late, lines["shipped"] + 2 + 10 * rng.random(size), lines["invoice_sent"])
    sent = np.where(missing, np.nan, sent)
    return {"invoice_sent": sent, "is_invoice_missing": missing, "is_invoice_late": late}
