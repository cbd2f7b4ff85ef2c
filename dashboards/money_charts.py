"""Charts of amounts: what remedies cost, the map of decisions, costs and leakage by month and group.

Palette and defaults are those of `charts`.
"""

from __future__ import annotations

from typing import Any

import altair as alt
import polars as pl

from dashboards.charts import ALARM, BASE, MAIN, MUTED, _chart, _tips

REMEDY_COLOURS = {"repair": MAIN, "replacement": "#d19a2e"}
PARTS = ("#1f8a6e", "#d19a2e", "#c2593f", "#5a7fb0", "#8a6fa8", "#93a19c")
_EUROS = "$,.0f"
# The words that these charts need from the page.
WORDS = (
    "group",
    "value",
    "low",
    "high",
    "cases",
    "month",
    "remedy",
    "age",
    "work",
    "multiple",
    "line",
    "ticket",
)
WORDS += ("part", "claims", "closed", "settled", "unsettled", "regret", "probability")


def _months() -> alt.X:
    return alt.X("month:T", title=None, axis=alt.Axis(format="%b %Y", labelAngle=0))


def _months_banded(position: float | None = None) -> alt.X:
    axis = alt.Axis(format="%b %Y", labelAngle=0)
    if position is None:
        return alt.X("yearmonth(month):T", title=None, axis=axis)
    return alt.X("yearmonth(month):T", title=None, axis=axis, bandPosition=position)


def _value_tips(words: dict[str, str], form: str) -> list[alt.Tooltip]:
    return _tips(
        value=(words["value"], form),
        low=(words["low"], form),
        high=(words["high"], form),
        cases=(words["cases"], ",d"),
    )


def remedy_dots(frame: pl.DataFrame, labels: dict[str, str], words: dict[str, str]) -> Any:
    """Two dots per group, one for each remedy, with intervals; the dearest group first."""
    shown = frame.with_columns(remedy=pl.col("measure").replace_strict(labels, return_dtype=pl.String))
    order = frame.group_by("label").agg(pl.col("value").max()).sort("value", descending=True)["label"]
    colours = alt.Scale(domain=list(labels.values()), range=list(REMEDY_COLOURS.values()))
    base = _chart(shown).encode(
        y=alt.Y(
            "label:N", sort=order.to_list(), title=None, axis=alt.Axis(labelLimit=220, labelOverlap=False)
        ),
        color=alt.Color("remedy:N", scale=colours),
        tooltip=[
            alt.Tooltip("label:N", title=words["group"]),
            alt.Tooltip("remedy:N", title=words["remedy"]),
            *_value_tips(words, _EUROS),
        ],
    )
    axis = alt.Axis(format=_EUROS, grid=True, tickCount=7)
    x = alt.X("value:Q", title=words["value"], axis=axis, scale=alt.Scale(zero=True))
    whisker = base.mark_rule(strokeWidth=3, opacity=0.4).encode(x=alt.X("low:Q"), x2="high:Q")
    return whisker + base.mark_point(filled=True, size=80, opacity=1).encode(x=x)


def euro_dots(frame: pl.DataFrame, words: dict[str, str], form: str = _EUROS) -> Any:
    """One row per group: a dot for the value and a line for its interval, the highest first."""
    order = frame.sort("value", descending=True)["label"].to_list()
    base = _chart(frame).encode(
        y=alt.Y("label:N", sort=order, title=None, axis=alt.Axis(labelLimit=220, labelOverlap=False)),
        tooltip=[alt.Tooltip("label:N", title=words["group"]), *_value_tips(words, form)],
    )
    x = alt.X(
        "value:Q",
        title=words["value"],
        axis=alt.Axis(format=form, grid=True, tickCount=6),
        scale=alt.Scale(zero=True),
    )
    whisker = base.mark_rule(color=MAIN, strokeWidth=3, opacity=0.35).encode(x="low:Q", x2="high:Q")
    return whisker + base.mark_point(color=MAIN, filled=True, size=80, opacity=1).encode(x=x)


