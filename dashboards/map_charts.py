"""A map without tiles: places by longitude and latitude, on the reader's machine alone.

Palette and defaults are those of `charts`.
"""

from __future__ import annotations

from typing import Any

import altair as alt
import polars as pl

from dashboards.charts import ALARM, BASE, MAIN, _chart, _tips

# The words that the map needs from the page.
WORDS = ("department", "claims", "near", "share", "centre", "chosen", "others")
# Metropolitan France: what lies overseas is in the table below the map.
LONGITUDES, LATITUDES = (-5.5, 10.0), (41.0, 51.5)


def reach(claimed: pl.DataFrame, places: pl.DataFrame, words: dict[str, str]) -> Any:
    """Departments by claims (size) and the share near a centre (colour), centres on top as squares."""
    x = alt.X("longitude:Q", scale=alt.Scale(domain=LONGITUDES, nice=False), axis=None)
    y = alt.Y("latitude:Q", scale=alt.Scale(domain=LATITUDES, nice=False), axis=None)
    inside = pl.col("longitude").is_between(*LONGITUDES) & pl.col("latitude").is_between(*LATITUDES)
    departments = (
        _chart(claimed.filter(inside))
        .mark_point(filled=True, shape="circle", opacity=0.75)
        .encode(
            x=x,
            y=y,
            size=alt.Size("claims:Q", scale=alt.Scale(range=[20, 900]), legend=None),
            color=alt.Color(
                "share:Q",
                title=words["share"],
                scale=alt.Scale(domain=[0, 1], range=[ALARM, MAIN], interpolate="rgb"),
                legend=alt.Legend(format=".0%", title=words["share"]),
            ),
            tooltip=[
                alt.Tooltip("department:N", title=words["department"]),
                *_tips(
                    claims=(words["claims"], ",d"),
                    near=(words["near"], ",d"),
                    share=(words["share"], ".0%"),
                ),
            ],
        )
    )
    centers = (
        _chart(
            places.filter(inside).with_columns(
                told=pl.when("is_chosen").then(pl.lit(words["chosen"])).otherwise(pl.lit(words["others"]))
            )
        )
        .mark_point(filled=True, shape="square", opacity=1, stroke="white", strokeWidth=0.7)
        .encode(
            x=x,
            y=y,
            size=alt.condition("datum.is_chosen", alt.value(160), alt.value(38)),
            color=alt.condition("datum.is_chosen", alt.value("#d19a2e"), alt.value(BASE)),
            tooltip=[
                alt.Tooltip("service_center_id:N", title=words["centre"]),
                alt.Tooltip("name:N", title=words["centre"]),
                alt.Tooltip("told:N", title=" "),
            ],
        )
    )
    return (departments + centers).resolve_scale(size="independent", color="independent")
