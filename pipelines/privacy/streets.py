"""Where a text gives a street.

Belongs here: the ways of France and, more narrowly, of its neighbours. Does not belong here: towns and postal
codes, which are no street.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from pipelines.privacy.spans import Span
from pipelines.privacy.words import words

_B = r"[^\S\r\n]"
_CAP = r"[A-ZÀ-ÖØ-Þ]"
_WORD = r"[^\W\d_][\w'’-]*"
_NAMED = rf"{_CAP}[\w'’.-]*"
# Words that can hardly be anything but a way; a workshop speaks of the others too (en route, en place).
_STRONG = (
    r"rue|avenue|boulevard|blvd|boul\.|bd\.?|bld\.?|av\.|impasse|imp\.|all[ée]e|faubourg|fbg\.?|lieu[- ]?dit"
)
_WEAK = (
    r"chemin|place|quai|cours|route|square|passage|lotissement|r[ée]sidence|hameau|sentier|mont[ée]e|ruelle|venelle|"
    r"esplanade|promenade|rond-point|voie|cit[ée]|clos|villa|traverse|c[ôo]te|parvis|mail|domaine|quartier|z\.?[ai]\.?|"
    r"ch\.|che\.|chem\.|rte\.?|pl\.|all\.|r\.|sq\.|r[ée]s\.?|lot\.|pass\.|q\.|av|ave\.?|all"
)
_ARTICLES = rf"(?:(?:de|du|des|la|le|les|à|au|aux|et|sur|sous|en|lès){_B}+|[dl]['’]{_B}?)"
_NUMBER = rf"(?:n[°o]?{_B}?)?\b\d{{1,4}}{_B}?(?:(?i:bis|ter|quater)|[A-Fa-f])?\b(?:{_B}?[-/]{_B}?\d{{1,4}})?"
_BETWEEN = rf"{_B}*,?\s{{0,2}}(?:{_B}*(?:de{_B}+la|de{_B}+l['’]|du|des|de){_B}+)?"
_MONTHS = "janvier|f[ée]vrier|mars|avril|mai|juin|juillet|ao[ûu]t|septembre|octobre|novembre|d[ée]cembre"
_DAY = rf"\d{{1,2}}(?:er)?{_B}+(?i:{_MONTHS})(?:{_B}+\d{{4}})?"
_MORE = rf"(?:(?:{_B}+|(?<=['’]))(?:{_ARTICLES}){{0,3}}{_NAMED}){{0,4}}"
_PROPER = rf"(?i:{_ARTICLES}){{0,3}}(?:{_DAY}|{_NAMED}{_MORE.replace(_ARTICLES, f'(?i:{_ARTICLES})')})"
# Typed without capitals: the first word, and one more where the line or the sentence ends after it.
_TYPED = rf"(?i:{_ARTICLES}){{0,3}}(?:{_WORD})(?:{_B}+{_WORD}(?={_B}*(?:[,.;\r\n]|-|\d{{5}}|$)))?"

_PATTERNS = tuple(
    re.compile(pattern)
    for pattern in (
        rf"{_NUMBER}{_BETWEEN}(?i:{_STRONG}){_B}+{_PROPER}",
        rf"{_NUMBER}{_BETWEEN}(?i:{_STRONG}){_B}+{_TYPED}",
        rf"{_NUMBER}{_BETWEEN}(?i:{_WEAK}){_B}+{_PROPER}",
        rf"\b(?i:{_STRONG}){_B}+{_PROPER}",
        rf"(?<!\ben )(?<!\bla )(?<!\ble )(?<!\bsa )(?<!\bma )(?<!\bde )(?<!\bune )(?<!\bdu )(?<!\bau )"
        rf"\b(?:[Cc]hemin|[Pp]lace|[Qq]uai|[Rr]oute|[Ss]quare|[Pp]assage|[Ee]splanade|[Rr]uelle|[Ss]entier)"
        rf"{_B}+(?:(?:de|du|des){_B}+|d['’])(?:(?:la|le|les){_B}+|l['’])?{_CAP}[a-zà-ÿ'’-]+{_MORE}",
        rf"\b(?i:lieu[- ]?dit){_B}+(?:(?:[Ll]e|[Ll]a|[Ll]es){_B}+)?{_WORD}",
        rf"\bB\.?P\.?{_B}?\d{{1,5}}(?=,?\s{{1,2}}\d{{5}}\b)",
        # English, German, Dutch.
        rf"\b\d{{1,5}}[a-z]?,?{_B}+(?:{_NAMED}{_B}+){{1,3}}"
        r"(?:Street|Road|Lane|Avenue|Drive|Close|Crescent|Terrace|Gardens|Court)\b",
        rf"\b{_CAP}[\w-]{{2,}}(?:straße|strasse|straat|gracht|weg|laan|platz|plein|gasse){_B}+\d{{1,4}}[a-z]?\b",
    )
)
# A number in a text of capitals, “2 PLACES”, is no house; nor is what follows here a name.
_NO_NAME = re.compile(
    r"(?i)^\W*(?:n°?\s*)?\d*\s*\S+\s+(?:(?:de|du|des|la|le|les|à|au|aux|en|sur|d['’]|l['’])\s*)*"
    r"(?:parking|travail|vie|commande|c[âa]ble|roulement|roue|train|tonte|r[ée]paration|livraison|d[ée]chargement|"
    r"chargement|freinage|secours|service|charge|carter|moteur|gazon|pelouse|parterre|changer|contr[ôo]ler|fois|livrer)\b"
)


# A text without any of these words, or endings, names no street.
WORDS = words("streets")
ENDINGS = ("straße", "strasse", "straat", "gracht", "weg ", "laan ", "platz ", "plein ", "gasse ")


def streets(text: str) -> Iterator[Span]:
    """Streets, with their number where it is there."""
    for pattern in _PATTERNS:
        for found in pattern.finditer(text):
            if not _NO_NAME.match(found[0]):
                yield Span(found.start(), found.end(), "street")
