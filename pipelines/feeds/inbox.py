"""The inbox: which files wait, and which things in it are none.

Belongs here: finding them and naming what cannot be taken without being read. Does not belong here: taking
them (`door`). A name is only ever a name: whatever marks it holds, it is no pattern.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from pipelines.feeds.files import shown
from pipelines.feeds.results import WaitingFile
from pipelines.feeds.sources import sources
from pipelines.home import Home

_KINDS = (
    (stat.S_ISFIFO, "a pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)


def waiting(home: Home, source: str | None = None) -> list[WaitingFile]:
    """What lies in the inbox, in order of source and name; hidden files and `.part` files are left alone."""
    if not home.inbox.is_dir():
        return []
    known = list(sources(home))
    inbox = home.inbox.resolve()
    found: list[WaitingFile] = []
    for entry in sorted(_entries(home.inbox), key=lambda item: (item.name not in known, item.name)):
        if source is not None and entry.name != source:
            continue
        trouble = _trouble(entry, inbox)
        if trouble is not None or not entry.is_dir():
            trouble = trouble or (
                f"{shown(entry.name)} lies in the inbox itself: put it into inbox/<source>/, one of "
                f"{', '.join(known)}."
            )
            found.append(WaitingFile(entry, shown(entry.name), trouble))
            continue
        if entry.name not in known:
            trouble = (
                f"inbox/{shown(entry.name)}/ is not a source: rename the folder to one of "
                f"{', '.join(known)}, or add a mapping."
            )
        found.extend(
            WaitingFile(path, shown(entry.name), trouble or own) for path, own in _files(entry, inbox)
        )
    return found


def _entries(folder: Path) -> list[Path]:
    paths = sorted(folder.iterdir())
    return [path for path in paths if not path.name.startswith(".") and not path.name.endswith(".part")]


def _files(folder: Path, inbox: Path) -> Iterator[tuple[Path, str | None]]:
    try:
        entries = _entries(folder)
    except OSError as error:
        yield folder, f"{shown(folder.name)}/ cannot be opened ({error.strerror}): correct its permissions."
        return
    for path in entries:
        trouble = _trouble(path, inbox)
        if trouble is None and path.is_dir():
            yield from _files(path, inbox)
        else:
            yield path, trouble


def _trouble(path: Path, inbox: Path) -> str | None:
    """Why this is no file that can be taken, as far as its name and kind tell."""
    name = shown(path.name)
    try:
        os.fsencode(path.name).decode()
    except UnicodeDecodeError:
        return f"{name}: the file's name is not UTF-8: rename it."
    try:
        if path.is_symlink():
            target = path.resolve(strict=True)
            if not target.is_relative_to(inbox):
                return f"{name} is a link that leads out of the inbox: put the file itself there."
            if target.is_dir():
                return f"{name} is a link to a folder: put the files themselves there."
        mode = path.stat().st_mode
    except (OSError, RuntimeError):
        return f"{name} is a link that leads nowhere, or is gone: remove it, or put the file itself there."
    kind = next((words for is_kind, words in _KINDS if is_kind(mode)), None)
    return f"{name} is {kind}, not a file: remove it." if kind else None
