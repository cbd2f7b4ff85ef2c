"""`savoir alert`: acts of people are added, the alert is named by a part of its id, its owner is shown."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import polars as pl
import pytest
from click.testing import CliRunner, Result

from pipelines.cli import main
from pipelines.home import Home
from pipelines.signals import alerts, record_alerts
from pipelines.signals.rows import SIGNAL_SCHEMA

LOTS = ("L1-90", "L2-10")


@pytest.fixture
def home(tmp_path: Path) -> Home:
    home = Home(tmp_path / "home")
    rows = [
        dict.fromkeys(SIGNAL_SCHEMA)
        | {"signal_id": f"sku=A|lot_code={lot}", "status": "alert", "first_signal_on": date(2026, 5, 31)}
        for lot in LOTS
    ]
    record_alerts(home, pl.DataFrame(rows, schema=SIGNAL_SCHEMA), "b1")
    return home


def run(home: Home, *words: str) -> Result:
    return CliRunner().invoke(main, ["--home", str(home.root), "alert", *words])


def test_the_acts_of_an_alert_from_owner_to_closing(home: Home) -> None:
    for words in (
        ("acknowledge", "l1", "--by", "Ada"),
        ("note", "L1", "the bearing again", "--by", "Ada"),
        ("assign", "L1", "Ben", "--action", "ask for the 8D", "--due", "2020-01-01", "--by", "Ada"),
        ("confirm", "L1", "--by", "Ada"),
    ):
        assert run(home, *words).exit_code == 0
    listed = run(home, "list").stdout
    assert "confirmed" in listed
    assert "owner Ben" in listed
    assert "2020-01-01  to do: ask for the 8D (late)" in listed
    closed = run(home, "close", "L1", "--before", "29/1500", "--after", "3/1400", "--by", "Ada")
    assert "ratio   0.11 [0.02 to 0.36], 95 %" in closed.stdout
    first, second = alerts(home)
    assert (first.status, second.status) == ("closed", "alert")
    assert [act.kind for act in first.acts] == [
        "acknowledged", "note", "owner", "action", "confirmed", "closed",
    ]  # fmt: skip
    assert {act.actor for act in first.acts} == {"Ada"}
    assert "L1-90" not in run(home, "list").stdout
    assert "closed by Ada" in run(home, "list", "--all").stdout


def test_a_fix_that_the_counts_do_not_show_is_said(home: Home) -> None:
    assert "do not show" in run(home, "close", "L2", "--before", "2/100", "--after", "1/90").stdout


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("confirm", "L9"), "no alert 'L9'"),
        (("confirm", "sku=A"), "2 alerts hold 'sku=A'"),
        (("snooze", "L1"), "Missing option '--until'"),
        (("close", "L1"), "--fixed-on"),
        (("close", "L1", "--before", "many", "--after", "1/2"), "as 29/1500"),
        (("assign", "L1", "Ben", "--due", "2026-12-01"), "--due needs --action"),
    ],
)
def test_what_cannot_be_done_is_said_and_nothing_is_added(
    home: Home, words: tuple[str, ...], said: str
) -> None:
    result = run(home, *words)
    assert result.exit_code != 0
    assert said in result.stderr
    assert not any(alert.acts for alert in alerts(home))


def test_a_snoozed_alert_sleeps_until_its_day(home: Home) -> None:
    run(home, "snooze", "L1", "--until", "2999-01-01")
    assert "1 of 2 alerts" in run(home, "list").stdout
