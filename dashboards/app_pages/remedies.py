"""Repair or replace: what both cost, which decisions were right, how sure that is, and what it rests on."""

import polars as pl
import streamlit as st

from dashboards import charts, fields, money_charts
from dashboards.data import ask
from dashboards.figures import header, measure_cards
from dashboards.filters import scope as scope_filter
from dashboards.guard import end_page
from dashboards.navigation import open_claim
from dashboards.tables import behind, grid, with_labels, with_sentences, with_texts
from dashboards.texts import language, t
from dashboards.url_state import OneOf, bound
from pipelines.queries import remedies
from pipelines.queries.formats import number as written
from pipelines.queries.words import code_label

header(t("page_remedies"), t("remedies_subtitle"))
scope = scope_filter(("family", "sku", "supplier", "centre", "period"))
lang = language()
words = {key: t(f"money_{key}") for key in money_charts.WORDS}

cards = ask(remedies.headline, scope)
if not cards["claims"].events:
    st.info(t("remedies_none"))
    end_page()
regret = ask(remedies.expected_regret, scope)
shares = ("right_choice_share", "right_choice_probability", "naive_error_share")
rest = ("assumed_share", "break_even_share", "priced_share", "refused_exposure")
measure_cards([regret, *(cards[name] for name in (*shares, *rest))], per_row=4, scope=scope)

interval = {
    "low": fields.euro(words["low"]),
    "high": fields.euro(words["high"]),
    "cases": fields.number(words["cases"]),
}

with st.container(border=True):
    st.subheader(t("remedies_costs"), anchor=False)
    st.caption(t("remedies_costs_caption"))
    names = {f"{code}_cost": code_label(code, lang) for code in money_charts.REMEDY_COLOURS}
    costs = with_labels(ask(remedies.costs_by_family, scope), "family_code").rename({"family_code": "label"})
    enough = costs.filter("is_enough")
    if enough.is_empty():
        st.info(t("remedies_too_few"))
    else:
        height = 60 + 30 * enough["label"].n_unique()
        charts.show(money_charts.remedy_dots(enough, names, words), t("remedies_costs_alt"), lang, height)
    table = with_labels(ask(remedies.families, scope), "family_code")
    behind(
        table,
        {
            "family_code": t("family"),
            "claims": fields.number(words["claims"]),
            "repair_cost": fields.euro(t("money_repair_cost")),
            "replacement_cost": fields.euro(t("money_replacement_cost")),
            "break_even": fields.euro(words["line"]),
            "break_even_share": fields.percent(t("money_break_even_share")),
            "right_choice_share": fields.percent(t("money_right")),
            "right_choice_probability": fields.percent(words["probability"]),
            "assumed_share": fields.percent(t("money_assumed")),
        },
        "remedies_by_family",
        t("remedies_costs"),
    )

with st.container(border=True):
    st.subheader(t("remedies_map"), anchor=False)
    kinds = {"multiple": t("remedies_map_multiple"), "euros": t("remedies_map_euros")}
    kind = st.segmented_control(
        t("remedies_map"),
        list(kinds),
        required=True,
        format_func=kinds.__getitem__,
        label_visibility="collapsed",
        **bound("in", OneOf(kinds), "multiple"),
    )
    points, total = ask(remedies.decisions, scope)
    y = "work_eur" if kind == "euros" else "break_even_multiple"
    counts = {"total": written(total, lang), "shown": written(points[y].count(), lang)}
    counts["left_out"] = written(points[y].null_count(), lang)
    st.caption(t(f"remedies_map_{kind}_caption", **counts))
    if points[y].count() == 0:
        st.info(t("remedies_too_few"))
    else:
        line = ask(remedies.break_even_by_age, scope).filter("is_enough") if kind == "euros" else None
        labels = {code: code_label(code, lang) for code in money_charts.REMEDY_COLOURS}
        drawn = money_charts.decision_map(points, y, line, labels, words)
        charts.show(drawn, t("remedies_map_alt"), lang, 430)
    behind(
        with_texts(with_labels(points, "actual_remedy", "cheapest_remedy"), "work_basis", "basis_", "basis"),
        {
            "ticket_id": words["ticket"],
            "sku": t("sku"),
            "age_months": fields.number(words["age"], 1),
            "work_eur": fields.euro(words["work"]),
            "basis": t("money_basis"),
            "break_even_eur": fields.euro(words["line"]),
            "break_even_multiple": fields.number(words["multiple"], 2),
            "actual_remedy": words["remedy"],
            "cheapest_remedy": t("money_cheapest"),
            "regret_eur": fields.euro(words["regret"]),
            "right_choice_probability": fields.percent(words["probability"]),
        },
        "decisions",
        t("remedies_map"),
    )

