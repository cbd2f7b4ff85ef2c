"""How sources write dates and times, as SQL: patterns, months by name, epochs, serials of a spreadsheet.

Belongs here: what a form may be, and the moment that a text means in it. Does not belong here: ISO 8601,
which every source may write (`parsing`), or which form a source uses (`mappings`).

A text that is not exactly of the form gives null: %Y is four digits and %y two, so that a year is never 25.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache

import duckdb

from pipelines.feeds import sql

EPOCHS = {"epoch": 1, "epoch_s": 1, "unix": 1, "%s": 1, "epoch_ms": 1_000, "epoch_us": 1_000_000}
EXCEL = ("excel", "excel_serial")
ISO = ("iso", "iso8601")
RFC_2822 = "rfc2822"

_SHORT = {"%T": "%H:%M:%S", "%F": "%Y-%m-%d", "%D": "%m/%d/%y", "%R": "%H:%M", "%e": "%d", "%h": "%b"}
_RFC_2822_PATTERNS = tuple(
    f"{day}%d %b %Y %H:%M{seconds} %z" for day in ("%a, ", "") for seconds in (":%S", "")
)
_WORD = r"\p{L}+[.]?"
_PARTS = {
    "Y": "[0-9]{4}",
    "y": "[0-9]{2}",
    "m": "[0-9]{1,2}",
    "d": "[0-9]{1,2}",
    "H": "[0-9]{1,2}",
    "I": "[0-9]{1,2}",
    "M": "[0-9]{1,2}",
    "S": "[0-9]{1,2}",
    "f": "[0-9]{1,6}",
    "n": "[0-9]{1,9}",
    "j": "[0-9]{1,3}",
    "p": "(?i:AM|PM)",
    "b": _WORD,
    "B": _WORD,
    "a": _WORD,
    "A": _WORD,
    "z": "(?:[+-][0-9]{2}:?[0-9]{2}|Z|UTC?|GMT)",
    "Z": "(?:[+-][0-9]{2}:?[0-9]{2}|Z|UTC?|GMT)",
}
# Parts that the engine's own reader does not know as French writes them: these patterns are read by parts.
_WORDED = frozenset("bBaAzZ")
# Without accents, without the point of an abbreviation.
_MONTHS = (
    "janvier janv jan january",
    "fevrier fevr fev february feb",
    "mars mar march",
    "avril avr april apr",
    "mai may",
    "juin june jun",
    "juillet juil jul july",
    "aout aou august aug",
    "septembre sept sep september",
    "octobre oct october",
    "novembre nov november",
    "decembre dec december",
)


def date_form_problem(form: str) -> str | None:
    """What is wrong with a date form of a mapping, as the end of a sentence."""
    if form in EPOCHS or form in EXCEL or form in ISO or form == RFC_2822:
        return None
    if "%" not in form:
        return "a pattern such as '%d/%m/%Y %H:%M', or epoch, epoch_ms, excel, rfc2822, iso"
    letters = [part.lstrip("-") for part in re.findall(r"%(-?.)", _expanded(form))]
    unknown = [letter for letter in letters if letter not in _PARTS and letter != "%"]
    if unknown:
        return f"%{unknown[0]} is not a part of a date that can be read"
    if "j" not in letters and not (
        {"Y", "y"} & set(letters) and {"m", "b", "B"} & set(letters) and "d" in letters
    ):
        return "a pattern needs the year, the month and the day, as '%d/%m/%Y' does"
    if not _WORDED & set(letters):
        try:
            with duckdb.connect() as connection:
                connection.execute(f"select try_strptime('', {sql.text(_expanded(form))})")
        except duckdb.Error:
            return "the engine cannot read this pattern: one such as '%d/%m/%Y %H:%M'"
    return None


def local_sql(text: str, forms: tuple[str, ...]) -> str | None:
    """The local time that a text means in the first form that fits; None where no form gives local times."""
    tried = [found for form in _each(forms) if (found := _local(text, form)) is not None]
    return _first(tried)


def utc_sql(text: str, forms: tuple[str, ...]) -> str | None:
    """The moment in UTC that a text means, of forms that carry their zone; None where none does."""
    tried = [found for form in _each(forms) if (found := _utc(text, form)) is not None]
    return _first(tried)


def looks_like(form: str, texts: Sequence[str]) -> bool:
    """Whether all texts have the outer form, at a glance: the engine decides whether they are dates."""
    if form in EPOCHS or form in EXCEL:
        return all(re.fullmatch(r"[0-9]+([.,][0-9]+)?", text) for text in texts)
    guards = [re.compile(_regex(_expanded(one))[0].replace(r"\p{L}", r"[^\W\d_]")) for one in _each((form,))]
    return all(any(guard.fullmatch(text) for guard in guards) for text in texts)


def _first(tried: list[str]) -> str | None:
    return None if not tried else tried[0] if len(tried) == 1 else f"coalesce({', '.join(tried)})"


def _each(forms: tuple[str, ...]) -> list[str]:
    return [one for form in forms for one in (_RFC_2822_PATTERNS if form == RFC_2822 else (form,))]


def _local(text: str, form: str) -> str | None:
    if form in EXCEL:
        # Day 60 is a 29 February 1900 that never was; serials before it are no dates of ours.
        days = f"cast(replace({text}, ',', '.') as double)"
        return (
            rf"case when regexp_full_match({text}, '[0-9]{{2,6}}([.,][0-9]{{1,15}})?') and {days} >= 61 "
            f"then timestamp '1899-12-30' + to_seconds(cast(round({days} * 86400) as bigint)) end"
        )
    if form in EPOCHS or form in ISO or _has_zone(form):
        return None
    pattern = _expanded(form)
    guard, letters = _regex(pattern)
    if _WORDED & set(letters):
        return f"case when {_fits(text, guard)} then {_by_parts(text, guard, letters)} end"
    return f"case when {_fits(text, guard)} then try_strptime({text}, {sql.text(pattern)}) end"


def _utc(text: str, form: str) -> str | None:
    if form in EPOCHS:
        digits = 9 + len(str(EPOCHS[form])) - 1
        micros = f"cast(round(cast({text} as decimal(28,6)) * {1_000_000 // EPOCHS[form]}) as bigint)"
        # From September 2001 on all epochs have ten digits: fewer are another number.
        return (
            rf"case when regexp_full_match({text}, '[0-9]{{{digits},{digits + 1}}}([.][0-9]{{1,6}})?') "
            f"then make_timestamp({micros}) end"
        )
    if form in EXCEL or form in ISO or not _has_zone(form):
        return None
    guard, letters = _regex(_expanded(form))
    place = 1 + next(number for number, letter in enumerate(letters) if letter in "zZ")
    zone = _part(text, guard, place)
    minutes = (
        f"case when {zone} similar to '[+-].*' then (case when left({zone}, 1) = '-' then -1 else 1 end) "
        f"* (cast(substr({zone}, 2, 2) as int) * 60 + cast(right({zone}, 2) as int)) else 0 end"
    )
    return (
        f"case when {_fits(text, guard)} then {_by_parts(text, guard, letters)} - to_minutes({minutes}) end"
    )


def _has_zone(form: str) -> bool:
    return "%z" in form or "%Z" in form


def _expanded(form: str) -> str:
    for short, long in _SHORT.items():
        form = form.replace(short, long)
    return form


@cache
def _regex(pattern: str) -> tuple[str, tuple[str, ...]]:
    """The pattern as a regular expression with one group per part, and the parts' letters in order."""
    built, letters = "", []
    for piece in re.findall(r"%-?.|[^%]", pattern):
        if piece == "%%" or not piece.startswith("%"):
            built += " +" if piece == " " else re.escape(piece[-1])
            continue
        letter = piece[-1]
        # The French write “1er mars”.
        tail = "(?:er)?" if letter == "d" and {"%b", "%B"} & set(re.findall("%.", pattern)) else ""
        built += f"({_PARTS.get(letter, '.+')}){tail}"
        letters.append(letter)
    return built, tuple(letters)


