"""What then happens: pick-up, diagnosis, repair or replacement, bills; all dates from request to close.

Also its breaches of date and amount. Times after the request are squeezed where a clean case would miss the
legal 30 days; whether an internal target was missed is read off the result, not planted.
"""

from __future__ import annotations

import numpy as np

from pipelines.simulation.breaches import CODE
from pipelines.simulation.calendar import in_opening_hours, months_later
from pipelines.simulation.centers import COUNTRIES, Centers
from pipelines.simulation.claims import REMEDIES, World
from pipelines.simulation.decisions import OUTCOME, is_repair, resale_eur
from pipelines.simulation.parameters import Array, Columns, between

LEGAL_DAYS = 30
REPAIR_OUTCOMES = (
    "repaired", "replaced", "returned_unrepaired", "scrapped", "resold_refurbished", "resold_as_is",
)  # fmt: skip
COVERAGES = ("covered", "not_covered", "goodwill")
RESOLUTION_OF = {
    "info_required": "info_required", "closed_paypal_refunded": "refunded", "withdrawal_refund": "withdrawn",
    "remote_resolved": "remote_resolved", "rejected_out_of_warranty": "rejected_out_of_warranty",
    "rejected_misuse": "rejected_misuse", "rejected_wear": "rejected_wear",
    "no_fault_found": "no_fault_found",
    "refund_or_reduction": "refunded", "spare_part_shipped": "spare_part_shipped", "replacement": "replaced",
    "repair_sav_centre": "repaired", "repair_pickup": "repaired", "suspended_paypal": "suspended_paypal",
}  # fmt: skip
STAMPS = (
    "picked_up", "received", "diagnosed", "quoted", "quote_accepted", "repaired", "returned", "reason_sent",
    "replacement_shipped", "replacement_delivered", "refunded", "closed",
)  # fmt: skip


