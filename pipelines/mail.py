"""Sending mail through the server that the environment names. Does not belong here: what a mail says."""

from __future__ import annotations

import contextlib
import os
import re
import smtplib
import socket
import ssl
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import getaddresses
from typing import Any, Literal

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
    seconds: float = SECONDS

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
        patience = environment.get("SAVOIR_SMTP_SECONDS", f"{SECONDS:.0f}").strip()
        if not (patience.isascii() and patience.isdigit() and 1 <= int(patience) <= 300):
            raise MailSettingsError(f"SAVOIR_SMTP_SECONDS is {patience!r}: a number from 1 to 300.")
        (sender,) = addresses("SAVOIR_MAIL_FROM", environment.get("SAVOIR_MAIL_FROM", "savoir@localhost"))[:1]
        return MailServer(
            host,
            int(port),
            environment.get("SAVOIR_SMTP_USER"),
            environment.get("SAVOIR_SMTP_PASSWORD"),
            environment.get("SAVOIR_SMTP_STARTTLS", "").lower() in ("1", "true", "yes"),
            sender,
            float(patience),
        )

    def send(self, message: EmailMessage, seconds: float | None = None) -> dict[str, str | None]:
        """Hand over one message; for each recipient why it did not get it, None where it was accepted."""
        outcomes = self.hand_over(message, seconds)
        return {
            recipient: None if outcome.state == "sent" else outcome.reason
            for recipient, outcome in outcomes.items()
        }

    def hand_over(self, message: EmailMessage, seconds: float | None = None) -> dict[str, Outcome]:
        """Hand over one message; what became of it for each recipient.

        The server has to show a certificate for its name where STARTTLS is on. After `seconds` the connection
        is closed, whatever state it is in.
        """
        seconds = self.seconds if seconds is None else seconds
        session = _Session(self, message, addresses("To", str(message["To"])), seconds)
        thread = threading.Thread(target=session.run, name="mail", daemon=True)
        thread.start()
        thread.join(seconds)
        return session.given_up()


@dataclass(frozen=True)
class Outcome:
    """`sent`: accepted. `failed`: certainly not. `unknown`: handed over, and no answer came."""

    state: Literal["sent", "failed", "unknown"]
    reason: str = ""


class _Connection(smtplib.SMTP):
    """Notes the moment from which the server may have the message, whatever it answers."""

    is_handed_over = False
    is_given_up = False
    _is_in_data = False

    def __init__(self, seconds: float) -> None:
        self.gate = threading.Lock()
        super().__init__(timeout=seconds)

    def data(self, msg: Any) -> tuple[int, bytes]:
        self._is_in_data = True
        return super().data(msg)

    def send(self, s: Any) -> None:
        # The command itself goes out first; what follows is the message.
        if self._is_in_data and s not in ("data\r\n", b"data\r\n"):
            with self.gate:
                if self.is_given_up:
                    raise OSError("given up before the message was handed over")
                self.is_handed_over = True
        super().send(s)


class _Session:
    """One connection, in a thread of its own: its caller's patience has one end."""

    def __init__(
        self, server: MailServer, message: EmailMessage, recipients: list[str], seconds: float
    ) -> None:
        self.server, self.message, self.recipients, self.seconds = server, message, recipients, seconds
        self.connection: _Connection | None = None
        self.outcomes: dict[str, Outcome] = {}

    def run(self) -> None:
        server = self.server
        try:
            with _Connection(self.seconds) as self.connection:
                # A name of our own: the machine's may take the resolver minutes.
                self.connection.local_hostname = "localhost"
                self.connection.connect(server.host, server.port)
                if server.has_starttls:
                    # smtplib checks the certificate against this name.
                    self.connection._host = server.host  # ty: ignore[missing-attribute]
                    self.connection.starttls(context=ssl.create_default_context())
                if server.user:
                    self.connection.login(server.user, server.password or "")
                self._tell(self.connection.send_message(self.message, server.sender, self.recipients))
        except smtplib.SMTPRecipientsRefused as error:
            self._tell(error.recipients)
        except smtplib.SMTPResponseException as error:
            # An answer, and no acceptance: nobody got it.
            self._all("failed", str(error))
        except (OSError, smtplib.SMTPException, ValueError) as error:
            self._all("unknown" if self._is_handed_over else "failed", str(error) or type(error).__name__)

    @property
    def _is_handed_over(self) -> bool:
        return self.connection is not None and self.connection.is_handed_over

    def _tell(self, refused: Mapping[str, tuple[int, bytes | str]]) -> None:
        for recipient in self.recipients:
            code, text = refused.get(recipient, (None, ""))
            words = text.decode(errors="replace") if isinstance(text, bytes) else text
            outcome = Outcome("sent") if code is None else Outcome("failed", f"{code} {words}")
            self.outcomes.setdefault(recipient, outcome)

    def _all(self, state: Literal["failed", "unknown"], reason: str) -> None:
        for recipient in self.recipients:
            self.outcomes.setdefault(recipient, Outcome(state, reason))

    def given_up(self) -> dict[str, Outcome]:
        """What is known when the patience ends; the connection is closed."""
        connection = self.connection
        state: Literal["failed", "unknown"] = "failed"
        if connection is not None:
            # From here on a thread that is slower than our patience hands nothing over any more.
            with connection.gate:
                connection.is_given_up = True
                state = "unknown" if connection.is_handed_over else "failed"
        late = Outcome(state, f"no answer within {self.seconds:.0f} s")
        found = {recipient: self.outcomes.get(recipient, late) for recipient in self.recipients}
        # The thread may let go of it at any moment.
        if (line := getattr(connection, "sock", None)) is not None:
            with contextlib.suppress(OSError):
                line.shutdown(socket.SHUT_RDWR)
            with contextlib.suppress(OSError):
                line.close()
        return found


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