left, right = st.columns(2, gap="medium")
with left, st.container(border=True, height="stretch"):
    st.subheader(t("remedies_months"), anchor=False)
    st.caption(t("remedies_months_caption"))
    months = ask(remedies.regret_by_month, scope)
    if months.is_empty():
        st.info(t("remedies_too_few"))
    else:
        named = words | {"value": regret.measure.label(lang)}
        charts.show(money_charts.euro_bars(months, named), t("remedies_months_alt"), lang, 420)
        month = {"month": fields.month(words["month"])}
        value = {"value": fields.euro(named["value"])}
        behind(months, month | value | interval, "regret_by_month", t("remedies_months"))
with right, st.container(border=True, height="stretch"):
    st.subheader(t("remedies_centres"), anchor=False)
    st.caption(t("remedies_centres_caption"))
    nowhere = pl.lit(t("remedies_no_centre"))
    centers = ask(remedies.regret_by_center, scope).with_columns(
        label=pl.coalesce("name", "service_center_id", nowhere)
    )
    enough = centers.filter("is_enough").sort("value", descending=True).head(15)
    if enough.is_empty():
        st.info(t("remedies_too_few"))
    else:
        charts.show(money_charts.euro_dots(enough, words), t("remedies_centres_alt"), lang, 420)
    value = {"label": t("centre"), "value": fields.euro(words["regret"])}
    behind(
        centers.sort("cases", descending=True), value | interval, "regret_by_centre", t("remedies_centres")
    )

with st.container(border=True):
    st.subheader(t("remedies_largest"), anchor=False)
    claims = ask(remedies.largest_regrets, scope)
    picked = None
    if claims.is_empty():
        st.info(t("remedies_no_regret"))
    else:
        st.caption(t("remedies_largest_caption", n=written(claims.height, lang)) + " " + t("worklist_pick"))
        named = with_labels(claims, "family_code", "actual_remedy", "cheapest_remedy")
        picked = grid(
            with_texts(named, "work_basis", "basis_", "basis"),
            {
                "ticket_id": words["ticket"],
                "requested_on": fields.day(t("axis_requested")),
                "family_code": t("family"),
                "sku": t("sku"),
                "actual_remedy": words["remedy"],
                "cheapest_remedy": t("money_cheapest"),
                "regret_eur": fields.euro(words["regret"]),
                "right_choice_probability": fields.percent(words["probability"]),
                "repair_cost_eur": fields.euro(t("money_repair_cost")),
                "replacement_cost_eur": fields.euro(t("money_replacement_cost")),
                "actual_cost_eur": fields.euro(t("money_actual_cost")),
                "assumed_share": fields.percent(t("money_assumed")),
                "basis": t("money_basis"),
            },
            t("remedies_largest"),
            key="regret_rows",
            height=380,
            name="largest_regrets",
        )

left, right = st.columns(2, gap="medium")
with left, st.container(border=True, height="stretch"):
    st.subheader(t("remedies_basis"), anchor=False)
    st.caption(t("remedies_basis_caption"))
    grid(
        with_texts(ask(remedies.work_bases, scope), "work_basis", "basis_", "basis"),
        {
            "basis": t("money_basis"),
            "claims": fields.number(words["claims"]),
            "assumed_share": fields.percent(t("money_assumed")),
        },
        t("remedies_basis"),
    )
with right, st.container(border=True, height="stretch"):
    st.subheader(t("remedies_cells"), anchor=False)
    cells = ask(remedies.cells, scope).with_columns(
        cell=pl.col("cell").map_elements(
            lambda cell: " × ".join(code_label(code, lang) for code in cell.split(" × ")),
            return_dtype=pl.String,
        )
    )
    without = cells.filter(~pl.col("has_overlap"))
    counts = {"without": written(without.height, lang), "all": written(cells.height, lang)}
    st.caption(t("remedies_cells_caption", **counts))
    behind(
        cells,
        {
            "cell": t("money_cell"),
            "claims": fields.number(words["claims"]),
            "repaired": fields.number(t("money_repaired")),
            "replaced": fields.number(t("money_replaced")),
            "observations": fields.number(t("money_observations")),
            "claims_estimated": fields.number(t("money_estimated")),
        },
        "remedy_cells",
        t("remedies_cells"),
    )

unpriced_picked = None
with st.container(border=True):
    st.subheader(t("remedies_unpriced"), anchor=False)
    unpriced = ask(remedies.unpriced, scope)
    if unpriced.is_empty():
        st.success(t("remedies_all_priced"), icon=":material/check:")
    else:
        st.caption(
            t("remedies_unpriced_caption", n=written(unpriced.height, lang)) + " " + t("worklist_pick")
        )
        unpriced_picked = grid(
            with_sentences(with_labels(unpriced, "family_code", "actual_remedy"), "unpriced_reason"),
            {
                "ticket_id": words["ticket"],
                "requested_on": fields.day(t("axis_requested")),
                "family_code": t("family"),
                "sku": t("sku"),
                "actual_remedy": words["remedy"],
                "unpriced_reason": fields.text(t("money_reason"), "large"),
            },
            t("remedies_unpriced"),
            key="unpriced_rows",
            name="unpriced_claims",
        )

for frame, row in ((claims, picked), (unpriced, unpriced_picked)):
    if row is not None:
        open_claim(frame["ticket_id"][row])
