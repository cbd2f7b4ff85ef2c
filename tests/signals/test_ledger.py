"""The ledger of alerts: fired once, added to, never rewritten; what stood at a moment can be asked."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path

import polars as pl
import pytest

from pipelines import signals
from pipelines.home import Home
from pipelines.signals import LedgerError, act, alerts, close, record_alerts
from pipelines.signals.ledger import with_verdicts
from pipelines.signals.rows import SIGNAL_SCHEMA

NAME = "family_code=mower|sku=A|lot_code=L1"
FIRED, LATER = datetime(2026, 11, 26, 5), datetime(2026, 12, 1, 9)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "home")


def rows(status: str = "alert", observed: int = 29) -> pl.DataFrame:
    row = dict.fromkeys(SIGNAL_SCHEMA) | {
        "signal_id": NAME, "status": status, "observed": observed, "expected": 6.5, "sku": "A",
        "first_signal_on": date(2025, 6, 30),
    }  # fmt: skip
    return pl.DataFrame([row], schema=SIGNAL_SCHEMA)


def test_an_alert_is_written_once_with_what_was_declared_then(home: Home) -> None:
    assert record_alerts(home, rows("watch"), "b0", FIRED) == 0
    assert record_alerts(home, rows(), "b1", FIRED) == 1
    assert record_alerts(home, rows(observed=40), "b2", LATER) == 0
    [alert] = alerts(home)
    assert (alert.build_id, alert.fired_at, alert.declared["observed"]) == ("b1", FIRED, 29)
    assert alert.status == "alert"


@pytest.mark.parametrize("name", ["home[1]", "o'b {c} *?", "100% 🚜"])
def test_alerts_of_a_home_with_any_name_are_written(tmp_path: Path, name: str) -> None:
    home = Home(tmp_path / name)
    home.reliability.mkdir(parents=True)
    rows().write_parquet(home.reliability / "signals.parquet")
    assert signals.record_published(home, "b1") == 1


def test_acts_are_added_and_the_last_one_that_decides_is_the_status(home: Home) -> None:
    record_alerts(home, rows(), "b1", FIRED)
    act(home, NAME, "owner", actor="quality", note="Ada", at=FIRED)
    act(home, NAME, "action", actor="Ada", note="ask the supplier", until=date(2026, 12, 5), at=FIRED)
    act(home, NAME, "snoozed", actor="Ada", until=date(2026, 12, 3), at=FIRED)
    act(home, NAME, "confirmed", actor="Ada", note="a bearing", at=LATER)
    [alert] = alerts(home)
    assert (alert.status, alert.owner) == ("confirmed", "Ada")
    assert alert.is_snoozed(date(2026, 12, 2))
    assert not alert.is_snoozed(date(2026, 12, 3))
    assert [one.note for one in alert.open_actions] == ["ask the supplier"]
    act(home, NAME, "action_done", actor="Ada", note="ask the supplier")
    act(home, NAME, "reopened", actor="Ada")
    [alert] = alerts(home)
    assert (alert.status, alert.open_actions) == ("alert", [])
    assert [one.kind for one in alert.acts][:4] == ["owner", "action", "snoozed", "confirmed"]


def test_what_stood_at_a_moment_is_cut_there(home: Home) -> None:
    record_alerts(home, rows(), "b1", FIRED)
    act(home, NAME, "confirmed", actor="Ada", at=LATER)
    assert alerts(home, datetime(2026, 11, 1)) == []
    assert [alert.status for alert in alerts(home, datetime(2026, 11, 30))] == ["alert"]
    assert [alert.status for alert in alerts(home, LATER)] == ["confirmed"]


def test_closing_keeps_the_rate_before_and_after_with_its_interval(home: Home) -> None:
    record_alerts(home, rows(), "b1", FIRED)
    kept = close(home, NAME, before=(29, 1500.0), after=(3, 1400.0), actor="Ada", note="new bearing")
    assert kept["ratio"] == pytest.approx(3 / 1400 / (29 / 1500))
    assert kept["ratio_low"] < kept["ratio"] < kept["ratio_high"] < 1
    [alert] = alerts(home)
    assert (alert.status, alert.acts[-1].detail["p_value"]) == ("closed", kept["p_value"])


def test_marts_say_what_people_decided_and_only_of_alerts(home: Home) -> None:
    record_alerts(home, rows(), "b1", FIRED)
    act(home, NAME, "confirmed", actor="Ada")
    assert with_verdicts(rows(), alerts(home))["status"].to_list() == ["confirmed"]
    assert with_verdicts(rows("watch"), alerts(home))["status"].to_list() == ["watch"]
    assert with_verdicts(rows(), [])["status"].to_list() == ["alert"]


def test_what_the_ledger_cannot_take_is_refused_in_words(home: Home) -> None:
    assert alerts(home) == []
    with pytest.raises(LedgerError, match="no alert"):
        act(home, NAME, "confirmed", actor="Ada")
    record_alerts(home, rows(), "b1", FIRED)
    with pytest.raises(LedgerError, match="needs an end"):
        act(home, NAME, "snoozed", actor="Ada")
    with pytest.raises(LedgerError, match="needs a note"):
        act(home, NAME, "owner", actor="Ada")


def test_a_build_of_what_was_known_then_reads_the_ledger_as_it_stood(home: Home, monkeypatch) -> None:
    # The evidence is cut by what the models were given; what people decided, by the same moment.
    monkeypatch.setattr(signals, "read_lots", lambda home: None)
    monkeypatch.setattr(
        signals, "signal_rows", lambda *_: {"signals": rows(), "signal_history": pl.DataFrame({"month": []})}
    )
    home.make()
    signals.compute(home, date(2026, 11, 26))
    assert signals.record_published(home, "b1") == 1
    act(home, NAME, "confirmed", actor="Ada")
    said = []
    for known_at in (datetime(2026, 11, 1), None):
        signals.compute(home, date(2026, 11, 26), known_at=known_at)
        said += pl.read_parquet(home.reliability / "signals.parquet")["status"].to_list()
    assert said == ["alert", "confirmed"]
