"""A second reader of the policy, continued: from the retailer's records to the facts of each claim.

Row by row, in plain Python; it imports `oracle.py` beside it, which imports nothing. It takes for granted
what is not policy: which unit a ticket is about, the civil dates, what the two remedies would cost.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from oracle import (
    Facts,
    complies,
    legal_outcome,
    months_later,
    policy_outcome,
    presumption_months,
    regime_of,
    remedy_due_on,
    replaced,
    warranty_end,
)

Row = Mapping[str, Any]

REFUSALS = {"rejected_out_of_warranty", "rejected_misuse", "rejected_wear"}
LEGAL_REMEDIES = {
    "withdrawal_refund",
    "refund_or_reduction",
    "spare_part_shipped",
    "replacement",
    "repair_sav_centre",
    "repair_pickup",
}


@dataclass(frozen=True)
class Verdict:
    """What the oracle says about one ticket."""

    facts: Facts
    regime: str
    warranty_end_on: date | None
    presumption_end_on: date | None
    is_presumption_running: bool
    remedy_due_on: date
    requested_remedy: str
    is_disproportionate: bool
    policy_outcome: str | None
    legal_outcome: str | None
    is_policy_compliant: bool | None


@dataclass(frozen=True)
class Books:
    """The retailer's records, by key. `repairs` are lists per ticket."""

    tickets: list[Row]
    lines: Mapping[tuple[str, str], Row]
    repairs: Mapping[str, list[Row]]
    products: Mapping[str, Row]
    centers: list[Row]
    prices: Mapping[str, Row]
    centroids: Mapping[str, tuple[float, float]]
    as_of: date
    near_cache: dict[tuple[str, str, str, date], bool] = field(default_factory=dict)


def verdicts(books: Books) -> dict[str, Verdict]:
    """One verdict per ticket; tickets of one unit are read in the order of their requests."""
    histories: dict[tuple[Any, ...], list[Row]] = defaultdict(list)
    for ticket in sorted(books.tickets, key=lambda row: (row["requested_at"], row["ticket_id"])):
        unit = (ticket["order_id"], ticket["line_number"], ticket["unit_number"])
        alone = None in unit
        histories[(ticket["ticket_id"],) if alone else unit].append(ticket)
    out: dict[str, Verdict] = {}
    for history in histories.values():
        for position, ticket in enumerate(history):
            out[ticket["ticket_id"]] = _verdict(books, ticket, history[:position], out)
    return out


def _verdict(books: Books, ticket: Row, earlier: list[Row], known: Mapping[str, Verdict]) -> Verdict:
    line = books.lines.get((ticket["order_id"], ticket["line_number"]))
    contract_on = line["contract_on"] if line else ticket["requested_on"]
    is_2022 = contract_on >= date(2022, 1, 1)
    is_professional = bool(line) and line["customer_type"] == "professional"
    decided_on = ticket["closed_on"] or books.as_of
    appeared_on = ticket["requested_on"]
    if ticket["defect_appeared_on"] and ticket["defect_appeared_on"] < appeared_on:
        appeared_on = ticket["defect_appeared_on"]
    delivered_on = line["delivered_on"] if line else None
    due_on = remedy_due_on(ticket["requested_on"], contract_on)
    repairs = books.repairs.get(ticket["ticket_id"], [])
    diagnosed = _latest_diagnosed(repairs)

    end_on = presumed_until = None
    in_warranty = presumption_runs = False
    if line and delivered_on:
        start = _clock_start(delivered_on, ticket, earlier, is_2022)
        absences = _absences(books, earlier, start)
        end_on = warranty_end(start, is_2022, bool(absences), absences)
        in_warranty = (appeared_on if is_2022 else ticket["requested_on"]) <= end_on
        if not is_professional:
            second_hand = line["item_condition"] in ("refurbished", "used")
            presumed_until = months_later(start, presumption_months(contract_on, second_hand))
            presumption_runs = appeared_on <= presumed_until

    remedy = "unstated" if is_professional else (ticket["requested_remedy"] or "unstated")
    price = books.prices.get(ticket["ticket_id"], {})
    cause = _cause(books, ticket, repairs, diagnosed, presumption_runs)
    facts = Facts(
        order_found=_is_complete(ticket, delivered_on),
        paypal_state=_paypal_state(ticket, line, decided_on),
        is_withdrawal=_withdrew(ticket, delivered_on, is_professional),
        is_remote_resolved=bool(ticket["is_remote_resolved"]),
        is_in_warranty=in_warranty,
        cause=cause,
        is_legal_escalation=_escalates(books, ticket, repairs, diagnosed, earlier, known, decided_on, due_on),
        is_self_fit_part=ticket["requested_remedy"] == "part" or ticket["category"] == "missing_part",
        is_used=_is_used(ticket, delivered_on),
        is_repairable=diagnosed is None or diagnosed["is_repairable"] is not False,
        is_repair_cheaper=price.get("is_repair_less_costly") is not False,
        has_stock=True,
        is_center_near=_is_center_near(books, ticket, line),
    )
    too_dear = _is_disproportionate(ticket["requested_remedy"], price)
    if not (ticket["is_claim"] or facts.is_withdrawal):
        policy = legal = None
    else:
        policy, legal = policy_outcome(facts), legal_outcome(facts, remedy, too_dear)
    return Verdict(
        facts=facts,
        regime=regime_of(contract_on),
        warranty_end_on=end_on,
        presumption_end_on=presumed_until,
        is_presumption_running=presumption_runs,
        remedy_due_on=due_on,
        requested_remedy=remedy,
        is_disproportionate=too_dear,
        policy_outcome=policy,
        legal_outcome=legal,
        is_policy_compliant=complies(policy, ticket["resolution"], ticket["closed_on"]),
    )


