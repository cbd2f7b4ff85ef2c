"""Charts of lifetimes: curves side by side, the hazard by month, and the Nevada chart.

Palette and defaults are those of `charts`.
"""

from __future__ import annotations

from typing import Any

import altair as alt
import polars as pl

from dashboards.charts import BAND_OPACITY, MAIN, _chart, _tips

COMPARED = ("#1f8a6e", "#c2593f", "#5a7fb0", "#d19a2e", "#8a6fa8")
_AGES = alt.Axis(values=[0, 3, 6, 9, 12, 15, 18, 21, 24])


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
        .mark_bar(color=MAIN, cornerRadius=2, size=13)
        .encode(
            x=alt.X("age_month:Q", title=words["months"], axis=_AGES),
            y=alt.Y("hazard:Q", title=words["hazard"], axis=alt.Axis(format=".2%", tickCount=4)),
            tooltip=_tips(
                age_month=(words["months"], "d"),
                hazard=(words["hazard"], ".3%"),
                watched=(words["watched"], ",d"),
            ),
        )
    )


def nevada(frame: pl.DataFrame, words: dict[str, str]) -> Any:
    """Delivery month against claim month: a cell's colour is the failure rate of that month."""
    scale = alt.Scale(type="sqrt", range=["#eef4f1", "#d9b266", "#b34a2f"])
    dates = alt.Axis(format="%b %Y", labelAngle=0, grid=False)
    return (
        _chart(frame)
        .mark_rect()
        .encode(
            x=alt.X("yearmonth(claim_month):O", title=words["claim_month"], axis=_every_quarter(dates)),
            y=alt.Y("yearmonth(delivery_month):O", title=words["delivered"], axis=_every_quarter(dates)),
            color=alt.Color(
                "per_1000:Q", scale=scale, title=words["per_1000"], legend=alt.Legend(format=".1f")
            ),
            tooltip=[
                alt.Tooltip("delivery_month:T", title=words["delivered"], format="%B %Y"),
                alt.Tooltip("claim_month:T", title=words["claim_month"], format="%B %Y"),
                *_tips(
                    events=(words["failures"], ",d"),
                    n=(words["watched"], ",d"),
                    per_1000=(words["per_1000"], ",.2f"),
                ),
            ],
        )
    )


def _every_quarter(axis: alt.Axis) -> alt.Axis:
    shown = axis.copy()
    shown["labelExpr"] = "month(datum.value) % 6 === 0 ? timeFormat(datum.value, '%b %Y') : ''"
    return shown
