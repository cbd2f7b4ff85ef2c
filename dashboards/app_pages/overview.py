"""Overview: what was sold, what came back, and how the failure rate grows with months in service."""

import polars as pl
import streamlit as st

from dashboards import charts, fields
from dashboards.data import ask
from dashboards.figures import header, measure_card, per_unit_note, rate_card
from dashboards.filters import scope as scope_filter
from dashboards.tables import behind
from dashboards.texts import language, t, term
from dashboards.url_state import bound
from pipelines.queries.lifetimes import MONTHS, failure_rates, life_curve, rates_by, rates_by_cohort
from pipelines.queries.overview import claims_by_family, claims_by_month, headline, per_unit
from pipelines.queries.words import code_label

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
rate_columns = {
    "cumulative": fields.percent(t("axis_rate")),
    "cumulative_low": fields.percent(t("axis_low")),
    "cumulative_high": fields.percent(t("axis_high")),
    "units": fields.number(t("axis_units")),
    "events": fields.number(t("axis_failures")),
    "watched": fields.number(t("axis_watched")),
}

# Both charts of the row are as tall as the one with a line per family.
dots_height = max(220, 34 * ask(rates_by, "family")["scope_id"].n_unique() + 50)
left, right = st.columns(2, gap="medium")
with left, st.container(border=True):
    st.subheader(t("curve_title"), anchor=False)
    curve = ask(life_curve, scope)
    if curve.is_empty():
        st.info(t("no_life_table"))
    else:
        charts.show(charts.failure_curve(curve, words), t("curve_alt"), lang, dots_height + 56)
        behind(curve, {"age_month": t("axis_months")} | rate_columns, "failure_curve", t("curve_title"))

with right, st.container(border=True):
    st.subheader(t("families_title"), anchor=False)
    month = st.segmented_control(
        t("families_at"),
        list(MONTHS),
        required=True,
        format_func={n: t("months_short", n=n) for n in MONTHS}.__getitem__,
        label_visibility="collapsed",
        **bound("at", {str(n): n for n in MONTHS}.get, 12),
    )
    families = ask(rates_by, "family").filter(pl.col("age_month") == month)
    families = families.with_columns(
        label=pl.col("scope_id").map_elements(lambda code: code_label(code, lang), return_dtype=pl.String)
    )
    enough = families.filter("is_enough")
    if enough.is_empty():
        st.info(t("families_too_few"))
    else:
        charts.show(
            charts.interval_dots(enough, "label", words), t("families_alt", n=month), lang, dots_height
        )
    if enough.height < families.height:
        names = ", ".join(families.filter(~pl.col("is_enough"))["label"].to_list())
        st.caption(t("families_left_out"))
        st.text(names)
    counts = ask(claims_by_family, scope.without_period()).rename({"units": "delivered"})
    table = families.join(
        counts.select("family_code", "claims"), left_on="scope_id", right_on="family_code", how="left"
    )
    behind(
        table,
        {"label": t("family")} | rate_columns | {"claims": fields.number(t("axis_claims"))},
        "failure_rate_by_family",
        t("families_title"),
    )

with st.container(border=True):
    st.subheader(t("months_title"), anchor=False, help=term("claim"))
    st.caption(t("months_caption"))
    by_month = ask(claims_by_month, scope)
    if by_month.is_empty():
        st.info(t("no_claims"))
    else:
        labels = {code: code_label(code, lang) for code in by_month["cause"].unique()}
        charts.show(charts.months_by_cause(by_month, labels, words), t("months_alt"), lang)
        behind(
            by_month.pivot(on="cause", index="month", values="claims").sort("month", descending=True),
            {"month": fields.month(t("axis_month"))}
            | {code: fields.number(label) for code, label in labels.items()},
            "claims_by_month",
            t("months_title"),
        )

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
