"""Forecast and reserve: claims and cost to come from the units in service, and how past forecasts did."""

import polars as pl
import streamlit as st

from dashboards import charts, fields, forecast_charts
from dashboards.data import ask
from dashboards.figures import forecast_card, header, measure_card
from dashboards.filters import scope as scope_filter
from dashboards.guard import end_page
from dashboards.tables import behind, grid, with_labels, with_sentences
from dashboards.texts import language, sentence, t
from dashboards.url_state import OneOf, bound
from pipelines.queries import forecasts
from pipelines.queries.build_facts import families
from pipelines.queries.formats import number as written

header(t("page_forecast"), t("forecast_subtitle"))
scope = scope_filter(("family", "sku", "supplier"))
lang = language()
words = {key: t(f"forecast_{key}") for key in (*forecast_charts.WORDS, *forecast_charts.FANS)}

months = ask(forecasts.outlook, scope)
if months.is_empty():
    st.info(t("forecast_none"))
    end_page()
last = months.row(-1, named=True)
if last["doubt"]:
    st.warning(t("forecast_doubt"), icon=":material/help:")
    st.text(sentence(last["doubt"]))
scored, made, came = ask(forecasts.scores, scope)
year = months.filter(pl.col("months_ahead") == 12)
first = year.row(0, named=True) if year.height else last
every = [
    (t("forecast_claims_in", n=first["months_ahead"]), first, False),
    (t("forecast_claims_in", n=last["months_ahead"]), last, False),
    (t("forecast_reserve"), last, True),
]
for column, (label, row, is_cost) in zip(st.columns(3), every, strict=True):
    with column:
        forecast_card(label, row, is_cost, scope)
note = t("forecast_score_basis", n=written(made, lang), claims=written(came, lang))
for column, name in zip(st.columns(3), forecasts.SCORED, strict=True):
    with column:
        measure_card(scored[name], note)
if scope.sku:
    st.caption(t("forecast_sku_scores"))

with st.container(border=True):
    st.subheader(t("forecast_title"), anchor=False)
    kinds = {kind: t(f"forecast_{kind}") for kind in forecast_charts.FANS}
    kind = st.segmented_control(
        t("forecast_title"),
        list(kinds),
        required=True,
        format_func=kinds.__getitem__,
        label_visibility="collapsed",
        **bound("show", OneOf(kinds), "claims"),
    )
    st.caption(t(f"forecast_{kind}_caption"))
    history = ask(forecasts.history, scope) if kind == "claims" else None
    charts.show(forecast_charts.fan(months, kind, history, words), t("forecast_alt"), lang, 380)
    behind(
        months,
        {
            "forecast_month": fields.month(words["month"]),
            "expected_claims": fields.number(t("forecast_claims"), 1),
            "low": fields.number(words["low"]),
            "high": fields.number(words["high"]),
            "expected_cost_eur": fields.euro(t("forecast_cost")),
            "cost_low": fields.euro(words["low"]),
            "cost_high": fields.euro(words["high"]),
            "cumulative_claims": fields.number(t("forecast_cumulated"), 1),
            "cumulative_cost_eur": fields.euro(t("forecast_reserve")),
            "cumulative_cost_low": fields.euro(words["low"]),
            "cumulative_cost_high": fields.euro(words["high"]),
        },
        "forecast",
        t("forecast_title"),
    )

with st.container(border=True):
    st.subheader(t("forecast_past"), anchor=False)
    leads = {lead: t("forecast_ahead", n=lead) for lead in forecasts.LEADS}
    lead = st.segmented_control(
        t("forecast_past"),
        list(leads),
        required=True,
        format_func=leads.__getitem__,
        label_visibility="collapsed",
        **bound("ahead", {str(each): each for each in leads}.get, 1),
    )
    st.caption(t("forecast_past_caption"))
    compared = ask(forecasts.past, scope, lead)
    if compared.is_empty():
        st.info(t("forecast_past_none"))
    else:
        charts.show(forecast_charts.past(compared, words), t("forecast_past_alt"), lang, 320)
    behind(
        compared,
        {
            "month": fields.month(words["month"]),
            "as_of": fields.day(words["made"]),
            "expected_claims": fields.number(words["expected"], 1),
            "low": fields.number(words["low"]),
            "high": fields.number(words["high"]),
            "actual_claims": fields.number(words["came"]),
            "is_covered": fields.flag(words["held"]),
        },
        "past_forecasts",
        t("forecast_past"),
    )
    rates = {
        "held": fields.number(words["held"]),
        "forecasts": fields.number(t("forecast_of")),
        "coverage": fields.percent(t("forecast_share")),
        "bias": fields.percent(t("forecast_bias")),
        "relative_error": fields.percent(t("forecast_error")),
        "came": fields.number(words["came"]),
    }
    by_lead = ask(forecasts.scores_by_lead, scope)
    by_family = with_labels(ask(forecasts.scores_by_family, ask(families)), "family_code")
    left, right = st.columns(2, gap="medium")
    with left:
        grid(
            by_lead,
            {"months_ahead": t("forecast_lead")} | rates,
            t("forecast_by_lead"),
            height=250,
            name="scores_by_lead",
        )
    with right:
        grid(
            by_family,
            {"family_code": t("family")} | rates,
            t("forecast_by_family"),
            height=250,
            name="scores_by_family",
        )

with st.container(border=True):
    st.subheader(t("forecast_reserves"), anchor=False)
    st.caption(t("forecast_reserves_caption"))
    reserves = with_sentences(with_labels(ask(forecasts.reserves), "family_code"), "doubt").rename(
        {"family_code": "label"}
    )
    known = reserves.drop_nulls("cumulative_cost_eur")
    if known.is_empty():
        st.info(t("forecast_none"))
    else:
        height = 60 + 26 * known.height
        named = words | {"label": t("family")}
        charts.show(forecast_charts.reserve_dots(known, named), t("forecast_reserves_alt"), lang, height)
    behind(
        reserves,
        {
            "label": t("family"),
            "units_in_service": fields.number(t("axis_units_warranty")),
            "known_claims": fields.number(t("forecast_known")),
            "cumulative_claims": fields.number(t("forecast_claims"), 1),
            "cumulative_low": fields.number(words["low"]),
            "cumulative_high": fields.number(words["high"]),
            "mean_cost_eur": fields.euro(t("forecast_mean_cost")),
            "cumulative_cost_eur": fields.euro(t("forecast_reserve")),
            "cumulative_cost_low": fields.euro(words["low"]),
            "cumulative_cost_high": fields.euro(words["high"]),
            "doubt": fields.text(t("weibull_doubt"), "large"),
        },
        "reserves",
        t("forecast_reserves"),
    )
