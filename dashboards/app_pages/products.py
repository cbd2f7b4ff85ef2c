"""Products, suppliers and lots ranked against their like; one product in full."""

import polars as pl
import streamlit as st

from dashboards import charts, fields, lifetime_charts
from dashboards.data import ask
from dashboards.figures import header, measure_card, rate_card
from dashboards.filters import scope as scope_filter
from dashboards.navigation import go_to, open_claim
from dashboards.tables import behind, grid, with_labels
from dashboards.texts import inert, language, t, term
from dashboards.url_state import OneOf, bound
from pipelines.queries import money, products
from pipelines.queries.claims import LIST_LIMIT, claims_list, fault_labels
from pipelines.queries.formats import number, percent
from pipelines.queries.lifetimes import failure_rates, life_curve
from pipelines.queries.scopes import Scope
from pipelines.queries.words import code_label

RANKED = {
    "sku": t("sku"),
    "family_code": t("family"),
    "is_past_family": fields.flag(t("product_past")),
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


def grouped_columns(column: str) -> dict[str, fields.Field | str]:
    """The columns of the table by supplier or by lot."""
    return {
        column: {"supplier_id": t("supplier"), "lot_code": t("axis_lot")}[column],
        "units": fields.number(t("axis_units")),
        "failures": fields.number(t("axis_failures")),
        "failures_per_1000": fields.number(t("product_failures_per_1000"), 1),
        "low": fields.number(t("axis_low"), 1),
        "high": fields.number(t("axis_high"), 1),
        "claims_per_1000": fields.number(t("product_claims_per_1000"), 1),
        "claim_cost_over_sales": fields.percent(t("product_over_sales")),
        "is_enough": fields.flag(t("weibull_enough")),
    }


def per_1000(frame: pl.DataFrame) -> pl.DataFrame:
    """Rates per 1,000 units; none where there are too few units to say."""
    rates = pl.col("failures_per_1000", "claims_per_1000", "low", "high")
    return frame.with_columns(pl.when("is_enough").then(rates * 1000))


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
        table = per_1000(ask(products.grouped, column, scope))
        st.caption(t("groups_caption"))
    if table.is_empty():
        st.info(t("products_none"))
        return
    shown = RANKED if column == "sku" else grouped_columns(column)
    st.caption(t("products_pick"))
    shown_table = with_labels(table, "family_code")
    picked = grid(
        shown_table, shown, kinds[column], key=f"rank_{column}", height=640, name=f"ranked_{column}"
    )
    if picked is None:
        return
    code = table[column][picked]
    if column == "sku":
        go_to("products", sku=code)
    elif column == "supplier_id":
        go_to("claims", supplier=code)
    else:
        go_to("claims", q=code)


def product(scope: Scope) -> None:
    """One product: its rates and curve against its family, its money, faults, lots, centres, claims."""
    sku = scope.sku
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
    rates = ask(failure_rates, own)
    for column, rate in zip(st.columns(3), rates.iter_rows(named=True), strict=False):
        with column:
            rate_card(rate, t("months_in_service", n=rate["age_month"]))
    cards = ask(money.headline, own)
    for column, name in zip(
        st.columns(3), ("net_cost", "claim_cost_per_unit", "claim_cost_over_sales"), strict=True
    ):
        with column:
            measure_card(cards[name], scope=own)

    curve = ask(life_curve, own)
    if not curve.is_empty():
        with st.container(border=True):
            st.subheader(t("curve_title"), anchor=False, help=term("failure_rate"))
            both = [curve.with_columns(series=pl.lit(sku))]
            if family is not None:
                of_family = ask(life_curve, Scope(family_code=family))
                both.append(of_family.with_columns(series=pl.lit(code_label(family, lang))))
            curves = pl.concat(both, how="vertical_relaxed")
            words = {key: t(f"axis_{key}") for key in charts.RATE_WORDS}
            charts.show(lifetime_charts.compared_curves(curves, words), t("curve_alt"), lang, 300)
            shown = {
                "series": t("product_series"),
                "age_month": t("axis_months"),
                "cumulative": fields.percent(t("axis_rate")),
                "cumulative_low": fields.percent(t("axis_low")),
                "cumulative_high": fields.percent(t("axis_high")),
                "events": t("axis_failures"),
                "watched": t("axis_watched"),
            }
            behind(curves, shown, "product_curve", t("curve_title"))

    left, right = st.columns(2, gap="medium")
    names = ask(fault_labels, lang)
    with left, st.container(border=True):
        st.subheader(t("product_faults"), anchor=False)
        faults = with_labels(ask(products.by_fault, own), "cause").with_columns(
            fault=pl.col("fault_code").map_elements(
                lambda code: f"{code} · {names.get(code, '')}", return_dtype=pl.String
            )
        )
        fault_columns = {"fault": fields.text(t("axis_fault"), "medium"), "cause": t("axis_cause")}
        grid(faults, fault_columns | {"claims": t("axis_claims")}, t("product_faults"), name="product_faults")
    with right, st.container(border=True):
        st.subheader(t("product_centres"), anchor=False)
        centres = ask(products.by_centre, own).with_columns(centre=pl.coalesce("name", "service_center_id"))
        shown = {
            "centre": fields.text(t("centre")),
            "claims": fields.number(t("axis_claims")),
            "turnaround_days": fields.number(t("axis_turnaround"), 1),
        }
        grid(centres, shown, t("product_centres"), name="product_centres")
    with st.container(border=True):
        st.subheader(t("product_lots"), anchor=False)
        st.caption(t("groups_caption"))
        lots = per_1000(ask(products.grouped, "lot_code", own))
        grid(lots, grouped_columns("lot_code"), t("product_lots"), name="product_lots")
    with st.container(border=True):
        st.subheader(t("axis_claims"), anchor=False)
        rows, total = ask(claims_list, own, None, None, "")
        if rows.is_empty():
            st.info(t("no_claims"))
            return
        written = {"shown": number(rows.height, lang), "total": number(total, lang)}
        counted = "claims_found" if total > 1 else "claims_found_one"
        limited = t("claims_limited" if total > LIST_LIMIT else counted, **written)
        st.caption(limited + " " + t("worklist_pick"))
        picked = grid(
            with_labels(rows, "cause", "actual_outcome"),
            {
                "ticket_id": t("axis_ticket"),
                "requested_on": fields.day(t("axis_requested")),
                "lot_code": t("axis_lot"),
                "age_months": fields.number(t("axis_age"), 1),
                "cause": t("axis_cause"),
                "fault_code": t("axis_fault"),
                "actual_outcome": t("axis_outcome"),
                "net_cost_eur": fields.euro(t("axis_cost")),
            },
            t("axis_claims"),
            key="product_claims",
            height=360,
            name="product_claims",
        )
    if picked is not None:
        open_claim(rows["ticket_id"][picked])


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
    product(chosen)
