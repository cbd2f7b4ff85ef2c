"""Checks that are not dbt tests. Does not belong here: anything that SQL can say (then it is a dbt test)."""

from __future__ import annotations

from collections.abc import Sequence

import dagster as dg

from pipelines.feeds.results import Delivery, FeedCounts

CONSERVED = "rows_are_conserved"
NOTHING_REFUSED = "nothing_was_refused"


def door_check_specs(key: dg.AssetKey) -> list[dg.AssetCheckSpec]:
    """The checks of one feed at the door."""
    return [
        dg.AssetCheckSpec(
            CONSERVED,
            asset=key,
            blocking=True,
            description="read = loaded + duplicate + quarantined + skipped, in each delivery of this run.",
        ),
        dg.AssetCheckSpec(
            NOTHING_REFUSED,
            asset=key,
            description="Warns where the door put rows of this run aside; good rows load all the same.",
        ),
    ]


def conservation(key: dg.AssetKey, counts: Sequence[FeedCounts]) -> dg.AssetCheckResult:
    """No row is lost at the door."""
    lost = [str(count) for count in counts if not count.is_conserved]
    return dg.AssetCheckResult(
        passed=not lost,
        asset_key=key,
        check_name=CONSERVED,
        description="; ".join(lost) or None,
        metadata={"deliveries": len(counts)},
    )


def refusals(key: dg.AssetKey, feed: str, deliveries: Sequence[Delivery]) -> dg.AssetCheckResult:
    """A warning with the first reasons where rows of `feed` were put aside."""
    refused = sum(
        count.rows_quarantined for delivery in deliveries for count in delivery.counts if count.feed == feed
    )
    reasons = [str(row) for delivery in deliveries for row in delivery.refused if row.feed == feed]
    return dg.AssetCheckResult(
        passed=refused == 0,
        asset_key=key,
        check_name=NOTHING_REFUSED,
        severity=dg.AssetCheckSeverity.WARN,
        metadata={"rows_quarantined": refused, **({"reasons": "\n".join(reasons[:5])} if reasons else {})},
    )
