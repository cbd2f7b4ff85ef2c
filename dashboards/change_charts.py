"""Charts of a difference and its parts. Palette and defaults are those of `charts`."""

from __future__ import annotations

from typing import Any

import altair as alt
import polars as pl

from dashboards.charts import ALARM, BASE, MAIN, _chart

# The words that these charts need from the page.
WORDS = ("volume", "mix", "rate", "part", "claims", "group")
_COLOURS = {"volume": BASE, "mix": "#d19a2e", "rate": ALARM}


def parts(change: dict[str, float], words: dict[str, str]) -> Any:
    """From before to now in steps: volume, mix, rate."""
    rows, at = [], change["claims_before"]
    rows.append({"part": words["before"], "start": 0.0, "end": float(at), "step": float(at), "kind": "total"})
    for name in ("volume", "mix", "rate"):
        step = change[name]
        rows.append({"part": words[name], "start": float(at), "end": at + step, "step": step, "kind": name})
        at += step
    rows.append({"part": words["now"], "start": 0.0, "end": float(at), "step": float(at), "kind": "total"})
    frame = pl.DataFrame(rows)
    colours = {"total": MAIN, **_COLOURS}
    base = _chart(frame).encode(
        x=alt.X("part:N", sort=frame["part"].to_list(), title=None, axis=alt.Axis(labelAngle=0)),
        tooltip=[
            alt.Tooltip("part:N", title=words["part"]),
            alt.Tooltip("step:Q", title=words["claims"], format="+,.1f"),
        ],
    )
    bars = base.mark_bar(size=46, cornerRadius=2).encode(
        y=alt.Y("start:Q", title=words["claims"], axis=alt.Axis(format=",d", tickCount=5)),
        y2="end:Q",
        color=alt.Color(
            "kind:N", legend=None, scale=alt.Scale(domain=list(colours), range=list(colours.values()))
        ),
    )
    return bars + base.mark_text(dy=-9, fontSize=12).encode(
        y=alt.Y("top:Q"), text=alt.Text("step:Q", format="+,.0f")
    ).transform_calculate(top="max(datum.start, datum.end)")


def groups(frame: pl.DataFrame, words: dict[str, str]) -> Any:
    """One row per group: its difference stacked from volume, mix and rate."""
    order = frame["label"].to_list()
    long = frame.unpivot(
        on=["volume", "mix", "rate"], index=["label", "difference"], variable_name="part", value_name="claims"
    ).with_columns(told=pl.col("part").replace_strict({name: words[name] for name in _COLOURS}))
    scale = alt.Scale(domain=[words[name] for name in _COLOURS], range=list(_COLOURS.values()))
    return (
        _chart(long)
        .mark_bar(cornerRadius=1)
        .encode(
            y=alt.Y("label:N", sort=order, title=None, axis=alt.Axis(labelLimit=200)),
            x=alt.X("claims:Q", title=words["claims"], axis=alt.Axis(format="+,d", grid=True, tickCount=6)),
            color=alt.Color("told:N", scale=scale),
            tooltip=[
                alt.Tooltip("label:N", title=words["group"]),
                alt.Tooltip("told:N", title=words["part"]),
                alt.Tooltip("claims:Q", title=words["claims"], format="+,.1f"),
                alt.Tooltip("difference:Q", title=words["difference"], format="+,d"),
            ],
        )
    )
