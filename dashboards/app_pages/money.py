"""Money: what claims cost per claim, per unit sold and over sales, what came back, what leaked."""

import polars as pl
import streamlit as st

from dashboards import charts, fields, money_charts
from dashboards.data import ask
from dashboards.figures import header, measure_card, measure_cards
from dashboards.filters import scope as scope_filter
from dashboards.guard import end_page
from dashboards.navigation import open_claim
from dashboards.tables import behind, grid, with_labels, with_texts
from dashboards.texts import language, t
from dashboards.url_state import OneOf, bound
from pipelines.queries import money
from pipelines.queries.formats import number as written

header(t("page_money"), t("money_subtitle"))
scope = scope_filter(("family", "sku", "supplier", "period"))
lang = language()
words = {key: t(f"money_{key}") for key in money_charts.WORDS}

cards = ask(money.headline, scope)
if not cards["claims"].events:
    st.info(t("no_claims"))
    end_page()
first = ("net_cost", "cost_per_claim", "claim_cost_per_unit", "claim_cost_over_sales")
second = ("recovered", "recovered_share", "leakage", "assumed_cost_share")
measure_cards([cards[name] for name in first], per_row=4, scope=scope)
leaks = ask(money.leaks, scope)
for column, each in zip(st.columns(4), second, strict=True):
    with column:
        leaked = leaks.filter(pl.col("part") != "billed")["claims"].sum()
        measure_card(
            cards[each], t("leak_basis", n=written(leaked, lang)) if each == "leakage" else None, scope
        )
st.caption(t("money_basis_note", n=written(cards["claims"].events, lang)))

with st.container(border=True):
    st.subheader(t("money_spent"), anchor=False)
    st.caption(t("money_spent_caption"))
    parts = {part: t(f"part_{part}") for part in money.PARTS}
    spent = ask(money.spent_by_month, scope)
    charts.show(money_charts.stacked_months(spent, parts, words), t("money_spent_alt"), lang, 320)
    month = {"month": fields.month(words["month"])}
    behind(
        spent.pivot(on="part", index=["month", "claims", "closed_share"], values="amount_eur").sort(
            "month", descending=True
        ),
        month
        | {
            "claims": fields.number(words["claims"]),
            "closed_share": fields.percent(words["closed"]),
        }
        | {part: fields.euro(label) for part, label in parts.items()},
        "spent_by_month",
        t("money_spent"),
    )

with st.container(border=True):
    st.subheader(t("money_ratios"), anchor=False)
    labels = {name: cards[name].measure.label(lang) for name in money.RATIOS}
    name = st.segmented_control(
        t("money_ratios"),
        list(labels),
        required=True,
        format_func=labels.__getitem__,
        label_visibility="collapsed",
        **bound("of", OneOf(labels), "cost_per_claim"),
    )
    is_share = cards[name].measure.format == "percent"
    form = ".1%" if is_share else "$,.2f" if name == "claim_cost_per_unit" else "$,.0f"
    kind = fields.percent if is_share else fields.euro
    shown = kind(labels[name])
    limits = {
        "low": kind(words["low"]),
        "high": kind(words["high"]),
        "cases": fields.number(words["cases"]),
    }
    st.caption(t("money_by_request" if name == "cost_per_claim" else "money_by_delivery"))
    named = words | {"value": labels[name]}
    left, right = st.columns(2, gap="medium")
    with left:
        months = ask(money.ratio_by_month, name, scope)
        if months["is_enough"].sum() < 2:
            st.info(t("remedies_too_few"))
        else:
            # A month of too few claims breaks the line.
            told = pl.when("is_enough").then(pl.col("value", "low", "high"))
            drawn = money_charts.ratio_by_month(months.with_columns(told), named, form)
            charts.show(drawn, t("money_months_alt"), lang, 380)
        settled = {"is_settled": fields.flag(words["settled"])}
        behind(months, month | {"value": shown} | limits | settled, "ratio_by_month", t("money_ratios"))
    with right:
        groups = with_labels(ask(money.ratio_by_family, name, scope), "family_code")
        enough = groups.filter("is_enough").rename({"family_code": "label"})
        if enough.is_empty():
            st.info(t("remedies_too_few"))
        else:
            charts.show(money_charts.euro_dots(enough, named, form), t("money_families_alt"), lang, 380)
        behind(
            with_labels(ask(money.families, scope), "family_code"),
            {
                "family_code": t("family"),
                "claims": fields.number(words["claims"]),
                "net_cost": fields.euro(cards["net_cost"].measure.label(lang)),
                **{each: fields.euro(label) for each, label in labels.items()},
                "claim_cost_over_sales": fields.percent(labels["claim_cost_over_sales"]),
                "recovered_share": fields.percent(cards["recovered_share"].measure.label(lang)),
                "assumed_cost_share": fields.percent(cards["assumed_cost_share"].measure.label(lang)),
            },
            "money_by_family",
            t("money_ratios"),
        )

with st.container(border=True):
    st.subheader(t("money_leaks"), anchor=False)
    st.caption(t("money_leaks_caption"))
    kinds = {part: t(f"leak_{part}") for part in money.LEAKS}
    columns = {
        "leak": words["part"],
        "claims": fields.number(words["claims"]),
        "amount_eur": fields.euro(words["value"]),
    }
    left, right = st.columns([2, 3], gap="medium")
    with left:
        grid(with_texts(leaks, "part", "leak_", "leak"), columns, t("money_leaks"))
    with right:
        by = {"month": words["month"], "family_code": t("family"), "service_center_id": t("centre")}
        group = st.segmented_control(
            t("money_leaks"),
            list(by),
            required=True,
            format_func=by.__getitem__,
            label_visibility="collapsed",
            **bound("by", OneOf(by), "month"),
        )
        leaked = ask(money.leaks_by, group, scope)
        if group == "month":
            drawn, height = money_charts.stacked_months(leaked, kinds, words, columns=2), 330
        else:
            labelled = with_labels(leaked, "family_code").with_columns(
                label=pl.col(group).fill_null(t("remedies_no_centre"))
            )
            top = labelled.group_by("label").agg(pl.col("amount_eur").sum()).sort("amount_eur", "label")
            kept = labelled.filter(pl.col("label").is_in(top["label"].tail(15).implode()))
            drawn = money_charts.stacked_groups(kept, kinds, words)
            height = 110 + 24 * kept["label"].n_unique()
        charts.show(drawn, t("money_leaks_alt"), lang, height)
        behind(
            with_texts(with_labels(leaked, "family_code"), "part", "leak_", "leak"),
            (month if group == "month" else {group: by[group]}) | columns,
            "leakage",
            t("money_leaks"),
        )
    claims = ask(money.leaking_claims, scope)
    picked = None
    if not claims.is_empty():
        st.caption(t("money_leaking", n=written(claims.height, lang)) + " " + t("worklist_pick"))
        picked = grid(
            with_labels(claims, "family_code", "cause", "actual_outcome"),
            {
                "ticket_id": words["ticket"],
                "requested_on": fields.day(t("axis_requested")),
                "family_code": t("family"),
                "sku": t("sku"),
                "service_center_id": t("centre"),
                "cause": t("axis_cause"),
                "actual_outcome": t("axis_outcome"),
                "all_leaks": fields.euro(t("money_leaked")),
                **{part: fields.euro(label) for part, label in kinds.items()},
            },
            t("money_leaks"),
            key="leak_rows",
            height=340,
            name="leaking_claims",
        )
if picked is not None:
    open_claim(claims["ticket_id"][picked])
