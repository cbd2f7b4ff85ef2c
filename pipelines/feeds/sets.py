"""Files that belong together: a source whose shape joins several takes them as one delivery, once all are
there.

Belongs here: which waiting files make a set, and what a set that is not complete still waits for. Does not
belong here: joining them (`shaping`), or the inbox itself (`inbox`).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping as Map
from dataclasses import replace
from pathlib import Path

from pipelines.feeds.files import shown
from pipelines.feeds.mapping_files import MappingError
from pipelines.feeds.mappings import Mapping
from pipelines.feeds.results import WaitingFile
from pipelines.feeds.sources import Sources


def is_set(source: Mapping) -> bool:
    """Whether the source's files come in sets."""
    return len(source.files) > 1


def grouped(queue: list[WaitingFile], known: Sources) -> list[WaitingFile]:
    """The queue with the files of each set in one place: `tables` of its first file names them all."""
    made: list[WaitingFile] = []
    for source_name in dict.fromkeys(file.source for file in queue):
        files = [file for file in queue if file.source == source_name]
        try:
            source = known.get(source_name)
        except MappingError:
            source = None
        if source is None or not is_set(source):
            made += files
        else:
            made += _sets(source, files)
    return made


def members(source: Mapping, path: Path) -> tuple[tuple[str, Path], ...]:
    """The set that a file belongs to, among the files beside it; only the file where it is no set's."""
    waiting = [WaitingFile(item, source.name) for item in sorted(path.parent.iterdir()) if item.is_file()]
    for file in _sets(source, waiting):
        if any(item == path for _, item in file.tables):
            return file.tables
    found = _table_of(source, path.name)
    return ((found[0], path),) if found else ()


def sha256_of(tables: tuple[tuple[str, Path], ...], each: Map[Path, str]) -> str:
    """One fingerprint for a set."""
    said = "\0".join(f"{table}\0{each[path]}" for table, path in tables)
    return hashlib.sha256(said.encode()).hexdigest()


def _sets(source: Mapping, files: list[WaitingFile]) -> list[WaitingFile]:
    made: list[WaitingFile] = []
    by_key: dict[tuple[Path, str], dict[str, WaitingFile]] = {}
    for file in files:
        found = None if file.trouble else _table_of(source, file.path.name)
        if file.trouble:
            made.append(file)
        elif found is None:
            patterns = ", ".join(pattern for _, pattern in source.files)
            trouble = (
                f"{shown(file.path.name)} is none of the files of {source.name} ({patterns}): rename it."
            )
            made.append(replace(file, trouble=trouble))
        else:
            table, key = found
            by_key.setdefault((file.path.parent, key), {})[table] = file
    for (_, key), present in by_key.items():
        absent = [pattern for table, pattern in source.files if table not in present]
        first = next(present[table] for table, _ in source.files if table in present)
        tables = tuple((table, present[table].path) for table, _ in source.files if table in present)
        if absent:
            names = " and ".join(shown(path.name) for _, path in tables)
            wanted = ", ".join(pattern.replace("*", key, 1) if key else pattern for pattern in absent)
            trouble = (
                f"{names} wait{'s' if len(tables) == 1 else ''} for {wanted}: the set is not complete yet."
            )
            made.append(replace(first, trouble=trouble))
        else:
            made.append(replace(first, tables=tables))
    return made


def _table_of(source: Mapping, name: str) -> tuple[str, str] | None:
    """The table that a file's name stands for, and what its pattern's stars stand for: the same in a set."""
    plain = name.removesuffix(".gz")
    fitting = []
    for table, pattern in source.files:
        form = "(.*)".join(re.escape(part) for part in pattern.removesuffix(".gz").split("*"))
        if found := re.fullmatch(form.replace(re.escape("?"), "."), plain, re.IGNORECASE):
            fitting.append((len(pattern.replace("*", "")), table, "".join(found.groups())))
    if not fitting:
        return None
    # “orders*.csv” also fits orders_details.csv: the longer pattern means it.
    _, table, key = max(fitting, key=lambda item: item[0])
    return table, key
