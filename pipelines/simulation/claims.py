"""What a customer reports when a machine fails: the facts of a ticket, before anybody decides anything."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pipelines.months import DAYS_PER_MONTH
from pipelines.simulation.calendar import in_opening_hours, months_later
from pipelines.simulation.catalogue import GROUPS, POWER_SOURCES, Catalogue
from pipelines.simulation.failures import CAUSES
from pipelines.simulation.orders import Market
from pipelines.simulation.parameters import Array, Columns, Parameters, between, lognormal, picked

CATEGORIES = (
    "assembly", "start_up", "breakdown", "missing_part", "transit_damage", "withdrawal", "question", "other",
)  # fmt: skip
REMEDIES = ("unstated", "repair", "replacement", "refund", "part")
CHANNELS = ("portal", "phone", "email", "chat", "marketplace", "other")
PAYPAL_OUTCOMES = ("buyer_refunded", "partial_refund", "seller_won", "withdrawn")
LINKS = ("order_line", "serial", "customer", "none")

REGIME_2022 = float(np.datetime64("2022-01-01", "D").astype(np.int64))
REGIME_2016 = float(np.datetime64("2016-03-18", "D").astype(np.int64))
GUARANTEE_MONTHS = 24


@dataclass(frozen=True)
class World:
    """What does not change while a run goes on."""

    parameters: Parameters
    catalogue: Catalogue
    market: Market
    fault_codes: Array

    def is_fault(self, fault: Array, *codes: str) -> Array:
        """Whether each fault index is one of the codes."""
        return np.isin(fault, [self.catalogue.faults.codes.index(code) for code in codes])


def facts_of_events(
    world: World,
    rng: np.random.Generator,
    events: Columns,
    lines: Columns,
    units: Columns,
    state: Columns,
    wave: int,
) -> Columns:
    """One element per ticket: order, machine, fault, report, PayPal case and guarantee clock."""
    parameters, catalogue = world.parameters, world.catalogue
    size = len(events["unit"])
    unit = events["unit"]
    line = units["line"][unit]
    sku = lines["sku"][line]
    delivered = lines["delivered"][line]
    appeared = np.maximum(events["appeared"], delivered + 0.01)
    median, sigma = parameters.numbers("reporting_delay_days")
    years = (appeared - world.market.first_day) / 365.25
    drift = parameters.number("reporting_delay_yearly_factor") ** years
    delay = 0.05 + lognormal(rng, size, median * drift, sigma)

    cause, onset, fault = events["cause"], events["onset"], events["fault"]
    is_arrival = (onset == 0) & (wave == 0)
    margin = np.where(lines["is_delivery_hidden"][line], 5.0, 1.0)
    early = delivered + parameters.number("policy", "unused_report_days") - margin - appeared
    is_unused = is_arrival & (early > 0.5) & (lines["condition"][line] == 0)
    is_unused &= np.isin(cause, [CAUSES.index("defect"), CAUSES.index("no_fault"), CAUSES.index("transit")])
    is_unused &= rng.random(size) < parameters.number("unused_share", "dead_on_arrival")
    delay = np.where(is_unused, np.minimum(delay, early * (0.2 + 0.7 * rng.random(size))), delay)
    requested = in_opening_hours(appeared + delay)
    appeared = np.minimum(appeared, requested)

    category = _categories(world, rng, cause, fault, onset, is_arrival, sku)
    is_missing_part = category == CATEGORIES.index("missing_part")
    is_simple = np.isin(category, [CATEGORIES.index("assembly"), CATEGORIES.index("start_up")])
    shares = parameters.numbers("requested_remedy_mix")
    remedy = picked(rng, size, shares)
    small = catalogue.faults.parts_share[fault] <= parameters.number("small_part_share")
    asks_part = (cause == 0) & small & (rng.random(size) < parameters.number("part_request_share", "defect"))
    remedy = np.where(
        asks_part
        | (is_missing_part & (rng.random(size) < parameters.number("ticket_share", "missing_part_asked"))),
        REMEDIES.index("part"),
        remedy,
    )
    # A customer whose machine never ran does not ask to have it mended.
    remedy = np.where(is_unused & (remedy == REMEDIES.index("repair")), REMEDIES.index("replacement"), remedy)

    is_safety = rng.random(size) < parameters.number("ticket_share", "safety")
    attempt_share = np.where(
        is_simple,
        parameters.number("remote_attempt_share", "simple"),
        parameters.number("remote_attempt_share", "breakdown"),
    )
    can_attempt = ~is_missing_part & (cause != CAUSES.index("transit")) & (is_simple | ~is_safety)
    is_attempted = can_attempt & (rng.random(size) < attempt_share)
    fix_share = np.array(
        [parameters.number("remote_fix_share", name) for name in ("defect", "misuse", "no_fault", "wear")]
        + [0.0]
    )[cause]
    fix_share = np.where(is_simple, parameters.number("remote_fix_share", "simple"), fix_share)
    is_remote_resolved = is_attempted & (rng.random(size) < fix_share)
    remote = in_opening_hours(requested + between(rng, size, *parameters.numbers("stage_days", "remote")))

    link = np.where(
        lines["has_serial"][line] & (rng.random(size) < parameters.number("ticket_share", "serial_only")),
        1,
        0,
    )
    can_be_customer = lines["is_one_time"][line] & (lines["quantity"][line] == 1)
    link = np.where(
        can_be_customer & (rng.random(size) < parameters.number("ticket_share", "customer_only")), 2, link
    )

    by_exchange = state["is_exchange_booked"][unit] & (link == 0)
    by_exchange &= rng.random(size) < parameters.number("exchange", "later_by_order_share")
    is_known = rng.random(size) < parameters.number("ticket_share", "appearance_known")
    replied = in_opening_hours(requested + between(rng, size, *parameters.numbers("stage_days", "reply")))
    paypal = _paypal(world, rng, lines, line, requested, is_remote_resolved)
    facts = {
        "unit": unit, "line": line, "sku": sku, "wave": np.full(size, wave), "cause": cause, "onset": onset,
        "fault": fault, "delivered": delivered, "appeared": appeared, "requested": requested,
        "is_appearance_known": is_known, "category": category, "remedy": remedy,
        "is_unused": is_unused, "is_simple": is_simple, "is_safety": is_safety, "remote": remote,
        "is_attempted": is_attempted, "is_remote_resolved": is_remote_resolved, "link": link,
        "channel": picked(rng, size, parameters.numbers("channel_mix", "fault")),
        "assignee": rng.integers(1, int(parameters.number("operators")) + 1, size), "replied": replied,
        "engine_hours": _engine_hours(world, rng, sku, requested - delivered, is_unused),
        "quantity": np.ones(size, dtype=np.int64), "lifetime": events["lifetime"],
        "bad_lot": events["bad_lot"], "is_by_exchange_order": by_exchange,
        "shows_new_serial": state["is_serial_renewed"][unit],
        **paypal,
    }  # fmt: skip
    return facts | warranty_clock(facts, lines, state)


def warranty_clock(facts: Columns, lines: Columns, state: Columns) -> Columns:
    """Last day of the guarantee, whether the fault lies within, and whether the presumption surely runs."""
    unit, line = facts["unit"], facts["line"]
    contract = lines["contract"][line]
    is_2022 = contract >= REGIME_2022
    end = months_later(state["clock_from"][unit], GUARANTEE_MONTHS)
    extended = is_2022 & state["has_extension"][unit]
    end = np.where(extended, months_later(end, 6) + state["immobilised_days"][unit], end)
    reported = np.floor(facts["requested"])
    known = facts["is_appearance_known"]
    tested = np.where(is_2022 & known, np.floor(facts["appeared"]), reported)
    is_in = tested <= end
    second_hand = lines["condition"][line] > 0
    months = np.where(
        second_hand,
        np.where(is_2022, 12, 6),
        np.where(contract >= REGIME_2016, 24, 6),
    )
    start = state["clock_from"][unit]
    presumed_end = np.select(
        [months == m for m in (6, 12, 24)], [months_later(start, m) for m in (6, 12, 24)]
    )
    is_consumer = lines["customer_type"][line] != 1
    # Three days of distance: how a boundary is counted shall not decide a simulated case.
    surely = is_consumer & (reported < presumed_end - 3) & (start == np.floor(lines["delivered"][line]))
    doubtful = (np.abs(tested - end) < 5) & (extended | lines["is_delivery_hidden"][line])
    return {
        "contract": contract,
        "warranty_end": end,
        "is_in_warranty": is_in,
        "is_clock_doubtful": doubtful,
        "is_surely_presumed": surely,
        "is_consumer": is_consumer,
    }


def _categories(
    world: World,
    rng: np.random.Generator,
    cause: Array,
    fault: Array,
    onset: Array,
    is_arrival: Array,
    sku: Array,
) -> Array:
    size = len(cause)
    draw = rng.random(size)
    out = np.full(size, CATEGORIES.index("breakdown"))
    out = np.where(
        draw > 1 - world.parameters.number("ticket_share", "other_category"), CATEGORIES.index("other"), out
    )
    starts = is_arrival & (
        draw < world.parameters.number("ticket_share", "arrival_start_up")
    ) | world.is_fault(fault, "M01", "M03", "N01") & (
        draw < world.parameters.number("ticket_share", "later_start_up")
    )
    out = np.where(starts, CATEGORIES.index("start_up"), out)
    out = np.where(world.is_fault(fault, "M10"), CATEGORIES.index("assembly"), out)
    missing = (
        world.is_fault(fault, "D10")
        & is_arrival
        & (draw < world.parameters.number("ticket_share", "arrival_missing_part"))
    )
    out = np.where(missing, CATEGORIES.index("missing_part"), out)
    return np.where(cause == CAUSES.index("transit"), CATEGORIES.index("transit_damage"), out)


def _engine_hours(
    world: World, rng: np.random.Generator, sku: Array, age_days: Array, is_unused: Array
) -> Array:
    has_engine = np.array(["engine" in GROUPS[source] for source in POWER_SOURCES])[
        world.catalogue.power[sku]
    ]
    months = np.maximum(age_days, 1) / DAYS_PER_MONTH
    hours = np.round(
        0.6 + lognormal(rng, len(sku), world.parameters.number("engine_hours_per_month") * months, 0.5), 1
    )
    hours = np.where(is_unused, np.round(0.4 * rng.random(len(sku)), 1), hours)
    return np.where(
        has_engine & (rng.random(len(sku)) < world.parameters.number("ticket_share", "engine_hours_known")),
        hours,
        np.nan,
    )


def _paypal(
    world: World,
    rng: np.random.Generator,
    lines: Columns,
    line: Array,
    requested: Array,
    is_remote_resolved: Array,
) -> Columns:
    parameters, size = world.parameters, len(line)
    paid = lines["paid"][line]
    possible = (lines["payment"][line] == 0) & (requested < paid + 170) & ~is_remote_resolved
    has_case = possible & (rng.random(size) < parameters.number("paypal_case_rate"))
    opened = in_opening_hours(requested + between(rng, size, 0.05, 1.5))
    low, high = parameters.numbers("paypal_case_days")
    closed = in_opening_hours(opened + between(rng, size, low, high))
    outcome = picked(rng, size, parameters.numbers("paypal_outcome_mix"))
    return {
        "paid": paid,
        "is_paypal": lines["payment"][line] == 0,
        "paypal_opened": np.where(has_case, opened, np.nan),
        "paypal_closed": np.where(has_case, closed, np.nan),
        "paypal_outcome": np.where(has_case, outcome, -1),
    }
