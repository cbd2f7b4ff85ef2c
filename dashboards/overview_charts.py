"""Two charts that the first page and the overview share: claims by month, failure rates side by side."""

from __future__ import annotations

import polars as pl
import streamlit as st

from dashboards import charts, drill, fields
from dashboards.data import ask
from dashboards.tables import behind
from dashboards.texts import language, t, term
from dashboards.url_state import bound
from pipelines.queries.behind import CLAIMS, FIRST
from pipelines.queries.lifetimes import MONTHS, rates_among
from pipelines.queries.overview import claims_by_month, claims_by_month_sql
from pipelines.queries.scopes import Scope
from pipelines.queries.words import code_label

# Products beside each other; more are in the table below.
SHOWN = 15


def rate_columns() -> dict[str, fields.Field | str]:
    """The columns of a failure rate in a table."""
    return {
        "cumulative": fields.percent(t("axis_rate")),
        "cumulative_low": fields.percent(t("axis_low")),
        "cumulative_high": fields.percent(t("axis_high")),
        "units": fields.number(t("axis_units")),
        "events": fields.number(t("axis_failures")),
        "watched": fields.number(t("axis_watched")),
    }


def months(scope: Scope) -> None:
    """Claims by month of request and cause; a bar leads to its claims."""
    lang = language()
    with st.container(border=True):
        st.subheader(t("months_title"), anchor=False, help=term("claim"))
        st.caption(t("months_caption"))
        by_month = ask(claims_by_month, scope)
        if by_month.is_empty():
            st.info(t("no_claims"))
            return
        labels = {code: code_label(code, lang) for code in by_month["cause"].unique()}
        words = {key: t(f"axis_{key}") for key in charts.RATE_WORDS}
        linked = drill.with_ways(by_month, "claims", CLAIMS, scope, month="month", cause="cause")
        charts.show(charts.months_by_cause(linked, labels, words), t("months_alt"), lang)
        behind(
            by_month.pivot(on="cause", index="month", values="claims").sort("month", descending=True),
            {"month": fields.month(t("axis_month"))}
            | {code: fields.number(label) for code, label in labels.items()},
            "claims_by_month",
            t("months_title"),
            ask(claims_by_month_sql, scope),
        )


def rates(scope: Scope, height: int | None = None) -> None:
    """Failure rates of all families, or of the products in scope; a dot leads to its failures."""
    lang = language()
    with st.container(border=True):
        is_by_family = scope.family_code is None and scope.sku is None and scope.supplier_id is None
        title = t("families_title") if is_by_family else t("rates_of_products")
        st.subheader(title, anchor=False)
        month = st.segmented_control(
            t("families_at"),
            list(MONTHS),
            required=True,
            format_func={n: t("months_short", n=n) for n in MONTHS}.__getitem__,
            label_visibility="collapsed",
            **bound("at", {str(n): n for n in MONTHS}.get, 12),
        )
        found = ask(rates_among, scope).filter(pl.col("age_month") == month)
        found = found.with_columns(
            label=pl.col("scope_id").map_elements(
                lambda code: code_label(code, lang) if is_by_family else code, return_dtype=pl.String
            )
        )
        kind = "family" if is_by_family else "sku"
        linked = drill.with_ways(found, "events", FIRST, Scope(), by_month="age_month", **{kind: "scope_id"})
        enough = linked.filter("is_enough").head(SHOWN)
        if enough.is_empty():
            st.info(t("families_too_few"))
        else:
            words = {key: t(f"axis_{key}") for key in charts.RATE_WORDS}
            drawn = charts.interval_dots(enough, "label", words)
            charts.show(drawn, t("families_alt", n=month), lang, height or 34 * enough.height + 50)
        few = found.filter(~pl.col("is_enough"))
        if few.height and is_by_family:
            st.caption(t("families_left_out"))
            st.text(", ".join(few["label"].to_list()))
        first = {"label": t("family") if is_by_family else t("sku")}
        behind(found, first | rate_columns(), "failure_rates", title)
