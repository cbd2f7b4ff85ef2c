"""What the retailer decides: diagnosis, quote, the policy's decision table in priority order.

Quotes fall where they fall, near the break-even too: the truth marks the claims there, since two honest
readers may differ on them. Requests are made clear enough that the law's verdict is beyond doubt.
"""

from __future__ import annotations

import numpy as np

from pipelines.simulation.centers import Centers
from pipelines.simulation.claims import CATEGORIES, PAYPAL_OUTCOMES, REMEDIES, World
from pipelines.simulation.costs import Machines, Rates, remedy_costs
from pipelines.simulation.failures import CAUSES
from pipelines.simulation.parameters import Array, Columns, between, lognormal, picked

OUTCOMES = (
    "info_required", "closed_paypal_refunded", "withdrawal_refund", "remote_resolved",
    "rejected_out_of_warranty", "rejected_misuse", "rejected_wear", "no_fault_found", "refund_or_reduction",
    "spare_part_shipped", "replacement", "repair_sav_centre", "repair_pickup", "suspended_paypal",
)  # fmt: skip
OUTCOME = {name: number for number, name in enumerate(OUTCOMES)}
GRADES = ("A", "B", "C")


def diagnosed(
    world: World, centers: Centers, rates: Rates, rng: np.random.Generator, facts: Columns, lines: Columns
) -> Columns:
    """Where the machine goes, what the technician writes, what repair and replacement would cost."""
    parameters, catalogue = world.parameters, world.catalogue
    size = len(facts["unit"])
    line, sku = facts["line"], facts["sku"]
    near = centers.near[lines["place"][line], catalogue.family[sku]]
    is_near = near >= 0
    center = np.where(is_near, near, centers.fallback)
    # A machine that never ran goes back to the retailer's own workshop, by carrier.
    center = np.where(facts["is_unused"], centers.fallback, center)
    is_brought = is_near & ~facts["is_unused"]

    recorded, grade = _recorded_fault(world, centers, rng, facts, center)
    kind = np.array([CAUSES.index(_kind_of(code)) for code in catalogue.faults.codes])[recorded]
    manual = catalogue.has_french_manual[sku]
    is_proven = (kind == CAUSES.index("misuse")) & (grade < 2) & manual
    is_wear = (kind == CAUSES.index("wear")) & catalogue.has_wear_list[sku]

    true_fault = facts["fault"]
    price = lines["price"][line]
    speed = centers.price[center]
    minutes = lognormal(
        rng, size, np.maximum(catalogue.faults.labour_minutes[true_fault], 5) * speed,
        parameters.number("labour_spread"),
    )  # fmt: skip
    minutes = np.clip(np.round(minutes * (0.7 + 0.6 * np.sqrt(price / 600))), 5, 1200)
    parts = lognormal(
        rng, size, catalogue.faults.parts_share[true_fault] * price * speed, parameters.number("parts_spread")
    )
    parts = np.round(np.minimum(parts, 2.0 * price), 2)
    rate = centers.labour_rate_eur_per_hour[center]
    true_work = np.round(minutes / 60 * rate, 2) + parts
    quote = np.round(true_work * np.exp(parameters.number("quote_spread") * rng.standard_normal(size)))
    machines = Machines(
        family_code=np.array(catalogue.families, dtype=object)[catalogue.family[sku]],
        weight_kg=catalogue.weight_kg[sku],
        requested=facts["requested"],
        contract=facts["contract"],
        price_eur=price,
        landed_eur=lines["landed_cost"][line],
        is_unused=facts["is_unused"],
    )

    def listed(code: str) -> Array:
        return rates.of(code, machines.family_code, machines.weight_kg, np.floor(facts["requested"]))

    freight = listed("freight_leg_eur")
    money = {
        "diagnosis_eur": np.round(listed("diagnosis_hours") * rate, 2),
        "inbound_eur": np.where(is_brought, 0.0, freight),
        "outbound_eur": np.where(is_brought, 0.0, freight),
    }
    asks_repair = facts["remedy"] == REMEDIES.index("repair")
    repair, replacement = remedy_costs(rates, machines, quote, is_renewing=asks_repair, **money)
    margin = np.maximum(
        parameters.number("near_break_even_share") * price, parameters.number("near_break_even_eur")
    )
    is_cheaper = repair < parameters.number("policy", "repair_limit_ratio") * replacement
    later = remedy_costs(rates, machines, true_work, is_renewing=asks_repair, **money)
    is_repairable = rng.random(size) >= catalogue.faults.irreparable[true_fault]
    pays_quote = is_repairable & (rng.random(size) < parameters.number("accepted_quote_share"))
    is_sent_in = rng.random(size) < parameters.number("out_of_warranty_diagnosis_share")
    return {
        "center": center, "is_near": is_near, "is_brought": is_brought, "recorded": recorded, "grade": grade,
        "is_unproven_misuse": (kind == CAUSES.index("misuse")) & ~is_proven, "is_proven_misuse": is_proven,
        "is_wear": is_wear, "is_no_fault": kind == CAUSES.index("no_fault"), "kind": kind,
        "minutes": minutes, "parts": parts, "labour_rate": rate, "true_work": true_work, "quote": quote,
        "is_near_break_even": np.abs(repair - replacement) < margin,
        "is_repairable": is_repairable, "is_repair_cheaper": is_cheaper,
        "pays_quote": pays_quote, "is_sent_in": is_sent_in,
        "repair_cost": repair, "replacement_cost": replacement, "true_repair_cost": later[0],
        "true_replacement_cost": later[1], "freight": freight,
        "price_eur": price, "landed_eur": machines.landed_eur, "margin": margin, **money,
    }  # fmt: skip


