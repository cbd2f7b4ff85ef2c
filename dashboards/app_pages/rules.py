"""Rules: every row of the policy, the law and the audit, its clause, the claims that took it, compliance."""

import polars as pl
import streamlit as st

from dashboards import fields
from dashboards.data import ask
from dashboards.figures import header
from dashboards.guard import end_page
from dashboards.tables import grid, with_labels, with_sentences, with_texts
from dashboards.texts import language, t
from dashboards.url_state import OneOf, bound
from pipelines.queries.audit import rules
from pipelines.queries.words import conditions_in_words

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
table = with_sentences(table, "missing_fields", "reading_en").with_columns(
    conditions=pl.col("conditions").map_elements(
        lambda text: conditions_in_words(text, lang), return_dtype=pl.String
    )
)
if kind == "violation":
    table = with_texts(table, "severity", "severity_", "severity")
if table.is_empty():
    st.info(t("rules_none"))
    end_page()
texts = {
    f"meaning_{lang}": fields.text(t("audit_meaning"), "large"),
    "clause_fr": fields.text(t("audit_clause"), "large"),
}
counts = {
    "claims": fields.number(t("rules_claims")),
    "claims_audited": fields.number(t("rules_audited")),
    "claims_compliant": fields.number(t("rules_compliant")),
}
verdict = {
    "rule_set": t("rules_set"),
    "rule_code": t("rules_code"),
    "conditions": fields.text(t("rules_conditions"), "medium"),
    "outcome": t("axis_outcome"),
    **counts,
    **texts,
    "payer_inbound": t("rules_inbound"),
    "payer_work": t("rules_work"),
    "payer_outbound": t("rules_outbound"),
    "valid_from": fields.day(t("from")),
    "valid_to": fields.day(t("until")),
    "is_reconstructed": fields.flag(t("rules_reconstructed")),
    "x12_1172": "X12 1172",
}
violation = {
    "rule_code": t("rules_code"),
    "severity": t("audit_severity"),
    "claims": fields.number(t("audit_findings")),
    "amount_at_risk_eur": fields.euro(t("audit_amount")),
    **texts,
    "is_evaluable": fields.flag(t("rules_evaluable")),
    "missing_fields": t("rules_missing"),
    "reading_en": fields.text(t("rules_reading"), "large"),
}
st.caption(t(f"rules_{kind}_caption"))
grid(table, violation if kind == "violation" else verdict, t("page_rules"), height=640, name=f"rules_{kind}")
