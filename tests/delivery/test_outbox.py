"""The outbox against a real SMTP server: no row is sent twice, none is lost in silence, doubt is shown."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from benchmarks.outbox import REPORT, one_run, post_office
from pipelines.delivery import outbox, sending
from pipelines.delivery.channels import message_of
from pipelines.delivery.subscriptions import Subscription
from pipelines.home import Home

BEN = "ben@example.com"
MAILED = Subscription(name="saws", families=("chainsaw",), channel="mail", recipients=(BEN,))
KEY = ("saws", "2026-W43", "build-1")


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home.at(tmp_path / "home")


def sent_through(home: Home, monkeypatch: pytest.MonkeyPatch, *ways: str, runs: int = 1) -> tuple[str, int]:
    """The row's state after some runs against a server that behaves so, and how often it took the mail."""
    with post_office(iter(ways)) as (post, port):
        monkeypatch.setenv("SAVOIR_SMTP_HOST", "127.0.0.1")
        monkeypatch.setenv("SAVOIR_SMTP_PORT", str(port))
        monkeypatch.setenv("SAVOIR_SMTP_SECONDS", "1")
        for _ in range(runs):
            sending.send(home, MAILED, REPORT)
        [row] = outbox.entries(home)
        return row.state, len(post.taken)


@pytest.mark.parametrize(
    ("way", "state", "taken"),
    [
        ("ok", "sent", 1),
        ("rcpt_4xx", "failed", 0),
        ("rcpt_5xx", "failed", 0),
        ("data_4xx", "failed", 0),
        ("data_5xx", "failed", 0),
        ("drop_before", "unknown", 0),
        ("drop_taken", "unknown", 1),
        ("drop_after", "sent", 1),
        ("drip", "sent", 1),
        ("hang", "unknown", 1),
    ],
)
def test_what_became_of_a_mail_is_what_the_server_let_us_know(
    home: Home, monkeypatch: pytest.MonkeyPatch, way: str, state: str, taken: int
) -> None:
    assert sent_through(home, monkeypatch, way) == (state, taken)


def test_what_failed_is_tried_again_and_what_is_in_doubt_or_sent_never(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert sent_through(home, monkeypatch, "rcpt_4xx", "ok", "ok", runs=3) == ("sent", 1)


def test_what_is_in_doubt_is_not_sent_again(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    assert sent_through(home, monkeypatch, "drop_taken", "ok", runs=3) == ("unknown", 1)


def test_a_server_that_nobody_reaches_is_a_failure_with_its_reason(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SAVOIR_SMTP_HOST", "127.0.0.1")
    monkeypatch.setenv("SAVOIR_SMTP_PORT", "1")
    [row] = sending.send(home, MAILED, REPORT)
    assert (row.state, "refused" in row.reason) == ("failed", True)
    monkeypatch.delenv("SAVOIR_SMTP_HOST")
    [row] = sending.send(home, MAILED, REPORT)
    assert "SAVOIR_SMTP_HOST" in row.reason


def test_runs_with_every_failure_two_schedulers_and_kills_send_nothing_twice(tmp_path: Path) -> None:
    chance = random.Random(7)  # noqa: S311
    for place in range(8):
        done = one_run(tmp_path / str(place), chance, may_kill=place < 4)
        assert (done.doubled, done.lost) == (0, 0)


def test_who_died_while_sending_leaves_a_row_in_doubt(home: Home) -> None:
    outbox.plan(home, *KEY, "mail", [BEN])
    row = outbox.claimed(home, *KEY)
    assert row is not None
    assert outbox.claimed(home, *KEY) is None
    assert outbox.expire(home) == 0
    assert outbox.expire(home, datetime.now(UTC) + timedelta(minutes=11)) == 1
    # Whoever comes back late changes nothing any more.
    outbox.settle(home, row, "sent")
    assert [each.state for each in outbox.entries(home)] == ["unknown"]


def test_a_schedule_sends_one_report_a_period_and_a_person_what_is_new(home: Home) -> None:
    outbox.plan(home, *KEY, "mail", [BEN])
    row = outbox.claimed(home, *KEY)
    assert row is not None
    outbox.settle(home, row, "sent")
    newer = ("saws", "2026-W43", "build-2")
    outbox.plan(home, *newer, "mail", [BEN], is_once_per_period=True)
    assert outbox.claimed(home, *newer) is None
    outbox.plan(home, *newer, "mail", [BEN])
    assert outbox.claimed(home, *newer) is not None


def test_who_lost_the_role_or_was_never_given_the_scope_gets_nothing(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    home.root.mkdir()
    for role, word in (
        ("carl@example.com: {role: admin}", "has no role"),
        (f"{BEN}: {{role: quality, families: [tiller]}}", "does not reach"),
    ):
        home.roles.write_text(f"people:\n  {role}\n")
        [row] = sending.send(home, MAILED, REPORT)
        assert (row.state, word in row.reason) == ("failed", True), row.reason
    home.roles.write_text(f"people:\n  {BEN}: {{role: quality, families: [chainsaw, tiller]}}\n")
    assert sent_through(home, monkeypatch, "ok") == ("sent", 1)


def test_the_same_row_has_the_same_message_id_and_headers_hold_one_line() -> None:
    name = outbox.message_id(*KEY[:2], BEN, KEY[2])
    assert name == outbox.message_id(*KEY[:2], BEN, KEY[2])
    assert name != outbox.message_id(*KEY[:2], "carl@example.com", KEY[2])
    message = message_of(REPORT, "savoir@example.com", BEN, name, "one\r\nBcc: all@example.com")
    assert (message["Subject"], message["Bcc"]) == ("one Bcc: all@example.com", None)


def test_a_chat_address_comes_from_the_environment_alone(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    chat = Subscription(name="saws", channel="chat", recipients=("SAVOIR_CHAT",))
    [row] = sending.send(home, chat, REPORT)
    assert (row.state, "SAVOIR_CHAT is not set" in row.reason) == ("failed", True)
    monkeypatch.setenv("SAVOIR_CHAT", "json://127.0.0.1:1/secret-token")
    [row] = sending.send(home, chat, REPORT)
    assert row.state == "unknown"
    assert "secret-token" not in str(outbox.entries(home))
