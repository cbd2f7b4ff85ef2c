"""The job that writes the reports, and the sensor that starts it when a signal changes."""

from __future__ import annotations

from types import ModuleType

import dagster as dg
import pytest

from pipelines.delivery import outbox, sending
from pipelines.home import Home
from pipelines.orchestration import alerts
from pipelines.orchestration.job import REPORT, ReportRun, write_defect_reports
from pipelines.orchestration.resources import HomeResource
from pipelines.orchestration.sensors import signal_changes

Told = list[tuple[str, str]]


@pytest.fixture
def home(small_home_builder: ModuleType, tmp_path) -> Home:
    small_home_builder.make(tmp_path / "home")
    return Home.at(tmp_path / "home")


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> Told:
    """What the admin heard: subject and text."""
    heard: Told = []
    monkeypatch.setattr(alerts, "send_alert", lambda subject, text, log: heard.append((subject, text)))
    return heard


def run(home: Home, schedule: str = "weekly") -> None:
    with dg.DagsterInstance.ephemeral() as instance:
        context = dg.build_op_context(
            instance=instance, resources={"home": HomeResource(root=str(home.root))}
        )
        write_defect_reports(context, ReportRun(schedule=schedule))


def test_an_old_file_is_told_to_the_admin_and_reported_to_nobody(home: Home, told: Told) -> None:
    run(home)
    [(subject, text)] = told
    assert subject == "Savoir: the defect reports were not sent"
    assert "not of today" in text
    assert not home.reports.exists()
    assert outbox.entries(home) == []


def test_a_schedule_writes_its_reports_once_a_period_and_tells_what_did_not_arrive(
    home: Home, told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sending, "hindrances", lambda _: [])
    monkeypatch.delenv("SAVOIR_SMTP_HOST", raising=False)
    run(home)
    assert told == []
    assert (home.reports / "everything" / "2026-W43" / "report.pdf").exists()
    assert [row.state for row in outbox.entries(home)] == ["sent"]
    run(home)
    assert len(outbox.entries(home)) == 1
    (home.root / "subscriptions.yml").write_text(
        "subscriptions:\n"
        "  - {name: mailed, schedule: monthly, channel: mail, recipients: [ben@example.com]}\n"
        "  - {name: typo, schedule: monthly, families: [chainsow]}\n"
    )
    run(home, "monthly")
    [(subject, text)] = told
    assert subject == "Savoir: some defect reports did not arrive"
    assert "mailed to ben@example.com: failed, SAVOIR_SMTP_HOST is not set" in text
    assert "chainsow" in text


def test_the_sensor_starts_a_run_for_a_changed_signal_and_none_for_an_unchanged_one(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    def look() -> dg.RunRequest | dg.SkipReason:
        context = dg.build_sensor_context(resources={"home": HomeResource(root=str(home.root))})
        answer = signal_changes(context)
        assert isinstance(answer, dg.RunRequest | dg.SkipReason)
        return answer

    assert "No subscription waits" in str(look())
    (home.root / "subscriptions.yml").write_text("subscriptions:\n  - {name: now, schedule: on_signal}\n")
    news = ["now:signals-1a2b3c4d"]
    monkeypatch.setattr(sending, "has_signal_news", lambda _: news[0])
    assert "not of today" in str(look())
    monkeypatch.setattr(sending, "hindrances", lambda _: [])
    first, again = look(), look()
    assert isinstance(first, dg.RunRequest)
    assert isinstance(again, dg.RunRequest)
    # Dagster starts one run for one key.
    assert first.run_key == again.run_key
    assert first.run_config["ops"]["write_defect_reports"]["config"]["schedule"] == "on_signal"
    assert signal_changes.job_name == REPORT
    news[0] = ""
    assert "No signal has changed" in str(look())
