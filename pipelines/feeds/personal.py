"""Personal data stops here: of a source's columns, what may be kept of each, as one query.

Belongs here: the key, the keyed hash, the query. Does not belong here: which columns are personal (the
contract says), what is found in a text or value (`pipelines.privacy`).
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from collections.abc import Mapping as Map
from dataclasses import dataclass, replace
from pathlib import Path

import duckdb

from pipelines.errors import SavoirError
from pipelines.feeds import sql
from pipelines.feeds.contract import Contract
from pipelines.feeds.mappings import Mapping
from pipelines.feeds.parsing import DAMAGED_MARK, is_damaged_sql
from pipelines.feeds.translation import read_text_sql
from pipelines.home import Home
from pipelines.privacy.redaction import SUSPECT
from pipelines.privacy.values import functions

KEY_VARIABLE = "SAVOIR_CUSTOMER_KEY"
# 128 bits of HMAC-SHA256 (truncation as in RFC 2104): half the bytes of every customer column.
HASH_HEX_DIGITS = 32
_BLOCK = 64

# What a value may hold and be kept without a closer look. A row whose values are all plain costs two tests.
_NUMBER = r"-?[0-9]{1,9}(?:[.,][0-9]{1,6})?"
_CLOCK = r"[0-9]{1,2}:[0-9]{2}(?::[0-9]{2}(?:[.,][0-9]{1,9})?)?"
_DAY = r"(?:[0-9]{4}-[0-9]{2}-[0-9]{2}|[0-9]{1,2}[/.-][0-9]{1,2}[/.-][0-9]{2,4})"
_PLAIN_VALUE = rf"(?:{_NUMBER}|{_DAY}(?:[T ]{_CLOCK}(?:Z|[+-][0-9]{{2}}:?[0-9]{{2}})?)?|true|false)?"
_PLAIN_CODE = r"[A-Za-z0-9._/#:,+-]{0,40}"
# Ten digits from 0, a prefix, or what may be an account: not plain after all.
_DOUBTED_CODE = (
    r"(?:^|[^A-Za-z0-9])(?:0[1-9](?:[._/:,+-]{0,2}[0-9]){8}|00[._/:,+-]?[1-9](?:[._/:,+-]{0,2}[0-9]){7}|\+[0-9])|"
    r"[A-Za-z]{2}[0-9]{2}[._/:,+-]?[A-Za-z0-9]{4}[._/:,+-]?[A-Za-z0-9]{4}[._/:,+-]?[A-Za-z0-9]{3}"
)
_PLACE_CHARACTERS = 3
_PLACE = r"[A-Za-z]{0,3}[ -]?[0-9][0-9A-Za-z -]{0,9}"
_FUNCTION = "savoir_kept_"


class CustomerKeyError(SavoirError):
    """The secret behind the keyed hash is missing or unsafe."""


def customer_key(home: Home, create: bool = True) -> bytes:
    """The secret: from `SAVOIR_CUSTOMER_KEY`, else from the home, where the first run makes it (0600)."""
    if unfinished_rotation(home).exists():
        raise CustomerKeyError(
            "A change of the customer key was interrupted: run savoir rotate-key, which finishes it. Nothing "
            "was read."
        )
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


def unfinished_rotation(home: Home) -> Path:
    """Where a change of key lies while it is being made."""
    return home.root / ".key-rotation"


def keyed_hash(value: str, key: bytes) -> str:
    """What `hash_sql` gives, of one value."""
    for part in key.split(b"\n"):
        value = hmac.new(part, value.encode(), hashlib.sha256).hexdigest()[:HASH_HEX_DIGITS]
    return value


def hash_sql(expression: str, key: bytes) -> str:
    """HMAC-SHA256 of a text expression under `key`, as hexadecimal text; null stays null.

    A key that was changed has a line for each change, the first made first: the hash of a hash.
    """
    first, _, later = key.partition(b"\n")
    hashed = _hash_sql(expression, first)
    return hash_sql(hashed, later) if later else hashed


def _hash_sql(expression: str, key: bytes) -> str:
    block = (hashlib.sha256(key).digest() if len(key) > _BLOCK else key).ljust(_BLOCK, b"\0")
    inner, outer = (_blob(bytes(byte ^ pad for byte in block)) for pad in (0x36, 0x5C))
    return f"left(sha256({outer} || unhex(sha256({inner} || encode({expression})))), {HASH_HEX_DIGITS})"


def register(connection: duckdb.DuckDBPyConnection, key: bytes) -> None:
    """Give a connection the functions that `redact_sql` and `kept_sql` call."""
    for kind, function in functions(key).items():
        connection.create_function(f"{_FUNCTION}{kind}", function, ["VARCHAR"], "VARCHAR")


def redact_sql(expression: str) -> str:
    """`expression` with e-mails, accounts, streets, phones and announced names replaced by their kind."""
    is_suspect = f"regexp_matches({expression}, {sql.text(SUSPECT)})"
    return f"case when {is_suspect} then {_FUNCTION}text({expression}) else {expression} end"


def kept_sql(
    relation: str, origins: Map[str, str], source: Mapping, known: Contract, key: bytes, also: Map[str, str]
) -> str:
    """The query that makes of a source's columns, as text, what may be kept of them.

    `origins`: of each column that is used, its text as an expression over `relation`. The results are called
    as `Mapping.staged` says. `also`: further results by name, taken as they are.
    """
    rules = _rules(source, known)
    staged = {name: source.staged(name) for name in origins}
    inner = [f"{read_text_sql(text, source.dialect)} as {staged[name]}" for name, text in origins.items()]
    kept = [f"{_kept_sql(rules[name], column, key)} as {column}" for name, column in staged.items()]
    values = [column for name, column in staged.items() if rules[name].kind == "value"]
    codes = [column for name, column in staged.items() if rules[name].kind in ("key", "label", "word")]
    are_plain = [
        *([_are_sql(values, f"(?:{_PLAIN_VALUE}[|])*{_PLAIN_VALUE}")] if values else []),
        *([_are_sql(codes, f"(?:{_PLAIN_CODE}[|])*{_PLAIN_CODE}", _DOUBTED_CODE)] if codes else []),
    ]
    inner += [f"{text} as {name}" for name, text in also.items()]
    return (
        f"select {', '.join([*kept, *also])} from "
        f"(select *, {' and '.join(are_plain) or 'true'} as _is_plain from "
        f"(select {', '.join(inner)} from {relation}))"
    )


def _are_sql(columns: list[str], plain: str, doubted: str | None = None) -> str:
    """Whether all these texts have a plain form and none a doubted one."""
    joined = columns[0] if len(columns) == 1 else f"concat_ws('|', {', '.join(columns)})"
    is_plain = f"regexp_full_match({joined}, {sql.text(plain)})"
    return f"{is_plain} and not regexp_matches({joined}, {sql.text(doubted)})" if doubted else is_plain


@dataclass(frozen=True)
class _Rule:
    """What is made of one source column: `words` are those that its mapping knows, kept as they are."""

    kind: str = "text"
    remove: str | None = None
    words: tuple[str, ...] = ()


def _rules(source: Mapping, known: Contract) -> dict[str, _Rule]:
    """The strictest rule of all feed columns that a source column feeds; free text where it feeds none."""
    order = ("identity", "place", "text", "key", "label", "word", "value")
    rules: dict[str, _Rule] = {}
    for rule in source.feeds:
        for name, column_rule in rule.columns:
            column = known.feeds[rule.feed].column(name)
            if column is None:
                continue
            kind = {"none": "word" if column.codes else "value"}.get(column.personal, column.personal)
            words = (*column.codes, *(before for before, _ in column_rule.values), *source.dialect.unknown)
            if column_rule.values and kind == "value":
                kind = "word"
            for origin in column_rule.sources:
                before = rules.get(origin)
                words = (*words, *(before.words if before else ()))
                if before is None or order.index(kind) < order.index(before.kind):
                    rules[origin] = _Rule(kind, column_rule.remove, words)
                else:
                    rules[origin] = replace(before, words=words)
    for condition in (
        *(c for f in source.filters for c in f.when),
        *(c for f in source.feeds for c in f.when),
    ):
        values = condition.value if isinstance(condition.value, tuple) else (condition.value,)
        if condition.column in rules and condition.test in ("is", "is_not", "in", "not_in"):
            before = rules[condition.column]
            words = (*before.words, *(str(value) for value in values))
            rules[condition.column] = replace(before, words=words)
    return {name: rules.get(name, _Rule()) for name in source.columns}


def _kept_sql(rule: _Rule, column: str, key: bytes) -> str:
    match rule.kind:
        case "identity":
            remove = rule.remove
            bare = f"nullif(regexp_replace({column}, {sql.text(remove)}, '', 'g'), '')" if remove else column
            # What a program damaged is no customer: it would join strangers. Judging refuses the mark.
            mark = sql.text(DAMAGED_MARK)
            return f"case when {is_damaged_sql([bare])} then {mark} else {hash_sql(bare, key)} end"
        case "text":
            return redact_sql(column)
        case "place":
            is_place = f"regexp_full_match({column}, {sql.text(_PLACE)})"
            return f"case when {is_place} then left({column}, {_PLACE_CHARACTERS}) end"
    is_known = f"{column} in ({sql.texts(tuple(dict.fromkeys(rule.words)))})" if rule.words else "false"
    is_value = rule.kind == "value"
    is_fine = _are_sql([column], _PLAIN_VALUE) if is_value else _are_sql([column], _PLAIN_CODE, _DOUBTED_CODE)
    is_damaged = is_damaged_sql([column])
    return (
        f"case when _is_plain or {column} is null then {column} "
        f"when {is_known} or ({is_fine}) or ({is_damaged}) then {column} "
        f"else {_FUNCTION}{rule.kind}({column}) end"
    )


def _blob(value: bytes) -> str:
    return "'" + "".join(f"\\x{byte:02X}" for byte in value) + "'::blob"
