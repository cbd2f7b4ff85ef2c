"""How a name or a text enters a SQL statement.

Belongs here: quoting. Does not belong here: any statement.
"""

from __future__ import annotations

import re
from pathlib import Path


def text(value: str) -> str:
    """`value` as a SQL text literal."""
    return "'" + value.replace("'", "''") + "'"


def path(value: Path) -> str:
    """A path as a text literal for a reader of files, which takes any text for a pattern: each mark that a
    pattern knows stands for itself.
    """
    return text(re.sub(r"[\[*?]", r"[\g<0>]", str(value)))


def paths(values: list[Path]) -> str:
    """Several of them, separated by commas."""
    return ", ".join(path(value) for value in values)


def name(value: str) -> str:
    """`value` as a SQL identifier."""
    return '"' + value.replace('"', '""') + '"'


def texts(values: tuple[str, ...] | list[str]) -> str:
    """Several text literals, separated by commas."""
    return ", ".join(text(value) for value in values)
