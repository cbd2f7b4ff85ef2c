"""The ways out: mail by the server of the environment, chat by apprise. One message, one recipient.

Belongs here: building a message and handing it over. Does not belong here: whether it may go out (`outbox`).
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from email.message import EmailMessage
from email.utils import formatdate

from pipelines.delivery.reports import Report
from pipelines.mail import MailServer, MailSettingsError, Outcome

_PDF, _XLSX = ("application", "pdf"), ("application", "vnd.openxmlformats-officedocument.spreadsheetml.sheet")
_CHAT_LETTERS = 1500


def send_mail(
    report: Report, recipient: str, message_id: str, server: MailServer | None, subject: str = ""
) -> Outcome:
    """The letter with its pictures, the PDF and the workbook."""
    if server is None:
        return Outcome("failed", "SAVOIR_SMTP_HOST is not set: nothing can be mailed")
    return server.hand_over(message_of(report, server.sender, recipient, message_id, subject))[recipient]


def message_of(
    report: Report, sender: str, recipient: str, message_id: str, subject: str = ""
) -> EmailMessage:
    """The mail: plain text, HTML with pictures, the PDF and the workbook."""
    letter = report.letter
    message = EmailMessage()
    message["From"] = sender
    message["To"] = recipient
    message["Subject"] = " ".join((subject or letter.subject).split())
    message["Date"] = formatdate()
    message["Message-ID"] = message_id
    message.set_content(letter.text)
    message.add_alternative(letter.html, subtype="html")
    _, html = message.iter_parts()
    for name, picture in letter.pictures.items():
        html.add_related(picture, "image", "png", cid=f"<{name}>")
    name = f"savoir-{report.subscription}-{report.period}"
    message.add_attachment(report.files["report.pdf"], *_PDF, filename=f"{name}.pdf")
    message.add_attachment(report.files["report.xlsx"], *_XLSX, filename=f"{name}.xlsx")
    return message


def send_chat(report: Report, variable: str, environment: Mapping[str, str] = os.environ) -> Outcome:
    """The beginning of the plain text to the service that the variable's apprise URL names."""
    url = environment.get(variable, "").strip()
    if not url:
        return Outcome("failed", f"{variable} is not set: it holds the apprise URL of the chat")
    import apprise

    service = apprise.Apprise()
    if not service.add(url):
        return Outcome("failed", f"{variable} holds no URL that apprise knows")
    text = report.letter.text
    shown = text if len(text) <= _CHAT_LETTERS else text[:_CHAT_LETTERS].rsplit("\n", 1)[0] + "\n…"
    is_sent = service.notify(body=shown, title=report.letter.subject, body_format=apprise.NotifyFormat.TEXT)
    # What apprise could not deliver, it does not say: it may have arrived.
    return Outcome("sent") if is_sent else Outcome("unknown", "the chat service did not confirm it")


def mail_server() -> tuple[MailServer | None, str]:
    """The server of the environment, and what is wrong with its settings."""
    try:
        return MailServer.configured(), ""
    except MailSettingsError as error:
        return None, str(error)
