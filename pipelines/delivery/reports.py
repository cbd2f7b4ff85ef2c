"""One subscription's report of one period, made from the published file as far as its scope reaches.

Belongs here: from a subscription to files. Does not belong here: sending them.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import polars as pl

from pipelines.delivery.outbox import last_reported
from pipelines.delivery.subscriptions import Subscription
from pipelines.errors import SavoirError
from pipelines.home import Home
from pipelines.queries.build_facts import build_facts, product_names
from pipelines.queries.claims import fault_labels
from pipelines.queries.digest import Digest, claims_again, digest
from pipelines.queries.emerging import alerts as raised
from pipelines.queries.evidence import Issue
from pipelines.queries.periods import Period
from pipelines.queries.scopes import EVERYTHING
from pipelines.queries.snapshot import Snapshot
from pipelines.queries.weeks import Week
from pipelines.reports.changes import Change, Memory, changes, memory_of
from pipelines.reports.document import digest_document
from pipelines.reports.issue_files import issue_files
from pipelines.reports.letter import Letter, letter_of, page_of
from pipelines.reports.names import Names
from pipelines.reports.pdf import pdf_of
from pipelines.reports.workbook import workbook_of
from pipelines.signals import alerts
from pipelines.signals.ledger import Alert, with_verdicts

PUBLIC_URL = "SAVOIR_PUBLIC_URL"


class PeriodError(SavoirError):
    """A period that the data does not reach."""


@dataclass(frozen=True)
class Report:
    """A report in all its forms. `files`: by name, in the folder of its own."""

    subscription: str
    period: str
    data_version: str
    letter: Letter
    files: dict[str, bytes]
    changes: tuple[Change, ...]
    memory: Memory
    is_first: bool

    @property
    def has_news(self) -> bool:
        """Whether it says anything that the report before did not."""
        return self.is_first or any(change.is_news for change in self.changes)


def period_of(
    home: Home, snapshot: Snapshot, subscription: Subscription, asked: str | None = None
) -> Period | None:
    """The period asked for, else the last whole one of the subscription's schedule.

    None where the subscription waits for a signal and none has changed its state since its last report. Such
    a period is named after what changed and since when, so that the same change makes the same period.
    """
    as_of = build_facts(snapshot).as_of
    if asked is None and subscription.schedule == "on_signal":
        last = last_reported(home, subscription.name)
        states = severe(
            with_verdicts(raised(snapshot, EVERYTHING), alerts(home)), subscription.minimum_severity
        )
        if states == (last["severe"] if last else {}):
            return None
        told = json.dumps([last["period"] if last else "", states], sort_keys=True)
        return Period.up_to(as_of, hashlib.sha256(told.encode()).hexdigest()[:8])
    if asked is not None:
        period = Period.parse(asked)
    elif subscription.schedule == "monthly":
        period = Period.last_month(as_of)
    else:
        period = last_week(snapshot)
    if period.from_on > as_of:
        raise PeriodError(
            f"{period.name} begins on {period.from_on}, after the data's last day {as_of}: name an earlier "
            "one, or build from newer data."
        )
    return period


def last_week(snapshot: Snapshot) -> Period:
    """The newest week that is over in the data."""
    return Period.of_week(Week.last_complete(build_facts(snapshot).as_of))


def severe(signals: pl.DataFrame, least: float) -> dict[str, str]:
    """Each alert of at least this ratio with its status."""
    found = signals.filter(pl.col("ratio").fill_null(0) >= least).sort("signal_id")
    return dict(found.select("signal_id", "status").iter_rows())


def report_of(
    home: Home, snapshot: Snapshot, subscription: Subscription, period: Period, language: str | None = None
) -> Report:
    """The report. `snapshot` has to be opened with the subscription's grant."""
    language = language or subscription.language
    ledger = alerts(home)
    found = _as_decided(digest(snapshot, period), ledger)
    last = last_reported(home, subscription.name, period.name, period.until_on.isoformat())
    memory = memory_of(found) | {"severe": severe(found.signals, subscription.minimum_severity)}
    differences: list[Change] = []
    if last is not None:
        again = claims_again(
            snapshot, date.fromisoformat(last["from_on"]), date.fromisoformat(last["until_on"])
        )
        differences = changes(last, memory, again)
    names = Names(language, fault_labels(snapshot, language), product_names(snapshot))
    document = digest_document(
        found, subscription.grant, differences, last, ledger, names, subscription.minimum_severity,
        os.environ.get(PUBLIC_URL, ""),
    )  # fmt: skip
    files = {
        "report.pdf": pdf_of(document),
        "report.html": page_of(document).encode(),
        "report.xlsx": workbook_of(document),
    }
    files |= issue_files(snapshot, found, ledger, names)
    return Report(
        subscription.name, period.name, found.facts.build_id, letter_of(document), files,
        tuple(differences), memory, last is None,
    )  # fmt: skip


def write_report(home: Home, report: Report) -> Path:
    """Put the files into reports/<subscription>/<period>/, all of them or none; the folder."""
    folder = home.reports / report.subscription / report.period
    folder.parent.mkdir(parents=True, exist_ok=True)
    _sweep(folder.parent)
    draft = folder.with_name(f".tmp-{report.period}-{os.getpid()}")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir()
    try:
        for name, content in report.files.items():
            (draft / name).write_bytes(content)
    except BaseException:
        shutil.rmtree(draft, ignore_errors=True)
        raise
    if folder.exists():
        old = folder.with_name(f".old-{report.period}-{os.getpid()}")
        folder.rename(old)
        draft.rename(folder)
        shutil.rmtree(old, ignore_errors=True)
    else:
        draft.rename(folder)
    return folder


def _sweep(parent: Path) -> None:
    """Clear what dead runs left; a report that one had moved aside comes back if its successor never came."""
    for left in [*parent.glob(".old-*"), *parent.glob(".tmp-*")]:
        name, _, process = left.name[5:].rpartition("-")
        if _is_running(int(process)):
            continue
        if left.name.startswith(".old-") and not (parent / name).exists():
            left.rename(parent / name)
        else:
            shutil.rmtree(left, ignore_errors=True)


def _is_running(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _as_decided(found: Digest, ledger: list[Alert]) -> Digest:
    """What people decided since the build counts at once."""
    signals = with_verdicts(found.signals, ledger)
    status = dict(signals.select("signal_id", "status").iter_rows())
    issues: dict[str, Issue] = {
        signal_id: replace(issue, signal=dict(issue.signal) | {"status": status[signal_id]})
        for signal_id, issue in found.issues.items()
    }
    return replace(
        found, signals=signals.sort(pl.col("status") == "closed", maintain_order=True), issues=issues
    )
