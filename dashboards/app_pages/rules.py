"""Rules: every row of the policy, the law and the audit, its clause, the claims that took it, compliance."""

import streamlit as st

from dashboards.data import ask
from dashboards.figures import header
from dashboards.tables import download, grid, with_labels
from dashboards.texts import language, t
from dashboards.url_state import OneOf, bound
from pipelines.queries.audit import rules

header(t("page_rules"), t("rules_subtitle"))
lang = language()
kinds = ("policy", "law", "violation")
kind = st.segmented_control(
    t("page_rules"),
    kinds,
    required=True,
    format_func={code: t(f"rules_{code}") for code in kinds}.__getitem__,
    label_visibility="collapsed",
    **bound("kind", OneOf(kinds), "policy"),
)
table = with_labels(ask(rules, kind), "outcome", "payer_inbound", "payer_work", "payer_outbound")
if table.is_empty():
    st.info(t("rules_none"))
    st.stop()
column = st.column_config
texts = {
    f"meaning_{lang}": column.TextColumn(t("audit_meaning"), width="large"),
    "clause_fr": column.TextColumn(t("audit_clause"), width="large"),
}
counts = {
    "claims": column.NumberColumn(t("rules_claims"), format="localized"),
    "claims_audited": column.NumberColumn(t("rules_audited"), format="localized"),
    "claims_compliant": column.NumberColumn(t("rules_compliant"), format="localized"),
}
verdict = {
    "rule_set": t("rules_set"),
    "rule_code": t("rules_code"),
    "conditions": column.TextColumn(t("rules_conditions"), width="medium"),
    "outcome": t("axis_outcome"),
    **counts,
    **texts,
    "payer_inbound": t("rules_inbound"),
    "payer_work": t("rules_work"),
    "payer_outbound": t("rules_outbound"),
    "valid_from": column.DateColumn(t("from"), format="DD/MM/YYYY"),
    "valid_to": column.DateColumn(t("until"), format="DD/MM/YYYY"),
    "is_reconstructed": column.CheckboxColumn(t("rules_reconstructed")),
    "x12_1172": "X12 1172",
}
violation = {
    "rule_code": t("rules_code"),
    "severity": t("audit_severity"),
    "claims": column.NumberColumn(t("audit_findings"), format="localized"),
    "amount_at_risk_eur": column.NumberColumn(t("audit_amount"), format="euro"),
    **texts,
    "is_evaluable": column.CheckboxColumn(t("rules_evaluable")),
    "missing_fields": t("rules_missing"),
    "reading_en": column.TextColumn(t("rules_reading"), width="large"),
}
st.caption(t(f"rules_{kind}_caption"))
grid(table, violation if kind == "violation" else verdict, t("page_rules"), height=640)
download(table, f"rules_{kind}")
