"""Where a text gives an e-mail address, a phone number, a bank account or a payment card.

Belongs here: the forms that people write them in, and which digits are one. Does not belong here: streets,
names.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import phonenumbers
from stdnum import iban, luhn

from pipelines.privacy.spans import Span
from pipelines.privacy.words import words

# Blanks of any width but no line end, and everything that people put between digits.
_BLANK = r"[^\S\r\n]"
_GAP = rf"(?:{_BLANK}|[.\-/_·•\u00ad\u200b-\u200d\u2010-\u2015\u2060\u2212\ufeff])"

_AT = (
    rf"(?:{_BLANK}?[@＠]{_BLANK}?|"
    rf"{_BLANK}*[(\[{{]{_BLANK}?(?i:at|a|arobase|arobas|@){_BLANK}?[)\]}}]{_BLANK}*"
)
_HOSTS = "gmail|hotmail|yahoo|outlook|orange|free|wanadoo|laposte|sfr|live|icloud"
_AT += rf"|{_BLANK}+at{_BLANK}+(?=(?:{_HOSTS})\.)|{_BLANK}+(?:AT|(?i:arobase|arobas)){_BLANK}+)"
_DOT = rf"(?:\.|{_BLANK}*[(\[](?i:dot|point)[)\]]{_BLANK}*|{_BLANK}+(?:DOT|(?i:point)){_BLANK}+)"
_E_MAIL = re.compile(rf"[\w.%+'’-]+{_AT}[\w-]+(?:{_DOT}[\w-]+)*{_DOT}[^\W\d_]{{2,}}")
# With blanks around every mark.
_E_MAIL_WIDE = re.compile(
    rf"[\w.+-]+(?:{_BLANK}[\w.+-]+)?{_BLANK}[@＠]{_BLANK}[\w-]+{_BLANK}?\.{_BLANK}?(?:fr|com|net|org|eu|be|ch)\b"
)
# Without an ending, or with a comma in it: still the address of somebody.
_E_MAIL_CUT = re.compile(r"[\w.%+'’-]*[^\W\d_][\w.%+'’-]*[@＠][^\W\d_][\w.,-]*\w")

_IBAN = re.compile(rf"(?<![^\W_])[A-Za-z]{{2}}\d{{2}}(?:{_GAP}?[A-Za-z0-9]){{11,30}}")
_IBAN_SHORTEST = 15
# The registry of ISO 13616; looked at first, because most letters with digits are a part or a serial number.
_IBAN_COUNTRIES = words("iban_countries")

_CARD = re.compile(rf"(?<![\w])[2-6]\d{{3}}({_GAP}?)\d{{4}}\1\d{{4}}\1\d{{4}}(?![\w]|{_GAP}\d)")
_CARD_WORDS = re.compile(r"(?i)(?:\bcb|carte|visa|mastercard)\W*(?:n[°o])?\W*$")

# As the French write ten digits, and their neighbours: the lengths of the groups tell it from a reference.
_GROUPS = {
    (10,), (2, 2, 2, 2, 2), (1, 1, 2, 2, 2, 2), (1, 1, 8), (1, 9), (1, 1, 4, 4), (4, 2, 2, 2), (2, 4, 4),
    (2, 3, 3, 2), (4, 3, 3), (4, 6), (3, 3, 2, 2), (2, 2, 3, 3), (3, 3, 4), (2, 8), (3, 2, 2, 3), (3, 7),
    (1, 3, 2, 2, 2), (2, 2, 2, 4), (2, 2, 4, 2), (1,) * 10, (2, *(1,) * 8), (2, 2, 2, 2, 1, 1),
    (1, 3, 3, 3),
}  # fmt: skip
# Of mobiles only: two postal codes, or two halves of an article's number, begin otherwise.
_MOBILE_GROUPS = {(6, 4), (5, 5)}
_NATIONAL = re.compile(
    rf"(?:(?<![\w])|(?<=tel)|(?<=tél)|(?<=port))(?<!\d[./,-])\(?0\)?{_GAP}?\(?[1-9]\)?(?:{_GAP}{{0,3}}\d){{8}}(?!\w|\.?\d|[,/-](?!0[1-9])\d)"
)
# In pairs, whatever stands between them, if it is always the same; I and l stand for 1, O for 0.
_ALIKE = re.compile(
    r"(?<![^\W_])(?<!\d[^\w\s])(?<!\d[^\w\s]\s)(?<![0-9A-Fa-f]{2}:)[0O][1-9]([^\w\r\n]{1,5}|_)[\dIlO]{2}(?:\1[\dIlO]{2}){3}"
    r"(?:/\d\d(?!\w))?(?![^\W_]|\1[^\W_])"
)
# A number of the text's own counting: pages 06, 58, 14, 72, 93.
_COUNTED = re.compile(
    r"(?i)(?:pages?|lignes?|vis|dimensions?|tailles?|n[o°]s?|num[ée]ros|postes?|rep[èe]res?)\W*$"
)
# Run into the words around it: “au0612345678”, “06 12 34 56 78ou05 …”.
_GLUED = re.compile(
    rf"(?<![^\W\d_])(?:au|et|ou|le|est|tel|t[ée]l|port|fixe|ici)(0[1-9](?:{_GAP}?\d\d){{4}})(?!\d)"
    rf"|(?<![^\W_])(0[1-9](?:{_GAP}?\d\d){{4}})(?=(?:ou|et|puis|merci|svp|h24)(?![^\W\d]))"
    rf"|(?<![^\W_])(o[67]\d{{8}})(?![^\W_])"
    rf"|(?<=%20)(0[1-9](?:{_GAP}?\d\d){{4}})(?!\d)",
    re.IGNORECASE,
)
# A prefix in brackets, or one cut into pieces.
_BRACKETED = re.compile(
    rf"(?<![^\W_])(?<!\d[./,-])(?:[\[(]\+?(?:00)?33[\])]|00{_GAP}33|\+{_BLANK}?33)(?:{_GAP}{{0,2}}\(?0?\)?){_GAP}{{0,2}}"
    rf"\(?[1-9]\)?(?:{_GAP}{{0,2}}\d\d){{4}}(?![^\W_])"
    # Belgian area codes.
    rf"|(?<![^\W_])0\d{{1,2}}/\d{{3}}[. ]\d\d[. ]\d\d(?!\w|[./-]\d)"
    rf"|\+1{_GAP}?\(\d{{3}}\){_GAP}?\d{{3}}{_GAP}?\d{{4}}(?!\d)"
)
# A second one right behind it.
_NEXT = re.compile(rf"{_BLANK}?[/,-]{_BLANK}?(0{_GAP}?[1-9](?:{_GAP}{{0,3}}\d){{8}})(?!\w|[.,/-]?\d)")
# In pairs: a letter O for the zero, a line end between two of them, 33 without its plus.
_PAIRS = re.compile(
    rf"(?<![\w])(?<!\d[./,-])(?:[0Oo]|33{_GAP}{{1,2}})[1-9](?:(?:{_GAP}{{1,2}}|{_GAP}?{_BLANK}*\r?\n{_BLANK}*{_GAP}?)\d\d){{4}}"
    r"(?!\w|[.,/-]?\d)"
)
_MOBILE = re.compile(r"(?<![\w])(?<!\d[./,-])33[67]\d{8}(?!\w|[.,/-]?\d)")
_UNIT = "un|deux|trois|quatre|cinq|six|sept|huit|neuf"
_SAID = (
    rf"(?:z[ée]ro|{_UNIT}|dix|onze|douze|treize|quatorze|quinze|seize|vingts?|trente|quarante|cinquante|soixante|"
    r"septante|huitante|octante|nonante|et|\d{1,4})"
)
# In words, or half in words.
_SPOKEN = re.compile(
    rf"(?i)\bz[ée]ro[ ,.-]{{1,2}}(?:{_UNIT})(?:[ ,.-]{{1,2}}{_SAID}){{3,}}[ ,.-]{{1,2}}(?!et\b){_SAID}\b"
    rf"|\bz[ée]ro{_BLANK}[1-9](?:{_GAP}{{0,2}}\d){{8}}(?!\w)"
    rf"|\b0[1-9](?=[ ,.-]{{1,2}}(?:\d\d[ ,.-]{{1,2}})*(?!et\b)[a-z])(?:[ ,.-]{{1,2}}{_SAID}){{4,}}\b"
)
_INTERNATIONAL = re.compile(
    rf"(?<![\w])(?<!\d[./,-])\(?(?:\+|00){_BLANK}?[1-9]\d{{0,2}}\)?(?:{_GAP}{{0,3}}\(0\))?"
    rf"(?:{_GAP}{{0,3}}\d){{6,12}}(?!\w|[./-]\d)"
)
_TOLD = re.compile(
    rf"(?i)\b(?:t[ée]l(?:[ée]phone)?|portable|port|mobile|mob|gsm|sms|phone|fixe|num[ée]ro(?=0)|appele[rz]?(?:{_BLANK}moi)?|joindre|joignable)"
    rf"\W{{0,3}}(?:(?:au|est|le|:|n[°o])\W{{0,3}}){{0,3}}(0(?:(?:{_GAP}|,){{0,3}}\d){{7,11}})(?!\d)"
)
# What stands before a reference. The word may be cut from its number by “n°”, a colon or blanks.
_REFERENCE = re.compile(
    r"(?i)(?:\brma|\br[ée]f(?:[ée]rence)?s?|s[ée]rie|\bserial|\bn/s|\bs/n|\bsn|\bpn|\bbl|\blot|commandes?|factures?|devis|[ée]tiquettes?|"
    r"\bean|dossier|ticket|suivi|colis|palette|pi[èe]ces?|articles?|mod[èe]le|ch[âa]ssis|moteur|siret|siren|codes?|version|"
    r"firmware|filtre|bons?|\bavoir|garantie|contrat|retour|horaires?|ouvert(?:ure)?|order|invoice|part(?:{_BLANK}number)?|"
    r"tracking|identifiant|(?:num[ée]ro|n°){_BLANK}client)"
    r"(?:[.]?{_BLANK}(?:fabricant|constructeur|logicielle|interne|fournisseur|usine|fabrication|produit|d['’]origine|sav|de{_BLANK}livraison))?"
    r"\W{0,3}(?:(?:n°|n[o0]?|num[ée]ro)\W{0,3})?$".replace("{_BLANK}", _BLANK)
)
_DIGITS = re.compile(r"\d+")
_DIGIT = re.compile(r"\d")
# As East Asian keyboards write them.
_WIDE_DIGITS = {0xFF10 + digit: str(digit) for digit in range(10)}


def e_mails(text: str) -> Iterator[Span]:
    """E-mail addresses, “(at)” and “arobase” among them."""
    for pattern in (_E_MAIL, _E_MAIL_WIDE, _E_MAIL_CUT):
        for found in pattern.finditer(text):
            yield Span(found.start(), found.end(), "e-mail")


def accounts(text: str) -> Iterator[Span]:
    """IBANs: a country's own length and structure; a wrong check digit is a typing error."""
    for found in _IBAN.finditer(text):
        places = [at for at in range(found.start(), found.end()) if text[at].isalnum()]
        whole = "".join(text[at] for at in places).upper()
        if whole[:2] not in _IBAN_COUNTRIES or not whole.isascii():
            continue
        for length in range(min(len(whole), 34), _IBAN_SHORTEST - 1, -1):
            number = whole[:length]
            checked = number[:2] + iban.calc_check_digits(number) + number[4:]
            if iban.is_valid(checked, check_country=False):
                yield Span(found.start(), places[length - 1] + 1, "iban")
                break


