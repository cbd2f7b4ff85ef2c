"""Failure rates: lifetimes side by side, the hazard by month of service, and the Nevada chart."""

import polars as pl
import streamlit as st

from dashboards import charts, lifetime_charts
from dashboards.data import ask
from dashboards.figures import header, rate_card
from dashboards.filters import choice
from dashboards.filters import scope as scope_filter
from dashboards.tables import behind
from dashboards.texts import language, t, term
from dashboards.url_state import bound
from pipelines.queries.build_facts import families
from pipelines.queries.lifetimes import causes, failure_rates, life_curve, nevada
from pipelines.queries.scopes import Scope
from pipelines.queries.words import code_label

header(t("page_failures"), t("failures_subtitle"))
scope = scope_filter(("family", "sku"))
lang = language()
number = st.column_config.NumberColumn
with st.sidebar:
    known = ask(causes, scope)
    cause = choice("cause", t("axis_cause"), known, code_label("defect", lang)) or "defect"
    others = ask(families)

    def read(text: str) -> list[str] | None:
        return [code for code in text.split("|") if code in others][:4] or None

    compared = st.multiselect(
        t("failures_compare"),
        others,
        max_selections=4,
        format_func={code: code_label(code, lang) for code in others}.__getitem__,
        **bound("with", read, []),
    )

rates = ask(failure_rates, scope, cause)
for column, rate in zip(st.columns(3), rates.iter_rows(named=True), strict=False):
    with column:
        rate_card(rate, t("months_claimed", n=rate["age_month"], cause=code_label(cause, lang)))
curve = ask(life_curve, scope, cause)
if curve.is_empty():
    st.info(t("no_life_table"))
    st.stop()

words = {key: t(f"axis_{key}") for key in (*charts.RATE_WORDS, "hazard", "claim_month", "per_1000")}
name = scope.sku or (code_label(scope.family_code, lang) if scope.family_code else t("whole_range"))
series = [curve.with_columns(series=pl.lit(name))]
for code in compared:
    if code != scope.family_code:
        other = ask(life_curve, Scope(family_code=code), cause)
        series.append(other.with_columns(series=pl.lit(code_label(code, lang))))
curves = pl.concat(series, how="vertical_relaxed")
columns = {
    "series": t("axis_label"),
    "age_month": t("axis_months"),
    "cumulative": number(t("axis_rate"), format="percent"),
    "cumulative_low": number(t("axis_low"), format="percent"),
    "cumulative_high": number(t("axis_high"), format="percent"),
    "hazard": number(t("axis_hazard"), format="percent"),
    "units": number(t("axis_units"), format="localized"),
    "events": number(t("axis_failures"), format="localized"),
    "watched": number(t("axis_watched"), format="localized"),
    "maturity": number(t("axis_mature"), format="percent"),
}
left, right = st.columns([3, 2], gap="medium")
with left, st.container(border=True):
    st.subheader(t("curve_title"), anchor=False, help=term("failure_rate"))
    charts.show(lifetime_charts.compared_curves(curves, words), t("curve_alt"), lang, 320)
    behind(curves, columns, "failure_curves", t("curve_title"))
with right, st.container(border=True):
    st.subheader(t("hazard_title"), anchor=False, help=term("hazard"))
    charts.show(lifetime_charts.hazard_bars(curve, words), t("hazard_alt"), lang, 320)
    st.caption(t("hazard_caption"))

with st.container(border=True):
    st.subheader(t("nevada_title"), anchor=False, help=term("nevada_chart"))
    st.caption(t("nevada_caption"))
    cells = ask(nevada, scope).filter(pl.col("n") > 0)
    if cells.is_empty():
        st.info(t("no_life_table"))
    else:
        shown = cells.with_columns(per_1000=pl.col("value") * 1000)
        charts.show(lifetime_charts.nevada(shown, words), t("nevada_alt"), lang, 460)
        month = st.column_config.DateColumn
        behind(
            shown.sort("delivery_month", "claim_month", descending=True),
            {
                "delivery_month": month(t("axis_delivered"), format="YYYY-MM"),
                "claim_month": month(t("axis_claim_month"), format="YYYY-MM"),
                "n": number(t("axis_watched"), format="localized"),
                "events": number(t("axis_failures"), format="localized"),
                "per_1000": number(t("axis_per_1000"), format="%.2f"),
            },
            "nevada",
            t("nevada_title"),
        )
