"""Worklist: open claims by days left until the 30 days for a remedy are over."""

import streamlit as st

from dashboards import charts, fields
from dashboards.data import ask
from dashboards.drill import with_ways
from dashboards.figures import header
from dashboards.filters import scope as scope_filter
from dashboards.guard import end_page
from dashboards.navigation import open_claim
from dashboards.tables import grid, with_labels
from dashboards.texts import language, t, term
from pipelines.queries.claims import open_claims, urgency
from pipelines.queries.formats import number

header(t("page_worklist"), t("worklist_subtitle"))
scope = scope_filter(("family", "sku", "supplier", "centre"))
lang = language()
claims = ask(open_claims, scope)

counts = urgency(claims)
for column, name in zip(st.columns(4), ("open", "overdue", "due_soon", "safety"), strict=True):
    with column, st.container(border=True, height="stretch", gap="xxsmall"):
        st.metric(t(f"worklist_{name}"), number(counts[name], lang), help=term("remedy_due"))
        st.caption(t(f"worklist_{name}_note"))

if claims.is_empty():
    st.info(t("worklist_empty"))
    end_page()

with st.container(border=True):
    st.subheader(t("worklist_chart"), anchor=False)
    words = {key: t(f"axis_{key}") for key in ("days_left", "claims")}
    days = claims.group_by("days_left", "remedy_due_on").len("claims").sort("days_left")
    days = with_ways(days, "claims", "fct_claims.open_claims", scope, due="remedy_due_on")
    charts.show(charts.days_left_bars(days, words), t("worklist_chart_alt"), lang, height=170)

labelled = with_labels(claims, "family_code", "category", "requested_remedy", "cause", "channel")
st.caption(t("worklist_pick"))
picked = grid(
    labelled,
    {
        "ticket_id": t("axis_ticket"),
        "days_left": fields.number(t("axis_days_left"), is_pinned=True),
        "remedy_due_on": fields.day(t("axis_due")),
        "requested_on": fields.day(t("axis_requested")),
        "is_safety_issue": fields.flag(t("axis_safety")),
        "family_code": t("family"),
        "sku": t("sku"),
        "category": t("axis_category"),
        "requested_remedy": t("axis_remedy"),
        "cause": t("axis_cause"),
        "service_center_id": t("centre"),
        "is_in_warranty": fields.flag(t("axis_in_warranty")),
        "description": fields.text(t("axis_words"), "large"),
    },
    t("page_worklist"),
    key="worklist_rows",
    height=460,
    name="worklist",
)
if picked is not None:
    open_claim(claims["ticket_id"][picked])
