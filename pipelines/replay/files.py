"""A replay from files to a file: what the command does. The home is only read."""

from __future__ import annotations

import re
from contextlib import closing
from pathlib import Path

from pipelines.errors import SavoirError
from pipelines.home import Home
from pipelines.queries.snapshot import Snapshot, open_snapshot
from pipelines.replay.csv_rows import MOST_BYTES
from pipelines.replay.flips import flips_csv
from pipelines.replay.numbers import Stated, changed, in_effect, in_force, read_numbers, seed_numbers
from pipelines.replay.rule_sets import RuleSet, read_rules, seed_rules
from pipelines.replay.verdicts import Replay, replay
from pipelines.replay.vocabulary import Vocabulary, vocabulary


class ListNotWrittenError(SavoirError):
    """The list of flips found no place on disk."""


def replay_file(home: Home, version: str, rules: Path | None, parameters: Path | None = None) -> Replay:
    """One version of a file of rules, or of the seed, over what this home has published.

    Its numbers are those that `parameters`, else the seed, state for the version; what neither states, the
    version before it.
    """
    with closing(open_snapshot(home)) as snapshot:
        words = vocabulary(snapshot)
        found = read_rules(_content(rules), rules.name, words) if rules else seed_rules(words)
        stated = read_numbers(_content(parameters), parameters.name) if parameters else {}
        return replay_version(snapshot, version, found, stated, words)


def replay_version(
    snapshot: Snapshot, version: str, rules: RuleSet, stated: Stated, words: Vocabulary
) -> Replay:
    """One version of a rule set, with the numbers that it states, else the seed."""
    rows = rules.version(version)
    seed, seed_stated = seed_rules(words), seed_numbers()
    numbers = in_effect(version, rules, seed, [seed_stated, stated])
    changes = changed(numbers, in_force(seed, seed_stated), filter(words.reads, numbers))
    return replay(snapshot, rows, words, numbers, changes)


def _content(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(MOST_BYTES + 1)


def write_flips(done: Replay, out: Path | None) -> Path:
    """The claims that move, as CSV; by default in the folder where the command runs."""
    path = out or Path(f"replay-{re.sub(r'[^A-Za-z0-9_-]+', '-', done.version).strip('-') or 'version'}.csv")
    part = path.with_name(path.name + ".part")
    try:
        part.write_bytes(flips_csv(done.moved))
        part.replace(path)
    except OSError as error:
        raise ListNotWrittenError(
            f"The list cannot be written to {path} ({error.strerror}). Name another file with --out."
        ) from error
    return path.resolve()
