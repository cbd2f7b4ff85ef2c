"""Charts of forecasts: the fan of months to come after what came, and past forecasts against outcomes.

Palette and defaults are those of `charts`.
"""

from __future__ import annotations

from typing import Any

import altair as alt
import polars as pl

from dashboards.charts import ALARM, BAND_OPACITY, BASE, MAIN, MUTED, _chart, _tips

# What a fan can show: the columns of the expectation and its limits, and how they are written.
FANS = {
    "claims": ("expected_claims", "low", "high", ",.1f", ",d"),
    "cost": ("expected_cost_eur", "cost_low", "cost_high", "$,.0f", "$,.0f"),
    "reserve": (
        "cumulative_cost_eur",
        "cumulative_cost_low",
        "cumulative_cost_high",
        "$,.0f",
        "$,.0f",
    ),
}
# The words that these charts need from the page.
WORDS = ("month", "expected", "low", "high", "came", "held", "missed", "made", "claims")
_DATES = alt.Axis(format="%b %Y", labelAngle=0)


def fan(forecast: pl.DataFrame, kind: str, history: pl.DataFrame | None, words: dict[str, str]) -> Any:
    """The months to come with their 90 % limits; before them the months that came."""
    value, low, high, form, axis_form = FANS[kind]
    x = alt.X("month:T", title=None, axis=_DATES)
    base = _chart(forecast.rename({"forecast_month": "month"})).encode(
        x=x,
        tooltip=[
            alt.Tooltip("month:T", title=words["month"], format="%B %Y"),
            *_tips(
                **{value: (words["expected"], form), low: (words["low"], form), high: (words["high"], form)}
            ),
        ],
    )
    y = alt.Y(f"{value}:Q", title=words[kind], axis=alt.Axis(format=axis_form, tickCount=6))
    band = base.mark_area(color=MAIN, opacity=BAND_OPACITY).encode(
        y=alt.Y(f"{low}:Q", title=words[kind]), y2=f"{high}:Q"
    )
    drawn = (
        band
        + base.mark_line(color=MAIN, strokeWidth=2.5).encode(y=y)
        + base.mark_point(color=MAIN, filled=True, size=36).encode(y=y)
    )
    if history is None or history.is_empty():
        return drawn
    came = _chart(history).encode(
        x=x,
        y=alt.Y("claims:Q", title=words[kind]),
        tooltip=[
            alt.Tooltip("month:T", title=words["month"], format="%B %Y"),
            *_tips(claims=(words["came"], ",d")),
        ],
    )
    full = came.transform_filter("datum.is_complete")
    return (
        full.mark_line(color=MUTED, strokeWidth=2)
        + came.mark_point(size=36).encode(
            fill=alt.condition("datum.is_complete", alt.value(MUTED), alt.value("transparent")),
            stroke=alt.value(MUTED),
        )
        + drawn
    )


def past(frame: pl.DataFrame, words: dict[str, str]) -> Any:
    """Past forecasts as bars of their 90 % limits, and what came as a point: green inside, red outside."""
    told = pl.when("is_covered").then(pl.lit(words["held"])).otherwise(pl.lit(words["missed"]))
    base = _chart(frame.with_columns(told=told)).encode(
        x=alt.X("month:T", title=None, axis=_DATES),
        tooltip=[
            alt.Tooltip("month:T", title=words["month"], format="%B %Y"),
            alt.Tooltip("as_of:T", title=words["made"], format="%d %b %Y"),
            *_tips(
                expected_claims=(words["expected"], ",.1f"),
                low=(words["low"], ",d"),
                high=(words["high"], ",d"),
                actual_claims=(words["came"], ",d"),
            ),
            alt.Tooltip("told:N", title=words["came"]),
        ],
    )
    y = alt.Y("low:Q", title=words["claims"], axis=alt.Axis(format=",d", tickCount=6))
    limits = base.mark_rule(color=BASE, strokeWidth=9, opacity=0.3).encode(y=y, y2="high:Q")
    ticks = base.mark_tick(color=BASE, thickness=2, size=16, orient="horizontal").encode(
        y="expected_claims:Q"
    )
    colours = alt.Scale(domain=[words["held"], words["missed"]], range=[MAIN, ALARM])
    points = base.mark_point(filled=True, size=85, opacity=1).encode(
        y="actual_claims:Q", color=alt.Color("told:N", scale=colours)
    )
    return limits + ticks + points


def reserve_dots(frame: pl.DataFrame, words: dict[str, str]) -> Any:
    """What each family's running warranties will cost, with 90 % limits, the dearest first."""
    base = _chart(frame).encode(
        y=alt.Y(
            "label:N",
            sort=frame["label"].to_list(),
            title=None,
            axis=alt.Axis(labelLimit=220, labelOverlap=False),
        ),
        tooltip=[
            alt.Tooltip("label:N", title=words["label"]),
            *_tips(
                cumulative_cost_eur=(words["expected"], "$,.0f"),
                cumulative_cost_low=(words["low"], "$,.0f"),
                cumulative_cost_high=(words["high"], "$,.0f"),
                cumulative_claims=(words["claims"], ",.0f"),
            ),
        ],
    )
    x = alt.X(
        "cumulative_cost_eur:Q",
        title=words["reserve"],
        axis=alt.Axis(format="$,.0f", grid=True, tickCount=6),
        scale=alt.Scale(zero=True),
    )
    whisker = base.mark_rule(color=MAIN, strokeWidth=3, opacity=0.35).encode(
        x=alt.X("cumulative_cost_low:Q", title=words["reserve"]), x2="cumulative_cost_high:Q"
    )
    return whisker + base.mark_point(color=MAIN, filled=True, size=80, opacity=1).encode(x=x)
