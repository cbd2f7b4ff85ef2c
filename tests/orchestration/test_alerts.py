"""A failed run is told in words, by log and, where the environment says so, by mail."""

from __future__ import annotations

import logging
import re
import socketserver
import threading
import time
from collections.abc import Iterator

import dagster as dg
import pytest

from pipelines.errors import SavoirError, machine_fault
from pipelines.mail import MailServer, text_message
from pipelines.orchestration.alerts import alert, check_mail_settings, failure_text, send_alert

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
            elif text.upper().startswith("RCPT") and getattr(self.server, "refused", "-") in text:
                self.wfile.write(b"550 no such user\r\n")
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


class _DrippingHandler(socketserver.StreamRequestHandler):
    """A server that answers one byte a time, for ever."""

    def handle(self) -> None:
        try:
            while True:
                self.wfile.write(b"2")
                time.sleep(0.05)
        except OSError:
            return


def test_a_mail_server_that_drips_holds_nobody_longer_than_the_deadline() -> None:
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), _DrippingHandler) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        configured = MailServer.configured(
            {"SAVOIR_SMTP_HOST": "127.0.0.1", "SAVOIR_SMTP_PORT": str(server.server_address[1])}
        )
        assert configured is not None
        began = time.monotonic()
        results = configured.send(text_message("a@b.fr", "c@d.fr, e@f.fr", "s", "t"), seconds=1)
        assert time.monotonic() - began < 3
        server.shutdown()
    assert results == {"c@d.fr": "no answer within 1 s", "e@f.fr": "no answer within 1 s"}


def test_each_recipient_has_a_result_of_its_own(
    mail_server: _MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mail_server, "refused", "nobody@example.org", raising=False)
    server = MailServer.configured()
    assert server is not None
    results = server.send(text_message("a@b.fr", "nobody@example.org, Ann <ann@example.org>", "s", "t"))
    assert results == {"nobody@example.org": "550 no such user", "ann@example.org": None}


def test_a_server_without_a_certificate_for_its_name_gets_no_mail(mail_server: _MailServer) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SAVOIR_SMTP_STARTTLS", "true")
        server = MailServer.configured()
    assert server is not None
    (why,) = server.send(text_message("a@b.fr", "c@d.fr", "s", "t")).values()
    assert why is not None
    assert mail_server.received == []


@pytest.mark.parametrize(
    ("variable", "value", "sentence"),
    [
        ("SAVOIR_SMTP_PORT", "smtp", "SAVOIR_SMTP_PORT is 'smtp': a number from 1 to 65535"),
        ("SAVOIR_SMTP_PORT", "70000", "SAVOIR_SMTP_PORT is '70000'"),
        ("SAVOIR_MAIL_FROM", "savoir", "SAVOIR_MAIL_FROM is 'savoir', which holds no mail address"),
        ("SAVOIR_ALERT_TO", "quality@example.org; b@", "SAVOIR_ALERT_TO is 'quality@example.org; b@'"),
    ],
)
def test_wrong_settings_are_a_sentence_at_the_start(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str, sentence: str
) -> None:
    monkeypatch.setenv("SAVOIR_SMTP_HOST", "127.0.0.1")
    monkeypatch.setenv("SAVOIR_ALERT_TO", "quality@example.org")
    monkeypatch.setenv(variable, value)
    with pytest.raises(SavoirError, match=re.escape(sentence)):
        check_mail_settings()


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (OSError(28, "No space left on device", "/home/x"), "/home/x: the disk is full: free some space"),
        (OSError(30, "Read-only file system"), "the file system is read-only"),
        (PermissionError(13, "Permission denied"), "permission is denied: use a home of your own"),
        (RuntimeError('IO Error: Could not write "x": No space left on device'), "the disk is full"),
    ],
)
def test_the_machines_faults_are_sentences_with_a_remedy(error: Exception, sentence: str) -> None:
    assert str(machine_fault(error)).startswith(sentence)
    assert machine_fault(ValueError("something else")) is None
