"""Charts of lifetimes: curves side by side and by delivery month, hazard, Weibull paper, Nevada chart.

Palette and defaults are those of `charts`.
"""

from __future__ import annotations

import math
from typing import Any

import altair as alt
import polars as pl

from dashboards.charts import ALARM, BAND_OPACITY, BASE, MAIN, MUTED, _chart, _tips

COMPARED = ("#1f8a6e", "#c2593f", "#5a7fb0", "#d19a2e", "#8a6fa8", "#6fa8a0", "#b58d6e", "#4b5b57", "#c98fb0")
_AGES = alt.Axis(values=[0, 3, 6, 9, 12, 15, 18, 21, 24])

_SHARES = (0.001, 0.002, 0.005, 0.01, 0.02, 0.03, 0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 0.9, 0.99)
_PAPER = [math.log(-math.log1p(-share)) for share in _SHARES]


def compared_curves(frame: pl.DataFrame, words: dict[str, str]) -> Any:
    """Cumulative share failed by months in service, one line and band per series."""
    series = list(dict.fromkeys(frame["series"].to_list()))
    zero = {"age_month": 0, "cumulative": 0.0, "cumulative_low": 0.0, "cumulative_high": 0.0}
    origin = pl.DataFrame([{"series": name} | zero for name in series])
    counts = ("events", "units", "watched")
    points = pl.concat([origin, frame.select(*origin.columns, *counts)], how="diagonal_relaxed")
    base = _chart(points).encode(
        x=alt.X("age_month:Q", title=words["months"], axis=_AGES),
        color=alt.Color("series:N", scale=alt.Scale(domain=series, range=list(COMPARED[: len(series)]))),
        tooltip=[
            alt.Tooltip("series:N", title=words["label"]),
            *_tips(
                age_month=(words["months"], "d"),
                cumulative=(words["rate"], ".2%"),
                cumulative_low=(words["low"], ".2%"),
                cumulative_high=(words["high"], ".2%"),
                events=(words["failures"], ",d"),
                units=(words["units"], ",d"),
                watched=(words["watched"], ",d"),
            ),
        ],
    )
    y = alt.Y("cumulative:Q", title=words["rate"], axis=alt.Axis(format=".1%", tickCount=5))
    band = base.mark_area(opacity=BAND_OPACITY).encode(
        y=alt.Y("cumulative_low:Q", title=words["rate"]), y2="cumulative_high:Q"
    )
    return (
        band + base.mark_line(strokeWidth=2.5).encode(y=y) + base.mark_point(filled=True, size=30).encode(y=y)
    )


def hazard_bars(frame: pl.DataFrame, words: dict[str, str]) -> Any:
    """The share that fails in each month of service among the units that reached it."""
    return (
        _chart(frame)
        .mark_bar(color=MAIN, cornerRadius=2, size=9)
        .encode(
            x=alt.X("age_month:Q", title=words["months"], axis=_AGES, scale=alt.Scale(domain=[0.4, 24.6])),
            y=alt.Y("hazard:Q", title=words["hazard"], axis=alt.Axis(format=".2%", tickCount=4)),
            tooltip=_tips(
                age_month=(words["months"], "d"),
                hazard=(words["hazard"], ".3%"),
                watched=(words["watched"], ",d"),
            ),
        )
    )


def cohort_fan(frame: pl.DataFrame, pooled: pl.DataFrame, words: dict[str, str]) -> Any:
    """One curve per delivery month, the newer the stronger, and all months together in red.

    Dashed from the last month to which all units of the delivery month were watched.
    """
    zero = pl.DataFrame({"cohort": frame["cohort"].unique().sort()}).with_columns(
        age_month=pl.lit(0), cumulative=pl.lit(0.0), maturity=pl.lit(1.0)
    )
    counts = ("cumulative_low", "cumulative_high", "events", "units", "watched")
    points = pl.concat([zero, frame.select(*zero.columns, *counts)], how="diagonal_relaxed")
    full = pl.col("age_month").filter(pl.col("maturity") >= 1).max().over("cohort")
    x = alt.X("age_month:Q", title=words["months"], axis=_AGES)
    y = alt.Y("cumulative:Q", title=words["rate"], axis=alt.Axis(format=".1%", tickCount=5))
    colour = alt.Color(
        "cohort:T",
        scale=alt.Scale(range=["rgba(120, 140, 132, 0.35)", "#1f9a78"], interpolate="rgb"),
        legend=alt.Legend(title=words["delivered"], format="%Y", tickCount=4),
    )
    pointed = alt.selection_point(on="pointerover", fields=["cohort"], empty=False, clear="pointerout")
    width = alt.condition(pointed, alt.value(4), alt.value(1.5))
    firm, tail = (
        _chart(part).encode(x=x, y=y, detail="cohort:T", color=colour, size=width)
        for part in (points.filter(pl.col("maturity") >= 1), points.filter(pl.col("age_month") >= full))
    )
    marks = (
        _chart(points.filter(pl.col("age_month") > 0))
        .mark_point(filled=True, size=60, opacity=0)
        .encode(
            x=x,
            y=y,
            tooltip=[
                alt.Tooltip("cohort:T", title=words["delivered"], format="%B %Y"),
                *_tips(
                    age_month=(words["months"], "d"),
                    cumulative=(words["rate"], ".2%"),
                    cumulative_low=(words["low"], ".2%"),
                    cumulative_high=(words["high"], ".2%"),
                    events=(words["failures"], ",d"),
                    units=(words["units"], ",d"),
                    watched=(words["watched"], ",d"),
                    maturity=(words["maturity"], ".0%"),
                ),
            ],
        )
        .add_params(pointed)
    )
    start = pl.DataFrame({"age_month": [0], "cumulative": [0.0]})
    whole = pl.concat([start, pooled.select("age_month", "cumulative")], how="vertical_relaxed")
    together = _chart(whole).mark_line(color=ALARM, strokeWidth=3).encode(x=x, y=y)
    return firm.mark_line() + tail.mark_line(strokeDash=[5, 4]) + together + marks


