"""How a number, a date or a share is written for people, in English or in French.

Text out, nothing computed: pages, HTML and downloads share it, so the same figure never reads two ways.
"""

from __future__ import annotations

from datetime import date, datetime

TOO_FEW = {"en": "too few to say", "fr": "trop peu pour conclure"}
UNKNOWN = "–"
# Weekly rates are small: they are written per this many units under warranty.
PER_UNITS = 10_000
CENTS_BELOW_EUR = 20
# French separates thousands by a narrow no-break space and units by a no-break space.
_NARROW, _NO_BREAK = "\u202f", "\u00a0"


def number(value: float | None, language: str, decimals: int = 0) -> str:
    """1,234.5 or 1 234,5."""
    if value is None:
        return UNKNOWN
    text = f"{value:,.{decimals}f}"
    if language == "fr":
        text = text.replace(",", "·").replace(".", ",").replace("·", _NARROW)
    return text


def percent(share: float | None, language: str, decimals: int | None = None) -> str:
    """4.2% or 4,2 %, with two decimals below one percent unless told."""
    if share is None:
        return UNKNOWN
    if decimals is None:
        decimals = 2 if 0 < share < 0.01 else 1
    return number(share * 100, language, decimals) + (f"{_NO_BREAK}%" if language == "fr" else "%")


def euros(amount: float | None, language: str, decimals: int = 0) -> str:
    """€1,234 or 1 234 €."""
    if amount is None:
        return UNKNOWN
    if language == "fr":
        return number(amount, language, decimals) + f"{_NO_BREAK}€"
    sign = "-" if amount < 0 else ""
    return f"{sign}€{number(abs(amount), language, decimals)}"


def days(value: float | None, language: str) -> str:
    """12.0 days or 12,0 jours."""
    if value is None:
        return UNKNOWN
    unit = {"en": "days", "fr": "jours"}[language]
    return f"{number(value, language, 1)}{_NO_BREAK}{unit}"


def day(value: date | datetime | None, language: str) -> str:
    """31 Oct 2026 or 31/10/2026."""
    if value is None:
        return UNKNOWN
    if language == "fr":
        return f"{value:%d/%m/%Y}"
    return f"{value.day} {value:%b %Y}"


_MONTHS_FR = (
    *("janv.", "févr.", "mars", "avr.", "mai", "juin"),
    *("juil.", "août", "sept.", "oct.", "nov.", "déc."),
)


def month(value: date | None, language: str) -> str:
    """Oct 2026 or oct. 2026."""
    if value is None:
        return UNKNOWN
    return f"{_MONTHS_FR[value.month - 1]} {value.year}" if language == "fr" else f"{value:%b %Y}"


def by_format(value: float | None, kind: str, language: str) -> str:
    """A measure's value in the format that its declaration names."""
    if kind == "percent":
        return percent(value, language)
    if kind == "eur":
        # A cost per unit sold is a few euros: its cents tell.
        return euros(value, language, 2 if value and abs(value) < CENTS_BELOW_EUR else 0)
    if kind == "days":
        return days(value, language)
    if kind == "per_1000":
        return number(None if value is None else value * 1000, language, 1)
    return number(value, language)


def span(low: float | None, high: float | None, kind: str, language: str) -> str:
    """An interval: 3.9–4.5%. Empty where there is none."""
    if low is None or high is None:
        return ""
    return f"{by_format(low, kind, language)} – {by_format(high, kind, language)}"


def per_units(rate: float | None, language: str) -> str:
    """A weekly rate per PER_UNITS units."""
    return number(None if rate is None else rate * PER_UNITS, language, 1)


def ratio_span(ratio: float | None, low: float | None, high: float | None, language: str) -> str:
    """How many times the baseline, with its interval: × 1.4 (0.9 – 2.1). Empty where there is no baseline."""
    if ratio is None or low is None:
        return ""
    top = "∞" if high is None else number(high, language, 1)
    return f"×{_NO_BREAK}{number(ratio, language, 1)} ({number(low, language, 1)} – {top})"
