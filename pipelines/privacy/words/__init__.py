"""Lists of words that redaction knows, one file each: blanks and line ends between words, no capitals needed.

Belongs here: words. Does not belong here: what is made of them.
"""

from pathlib import Path


def words(name: str) -> frozenset[str]:
    """The words of one list."""
    return frozenset(Path(__file__).with_name(f"{name}.txt").read_text(encoding="utf-8").split())
