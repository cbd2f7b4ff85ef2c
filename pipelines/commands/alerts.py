"""`savoir alert …`: what people do about an alert. Each command adds one act to the ledger, none rewrites.

Belongs here: options and what is printed. Does not belong here: the ledger (`pipelines.signals.ledger`).
"""

from __future__ import annotations

import getpass
from collections.abc import Callable
from datetime import UTC, date, datetime

import click

from pipelines.commands.words import AtHome, IsoDay, Sentences
from pipelines.home import Home
from pipelines.terminal import show


class Counted(click.ParamType):
    """Claims over unit-months, as 29/1500."""

    name = "claims/unit-months"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[int, float]:
        if isinstance(value, tuple):
            return value
        claims, _, months = str(value).partition("/")
        try:
            counted = int(claims), float(months)
        except ValueError:
            counted = (-1, 0.0)
        if counted[0] < 0 or not 0 < counted[1] < float("inf"):
            self.fail(f"{value!r} is no count: write claims over unit-months, as 29/1500.", param, ctx)
        return counted


def _options(function: Callable) -> Callable:
    """Who acts, and what they say, on every act."""
    for option in (
        click.argument("alert"),
        click.option("--note", default="", help="In your words."),
        click.option("--by", "actor", default=getpass.getuser, help="Who acts. Default: your login."),
        click.pass_obj,
    )[::-1]:
        function = option(function)
    return function


@click.group("alert", cls=Sentences)
def alert_group() -> None:
    """Alerts of emerging defects: list them, and write down what is done about one.

    ALERT is a signal_id, or a part of it that only one alert has, such as its lot.
    """


@alert_group.command("list", cls=AtHome)
@click.option("--all", "is_all", is_flag=True, help="Closed and snoozed ones too.")
@click.pass_obj
def list_alerts(home: Home, is_all: bool) -> None:
    """Alerts with status, owner and open actions."""
    from pipelines.signals.ledger import alerts

    today = datetime.now(UTC).date()
    found = alerts(home)
    shown = [one for one in found if is_all or (one.status != "closed" and not one.is_snoozed(today))]
    for one in shown:
        owner = f", owner {one.owner}" if one.owner else ", no owner"
        show(f"{one.status:10}{one.fired_on}  {one.signal_id}{owner}")
        for act in one.open_actions:
            late = " (late)" if act.until is not None and act.until < today else ""
            show(f"{'':10}{act.until or 'no date'}  to do: {act.note}{late}")
        for act in one.acts if is_all else ():
            show(f"{'':10}{act.at:%Y-%m-%d %H:%M}  {act.kind} by {act.actor}: {act.note}")
    show(f"{len(shown)} of {len(found)} alerts" if found else "The ledger has no alert.")


@alert_group.command(cls=AtHome)
@_options
def acknowledge(home: Home, alert: str, note: str, actor: str) -> None:
    """Somebody has seen ALERT."""
    _act(home, alert, "acknowledged", actor, note)


@alert_group.command("note", cls=AtHome)
@_options
@click.argument("text")
def add_note(home: Home, alert: str, text: str, note: str, actor: str) -> None:
    """Add a TEXT to ALERT."""
    _act(home, alert, "note", actor, f"{text} {note}".strip())


@alert_group.command(cls=AtHome)
@_options
def confirm(home: Home, alert: str, note: str, actor: str) -> None:
    """ALERT is a real defect: its 8D is in the next report."""
    _act(home, alert, "confirmed", actor, note)


@alert_group.command(cls=AtHome)
@_options
@click.option("--until", type=IsoDay(), required=True, help="The day on which it wakes.")
def snooze(home: Home, alert: str, note: str, actor: str, until: date) -> None:
    """Let ALERT sleep until a day."""
    _act(home, alert, "snoozed", actor, note, until)


@alert_group.command(cls=AtHome)
@_options
@click.argument("owner")
@click.option("--action", help="What is to be done.")
@click.option("--due", type=IsoDay(), help="By when.")
def assign(
    home: Home, alert: str, owner: str, action: str | None, due: date | None, note: str, actor: str
) -> None:
    """Give ALERT an OWNER, and if told an action with the day it is due."""
    if due is not None and action is None:
        raise click.UsageError("--due needs --action: what is due on that day.")
    _act(home, alert, "owner", actor, owner)
    if action is not None:
        _act(home, alert, "action", actor, action, due)
    if note:
        _act(home, alert, "note", actor, note)


@alert_group.command(cls=AtHome)
@_options
@click.argument("action")
def done(home: Home, alert: str, action: str, note: str, actor: str) -> None:
    """ACTION of ALERT, by its words, is done."""
    _act(home, alert, "action_done", actor, action)
    if note:
        _act(home, alert, "note", actor, note)


@alert_group.command(cls=AtHome)
@_options
def reopen(home: Home, alert: str, note: str, actor: str) -> None:
    """ALERT was closed or confirmed too early."""
    _act(home, alert, "reopened", actor, note)


@alert_group.command(cls=AtHome)
@_options
@click.option("--fixed-on", type=IsoDay(), help="The day of the fix: claims are counted before and after.")
@click.option("--before", type=Counted(), help="Claims/unit-months before the fix, as 29/1500.")
@click.option("--after", type=Counted(), help="Claims/unit-months after it.")
def close(
    home: Home,
    alert: str,
    note: str,
    actor: str,
    fixed_on: date | None,
    before: tuple[int, float] | None,
    after: tuple[int, float] | None,
) -> None:
    """Close ALERT with the rate before and after the fix, as the published file counts them or as given."""
    from pipelines.queries.effectiveness import around
    from pipelines.queries.snapshot import open_snapshot
    from pipelines.signals.ledger import close as close_alert
    from pipelines.signals.ledger import named

    signal_id = named(home, alert)
    if before is None or after is None:
        if fixed_on is None:
            raise click.UsageError("Say when it was fixed (--fixed-on), or both --before and --after.")
        snapshot = open_snapshot(home)
        try:
            counted = around(snapshot, signal_id, fixed_on)
        finally:
            snapshot.close()
        before, after = counted.before, counted.after
    detail = close_alert(home, signal_id, before=before, after=after, actor=actor, note=note)
    for name, (claims, months) in (("before", before), ("after", after)):
        show(f"{name:8}{claims:>6} claims in {months:,.0f} unit-months")
    show(f"ratio   {detail['ratio']:.2f} [{detail['ratio_low']:.2f} to {detail['ratio_high']:.2f}], 95 %")
    if not detail["ratio_high"] < 1:
        show("The interval reaches 1: these counts do not show that the fix works.")
    show(f"{signal_id} is closed")


def _act(home: Home, alert: str, kind: str, actor: str, note: str, until: date | None = None) -> None:
    from pipelines.signals.ledger import act, named

    signal_id = named(home, alert)
    act(home, signal_id, kind, actor=actor, note=note, until=until)  # ty: ignore[invalid-argument-type]
    show(f"{signal_id}: {kind}{f' until {until}' if until else ''}")