def euro_bars(frame: pl.DataFrame, words: dict[str, str]) -> Any:
    """An amount by month with its interval."""
    base = _chart(frame).encode(
        x=_months_banded(),
        tooltip=[alt.Tooltip("month:T", title=words["month"], format="%B %Y"), *_value_tips(words, _EUROS)],
    )
    y = alt.Y("value:Q", title=words["value"], axis=alt.Axis(format=_EUROS, tickCount=5))
    bars = base.mark_bar(color=MAIN, cornerRadius=1).encode(y=y)
    whiskers = base.mark_rule(color=BASE, strokeWidth=1.5, opacity=0.9).encode(
        x=_months_banded(0.5), y="low:Q", y2="high:Q"
    )
    return bars + whiskers


def decision_map(
    points: pl.DataFrame, y: str, line: pl.DataFrame | None, labels: dict[str, str], words: dict[str, str]
) -> Any:
    """Age against labour and parts: every point a decision; above the line repairing costs more.

    `y` is `break_even_multiple` (its line is 1) or `work_eur` (`line`: the mean break-even by age).
    """
    in_euros = y == "work_eur"
    form = _EUROS if in_euros else ".2f"
    shown = points.drop_nulls(y).with_columns(
        remedy=pl.col("actual_remedy").replace_strict(labels, return_dtype=pl.String)
    )
    colours = alt.Scale(domain=[labels[code] for code in REMEDY_COLOURS], range=list(REMEDY_COLOURS.values()))
    x = alt.X(
        "age_months:Q",
        title=words["age"],
        axis=alt.Axis(values=list(range(0, 37, 3))),
        scale=alt.Scale(nice=False),
    )
    vertical = alt.Y(
        f"{y}:Q",
        title=words["work"] if in_euros else words["multiple"],
        scale=alt.Scale(type="sqrt", nice=False),
        axis=alt.Axis(format=_EUROS if in_euros else "~g", tickCount=7),
    )
    dots = (
        _chart(shown)
        .mark_point(filled=True, size=34, opacity=0.55)
        .encode(
            x=x,
            y=vertical,
            color=alt.Color("remedy:N", scale=colours),
            tooltip=[
                alt.Tooltip("ticket_id:N", title=words["ticket"]),
                alt.Tooltip("remedy:N", title=words["remedy"]),
                *_tips(
                    age_months=(words["age"], ".1f"),
                    work_eur=(words["work"], _EUROS),
                    break_even_eur=(words["line"], _EUROS),
                    break_even_multiple=(words["multiple"], ".2f"),
                    regret_eur=(words["regret"], _EUROS),
                    right_choice_probability=(words["probability"], ".0%"),
                ),
            ],
        )
    )
    if line is None:
        level = _chart(pl.DataFrame({"level": [1.0]}))
        return dots + level.mark_rule(color=ALARM, strokeDash=[6, 4], strokeWidth=2).encode(y="level:Q")
    base = _chart(line).encode(x=alt.X("age_from:Q", title=words["age"]), x2="age_to:Q")
    band = base.mark_rect(color=ALARM, opacity=0.12).encode(
        y=alt.Y("low:Q", title=words["work"]), y2="high:Q"
    )
    means = base.mark_rule(color=ALARM, strokeDash=[6, 4], strokeWidth=2).encode(
        y="value:Q", tooltip=_value_tips(words | {"value": words["line"]}, form)
    )
    return band + dots + means


