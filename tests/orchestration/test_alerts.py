"""A failed run is told in words, by log and, where the environment says so, by mail."""

from __future__ import annotations

import logging
import socketserver
import threading
from collections.abc import Iterator

import dagster as dg
import pytest

from pipelines.errors import SavoirError
from pipelines.mail import MailServer, text_message
from pipelines.orchestration.alerts import alert, failure_text, send_alert

LOG = logging.getLogger("test")


class DoorShutError(SavoirError):
    """An error of ours."""


@dg.job
def failing_job() -> None:
    @dg.op
    def step() -> None:
        try:
            raise OSError("disk full")
        except OSError as error:
            raise DoorShutError("orders.csv cannot be read: the disk is full. Free some space.") from error

    step()


class _MailHandler(socketserver.StreamRequestHandler):
    """Just enough of a mail server to receive one message."""

    def handle(self) -> None:
        self.wfile.write(b"220 test\r\n")
        body = False
        for line in self.rfile:
            text = line.decode().rstrip("\r\n")
            if body:
                if text == ".":
                    body = False
                    self.wfile.write(b"250 ok\r\n")
                else:
                    self.server.received.append(text)  # ty: ignore[missing-attribute]
            elif text.upper() == "DATA":
                body = True
                self.wfile.write(b"354 go\r\n")
            elif text.upper() == "QUIT":
                self.wfile.write(b"221 bye\r\n")
                return
            else:
                self.wfile.write(b"250 ok\r\n")


class _MailServer(socketserver.TCPServer):
    received: list[str]


@pytest.fixture
def mail_server(monkeypatch: pytest.MonkeyPatch) -> Iterator[_MailServer]:
    with _MailServer(("127.0.0.1", 0), _MailHandler) as server:
        server.received = []
        threading.Thread(target=server.serve_forever, daemon=True).start()
        monkeypatch.setenv("SAVOIR_SMTP_HOST", "127.0.0.1")
        monkeypatch.setenv("SAVOIR_SMTP_PORT", str(server.server_address[1]))
        yield server
        server.shutdown()


def run_failing(instance: dg.DagsterInstance) -> dg.RunFailureSensorContext:
    result = failing_job.execute_in_process(instance=instance, raise_on_error=False)
    return dg.build_run_status_sensor_context(
        sensor_name="alert",
        dagster_instance=instance,
        dagster_run=result.dagster_run,
        dagster_event=result.get_run_failure_event(),
    ).for_run_failure()


def test_the_alert_tells_our_own_sentence_and_not_the_machinery(
    instance: dg.DagsterInstance, mail_server: _MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SAVOIR_ALERT_TO", "quality@example.org")
    alert(run_failing(instance))
    text = "\n".join(mail_server.received)
    assert "Subject: Savoir: failing_job failed" in text
    assert "To: quality@example.org" in text
    assert "orders.csv cannot be read: the disk is full. Free some space." in text
    assert "Traceback" not in text


def test_without_a_recipient_nothing_is_mailed(mail_server: _MailServer) -> None:
    send_alert("Savoir: build failed", "why", LOG)
    assert mail_server.received == []


def test_a_mail_server_that_is_down_does_not_hide_the_failure(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("SAVOIR_ALERT_TO", "quality@example.org")
    monkeypatch.setenv("SAVOIR_SMTP_HOST", "127.0.0.1")
    monkeypatch.setenv("SAVOIR_SMTP_PORT", "1")
    send_alert("Savoir: build failed", "unique on marts.fct_claims", LOG)
    assert "unique on marts.fct_claims" in caplog.text
    assert "could not be mailed through 127.0.0.1:1" in caplog.text


def test_a_line_break_in_a_subject_cannot_add_a_header() -> None:
    message = text_message("savoir@localhost", "a@example.org", "failed\nBcc: b@example.org", "text")
    assert message["Bcc"] is None
    assert message["Subject"] == "failed Bcc: b@example.org"


def test_no_server_is_configured_where_no_host_is_named() -> None:
    assert MailServer.configured({}) is None


def test_a_run_that_failed_without_a_step_is_still_told() -> None:
    assert failure_text([]) == "The run failed without saying why: see its log in Dagster."
