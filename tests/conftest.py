"""Fixtures that the whole suite shares. A folder's own fixtures live in its own conftest."""

from __future__ import annotations

from pathlib import Path

import pytest

SHARED = Path(__file__).resolve().parents[2] / "shared"


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real files and published values, beside the checkout; absent at a user's."""
    if not SHARED.is_dir():
        pytest.skip("../shared is not here: real files and reference values are only beside the developers' checkout")
    return SHARED
