"""The SQL and the oracle say the same of every claim, and both say what the simulator planned."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import pytest

ESCALATION = "is_legal_escalation"
# The names of the model, where they are not the oracle's.
COLUMNS = {
    "is_remote_resolved": "is_solved_remotely",
    "is_in_warranty": "is_warranty_running",
    "cause": "verdict_cause",
}
FACTS = (
    "order_found", "paypal_state", "is_withdrawal", "is_remote_resolved", "is_in_warranty", "cause",
    "is_legal_escalation", "is_self_fit_part", "is_used", "is_repairable", "is_repair_cheaper", "has_stock",
    "is_center_near",
)  # fmt: skip
REST = (
    "warranty_end_on", "presumption_end_on", "is_presumption_running", "remedy_due_on", "policy_outcome",
    "legal_outcome", "is_policy_compliant", "regime", "requested_remedy", "is_disproportionate",
)  # fmt: skip


def books(clerk: ModuleType, judged: Any) -> Any:
    """The records as the oracle reads them: links, civil dates and prices, nothing of policy."""
    repairs: dict[str, list[dict[str, Any]]] = {}
    for repair in judged.rows("from intermediate.int_repairs__linked where ticket_id is not null"):
        repairs.setdefault(repair["ticket_id"], []).append(repair)
    lines = judged.rows("from intermediate.int_order_lines__in_service")
    centroids = judged.rows("from seeds.department_centroids")
    return clerk.Books(
        tickets=judged.rows("from intermediate.int_tickets__linked"),
        lines={(line["order_id"], line["line_number"]): line for line in lines},
        repairs=repairs,
        products={row["sku"]: row for row in judged.rows("from intermediate.int_products__completed")},
        centers=judged.rows("from staging.stg_feeds__service_centers"),
        prices={row["ticket_id"]: row for row in judged.rows("from intermediate.int_claims__priced")},
        centroids={row["department_code"]: (row["latitude"], row["longitude"]) for row in centroids},
        as_of=judged.as_of,
    )


@pytest.fixture(scope="module")
def both(clerk: ModuleType, judged: Any) -> list[tuple[str, dict[str, Any], Any]]:
    """(ticket_id, the SQL's row, the oracle's verdict) of every ticket."""
    said = clerk.verdicts(books(clerk, judged))
    facts = [f"facts.{COLUMNS.get(name, name)} as {name}" for name in FACTS if name != ESCALATION]
    rows = judged.rows(
        f"""
        select facts.ticket_id, {", ".join(facts)},
            escalated.{ESCALATION}, clocks.warranty_end_on,
            clocks.presumption_end_on, clocks.is_presumption_running, clocks.remedy_due_on,
            judged.policy_outcome, judged.legal_outcome, judged.is_policy_compliant, clocks.regime,
            facts.exercised_remedy as requested_remedy, facts.is_disproportionate
        from intermediate.int_claims__conditions as facts
        join intermediate.int_claims__escalated as escalated using (ticket_id)
        join intermediate.int_claims__warranty as clocks using (ticket_id)
        join intermediate.int_claims__judged as judged using (ticket_id)
        """
    )
    return [(row["ticket_id"], row, said[row["ticket_id"]]) for row in rows]


def test_the_oracle_agrees_on_every_fact_of_every_ticket(both: list[tuple[str, dict[str, Any], Any]]) -> None:
    assert len(both) > 3000
    apart = [
        (ticket, name, row[name], getattr(said.facts, name))
        for ticket, row, said in both
        for name in FACTS
        if row[name] != getattr(said.facts, name)
    ]
    assert not apart, apart[:10]


def test_the_oracle_agrees_on_every_verdict_and_every_clock(
    both: list[tuple[str, dict[str, Any], Any]],
) -> None:
    apart = [
        (ticket, name, row[name], getattr(said, name))
        for ticket, row, said in both
        for name in REST
        if row[name] != getattr(said, name)
    ]
    assert not apart, apart[:10]


def test_clean_closed_claims_get_the_verdict_that_the_simulator_decided_by(judged: Any) -> None:
    apart = judged.rows(
        """
        select t.ticket_id, t.policy_outcome as planned, j.policy_outcome
        from true_tickets as t
        join intermediate.int_claims__judged as j using (ticket_id)
        join intermediate.int_claims__priced as p using (ticket_id)
        where j.policy_rule_id is not null and t.breach_code is null and j.is_policy_compliant is not null
            and j.policy_outcome <> t.policy_outcome
            -- An absurd quote is left out of the price; such a claim says that its repair cost is unknown.
            and not p.is_repair_cost_unknown
        """
    )
    assert not apart


def test_closed_claims_without_a_breach_comply_with_the_policy(judged: Any) -> None:
    rows = judged.rows(
        """
        select count(*) as claims, count(*) filter (where not j.is_policy_compliant) as apart
        from true_tickets as t
        join intermediate.int_claims__judged as j using (ticket_id)
        join intermediate.int_claims__priced as p using (ticket_id)
        where t.breach_code is null and j.is_policy_compliant is not null
            and not (p.is_repair_cost_unknown and t.resolution in ('repaired', 'replaced'))
        """
    )
    assert rows[0]["claims"] > 2000
    assert rows[0]["apart"] == 0
