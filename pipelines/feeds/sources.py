"""The sources that a home knows: the canonical feeds, the packaged mappings, and the home's own.

Belongs here: finding them by name. Does not belong here: any single source: those are `mappings/*.yml`.
"""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Mapping as Map
from pathlib import Path

from pipelines.feeds.contract import Contract, contract
from pipelines.feeds.mapping_reading import mapping
from pipelines.feeds.mappings import ColumnRule, Dialect, FeedRule, Mapping
from pipelines.home import Home

MAPPINGS_DIR = Path(__file__).resolve().parent / "mappings"


class Sources(Map[str, Mapping]):
    """The sources that a home knows, by name.

    A mapping is read when it is asked for: a wrong one raises then, and hinders no other.
    """

    def __init__(self, home: Home | None) -> None:
        self._known = contract()
        folders = (MAPPINGS_DIR, *([home.mappings] if home is not None and home.mappings.is_dir() else []))
        # The user's own mapping of a name replaces the packaged one.
        self._files = {
            path.stem: path
            for folder in folders
            for path in sorted((*folder.glob("*.yml"), *folder.glob("*.yaml")))
            if not path.name.startswith(".")
        }
        self._read: dict[str, Mapping] = {}
        self.problems = tuple(
            f"{self._files.pop(name)} has the name of a feed and is not used: rename it, {name} takes "
            "canonical files."
            for name in self._known.feeds
            if name in self._files
        )

    def __getitem__(self, name: str) -> Mapping:
        if name not in self:
            raise KeyError(name)
        if name not in self._read:
            path = self._files.get(name)
            self._read[name] = _canonical(name, self._known) if path is None else mapping(path, self._known)
        return self._read[name]

    def __contains__(self, name: object) -> bool:
        return name in self._known.feeds or name in self._files

    def __iter__(self) -> Iterator[str]:
        return iter((*self._known.feeds, *self._files))

    def __len__(self) -> int:
        return len(self._known.feeds) + len(self._files)


def sources(home: Home | None = None) -> Sources:
    """All sources by name, the home's own mappings among them: a folder of that name in the inbox takes its
    files.
    """
    return Sources(home)


def _canonical(name: str, known: Contract) -> Mapping:
    feed = known.feeds[name]
    rules = tuple((column.name, ColumnRule(sources=(column.name,))) for column in feed.columns)
    return Mapping(
        name=name,
        description=f"Canonical {name}.",
        dialect=Dialect(),
        columns=feed.column_names,
        ignored=(),
        filters=(),
        feeds=(FeedRule(feed=name, when=(), columns=rules),),
        is_canonical=True,
        fingerprint=known.fingerprint,
    )
