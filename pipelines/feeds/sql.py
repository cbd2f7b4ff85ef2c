"""How a name, a text or a path enters a SQL statement of the door.

Belongs here: quoting of paths, for readers of files. Does not belong here: any statement.
"""

from __future__ import annotations

import re
from pathlib import Path

from pipelines.sql import name, text, texts

__all__ = ["name", "path", "paths", "text", "texts"]


def path(value: Path) -> str:
    """A path as a text literal for a reader of files, which takes any text for a pattern: each mark that a
    pattern knows stands for itself.
    """
    return text(re.sub(r"[\[*?]", r"[\g<0>]", str(value)))


def paths(values: list[Path]) -> str:
    """Several of them, separated by commas."""
    return ", ".join(path(value) for value in values)
