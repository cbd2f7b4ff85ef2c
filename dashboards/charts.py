"""Every chart of the pages: one palette, one way to draw an interval, a spoken description each.

Takes polars frames whose numbers are final and returns Altair charts; colours hold on light and dark ground.
"""

from __future__ import annotations

from typing import Any

import altair as alt
import polars as pl
import streamlit as st
from altair.utils.schemapi import UndefinedType

from pipelines.queries.formats import PER_UNITS

MAIN = "#1f8a6e"
MUTED = "#93a19c"
BASE = "#5a7fb0"
ALARM = "#c2593f"
CAUSE_COLOURS = {
    "defect": ALARM,
    "misuse": "#d19a2e",
    "wear": "#8a6fa8",
    "transit": "#5a7fb0",
    "no_fault": "#6fa8a0",
    "return": "#b58d6e",
    "unknown": "#b4bdb9",
}
SERIES = ("#1f8a6e", "#5a7fb0", "#d19a2e")
BAND_OPACITY = 0.18
INK = {"light": "#1c2925", "dark": "#e4ebe7"}
# The words that charts of rates and counts need from the page, in its language.
RATE_WORDS = (
    *("months", "rate", "low", "high", "failures", "watched", "units", "label", "claims", "month", "cause"),
    *("delivered", "age", "mature", "immature", "maturity"),
)

_LOCALES = {
    "en": alt.Locale(number=alt.NumberLocale(decimal=".", thousands=",", grouping=[3], currency=["€", ""])),
    "fr": alt.Locale(
        number=alt.NumberLocale(decimal=",", thousands="\u202f", grouping=[3], currency=["", "\u00a0€"]),
        time=alt.TimeLocale(
            dateTime="%A %e %B %Y à %X",
            date="%d/%m/%Y",
            time="%H:%M:%S",
            periods=["", ""],
            days=["dimanche", "lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi"],
            shortDays=["dim.", "lun.", "mar.", "mer.", "jeu.", "ven.", "sam."],
            months=[
                *("janvier", "février", "mars", "avril", "mai", "juin"),
                *("juillet", "août", "septembre", "octobre", "novembre", "décembre"),
            ],
            shortMonths=[
                *("janv.", "févr.", "mars", "avr.", "mai", "juin"),
                *("juil.", "août", "sept.", "oct.", "nov.", "déc."),
            ],
        ),
    ),
}


def show(chart: Any, alt_text: str, language: str, height: int = 280) -> None:
    """Draw a chart with the house's defaults and its description for screen readers."""
    config = alt.Config(
        # Marks of text that name no colour: a matrix's numbers on pale cells.
        text=alt.MarkConfig(color=INK.get(st.context.theme.type or "light", INK["light"])),
        locale=_LOCALES[language],
        view=alt.ViewConfig(stroke=None),
        axis=alt.AxisConfig(
            labelFontSize=12, titleFontSize=12, titleFontWeight="normal", ticks=False, domain=False
        ),
        axisX=alt.AxisConfig(grid=False),
        legend=alt.LegendConfig(orient="top", title=None, labelFontSize=12, symbolSize=90, symbolOpacity=1),
    )
    chart = _with_links(chart).properties(height=height, config=config)
    st.altair_chart(chart, width="stretch", alt=alt_text)


# Marks of one row each. A line or an area has many rows and could lead to one of them only.
_SINGLE = ("bar", "point", "rect", "circle")


def _with_links(chart: Any, shared: Any = None) -> Any:
    """Each mark leads to its row's address where the frame (its own or the layers' shared) has `href`."""
    frame = shared if isinstance(chart.data, UndefinedType) else chart.data
    if isinstance(chart, alt.LayerChart):
        chart.layer = [_with_links(each, frame) for each in chart.layer]
        return chart
    kind = chart.mark if isinstance(chart.mark, str) else chart.mark.type
    if kind not in _SINGLE or "href" not in getattr(frame, "columns", ()):
        return chart
    if not isinstance(chart.mark, str):
        chart.mark.cursor = "pointer"
    return chart.encode(href=alt.Href("href:N"))


def _chart(frame: pl.DataFrame) -> Any:
    """Altair's own annotations lose the type of a chart after its first mark."""
    return alt.Chart(frame)


def _tips(**titles: tuple[str, str]) -> list[alt.Tooltip]:
    return [alt.Tooltip(field, title=title, format=form) for field, (title, form) in titles.items()]


