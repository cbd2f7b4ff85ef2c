"""The policy audit: findings by clause and severity, policy against law against practice, and every rule."""

from __future__ import annotations

import polars as pl

from pipelines.queries.measures import Value, beside, values, values_by
from pipelines.queries.scopes import Scope, where
from pipelines.queries.snapshot import Snapshot

FINDINGS = ("findings", "amount_at_risk", "statutory_findings")
COMPLIANCE = ("compliance", "law_compliance", "verdicts_apart", "below_statute", "remedied_late")
# A page lists at most this many findings of one violation; the count beside it is of all.
LIST_LIMIT = 1000


def headline(snapshot: Snapshot, scope: Scope) -> dict[str, Value]:
    """Findings, money at risk, the share that touches a statute."""
    return values(snapshot, "fct_audit_findings", FINDINGS, scope)


def compliance(snapshot: Snapshot, scope: Scope) -> dict[str, Value]:
    """How practice stands to the policy and to the law, among judged claims."""
    return values(snapshot, "fct_claims", COMPLIANCE, scope)


def by_violation(snapshot: Snapshot, scope: Scope) -> pl.DataFrame:
    """One row per violation: code, severity, clause, meaning in both languages, findings, amount."""
    keys = ["violation_code", "severity", "clause", "meaning_en", "meaning_fr"]
    names = ["findings", "amount_at_risk"]
    counted = values_by(snapshot, "fct_audit_findings", names, keys, scope)
    return (
        beside(counted, keys, names)
        .with_columns(pl.col("findings").cast(pl.Int64))
        .sort("severity", "findings", "violation_code", descending=[False, True, False])
    )


def findings_of(snapshot: Snapshot, violation_code: str, scope: Scope) -> pl.DataFrame:
    """The findings of one violation, the dearest first, at most LIST_LIMIT of them."""
    condition, parameters = where("fct_audit_findings", scope)
    return snapshot.rows(
        "select ticket_id, order_id, line_number, repair_id, family_code, sku, service_center_id, "
        "happened_on, severity, amount_at_risk_eur, evidence_en, evidence_fr from marts.fct_audit_findings "
        f"where violation_code = ? and {condition} "
        f"order by amount_at_risk_eur desc nulls last, happened_on desc, finding_id limit {LIST_LIMIT}",
        [violation_code, *parameters],
    )


def verdict_matrix(snapshot: Snapshot, scope: Scope) -> pl.DataFrame:
    """Judged claims by what the policy said, what the law said and what was done."""
    condition, parameters = where("fct_claims", scope)
    return snapshot.rows(
        f"""
        select policy_outcome, legal_outcome, actual_outcome, count(*) as claims
        from marts.fct_claims
        where is_claim and is_judged and {condition}
        group by all
        order by claims desc, policy_outcome, legal_outcome, actual_outcome
        """,
        parameters,
    )


def rules(snapshot: Snapshot, rule_type: str) -> pl.DataFrame:
    """Every rule of a type (policy, law, violation), its clause, the claims that took it, compliance."""
    return snapshot.rows(
        """
        select
            policy_rule_id, rule_set, rule_code, priority, valid_from, valid_to, conditions, outcome,
            payer_inbound, payer_work, payer_outbound, x12_1172, is_reconstructed, clause_fr, meaning_en,
            meaning_fr, severity, is_evaluable, missing_fields, reading_en, claims, claims_audited,
            claims_compliant, amount_at_risk_eur
        from marts.dim_policy_rules
        where rule_type = ?
        order by rule_set, priority, rule_code
        """,
        [rule_type],
    )
