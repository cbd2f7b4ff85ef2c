"""Sections of the pages about one product, supplier, lot or centre: each draws one part of its scope."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl
import streamlit as st

from dashboards import charts, fields, lifetime_charts, listed, signal_view
from dashboards.data import ask
from dashboards.drill import parameters
from dashboards.figures import forecast_card, measure_card, rate_card
from dashboards.navigation import go_to, open_claim
from dashboards.tables import behind, grid, with_labels
from dashboards.texts import language, t, term
from pipelines.queries import claims, emerging, forecasts, money, products
from pipelines.queries.behind import CLAIMS, rows_behind
from pipelines.queries.formats import number
from pipelines.queries.lifetimes import failure_rates, life_curve
from pipelines.queries.measures import Value
from pipelines.queries.scopes import EVERYTHING, Scope

WORDS = 40


def alert_lines(own: Scope) -> None:
    """The alerts on this part of the business that are not closed, each in a sentence with the way to it."""
    found = ask(emerging.alerts, own)
    if own.supplier_id is not None:
        # One about the supplier as a whole names no product.
        every = ask(emerging.alerts, EVERYTHING)
        found = pl.concat([found, every.filter(pl.col("supplier_id") == own.supplier_id)]).unique(
            "signal_id", maintain_order=True
        )
    labels = ask(claims.fault_labels, language())
    for row in found.filter(pl.col("status") != "closed").iter_rows(named=True):
        st.warning(signal_view.sentence_of(row, labels), icon=":material/notification_important:")
        st.page_link(
            "app_pages/emerging.py",
            label=t("emerging_open"),
            icon=":material/arrow_forward:",
            query_params={"lang": language(), "signal": row["signal_id"]},
        )


def rates(own: Scope) -> None:
    """The share failed by each age, as cards."""
    for column, rate in zip(st.columns(3), ask(failure_rates, own).iter_rows(named=True), strict=False):
        with column:
            rate_card(rate, t("months_in_service", n=rate["age_month"]))


def cost(own: Scope) -> None:
    """What its claims cost: in all, per unit, over sales."""
    found = ask(money.headline, own)
    cards([found[name] for name in ("net_cost", "claim_cost_per_unit", "claim_cost_over_sales")], own)


def cards(values: Sequence[Value], own: Scope) -> None:
    """A row of cards, each with its rows."""
    for column, value in zip(st.columns(len(values)), values, strict=True):
        with column:
            measure_card(value, scope=own)


def curve(series: dict[str, Scope]) -> None:
    """Lifetime curves by name; the first is the page's own. Nothing is drawn where it has none."""
    lang = language()
    found = {name: ask(life_curve, scope) for name, scope in series.items()}
    if next(iter(found.values())).is_empty():
        return
    with st.container(border=True):
        st.subheader(t("curve_title"), anchor=False, help=term("failure_rate"))
        every = pl.concat(
            [each.with_columns(series=pl.lit(name)) for name, each in found.items()], how="vertical_relaxed"
        )
        words = {key: t(f"axis_{key}") for key in charts.RATE_WORDS}
        charts.show(lifetime_charts.compared_curves(every, words), t("curve_alt"), lang, 300)
        shown = {
            "series": t("product_series"),
            "age_month": t("axis_months"),
            "cumulative": fields.percent(t("axis_rate")),
            "cumulative_low": fields.percent(t("axis_low")),
            "cumulative_high": fields.percent(t("axis_high")),
            "events": t("axis_failures"),
            "watched": t("axis_watched"),
        }
        behind(every, shown, "curve", t("curve_title"))


def faults(own: Scope) -> None:
    """Claims by fault code; a row opens them."""
    names = ask(claims.fault_labels, language())
    with st.container(border=True, height="stretch"):
        st.subheader(t("product_faults"), anchor=False)
        found = ask(products.by_fault, own)
        shown = with_labels(found, "cause").with_columns(
            fault=pl.col("fault_code").map_elements(
                lambda code: f"{code} · {names.get(code, '')}", return_dtype=pl.String
            )
        )
        columns = {"fault": fields.text(t("axis_fault"), "medium"), "cause": t("axis_cause")}
        columns |= {"claims": t("axis_claims")}
        picked = grid(shown, columns, t("product_faults"), key="own_faults", name="faults")
    if picked is not None:
        row = found.row(picked, named=True)
        go_to("claims", **parameters(CLAIMS, own, {"fault": row["fault_code"], "cause": row["cause"]}))


