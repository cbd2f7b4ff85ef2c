"""A replay from files to a file: what the command does. The home is only read."""

from __future__ import annotations

import re
from contextlib import closing
from pathlib import Path

from pipelines.errors import SavoirError
from pipelines.home import Home
from pipelines.queries.snapshot import open_snapshot
from pipelines.replay.flips import flips_csv
from pipelines.replay.rule_sets import read_rules, seed_rules
from pipelines.replay.rules import MOST_BYTES
from pipelines.replay.verdicts import Replay, replay
from pipelines.replay.vocabulary import vocabulary


class ListNotWrittenError(SavoirError):
    """The list of flips found no place on disk."""


def replay_file(home: Home, version: str, rules: Path | None) -> Replay:
    """One version of a file of rules, or of the seed, over what this home has published."""
    with closing(open_snapshot(home)) as snapshot:
        words = vocabulary(snapshot)
        if rules is None:
            found = seed_rules(words)
        else:
            with rules.open("rb") as file:
                found = read_rules(file.read(MOST_BYTES + 1), rules.name, words)
        return replay(snapshot, found.version(version), words)


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
