"""Sending mail through the server that the environment names. Does not belong here: what a mail says."""

from __future__ import annotations

import contextlib
import os
import re
import smtplib
import ssl
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import getaddresses

from pipelines.errors import SavoirError

# For one message to all its recipients, however slowly the server answers.
SECONDS = 30.0
_ADDRESS = re.compile(r"[^@\s<>(),;:\"\[\]\\]+@[^@\s<>(),;:\"\[\]\\]+")


class MailSettingsError(SavoirError):
    """A variable that mail depends on is wrong."""


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
        """The server of the environment; None where no host is named.

        Raises:
            MailSettingsError: a port or an address is none.
        """
        host = environment.get("SAVOIR_SMTP_HOST", "").strip()
        if not host:
            return None
        port = environment.get("SAVOIR_SMTP_PORT", "25").strip()
        if not (port.isascii() and port.isdigit() and 1 <= int(port) <= 65535):
            raise MailSettingsError(f"SAVOIR_SMTP_PORT is {port!r}: a number from 1 to 65535, such as 587.")
        (sender,) = addresses("SAVOIR_MAIL_FROM", environment.get("SAVOIR_MAIL_FROM", "savoir@localhost"))[:1]
        return MailServer(
            host,
            int(port),
            environment.get("SAVOIR_SMTP_USER"),
            environment.get("SAVOIR_SMTP_PASSWORD"),
            environment.get("SAVOIR_SMTP_STARTTLS", "").lower() in ("1", "true", "yes"),
            sender,
        )

    def send(self, message: EmailMessage, seconds: float = SECONDS) -> dict[str, str | None]:
        """Hand over one message; for each recipient why it did not get it, None where it was accepted.

        The server has to show a certificate for its name where STARTTLS is on. After `seconds` the connection
        is closed, whatever state it is in.
        """
        recipients = addresses("To", str(message["To"]))
        results: dict[str, str | None] = dict.fromkeys(recipients, f"no answer within {seconds:.0f} s")
        session = _Session(self, message, recipients, results)
        thread = threading.Thread(target=session.run, name="mail", daemon=True)
        thread.start()
        thread.join(seconds)
        session.close()
        return dict(results)


class _Session:
    """One connection, in a thread of its own: its caller's patience has one end."""

    def __init__(
        self, server: MailServer, message: EmailMessage, recipients: list[str], results: dict[str, str | None]
    ) -> None:
        self.server, self.message, self.recipients, self.results = server, message, recipients, results
        self.connection: smtplib.SMTP | None = None

    def run(self) -> None:
        server = self.server
        try:
            with smtplib.SMTP(timeout=SECONDS) as self.connection:
                # A name of our own: the machine's may take the resolver minutes.
                self.connection.local_hostname = "localhost"
                self.connection.connect(server.host, server.port)
                if server.has_starttls:
                    # smtplib checks the certificate against this name.
                    self.connection._host = server.host  # ty: ignore[missing-attribute]
                    self.connection.starttls(context=ssl.create_default_context())
                if server.user:
                    self.connection.login(server.user, server.password or "")
                refused = self.connection.send_message(self.message, server.sender, self.recipients)
                self._tell(refused)
        except smtplib.SMTPRecipientsRefused as error:
            self._tell(error.recipients)
        except (OSError, smtplib.SMTPException, ValueError) as error:
            self.results.update(
                {key: str(error) or type(error).__name__ for key, why in self.results.items() if why}
            )

    def _tell(self, refused: Mapping[str, tuple[int, bytes | str]]) -> None:
        for recipient in self.recipients:
            code, text = refused.get(recipient, (None, ""))
            words = text.decode(errors="replace") if isinstance(text, bytes) else text
            self.results[recipient] = None if code is None else f"{code} {words}"

    def close(self) -> None:
        connection = self.connection
        if connection is not None and connection.sock is not None:
            with contextlib.suppress(OSError):
                connection.sock.close()


def addresses(variable: str, text: str) -> list[str]:
    """The addresses of a list as `a@example.org, Someone <b@example.org>`.

    Raises:
        MailSettingsError: naming the variable and the part that is no address.
    """
    found = [address for _, address in getaddresses([text])]
    wrong = next((address for address in found if not _ADDRESS.fullmatch(address)), None)
    if wrong is not None or not found:
        raise MailSettingsError(
            f"{variable} is {text!r}, which holds no mail address: write one as name@example.org, several "
            "with commas between."
        )
    return found


def text_message(sender: str, recipients: str, subject: str, text: str) -> EmailMessage:
    """A plain text mail: nothing in it is markup, whatever it quotes."""
    message = EmailMessage()
    message["From"] = sender
    message["To"] = recipients
    message["Subject"] = " ".join(subject.split())
    message.set_content(text)
    return message
