"""A place in a text that names a person, and how places become a redacted text.

Belongs here: the frozen place and the replacing. Does not belong here: finding (`contacts`, `streets`,
`names`).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple


class Span(NamedTuple):
    """`text[start:end]` is of this kind."""

    start: int
    end: int
    kind: str


def merged(spans: Iterable[Span]) -> list[Span]:
    """Places in order, none over another: of two that meet, the one that begins first reaches over both."""
    kept: list[Span] = []
    for span in sorted(spans, key=lambda item: (item.start, -item.end)):
        if kept and span.start < kept[-1].end:
            last = kept[-1]
            kept[-1] = Span(last.start, max(last.end, span.end), last.kind)
        else:
            kept.append(span)
    return kept


def replaced(text: str, spans: Iterable[Span]) -> str:
    """`text` with each place replaced by its kind in brackets."""
    parts, last = [], 0
    for span in merged(spans):
        parts += [text[last : span.start], f"[{span.kind}]"]
        last = span.end
    return "".join([*parts, text[last:]])
