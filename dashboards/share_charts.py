"""Charts of shares: over time, by group, by centre as a funnel, and verdicts as a matrix.

Palette and defaults are those of `charts`.
"""

from __future__ import annotations

from typing import Any

import altair as alt
import polars as pl

from dashboards.charts import ALARM, BAND_OPACITY, BASE, MAIN, MUTED, _chart, _tips

# The words that these charts need from the page.
WORDS = (
    "share",
    "low",
    "high",
    "of",
    "events",
    "month",
    "group",
    "expected",
    "ratio",
    "claims",
    "policy",
    "practice",
)


def _share_tips(words: dict[str, str]) -> list[alt.Tooltip]:
    return _tips(
        value=(words["share"], ".1%"),
        low=(words["low"], ".1%"),
        high=(words["high"], ".1%"),
        events=(words["events"], ",d"),
        n=(words["of"], ",d"),
    )


def share_over_time(frame: pl.DataFrame, words: dict[str, str]) -> Any:
    """A share by month with its 95 % band; months with too few cases have no point."""
    base = _chart(frame.filter("is_enough")).encode(
        x=alt.X("month:T", title=None, axis=alt.Axis(format="%b %Y", labelAngle=0)),
        tooltip=[alt.Tooltip("month:T", title=words["month"], format="%B %Y"), *_share_tips(words)],
    )
    y = alt.Y("value:Q", title=words["share"], axis=alt.Axis(format=".0%", tickCount=5))
    band = base.mark_area(opacity=BAND_OPACITY, color=MAIN).encode(
        y=alt.Y("low:Q", title=words["share"]), y2="high:Q"
    )
    return (
        band
        + base.mark_line(color=MAIN, strokeWidth=2).encode(y=y)
        + base.mark_point(color=MAIN, filled=True, size=40).encode(y=y)
    )


def share_dots(frame: pl.DataFrame, label: str, words: dict[str, str]) -> Any:
    """One row per group: the share as a dot, its interval as a line, the highest first."""
    order = frame.sort("value", descending=True)[label].to_list()
    base = _chart(frame).encode(
        y=alt.Y(f"{label}:N", sort=order, title=None, axis=alt.Axis(labelLimit=240)),
        tooltip=[alt.Tooltip(f"{label}:N", title=words["group"]), *_share_tips(words)],
    )
    x = alt.X("value:Q", title=words["share"], axis=alt.Axis(format=".0%", grid=True, tickCount=6))
    whisker = base.mark_rule(color=MAIN, strokeWidth=3, opacity=0.35).encode(
        x=alt.X("low:Q", title=words["share"]), x2="high:Q"
    )
    return whisker + base.mark_point(color=MAIN, filled=True, size=80, opacity=1).encode(x=x)


def center_funnel(frame: pl.DataFrame, words: dict[str, str]) -> Any:
    """Each centre's misuse verdicts over those its case mix would bring, in the funnel of chance."""
    x = alt.X(
        "expected_misuse:Q",
        title=words["expected"],
        scale=alt.Scale(type="sqrt"),
        axis=alt.Axis(tickCount=8, grid=True),
    )
    limits = _chart(frame.filter(pl.col("expected_misuse") > 0).sort("expected_misuse"))
    outer = limits.mark_area(opacity=0.10, color=BASE).encode(
        x=x, y=alt.Y("limit_low:Q", title=words["ratio"]), y2="limit_high:Q"
    )
    inner = limits.mark_area(opacity=0.14, color=BASE).encode(x=x, y="limit_low_95:Q", y2="limit_high_95:Q")
    colours = alt.Scale(domain=["high", "low", "in_line", "too_few"], range=[ALARM, "#d19a2e", MAIN, MUTED])
    points = (
        _chart(frame)
        .mark_point(filled=True, size=75, opacity=0.9)
        .encode(
            x=x,
            y=alt.Y("ratio:Q", title=words["ratio"]),
            color=alt.Color("status:N", scale=colours, legend=None),
            tooltip=[
                alt.Tooltip("label:N", title=words["group"]),
                alt.Tooltip("status_label:N", title=words["share"]),
                *_tips(
                    misuse_verdicts=(words["events"], ",d"),
                    expected_misuse=(words["expected"], ",.1f"),
                    diagnosed=(words["of"], ",d"),
                    ratio=(words["ratio"], ".2f"),
                    limit_low_95=(words["low"], ".2f"),
                    limit_high_95=(words["high"], ".2f"),
                ),
            ],
        )
    )
    one = _chart(pl.DataFrame({"one": [1.0]})).mark_rule(color=BASE, strokeDash=[4, 4]).encode(y="one:Q")
    return outer + inner + one + points


def verdict_matrix(frame: pl.DataFrame, words: dict[str, str]) -> Any:
    """What the policy said against what was done: one cell per pair, the claims in it."""
    base = _chart(frame).encode(
        x=alt.X(
            "practice:N",
            title=words["practice"],
            axis=alt.Axis(labelAngle=-35, labelLimit=160, labelOverlap=False, orient="top"),
        ),
        y=alt.Y("policy:N", title=words["policy"], axis=alt.Axis(labelLimit=220, labelOverlap=False)),
        tooltip=[
            alt.Tooltip("policy:N", title=words["policy"]),
            alt.Tooltip("practice:N", title=words["practice"]),
            alt.Tooltip("claims:Q", title=words["claims"], format=",d"),
        ],
    )
    # From the ground itself to full colour, so that few is pale on light and on dark ground alike.
    scale = alt.Scale(type="symlog", range=["rgba(31, 138, 110, 0.14)", "#1f7a63"], interpolate="rgb")
    cells = base.mark_rect(cornerRadius=3).encode(color=alt.Color("claims:Q", scale=scale, legend=None))
    middle = float(frame["claims"].cast(pl.Float64).max() or 0) ** 0.6  # ty: ignore[invalid-argument-type]
    numbers = base.encode(text=alt.Text("claims:Q", format=",d"))
    pale = numbers.transform_filter(f"datum.claims <= {middle}").mark_text(fontSize=12)
    full = numbers.transform_filter(f"datum.claims > {middle}").mark_text(fontSize=12, color="#ffffff")
    return cells + pale + full