def worked(
    world: World, centers: Centers, rng: np.random.Generator, facts: Columns, lines: Columns, horizon: float
) -> Columns:
    """Dates, amounts and outcome of each ticket and of its repair order."""
    acted, breach = facts["acted"], facts["breach"]
    size = len(acted)

    def stage(name: str) -> Array:
        return between(rng, size, *world.parameters.numbers("stage_days", name))

    names = {name: acted == number for name, number in OUTCOME.items()}
    repair = is_repair(acted)
    rejected = names["rejected_misuse"] | names["rejected_wear"] | names["rejected_out_of_warranty"]
    has_repair = (
        repair | rejected | names["replacement"] | names["no_fault_found"] | names["refund_or_reduction"]
    )
    has_order = has_repair & (~names["rejected_out_of_warranty"] | facts["is_sent_in"])
    pays = rejected & has_order & facts["pays_quote"]

    picked_up_needed = ~facts["is_brought"] | (breach == CODE["VR08"])
    paypal = _paypal_stamps(world, rng, facts, breach)
    speed = centers.speed[facts["center"]]
    start = np.fmax(facts["requested"], np.where(names["suspended_paypal"], np.nan, paypal["paypal_closed"]))
    start = np.where(facts["is_attempted"], np.fmax(start, facts["remote"]), start)
    start = np.where(breach == CODE["VR20"], paypal["paypal_opened"] + 0.3, start)
    start = np.where(breach == CODE["VL21"], paypal["paypal_opened"] + 0.3, start)
    picked_up = start + stage("pick_up")
    received = np.where(picked_up_needed, picked_up + stage("carriage"), picked_up)
    received = np.where(breach == CODE["VL21"], np.fmax(received, paypal["paypal_closed"] + 0.4), received)
    diagnosed = received + stage("diagnosis") * speed
    quoted = diagnosed + stage("quote")
    accepted = np.where(pays, quoted + stage("acceptance"), np.nan)
    repaired = np.where(repair | pays, np.fmax(quoted, accepted) + stage("repair") * speed, np.nan)
    back = stage("return")
    stays = names["replacement"] | names["refund_or_reduction"]
    returned = np.where(stays, np.nan, np.where(repair | pays, repaired, quoted) + back)
    undiagnosed = names["replacement"] & facts["is_unused"]
    undiagnosed &= rng.random(size) < world.parameters.number("ticket_share", "undiagnosed_exchange")
    median_days = np.array([world.parameters.number("delivery_days", code) for code in COUNTRIES])
    country_days = median_days[lines["country"][facts["line"]]]
    decision = np.where(facts["is_unused"], received, quoted)
    shipped = np.where(names["replacement"], decision + stage("dispatch"), np.nan)
    delivered = shipped + country_days * between(rng, size, 0.6, 1.3)
    refunded = np.where(names["refund_or_reduction"], quoted + stage("refund"), np.nan)
    refunded = np.where(names["closed_paypal_refunded"], paypal["paypal_closed"], refunded)
    short = start + stage("desk")
    end = np.where(has_order, np.fmax(np.fmax(returned, delivered), refunded), short)
    end = np.where(names["remote_resolved"], facts["remote"] + between(rng, size, 0.02, 2), end)
    end = np.where(names["closed_paypal_refunded"], refunded, end)
    end = np.where(names["suspended_paypal"], paypal["paypal_opened"] + between(rng, size, 0.2, 1.5), end)
    reason = np.where(rejected, np.where(has_order, quoted, short), np.nan)
    overridden = _is_overridden(facts, names, repair)
    reason = np.where(overridden & (breach != CODE["VL12"]), np.where(has_order, quoted, short), reason)

    raw = {
        "picked_up": np.where(has_order & picked_up_needed, picked_up, np.nan),
        "received": np.where(has_order, received, np.nan),
        "diagnosed": np.where(has_order & ~undiagnosed, diagnosed, np.nan),
        "quoted": np.where(has_order & ~undiagnosed & ~names["no_fault_found"], quoted, np.nan),
        "quote_accepted": np.where(breach == CODE["VR19c"], np.nan, accepted),
        "repaired": np.where(has_order, repaired, np.nan),
        "returned": np.where(has_order, returned, np.nan),
        "reason_sent": reason,
        "replacement_shipped": shipped,
        "replacement_delivered": delivered,
        "refunded": refunded,
        "closed": end + stage("close"),
    }
    out = _squeezed(world, rng, facts, raw, start, repair, names["replacement"])
    advance = (breach == CODE["VR15"]) & np.isfinite(out["picked_up"])
    room = np.clip(out["picked_up"] - facts["requested"], 1.5, 18)
    out["picked_up"] = np.where(advance, facts["requested"] + room + 2.5, out["picked_up"])
    out["received"] = np.where(advance, out["picked_up"] + 1.2, out["received"])
    out["diagnosed"] = np.where(
        advance & np.isfinite(out["diagnosed"]), out["received"] + 0.6, out["diagnosed"]
    )
    out["quoted"] = np.where(advance & np.isfinite(out["quoted"]), out["received"] + 0.9, out["quoted"])
    out["replacement_shipped"] = np.where(
        advance, facts["requested"] + room * 0.6, out["replacement_shipped"]
    )
    out["replacement_delivered"] = np.where(
        advance, out["replacement_shipped"] + country_days, out["replacement_delivered"]
    )
    out["closed"] = np.where(
        advance, np.fmax(out["replacement_delivered"], out["received"]) + 1.2, out["closed"]
    )
    out["reason_sent"] = np.where(
        advance & np.isfinite(out["reason_sent"]), out["quoted"], out["reason_sent"]
    )
    overdue = (breach == -1) & (facts["requested"] < horizon - LEGAL_DAYS - 2) & repair
    overdue &= (facts["requested"] > horizon - 75) & facts["is_consumer"]
    overdue &= rng.random(size) < world.parameters.number("open_overdue_share")
    for name in ("repaired", "returned", "closed"):
        out[name] = np.where(overdue, np.nan, out[name])
    parcel = breach == CODE["VL21"]
    out["received"] = np.where(
        parcel, np.fmax(out["received"], paypal["paypal_closed"] + 0.1), out["received"]
    )
    # Decided after the case: the verdict is the ordinary one, only the start was too early.
    started = (breach == CODE["VR20"]) | (breach == CODE["VL21"])
    out["closed"] = np.where(started, np.fmax(out["closed"], paypal["paypal_closed"] + 0.6), out["closed"])
    given = world.parameters.number("goodwill_refund", "share")
    is_goodwill = (breach == -1) & (repair | names["no_fault_found"]) & (rng.random(size) < given)
    out["refunded"] = np.where(is_goodwill, out["closed"] - 0.01, out["refunded"])
    stamps = {name: in_opening_hours(out[name]) for name in STAMPS}
    amounts = _amounts(world, rng, facts, has_order, repair, rejected, names, pays, undiagnosed)
    part = between(rng, size, *world.parameters.numbers("goodwill_refund", "of_price"))
    amounts["refund"] = np.where(is_goodwill, np.round(part * facts["price_eur"], 2), amounts["refund"])
    booked = names["replacement"] & (breach == -1)
    serial = lines["has_serial"][facts["line"]]
    named = rng.random(size) < world.parameters.number("exchange", "named_serial_share")
    ordered = rng.random(size) < world.parameters.number("exchange", "order_share")
    return stamps | paypal | amounts | {
        "names_new_serial": booked & serial & named, "books_exchange": booked & ordered,
        "has_repair": has_order, "is_open_overdue": overdue, "is_undiagnosed": undiagnosed,
        "is_rejected": rejected, "is_repaired_covered": repair & has_order,
        "is_replaced": names["replacement"], "is_overridden": overridden,
    }  # fmt: skip


