"""Checks that are not dbt tests. Does not belong here: anything that SQL can say (then it is a dbt test)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import dagster as dg

if TYPE_CHECKING:
    from pipelines.orchestration.feeds import FeedCounts

CONSERVED = "rows_are_conserved"


def conservation(key: dg.AssetKey, counts: Sequence[FeedCounts]) -> dg.AssetCheckResult:
    """No row is lost at the door: read = loaded + duplicate + quarantined + skipped, in every delivery."""
    lost = [
        f"{count.rows_read} read, but {told} told of" for count in counts if (told := _told(count)) != count.rows_read
    ]
    return dg.AssetCheckResult(
        passed=not lost,
        asset_key=key,
        check_name=CONSERVED,
        description="; ".join(lost) or None,
        metadata={"deliveries": len(counts)},
    )


def _told(count: FeedCounts) -> int:
    return count.rows_loaded + count.rows_duplicate + count.rows_quarantined + count.rows_skipped