def failure_curve(curve: pl.DataFrame, words: dict[str, str]) -> Any:
    """Cumulative share failed by months in service, with its 95 % band."""
    origin = {"age_month": 0, "cumulative": 0.0, "cumulative_low": 0.0, "cumulative_high": 0.0}
    points = pl.concat([pl.DataFrame([origin]), curve.select(list(origin)).cast({"age_month": pl.Int64})])
    points = points.join(
        curve.select(pl.col("age_month").cast(pl.Int64), "events", "watched"), on="age_month", how="left"
    )
    base = _chart(points).encode(
        x=alt.X("age_month:Q", title=words["months"], axis=alt.Axis(values=[0, 3, 6, 9, 12, 15, 18, 21, 24])),
        tooltip=_tips(
            age_month=(words["months"], "d"),
            cumulative=(words["rate"], ".2%"),
            cumulative_low=(words["low"], ".2%"),
            cumulative_high=(words["high"], ".2%"),
            events=(words["failures"], ",d"),
            watched=(words["watched"], ",d"),
        ),
    )
    share = alt.Axis(
        format=".0%" if curve.filter(pl.col("cumulative_high") > 0.04).height else ".1%", tickCount=5
    )
    band = base.mark_area(opacity=BAND_OPACITY, color=MAIN).encode(
        y=alt.Y("cumulative_low:Q", title=words["rate"], axis=share), y2="cumulative_high:Q"
    )
    line = base.mark_line(color=MAIN, strokeWidth=2.5).encode(y=alt.Y("cumulative:Q"))
    marks = base.mark_point(color=MAIN, filled=True, size=36).encode(y="cumulative:Q")
    return band + line + marks


def interval_dots(frame: pl.DataFrame, label: str, words: dict[str, str], axis_format: str = ".0%") -> Any:
    """One row per label: a dot for the value and a line for its interval, the highest first."""
    order = frame.sort("cumulative", descending=True)[label].to_list()
    base = _chart(frame).encode(
        y=alt.Y(f"{label}:N", sort=order, title=None, axis=alt.Axis(labelLimit=220)),
        tooltip=[
            alt.Tooltip(f"{label}:N", title=words["label"]),
            *_tips(
                cumulative=(words["rate"], ".2%"),
                cumulative_low=(words["low"], ".2%"),
                cumulative_high=(words["high"], ".2%"),
                events=(words["failures"], ",d"),
                units=(words["units"], ",d"),
                watched=(words["watched"], ",d"),
            ),
        ],
    )
    x = alt.X("cumulative:Q", title=words["rate"], axis=alt.Axis(format=axis_format, grid=True, tickCount=6))
    whisker = base.mark_rule(color=MAIN, strokeWidth=3, opacity=0.35).encode(
        x=alt.X("cumulative_low:Q", title=words["rate"]), x2="cumulative_high:Q"
    )
    return whisker + base.mark_point(color=MAIN, filled=True, size=80, opacity=1).encode(x=x)


def months_by_cause(frame: pl.DataFrame, labels: dict[str, str], words: dict[str, str]) -> Any:
    """Claims by month of request, stacked by cause."""
    shown = frame.with_columns(label=pl.col("cause").replace_strict(labels, default=pl.col("cause")))
    causes = [cause for cause in CAUSE_COLOURS if cause in set(frame["cause"])]
    ranks = {cause: rank for rank, cause in enumerate(causes)}
    shown = shown.with_columns(rank=pl.col("cause").replace_strict(ranks, default=len(ranks)))
    scale = alt.Scale(
        domain=[labels[cause] for cause in causes], range=[CAUSE_COLOURS[cause] for cause in causes]
    )
    return (
        _chart(shown)
        .mark_bar()
        .encode(
            x=alt.X("yearmonth(month):T", title=None, axis=alt.Axis(format="%b %Y", labelAngle=0)),
            y=alt.Y("claims:Q", title=words["claims"], axis=alt.Axis(format=",d", tickCount=5)),
            color=alt.Color("label:N", scale=scale),
            order=alt.Order("rank:Q"),
            tooltip=[
                alt.Tooltip("yearmonth(month):T", title=words["month"], format="%B %Y"),
                alt.Tooltip("label:N", title=words["cause"]),
                alt.Tooltip("claims:Q", title=words["claims"], format=",d"),
            ],
        )
    )


def cohort_rates(frame: pl.DataFrame, series: dict[int, str], words: dict[str, str]) -> Any:
    """Failure rate at fixed ages by month of delivery; cohorts not yet watched to that age are hollow."""
    shown = frame.with_columns(
        series=pl.col("age_month").cast(pl.Int64).replace_strict(series, return_dtype=pl.String),
        told=pl.when(pl.col("maturity") >= 1)
        .then(pl.lit(words["mature"]))
        .otherwise(pl.lit(words["immature"])),
    )
    scale = alt.Scale(domain=list(series.values()), range=list(SERIES[: len(series)]))
    base = _chart(shown).encode(
        x=alt.X("yearmonth(cohort):T", title=words["delivered"], axis=alt.Axis(format="%b %Y", labelAngle=0)),
        color=alt.Color("series:N", scale=scale),
        tooltip=[
            alt.Tooltip("yearmonth(cohort):T", title=words["delivered"], format="%B %Y"),
            alt.Tooltip("series:N", title=words["age"]),
            *_tips(
                cumulative=(words["rate"], ".2%"),
                cumulative_low=(words["low"], ".2%"),
                cumulative_high=(words["high"], ".2%"),
                events=(words["failures"], ",d"),
                units=(words["units"], ",d"),
                watched=(words["watched"], ",d"),
            ),
            alt.Tooltip("told:N", title=words["maturity"]),
        ],
    )
    y = alt.Y("cumulative:Q", title=words["rate"], axis=alt.Axis(format=".0%", tickCount=5))
    band = base.mark_area(opacity=0.12).encode(
        y=alt.Y("cumulative_low:Q", title=words["rate"]), y2="cumulative_high:Q", tooltip=alt.value(None)
    )
    line = base.transform_filter("datum.maturity >= 1").mark_line(strokeWidth=2).encode(y=y)
    full = base.transform_filter("datum.maturity >= 1").mark_point(filled=True, size=45).encode(y=y)
    hollow = base.transform_filter("datum.maturity < 1").mark_point(size=45, filled=False).encode(y=y)
    return band + line + full + hollow


