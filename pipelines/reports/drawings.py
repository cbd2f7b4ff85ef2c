"""Inline SVG for the HTML report. Only numbers and the names of weeks go in; nothing from outside."""

from __future__ import annotations

import polars as pl
from markupsafe import Markup, escape

from pipelines.queries.formats import PER_UNITS, number

_WIDTH, _HEIGHT = 720, 220
_LEFT, _RIGHT, _TOP, _BOTTOM = 44, 12, 12, 28


def weekly_rates(by_week: pl.DataFrame, alt_text: str, language: str) -> Markup:
    """Bars of the weekly rate with whiskers for the interval and a dash for what was expected."""
    drawn = [*by_week["rate_high"], *by_week["expected_rate"]]
    highest = max((high or 0.0 for high in drawn), default=0.0) * PER_UNITS or 1.0
    step = _step(highest)
    top = step * -(-highest // step)
    plot = _HEIGHT - _TOP - _BOTTOM

    def y(rate: float) -> float:
        return round(_TOP + plot * (1 - rate / top), 1)

    parts = []
    tick = 0.0
    while tick <= top:
        parts.append(
            f'<line class="grid" x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{y(tick)}" y2="{y(tick)}"/>'
        )
        label = number(tick, language, 0 if step >= 1 else 1)
        parts.append(f'<text x="{_LEFT - 8}" y="{y(tick) + 4}" text-anchor="end">{label}</text>')
        tick += step
    slot = (_WIDTH - _LEFT - _RIGHT) / by_week.height
    for position, row in enumerate(by_week.iter_rows(named=True)):
        middle = round(_LEFT + slot * (position + 0.5), 1)
        kind = "now" if position == by_week.height - 1 else "past"
        if row["rate"] is not None:
            value = row["rate"] * PER_UNITS
            height = round(y(0) - y(value), 1)
            x = round(middle - 20, 1)
            parts.append(f'<rect class="{kind}" x="{x}" width="40" y="{y(value)}" height="{height}" rx="3"/>')
            low, high = y(row["rate_low"] * PER_UNITS), y(row["rate_high"] * PER_UNITS)
            parts.append(f'<line class="whisker" x1="{middle}" x2="{middle}" y1="{low}" y2="{high}"/>')
        if row["expected_rate"] is not None:
            line, half = y(row["expected_rate"] * PER_UNITS), round(slot / 2 - 4, 1)
            ends = f'x1="{middle - half:.1f}" x2="{middle + half:.1f}"'
            parts.append(f'<line class="base" {ends} y1="{line}" y2="{line}"/>')
        parts.append(f'<text x="{middle}" y="{_HEIGHT - 8}" text-anchor="middle">{row["week"][5:]}</text>')
    body = "".join(parts)
    return Markup(  # noqa: S704 - numbers, week names and one escaped text
        f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="{escape(alt_text)}">{body}</svg>'
    )


def _step(highest: float) -> float:
    """A round distance between four or so ticks."""
    for step in (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000):
        if highest / step <= 5:
            return step
    return 5000.0
