"""What changed since the last report: two memories set side by side. A memory is what a report said, small.

Belongs here: what is remembered and how two memories differ. Does not belong here: where it is kept
(`pipelines.delivery`), how a change is worded (`digest_document`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from pipelines.queries.digest import Digest

Memory = dict[str, Any]
SIGNAL_KINDS = {"alert": "new", "confirmed": "confirmed", "closed": "closed"}


@dataclass(frozen=True)
class Change:
    """One thing that is not as it was. `subject`: a signal_id, or the name of a count."""

    kind: Literal["new", "confirmed", "closed", "reopened", "recovered", "matured", "restated", "rules"]
    subject: str
    before: Any = None
    after: Any = None

    @property
    def is_news(self) -> bool:
        """Whether it makes a report worth sending; that more can be seen by now comes with every week."""
        return self.kind != "matured"


def memory_of(digest: Digest) -> Memory:
    """What the next report will compare itself with."""
    return {
        "period": digest.period.name,
        "from_on": digest.period.from_on.isoformat(),
        "until_on": digest.period.until_on.isoformat(),
        "as_of": digest.facts.as_of.isoformat(),
        "is_complete": digest.is_complete,
        "build_id": digest.facts.build_id,
        "signals": signal_states(digest),
        "claims": digest.figures["claims"].events,
        "policies": digest.policies,
        "visible": digest.declared.shows_thrice,
    }


def signal_states(digest: Digest) -> dict[str, str]:
    """Each alert with its status."""
    return {row["signal_id"]: row["status"] for row in digest.signals.iter_rows(named=True)}


def changes(before: Memory, now: Memory, claims_again: float) -> list[Change]:
    """How a report differs from the one before it; `claims_again`: that one's claims as known now.

    Claims count by the day of the request: those of a period that was over only move where data was restated.
    """
    found: list[Change] = []
    for signal_id, status in now["signals"].items():
        was = before["signals"].get(signal_id)
        if was == status:
            continue
        kind = "reopened" if status == "alert" and was is not None else SIGNAL_KINDS[status]
        found.append(Change(kind, signal_id, was, status))  # ty: ignore[invalid-argument-type]
    gone = [signal_id for signal_id in before["signals"] if signal_id not in now["signals"]]
    found += [Change("recovered", signal_id, before["signals"][signal_id]) for signal_id in gone]
    if now["visible"] != before["visible"]:
        found.append(Change("matured", "nodes", before["visible"], now["visible"]))
    if before["is_complete"] and claims_again != before["claims"]:
        found.append(Change("restated", before["period"], before["claims"], claims_again))
    if now["policies"] != before["policies"]:
        found.append(Change("rules", "policies", before["policies"], now["policies"]))
    return found
