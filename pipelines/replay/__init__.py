"""Replay: what another policy would have said to every past claim, and what that would have cost.

Belongs here: reading a rule set nobody has checked yet, matching it, counting and pricing what changes. Does
not belong here: the facts of a claim, its price under each verdict (dbt publishes both), anything that writes
to a home, Dagster.
"""

from pipelines.replay.csv_rows import MOST_BYTES, MalformedRulesError
from pipelines.replay.estimates import Estimate
from pipelines.replay.files import replay_file, replay_version, write_flips
from pipelines.replay.flips import flips_csv
from pipelines.replay.numbers import SEED_NUMBERS, ChangedNumber, Stated, read_numbers, seed_numbers
from pipelines.replay.rule_sets import SEED, RuleSet, UnknownVersionError, read_rules, seed_rules
from pipelines.replay.rules import Rule
from pipelines.replay.table import written
from pipelines.replay.verdicts import Replay, replay
from pipelines.replay.vocabulary import SnapshotTooOldError, Vocabulary, vocabulary

__all__ = [
    "MOST_BYTES",
    "SEED",
    "SEED_NUMBERS",
    "ChangedNumber",
    "Estimate",
    "MalformedRulesError",
    "Replay",
    "Rule",
    "RuleSet",
    "SnapshotTooOldError",
    "Stated",
    "UnknownVersionError",
    "Vocabulary",
    "flips_csv",
    "read_numbers",
    "read_rules",
    "replay",
    "replay_file",
    "replay_version",
    "seed_numbers",
    "seed_rules",
    "vocabulary",
    "write_flips",
    "written",
]
