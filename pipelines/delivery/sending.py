"""Making and sending the reports of all subscriptions: one that cannot be made or sent hinders no other.

Belongs here: the order of things (write, plan, claim, hand over, settle, remember), who may still receive.
Does not belong here: what a report says, how a message is built (`channels`).
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from pipelines.delivery import outbox
from pipelines.delivery.channels import mail_server, send_chat, send_mail
from pipelines.delivery.reports import Report, last_week, period_of, report_of, write_report
from pipelines.delivery.subscriptions import Subscription, SubscriptionsError, read_subscriptions
from pipelines.errors import SavoirError
from pipelines.home import Home
from pipelines.mail import Outcome
from pipelines.queries.grants import Grant
from pipelines.queries.snapshot import open_snapshot
from pipelines.roles import NoRoleError, person
from pipelines.status import status

LOG = logging.getLogger("savoir.delivery")
HERE = "reports/"


class NoSubscriptionError(SavoirError):
    """A name that no subscription has."""


@dataclass
class Done:
    """What a run did: folders written, what became of each row, sentences for whoever looks after it."""

    folders: list[Path] = field(default_factory=list)
    entries: list[outbox.Entry] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


def deliver(
    home: Home,
    *,
    asked: str | None = None,
    only: str | None = None,
    schedule: str | None = None,
    language: str | None = None,
    is_sending: bool = False,
    is_once_per_period: bool = False,
    say: Callable[[str], None] = lambda _: None,
) -> Done:
    """Write the report of each subscription, and send it where told.

    `only`: one subscription, by its name; `schedule`: those of one schedule. Without both, all but those that
    wait for a signal.
    """
    done = Done()
    outbox.expire(home)
    for subscription in _chosen(home, only, schedule, done):
        try:
            _one(home, subscription, asked, language, is_sending, is_once_per_period, say, done)
        except SavoirError as error:
            done.problems.append(f"{subscription.name}: {error}")
        except Exception as error:
            # Whatever nobody foresaw in one must not keep the reports of the others back.
            LOG.exception("the report of %s could not be made", subscription.name)
            done.problems.append(f"{subscription.name}: {type(error).__name__}, see the log: {error}")
    return done


def _chosen(home: Home, only: str | None, schedule: str | None, done: Done) -> list[Subscription]:
    snapshot = open_snapshot(home)
    try:
        read = read_subscriptions(home, snapshot)
    finally:
        snapshot.close()
    done.problems += read.problems
    if only is not None:
        found = [each for each in read.subscriptions if each.name == only]
        if not found:
            known = ", ".join(each.name for each in read.subscriptions)
            raise NoSubscriptionError(f"No subscription is called {only!r}. There are: {known or 'none'}.")
        return found
    return [
        each
        for each in read.subscriptions
        if (each.schedule == schedule if schedule else each.schedule != "on_signal")
    ]


def _one(
    home: Home,
    subscription: Subscription,
    asked: str | None,
    language: str | None,
    is_sending: bool,
    is_once_per_period: bool,
    say: Callable[[str], None],
    done: Done,
) -> None:
    snapshot = open_snapshot(home, subscription.grant)
    try:
        period = period_of(home, snapshot, subscription, asked)
        if period is None:
            say(f"{subscription.name}: no signal has changed its state since the last report")
            return
        report = report_of(home, snapshot, subscription, period, language)
    finally:
        snapshot.close()
    done.folders.append(write_report(home, report))
    say(f"{report.period} {subscription.name}: {len(report.changes)} changes, {len(report.files)} files")
    if subscription.channel == "file" or is_sending:
        done.entries += send(home, subscription, report, is_once_per_period, say)


def preview(
    home: Home, subscription: Subscription, asked: str | None = None, language: str | None = None
) -> Report | None:
    """The report as it would be now; nothing is written, sent or remembered. None where nothing changed."""
    snapshot = open_snapshot(home, subscription.grant)
    try:
        period = period_of(home, snapshot, subscription, asked)
        return None if period is None else report_of(home, snapshot, subscription, period, language)
    finally:
        snapshot.close()


def previews(home: Home, asked: str | None, only: str | None, language: str | None) -> Iterator[str]:
    """The letters as plain text."""
    done = Done()
    for subscription in _chosen(home, only, None, done):
        report = preview(home, subscription, asked, language)
        if report is None:
            yield f"== {subscription.name}: no signal has changed its state since the last report"
            continue
        to = ", ".join(subscription.recipients) or HERE
        yield f"== {subscription.name} ({subscription.channel}: {to})\n{report.letter.text}"
    yield from done.problems


def send(
    home: Home,
    subscription: Subscription,
    report: Report,
    is_once_per_period: bool = False,
    say: Callable[[str], None] = lambda _: None,
) -> list[outbox.Entry]:
    """Send one report to whom it may go and who has not got it yet; the rows as they stand then."""
    if subscription.when_nothing_changed == "skip" and not report.has_news:
        say(f"{report.period} {subscription.name}: nothing changed, so nothing is sent, as subscribed")
        outbox.remember(home, subscription.name, report.memory)
        return []
    began = datetime.now(UTC)
    key = subscription.name, report.period, report.data_version
    recipients = list(subscription.recipients) or [HERE]
    outbox.plan(home, *key, subscription.channel, recipients, is_once_per_period)
    handled: set[int] = set()
    while (entry := outbox.claimed(home, *key, began=began)) is not None:
        outcome = _handed_over(home, subscription, report, entry)
        outbox.settle(home, entry, outcome.state, outcome.reason)
        handled.add(entry.id)
        told = f"{outcome.state} {outcome.reason}".rstrip()
        say(f"{entry.period} {entry.subscription} to {entry.recipient}: {told}")
    found = [each for each in outbox.entries(home, subscription.name) if each.period == report.period]
    if any(each.state in ("sent", "unknown") and each.data_version == report.data_version for each in found):
        outbox.remember(home, subscription.name, report.memory)
    return [each for each in found if each.id in handled]


def _handed_over(home: Home, subscription: Subscription, report: Report, entry: outbox.Entry) -> Outcome:
    if entry.recipient not in (*subscription.recipients, HERE):
        return Outcome("failed", "no longer a recipient of this subscription")
    if entry.channel == "file":
        return Outcome("sent")
    if entry.channel == "chat":
        return send_chat(report, entry.recipient)
    refusal = why_not(home, entry.recipient, subscription.grant)
    if refusal:
        return Outcome("failed", refusal)
    server, problem = mail_server()
    if problem:
        return Outcome("failed", problem)
    return send_mail(report, entry.recipient, entry.message_id, server)


def why_not(home: Home, recipient: str, grant: Grant | None) -> str:
    """Why somebody may not have a report of this scope by the roles as they are now; empty where they may."""
    if not home.roles.exists():
        return ""
    try:
        own = person(home, recipient).grant
    except NoRoleError:
        return f"{recipient} has no role in {home.roles.name}"
    except SavoirError as error:
        return str(error)
    if reaches(own, grant):
        return ""
    return f"the role of {recipient} in {home.roles.name} does not reach as far as this subscription"


def reaches(own: Grant | None, asked: Grant | None) -> bool:
    """Whether who sees `own` may see all of `asked`; None is everything."""
    if own is None:
        return True
    kinds = {} if asked is None else asked.by_kind()
    return all(set(kinds.get(kind, ("",))) <= set(values) for kind, values in own.by_kind().items())


def send_test(home: Home, name: str, recipient: str, say: Callable[[str], None] = lambda _: None) -> Outcome:
    """One subscription's newest report to one person, marked as a test; nothing is remembered of it."""
    [subscription] = _chosen(home, name, None, Done())
    refusal = why_not(home, recipient, subscription.grant)
    if refusal:
        return Outcome("failed", refusal)
    snapshot = open_snapshot(home, subscription.grant)
    try:
        period = period_of(home, snapshot, subscription) or last_week(snapshot)
        report = report_of(home, snapshot, subscription, period)
    finally:
        snapshot.close()
    server, problem = mail_server()
    if problem:
        return Outcome("failed", problem)
    moment = f"test {datetime.now(UTC):%Y-%m-%dT%H:%M:%S.%f}"
    message_id = outbox.message_id(name, moment, recipient, report.data_version)
    outcome = send_mail(report, recipient, message_id, server, f"[Test] {report.letter.subject}")
    say(outcome.state)
    return outcome