def centers(own: Scope) -> None:
    """Claims by service centre; a row opens the centre's page."""
    with st.container(border=True, height="stretch"):
        st.subheader(t("product_centres"), anchor=False)
        found = ask(products.by_center, own).with_columns(center=pl.coalesce("name", "service_center_id"))
        shown = {
            "center": fields.text(t("centre")),
            "claims": fields.number(t("axis_claims")),
            "turnaround_days": fields.number(t("axis_turnaround"), 1),
        }
        picked = grid(found, shown, t("product_centres"), key="own_centres", name="centres")
    if picked is not None:
        go_to("centres", centre=found["service_center_id"][picked])


# What a group of units is called, and the page and parameter that its row leads to.
GROUPS = {
    "sku": ("products_all", "sku", "products", "sku"),
    "supplier_id": ("suppliers_all", "supplier", "supplier", "supplier"),
    "lot_code": ("lots_all", "axis_lot", "lot", "lot"),
}


def units_by(column: str, own: Scope) -> None:
    """Units, claims and failures by product, supplier or lot; a row opens its page."""
    title, label, page, parameter = GROUPS[column]
    with st.container(border=True, height="stretch"):
        st.subheader(t(title), anchor=False)
        st.caption(t("groups_caption"))
        found = ask(products.grouped, column, own)
        picked = grid(
            per_1000(found),
            group_columns(column, t(label)),
            t(title),
            key=f"own_{column}",
            name=f"by_{column}",
        )
    if picked is not None:
        go_to(page, **{parameter: found[column][picked]})


def group_columns(column: str, label: str) -> dict[str, fields.Field | str]:
    """The columns of a table of units by product, supplier or lot."""
    return {
        column: label,
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
    told = pl.col("failures_per_1000", "claims_per_1000", "low", "high")
    return frame.with_columns(pl.when("is_enough").then(told * 1000))


def forecast(own: Scope) -> None:
    """Claims and cost still to come from the units in service; nothing where none is made."""
    months = ask(forecasts.outlook, own)
    if months.is_empty():
        return
    year, last = (
        found.row(-1, named=True) for found in (months.filter(pl.col("months_ahead") <= 12), months)
    )
    with st.container(border=True):
        st.subheader(t("page_forecast"), anchor=False)
        claimed = (
            t("forecast_claims_in", n=year["months_ahead"]),
            t("forecast_claims_in", n=last["months_ahead"]),
        )
        every = [(claimed[0], year, False), (claimed[1], last, False), (t("forecast_reserve"), last, True)]
        for column, (label, row, is_cost) in zip(st.columns(3), every, strict=True):
            with column:
                forecast_card(label, row, is_cost, own)


def words_of_customers(own: Scope) -> None:
    """The newest claims in the customers' own words; a row opens the claim."""
    found = ask(claims.words_of, own, WORDS)
    if found.is_empty():
        return
    with st.container(border=True):
        st.subheader(t("customers_words"), anchor=False)
        shown = {
            "requested_on": fields.day(t("axis_requested")),
            "cause": t("axis_cause"),
            "description": fields.text(t("axis_words"), "large"),
        }
        picked = grid(
            with_labels(found, "cause"),
            shown,
            t("customers_words"),
            key="own_words",
            height=280,
            name="words",
        )
    if picked is not None:
        open_claim(found["ticket_id"][picked])


def claims_of(own: Scope) -> None:
    """Its claims, newest first."""
    with st.container(border=True):
        st.subheader(t("axis_claims"), anchor=False)
        found = ask(rows_behind, CLAIMS, own)
        if found.frame.is_empty():
            st.info(t("no_claims"))
            return
        total = number(found.total, language())
        counted = t(f"rows_{found.mart}_one" if found.total == 1 else f"rows_{found.mart}", total=total)
        st.caption(f"{counted} {t('worklist_pick')}")
        listed.rows(found.mart, found.frame, t("axis_claims"), "own_claims", 360)