def _is_overridden(facts: Columns, names: dict[str, Array], repair: Array) -> Array:
    """The customer asked for one remedy and got another: to be explained in writing."""
    remedy = facts["remedy"]
    wants = {name: remedy == number for number, name in enumerate(REMEDIES)}
    return (
        wants["replacement"] & repair
        | wants["repair"] & names["replacement"]
        | wants["refund"] & (repair | names["replacement"] | names["spare_part_shipped"])
        | (wants["replacement"] | wants["repair"]) & names["spare_part_shipped"]
    )


def _paypal_stamps(world: World, rng: np.random.Generator, facts: Columns, breach: Array) -> Columns:
    """The PayPal case as it was, or as a breach makes it: parked past day 30, or opened after the window."""
    size = len(breach)
    requested = facts["requested"]
    opened, closed, outcome = facts["paypal_opened"], facts["paypal_closed"], facts["paypal_outcome"]
    parked, late = breach == CODE["VL20"], breach == CODE["VR22"]
    window_end = months_later(facts["paid"], int(world.parameters.number("policy", "paypal_hold_months")))
    opened = np.where(late, np.maximum(requested, window_end + 2) + 0.8, opened)
    closed = np.where(parked | late, requested + between(rng, size, 36, 70), closed)
    # The repair starts, diagnosis included, while the case is open; or only the parcel travels meanwhile.
    closed = np.where(breach == CODE["VR20"], np.maximum(closed, opened + 14), closed)
    closed = np.where(breach == CODE["VL21"], opened + 4.5, closed)
    outcome = np.where(parked | late, 2, outcome)
    return {
        "paypal_opened": in_opening_hours(opened),
        "paypal_closed": in_opening_hours(closed),
        "paypal_outcome": outcome,
    }