def hindrances(home: Home) -> list[str]:
    """Why a schedule should not send now: the last build is old or red, or a feed has stopped."""
    found = []
    now = status(home)
    if now.state in ("overdue", "none"):
        found.append(f"The published file is not of today: {now.line}")
    found += [f"The feed {feed} has stopped: its last event is of {day}." for feed, day in now.stopped]
    return found


def overview(home: Home, own: Grant | None) -> tuple[list[Subscription], list[str]]:
    """The subscriptions of which somebody with this grant may know, and what is wrong with the file.

    What is wrong names others: it is for who sees everything.
    """
    done = Done()
    try:
        chosen = [*_chosen(home, None, None, done), *_chosen(home, None, "on_signal", Done())]
    except SubscriptionsError as error:
        return [], [str(error)] if own is None else []
    return [each for each in chosen if reaches(own, each.grant)], done.problems if own is None else []


def has_signal_news(home: Home) -> str:
    """What would make the reports that wait for a signal go out: the same text as long as nothing changes."""
    found = []
    for subscription in _chosen(home, None, "on_signal", Done()):
        snapshot = open_snapshot(home, subscription.grant)
        try:
            period = period_of(home, snapshot, subscription)
        finally:
            snapshot.close()
        if period is not None:
            found.append(f"{subscription.name}:{period.name}")
    return ",".join(found)
