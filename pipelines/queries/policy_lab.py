"""The policy lab: the rule sets of the seed, or of an uploaded file, and the replay of one of them."""

from __future__ import annotations

from pipelines.queries.snapshot import Snapshot
from pipelines.replay import (
    MOST_BYTES,
    SEED,
    Estimate,
    MalformedRulesError,
    Replay,
    RuleSet,
    read_rules,
    vocabulary,
)
from pipelines.replay import replay as replay_rules

__all__ = ["MOST_BYTES", "Estimate", "MalformedRulesError", "Replay", "replayed", "seed", "versions"]


def seed() -> tuple[bytes, str]:
    """The seed as it stands on disk, and its name: an edited seed is a new question."""
    return SEED.read_bytes(), SEED.name


def versions(snapshot: Snapshot, content: bytes, name: str) -> list[str]:
    """The policy versions of a file; a malformed one raises MalformedRulesError."""
    return list(_rules(snapshot, content, name).versions)


def replayed(snapshot: Snapshot, content: bytes, name: str, version: str) -> Replay:
    """One version of a file over every claim."""
    return replay_rules(snapshot, _rules(snapshot, content, name).version(version), vocabulary(snapshot))


def _rules(snapshot: Snapshot, content: bytes, name: str) -> RuleSet:
    return read_rules(content, name, vocabulary(snapshot))
