"""How a name or a text enters a SQL statement.

Belongs here: quoting. Does not belong here: any statement.
"""

from __future__ import annotations

from collections.abc import Iterable


def text(value: str) -> str:
    """`value` as a SQL text literal."""
    return "'" + value.replace("'", "''") + "'"


def texts(values: Iterable[str]) -> str:
    """Several text literals, separated by commas."""
    return ", ".join(text(value) for value in values)


def name(value: str) -> str:
    """`value` as a SQL identifier."""
    return '"' + value.replace('"', '""') + '"'
