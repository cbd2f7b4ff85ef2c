"""Did a fix work: claims of a signal's units before and after a day, over the same units under warranty.

Belongs here: counting both sides. Does not belong here: comparing the two rates (`pipelines.signals.ledger`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from pipelines.errors import SavoirError
from pipelines.months import WEEKS_PER_MONTH
from pipelines.queries.snapshot import Snapshot
from pipelines.queries.weeks import Week

_NODE = ("family_code", "sku", "lot_code", "supplier_id")


class EffectivenessError(SavoirError):
    """Claims before and after a fix that the published file cannot count."""


@dataclass(frozen=True)
class Around:
    """Claims and unit-months before and after a fix; the week of the fix itself is in neither."""

    before: tuple[int, float]
    after: tuple[int, float]


def around(snapshot: Snapshot, signal_id: str, fixed_on: date) -> Around:
    """Claims of the signal's fault on its units, in whole weeks before and after `fixed_on`.

    Claims count in the week in which the defect appeared (else of the request), within warranty, as the units
    do that they are divided by. The last weeks lack what is not yet reported or diagnosed.

    Raises:
        EffectivenessError: the signal is not in the file, its units cannot be told apart by week, or one side
            has no units.
    """
    found = snapshot.rows("select * from marts.fct_signals where signal_id = ?", [signal_id])
    if found.is_empty():
        raise EffectivenessError(f"The published file has no signal {signal_id!r}: copy it from fct_signals.")
    node = found.row(0, named=True)
    by_hand = "count both sides yourself and give them as --before 29/1500 --after 3/1400"
    if node["delivery_month"] is not None or node["service_center_id"] is not None:
        raise EffectivenessError(
            f"{signal_id} is a month of delivery or a workshop: units under warranty are not counted by week "
            f"for these; {by_hand}."
        )
    conditions = [f"{column} = ?" for column in _NODE if node[column] is not None]
    values = [node[column] for column in _NODE if node[column] is not None]
    monday = Week.of(fixed_on).monday
    appeared = "cast(date_trunc('week', coalesce(appeared_on, requested_on)) as date)"
    is_fault = "true" if node["fault_code"] is None else "fault_code = ?"
    fault = [] if node["fault_code"] is None else [node["fault_code"]]
    of_node = " and ".join(conditions)
    sides: dict[str, tuple[int, float]] = {}
    for side, sign in (("before", "<"), ("after", ">")):
        units = snapshot.rows(
            "select cast(coalesce(sum(unit_weeks), 0) as double) as units from marts.fct_warranty_exposure "
            f"where week {sign} date '{monday}' and {of_node}",
            values,
        ).item()
        claims = snapshot.rows(
            "select count(*) as claims from marts.fct_claims where is_claim and is_in_warranty "
            f"and {appeared} {sign} date '{monday}' and {of_node} and {is_fault}",
            [*values, *fault],
        ).item()
        if not units:
            raise EffectivenessError(
                f"No unit of {signal_id} was under warranty {side} {fixed_on}: name another day, "
                f"or {by_hand}."
            )
        sides[side] = (int(claims), units / WEEKS_PER_MONTH)
    return Around(**sides)
