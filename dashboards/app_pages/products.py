"""Products, suppliers and lots ranked against their like; one product in full."""

import streamlit as st

from dashboards import fields, portraits
from dashboards.data import ask
from dashboards.figures import header
from dashboards.filters import scope as scope_filter
from dashboards.navigation import go_to
from dashboards.tables import grid, with_labels
from dashboards.texts import inert, language, t
from dashboards.url_state import OneOf, bound
from pipelines.queries import products
from pipelines.queries.formats import number, percent
from pipelines.queries.scopes import Scope
from pipelines.queries.words import code_label

RANKED = {
    "sku": t("sku"),
    "family_code": t("family"),
    "is_past_family": fields.flag(t("product_past")),
    "alerts": fields.number(t("product_alerts")),
    "rate": fields.percent(t("product_rate")),
    "low": fields.percent(t("axis_low")),
    "high": fields.percent(t("axis_high")),
    "family_rate": fields.percent(t("product_family_rate")),
    "cost_over_margin": fields.percent(t("product_over_margin")),
    "units": fields.number(t("axis_units")),
    "units_under_warranty": fields.number(t("axis_units_warranty")),
    "failures": fields.number(t("axis_failures")),
    "cost_eur": fields.euro(t("axis_cost")),
    "cost_over_sales": fields.percent(t("product_over_sales")),
    "claims_now": fields.number(t("product_claims_now")),
    "claims_a_year_before": fields.number(t("product_claims_before")),
    "shrunken_per_1000": fields.number(t("product_shrunken"), 2),
    "supplier_id": t("supplier"),
    "product_name": fields.text(t("product_name"), "large"),
}


def ranking(scope: Scope) -> None:
    """Every product, supplier or lot in one table."""
    kinds = {"sku": t("products_all"), "supplier_id": t("suppliers_all"), "lot_code": t("lots_all")}
    column = st.segmented_control(
        t("page_products"),
        list(kinds),
        required=True,
        format_func=kinds.__getitem__,
        label_visibility="collapsed",
        **bound("rank", OneOf(kinds), "sku"),
    )
    if column == "sku":
        table = ask(products.ranked, scope)
        past = table["is_past_family"].sum()
        st.caption(t("products_caption", n=number(past, lang), all=number(table.height, lang)))
    else:
        table = portraits.per_1000(ask(products.grouped, column, scope))
        st.caption(t("groups_caption"))
    if table.is_empty():
        st.info(t("products_none"))
        return
    _, label, page, parameter = portraits.GROUPS[column]
    shown = RANKED if column == "sku" else portraits.group_columns(column, t(label))
    st.caption(t("products_pick"))
    shown_table = with_labels(table, "family_code")
    picked = grid(
        shown_table, shown, kinds[column], key=f"rank_{column}", height=640, name=f"ranked_{column}"
    )
    if picked is not None:
        go_to(page, **{parameter: table[column][picked]})


def product(sku: str) -> None:
    """One product: rates and curve against its family, money, faults, lots, suppliers, centres, claims."""
    found = ask(products.ranked, Scope(sku=sku))
    if found.is_empty():
        st.info(t("products_never_sold"))
        return
    row = found.row(0, named=True)
    family = row["family_code"]
    st.subheader(inert(f"{sku} · {row['product_name'] or ''}"), anchor=False)
    st.markdown(
        t(
            "product_line",
            family=inert(code_label(family, lang)),
            supplier=inert(row["supplier_id"] or "–"),
            units=number(row["units"], lang),
            out=number(row["units_under_warranty"], lang),
        )
    )
    if row["is_past_family"]:
        st.warning(
            t("product_is_past", rate=percent(row["rate"], lang), family=percent(row["family_rate"], lang)),
            icon=":material/trending_up:",
        )
    own = Scope(sku=sku)
    portraits.alert_lines(own)
    portraits.rates(own)
    portraits.cost(own)
    of_family = {code_label(family, lang): Scope(family_code=family)} if family is not None else {}
    portraits.curve({sku: own} | of_family)
    left, right = st.columns(2, gap="medium")
    with left:
        portraits.faults(own)
    with right:
        portraits.centers(own)
    portraits.units_by("lot_code", own)
    portraits.units_by("supplier_id", own)
    portraits.forecast(own)
    portraits.words_of_customers(own)
    portraits.claims_of(own)


header(t("page_products"), t("products_subtitle"))
chosen = scope_filter(("family", "sku", "supplier"))
lang = language()
if chosen.sku is None:
    ranking(chosen)
else:
    if st.button(t("products_back"), icon=":material/arrow_back:", type="tertiary"):
        st.query_params.pop("sku", None)
        st.session_state["held:sku"] = None
        st.rerun()
    product(chosen.sku)
