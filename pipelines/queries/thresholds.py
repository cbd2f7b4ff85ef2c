"""The thresholds of the build that made a snapshot: from where on there is enough to say.

Their home is the dbt project; they arrive through `meta.thresholds`, so that models and pages cannot differ.
"""

from __future__ import annotations

from functools import lru_cache

from pipelines.errors import SavoirError
from pipelines.queries.snapshot import Snapshot


class ThresholdMissingError(SavoirError):
    """A query names a threshold that the snapshot does not declare."""


@lru_cache(maxsize=4)
def _declared(snapshot: Snapshot) -> dict[str, float]:
    if not snapshot.has("meta", "thresholds"):
        return {}
    return dict(snapshot.rows("select threshold, limit_value from meta.thresholds").iter_rows())


def threshold(snapshot: Snapshot, name: str) -> float:
    """The value of one threshold."""
    found = _declared(snapshot).get(name)
    if found is None:
        raise ThresholdMissingError(
            f"The published file {snapshot.path.name} declares no threshold {name}. It was built by another "
            "version: run `savoir build` again."
        )
    return found
