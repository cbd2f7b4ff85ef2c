"""From text to typed values, as SQL: one strict form per type, nothing guessed.

Belongs here: for each type of the contract, the parsed value, the sentence for a value that does not parse,
and the canonical text that the content hash is made of. Does not belong here: required, codes, ranges
(`judging`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

from pipelines.feeds import date_forms, sql
from pipelines.feeds.contract import Column

_INTEGER = r"[+-]?[0-9]{1,18}([.]0+)?"
_DECIMAL = r"[+-]?([0-9]{1,14}([.][0-9]*)?|[.][0-9]+)"
_DOUBLE = r"[+-]?([0-9]+([.][0-9]*)?|[.][0-9]+)([eE][+-]?[0-9]{1,3})?"
_DATE = r"[0-9]{4}-[0-9]{2}-[0-9]{2}([T ]00:00(:00([.]0+)?)?)?"
_CLOCK = r"([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.][0-9]{1,9})?)?"
_LOCAL = rf"[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}([T ]{_CLOCK})?"
_ZONED = (
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})[T ]([0-9]{2}:[0-9]{2})(:[0-9]{2}(?:[.][0-9]{1,9})?)? "
    r"?(Z|z|[+-][0-9]{2}(?::?[0-9]{2})?)"
)

# What spreadsheets and data frames make of an identifier: 1,23457E+12, 17850.0, NaN.
_DAMAGED = (
    r"[+-]?[0-9]+[.,][0-9]+[eE][+-]?[0-9]+|[+-]?[0-9]+[eE][+][0-9]+|[+-]?[0-9]+[.]0+"
    r"|(?i:nan|<na>|#n/a|#n/d|#ref!|#value!|#valeur!|#nom\?|#name\?|none|null|nat|[+-]?inf|undefined)"
)
# Stands for a damaged identifier where the value itself may not be kept.
DAMAGED_MARK = "\x1a"

WHAT_IS_EXPECTED = {
    "bigint": "a whole number: write digits only, such as 3",
    "decimal(18,4)": (
        "an amount: write digits and a decimal point, such as 1249.90, without currency or separators"
    ),
    "double": "a number: write digits and a decimal point, such as 12.5",
    "boolean": "true or false",
    "date": "a date: write YYYY-MM-DD, such as 2026-04-30",
    "timestamp": (
        "a time: write YYYY-MM-DDTHH:MM:SS, such as 2026-04-30T14:05:00 (without a zone it is local time)"
    ),
}


def is_damaged_sql(texts: list[str]) -> str:
    """Whether any of several identifiers (or of the parts of a list) is one that a program has damaged."""
    pattern = sql.text(rf"(?:^|[\x1f|])(?:{_DAMAGED}|\x1a)(?:$|[\x1f|])")
    joined = texts[0] if len(texts) == 1 else f"concat_ws(chr(31), {', '.join(texts)})"
    return f"regexp_matches({joined}, {pattern})"


@dataclass(frozen=True)
class ValueStyle:
    """How a source writes times: its zone, and its patterns where it does not write ISO 8601."""

    time_zone: str = "Europe/Paris"
    date_patterns: tuple[str, ...] = ()


def local_sql(column: Column, text: str, style: ValueStyle) -> str | None:
    """The local time that a text of a timestamp column writes without a zone.

    None for columns of other types.
    """
    if column.type != "timestamp":
        return None
    if style.date_patterns:
        local = date_forms.local_sql(text, style.date_patterns)
        if _reads_iso(style):
            iso = _guarded(text, _LOCAL, f"try_cast({text} as timestamp)")
            return f"coalesce({local}, {iso})" if local else iso
        return local or "cast(null as timestamp)"
    return _guarded(text, _LOCAL, f"try_cast({text} as timestamp)")


def value_sql(column: Column, text: str, local: str, style: ValueStyle) -> str:
    """The typed value of a text, null where it is not exactly of the column's type.

    `local` as `local_sql` gives it.
    """
    match column.type:
        case "text":
            return text
        case "bigint":
            return _guarded(text, _INTEGER, f"try_cast({text} as bigint)")
        case "decimal(18,4)":
            # More than four decimals: rounded half away from zero, as DECIMAL casts do.
            return _guarded(text, _DECIMAL, f"try_cast({text} as decimal(18,4))")
        case "double":
            # + 0.0 turns minus zero into zero, so that equal numbers have equal content.
            return _guarded(text, _DOUBLE, f"try_cast({text} as double) + 0.0")
        case "boolean":
            return f"case lower({text}) when 'true' then true when 'false' then false end"
        case "date":
            if style.date_patterns:
                return _patterned_date(text, style)
            return _guarded(text, _DATE, f"try_cast(left({text}, 10) as date)")
        case _:
            utc = utc_sql(local, style.time_zone)
            if style.date_patterns:
                zoned = date_forms.utc_sql(text, style.date_patterns)
                tried = [utc, *([zoned] if zoned else []), *([_zoned(text)] if _reads_iso(style) else [])]
                return utc if len(tried) == 1 else f"coalesce({', '.join(tried)})"
            return f"case when {local} is not null then {utc} when {text} is not null then {_zoned(text)} end"


def canonical_sql(column: Column, value: str) -> str:
    """The typed value as the text that is hashed: the same whatever the engine or its version prints."""
    match column.type:
        case "text":
            return value
        case "timestamp":
            return f"cast(epoch_us({value}) as text)"
        case "double":
            return f"cast(try_cast({value} as decimal(38,9)) as text)"
        case _:
            return f"cast({value} as text)"


@cache
def _eu_standard_hours(time_zone: str) -> int | None:
    """Hours ahead of UTC in winter, if the zone changes its clocks by the rule of the European Union since
    1996.
    """
    zone = ZoneInfo(time_zone)
    winter = datetime(2024, 1, 15, tzinfo=zone).utcoffset() or timedelta()
    hours = int(winter.total_seconds() // 3600)
    if winter != timedelta(hours=hours):
        return None
    for year in range(1996, 2037):
        for month, before in ((3, hours), (10, hours + 1)):
            day = _last_sunday(year, month)
            change = datetime(year, month, day, 1, tzinfo=UTC)
            after = 2 * hours + 1 - before
            for moment, expected in ((change - timedelta(seconds=1), before), (change, after)):
                if moment.astimezone(zone).utcoffset() != timedelta(hours=expected):
                    return None
    return hours


def _last_sunday(year: int, month: int) -> int:
    return 31 - (5 * year // 4 + (4 if month == 3 else 1)) % 7


def utc_sql(local: str, time_zone: str) -> str:
    """UTC of a local time. A time that the clocks skip counts from before the change (02:30 is 03:30 summer
    time); a time that comes twice is the first of the two: Python's `fold=0`.

    The rule of the European Union is arithmetic (5 times faster than the engine's zone tables); other zones
    and earlier years use the tables.
    """
    if time_zone == "UTC":
        return local
    tables = f"cast(timezone({sql.text(time_zone)}, {local}) as timestamp)"
    hours = _eu_standard_hours(time_zone)
    if hours is None:
        return tables
    winter, summer = f"({local} - to_hours({hours}))", f"({local} - to_hours({hours + 1}))"

    def changes(month: int, weekday_term: int, at_hour: int) -> str:
        year = f"year({local})"
        return (
            f"make_timestamp({year}, {month}, 31 - (5 * {year} // 4 + {weekday_term}) % 7, {at_hour}, 0, 0)"
        )

    return (
        f"case when year({local}) not between 1996 and 2099 then {tables} "
        f"when month({local}) in (1, 2, 11, 12) then {winter} "
        f"when month({local}) between 4 and 9 then {summer} "
        f"when month({local}) = 3 then case when {local} < {changes(3, 4, hours + 2)} then {winter} else "
        f"{summer} end "
        f"else case when {local} < {changes(10, 1, hours + 2)} then {summer} else {winter} end end"
    )


def local_date_sql(utc: str) -> str:
    """Civil date in Paris of a UTC timestamp."""
    return f"cast(timezone('Europe/Paris', timezone('UTC', {utc})) as date)"


def _zoned(text: str) -> str:
    """UTC of a text with an offset: put into the one form that the engine reads (seconds, no blank, capital
    Z).
    """
    pattern = sql.text(f"^{_ZONED}$")
    seconds = f"coalesce(nullif(regexp_extract({text}, {pattern}, 3), ''), ':00')"
    clock = rf"regexp_replace({text}, {pattern}, '\1 \2')"
    offset = f"upper(regexp_extract({text}, {pattern}, 4))"
    whole = f"cast(try_cast({clock} || {seconds} || {offset} as timestamptz) as timestamp)"
    return f"case when regexp_matches({text}, {pattern}) then {whole} end"


def _reads_iso(style: ValueStyle) -> bool:
    return any(form in date_forms.ISO for form in style.date_patterns)


def _patterned_date(text: str, style: ValueStyle) -> str:
    """The civil date of a text; of a form that carries its zone, the date in the source's own zone."""
    tried = []
    if local := date_forms.local_sql(text, style.date_patterns):
        tried.append(f"cast({local} as date)")
    if utc := date_forms.utc_sql(text, style.date_patterns):
        tried.append(f"cast(timezone({sql.text(style.time_zone)}, timezone('UTC', {utc})) as date)")
    if _reads_iso(style):
        tried.append(_guarded(text, _DATE, f"try_cast(left({text}, 10) as date)"))
    return f"coalesce({', '.join(tried)})"


def _guarded(text: str, pattern: str, value: str) -> str:
    return f"case when {_matches(text, pattern)} then {value} end"


def _matches(text: str, pattern: str) -> str:
    return f"regexp_full_match({text}, {sql.text(pattern)})"
