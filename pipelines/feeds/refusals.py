"""What is remembered of files that were refused whole: they are not read again until they, or the rules,
change.

Belongs here: the memory beside the landing. Does not belong here: why a file is refused.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from pipelines.feeds.loading import rules_sha256
from pipelines.feeds.mappings import Mapping
from pipelines.feeds.reading import MEMORY_LIMIT_BYTES
from pipelines.home import Home


class Refusals:
    """Sentences by what they depend on: the file's place and bytes, the rules, the limits."""

    def __init__(self, known: dict[str, str]) -> None:
        self._known = known
        self.kept: dict[str, str] = {}

    @staticmethod
    def key(home: Home, path: Path, source: Mapping, file_sha256: str) -> str:
        """What a refusal depends on."""
        place = os.fsencode(path.relative_to(home.inbox) if path.is_relative_to(home.inbox) else path)
        said = (place, source.name.encode(), file_sha256.encode(), rules_sha256(source).encode())
        return hashlib.sha256(b"\0".join((*said, str(MEMORY_LIMIT_BYTES).encode()))).hexdigest()

    def sentence(self, key: str) -> str | None:
        """What was said of it before."""
        sentence = self._known.get(key)
        if sentence is not None:
            self.kept[key] = sentence
        return sentence


@contextmanager
def remembered(home: Home) -> Generator[Refusals]:
    """The refusals of earlier runs; afterwards those of files that still wait are kept."""
    path = home.landing / ".refusals.json"
    try:
        known = json.loads(path.read_text())
    except (OSError, ValueError):
        known = {}
    refusals = Refusals(known if isinstance(known, dict) else {})
    yield refusals
    if refusals.kept != known:
        fresh = home.landing / f".tmp-refusals-{os.getpid()}"
        try:
            fresh.write_text(json.dumps(refusals.kept, ensure_ascii=False))
            fresh.replace(path)
        finally:
            fresh.unlink(missing_ok=True)