def decided(world: World, facts: Columns, state: Columns) -> Columns:
    """The policy's outcome, and requests made clear enough that the law's verdict is beyond doubt."""
    remedy = facts["remedy"].copy()
    repeat_days = world.parameters.number("policy", "repeat_fault_days")
    disproportionate = world.parameters.number("policy", "disproportion_ratio")
    is_used = ~facts["is_unused"]
    unit = facts["unit"]
    since = facts["requested"] - state["last_return"][unit]
    same_again = (facts["recorded"] == state["last_fault"][unit]) & (since > 0)
    is_escalated = same_again & (since < repeat_days - 8)
    # Refund asked near the last day: read as a request for repair, so that no count of days decides.
    unclear = (remedy == REMEDIES.index("refund")) & same_again & ~is_escalated & (since < repeat_days + 12)
    remedy = np.where(unclear, REMEDIES.index("repair"), remedy)

    # By the quote and by the bill that will come: both must say the same.
    repair = np.array([facts["repair_cost"], facts["true_repair_cost"]])
    new = np.array([facts["replacement_cost"], facts["true_replacement_cost"]])
    ratio, value = new / repair, facts["price_eur"]
    wants_new = remedy == REMEDIES.index("replacement")
    wants_repair = remedy == REMEDIES.index("repair")
    gives_new = ~is_used | ~facts["is_repairable"] | ~facts["is_repair_cheaper"]
    # Asked for a new one, gets a repair: lawful where the new one is disproportionate beyond doubt.
    is_excessive = np.all((ratio > disproportionate * 1.2) | (new > 1.35 * value), axis=0)
    is_modest = np.all((ratio < disproportionate * 0.8) & (new < 0.95 * value), axis=0)
    can_breach = wants_new & ~gives_new & is_modest & facts["is_consumer"]
    remedy = np.where(wants_new & ~gives_new & ~is_excessive & ~is_modest, REMEDIES.index("unstated"), remedy)
    # Asked for a repair, gets a new one: lawful where impossible or disproportionate beyond doubt.
    excess = np.all((1 / ratio > disproportionate * 1.2) | (repair > 1.35 * value), axis=0)
    remedy = np.where(
        wants_repair & gives_new & facts["is_repairable"] & ~excess, REMEDIES.index("unstated"), remedy
    )
    is_refunded = (facts["paypal_outcome"] == PAYPAL_OUTCOMES.index("buyer_refunded")) & np.isfinite(
        facts["paypal_opened"]
    )
    takes_part = (remedy == REMEDIES.index("part")) | (facts["category"] == CATEGORIES.index("missing_part"))
    outcome = np.select(
        [
            facts["link"] == 3,
            is_refunded,
            facts["is_remote_resolved"],
            ~facts["is_in_warranty"],
            takes_part,  # decided without a diagnosis: presumed a defect
            facts["is_proven_misuse"],
            facts["is_wear"],
            facts["is_no_fault"],
            is_escalated & (remedy == REMEDIES.index("refund")),
            gives_new,
            facts["is_near"],
        ],
        [
            OUTCOME[name]
            for name in (
                "info_required",
                "closed_paypal_refunded",
                "remote_resolved",
                "rejected_out_of_warranty",
                "spare_part_shipped",
                "rejected_misuse",
                "rejected_wear",
                "no_fault_found",
                "refund_or_reduction",
                "replacement",
                "repair_sav_centre",
            )
        ],
        OUTCOME["repair_pickup"],
    )
    return {"remedy": remedy, "outcome": outcome, "can_breach_choice": can_breach}


