"""Failure rates: lifetimes side by side and by delivery month, hazard, Weibull plot, Nevada chart."""

import polars as pl
import streamlit as st

from dashboards import charts, fields, lifetime_charts
from dashboards.data import ask
from dashboards.figures import header, rate_card, say_without_diagnosis
from dashboards.filters import choice, product_names, several
from dashboards.filters import scope as scope_filter
from dashboards.guard import end_page
from dashboards.tables import behind, grid, matrix_or_table, with_labels, with_sentences, with_texts
from dashboards.texts import language, sentence, t, term
from dashboards.url_state import OneOf, bound
from pipelines.queries.build_facts import families
from pipelines.queries.formats import TOO_FEW, percent, span
from pipelines.queries.formats import number as written
from pipelines.queries.lifetimes import (
    causes,
    causes_compared,
    cohort_curves,
    failure_rates,
    fits,
    life_curve,
    nevada_residuals,
    weibull_line,
    weibull_points,
)
from pipelines.queries.scopes import Scope
from pipelines.queries.words import code_label


def _said(fit: dict) -> str:
    """A fit in words: share by 24 months and shape with their limits, what they rest on."""
    if not fit["is_enough"] or fit["shape"] is None:
        return TOO_FEW[lang] + " · " + t("weibull_events", n=written(fit["events"], lang))
    share = percent(fit["cumulative_24"], lang)
    shares = span(fit["cumulative_24_low"], fit["cumulative_24_high"], "percent", lang)
    shape = written(fit["shape"], lang, 2)
    shapes = f"{written(fit['shape_low'], lang, 2)} – {written(fit['shape_high'], lang, 2)}"
    counts = {name: written(fit[name], lang) for name in ("events", "units")}
    return t("weibull_said", share=share, shares=shares, shape=shape, shapes=shapes, **counts)


header(t("page_failures"), t("failures_subtitle"))
say_without_diagnosis()
scope = scope_filter(("family", "sku", "supplier"))
lang = language()
with st.sidebar:
    known = ask(causes, scope)
    cause = choice("cause", t("axis_cause"), known, code_label("defect", lang)) or "defect"
    others = {code: code_label(code, lang) for code in ask(families) if code is not None}
    compared = several("with", t("failures_compare"), others)
    compared_skus = several("skus", t("failures_compare_skus"), product_names())

rates = ask(failure_rates, scope, cause)
for column, rate in zip(st.columns(3), rates.iter_rows(named=True), strict=False):
    with column:
        rate_card(rate, t("months_claimed", n=rate["age_month"], cause=code_label(cause, lang)))
curve = ask(life_curve, scope, cause)
if curve.is_empty():
    st.info(t("no_life_table"))
    end_page()

keys = (*charts.RATE_WORDS, "hazard", "claim_month", "per_1000", "expected", "residual")
words = {key: t(f"axis_{key}") for key in keys}
name = scope.sku or (code_label(scope.family_code, lang) if scope.family_code else t("whole_range"))
series = [curve.with_columns(series=pl.lit(name))]
for code in compared:
    if code != scope.family_code:
        other = ask(life_curve, Scope(family_code=code), cause)
        series.append(other.with_columns(series=pl.lit(code_label(code, lang))))
for sku in compared_skus:
    if sku != scope.sku:
        series.append(ask(life_curve, Scope(sku=sku), cause).with_columns(series=pl.lit(sku)))
curves = pl.concat(series, how="vertical_relaxed")
columns = {
    "series": t("axis_label"),
    "age_month": t("axis_months"),
    "cumulative": fields.percent(t("axis_rate")),
    "cumulative_low": fields.percent(t("axis_low")),
    "cumulative_high": fields.percent(t("axis_high")),
    "hazard": fields.percent(t("axis_hazard")),
    "units": fields.number(t("axis_units")),
    "events": fields.number(t("axis_failures")),
    "watched": fields.number(t("axis_watched")),
    "maturity": fields.percent(t("axis_mature")),
}
left, right = st.columns([3, 2], gap="medium")
with left, st.container(border=True, height="stretch"):
    st.subheader(t("curve_title"), anchor=False, help=term("failure_rate"))
    charts.show(lifetime_charts.compared_curves(curves, words), t("curve_alt"), lang, 320)
    behind(curves, columns, "failure_curves", t("curve_title"))
with right, st.container(border=True, height="stretch"):
    st.subheader(t("hazard_title"), anchor=False, help=term("hazard"))
    charts.show(lifetime_charts.hazard_bars(curve, words), t("hazard_alt"), lang, 320)
    st.caption(t("hazard_caption"))

left, right = st.columns(2, gap="medium")
with left, st.container(border=True, height="stretch"):
    st.subheader(t("fan_title"), anchor=False, help=term("maturity"))
    st.caption(t("fan_caption_sku" if scope.sku else "fan_caption"))
    fan = ask(cohort_curves, scope, cause)
    if fan.is_empty():
        st.info(t("fan_none"))
    else:
        pooled = ask(life_curve, Scope(family_code=scope.family_code), cause)
        charts.show(lifetime_charts.cohort_fan(fan, pooled, words), t("fan_alt"), lang, 400)
        cohort = {"cohort": fields.month(words["delivered"])}
        rest = {key: label for key, label in columns.items() if key not in ("series", "hazard")}
        behind(fan, cohort | rest, "failure_rate_by_delivery_month", t("fan_title"))
