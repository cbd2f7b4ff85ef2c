"""Overview: what was sold, what came back, and how the failure rate grows with months in service."""

import streamlit as st

from dashboards import charts, fields, overview_charts
from dashboards.data import ask
from dashboards.figures import header, measure_card, per_unit_note, rate_card
from dashboards.filters import scope as scope_filter
from dashboards.tables import behind
from dashboards.texts import language, t, term
from pipelines.queries.lifetimes import failure_rates, life_curve, rates_by_cohort
from pipelines.queries.overview import headline, per_unit
from pipelines.queries.proofs import of_curve

header(t("page_overview"), t("overview_subtitle"))
scope = scope_filter(("family", "sku", "supplier", "period"))
lang = language()

cards = ask(headline, scope)
per_1000 = ask(per_unit, scope)
notes = {name: per_unit_note(per_1000[f"{name}_per_1000"]) for name in ("claims", "failures")}
notes |= {"units": t("note_units"), "open_claims": t("note_open")}
for column, name in zip(
    st.columns(5), ("units", "claims", "failures", "open_claims", "linked_share"), strict=True
):
    with column:
        measure_card(cards[name], notes.get(name), scope)

st.header(t("rates_title"), anchor=False, help=term("failure"))
st.caption(t("rates_caption"))
rates = ask(failure_rates, scope)
for column, rate in zip(st.columns(3), rates.iter_rows(named=True), strict=False):
    with column:
        rate_card(rate, t("months_in_service", n=rate["age_month"]))
if rates.is_empty():
    st.info(t("no_life_table"))

words = {key: t(f"axis_{key}") for key in charts.RATE_WORDS}
rate_columns = overview_charts.rate_columns()
left, right = st.columns(2, gap="medium")
with left, st.container(border=True, height="stretch"):
    st.subheader(t("curve_title"), anchor=False)
    curve = ask(life_curve, scope)
    if curve.is_empty():
        st.info(t("no_life_table"))
    else:
        charts.show(charts.failure_curve(curve, words), t("curve_alt"), lang, 420)
        behind(
            curve,
            {"age_month": t("axis_months")} | rate_columns,
            "failure_curve",
            t("curve_title"),
            of_curve(scope, "defect"),
        )
with right:
    overview_charts.rates(scope)
overview_charts.months(scope)

with st.container(border=True):
    st.subheader(t("cohorts_title"), anchor=False)
    st.caption(t("cohorts_caption_sku") if scope.sku else t("cohorts_caption"))
    cohorts = ask(rates_by_cohort, scope, "defect", (3, 12)).filter("is_enough")
    if cohorts.is_empty():
        st.info(t("cohorts_too_few"))
    else:
        series = {n: t("months_in_service", n=n) for n in (3, 12)}
        charts.show(charts.cohort_rates(cohorts, series, words), t("cohorts_alt"), lang)
        behind(
            cohorts,
            {"cohort": fields.month(t("axis_delivered"))}
            | {"age_month": t("axis_months")}
            | rate_columns
            | {"maturity": fields.percent(t("axis_mature"))},
            "failure_rate_by_delivery_month",
            t("cohorts_title"),
        )
