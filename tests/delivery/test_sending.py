"""What goes out and when: a change once, a test to who asked, nothing of a stale file, no failure for two."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from benchmarks.outbox import post_office
from pipelines.delivery import outbox, sending
from pipelines.delivery.sending import deliver, has_signal_news, hindrances
from pipelines.home import Home
from pipelines.status import Status

Signalled = Callable[[int], Home]
WEEK = "2026-W43"


@pytest.fixture(scope="module")
def home(signalled: Signalled) -> Home:
    return signalled(1)


def test_a_changed_signal_is_reported_once_and_an_unchanged_one_never(
    signalled: Signalled, confirmed: Callable[[Home], str]
) -> None:
    home = signalled(1)
    (home.root / "subscriptions.yml").write_text("subscriptions:\n  - {name: now, schedule: on_signal}\n")
    news = has_signal_news(home)
    assert news.startswith("now:signals-")
    assert news == has_signal_news(home)
    done = deliver(home, schedule="on_signal", is_sending=True, is_once_per_period=True)
    assert [row.state for row in done.entries] == ["sent"]
    assert has_signal_news(home) == ""
    assert deliver(home, schedule="on_signal", is_sending=True).entries == []
    confirmed(home)
    assert has_signal_news(home) not in ("", news)
    assert len(deliver(home, schedule="on_signal", is_sending=True, is_once_per_period=True).entries) == 1


def test_a_stale_file_keeps_the_schedules_back(home: Home) -> None:
    assert any("not of today" in reason for reason in hindrances(home))


def test_a_feed_that_stopped_keeps_the_schedules_back(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    silent = (("repairs", date(2026, 9, 1)),)
    monkeypatch.setattr(sending, "status", lambda _: Status("stopped", None, None, None, 0, silent))
    assert hindrances(home) == ["The feed repairs has stopped: its last event is of 2026-09-01."]


def test_a_test_goes_to_who_asked_for_it_and_leaves_no_memory(
    signalled: Signalled, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = signalled(0)
    monkeypatch.delenv("SAVOIR_SMTP_HOST", raising=False)
    assert sending.send_test(home, "everything", "ben@example.com").state == "failed"
    with post_office(iter(["ok"])) as (post, port):
        monkeypatch.setenv("SAVOIR_SMTP_HOST", "127.0.0.1")
        monkeypatch.setenv("SAVOIR_SMTP_PORT", str(port))
        assert sending.send_test(home, "everything", "ben@example.com").state == "sent"
        assert len(post.taken) == 1
    assert outbox.entries(home) == []
    assert outbox.last_reported(home, "everything") is None
    home.roles.write_text("people:\n  ben@example.com: {role: quality, families: [tiller]}\n")
    refused = sending.send_test(home, "everything", "ben@example.com")
    assert (refused.state, "does not reach" in refused.reason) == ("failed", True)


def test_what_fails_in_one_subscription_keeps_no_other_back(home: Home, tmp_path: Path) -> None:
    (home.root / "subscriptions.yml").write_text(
        "subscriptions:\n  - {name: wrong, families: [nothing]}\n  - {name: fine}\n"
    )
    try:
        done = deliver(home, asked=WEEK)
    finally:
        (home.root / "subscriptions.yml").unlink()
    assert [folder.parent.name for folder in done.folders] == ["fine"]
    assert len(done.problems) == 1
    assert {path.name for path in done.folders[0].iterdir()} >= {"report.pdf", "report.html", "report.xlsx"}