with right, st.container(border=True, height="stretch"):
    st.subheader(t("weibull_title"), anchor=False, help=term("weibull"))
    fitted = ask(fits, scope, cause)
    conventions = {name: t(f"convention_{name}") for name in ("exact", "interval")}
    default = "exact" if fitted.is_empty() else fitted["convention"][0]
    convention = st.segmented_control(
        t("weibull_title"),
        list(conventions),
        required=True,
        format_func=conventions.__getitem__,
        label_visibility="collapsed",
        **bound("convention", OneOf(conventions), default),
    )
    points = ask(weibull_points, scope, cause)
    if points.is_empty() or fitted.is_empty():
        st.info(t("weibull_none"))
    else:
        by_name = {row["convention"]: row for row in fitted.iter_rows(named=True)}
        chosen = by_name[convention]
        if chosen["is_diverging"]:
            st.warning(t("weibull_diverging"), icon=":material/call_split:")
            for each in conventions:
                st.caption(conventions[each] + " · " + _said(by_name[each]))
        else:
            st.caption(_said(chosen))
        st.caption(
            t(
                "weibull_dated",
                dated=written(chosen["dated_events"], lang),
                events=written(chosen["events"], lang),
                default=conventions[default],
            )
        )
        if chosen["doubt"]:
            st.text(sentence(chosen["doubt"]))
        line = ask(weibull_line, scope, cause, convention)
        charts.show(lifetime_charts.weibull_plot(points, line, words), t("weibull_alt"), lang, 330)
        if chosen["lognormal_24"] is not None:
            advantage = chosen["lognormal_advantage"]
            better = "lognormal" if advantage > 2 else "weibull" if advantage < -2 else "neither"
            st.caption(
                t("lognormal_said", share=percent(chosen["lognormal_24"], lang), better=t(f"curve_{better}"))
            )
    behind(
        with_sentences(with_texts(fitted, "convention", "convention_", "told"), "doubt"),
        {
            "told": t("weibull_convention"),
            "units": columns["units"],
            "events": columns["events"],
            "dated_events": fields.number(t("weibull_told")),
            **{
                f"{name}{limit}": kind(t(f"weibull_{name}") + suffix)
                for name, kind in (
                    ("shape", lambda label: fields.number(label, 2)),
                    ("scale", fields.number),
                    ("b10", fields.number),
                    ("cumulative_24", fields.percent),
                )
                for limit, suffix in (("", ""), ("_low", " ≥"), ("_high", " ≤"))
            },
            "lognormal_24": fields.percent(t("lognormal_24")),
            "lognormal_advantage": fields.number(t("lognormal_advantage"), 1),
            "is_default": fields.flag(t("weibull_default")),
            "is_enough": fields.flag(t("weibull_enough")),
            "is_diverging": fields.flag(t("weibull_differs")),
            "doubt": fields.text(t("weibull_doubt"), "large"),
        },
        "weibull_fits",
        t("weibull_title"),
    )

compared_causes = ask(causes_compared, scope)
if not compared_causes.is_empty():
    with st.container(border=True):
        st.subheader(t("causes_title"), anchor=False, help=term("competing_causes"))
        every = compared_causes.row(0, named=True)
        st.caption(
            t(
                "causes_caption_sku" if scope.sku else "causes_caption",
                months=every["age_month"],
                share=percent(every["first_share"], lang),
                shares=span(every["first_share_low"], every["first_share_high"], "percent", lang),
                claims=written(every["claims_per_1000"], lang, 1),
                low=written(every["claims_per_1000_low"], lang, 1),
                high=written(every["claims_per_1000_high"], lang, 1),
                watched=written(every["watched_units"], lang),
            )
        )
        grid(
            with_labels(compared_causes, "cause"),
            {
                "cause": fields.text(t("axis_cause")),
                "first_claims": fields.number(t("causes_first")),
                "first_share": fields.percent(t("causes_share")),
                "first_share_low": fields.percent(t("causes_share") + " ≥"),
                "first_share_high": fields.percent(t("causes_share") + " ≤"),
                "claims": fields.number(t("axis_claims")),
                "claims_per_1000": fields.number(t("causes_per_1000"), 1),
                "claims_per_1000_low": fields.number(t("causes_per_1000") + " ≥", 1),
                "claims_per_1000_high": fields.number(t("causes_per_1000") + " ≤", 1),
                "watched_units": fields.number(t("axis_watched")),
                "is_enough": fields.flag(t("weibull_enough")),
            },
            t("causes_alt"),
            name="claims_by_cause",
        )

with st.container(border=True):
    st.subheader(t("nevada_title"), anchor=False, help=term("nevada_chart"))
    kinds = {kind: t(f"nevada_{kind}") for kind in ("observed", "expected", "residual")}
    kind = st.segmented_control(
        t("nevada_title"),
        list(kinds),
        required=True,
        format_func=kinds.__getitem__,
        label_visibility="collapsed",
        **bound("show", OneOf(kinds), "observed"),
    )
    counted = "claims" if cause == "any" else "failures"
    st.caption(t(f"nevada_{kind}_caption") + " " + t(f"nevada_counts_{counted}"))
    cells = ask(nevada_residuals, scope, counted, "quarter" if kind == "residual" else "month")
    if cells.is_empty():
        st.info(t("no_life_table"))
    else:
        drawn = lifetime_charts.nevada(cells, kind, words | {"failures": t(f"axis_{counted}")})
        columns = {
            "delivery_month": fields.month(t("axis_delivered")),
            "claim_month": fields.month(t("axis_claim_month")),
            "n": fields.number(t("axis_watched")),
            "events": fields.number(t(f"axis_{counted}")),
            "expected": fields.number(t("axis_expected"), 1),
            "residual": fields.number(t("axis_residual"), 1),
            "per_1000": fields.number(t("axis_per_1000"), 2),
        }
        newest = cells.sort("delivery_month", "claim_month", descending=True)
        with matrix_or_table(newest, columns, "nevada", t("nevada_title")):
            charts.show(drawn, t("nevada_alt"), lang, 460)