def _is_complete(ticket: Row, delivered_on: date | None) -> bool:
    if not ticket["is_linked"] or delivered_on is None:
        return False
    has_new_unit = ticket["replacement_shipped_at"] or ticket["replacement_delivered_at"]
    if ticket["resolution"] in REFUSALS and has_new_unit and not ticket["is_overturned"]:
        return False
    opened, closed = ticket["paypal_case_opened_on"], ticket["paypal_case_closed_on"]
    return not (opened and closed and closed < opened)


def _latest_diagnosed(repairs: list[Row]) -> Row | None:
    found = [repair for repair in repairs if repair["is_diagnosed"]]
    return max(
        found,
        key=lambda row: (row["diagnosed_at"] or row["received_at"], row["received_at"], row["repair_id"]),
        default=None,
    )


def _cause(
    books: Books, ticket: Row, repairs: list[Row], diagnosed: Row | None, presumption_runs: bool
) -> str:
    for repair in repairs:
        for later in ("returned_on", "diagnosed_on"):
            if repair[later] and repair[later] < repair["received_on"]:
                return "pending"
    if diagnosed is None:
        if ticket["category"] in ("transit_damage", "missing_part"):
            return "defect"
        given = ticket["resolution"] in ("repaired", "replaced", "refunded", "spare_part_shipped")
        return "defect" if given and ticket["category"] != "withdrawal" else "pending"
    code = diagnosed["fault_code"]
    product = books.products.get(ticket["sku"], {})
    has_manual = product.get("has_french_manual") is True
    if code.startswith("D"):
        return "defect"
    if code.startswith("N"):
        return "no_fault"
    if code.startswith("W"):
        return "wear" if code in (product.get("wear_part_codes") or "").split("|") else "defect"
    if code == "M10" and not has_manual:
        return "defect"
    if has_manual and diagnosed["evidence_grade"] in ("A", "B"):
        return "misuse"
    return "defect" if presumption_runs else "pending"


def _paypal_state(ticket: Row, line: Row | None, decided_on: date) -> str:
    opened, closed = ticket["paypal_case_opened_at"], ticket["paypal_case_closed_at"]
    decided = ticket["closed_at"]
    if opened is None or (decided is not None and opened > decided):
        return "none"
    if closed is not None and (decided is None or closed <= decided):
        return "closed_refunded" if ticket["paypal_case_outcome"] == "buyer_refunded" else "closed_kept"
    if line is not None:
        paid_on = line["paid_on"] or line["contract_on"]
        if ticket["paypal_case_opened_on"] > months_later(paid_on, 6):
            return "none"
    return "open"


def _withdrew(ticket: Row, delivered_on: date | None, is_professional: bool) -> bool:
    on = ticket["withdrawal_requested_on"]
    return bool(on and delivered_on and not is_professional and on <= delivered_on + timedelta(days=14))


def _is_used(ticket: Row, delivered_on: date | None) -> bool:
    if delivered_on is None or ticket["is_unused"] is not True:
        return True
    hours = ticket["engine_hours"]
    if hours is not None and hours > 0.5:
        return True
    return ticket["requested_on"] > delivered_on + timedelta(days=14)


def _clock_start(delivered_on: date, ticket: Row, earlier: list[Row], is_2022: bool) -> date:
    renewed = [
        past["replacement_delivered_on"]
        for past in earlier
        if past["requested_remedy"] == "repair"
        and past["replacement_delivered_on"]
        and past["replacement_delivered_on"] <= ticket["requested_on"]
    ]
    return max(renewed) if renewed and is_2022 else delivered_on


