"""Where a text names a person: after a civility, a closing or “je m'appelle”, or by a common first name.

Belongs here: what announces a name, and where it ends. Does not belong here: a name that nothing announces;
nobody can tell `Boulanger` the customer from the trade.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Set

from pipelines.privacy.spans import Span
from pipelines.privacy.words import words

_FIRST_NAMES = words("first_names")

_B = r"[^\S\r\n]"
_CAP = r"[A-ZÀ-ÖØ-Þ]"
_NAME = rf"(?:{_CAP}\.(?:{_B}?-?{_CAP}\.)?|(?:[dDlL]['’])?{_CAP}[^\W\d_]*(?:['’-]{_CAP}?[^\W\d_]+)*)"
_PARTICLE = (
    r"(?:[Dd]e|[Dd]u|[Dd]es|[Ll]e|[Ll]a|[Vv]an|[Vv]on|[Dd]en|[Dd]er|[Dd]a|[Dd]i|[Bb]en|[Ee]l|DE|LE|LA|DU|VAN)"
)
_NAMES = rf"(?:{_PARTICLE}{_B}+){{0,3}}{_NAME}(?:{_B}+(?:{_PARTICLE}{_B}+){{0,3}}{_NAME}){{0,3}}"

_CIVILITY = (
    r"(?:(?i:mme|mmes|mlle|mrs|mr|dr|me)\.?|M\.|"
    r"(?<=avec )M(?= )|(?<=par )M(?= )|(?<=chez )M(?= )|"
    r"(?i:messieurs|mesdames|monsieur|madame|mademoiselle|ma[îi]tre|"
    r"docteur|herr|frau|mevrouw|meneer)|MM\.|Ms\.?|[Mm](?=\.?\s+et\s+[Mm]me))"
)
_AFTER_CIVILITY = re.compile(
    rf"(?<![\w'’-]){_CIVILITY}(?:{_B}+et{_B}+(?:mme|Mme|MME|madame|Madame|M\.|monsieur)\.?)?{_B}*(?P<name>{_NAMES})"
)
_STRONG_CLOSING = (
    r"(?:tr[èe]s\s+|bien\s+)?cordialement|cordiales\s+salutations|cdlt|cdt|bien\s+[àa]\s+vous|(?:mes\s+)?"
    r"(?:sinc[èe]res\s+)?salutations(?:\s+distingu[ée]es|\s+cordiales)?|respectueusement|sinc[èe]rement|amicalement|"
    r"kind\s+regards|best\s+regards|regards|sincerely|mit\s+freundlichen\s+gr[üu](?:ß|ss)en|"
    r"met\s+vriendelijke\s+groet(?:en)?|sign[ée]"
)
_WEAK_CLOSING = (
    r"merci(?:\s+(?:de\s+votre\s+[^\W\d_]+|(?:pour|de)\s+tout|d['’]avance|beaucoup|bien|par\s+avance|encore|infiniment))?|"
    r"bonne\s+(?:fin\s+de\s+)?(?:journ[ée]e|soir[ée]e|r[ée]ception)|bon\s+week-end|[àa]\s+bient[ôo]t|"
    r"envoy[ée]\s+de\s+mon\s+(?:iphone|ipad|mobile|samsung)|dans\s+l['’]attente"
)
_CLOSING = re.compile(rf"(?i:\b(?P<strong>{_STRONG_CLOSING})|\b(?:{_WEAK_CLOSING}))(?P<gap>[\s,.;:!–—-]+)")
_SIGNED = re.compile(_NAMES)
_TYPED_LINE = re.compile(
    rf"[^\W\d_]{{2,}}(?:['’-][^\W\d_]+)*(?:{_B}+[^\W\d_]+(?:['’-][^\W\d_]+)*){{1,2}}(?={_B}*(?:[\r\n]|$))"
)
_INTRODUCED = re.compile(
    rf"(?i:je{_B}+m['’]appelle|je{_B}+me{_B}+nomme|mon{_B}+nom{_B}+est|au{_B}+nom{_B}+de|de{_B}+la{_B}+part{_B}+de|"
    rf"\b(?:pr[ée])?nom{_B}*:|sign[ée]{_B}*:?|client(?:e)?{_B}*:|my{_B}+name{_B}+is|ich{_B}+hei[ßs]s?e|mijn{_B}+naam{_B}+is)"
    rf"{_B}*(?:{_CIVILITY}{_B}*)?(?P<name>{_NAMES})"
)
_WHOLE = re.compile(rf"(?<![\w'’-]){_NAMES}")

# Capitalised words that follow a closing or a civility and are nobody: how sentences, signatures of a firm
# and machines begin. Compared without capitals.
_NOBODY = words("nobody")


# A text without any of these words holds no announced name.
ANNOUNCING = words("announcing")
_PAIR = re.compile(rf"{_CAP}[^\s0-9]*{_B}+{_CAP}")


def is_first_name(word: str) -> bool:
    """Whether a word, or the first part of a double one, is a common first name."""
    return word.lower().split("-")[0] in _FIRST_NAMES


def names(text: str, lowered: Set[str]) -> Iterator[Span]:
    """Names of persons in a text of these words (without capitals). A civility goes with its name; a closing
    stays.
    """
    if lowered.isdisjoint(ANNOUNCING):
        if _PAIR.search(text):
            yield from _by_first_name(text)
        return
    is_shouted = text.upper() == text
    for found in _AFTER_CIVILITY.finditer(text):
        end = _end(text, found.start("name"), found.end("name"), is_shouted, most=2)
        if end > found.start("name") and end - found.start("name") > 2:
            yield Span(found.start(), end, "name")
    for found in _INTRODUCED.finditer(text):
        end = _end(text, found.start("name"), found.end("name"), is_shouted)
        if end > found.start("name"):
            yield Span(found.start("name"), end, "name")
    for found in _CLOSING.finditer(text):
        yield from _signature(text, found, is_shouted)
    if _PAIR.search(text):
        yield from _by_first_name(text)


def _by_first_name(text: str) -> Iterator[Span]:
    for found in _WHOLE.finditer(text):
        parts = found[0].split()
        for place, word in enumerate(parts[:-1]):
            follower = parts[place + 1].strip(".")
            if is_first_name(word) and follower.lower() not in _NOBODY and (len(follower) > 1):
                yield Span(found.start() + found[0].index(word), found.end(), "name")
                break


def _signature(text: str, closing: re.Match[str], is_shouted: bool) -> Iterator[Span]:
    start, gap = closing.end(), closing["gap"]
    is_new_line = "\n" in gap or "\r" in gap
    is_new_sentence = not is_new_line and any(mark in gap for mark in ".!:;")
    found = _SIGNED.match(text, start)
    if found is None:
        typed = _TYPED_LINE.match(text, start) if closing["strong"] and is_new_line else None
        if typed and not any(word.lower() in _NOBODY for word in re.split(r"[\s'’]+", typed[0])):
            yield Span(typed.start(), typed.end(), "name")
        return
    end = _end(text, start, found.end(), is_shouted=False)
    if end == start:
        return
    parts = text[start:end].split()
    rest = text[end:]
    is_alone = re.match(rf"{_B}*(?:$|[\r\n,;(\[+0-9]|[.]{_B}*(?:$|[\r\n]))", rest) is not None
    is_followed = (
        re.match(rf"{_B}+(?i:t[ée]l|port|mail|e-mail|mobile|au|adresse|le{_B}+\d)", rest) is not None
    )
    is_known = any(is_first_name(word) for word in parts)
    if is_new_sentence or (not is_alone and not is_followed):
        if is_known and len(parts) > 1:
            yield Span(start, end, "name")
        return
    yield Span(start, end, "name")


def _end(text: str, start: int, end: int, is_shouted: bool, most: int = 9) -> int:
    """Where the name that begins at `start` ends; `start` itself where it is none."""
    parts = list(re.finditer(r"\S+", text[start:end]))
    kept, heads = start, 0
    for place, word in enumerate(parts):
        if re.fullmatch(rf"{_CAP}\.", word[0]):
            kept = start + word.end() if heads else kept  # an initial behind the name goes with it
            continue
        bare = word[0].strip(".,").lower()
        is_particle = re.fullmatch(_PARTICLE, word[0]) is not None and place + 1 < len(parts)
        if is_particle:
            following = parts[place + 1][0]
            if following.strip(".,").lower() in _NOBODY and not re.fullmatch(_PARTICLE, following):
                break
            continue
        is_contracted = re.match(r"(?i:[ldjmntscq])['’][a-zà-ÿ]", word[0]) is not None
        if bare in _NOBODY or is_contracted:
            break
        kept, heads = start + word.end(), heads + 1
        if is_shouted and heads >= most:
            break
    return kept