def is_repair(outcome: Array) -> Array:
    """Whether the outcome is a repair under guarantee, by either way."""
    return (outcome == OUTCOME["repair_sav_centre"]) | (outcome == OUTCOME["repair_pickup"])


def _kind_of(code: str) -> str:
    return (
        "transit" if code == "D12" else {"M": "misuse", "D": "defect", "W": "wear", "N": "no_fault"}[code[0]]
    )


def _recorded_fault(
    world: World, centers: Centers, rng: np.random.Generator, facts: Columns, center: Array
) -> tuple[Array, Array]:
    """The technician's fault code and grade of evidence: strict centres see misuse in some defects."""
    catalogue, parameters = world.catalogue, world.parameters
    size = len(center)
    fault, sku = facts["fault"], facts["sku"]
    is_misuse = facts["cause"] == CAUSES.index("misuse")
    manual = catalogue.has_french_manual[sku]
    surely = facts["is_surely_presumed"]
    blamed = (facts["cause"] == 0) & ~facts["is_unused"] & (rng.random(size) < centers.strictness[center])
    blamed &= manual | surely
    edges = catalogue.faults.kinds["misuse"][catalogue.product_class[sku]]
    substitute = (edges <= rng.random(size)[:, None] * (1 - 1e-9)).sum(axis=1)
    recorded = np.where(blamed, substitute, fault)
    # Without presumption and without a manual, misuse can be held against nobody: the manual is the defect.
    manual_defect = catalogue.faults.codes.index("D10")
    recorded = np.where(is_misuse & ~manual & ~surely, manual_defect, recorded)
    grade = np.where(
        is_misuse | blamed,
        picked(rng, size, parameters.numbers("evidence_mix", "misuse")),
        picked(rng, size, parameters.numbers("evidence_mix", "other")),
    )
    return recorded, np.where((is_misuse | blamed) & ~surely, np.minimum(grade, 1), grade)


def resale_eur(world: World, rng: np.random.Generator, facts: Columns) -> Array:
    """What a returned and repaired machine brings."""
    used = world.parameters.numbers("resale_share_of_price", "used")
    unused = world.parameters.numbers("resale_share_of_price", "unused")
    low, high = (np.where(facts["is_unused"], unused[end], used[end]) for end in (0, 1))
    return np.round(facts["price_eur"] * between(rng, len(low), low, high), 2)
