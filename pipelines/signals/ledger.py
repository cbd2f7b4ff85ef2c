"""The ledger of alerts: what was declared when each fired, and what people made of it.

Belongs here: writing an alert once, acts of people added to it (never rewritten), what both say together at
a moment. Does not belong here: when an alert fires (watching.py), pages.
"""

from __future__ import annotations

import json
import sqlite3
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Literal, get_args

import polars as pl

from pipelines.errors import SavoirError
from pipelines.home import Home
from pipelines.reliability import compare_rates
from pipelines.state import Tables, opened

LEDGER = Tables(
    "alert_ledger",
    (
        "create table alerts (signal_id text primary key, fired_at text not null, fired_on text not null, "
        "build_id text not null, declared text not null) strict",
        "create table alert_acts (id integer primary key, signal_id text not null references alerts, "
        "at text not null, actor text not null, kind text not null, note text not null, until text, "
        "detail text) strict",
    ),
)
DECLARED_COLUMNS = (
    "family_code", "sku", "fault_code", "lot_code", "supplier_id", "observed", "expected", "ratio",
    "ratio_low", "ratio_high", "statistic", "signal_limit", "units_under_warranty", "expected_claims",
    "cost_at_risk_eur", "comparison",
)  # fmt: skip

Kind = Literal[
    "acknowledged", "note", "owner", "snoozed", "action", "action_done", "confirmed", "closed", "reopened",
    "outcome",
]  # fmt: skip
KINDS: tuple[str, ...] = get_args(Kind)
STATUS_OF = {"confirmed": "confirmed", "closed": "closed", "reopened": "alert"}


class LedgerError(SavoirError):
    """An act that the ledger cannot take."""


@dataclass(frozen=True)
class Act:
    """What somebody did about an alert. `until`: the end of a snooze, or the day an action is due."""

    at: datetime
    actor: str
    kind: str
    note: str
    until: date | None
    detail: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Alert:
    """One alert: what was declared when it fired, and all acts since, oldest first."""

    signal_id: str
    fired_at: datetime
    fired_on: date
    build_id: str
    declared: dict[str, object]
    acts: tuple[Act, ...]

    @property
    def status(self) -> str:
        """alert, confirmed or closed: what the last act that decides says."""
        return next((STATUS_OF[act.kind] for act in reversed(self.acts) if act.kind in STATUS_OF), "alert")

    @property
    def owner(self) -> str | None:
        """Who was last named."""
        return next((act.note for act in reversed(self.acts) if act.kind == "owner"), None)

    def is_snoozed(self, on: date) -> bool:
        """Whether the last snooze lasts beyond a day."""
        until = next((act.until for act in reversed(self.acts) if act.kind == "snoozed"), None)
        return until is not None and on < until

    @property
    def open_actions(self) -> list[Act]:
        """Actions not done yet: an `action_done` with the same note ends one."""
        done = {act.note for act in self.acts if act.kind == "action_done"}
        return [act for act in self.acts if act.kind == "action" and act.note not in done]


def record_alerts(home: Home, signals: pl.DataFrame, build_id: str, at: datetime | None = None) -> int:
    """Write the alerts of `signals` that the ledger does not know yet; how many. Known ones stay."""
    moment = _stamp(at)
    alerts = signals.filter(pl.col("status") == "alert").sort("signal_id")
    with opened(home, LEDGER) as connection:
        before = connection.total_changes
        for row in alerts.iter_rows(named=True):
            declared = json.dumps({name: row[name] for name in DECLARED_COLUMNS}, ensure_ascii=False)
            connection.execute(
                "insert into alerts values (?, ?, ?, ?, ?) on conflict do nothing",
                (row["signal_id"], moment, row["first_signal_on"].isoformat(), build_id, declared),
            )
        return connection.total_changes - before


