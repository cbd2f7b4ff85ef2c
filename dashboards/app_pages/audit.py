"""Policy audit: findings by clause, severity and money; policy, law and practice; down to the claim."""

import polars as pl
import streamlit as st

from dashboards import charts, fields, share_charts
from dashboards.data import ask
from dashboards.drill import parameters, with_ways
from dashboards.figures import header, measure_cards
from dashboards.filters import scope as scope_filter
from dashboards.guard import end_page
from dashboards.navigation import go_to, open_claim
from dashboards.tables import grid, matrix_or_table, with_codes_read, with_labels, with_texts
from dashboards.texts import language, t
from dashboards.url_state import OneOf, bound
from pipelines.queries.audit import by_violation, compliance, findings_of, headline, rules, verdict_matrix
from pipelines.queries.behind import CLAIMS

header(t("page_audit"), t("audit_subtitle"))
scope = scope_filter(("family", "sku", "supplier", "centre", "period"))
lang = language()

measure_cards([*ask(headline, scope).values(), *ask(compliance, scope).values()], scope=scope)

with st.container(border=True):
    st.subheader(t("audit_matrix"), anchor=False)
    st.caption(t("audit_matrix_caption"))
    against = st.segmented_control(
        t("audit_matrix"),
        ["policy_outcome", "legal_outcome"],
        required=True,
        format_func={name: t(name) for name in ("policy_outcome", "legal_outcome")}.__getitem__,
        label_visibility="collapsed",
        **bound("against", OneOf(("policy_outcome", "legal_outcome")), "policy_outcome"),
    )
    matrix = ask(verdict_matrix, scope)
    if matrix.is_empty():
        st.info(t("no_claims"))
    else:
        labelled = with_labels(matrix, "policy_outcome", "legal_outcome", "actual_outcome")
        summed = matrix.group_by(against, "actual_outcome").agg(pl.col("claims").sum())
        side = against.removesuffix("_outcome")
        linked = with_ways(summed, "claims", CLAIMS, scope, outcome="actual_outcome", **{side: against})
        cells = with_labels(linked, against, "actual_outcome").rename(
            {against: "policy", "actual_outcome": "practice"}
        )
        words = {key: t(f"share_{key}") for key in share_charts.WORDS} | {"policy": t(against)}
        height = 90 + 30 * cells["policy"].n_unique()
        outcomes = ("policy_outcome", "legal_outcome", "actual_outcome")
        shown = {name: fields.text(t(name)) for name in outcomes} | {
            "claims": fields.number(t("axis_claims"))
        }
        with matrix_or_table(labelled, shown, "verdicts", t("audit_matrix")):
            charts.show(share_charts.verdict_matrix(cells, words), t("audit_matrix_alt"), lang, height)

violations = ask(by_violation, scope)
if violations.is_empty():
    st.info(t("audit_none"))
    end_page()
with st.container(border=True):
    st.subheader(t("audit_violations"), anchor=False)
    st.caption(t("audit_violations_caption"))
    shown = with_texts(violations, "severity", "severity_", "severity_label")
    row = grid(
        shown,
        {
            "violation_code": t("audit_code"),
            "severity_label": t("audit_severity"),
            "findings": fields.number(t("audit_findings")),
            "amount_at_risk": fields.euro(t("audit_amount")),
            f"meaning_{lang}": fields.text(t("audit_meaning"), "large"),
            "clause": fields.text(t("audit_clause"), "large"),
        },
        t("audit_violations"),
        key="violation_rows",
        name="violations",
    )
if row is not None:
    asked = {"violation": violations["violation_code"][row]}
    go_to("claims", **parameters("fct_audit_findings.findings", scope, asked))

with st.container(border=True):
    meanings = dict(violations.select("violation_code", f"meaning_{lang}").iter_rows())
    codes = list(meanings)
    # A link may name a violation that has no finding here: its list is empty then, not another's.
    every = dict(ask(rules, "violation").select("rule_code", f"meaning_{lang}").iter_rows())
    binding = bound("violation", OneOf(every | meanings), codes[0])
    if st.session_state["violation"] not in codes:
        codes.append(st.session_state["violation"])
    code = st.selectbox(
        t("audit_pick"),
        codes,
        format_func=lambda each: f"{each} · {(every | meanings)[each]}",
        **binding,
    )
    findings = ask(findings_of, code, scope)
    st.caption(t("worklist_pick"))
    picked = grid(
        with_codes_read(with_labels(findings, "family_code"), f"evidence_{lang}"),
        {
            "ticket_id": t("axis_ticket"),
            "order_id": t("axis_order"),
            "repair_id": t("axis_repair"),
            "happened_on": fields.day(t("axis_day")),
            "family_code": t("family"),
            "sku": t("sku"),
            "service_center_id": t("centre"),
            "amount_at_risk_eur": fields.euro(t("audit_amount")),
            f"evidence_{lang}": fields.text(t("audit_evidence"), "large"),
        },
        t("audit_pick"),
        key="finding_rows",
        height=420,
        name=f"findings_{code}",
    )
if picked is not None and findings["ticket_id"][picked] is not None:
    open_claim(findings["ticket_id"][picked])
