"""A second reader of the policy: row by row, in plain Python, from the page's text and the law's.

It imports nothing of the project and reads none of its seeds, so that it can contradict them. Here: from the
facts of a claim to its verdict, and the dates of the clock. `clerk.py` establishes the facts.
"""

from __future__ import annotations

import calendar
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any


@dataclass(frozen=True)
class Facts:
    """What the page's paragraphs turn on."""

    order_found: bool
    paypal_state: str
    is_withdrawal: bool
    is_remote_resolved: bool
    is_in_warranty: bool
    cause: str
    is_legal_escalation: bool
    is_self_fit_part: bool
    is_used: bool
    is_repairable: bool
    is_repair_cheaper: bool
    has_stock: bool
    is_center_near: bool


def months_later(day: date, months: int) -> date:
    """The same day of a later month, or that month's last."""
    index = day.year * 12 + day.month - 1 + months
    year, month = divmod(index, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def policy_outcome(facts: Facts) -> str:
    """What the page says, paragraph by paragraph."""
    if not facts.order_found:
        return "info_required"
    if facts.paypal_state == "closed_refunded":
        return "closed_paypal_refunded"
    if facts.paypal_state == "open":
        return "suspended_paypal"
    if facts.is_withdrawal:
        return "withdrawal_refund"
    if facts.is_remote_resolved:
        return "remote_resolved"
    if not facts.is_in_warranty:
        return "rejected_out_of_warranty"
    not_covered = {
        "pending": "diagnose",
        "misuse": "rejected_misuse",
        "wear": "rejected_wear",
        "no_fault": "no_fault_found",
    }
    if facts.cause in not_covered:
        return not_covered[facts.cause]
    if facts.is_legal_escalation:
        return "refund_or_reduction"
    if facts.is_self_fit_part:
        return "spare_part_shipped"
    wants_new_unit = not (facts.is_used and facts.is_repairable and facts.is_repair_cheaper)
    if wants_new_unit and facts.has_stock:
        return "replacement"
    if not facts.is_repairable:
        return "refund_or_reduction"
    return "repair_sav_centre" if facts.is_center_near else "repair_pickup"


def legal_outcome(facts: Facts, requested_remedy: str, is_disproportionate: bool) -> str:
    """What the law says: no hold for PayPal, and the consumer chooses between the cures."""
    unheld = facts.paypal_state if facts.paypal_state == "closed_refunded" else "none"
    before_the_cure = policy_outcome(replaced(facts, paypal_state=unheld))
    if (
        before_the_cure not in ("replacement", "repair_sav_centre", "repair_pickup")
        or not facts.is_repairable
    ):
        return before_the_cure
    repair = "repair_sav_centre" if facts.is_center_near else "repair_pickup"
    # Out of proportion lets the seller give the other cure; where that one is dearer, he does not.
    if requested_remedy == "replacement":
        is_overridden = is_disproportionate and facts.is_repair_cheaper
        return "replacement" if facts.has_stock and not is_overridden else repair
    if requested_remedy == "repair":
        is_overridden = is_disproportionate and not facts.is_repair_cheaper
        return "replacement" if facts.has_stock and is_overridden else repair
    return before_the_cure


def payers_due(outcome: str) -> tuple[str | None, str | None, str | None]:
    """Who pays the way in, the work, the way out."""
    if outcome in ("rejected_out_of_warranty", "rejected_misuse", "rejected_wear"):
        return ("customer", "customer", "customer")
    return {
        "info_required": (None, None, None),
        "closed_paypal_refunded": ("paypal", None, None),
        "suspended_paypal": ("customer", None, None),
        "withdrawal_refund": ("customer", None, "seller"),
        "remote_resolved": (None, "seller", None),
        "diagnose": ("seller", "seller", None),
        "no_fault_found": ("seller", "seller", "seller"),
        "refund_or_reduction": ("seller", None, None),
        "spare_part_shipped": (None, "seller", "seller"),
        "replacement": ("seller", None, "seller"),
        "repair_sav_centre": ("seller", "seller", "seller"),
        "repair_pickup": ("seller", "seller", "seller"),
    }[outcome]


def replaced(facts: Facts, **changes: Any) -> Facts:
    return Facts(**{**facts.__dict__, **changes})


def regime_of(contract_on: date) -> str:
    """Which numbering and substance of the code de la consommation a contract falls under."""
    if contract_on >= date(2022, 1, 1):
        return "2022"
    return "RENUMBERED" if contract_on >= date(2016, 7, 1) else "LEGACY"


def presumption_months(contract_on: date, is_second_hand: bool) -> int:
    """How long a defect is presumed to have been there at delivery."""
    if is_second_hand:
        return 12 if contract_on >= date(2022, 1, 1) else 6
    return 24 if contract_on >= date(2016, 3, 18) else 6


def remedy_due_on(requested_on: date, contract_on: date) -> date:
    """The last day for a remedy: a month, or 30 days since the contracts of 2022."""
    if contract_on >= date(2022, 1, 1):
        return requested_on + timedelta(days=30)
    return months_later(requested_on, 1)


def days_away(absences: Iterable[tuple[date, date | None]]) -> int:
    """Days on which the machine was away, counted once each."""
    away: set[int] = set()
    for start, end in absences:
        if end is not None:
            away.update(range(start.toordinal(), end.toordinal()))
    return len(away)


def warranty_end(
    start: date, is_2022: bool, has_covered_repair: bool, absences: list[tuple[date, date | None]]
) -> date:
    """Last day of the guarantee: two years, six months for a repair, the days away, in this order."""
    end = months_later(start, 24)
    if is_2022 and has_covered_repair:
        end = months_later(end, 6) + timedelta(days=days_away(absences))
    return end


def complies(outcome: str | None, resolution: str | None, closed_on: date | None) -> bool | None:
    """Whether what was done is of the kind that was due; nothing to say about an open case."""
    if outcome is None or resolution is None or closed_on is None:
        return None
    if resolution == "repaired":
        return outcome in ("repair_sav_centre", "repair_pickup")
    if resolution == "replaced":
        return outcome == "replacement"
    if resolution == "refunded":
        return outcome in ("refund_or_reduction", "withdrawal_refund", "closed_paypal_refunded")
    if resolution == "withdrawn":
        return outcome == "withdrawal_refund"
    return outcome == resolution
