"""What lies beside a report for each issue: 8D report, containment list, evidence pack.

Belongs here: which files an issue has, and how they are called. Does not belong here: any figure.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

import polars as pl

from pipelines.queries import formats
from pipelines.queries.build_facts import BuildFacts
from pipelines.queries.digest import Digest
from pipelines.queries.evidence import Issue
from pipelines.queries.issues import repairs_of_signal
from pipelines.queries.snapshot import Snapshot
from pipelines.reports.blocks import Block, Column, Document, Kind, Text, table_of
from pipelines.reports.eight_d import eight_d
from pipelines.reports.issue_pages import evidence
from pipelines.reports.names import Names, slug_of
from pipelines.reports.pdf import pdf_of
from pipelines.reports.workbook import workbook_of
from pipelines.signals import Alert

_KINDS: dict[type[pl.DataType], Kind] = {pl.Date: "day", pl.Int64: "integer"}


def issue_files(
    snapshot: Snapshot, digest: Digest, ledger: Sequence[Alert], names: Names
) -> dict[str, bytes]:
    """The files of every open issue of a report, by name; an 8D report where it is confirmed."""
    own = {alert.signal_id: alert for alert in ledger}
    files: dict[str, bytes] = {}
    for signal_id, issue in digest.issues.items():
        if issue.signal["status"] == "closed":
            continue
        slug = slug_of(issue.signal)
        beside = f"containment-{slug}.xlsx, evidence-{slug}.zip"
        if not issue.is_coding:
            files[f"containment-{slug}.xlsx"] = containment_list(issue, digest.facts, names)
        files[f"evidence-{slug}.zip"] = evidence_pack(snapshot, issue, digest.facts, names)
        if issue.signal["status"] == "confirmed":
            form = eight_d(issue, own.get(signal_id), digest.facts, names, beside)
            files[f"8d-{slug}.pdf"] = pdf_of(form)
    return files


def containment_list(issue: Issue, facts: BuildFacts, names: Names) -> bytes:
    """Workbook of each machine that is still out there."""
    t = names.t
    blocks = (
        *evidence(issue, names),
        Text(t("containment_note"), "soft"),
        _table(t("machines"), issue.machines, names),
    )
    return workbook_of(_document(t("containment"), issue, facts, names, blocks))


def evidence_pack(snapshot: Snapshot, issue: Issue, facts: BuildFacts, names: Names) -> bytes:
    """One zip: claims and repairs as a workbook, the customers' words as redacted, what it was made from."""
    t = names.t
    repairs = repairs_of_signal(snapshot, issue.claims["ticket_id"].to_list())
    claims = issue.claims.drop("description")
    blocks = (
        *evidence(issue, names),
        _table(t("claims"), claims, names),
        _table(t("repairs"), repairs, names),
        _table(t("recovery"), issue.recovery, names),
    )
    told = {
        "snapshot": snapshot.path.name,
        "build_id": facts.build_id,
        "as_of": facts.as_of.isoformat(),
        "signal": {key: _plain(value) for key, value in issue.signal.items()},
        "claims": issue.claims.height,
        "repairs": repairs.height,
    }
    words = issue.claims.filter(pl.col("description").is_not_null()).select("ticket_id", "description").rows()
    contents = {
        "evidence.xlsx": workbook_of(_document(t("evidence_pack"), issue, facts, names, blocks)),
        "texts.txt": "\n\n".join(f"{ticket}\n{text}" for ticket, text in words).encode(),
        "signal.json": json.dumps(told, ensure_ascii=False, indent=1).encode(),
    }
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as pack:
        for name, content in contents.items():
            entry = zipfile.ZipInfo(name, facts.finished_at.timetuple()[:6])
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o600 << 16
            pack.writestr(entry, content)
    return file.getvalue()


def _document(
    title: str, issue: Issue, facts: BuildFacts, names: Names, blocks: tuple[Block, ...]
) -> Document:
    footer = names.t("footer", as_of=formats.day(facts.as_of, names.language), build=facts.build_id)
    subtitle = names.node(issue.signal)
    return Document(title, subtitle, footer, names.language, facts.finished_at, blocks)


def _table(title: str, frame: pl.DataFrame, names: Names) -> Any:
    """Every column of an answer under its own name: these are rows to work with, not to read."""
    columns = [Column(name, _kind(dtype), 16) for name, dtype in frame.schema.items()]
    return table_of(title, columns, frame.rows())


def _kind(dtype: pl.DataType) -> Kind:
    if isinstance(dtype, (pl.Decimal, pl.Float64)):
        return "decimal"
    return _KINDS.get(type(dtype), "text")


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, (date, datetime)) else value
