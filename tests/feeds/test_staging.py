"""Reading at the size where buffers end: an honest file of many megabytes stays far below the limits."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from pipelines.feeds import sources, staging
from pipelines.feeds.files import MAX_INFLATED_BYTES
from pipelines.home import Home
from pipelines.simulation import simulate


def test_tickets_of_several_row_groups_are_read_with_memory_to_spare(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The writer of Parquet once held 95 of 100 MB here, and now and then more: a good file was refused.
    monkeypatch.setattr(staging, "_MEMORY_LIMIT", "70MB")
    home = Home(tmp_path / "home").make()
    simulate(home, 120_000, 1, dt.date(2026, 10, 31))
    path = max((home.inbox / "tickets").iterdir(), key=lambda file: file.stat().st_size)
    rows, unparsed = tmp_path / "rows.parquet", tmp_path / "unparsed.parquet"
    task = staging.Task(path, sources(home)["tickets"], b"k" * 32, rows, unparsed, MAX_INFLATED_BYTES)
    assert staging.staged(task).rows > 15_000
