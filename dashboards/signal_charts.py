"""Charts of signals: observed against expected over time, and like groups side by side.

Palette and defaults are those of `charts`.
"""

from __future__ import annotations

from datetime import date
from typing import Any

import altair as alt
import polars as pl

from dashboards.charts import ALARM, BASE, MAIN, MUTED, _chart, _tips

WORDS = ("observed", "expected", "ratio", "low", "high", "month", "units", "fired")


def observed_expected(months: pl.DataFrame, fired_on: date | None, words: dict[str, str]) -> Any:
    """Claims known at each month's end and those expected; a rule where the evidence reached its limit."""
    names = {"observed": words["observed"], "expected": words["expected"]}
    long = months.unpivot(["observed", "expected"], index=["month", "ratio"]).with_columns(
        series=pl.col("variable").replace_strict(names, return_dtype=pl.String)
    )
    lines = (
        _chart(long)
        .mark_line(strokeWidth=2.5, point=alt.OverlayMarkDef(size=36, filled=True))
        .encode(
            x=alt.X("month:T", title=None, axis=alt.Axis(format="%b %Y", labelAngle=0, tickCount=8)),
            y=alt.Y("value:Q", title=None, axis=alt.Axis(tickCount=5)),
            color=alt.Color("series:N", scale=alt.Scale(domain=list(names.values()), range=[MAIN, BASE])),
            strokeDash=alt.StrokeDash(
                "series:N", scale=alt.Scale(domain=list(names.values()), range=[[1, 0], [5, 4]]), legend=None
            ),
            tooltip=[
                alt.Tooltip("month:T", title=words["month"], format="%B %Y"),
                alt.Tooltip("series:N", title=" "),
                alt.Tooltip("value:Q", title=" ", format=",.1f"),
                alt.Tooltip("ratio:Q", title=words["ratio"], format=".1f"),
            ],
        )
    )
    if fired_on is None:
        return lines
    mark = _chart(pl.DataFrame({"month": [fired_on.replace(day=1)], "label": [words["fired"]]}))
    rule = mark.mark_rule(color=ALARM, strokeWidth=2).encode(
        x="month:T", tooltip=[alt.Tooltip("month:T", title=words["fired"], format="%B %Y")]
    )
    text = mark.mark_text(color=ALARM, align="left", dx=5, baseline="top", fontSize=12).encode(
        x="month:T", y=alt.value(2), text="label:N"
    )
    return lines + rule + text


def ratio_dots(frame: pl.DataFrame, words: dict[str, str]) -> Any:
    """One row per group: observed over expected as a dot, its interval as a line; the signal's in red."""
    top = max(4.0, float(frame["ratio"].max() or 1) * 1.3)  # ty: ignore[invalid-argument-type]
    shown = frame.with_columns(pl.col("ratio_high").clip(upper_bound=top))
    base = _chart(shown).encode(
        y=alt.Y("name:N", sort=shown["name"].to_list(), title=None, axis=alt.Axis(labelLimit=180)),
        color=alt.Color("is_own:N", scale=alt.Scale(domain=[True, False], range=[ALARM, MAIN]), legend=None),
        tooltip=[
            alt.Tooltip("name:N", title=" "),
            *_tips(
                observed=(words["observed"], ",d"),
                expected=(words["expected"], ",.1f"),
                ratio=(words["ratio"], ".2f"),
                ratio_low=(words["low"], ".2f"),
                ratio_high=(words["high"], ".2f"),
                units_sold=(words["units"], ",d"),
            ),
        ],
    )
    x = alt.X("ratio:Q", title=words["ratio"], axis=alt.Axis(grid=True, tickCount=6))
    whisker = base.mark_rule(strokeWidth=3, opacity=0.4).encode(
        x=alt.X("ratio_low:Q", title=words["ratio"], scale=alt.Scale(domain=[0, top])), x2="ratio_high:Q"
    )
    one = _chart(pl.DataFrame({"ratio": [1.0]})).mark_rule(color=MUTED, strokeDash=[4, 4]).encode(x="ratio:Q")
    return one + whisker + base.mark_point(filled=True, size=80, opacity=1).encode(x=x)
