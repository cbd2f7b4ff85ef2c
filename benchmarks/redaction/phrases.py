"""A labelled phrase, and the hand-written ones read from their files.

Belongs here: the marks `{kind:text}` and what they mean. Does not belong here: the phrases themselves.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

KINDS = ("phone", "e-mail", "iban", "card", "street", "name")
_HERE = Path(__file__).parent
_MARK = re.compile(r"\{(" + "|".join(KINDS) + r"):([^}]*)\}")
_ESCAPE = re.compile(r"\\(?:n|r|t|x[0-9a-f]{2}|u[0-9a-f]{4})")


@dataclass(frozen=True)
class Label:
    """What must go: `text[start:end]`."""

    kind: str
    start: int
    end: int


@dataclass(frozen=True)
class Phrase:
    """A text with the places of its personal data; a clean one has none."""

    text: str
    labels: tuple[Label, ...] = ()


def phrase(marked: str) -> Phrase:
    """The phrase that a text with marks stands for."""
    text, labels, last = "", [], 0
    for mark in _MARK.finditer(marked):
        text += marked[last : mark.start()]
        labels.append(Label(mark[1], len(text), len(text) + len(mark[2])))
        text += mark[2]
        last = mark.end()
    return Phrase(text + marked[last:], tuple(labels))


def written(name: str) -> list[Phrase]:
    """The hand-written phrases of one file."""
    lines = (_HERE / f"{name}.txt").read_text(encoding="utf-8").splitlines()
    return [
        phrase(_ESCAPE.sub(lambda found: found[0].encode().decode("unicode_escape"), line))
        for line in lines
        if line and not line.startswith("#")
    ]
