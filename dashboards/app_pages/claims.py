"""Claim explorer: filter the claims, open one, see its life from order to repair. The URL holds all of it."""

from pathlib import Path

import streamlit as st

from dashboards import claim_view, fields
from dashboards.data import ask
from dashboards.figures import header
from dashboards.filters import choice
from dashboards.filters import scope as scope_filter
from dashboards.guard import end_page
from dashboards.navigation import way_back
from dashboards.tables import grid, with_labels
from dashboards.texts import language, t
from dashboards.url_state import bound
from pipelines.queries.claims import LIST_LIMIT, claims_list, codes_of
from pipelines.queries.formats import number

PAGES = {path.stem for path in Path(__file__).parent.glob("*.py")}

header(t("page_claims"), t("claims_subtitle"))
scope = scope_filter(("family", "sku", "supplier", "centre", "period"))
with st.sidebar:
    cause = choice("cause", t("axis_cause"), ask(codes_of, "cause"), t("all_causes"))
    outcome = choice("outcome", t("axis_outcome"), ask(codes_of, "actual_outcome"), t("all_outcomes"))
    text = st.text_input(
        t("search"), placeholder=t("search_hint"), icon=":material/search:", **bound("q", str)
    )
lang = language()

opened = st.query_params.get("claim")
if opened:
    way_back(PAGES)
    claim_view.show(opened)
    end_page()

rows, total = ask(claims_list, scope, cause, outcome, text or "")
if rows.is_empty():
    st.info(t("no_claims"))
    end_page()
counted = "claims_limited" if total > LIST_LIMIT else "claims_found" if total > 1 else "claims_found_one"
shown = {"shown": number(rows.height, lang), "total": number(total, lang)}
st.caption(t(counted, **shown) + " " + t("worklist_pick"))
labelled = with_labels(rows, "family_code", "category", "cause", "actual_outcome")
picked = grid(
    labelled,
    {
        "ticket_id": t("axis_ticket"),
        "requested_on": fields.day(t("axis_requested")),
        "family_code": t("family"),
        "sku": t("sku"),
        "lot_code": t("axis_lot"),
        "age_months": fields.number(t("axis_age"), 1),
        "category": t("axis_category"),
        "cause": t("axis_cause"),
        "fault_code": t("axis_fault"),
        "actual_outcome": t("axis_outcome"),
        "turnaround_days": fields.number(t("axis_turnaround")),
        "net_cost_eur": fields.euro(t("axis_cost")),
    },
    t("page_claims"),
    key="claim_rows",
    height=620,
    name="claims",
)
if picked is not None:
    st.query_params["claim"] = rows["ticket_id"][picked]
    st.rerun()
