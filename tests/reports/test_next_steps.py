"""What is to be done about an issue follows from what people did so far."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import polars as pl

from pipelines.queries.evidence import Issue
from pipelines.reports.names import Names
from pipelines.reports.next_steps import next_steps
from pipelines.signals import Alert
from pipelines.signals.ledger import Act, Kind

AS_OF, NAMES = date(2026, 10, 31), Names("en", {}, {})
SIGNAL = {
    "signal_id": "lot_code=L 1", "family_code": "tiller", "sku": "S1", "lot_code": "L 1", "supplier_id": None,
    "service_center_id": None, "fault_code": "D01", "status": "alert", "method": "comparison",
}  # fmt: skip


def issue(**more: Any) -> Issue:
    nothing = pl.DataFrame()
    machines = pl.DataFrame({"has_claimed": [True, False, False]})
    owed = pl.DataFrame({"claimable_eur": [10.0, 5.0]})
    return Issue(SIGNAL | more, nothing, nothing, nothing, nothing, nothing, machines, nothing, owed)


def alert(*acts: tuple[Kind, str, date | None]) -> Alert:
    done = tuple(Act(datetime(2026, 10, 1, tzinfo=UTC), "x", kind, note, until) for kind, note, until in acts)
    return Alert("lot_code=L 1", datetime(2026, 9, 1, tzinfo=UTC), date(2026, 8, 31), "b", {}, done)


def test_an_alert_that_nobody_looks_into_asks_for_a_name_first() -> None:
    steps = next_steps(issue(), None, AS_OF, NAMES)
    assert steps[0].startswith("Nobody looks into it yet")
    # It may be pasted into a shell.
    assert "savoir alert assign 'L 1' …" in steps[0]
    assert "3 machines are out there: containment-L-1-D01-" in steps[1]
    assert "savoir alert confirm 'L 1'" in steps[2]
    owned = next_steps(issue(), alert(("owner", "Ada", None)), AS_OF, NAMES)
    assert owned == steps[1:]


def test_what_is_overdue_comes_before_all_else() -> None:
    acts = (("owner", "Ada", None), ("action", "block stock", date(2026, 10, 1)), ("action", "ask", None))
    steps = next_steps(issue(), alert(*acts), AS_OF, NAMES)
    assert steps[0].startswith("Overdue: block stock.")
    done = alert(*acts, ("action_done", "block stock", None))
    assert not next_steps(issue(), done, AS_OF, NAMES)[0].startswith("Overdue")


def test_a_confirmed_defect_goes_to_the_supplier_with_what_they_owe_and_is_closed_by_a_count() -> None:
    steps = next_steps(issue(status="confirmed"), alert(("owner", "Ada", None)), AS_OF, NAMES)
    assert "8d-L-1-D01-" in steps[0]
    assert steps[1].startswith("Claim €15 from the supplier")
    assert "--action" in steps[3]
    owing_nothing = replace(issue(status="confirmed"), recovery=pl.DataFrame({"claimable_eur": [0.0]}))
    assert not [step for step in next_steps(owing_nothing, None, AS_OF, NAMES) if "Claim" in step]
    assert "savoir alert close 'L 1' --fixed-on …" in steps[-1]
    assert next_steps(issue(status="closed"), None, AS_OF, NAMES) == []


def test_a_question_of_coding_asks_nobody_to_hold_machines_back() -> None:
    steps = next_steps(issue(method="coding"), None, AS_OF, NAMES)
    assert [step for step in steps if "stock" in step] == []
    assert "Compare with the workshop" in steps[-1]
    french = next_steps(issue(method="coding"), None, AS_OF, replace(NAMES, language="fr"))
    assert french[-1].startswith("Comparez avec l'atelier")
