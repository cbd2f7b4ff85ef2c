"""Sending mail through the server that the environment names. Does not belong here: what a mail says."""

from __future__ import annotations

import os
import smtplib
from collections.abc import Mapping
from dataclasses import dataclass
from email.message import EmailMessage

SECONDS = 30


@dataclass(frozen=True)
class MailServer:
    """Where mail goes out: the variables `SAVOIR_SMTP_*` and `SAVOIR_MAIL_FROM`."""

    host: str
    port: int
    user: str | None
    password: str | None
    has_starttls: bool
    sender: str

    @staticmethod
    def configured(environment: Mapping[str, str] = os.environ) -> MailServer | None:
        """The server of the environment; None where no host is named."""
        host = environment.get("SAVOIR_SMTP_HOST")
        if not host:
            return None
        return MailServer(
            host,
            int(environment.get("SAVOIR_SMTP_PORT", "25")),
            environment.get("SAVOIR_SMTP_USER"),
            environment.get("SAVOIR_SMTP_PASSWORD"),
            environment.get("SAVOIR_SMTP_STARTTLS", "").lower() in ("1", "true", "yes"),
            environment.get("SAVOIR_MAIL_FROM", "savoir@localhost"),
        )

    def send(self, message: EmailMessage) -> None:
        """Hand over one message."""
        with smtplib.SMTP(self.host, self.port, timeout=SECONDS) as connection:
            if self.has_starttls:
                connection.starttls()
            if self.user:
                connection.login(self.user, self.password or "")
            connection.send_message(message)


def text_message(sender: str, recipients: str, subject: str, text: str) -> EmailMessage:
    """A plain text mail: nothing in it is markup, whatever it quotes."""
    message = EmailMessage()
    message["From"] = sender
    message["To"] = recipients
    message["Subject"] = " ".join(subject.split())
    message.set_content(text)
    return message