def weibull_plot(points: pl.DataFrame, line: pl.DataFrame, words: dict[str, str]) -> Any:
    """The life table on Weibull paper, and the fitted curve, which is straight there, with its limits."""
    x = alt.X(
        "age_month:Q",
        title=words["months"],
        scale=alt.Scale(type="log", domain=[0.5, 24.5], nice=False),
        axis=alt.Axis(values=[0.5, 1, 2, 3, 6, 9, 12, 18, 24], format="~g", grid=True),
    )
    # The paper's own scale: a level is ln(-ln(1 - share)), and the axis says the share.
    label = "format(1 - exp(-exp(datum.value)), datum.value < -4.7 ? '.1%' : '.0%')"
    y = alt.Y(
        "level:Q",
        title=words["rate"],
        scale=alt.Scale(zero=False),
        axis=alt.Axis(labelExpr=label, values=_PAPER, grid=True),
    )
    tips = _tips(
        age_month=(words["months"], "~g"),
        cumulative=(words["rate"], ".2%"),
        cumulative_low=(words["low"], ".2%"),
        cumulative_high=(words["high"], ".2%"),
    )
    counts = _tips(
        events=(words["failures"], ",d"), units=(words["units"], ",d"), watched=(words["watched"], ",d")
    )
    seen = _chart(points).encode(x=x, tooltip=[*tips, *counts])
    drawn = seen.mark_rule(color=MAIN, opacity=0.35, strokeWidth=2).encode(
        y=alt.Y("level_low:Q", title=words["rate"]), y2="level_high:Q"
    ) + seen.mark_point(color=MAIN, filled=True, size=45).encode(y=y)
    if line.is_empty():
        return drawn
    fitted = _chart(line).encode(x=x, tooltip=tips)
    limits = fitted.transform_filter("isValid(datum.level_low)").mark_rule(
        color=ALARM, strokeWidth=6, opacity=0.35
    )
    return (
        drawn
        + fitted.mark_line(color=ALARM, strokeWidth=2).encode(y=y)
        + limits.encode(y=alt.Y("level_low:Q", title=words["rate"]), y2="level_high:Q")
    )


def nevada(frame: pl.DataFrame, kind: str, words: dict[str, str]) -> Any:
    """Delivery against claim month: a cell's colour is its rate, the rate expected, or the distance."""
    dates = alt.Axis(format="%b %Y", labelAngle=0, grid=False)
    base = _chart(frame).encode(
        x=alt.X("yearmonth(claim_month):O", title=words["claim_month"], axis=_every_quarter(dates)),
        y=alt.Y("yearmonth(delivery_month):O", title=words["delivered"], axis=_every_quarter(dates)),
        tooltip=[
            alt.Tooltip("delivery_month:T", title=words["delivered"], format="%B %Y"),
            alt.Tooltip("claim_month:T", title=words["claim_month"], format="%B %Y"),
            *_tips(
                events=(words["failures"], ",d"),
                expected=(words["expected"], ",.1f"),
                residual=(words["residual"], "+.1f"),
                n=(words["watched"], ",d"),
                per_1000=(words["per_1000"], ",.2f"),
            ),
        ],
    )
    if kind == "residual":
        scale = alt.Scale(
            domain=[-4, 0, 4],
            range=[BASE, "rgba(127, 140, 135, 0.12)", "#c2593f"],
            clamp=True,
            interpolate="rgb",
        )
        legend = alt.Legend(format="+d", title=words["residual"], values=[-4, -2, 0, 2, 4])
        told = base.transform_filter("isValid(datum.residual)").mark_rect()
        untold = base.transform_filter("!isValid(datum.residual)").mark_rect(color=MUTED, opacity=0.25)
        return untold + told.encode(color=alt.Color("residual:Q", scale=scale, legend=legend))
    scale = alt.Scale(
        type="sqrt", range=["rgba(217, 178, 102, 0.06)", "#d9a441", "#b34a2f"], interpolate="rgb"
    )
    field = "per_1000" if kind == "observed" else "expected_per_1000"
    return base.mark_rect().encode(
        color=alt.Color(f"{field}:Q", scale=scale, title=words["per_1000"], legend=alt.Legend(format=".1f"))
    )


def _every_quarter(axis: alt.Axis) -> alt.Axis:
    shown = axis.copy()
    shown["labelExpr"] = "month(datum.value) % 6 === 0 ? timeFormat(datum.value, '%b %Y') : ''"
    return shown