def stacked_months(
    frame: pl.DataFrame, parts: dict[str, str], words: dict[str, str], columns: int = 6
) -> Any:
    """Amounts by month, stacked by part; pale where claims of the month are still open."""
    order = {label: rank for rank, label in enumerate(parts.values())}
    shown = frame.with_columns(
        label=pl.col("part").replace_strict(parts, return_dtype=pl.String)
    ).with_columns(rank=pl.col("label").replace_strict(order, return_dtype=pl.Int64))
    colours = alt.Scale(domain=list(order), range=list(PARTS[: len(order)]))
    return (
        _chart(shown)
        .mark_bar()
        .encode(
            x=_months_banded(),
            y=alt.Y("amount_eur:Q", title=words["value"], axis=alt.Axis(format=_EUROS, tickCount=5)),
            color=alt.Color("label:N", scale=colours, legend=alt.Legend(columns=columns)),
            order=alt.Order("rank:Q"),
            opacity=alt.condition("datum.is_settled", alt.value(1), alt.value(0.45)),
            tooltip=[
                alt.Tooltip("yearmonth(month):T", title=words["month"], format="%B %Y"),
                alt.Tooltip("label:N", title=words["part"]),
                *_tips(
                    amount_eur=(words["value"], _EUROS),
                    claims=(words["claims"], ",d"),
                    closed_share=(words["closed"], ".0%"),
                ),
            ],
        )
    )


def stacked_groups(frame: pl.DataFrame, parts: dict[str, str], words: dict[str, str]) -> Any:
    """Amounts by group, stacked by part, the largest group first."""
    order = (
        frame.group_by("label").agg(pl.col("amount_eur").sum()).sort("amount_eur", descending=True)["label"]
    )
    ranks = {label: rank for rank, label in enumerate(parts.values())}
    shown = frame.with_columns(
        name=pl.col("part").replace_strict(parts, return_dtype=pl.String)
    ).with_columns(rank=pl.col("name").replace_strict(ranks, return_dtype=pl.Int64))
    colours = alt.Scale(domain=list(ranks), range=list(PARTS[: len(ranks)]))
    return (
        _chart(shown)
        .mark_bar(cornerRadius=2)
        .encode(
            y=alt.Y(
                "label:N", sort=order.to_list(), title=None, axis=alt.Axis(labelLimit=220, labelOverlap=False)
            ),
            x=alt.X(
                "amount_eur:Q", title=words["value"], axis=alt.Axis(format=_EUROS, grid=True, tickCount=6)
            ),
            color=alt.Color("name:N", scale=colours, legend=alt.Legend(columns=2)),
            order=alt.Order("rank:Q"),
            tooltip=[
                alt.Tooltip("label:N", title=words["group"]),
                alt.Tooltip("name:N", title=words["part"]),
                *_tips(amount_eur=(words["value"], _EUROS), claims=(words["claims"], ",d")),
            ],
        )
    )


def ratio_by_month(frame: pl.DataFrame, words: dict[str, str], form: str = _EUROS) -> Any:
    """A ratio by month with its band; dashed from the first month that may still move."""
    base = _chart(
        frame.with_columns(
            told=pl.when("is_settled").then(pl.lit(words["settled"])).otherwise(pl.lit(words["unsettled"]))
        )
    ).encode(
        x=_months(),
        tooltip=[
            alt.Tooltip("month:T", title=words["month"], format="%B %Y"),
            *_value_tips(words, form),
            alt.Tooltip("told:N", title=words["closed"]),
        ],
    )
    y = alt.Y(
        "value:Q", title=words["value"], axis=alt.Axis(format=form, tickCount=5), scale=alt.Scale(zero=True)
    )
    band = base.mark_area(color=MAIN, opacity=0.16).encode(
        y=alt.Y("low:Q", title=words["value"]), y2="high:Q"
    )
    pale = base.mark_line(color=MUTED, strokeWidth=2, strokeDash=[5, 4]).encode(y=y)
    firm = base.transform_filter("datum.is_settled")
    points = base.mark_point(size=40, filled=True).encode(
        y=y, color=alt.condition("datum.is_settled", alt.value(MAIN), alt.value(MUTED))
    )
    return band + pale + firm.mark_line(color=MAIN, strokeWidth=2).encode(y=y) + points
