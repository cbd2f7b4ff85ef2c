"""A chart block as SVG: bars lying down, or lines. Numbers and escaped labels go in, nothing else.

Belongs here: drawing for paper and mail. Does not belong here: charts of workbooks, which are Excel's own.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from pipelines.queries.formats import number, percent
from pipelines.reports.blocks import Chart

WIDTH = 720
_COLOURS = ("#1f6f54", "#9aa5a0", "#b5651d")
_FONT = 'font-family="Libertinus Serif, Georgia, serif" font-size="13" fill="#333"'
_BAR, _GAP, _LABEL, _VALUE = 16, 7, 250, 60
_HEIGHT, _LEFT, _RIGHT, _TOP, _BOTTOM = 230, 56, 150, 12, 30
MOST_BARS = 12
_LETTERS = 40


def chart_svg(chart: Chart, language: str) -> str:
    """The drawing."""
    return _bars(chart, language) if chart.kind == "bar" else _lines(chart, language)


def _bars(chart: Chart, language: str) -> str:
    rows = chart.table.rows[:MOST_BARS]
    highest = max((row[chart.series[0]] or 0 for row in rows), default=0) or 1
    height = len(rows) * (_BAR + _GAP) + _GAP
    room = WIDTH - _LABEL - _VALUE
    parts = []
    for place, row in enumerate(rows):
        value = row[chart.series[0]] or 0
        top = _GAP + place * (_BAR + _GAP)
        width = round(room * value / highest, 1)
        label = escape(_short(str(row[chart.x])))
        parts.append(
            f'<text x="{_LABEL - 8}" y="{top + 13}" text-anchor="end">{label}</text>'
            f'<rect x="{_LABEL}" y="{top}" width="{width}" height="{_BAR}" rx="2" fill="{_COLOURS[0]}"/>'
            f'<text x="{_LABEL + width + 6:.1f}" y="{top + 13}">{number(value, language)}</text>'
        )
    return _svg(height, "".join(parts))


def _lines(chart: Chart, language: str) -> str:
    rows = chart.table.rows
    series = [[row[place] for row in rows] for place in chart.series]
    highest = max((value for values in series for value in values if value is not None), default=0) or 1
    step = _step(highest)
    top = step * -(-highest // step)
    plot, wide = _HEIGHT - _TOP - _BOTTOM, WIDTH - _LEFT - _RIGHT
    is_share = chart.table.columns[chart.series[0]].kind == "percent"

    def x(place: int) -> float:
        return round(_LEFT + wide * place / max(len(rows) - 1, 1), 1)

    def y(value: float) -> float:
        return round(_TOP + plot * (1 - value / top), 1)

    parts = []
    for place in range(round(top / step) + 1):
        tick = place * step
        label = percent(tick, language, 1 if step < 0.01 else 0) if is_share else number(tick, language)
        parts.append(
            f'<line x1="{_LEFT}" x2="{WIDTH - _RIGHT}" y1="{y(tick)}" y2="{y(tick)}" stroke="#ddd"/>'
            f'<text x="{_LEFT - 8}" y="{y(tick) + 4}" text-anchor="end">{escape(label)}</text>'
        )
    every = max(1, -(-len(rows) // 6))
    for place in range(0, len(rows), every):
        label = _short(str(rows[place][chart.x]))
        parts.append(f'<text x="{x(place)}" y="{_HEIGHT - 8}" text-anchor="middle">{escape(label)}</text>')
    ends = []
    for position, values in zip(chart.series, series, strict=True):
        colour = _COLOURS[len(ends) % len(_COLOURS)]
        points = [(x(place), y(value)) for place, value in enumerate(values) if value is not None]
        if not points:
            continue
        path = " ".join(f"{left},{high}" for left, high in points)
        dash = ' stroke-dasharray="6 4"' if ends else ""
        parts.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2.5"{dash}/>')
        ends.append([points[-1][1] + 4, points[-1][0] + 8, chart.table.columns[position].title, colour])
    for height, left, title, colour in _apart(ends):
        parts.append(
            f'<text x="{left}" y="{height}" style="fill:{colour}">{escape(_short(title, 20))}</text>'
        )
    return _svg(_HEIGHT, "".join(parts))


def _apart(ends: Sequence[list]) -> list[list]:
    """Names at the ends of lines, moved so that none lies on another."""
    placed: list[list] = []
    for end in sorted(ends, key=lambda each: each[0]):
        if placed and end[0] - placed[-1][0] < 15:
            end[0] = placed[-1][0] + 15
        placed.append(end)
    return placed


def _step(highest: float) -> float:
    """A round distance between five or so ticks."""
    size = 0.0001
    while True:
        for times in (1, 2, 5):
            if highest / (size * times) <= 5:
                return size * times
        size *= 10


def _short(text: str, letters: int = _LETTERS) -> str:
    return text if len(text) <= letters else text[: letters - 1] + "…"


def _svg(height: int, body: str) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" '
        f'height="{height}"><g {_FONT}>{body}</g></svg>'
    )
