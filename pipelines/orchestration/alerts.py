"""What people hear when a run fails: a log line always, a mail where one is configured.

Does not belong here: deciding that something is wrong (checks do), or how mail is sent (`pipelines.mail`).
"""

import logging
import os
from collections.abc import Iterable

import dagster as dg

from pipelines.errors import SavoirError, machine_fault
from pipelines.home import Home
from pipelines.mail import MailServer, addresses, text_message
from pipelines.troubles import note_failure

RECIPIENTS = "SAVOIR_ALERT_TO"
# How `red_sentence` begins to tell of a node that broke.
NOT_RUN = " could not be run: "


@dg.run_failure_sensor(
    name="alert",
    monitor_all_code_locations=False,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description=f"Logs each failed run with its red checks, and mails it where {RECIPIENTS} is set.",
)
def alert(context: dg.RunFailureSensorContext) -> None:
    """Tell of a failed run. `savoir build` tells of its own, in the terminal."""
    records = context.instance.get_records_for_run(context.dagster_run.run_id).records
    events = [
        record.event_log_entry.dagster_event for record in records if record.event_log_entry.dagster_event
    ]
    reason = failure_text(events)
    if context.dagster_run.job_name == "build":
        note_failure(Home.at(), reason)
    send_alert(f"Savoir: {context.dagster_run.job_name} failed", reason, context.log)


def failure_text(events: Iterable[dg.DagsterEvent]) -> str:
    """Why a run failed: the red checks with a few of their rows, else the error of the step or run."""
    failures, errors = [], []
    for event in events:
        if event.event_type == dg.DagsterEventType.STEP_FAILURE:
            data = event.step_failure_data
            described = data.user_failure_data.description if data.user_failure_data else None
            failures.append(described or _sentence(data.error))
        elif event.event_type == dg.DagsterEventType.PIPELINE_FAILURE and event.job_failure_data.error:
            errors.append(_sentence(event.job_failure_data.error))
    found = list(dict.fromkeys(text for text in (failures or errors) if text))
    # What the machine is to blame for is told alone: how an engine words it helps nobody.
    for text in found:
        if (fault := machine_fault(RuntimeError(text))) is not None:
            met = [each.partition(NOT_RUN)[0] for each in found if NOT_RUN in each]
            return f"{fault} It was met at {met[0]}." if met else str(fault)
    return "\n".join(found) or "The run failed without saying why: see its log in Dagster."


def send_alert(subject: str, text: str, log: logging.Logger) -> None:
    """Log the alert, and mail it where the environment says to whom and through which server."""
    log.error("%s\n%s", subject, text)
    trouble = mail_alert(subject, text)
    if trouble:
        log.warning(trouble)


def mail_alert(subject: str, text: str) -> str | None:
    """Mail the alert where one is configured; a sentence where that did not work, None where it did."""
    recipients = os.environ.get(RECIPIENTS)
    if not recipients:
        return None
    # A mail server that is down, or wrong settings, must not hide the failure they were to tell of.
    try:
        server = MailServer.configured()
        if server is None:
            return f"{RECIPIENTS} is set but SAVOIR_SMTP_HOST is not: no mail was sent."
        results = server.send(text_message(server.sender, recipients, subject, text))
    except SavoirError as error:
        return f"No alert was mailed: {error}"
    except ValueError as error:
        return f"No alert was mailed: {RECIPIENTS} is {recipients!r} ({error})."
    unsent = [f"{recipient}: {why}" for recipient, why in results.items() if why is not None]
    if unsent:
        return f"The alert could not be mailed through {server.host}:{server.port} to {'; '.join(unsent)}"
    return None


def check_mail_settings() -> None:
    """Say at the start what would go wrong with an alert; `MailSettingsError` names the variable."""
    if recipients := os.environ.get(RECIPIENTS):
        addresses(RECIPIENTS, recipients)
        MailServer.configured()


def _sentence(error: object) -> str | None:
    """The sentence of our own error at the bottom of a chain, else the outermost message."""
    chain = []
    while error is not None:
        chain.append(error)
        error = getattr(error, "cause", None) or getattr(error, "context", None)
    own = {cls.__name__ for cls in _subclasses(SavoirError)}
    for link in chain:
        if getattr(link, "cls_name", None) in own:
            return _message(link)
    return _message(chain[-1]) if chain else None


def _message(error: object) -> str:
    """An error's own words: Dagster stores them behind the class's qualified name."""
    text = str(getattr(error, "message", "")).strip()
    name, colon, rest = text.partition(": ")
    is_prefixed = bool(colon) and " " not in name
    return (rest if is_prefixed else text).strip()


def _subclasses(cls: type) -> set[type]:
    return {cls}.union(*(_subclasses(child) for child in cls.__subclasses__()))