def _squeezed(
    world: World,
    rng: np.random.Generator,
    facts: Columns,
    raw: Columns,
    start: Array,
    repair: Array,
    is_replaced: Array,
) -> Columns:
    """The times after `start` scaled: below 30 days unless planted, never just about an internal target."""
    size = len(start)
    breach = facts["breach"]
    restored = np.where(repair, raw["returned"], raw["replacement_delivered"])
    last = np.where(np.isfinite(restored), restored, raw["closed"]) - facts["requested"]
    waited = start - facts["requested"]
    wanted = np.minimum(last, LEGAL_DAYS - 3.0 + rng.random(size))
    target = np.where(repair, world.parameters.number("policy", "repair_target_days"), np.inf)
    target = np.where(is_replaced, world.parameters.number("policy", "exchange_target_days"), target)
    slow = rng.random(size) < world.parameters.number("slow_workshop_share")
    wanted = np.where(slow, last, wanted)
    wanted = np.where(np.abs(wanted - target) < 1.3, target - 1.5, wanted)
    late = breach == CODE["VL14"]
    wanted = np.where(late, LEGAL_DAYS + 3 + 25 * rng.random(size), wanted)
    factor = np.where(last - waited > 0.2, (wanted - waited) / (last - waited), 1.0)
    is_free = np.isin(breach, [CODE["VR22"], CODE["VL20"]]) | ~np.isfinite(factor) | (factor <= 0.1)
    factor = np.where(is_free, 1.0, factor)
    return {name: start + (value - start) * factor for name, value in raw.items()}


def _amounts(
    world: World,
    rng: np.random.Generator,
    facts: Columns,
    has_repair: Array,
    repair: Array,
    rejected: Array,
    names: dict[str, Array],
    pays: Array,
    undiagnosed: Array,
) -> Columns:
    """Work, bills, coverage and outcome of the repair order; refunds."""
    breach, size = facts["breach"], len(has_repair)
    draw = rng.random(size)
    stays = names["replacement"] | names["refund_or_reduction"]
    mended, scrap_until, sold_until = world.parameters.numbers("disposal_draw")
    worth = facts["is_repairable"] & (facts["is_repair_cheaper"] | facts["is_unused"]) & ~undiagnosed
    resold = stays & worth & (draw < mended)
    scrapped = stays & ~resold & (draw < scrap_until)
    as_is = stays & ~resold & ~scrapped & (draw < sold_until)  # the rest still stands in the yard
    outcome = np.select(
        [repair | pays, resold, scrapped, as_is, stays],
        [
            REPAIR_OUTCOMES.index(name)
            for name in ("repaired", "resold_refurbished", "scrapped", "resold_as_is", "replaced")
        ],
        REPAIR_OUTCOMES.index("returned_unrepaired"),
    )
    does_work = repair | pays | resold
    minutes = np.where(does_work, facts["minutes"], np.nan)
    parts = np.where(does_work, facts["parts"], np.nan)
    goodwill = world.parameters.number("ticket_share", "goodwill_no_fault")
    coverage = np.where(rejected, 1, np.where(names["no_fault_found"] & (draw < goodwill), 2, 0))
    bill = np.round(facts["quote"] + facts["inbound_eur"] + facts["outbound_eur"], 2)
    charge = np.where(pays, bill, 0.0)
    charge = np.where(breach == CODE["VR19b"], 0.0, charge)
    charge = np.where(breach == CODE["VR19a"], np.round(facts["quote"] * (0.3 + 0.7 * draw), 2), charge)
    charge = np.where(breach == CODE["VL21"], facts["inbound_eur"], charge)
    scrap = world.parameters.number("resale_share_of_price", "scrapped")
    as_found = world.parameters.number("resale_share_of_price", "as_is")
    salvage = resale_eur(world, rng, facts)
    salvage = np.where(scrapped, np.round(scrap * facts["landed_eur"], 2), salvage)
    salvage = np.where(as_is, np.round(as_found * facts["price_eur"], 2), salvage)
    refund = np.where(
        names["refund_or_reduction"] | names["closed_paypal_refunded"], facts["price_eur"], np.nan
    )
    return {
        "repair_outcome": outcome, "work_minutes": minutes, "work_parts": parts, "coverage": coverage,
        "charge": charge, "quote_bill": np.where(pays, bill, facts["quote"]),
        "resale": np.where(resold | scrapped | as_is, salvage, np.nan), "stays": stays,
        "refund": refund, "does_work": does_work,
    }  # fmt: skip