def cards(text: str) -> Iterator[Span]:
    """Payment cards: sixteen digits in fours, or with a right check digit or the word before them."""
    for found in _CARD.finditer(text):
        is_said = _CARD_WORDS.search(text, max(0, found.start() - 20), found.start())
        number = "".join(_DIGITS.findall(found[0]))
        if is_said or found[1] or (luhn.is_valid(number) and not _is_reference(text, found.start())):
            yield Span(found.start(), found.end(), "card")


def phones(text: str) -> Iterator[Span]:
    """Phone numbers of France as people write them, of other countries with their prefix."""
    text = text.translate(_WIDE_DIGITS)
    for found in _ALIKE.finditer(text):
        is_counted = _COUNTED.search(text, max(0, found.start() - 20), found.start())
        if len(_DIGIT.findall(found[0])) >= 8 and not is_counted and not _is_reference(text, found.start()):
            yield Span(found.start(), found.end(), "phone")
    for found in _GLUED.finditer(text):
        group = found.lastindex or 0
        yield Span(found.start(group), found.end(group), "phone")
    for found in _BRACKETED.finditer(text):
        yield Span(found.start(), found.end(), "phone")
    for found in _INTERNATIONAL.finditer(text):
        is_told = "+" in found[0] or not _is_reference(text, found.start())
        if is_told and _is_international(found[0]):
            yield Span(found.start(), found.end(), "phone")
    for found in _NATIONAL.finditer(text):
        if _is_national(found[0]) and not _is_reference(text, found.start()):
            yield Span(found.start(), found.end(), "phone")
            end = found.end()
            while (following := _NEXT.match(text, end)) and _is_national(following[1]):
                end = following.end()
                yield Span(following.start(1), end, "phone")
    for found in _PAIRS.finditer(text):
        if found[0].count("\n") <= 1 and not _is_reference(text, found.start()):
            yield Span(found.start(), found.end(), "phone")
    for found in _MOBILE.finditer(text):
        if not _is_reference(text, found.start()):
            yield Span(found.start(), found.end(), "phone")
    for found in _TOLD.finditer(text):
        yield Span(found.start(1), found.end(1), "phone")