def _fits(text: str, guard: str) -> str:
    return f"regexp_full_match({text}, {sql.text(guard)})"


def _part(text: str, guard: str, place: int) -> str:
    return f"regexp_extract({text}, {sql.text(guard)}, {place})"


def _by_parts(text: str, guard: str, letters: tuple[str, ...]) -> str:
    parts = {letter: _part(text, guard, place) for place, letter in enumerate(letters, 1)}

    def two(letter: str, default: str = "00") -> str:
        return f"lpad({parts[letter]}, 2, '0')" if letter in parts else f"'{default}'"

    year = parts.get("Y") or f"(case when {parts['y']} >= '70' then '19' else '20' end || {parts['y']})"
    word = parts.get("B") or parts.get("b")
    month = two("m") if word is None else _month(word)
    hour = two("H")
    if "I" in parts:
        hour = (
            f"lpad(cast(cast({parts['I']} as int) % 12 + "
            f"(case when lower({parts.get('p', repr('am'))}) = 'pm' then 12 else 0 end) as text), 2, '0')"
        )
    fraction = parts.get("f") or parts.get("n") or "'0'"
    day = f"{year} || '-' || {month} || '-' || {two('d')}"
    clock = f"{hour} || ':' || {two('M')} || ':' || {two('S')} || '.' || {fraction}"
    return f"try_cast({day} || ' ' || {clock} as timestamp)"


def _month(word: str) -> str:
    cases = " ".join(
        f"when {sql.text(name)} then '{number:02}'"
        for number, names in enumerate(_MONTHS, 1)
        for name in names.split()
    )
    return f"case strip_accents(lower(rtrim({word}, '.'))) {cases} end"
