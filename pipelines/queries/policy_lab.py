"""The policy lab: rule sets that can be replayed, of the seed or uploaded, and their replay."""

from __future__ import annotations

from pipelines.queries.snapshot import Snapshot
from pipelines.replay import Replay, RuleSet, read_rules, replay, seed_rules, vocabulary

UPLOADED = "upload.csv"


def versions(snapshot: Snapshot, content: bytes | None) -> list[str]:
    """The versions of an uploaded file, or of the seed. A malformed one raises MalformedRulesError."""
    return list(_rules(snapshot, content).versions)


def replayed(snapshot: Snapshot, content: bytes | None, version: str) -> Replay:
    """One version of an uploaded file, or of the seed, over every claim."""
    return replay(snapshot, _rules(snapshot, content).version(version), vocabulary(snapshot))


def _rules(snapshot: Snapshot, content: bytes | None) -> RuleSet:
    words = vocabulary(snapshot)
    return seed_rules(words) if content is None else read_rules(content, UPLOADED, words)