def _covered(books: Books, past: Row) -> list[Row]:
    return [
        repair
        for repair in books.repairs.get(past["ticket_id"], [])
        if repair["coverage"] == "covered"
        and repair["outcome"] == "repaired"
        and (repair["repaired_on"] or repair["returned_on"])
    ]


def _absences(books: Books, earlier: list[Row], start: date) -> list[tuple[date, date | None]]:
    out = []
    for past in earlier:
        for repair in _covered(books, past):
            handed_over_on = repair["picked_up_on"] or past["requested_on"]
            if handed_over_on >= start:
                out.append((handed_over_on, repair["returned_on"]))
    return out


def _escalates(
    books: Books,
    ticket: Row,
    repairs: list[Row],
    diagnosed: Row | None,
    earlier: list[Row],
    known: Mapping[str, Verdict],
    decided_on: date,
    due_on: date,
) -> bool:
    if ticket["requested_remedy"] != "refund":
        return False
    remedied = [ticket["replacement_delivered_on"], ticket["refunded_on"]]
    remedied += [repair["returned_on"] for repair in repairs if repair["outcome"] == "repaired"]
    if ticket["resolution"] in ("remote_resolved", "spare_part_shipped", "withdrawn"):
        remedied.append(ticket["closed_on"])
    in_time = any(day is not None and day <= due_on for day in remedied)
    if decided_on > due_on and not in_time:
        return True
    for past in earlier:
        if past["requested_at"] >= ticket["requested_at"]:
            continue
        for repair in _covered(books, past):
            done_on = repair["returned_on"] or repair["repaired_on"]
            again = diagnosed is not None and repair["fault_code"] == diagnosed["fault_code"]
            if again and 0 <= (ticket["requested_on"] - done_on).days <= 90:
                return True
        was_closed = past["closed_at"] and (
            ticket["closed_at"] is None or past["closed_at"] <= ticket["closed_at"]
        )
        if was_closed and past["resolution"] in REFUSALS and past["ticket_id"] in known:
            verdict = known[past["ticket_id"]]
            plain = replaced(verdict.facts, is_legal_escalation=False)
            if legal_outcome(plain, verdict.requested_remedy, verdict.is_disproportionate) in LEGAL_REMEDIES:
                return True
    return False


def _is_disproportionate(requested_remedy: str | None, price: Row) -> bool:
    repair, new, value = (
        price.get(name)
        for name in ("repair_cost_at_decision_eur", "replacement_cost_at_decision_eur", "price_eur")
    )
    asked, other = {"repair": (repair, new), "replacement": (new, repair)}.get(
        requested_remedy or "", (None, None)
    )
    if asked is None:
        return False
    beats_other = other is not None and asked * 2 > other * 3
    return bool(beats_other or (value is not None and asked > value))


def _region(country: str | None, postal_code: str | None) -> str | None:
    code = (postal_code or "").strip()
    if not code:
        return None
    if (country or "FR") == "FR":
        if code[:2] in ("97", "98"):
            return code[:3]
        if code[:2] == "20":
            return "2A" if code[:3] in ("200", "201") else "2B"
    return code[:2]


def _is_center_near(books: Books, ticket: Row, line: Row | None) -> bool:
    if line is None:
        return False
    country, region = line["country_code"] or "FR", _region(line["country_code"], line["postal_code"])
    if region is None:
        return False
    key = (country, region, ticket["family_code"], ticket["requested_on"])
    if key not in books.near_cache:
        books.near_cache[key] = any(_serves(books, center, *key) for center in books.centers)
    return books.near_cache[key]


def _serves(books: Books, center: Row, country: str, region: str, family: str, on: date) -> bool:
    if center["is_warranty_authorised"] is not True or (center["country_code"] or "FR") != country:
        return False
    if (center["valid_from"] and on < center["valid_from"]) or (
        center["valid_to"] and on > center["valid_to"]
    ):
        return False
    if center["family_codes"] is not None and family not in center["family_codes"].split("|"):
        return False
    if _region(center["country_code"], center["postal_code"]) == region:
        return True
    if (
        country != "FR"
        or region not in books.centroids
        or center["latitude"] is None
        or center["longitude"] is None
    ):
        return False
    latitude, longitude = books.centroids[region]
    return _kilometres(latitude, longitude, center["latitude"], center["longitude"]) <= 50


def _kilometres(lat_a: float, lon_a: float, lat_b: float, lon_b: float) -> float:
    a, b, turn = math.radians(lat_a), math.radians(lat_b), math.radians(lon_b - lon_a)
    straight = math.sin(a) * math.sin(b) + math.cos(a) * math.cos(b) * math.cos(turn)
    return 6371 * math.acos(max(-1.0, min(1.0, straight)))