def act(
    home: Home,
    signal_id: str,
    kind: Kind,
    *,
    actor: str,
    note: str = "",
    until: date | None = None,
    detail: dict[str, float] | None = None,
    at: datetime | None = None,
) -> None:
    """Add what somebody did. LedgerError for an unknown alert or kind, or a snooze without an end."""
    if kind not in KINDS:
        raise LedgerError(f"{kind!r} is nothing that can be done about an alert: use {', '.join(KINDS)}.")
    if kind == "snoozed" and until is None:
        raise LedgerError(f"A snooze of {signal_id} needs an end: name the day until which it sleeps.")
    if kind in ("owner", "action", "action_done") and not note.strip():
        raise LedgerError(f"{kind} of {signal_id} needs a note: whom, or what.")
    with opened(home, LEDGER) as connection:
        if not connection.execute("select 1 from alerts where signal_id = ?", (signal_id,)).fetchone():
            raise LedgerError(f"The ledger has no alert {signal_id!r}: copy the signal_id of fct_signals.")
        connection.execute(
            "insert into alert_acts (signal_id, at, actor, kind, note, until, detail) "
            "values (?, ?, ?, ?, ?, ?, ?)",
            (
                signal_id, _stamp(at), actor, kind, note.strip(), until.isoformat() if until else None,
                json.dumps(detail) if detail else None,
            ),
        )  # fmt: skip


def close(
    home: Home,
    signal_id: str,
    *,
    before: tuple[int, float],
    after: tuple[int, float],
    actor: str,
    note: str = "",
    at: datetime | None = None,
) -> dict[str, float]:
    """Close with an effectiveness test: (claims, unit-months) before and after the fix, compared exactly.

    Returns what is kept with the act: ratio of the rate after to that before, 95 % limits, p value.
    """
    found = compare_rates((after[0], before[0]), (after[1], before[1]))
    detail = {
        "claims_before": float(before[0]), "unit_months_before": before[1],
        "claims_after": float(after[0]), "unit_months_after": after[1],
        "ratio": found.ratio, "ratio_low": found.ratio_low, "ratio_high": found.ratio_high,
        "p_value": found.p_value,
    }  # fmt: skip
    act(home, signal_id, "closed", actor=actor, note=note, detail=detail, at=at)
    return detail


def alerts(home: Home, known_at: datetime | None = None) -> list[Alert]:
    """The ledger as it stood at a moment (by default now), in order of firing; empty where there is none."""
    if not home.state.exists():
        return []
    until = _stamp(known_at) if known_at else "9999"
    with opened(home, LEDGER) as connection:
        fired = connection.execute(
            "select * from alerts where fired_at <= ? order by fired_at, signal_id", (until,)
        ).fetchall()
        acts = connection.execute("select * from alert_acts where at <= ? order by id", (until,)).fetchall()
    return [
        Alert(
            row["signal_id"],
            datetime.fromisoformat(row["fired_at"]),
            date.fromisoformat(row["fired_on"]),
            row["build_id"],
            json.loads(row["declared"]),
            tuple(_act(one) for one in acts if one["signal_id"] == row["signal_id"]),
        )
        for row in fired
    ]


def named(home: Home, text: str) -> str:
    """The signal_id of the one alert whose id is `text`, or holds it whatever its capitals.

    LedgerError where none or several do.
    """
    known = [alert.signal_id for alert in alerts(home)]
    if text in known:
        return text
    found = [signal_id for signal_id in known if text.strip() and text.casefold() in signal_id.casefold()]
    if len(found) == 1:
        return found[0]
    if not found:
        raise LedgerError(f"The ledger has no alert {text!r}: `savoir alert list --all` names them.")
    raise LedgerError(f"{len(found)} alerts hold {text!r}: write more of one of {', '.join(found)}.")


def with_verdicts(signals: pl.DataFrame, ledger: list[Alert]) -> pl.DataFrame:
    """Signals whose status is what people decided, where they confirmed or closed an alert."""
    decided = {a.signal_id: a.status for a in ledger if a.status != "alert"}
    said = pl.col("signal_id").replace_strict(decided, default=None, return_dtype=pl.String)
    is_alert = pl.col("status") == "alert"
    return signals.with_columns(
        status=pl.when(is_alert & said.is_not_null()).then(said).otherwise(pl.col("status"))
    )


def _act(row: sqlite3.Row) -> Act:
    return Act(
        datetime.fromisoformat(row["at"]),
        row["actor"],
        row["kind"],
        row["note"],
        date.fromisoformat(row["until"]) if row["until"] else None,
        json.loads(row["detail"]) if row["detail"] else {},
    )


def _stamp(at: datetime | None) -> str:
    """UTC without a zone, to the millisecond: texts then order as moments do."""
    moment = at or datetime.now(UTC)
    if moment.tzinfo is not None:
        moment = moment.astimezone(UTC).replace(tzinfo=None)
    return moment.isoformat(timespec="milliseconds")
