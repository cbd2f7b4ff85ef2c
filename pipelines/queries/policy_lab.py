"""The policy lab: the versions of the seed, or of uploaded files, and the replay of one of them."""

from __future__ import annotations

from pipelines.queries.snapshot import Snapshot
from pipelines.replay import (
    MOST_BYTES,
    SEED,
    SEED_NUMBERS,
    Estimate,
    MalformedRulesError,
    Replay,
    RuleSet,
    read_numbers,
    read_rules,
    replay_version,
    vocabulary,
)

__all__ = [
    "MOST_BYTES",
    "Estimate",
    "File",
    "MalformedRulesError",
    "Replay",
    "in_force",
    "replayed",
    "seed",
    "versions",
]

File = tuple[bytes, str]
"""Content and name."""


def seed() -> tuple[File, File]:
    """The seed's rules and numbers as they stand on disk: an edited seed is a new question."""
    return (SEED.read_bytes(), SEED.name), (SEED_NUMBERS.read_bytes(), SEED_NUMBERS.name)


def versions(snapshot: Snapshot, rules: File) -> list[str]:
    """The policy versions of a file, drafts first; a malformed one raises MalformedRulesError."""
    starts = _rules(snapshot, rules).starts
    return sorted(starts, key=lambda version: starts[version] is not None)


def in_force(snapshot: Snapshot) -> str | None:
    """The policy version that the published file is judged by today."""
    found = snapshot.rows(
        "select distinct rule_set from marts.dim_policy_rules "
        "where rule_type = 'policy' and valid_from is not null and valid_to is null"
    )
    return found.item() if found.height == 1 else None


def replayed(snapshot: Snapshot, rules: File, numbers: File | None, version: str) -> Replay:
    """One version of a file over every claim, with its numbers; what no file states is as in the seed."""
    stated = read_numbers(*numbers) if numbers else {}
    return replay_version(snapshot, version, _rules(snapshot, rules), stated, vocabulary(snapshot))


def _rules(snapshot: Snapshot, rules: File) -> RuleSet:
    return read_rules(*rules, vocabulary(snapshot))