def days_left_bars(frame: pl.DataFrame, words: dict[str, str]) -> Any:
    """Open claims by days left (days_left, claims); overdue ones in the alarm colour."""
    return (
        _chart(frame)
        .mark_bar(cornerRadius=2, size=9)
        .encode(
            x=alt.X("days_left:Q", title=words["days_left"], axis=alt.Axis(format="d", tickMinStep=1)),
            y=alt.Y(
                "claims:Q", title=words["claims"], axis=alt.Axis(format=",d", tickMinStep=1, tickCount=4)
            ),
            color=alt.condition("datum.days_left < 0", alt.value(ALARM), alt.value(MAIN)),
            tooltip=_tips(days_left=(words["days_left"], "d"), claims=(words["claims"], ",d")),
        )
    )


def weekly_rates(frame: pl.DataFrame, words: dict[str, str]) -> Any:
    """Weekly claims per PER_UNITS units with intervals, what was expected as ticks, this week in colour."""
    last = frame["week"].max()
    names = ("rate", "rate_low", "rate_high", "expected_rate")
    columns = {name: pl.col(name) * PER_UNITS for name in names}
    shown = frame.with_columns(**columns, is_last=pl.col("week") == last)
    base = _chart(shown).encode(
        x=alt.X("week:O", title=None, axis=alt.Axis(labelAngle=0)),
        tooltip=[
            alt.Tooltip("week:O", title=words["week"]),
            *_tips(
                claimed_units=(words["claims"], ",d"),
                failed_units=(words["failures"], ",d"),
                units=(words["units"], ",d"),
                rate=(words["rate"], ",.1f"),
                expected_rate=(words["expected"], ",.1f"),
                rate_low=(words["low"], ",.1f"),
                rate_high=(words["high"], ",.1f"),
            ),
        ],
    )
    bars = base.mark_bar(cornerRadius=2, size=34).encode(
        y=alt.Y("rate:Q", title=words["rate"]),
        color=alt.condition("datum.is_last", alt.value(MAIN), alt.value(MUTED)),
    )
    whiskers = base.mark_rule(strokeWidth=1.5, opacity=0.7, color=BASE).encode(
        y="rate_low:Q", y2="rate_high:Q"
    )
    expected = base.mark_tick(color=BASE, thickness=2, size=40, strokeDash=[5, 4]).encode(y="expected_rate:Q")
    return bars + whiskers + expected


def timeline(events: pl.DataFrame, spans: pl.DataFrame, words: dict[str, str]) -> Any:
    """A claim's life: spans (warranty, 30 days, workshop) as bars, events as points on their lane."""
    lanes = list(dict.fromkeys([*spans["lane"].to_list(), *events["lane"].to_list()]))
    colours = {"warranty": MUTED, "remedy": "#d19a2e", "workshop": BASE}
    y = alt.Y("lane:N", sort=lanes, title=None, axis=alt.Axis(labelLimit=180))
    x = alt.X("start:T", title=None, axis=alt.Axis(format="%d %b %Y", labelAngle=0, tickCount=6))
    bars = (
        _chart(spans)
        .mark_bar(height=14, cornerRadius=7, opacity=0.4)
        .encode(
            x=x,
            x2="end:T",
            y=y,
            color=alt.Color(
                "kind:N", legend=None, scale=alt.Scale(domain=list(colours), range=list(colours.values()))
            ),
            tooltip=[
                alt.Tooltip("lane:N", title=words["span"]),
                alt.Tooltip("start:T", title=words["from"], format="%d %b %Y"),
                alt.Tooltip("end:T", title=words["until"], format="%d %b %Y"),
            ],
        )
    )
    points = (
        _chart(events)
        .mark_point(filled=True, size=85, opacity=1)
        .encode(
            x="day:T",
            y=y,
            color=alt.condition("datum.is_future", alt.value(MUTED), alt.value(MAIN)),
            tooltip=[
                alt.Tooltip("label:N", title=words["event"]),
                alt.Tooltip("day:T", title=words["day"], format="%d %b %Y"),
                alt.Tooltip("days_since_request:Q", title=words["since"], format="d"),
            ],
        )
    )
    return bars + points
