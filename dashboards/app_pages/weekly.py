"""Defects of a week: the screen version of the defect report, from the same answer of the query layer."""

import polars as pl
import streamlit as st

from dashboards import charts, fields
from dashboards.data import ask
from dashboards.figures import comparison_card, header
from dashboards.filters import scope as scope_filter
from dashboards.guard import end_page
from dashboards.navigation import open_claim
from dashboards.tables import behind, grid, with_labels, with_texts
from dashboards.texts import language, t
from dashboards.url_state import bound
from pipelines.queries.claims import fault_labels
from pipelines.queries.defects import BASELINE_WEEKS, defect_week
from pipelines.queries.formats import PER_UNITS, number, percent
from pipelines.queries.weeks import Week, WeekError


def readable_week(text: str, last: Week) -> str | None:
    """The week as the menu writes it; None where the text names none, or one that has not come."""
    try:
        week = Week.parse(text)
    except WeekError:
        return None
    return str(week) if week <= last else None


facts = header(t("page_weekly"), t("weekly_subtitle"))
scope = scope_filter(("family",))
lang = language()
newest = Week.last_complete(facts.as_of)
with st.sidebar:
    weeks = [str(newest.earlier(back)) for back in range(-1, 104)]
    binding = bound("week", lambda text: readable_week(text, newest.earlier(-1)), str(newest))
    # A link may name a week before the menu's.
    if st.session_state["week"] not in weeks:
        weeks.append(st.session_state["week"])
    name = st.selectbox(t("axis_week"), weeks, **binding)
week = Week.parse(name)
report = ask(defect_week, week, scope.family_code)
if not report.is_complete:
    st.warning(t("week_incomplete"), icon=":material/hourglass_top:")

cells = st.columns(len(report.comparisons) + 1)
for column, each in zip(cells, report.comparisons, strict=False):
    with column:
        comparison_card(each)
with cells[-1], st.container(border=True, height="stretch", gap="xxsmall"):
    st.metric(t("without_cause"), number(report.claims_without_cause, lang))
    st.caption(t("without_cause_note", claims=number(report.claims.height, lang)))
st.caption(
    t(
        "week_basis",
        units=number(report.units, lang),
        compared=number(report.compared, lang),
        level=percent(report.false_alarm_share, lang, 0),
    )
)

with st.container(border=True):
    st.subheader(t("weekly_chart"), anchor=False)
    words = {key: t(f"axis_{key}") for key in ("week", "claims", "failures", "units", "low", "high")}
    words |= {"rate": t("axis_rate_10000"), "expected": t("axis_rate_expected")}
    charts.show(charts.weekly_rates(report.by_week, words), t("weekly_chart_alt"), lang, 240)
    behind(
        report.by_week.with_columns(pl.col("rate", "rate_low", "rate_high", "expected_rate") * PER_UNITS),
        {
            "week": t("axis_week"),
            "units": fields.number(t("axis_units_warranty")),
            **{each.measure.name: each.measure.label(lang) for each in report.comparisons},
            "rate": fields.number(t("axis_rate_10000"), 1),
            "rate_low": fields.number(t("axis_low"), 1),
            "rate_high": fields.number(t("axis_high"), 1),
            "expected_rate": fields.number(t("axis_rate_expected"), 1),
        },
        "weekly_claims",
        t("weekly_chart"),
    )

if not report.has_claims:
    st.info(t("week_empty"))
    end_page()

faults = ask(fault_labels, lang)
labelled = with_texts(report.by_fault, "verdict", "verdict_", "verdict").with_columns(
    fault=pl.col("fault_code").map_elements(
        lambda code: f"{code} · {faults.get(code, '')}", return_dtype=pl.String
    )
)
counted = {
    "claims": t("axis_claimed_units"),
    "claims_before": t("axis_before"),
    "failures": t("axis_failed_units"),
}
found = {"claims": t("axis_claimed_units"), "expected": fields.number(t("axis_expected_units"), 1)}
with st.container(border=True):
    st.subheader(t("faults_title"), anchor=False, help=t("compare_note"))
    ratio = {"ratio": fields.number(t("axis_ratio"), 2), "verdict": t("axis_verdict")}
    fault = {"fault": fields.text(t("axis_fault"), "large")}
    grid(labelled, fault | found | ratio, t("faults_title"))
with st.container(border=True):
    st.subheader(t("skus_title"), anchor=False, help=t("before_note", n=BASELINE_WEEKS))
    grid(report.by_sku, {"sku": t("sku")} | counted, t("skus_title"))

with st.container(border=True):
    st.subheader(t("week_claims_title"), anchor=False)
    st.caption(t("worklist_pick"))
    shown = with_labels(report.claims, "family_code", "category", "cause", "actual_outcome")
    picked = grid(
        shown,
        {
            "ticket_id": t("axis_ticket"),
            "requested_on": fields.day(t("axis_requested")),
            "family_code": t("family"),
            "sku": t("sku"),
            "lot_code": t("axis_lot"),
            "cause": t("axis_cause"),
            "fault_code": t("axis_fault"),
            "actual_outcome": t("axis_outcome"),
            "age_months": fields.number(t("axis_age"), 1),
            "description": fields.text(t("axis_words"), "large"),
        },
        t("week_claims_title"),
        key="week_rows",
        name=f"claims_{week}",
    )
if picked is not None:
    open_claim(report.claims["ticket_id"][picked])
