"""What lies beside a report for each issue: 8D report, containment list, evidence pack.

Belongs here: which files an issue has, and how they are called. Does not belong here: any figure.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pipelines.queries.digest import Digest
from pipelines.queries.snapshot import Snapshot
from pipelines.signals import Alert


def issue_files(
    snapshot: Snapshot,
    digest: Digest,
    ledger: Sequence[Alert],
    faults: Mapping[str, str],
    language: str,
) -> dict[str, bytes]:
    """The files of every issue of a report, by name."""
    return {}