def spoken_phones(text: str) -> Iterator[Span]:
    """Phone numbers in words: “zéro six douze trente-quatre …”."""
    for found in _SPOKEN.finditer(text):
        yield Span(found.start(), found.end(), "phone")


def _is_national(written: str) -> bool:
    groups = tuple(len(group) for group in _DIGITS.findall(written))
    if groups in _MOBILE_GROUPS:
        return written[1] in "67"
    return groups in _GROUPS and not _is_date(groups, written)


def _is_international(written: str) -> bool:
    """`00…` in one piece may be a reference, and must be a number in use; else a number's length will do."""
    digits = "".join(_DIGITS.findall(written.replace("(0)", "")))
    try:
        number = phonenumbers.parse("+" + digits.removeprefix("00"))
    except phonenumbers.NumberParseException:
        return False
    if "+" in written:
        return phonenumbers.is_possible_number(number)
    is_spaced = re.match(r"\(?00\d{2,3}\D+\d", written) is not None
    return phonenumbers.is_possible_number(number) if is_spaced else phonenumbers.is_valid_number(number)


def _is_date(groups: tuple[int, ...], written: str) -> bool:
    """`01/02/2024 10`: two, two, four and two digits, the four a year."""
    return groups in ((2, 2, 4, 2), (2, 2, 2, 4)) and _DIGITS.findall(written)[groups.index(4)][:2] in (
        "19",
        "20",
    )


def _is_reference(text: str, start: int) -> bool:
    return _REFERENCE.search(text, max(0, start - 30), start) is not None
