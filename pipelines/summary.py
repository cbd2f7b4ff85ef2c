"""The short table that `savoir build` prints at its end. Every figure comes from the shared query layer.

Does not belong here: computing anything.
"""

from __future__ import annotations

from pipelines.home import Home
from pipelines.queries.build_facts import build_facts, deliveries
from pipelines.queries.lifetimes import failure_rates
from pipelines.queries.measures import Value
from pipelines.queries.overview import headline
from pipelines.queries.scopes import EVERYTHING
from pipelines.queries.snapshot import open_snapshot

_COUNTS = ("read", "loaded", "duplicate", "quarantined", "skipped")


def summary(home: Home) -> str:
    """What the newest snapshot holds, for a terminal."""
    snapshot = open_snapshot(home)
    try:
        facts = build_facts(snapshot)
        lines = [_row("feed", _COUNTS)]
        for feed in deliveries(snapshot).iter_rows(named=True):
            lines.append(_row(feed["feed"], [f"{feed[f'rows_{name}']:,}" for name in _COUNTS]))
        lines.append("")
        for name, value in headline(snapshot, EVERYTHING).items():
            lines.append(f"{name.replace('_', ' '):24} {_said(value)}")
        for rate in failure_rates(snapshot, EVERYTHING).iter_rows(named=True):
            name = f"failed by month {rate['age_month']}"
            lines.append(f"{name:24} {_rate(rate)}")
        lines.append("")
        lines.append(f"as of {facts.as_of}, {facts.checks_passed} checks green, {snapshot.path}")
        return "\n".join(lines)
    finally:
        snapshot.close()


def _row(name: str, cells: list[str] | tuple[str, ...]) -> str:
    return f"{name:16}" + "".join(f"{cell:>13}" for cell in cells)


def _said(value: Value) -> str:
    if value.value is None:
        return "nothing to divide by"
    if value.measure.format != "percent":
        return f"{value.value:,.0f}"
    if not value.is_enough:
        return f"too few to say (n = {value.n:,.0f})"
    interval = "" if value.low is None else f"  [{value.low:.1%} - {value.high:.1%}]"
    return f"{value.value:.1%}{interval}  n = {value.n:,.0f}"


def _rate(rate: dict[str, float]) -> str:
    if not rate["is_enough"]:
        return f"too few to say (watched = {rate['watched']:,.0f})"
    interval = ""
    if rate["cumulative_low"] is not None:
        interval = f"  [{rate['cumulative_low']:.1%} - {rate['cumulative_high']:.1%}]"
    watched = f"n = {rate['units']:,.0f}, still watched = {rate['watched']:,.0f}"
    return f"{rate['cumulative']:.1%}{interval}  {watched}"


def published_as_of(home: Home) -> str:
    """The day that the published file is about, as 2026-10-31; empty where none is published."""
    if not home.current.exists():
        return ""
    snapshot = open_snapshot(home)
    try:
        return build_facts(snapshot).as_of.isoformat()
    finally:
        snapshot.close()
