"""Free text without what names a person: e-mails, phones, accounts, cards, streets and announced names.

Belongs here: putting the finders together, and the cheap test for texts that need none of them. Does not
belong here: any form of any kind (`contacts`, `streets`, `names`), SQL (`pipelines.feeds.personal`). What it
finds and what it misses is measured by `python -m benchmarks.redaction`.
"""

from __future__ import annotations

import re
from functools import lru_cache

from pipelines.privacy.contacts import accounts, cards, e_mails, phones, spoken_phones
from pipelines.privacy.names import names
from pipelines.privacy.spans import Span, merged, replaced
from pipelines.privacy.streets import ENDINGS as STREET_ENDINGS
from pipelines.privacy.streets import WORDS as STREET_WORDS
from pipelines.privacy.streets import streets

# A text without any of these holds nothing that the finders know. RE2 and Python read it alike.
SUSPECT = (
    r"(?i)[@＠]|arobas|[(\[{] ?at? ?[)\]}]|[^\s] at [^\s]|z[ée]ro\b|"
    r"[0-9０-９](?:[^A-Za-z0-9]{0,4}[0-9０-９]){6}|\b0[1-9][ .-](?:[0-9IlO]{2}[ .-]){2}|"
    r"\b0[1-9][ ,.-]{1,2}(?:[0-9]{2}[ ,.-]{1,2})?(?:d[ieo]|on|tre|qu[ai]|s[ei]|vi|ci|soi|hui|n[eo]|un)|"
    r"\bbp\b|[a-z]{2}[0-9]{2}[^\s]? ?[a-z0-9]{4}|"
    r"\b(?:rue|avenue|boul|blvd|bd|bld|av|ave|imp|all|faubourg|fbg|lieu|chemin|place|quai|cours|route|square|"
    r"passage|lotissement|hameau|sentier|ruelle|venelle|esplanade|promenade|rond|voie|clos|villa|traverse|"
    r"parvis|mail|domaine|quartier|z|za|zi|ch|che|chem|rte|pl|r|sq|res|lot|pass|q|street|road|lane|drive|close|"
    r"crescent|terrace|gardens|court)\b|lieudit|impasse|all[ée]e|r[ée]s(?:idence)?\b|mont[ée]e|cit[ée]|c[ôo]te|"
    r"(?:stra|gracht|weg|laan|platz|plein|gasse)|"
    r"\b(?:m|mm|mr|mme|mmes|mlle|mrs|ms|dr|me|messieurs|mesdames|monsieur|madame|mademoiselle|ma[îi]tre|"
    r"docteur|herr|frau|mevrouw|meneer)\b|cordial|\bcdl?t\b|bien [àa] vous|salutations|respectueu|sinc[èe]re|"
    r"amical|regards|merci|gr[üu](?:ß|ss)en|groet|sign[ée]|bonne|week-end|bient[ôo]t|envoy|attente|appelle|nomme|"
    r"nom\b|part de|client|name is|hei[ßs]s?e|naam|sincerely|boulevard|"
    r"(?-i:[A-ZÀ-Ý][^\s0-9]*[^\S\r\n]+[A-ZÀ-Ý])"
)
_SUSPECT = re.compile(SUSPECT)
_WORD = re.compile(r"[^\W\d_]+")
# Seven digits with little between them: the fewest of a phone, an account or a card.
_DIGITS = re.compile(
    r"\d(?:[^A-Za-z0-9]{0,4}\d){6}|[A-Za-z]{2}\d{2}\W?[A-Za-z0-9]{4}|0[1-9]([ .-])(?:[\dIlO]{2}\1){2}"
)
_HALF_SAID = re.compile(r"(?i)\b0[1-9][ ,.-]{1,2}(?:\d\d[ ,.-]{1,2})*[a-z]")


def found(text: str) -> list[Span]:
    """What names a person in `text`, in order, none over another."""
    spans: list[Span] = []
    lowered = text.lower()
    words = frozenset(_WORD.findall(lowered))
    if _DIGITS.search(text):
        spans += accounts(text)
        spans += cards(text)
        spans += phones(text)
    if not words.isdisjoint(("zéro", "zero")) or _HALF_SAID.search(text):
        spans += spoken_phones(text)
    if (
        "@" in text
        or "(a)" in lowered
        or "[a]" in lowered
        or "＠" in text
        or not words.isdisjoint(("at", "arobase", "arobas"))
    ):
        spans += e_mails(text)
    if not words.isdisjoint(STREET_WORDS) or any(ending in lowered for ending in STREET_ENDINGS):
        spans += streets(text)
    spans += names(text, words)
    return merged(spans)


@lru_cache(maxsize=1 << 14)
def redacted(text: str) -> str:
    """`text` with each place that names a person replaced by its kind, as `[phone]`."""
    if not _SUSPECT.search(text):
        return text
    return replaced(text, found(text))
