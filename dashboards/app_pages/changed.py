"""What changed: two periods side by side, the difference split by volume, mix and rate, and by group."""

import polars as pl
import streamlit as st

from dashboards import change_charts, charts, fields
from dashboards.data import ask
from dashboards.drill import in_period, parameters
from dashboards.figures import header, measure_card
from dashboards.filters import scope as scope_filter
from dashboards.guard import end_page
from dashboards.navigation import go_to
from dashboards.tables import grid, with_labels
from dashboards.texts import language, t
from dashboards.url_state import OneOf, bound
from pipelines.queries import changed
from pipelines.queries.behind import CLAIMS, NONE
from pipelines.queries.build_facts import service_centers
from pipelines.queries.claims import fault_labels
from pipelines.queries.formats import day, number, per_units, ratio_span
from pipelines.queries.measures import values

SHOWN = 15
LABELS = {"family_code": "family", "sku": "sku", "supplier_id": "supplier", "lot_code": "axis_lot"}
LABELS |= {"cause": "axis_cause", "service_center_id": "centre", "fault_code": "axis_fault"}
# Where a row leads: the page about the group itself, else its claims of the newer period.
WAYS = {"sku": ("products", "sku"), "supplier_id": ("supplier", "supplier"), "lot_code": ("lot", "lot")}
GROUPS = {"family_code": "family", "cause": "cause", "service_center_id": "centre", "fault_code": "fault"}

facts = header(t("page_changed"), t("changed_subtitle"))
scope = scope_filter(("family", "sku", "supplier"))
lang = language()
with st.sidebar:
    lengths = {n: t("changed_weeks", n=n) for n in changed.LENGTHS}
    weeks = st.selectbox(
        t("changed_length"),
        list(lengths),
        format_func=lengths.__getitem__,
        **bound("weeks", {str(n): n for n in lengths}.get, 13),
    )
    kinds = {kind: t(f"changed_against_{kind}") for kind in changed.AGAINST}
    against = st.selectbox(
        t("changed_against"),
        list(kinds),
        format_func=kinds.__getitem__,
        **bound("against", OneOf(kinds), "year"),
    )
asked = changed.periods(facts.as_of, weeks, against)
days = {
    name: day(getattr(asked, name), lang) for name in ("before_from", "before_until", "now_from", "now_until")
}
st.markdown(t("changed_periods", **days))
whole = ask(changed.change, asked, scope)
if whole is None:
    st.info(t("changed_none"))
    end_page()

step = fields.number("", 1, is_signed=True)
signed = {name: step.written(getattr(whole, name), lang) for name in changed.PARTS}
difference = fields.number("", is_signed=True).written(whole.difference, lang)
counts = {
    "before": number(whole.claims_before, lang),
    "now": number(whole.claims_now, lang),
    "difference": difference,
}
st.markdown(t("changed_said", **counts, **signed))
rates = [
    per_units(getattr(whole, f"claims_{when}") / units, lang) if units else "–"
    for when, units in (("before", whole.units_before), ("now", whole.units_now))
]
limits = ratio_span(whole.ratio, whole.ratio_low, whole.ratio_high, lang) or "–"
machines = {"units_before": number(whole.units_before, lang), "units_now": number(whole.units_now, lang)}
st.markdown(t("changed_rates", before=rates[0], now=rates[1], limits=limits, **machines))
st.caption(t("changed_caption"))

words = {key: t(f"changed_{key}") for key in (*change_charts.WORDS, "before", "now", "difference")}
left, right = st.columns([3, 2], gap="medium")
with left, st.container(border=True, height="stretch"):
    st.subheader(t("changed_parts"), anchor=False)
    parts = {name: float(getattr(whole, name)) for name in ("claims_before", *changed.PARTS)}
    charts.show(change_charts.parts(parts, words), t("changed_parts_alt"), lang, 300)
with right, st.container(border=True, height="stretch"):
    st.subheader(t("changed_requests"), anchor=False)
    st.caption(t("changed_requests_caption"))
    for first, last, label in (
        (asked.before_from, asked.before_until, words["before"]),
        (asked.now_from, asked.now_until, words["now"]),
    ):
        within = in_period(scope, first, last)
        st.markdown(f"**{label}**")
        measure_card(ask(values, "fct_claims", ("claims",), within)["claims"], scope=within)

columns = {
    "units_before": fields.number(t("changed_units_before")),
    "units_now": fields.number(t("changed_units_now")),
    "claims_before": fields.number(t("changed_claims_before")),
    "claims_now": fields.number(t("changed_claims_now")),
    "difference": fields.number(words["difference"], is_signed=True),
    **{name: fields.number(words[name], 1, is_signed=True) for name in changed.PARTS},
}
with st.container(border=True):
    st.subheader(t("changed_groups"), anchor=False)
    groups = {column: t(LABELS[column]) for column in (*changed.BY_UNITS, *changed.BY_REQUEST)}
    column = st.segmented_control(
        t("changed_groups"),
        list(groups),
        required=True,
        format_func=groups.__getitem__,
        label_visibility="collapsed",
        **bound("by", OneOf(groups), "family_code"),
    )
    is_by_units = column in changed.BY_UNITS
    st.caption(t("changed_by_units" if is_by_units else "changed_by_request"))
    found = ask(changed.by_units if is_by_units else changed.by_request, column, asked, scope)
    names = {
        "service_center_id": dict(ask(service_centers).iter_rows()),
        "fault_code": ask(fault_labels, lang),
    }
    known = names.get(column, {})
    labelled = with_labels(found, "family_code", "cause").with_columns(
        label=pl.col(column).map_elements(
            lambda code: f"{code} · {known[code]}" if known.get(code) else code, return_dtype=pl.String
        )
        if column in names
        else pl.lit(None)
    )
    labelled = labelled.with_columns(label=pl.coalesce("label", column, pl.lit(t("group_none"))))
    if found.is_empty():
        st.info(t("no_claims"))
        end_page()
    if is_by_units:
        drawn = labelled.filter(pl.col("difference") != 0).head(SHOWN)
        if drawn.height:
            height = 60 + 24 * drawn.height
            charts.show(change_charts.groups(drawn, words), t("changed_groups_alt"), lang, height)
    st.caption(t("changed_pick"))
    picked = grid(
        labelled,
        {"label": fields.text(groups[column], "medium")} | columns,
        t("changed_groups"),
        key=f"changed_{column}",
        height=420,
        name=f"changed_by_{column}",
    )
if picked is not None:
    code = found[column][picked]
    if column in WAYS and code is not None:
        page, parameter = WAYS[column]
        go_to(page, **{parameter: code})
    elif code is not None or GROUPS.get(column) in ("cause", "fault"):
        within = in_period(scope, asked.now_from, asked.now_until)
        go_to("claims", **parameters(CLAIMS, within, {GROUPS[column]: NONE if code is None else code}))
