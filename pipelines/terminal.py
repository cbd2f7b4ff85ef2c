"""How lines reach a terminal. Does not belong here: what they say.

Lines quote files that strangers wrote. A control character in one of them could move the cursor, retitle the
window or hide what follows; here it becomes a visible mark.
"""

from __future__ import annotations

import click


def plain(text: str) -> str:
    """`text` with every control character but the line break and the tab made visible."""
    return "".join(letter if letter.isprintable() or letter in "\n\t " else "\ufffd" for letter in text)


def show(text: object) -> None:
    """A line of the result, on standard output."""
    click.echo(plain(str(text)))


def say(text: str) -> None:
    """A line about the work or its trouble, on standard error."""
    click.echo(plain(text), err=True)
