"""Personal data stops here: the keyed hash of customers and the redaction of free text, both as SQL.

Belongs here: the key and the expressions. Does not belong here: which columns are personal (the contract
says).
"""

from __future__ import annotations

import hashlib
import os
import secrets

from pipelines.errors import SavoirError
from pipelines.feeds import sql
from pipelines.home import Home

KEY_VARIABLE = "SAVOIR_CUSTOMER_KEY"
# 128 bits of HMAC-SHA256 (truncation as in RFC 2104): half the bytes of every customer column.
HASH_HEX_DIGITS = 32
_BLOCK = 64

# Latin letters as ranges: \p{L} would take 40 times longer to compile, in every query.
_L = "A-Za-zÀ-ɏ"
_CAPITAL = "A-ZÀ-Ý"
_NAMES = rf"[{_CAPITAL}][{_L}'’.-]*(?:[ -][{_CAPITAL}][{_L}'’.-]*){{0,3}}"
_STREET_KINDS = (
    r"rue|avenue|av\.|boulevard|bd|blvd|chemin|impasse|all[ée]e|place|quai|cours|route|square|lotissement|résidence|"
    "hameau|lieu-dit|faubourg"
)
_ARTICLES = r"(?:(?:de|du|des|la|le|les|à|aux|saint|sainte)\s+|[dl]['’])*"

# In order: each replaces what the ones before it left. RE2 looks neither ahead nor behind, so a kept left
# border is captured. A house number or a capital letter is what tells a street from a word ("en cours de
# route").
_E_MAIL = (rf"[{_L}0-9._%+'-]+@[{_L}0-9.-]+\.[{_L}]{{2,}}", "[e-mail]")
_REDACTIONS: tuple[tuple[str, str], ...] = (
    _E_MAIL,
    (r"(?i)\b[A-Z]{2}[0-9]{2}(?:[ -]?[A-Z0-9]{4}){3,7}(?:[ -]?[A-Z0-9]{1,4})?\b", "[iban]"),
    (r"\b(?:[0-9]{4}[ -]?){3}[0-9]{4}\b", "[card]"),
    (
        r"((?i:cordialement|bien à vous|salutations(?: distinguées)?|merci d'avance|sincères salutations|"
        r"kind regards|best regards|regards|sincerely|mit freundlichen gr[üu](?:ß|ss)en|"
        rf"met vriendelijke groet(?:en)?))([\s,.:;!–-]+){_NAMES}",
        r"\1\2[name]",
    ),
    (
        r"((?i:je m['’]appelle|je suis m(?:me)?|mon nom est|my name is|ich heiße|mijn naam is))"
        rf"(\s+){_NAMES}",
        r"\1\2[name]",
    ),
    (
        rf"\b(?i:[0-9]{{1,4}}\s*(?:bis|ter|quater)?\s*,?\s*(?:{_STREET_KINDS})\s+{_ARTICLES})"
        rf"[{_L}0-9'’-]+(?:[ -](?i:{_ARTICLES})[{_CAPITAL}][{_L}'’-]*){{0,4}}",
        "[street]",
    ),
    (
        rf"\b(?i:(?:{_STREET_KINDS})\s+{_ARTICLES})[{_CAPITAL}][{_L}'’-]*"
        rf"(?:[ -](?i:{_ARTICLES})[{_CAPITAL}][{_L}'’-]*){{0,4}}",
        "[street]",
    ),
    (
        rf"(?i)\b[0-9]{{1,5}}[a-z]?,?\s+(?:[{_L}'’.-]+\s+){{1,3}}(?:street|road|lane|avenue|drive|close|crescent|"
        r"terrace|gardens|court)\b",
        "[street]",
    ),
    (
        rf"(?i)\b[{_L}-]*(?:straße|strasse|straat|gracht|weg|laan|platz|plein|gasse)\s+[0-9]{{1,4}}[a-z]?\b",
        "[street]",
    ),
    (
        rf"(^|[^{_L}0-9_-])(?:\+|00)[0-9]{{1,3}}[ .\-/]?(?:\(0\)[ .\-/]?)?[0-9](?:[ .\-/]?[0-9]){{6,12}}",
        r"\1[phone]",
    ),
    (rf"(^|[^{_L}0-9_-])\(?0[0-9]\)?(?:[ .\-/]{{0,2}}[0-9]){{7,10}}", r"\1[phone]"),
    (
        r"\b(?i:m\.|mr\.?|mme\.?|mlle\.?|mrs\.?|ms\.?|dr\.?|monsieur|madame|mademoiselle|herr|frau|mevrouw|meneer)"
        rf"\s+{_NAMES}",
        "[name]",
    ),
)


class CustomerKeyError(SavoirError):
    """The secret behind the keyed hash is missing or unsafe."""


def customer_key(home: Home, create: bool = True) -> bytes:
    """The secret: from `SAVOIR_CUSTOMER_KEY`, else from the home, where the first run makes it (0600)."""
    given = os.environ.get(KEY_VARIABLE)
    if given is not None:
        if len(given) < 16:
            raise CustomerKeyError(
                f"{KEY_VARIABLE} has {len(given)} characters: give at least 16, or unset it to use "
                f"{home.customer_key}."
            )
        return given.encode()
    path = home.customer_key
    if not path.exists():
        if not create:
            return secrets.token_bytes(32)
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        fresh = path.with_name(f".{path.name}-{os.getpid()}")
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            file.write(secrets.token_hex(32) + "\n")
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)
    if path.stat().st_mode & 0o077:
        raise CustomerKeyError(f"{path} can be read by others: run chmod 600 on it.")
    key = path.read_text().strip()
    if len(key) < 16:
        raise CustomerKeyError(
            f"{path} holds no usable key: restore it from your backup; a new key breaks all links."
        )
    return key.encode()


def hash_sql(expression: str, key: bytes) -> str:
    """HMAC-SHA256 of a text expression under `key`, as hexadecimal text; null stays null."""
    block = (hashlib.sha256(key).digest() if len(key) > _BLOCK else key).ljust(_BLOCK, b"\0")
    inner, outer = (_blob(bytes(byte ^ pad for byte in block)) for pad in (0x36, 0x5C))
    return f"left(sha256({outer} || unhex(sha256({inner} || encode({expression})))), {HASH_HEX_DIGITS})"


def redact_sql(expression: str) -> str:
    """`expression` with e-mails, IBANs, cards, streets, phones and signed names replaced by their kind."""
    for pattern, replacement in _REDACTIONS:
        expression = f"regexp_replace({expression}, {sql.text(pattern)}, {sql.text(replacement)}, 'g')"
    return expression


def without_e_mails_sql(expression: str) -> str:
    """Any other column: an e-mail that strayed into it is replaced.

    Looking for the @ first makes it nearly free.
    """
    replaced = f"regexp_replace({expression}, {sql.text(_E_MAIL[0])}, {sql.text(_E_MAIL[1])}, 'g')"
    return f"case when contains({expression}, '@') then {replaced} else {expression} end"


def _blob(value: bytes) -> str:
    return "'" + "".join(f"\\x{byte:02X}" for byte in value) + "'::blob"
