"""What is kept of a value that is no free text: a code, a number, a date, a word of a list, a file's name.

Belongs here: telling such a value from one that names a person, and what stands in its place. Does not belong
here: free text (`redaction`), which column is what (the feed contract says).
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Callable
from functools import lru_cache
from itertools import pairwise

from pipelines.privacy.names import is_first_name
from pipelines.privacy.redaction import found, redacted
from pipelines.privacy.words import words

SURROGATE = "redacted-"
NOT_KEPT = "[not kept]"
_SURROGATE_DIGITS = 16

_WORD = re.compile(r"[^\W\d_]+(?:['’.-][^\W\d_]+)*")
_LETTERS = re.compile(r"[^\W\d_]+")
_CAPITAL = re.compile(r"[A-ZÀ-ÖØ-Þ]")
# Between words of a name; not the underscore or the slash, which people join codes with.
_ENDINGS = ("csv", "parquet", "gz", "xlsx", "tsv", "txt")
_NAME_GAP = re.compile(r"[\s,.-]+")
# What numbers, dates and answers are written with, beside digits and signs. Compared without capitals.
_VALUE_WORDS = words("values")


# How exports are called.
_FILE_WORDS = _VALUE_WORDS | words("files")


def surrogate(value: str, key: bytes) -> str:
    """A code in place of one that names a person: the same for the same value, so that rows still meet."""
    # Of the first key, whatever came after it: codes that were replaced before must still meet new ones.
    digest = hmac.new(key.partition(b"\n")[0], b"surrogate " + value.encode(), hashlib.sha256)
    return SURROGATE + digest.hexdigest()[:_SURROGATE_DIGITS]


def names_a_person(value: str) -> bool:
    """Whether the whole value is a common first name with other capitalised words, in any order."""
    parts = [part for part in _NAME_GAP.split(value) if part]
    return (
        2 <= len(parts) <= 4
        and all(_WORD.fullmatch(part) and _CAPITAL.match(part) for part in parts)
        and any(is_first_name(part) for part in parts)
    )


def has_capital_pair(value: str) -> bool:
    """Whether two capitalised words of two letters or more stand beside each other, as in a name."""
    parts = [part.strip(".'’()") for part in re.split(r"[\s,;]+", value)]
    capital = [
        len(part) > 1 and _CAPITAL.match(part) is not None and _WORD.fullmatch(part) is not None
        for part in parts
    ]
    return any(first and second for first, second in pairwise(capital))


def kept_label(value: str, key: bytes) -> str:
    """A shop's own word for a thing: kept, unless it holds an account, a phone, an address or a name."""
    return surrogate(value, key) if found(value) or names_a_person(value) else value


def kept_key(value: str, key: bytes) -> str:
    """A key of an order, a case, a machine: as a label, and two capitalised words are no key."""
    return surrogate(value, key) if has_capital_pair(value) else kept_label(value, key)


def kept_value(value: str) -> str:
    """A number, a date or a yes: what holds another word than these are written with is not kept, but for a
    single small one, which a reader of the refusal must see.
    """
    strange = [word for word in _LETTERS.findall(value) if word.lower() not in _VALUE_WORDS]
    is_one_word = len(strange) == 1 and strange[0] == value and value.islower() and not is_first_name(value)
    return redacted(value) if is_one_word or not strange else NOT_KEPT


def kept_word(value: str) -> str:
    """A word that should be of a list: kept, so that it can be corrected, unless it names a person."""
    mixed = has_capital_pair(value) and value.upper() != value
    return NOT_KEPT if mixed or names_a_person(value) else redacted(value)


@lru_cache(maxsize=1 << 10)
def kept_name(name: str) -> str:
    """A file's or a column's name as it is kept and shown; what names a person in it is `redacted`."""
    spaced = " ".join(word for word in re.split(r"[_+\s.-]+", name) if word.lower() not in _FILE_WORDS)
    is_named = any(
        is_first_name(first) and second.isalpha() and len(second) > 1
        for first, second in pairwise(spaced.split())
        if second.lower() not in _ENDINGS
    )
    if is_named or has_capital_pair(spaced) or found(name) or found(spaced):
        endings = re.search(r"(?:\.[A-Za-z0-9]{1,7}){0,2}$", name)
        ending = endings[0] if endings and not re.search(r"\d{3}|@", endings[0]) else ""
        return "redacted-" + hashlib.sha256(name.encode(errors="replace")).hexdigest()[:8] + ending
    return name


def functions(key: bytes) -> dict[str, Callable[[str], str]]:
    """The keeping of each kind as functions of one text, remembering what they were asked last."""
    remembered = lru_cache(maxsize=1 << 14)
    return {
        "text": redacted,
        "key": remembered(lambda value: kept_key(value, key)),
        "label": remembered(lambda value: kept_label(value, key)),
        "value": remembered(kept_value),
        "word": remembered(kept_word),
    }
