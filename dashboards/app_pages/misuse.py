"""Misuse refusals: how often, on what evidence, by whom, and the defect rate if they were wrong."""

import polars as pl
import streamlit as st

from dashboards import charts, fields, share_charts
from dashboards.data import ask
from dashboards.drill import parameters, with_ways
from dashboards.figures import header, measure_card, measure_cards, say_without_diagnosis
from dashboards.filters import scope as scope_filter
from dashboards.navigation import go_to
from dashboards.tables import behind, grid, with_texts
from dashboards.texts import language, t, term
from dashboards.url_state import OneOf, bound
from pipelines.queries.behind import CLAIMS
from pipelines.queries.claims import fault_labels
from pipelines.queries.formats import percent
from pipelines.queries.misuse import (
    MART,
    bounds,
    by_fault,
    center_power,
    centers,
    headline,
    shares_by,
    shares_by_sql,
)
from pipelines.queries.scopes import Scope
from pipelines.queries.words import code_label

header(t("page_misuse"), t("misuse_subtitle"))
say_without_diagnosis()
scope = scope_filter(("family", "sku", "supplier", "centre", "period"))
lang = language()
words = {key: t(f"share_{key}") for key in share_charts.WORDS}

measure_cards(ask(headline, scope).values(), per_row=4, scope=scope)

columns = {
    "value": fields.percent(t("share_share")),
    "low": fields.percent(t("share_low")),
    "high": fields.percent(t("share_high")),
    "events": fields.number(t("share_events")),
    "n": fields.number(t("share_of")),
}
left, right = st.columns(2, gap="medium")
with left, st.container(border=True):
    st.subheader(t("misuse_months"), anchor=False)
    months = ask(shares_by, "month", scope)
    if months.filter("is_enough").height < 2:
        st.info(t("misuse_too_few"))
    else:
        linked = with_ways(months, "events", f"{MART}.rejection_share", scope, month="month")
        charts.show(share_charts.share_over_time(linked, words), t("misuse_months_alt"), lang, 440)
    month = fields.month(t("axis_month"))
    behind(
        months,
        {"month": month} | columns,
        "misuse_by_month",
        t("misuse_months"),
        ask(shares_by_sql, "month", scope),
    )
with right, st.container(border=True):
    st.subheader(t("misuse_groups"), anchor=False)
    key = st.segmented_control(
        t("misuse_groups"),
        ["family_code", "sku"],
        required=True,
        format_func={"family_code": t("family"), "sku": t("sku")}.__getitem__,
        label_visibility="collapsed",
        **bound("by", OneOf(("family_code", "sku")), "family_code"),
    )
    groups = ask(shares_by, key, scope).with_columns(
        label=pl.col(key).map_elements(
            lambda code: code_label(code, lang) if key == "family_code" else code, return_dtype=pl.String
        )
    )
    enough = groups.filter("is_enough").sort("value", descending=True).head(15)
    parameter = {"family_code": "family", "sku": "sku"}[key]
    enough = with_ways(enough, "events", f"{MART}.rejection_share", scope, **{parameter: key})
    if enough.is_empty():
        st.info(t("misuse_too_few"))
    else:
        charts.show(share_charts.share_dots(enough, "label", words), t("misuse_groups_alt"), lang, 384)
    behind(
        groups,
        {"label": t("share_group")} | columns,
        "misuse_by_group",
        t("misuse_groups"),
        ask(shares_by_sql, key, scope),
    )

with st.container(border=True):
    st.subheader(t("misuse_centres"), anchor=False)
    power = ask(center_power)
    level = percent(power.false_alarm_share, lang, 0) if power else ""
    st.caption(t("misuse_centres_caption", level=level) if power else t("misuse_too_few"))
    if power is not None:
        chances = {name: percent(getattr(power, name), lang, 0) for name in ("lowest", "median", "highest")}
        st.caption(t("misuse_centres_power", n=power.centers, **chances))
    funnel = with_texts(ask(centers), "status", "status_", "status_label").with_columns(
        label=pl.coalesce("name", "service_center_id")
    )
    if funnel.is_empty():
        st.info(t("misuse_too_few"))
    else:
        linked = with_ways(
            funnel, "misuse_verdicts", f"{MART}.misuse_verdict_share", Scope(), centre="service_center_id"
        )
        charts.show(share_charts.center_funnel(linked, words), t("misuse_centres_alt"), lang, 340)
        shown = {
            "label": t("centre"),
            "status_label": t("axis_verdict"),
            "diagnosed": fields.number(t("share_of")),
            "misuse_verdicts": fields.number(t("share_events")),
            "expected_misuse": fields.number(t("share_expected"), 1),
            "ratio": fields.number(t("share_ratio"), 2),
            "shrunken_ratio": fields.number(t("share_shrunken"), 2),
            "odds_ratio": fields.number(t("share_odds"), 2),
            "odds_ratio_low": fields.number(t("share_odds_low"), 2),
            "odds_ratio_high": fields.number(t("share_odds_high"), 2),
            "power_at_twice": fields.percent(t("share_power")),
            "misuse_rejections": fields.number(t("misuse_refused")),
            "with_evidence": fields.number(t("misuse_with_evidence")),
            "overturned": fields.number(t("misuse_overturned")),
        }
        behind(funnel, shown, "misuse_by_centre", t("misuse_centres"))

left, right = st.columns([3, 2], gap="medium")
with left, st.container(border=True):
    st.subheader(t("misuse_codes"), anchor=False)
    faults = ask(fault_labels, lang)
    codes = ask(by_fault, scope).with_columns(
        fault=pl.col("fault_code").map_elements(
            lambda code: f"{code} · {faults.get(code, '')}", return_dtype=pl.String
        )
    )
    counts = {"claims": fields.number(t("misuse_diagnosed"))}
    counts |= {"misuse_refusals": fields.number(t("misuse_refused"))}
    picked = grid(codes, {"fault": t("axis_fault")} | counts, t("misuse_codes"), key="misuse_codes")
    if picked is not None:
        row = {"fault": codes["fault_code"][picked], "cause": "misuse"}
        go_to("claims", **parameters(CLAIMS, scope, row))
with right, st.container(border=True):
    st.subheader(t("misuse_bounds"), anchor=False, help=term("verdict_cause"))
    st.caption(t("misuse_bounds_caption"))
    for value in ask(bounds, scope).values():
        measure_card(value, scope=scope)
