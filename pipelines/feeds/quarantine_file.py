"""Refused rows as a file for whoever corrects them: CSV or a workbook.

Belongs here: the columns of that file; texts stay inert in a spreadsheet. Does not belong here: which rows
are still refused (`quarantine`).
"""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from pathlib import Path

import xlsxwriter

from pipelines.errors import SavoirError
from pipelines.feeds.results import Refusal

_HEAD = ("source", "feed", "file_name", "file_row", "reasons")
# What a spreadsheet would run.
_RISKY = ("=", "+", "-", "@", "\t", "\r")


class QuarantineFileError(SavoirError):
    """The file cannot be written."""


def write_refusals(refusals: Sequence[Refusal], path: Path) -> None:
    """Write each refused row: where it stands, every reason, and its columns as they were understood."""
    records = [json.loads(refusal.record) if refusal.record else {} for refusal in refusals]
    columns = list(dict.fromkeys(name for record in records for name in record))
    lines = [
        [
            refusal.source,
            refusal.feed,
            refusal.file_name,
            str(refusal.file_row),
            " / ".join(refusal.reasons),
            *("" if record.get(name) is None else str(record[name]) for name in columns),
        ]
        for refusal, record in zip(refusals, records, strict=True)
    ]
    rows = [[*_HEAD, *columns], *lines]
    try:
        if path.suffix.lower() == ".xlsx":
            _write_workbook(rows, path)
        elif path.suffix.lower() == ".csv":
            with path.open("w", encoding="utf-8-sig", newline="") as file:
                csv.writer(file).writerows([[_inert(cell) for cell in row] for row in rows])
        else:
            raise QuarantineFileError(f"{path} ends in neither .csv nor .xlsx: name the file so.")
    except OSError as error:
        raise QuarantineFileError(f"{path} cannot be written ({error.strerror}).") from None


def _inert(cell: str) -> str:
    return f"'{cell}" if cell.startswith(_RISKY) else cell


def _write_workbook(rows: Sequence[Sequence[str]], path: Path) -> None:
    with xlsxwriter.Workbook(str(path), {"constant_memory": True}) as book:
        sheet = book.add_worksheet("quarantine")
        for place, row in enumerate(rows):
            for column, cell in enumerate(row):
                sheet.write_string(place, column, cell[:32_000])
