"""The small home's snapshot, opened."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from pipelines.home import Home
from pipelines.queries.snapshot import Snapshot, open_snapshot


@pytest.fixture(scope="session")
def snapshot(small_home: Home) -> Iterator[Snapshot]:
    """Read-only."""
    opened = open_snapshot(small_home)
    yield opened
    opened.close()
