"""The values that a mapping file may hold: what is taken, and the sentence for what is not.

Belongs here: one value at a time. Does not belong here: which key holds it (`mapping_forms`).
"""

from __future__ import annotations

import codecs
import re
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

import duckdb
from pydantic import AfterValidator, BeforeValidator

from pipelines.feeds import sql
from pipelines.feeds.date_forms import date_form_problem


def _text(value: Any) -> Any:
    # YAML reads true, 20 and 2026-01-01 as something else than text; where any text will do, they are taken.
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, int | float | Decimal | date) else value


def _known_text(value: Any) -> Any:
    if not isinstance(value, str):
        raise ValueError(f"is {value!r}, which is not text: put it in quotes")
    return value


def _names(value: Any) -> Any:
    if not isinstance(value, list):
        raise ValueError("must be a list of texts")
    for item in value:
        if not isinstance(item, str):  # YAML reads on, no and 12 as something else
            raise ValueError(f"holds {item!r}, which is not text: put it in quotes")
    return value


def _listed(value: Any) -> Any:
    return value if isinstance(value, list | tuple) else [value]


def _pattern(value: str) -> str:
    """A pattern is tried in the engine that will use it: Python's patterns know more."""
    try:
        with duckdb.connect() as connection:
            connection.execute(f"select regexp_matches('', {sql.text(value)})")
    except duckdb.Error as error:
        what = re.sub(r"^[A-Za-z ]*Error: ", "", str(error).splitlines()[0])
        raise ValueError(f"is not a valid pattern ({what})") from None
    return value


def _number(value: Any) -> Any:
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        raise ValueError(f"is {value!r}: a number") from None
    if isinstance(value, bool) or not number.is_finite():
        raise ValueError(f"is {value!r}: a number")
    return number


def _rate(value: Any) -> Any:
    try:
        rate = Decimal(str(value))
    except InvalidOperation:
        raise ValueError(f"is {value!r}: the euros for one unit, such as 1.15") from None
    if not rate.is_finite() or rate <= 0:
        raise ValueError(f"is {rate}: a rate is above zero")
    return rate


def _vat(value: Any) -> Any:
    """A share (0.2) or a percentage (20); a text names the column that holds it."""
    if isinstance(value, str) and not re.fullmatch(r"[0-9.]+ ?%?", value):
        return value
    try:
        rate = Decimal(str(value).rstrip("% "))
    except InvalidOperation:
        raise ValueError(f"is {value!r}: a rate such as 20 or 0.20, or a column's name") from None
    share = rate / 100 if rate >= 1 else rate
    if isinstance(value, bool) or not 0 <= share < 1:
        raise ValueError(f"is {value!r}: a rate such as 20 or 0.20, or a column's name")
    return share


def _encoding(value: Any) -> Any:
    try:
        codecs.lookup(str(value))
    except LookupError:
        raise ValueError(f"is {value!r}, which is not a known encoding: utf-8, cp1252, …") from None
    return str(value)


def _one_character(value: Any) -> Any:
    if not isinstance(value, str) or len(value) != 1 or value in "\r\n":
        raise ValueError(f"is {value!r}: one character, such as ';'")
    return value


def _mark(value: Any) -> Any:
    if value is None or value == "":
        return ""
    return _one_character(value)


def _decimal_mark(value: Any) -> Any:
    if value not in (".", ","):
        raise ValueError(f"is {value!r}: '.' or ','")
    return value


def _time_zone(value: Any) -> Any:
    try:
        ZoneInfo(str(value))
    except (KeyError, ValueError, OSError):
        raise ValueError(f"is {value!r}: a name such as Europe/Paris") from None
    return str(value)


def _date_form(value: str) -> str:
    problem = date_form_problem(value)
    if problem:
        raise ValueError(f"holds {value!r}: {problem}")
    return value


AnyText = Annotated[str, BeforeValidator(_text)]
Text = Annotated[str, BeforeValidator(_known_text)]
Texts = Annotated[tuple[str, ...], BeforeValidator(_names)]
AnyTexts = Annotated[tuple[AnyText, ...], BeforeValidator(_listed)]
Pattern = Annotated[AnyText, AfterValidator(_pattern)]
Number = Annotated[Decimal, BeforeValidator(_number)]
EuroRate = Annotated[Decimal, BeforeValidator(_rate)]
Vat = Annotated[Decimal | str, BeforeValidator(_vat)]
DateForms = Annotated[tuple[Annotated[AnyText, AfterValidator(_date_form)], ...], BeforeValidator(_listed)]
OneCharacter = Annotated[str, BeforeValidator(_one_character)]
Mark = Annotated[str, BeforeValidator(_mark)]
Encoding = Annotated[str, BeforeValidator(_encoding)]
DecimalMark = Annotated[Literal[".", ","], BeforeValidator(_decimal_mark)]
TimeZone = Annotated[str, BeforeValidator(_time_zone)]
# One value stands for a list of one.
Listed = BeforeValidator(_listed)
