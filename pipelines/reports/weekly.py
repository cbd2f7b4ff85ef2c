"""Writes the defect reports of one week, all of them or none."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path

from pipelines.errors import SavoirError
from pipelines.home import Home
from pipelines.queries.build_facts import build_facts, families
from pipelines.queries.claims import fault_labels
from pipelines.queries.defects import DefectWeek, defect_week
from pipelines.queries.snapshot import Snapshot, open_snapshot
from pipelines.queries.weeks import Week
from pipelines.reports.document import index_page, report_page
from pipelines.reports.workbook import write_workbook


class ReportError(SavoirError):
    """A report that cannot be written."""


def write_reports(
    home: Home,
    week: str | Week | None = None,
    progress: Callable[[str], None] = lambda _line: None,
    language: str = "en",
) -> list[Path]:
    """Write the reports of a week (the last complete one of the data unless told) and return their paths.

    A week written before is replaced. The folder appears only when everything in it is complete.
    """
    snapshot = open_snapshot(home)
    try:
        week = _asked_week(snapshot, week)
        return _written(home, snapshot, week, progress, language)
    finally:
        snapshot.close()


def _asked_week(snapshot: Snapshot, week: str | Week | None) -> Week:
    as_of = build_facts(snapshot).as_of
    if week is None:
        return Week.last_complete(as_of)
    if isinstance(week, str):
        week = Week.parse(week)
    if week.monday > as_of:
        raise ReportError(
            f"Week {week} begins on {week.monday}, after the data's last day {as_of}. "
            f"The newest complete week is {Week.last_complete(as_of)}; `savoir build` brings newer data."
        )
    return week


def _written(
    home: Home, snapshot: Snapshot, week: Week, progress: Callable[[str], None], language: str
) -> list[Path]:
    home.reports.mkdir(parents=True, exist_ok=True)
    _sweep(home.reports)
    draft = home.reports / f".tmp-{week}-{os.getpid()}"
    draft.mkdir()
    facts = build_facts(snapshot)
    faults = fault_labels(snapshot, language)
    reports: list[tuple[str, DefectWeek]] = []
    # The whole range first, then every family, those without claims too: silence would read as "no data".
    for family_code in [None, *families(snapshot)]:
        report = defect_week(snapshot, week, family_code)
        name = file_name(family_code)
        (draft / f"{name}.html").write_text(report_page(report, facts, faults, language), encoding="utf-8")
        write_workbook(draft / f"{name}.xlsx", report, facts, faults, language)
        reports.append((name, report))
        progress(f"{week} {family_code or 'all families'}: {report.claims.height} claims")
    (draft / "index.html").write_text(index_page(reports, facts, language), encoding="utf-8")
    folder = home.reports / str(week)
    _replace(draft, folder)
    return [folder / "index.html"] + [
        folder / f"{name}.{kind}" for name, _ in reports for kind in ("html", "xlsx")
    ]


def file_name(family_code: str | None) -> str:
    """A family's file name. Families are free text: what is no plain word gets a hash, so none collide."""
    if family_code is None:
        return "all"
    plain = re.sub(r"[^a-z0-9_-]+", "-", family_code.lower()).strip("-")[:60]
    if plain and plain == family_code and plain not in ("all", "index"):
        return plain
    return f"{plain or 'family'}-{hashlib.sha256(family_code.encode()).hexdigest()[:8]}"


def _replace(draft: Path, folder: Path) -> None:
    """Put the draft in the folder's place: two renames, and the old folder is removed last."""
    old = folder.with_name(f".old-{folder.name}-{os.getpid()}")
    if folder.exists():
        folder.rename(old)
    draft.rename(folder)
    shutil.rmtree(old, ignore_errors=True)


def _sweep(reports: Path) -> None:
    """Clear what a killed run left; a week it had moved aside comes back if its successor never arrived."""
    for left in reports.glob(".old-*"):
        week = reports / left.name.removeprefix(".old-").rpartition("-")[0]
        if week.exists():
            shutil.rmtree(left, ignore_errors=True)
        else:
            left.rename(week)
    for left in reports.glob(".tmp-*"):
        shutil.rmtree(left, ignore_errors=True)
