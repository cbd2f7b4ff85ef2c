"""Amounts of a source as the contract wants them: in euros, without VAT, for one unit.

Belongs here: one exact division for rate, VAT and quantity together, rounded once. Does not belong here: how
the source writes a number (`numbers`).
"""

from __future__ import annotations

from decimal import Decimal

from pipelines.feeds import sql
from pipelines.feeds.mappings import ColumnRule, Conversion, Mapping
from pipelines.feeds.numbers import NOT_A_NUMBER, number_sql

_NUMBER = r"[+-]?([0-9]{1,14}([.][0-9]*)?|[.][0-9]+)"
_SCALE = 1_000_000


def converted_sql(text: str, cell: str, rule: ColumnRule, source: Mapping, day: str) -> tuple[str, str]:
    """amount x rate / (1 + VAT) / quantity, to four decimals, half away from zero; and the sentences' cell.

    `text`: the amount with a decimal point. Where a part is no number, the amount is none either.
    """
    tests, numerator, denominator = [_is_number(text)], [_scaled(text)], []
    if rule.conversion is not None:
        rate = _rate_sql(rule.conversion, source, day)
        tests.append(f"{rate} is not null")
        numerator.append(rate)
        if rule.conversion.column is not None:
            code = source.staged(rule.conversion.column)
            named = f"{cell} || ' ' || coalesce({code}, '(no currency)')"
            cell = f"case when {rate} is null then {named} else {cell} end"
    if isinstance(rule.vat, Decimal):
        denominator.append(_whole((1 + rule.vat) * _SCALE))
    elif rule.vat is not None:
        share = _plain(rule.vat, source, marks="%")
        tests.append(_is_number(share))
        number = f"cast({share} as decimal(18,6))"
        percent = f"case when {number} >= 1 then {number} / 100 else {number} end"
        tests.append(f"{number} between 0 and 99")
        denominator.append(f"cast(round((1 + {percent}) * {_SCALE}) as hugeint)")
    if rule.divided_by is not None:
        quantity = _plain(rule.divided_by, source)
        tests += [_is_number(quantity), f"{_scaled(quantity)} <> 0"]
        denominator.append(_scaled(quantity))
    # Both sides by the same power of ten.
    numerator += [_whole(_SCALE)] * max(0, len(denominator) - len(numerator))
    denominator += [_whole(_SCALE)] * (len(numerator) - len(denominator))
    above, below = " * ".join(numerator), " * ".join(denominator)
    # The parts are scaled integers, so nothing is rounded before the end.
    ten_thousandths = (
        f"(sign({above}) * sign({below}) * ((2 * abs({above}) * 10000 + abs({below})) // (2 * abs({below}))))"
    )
    amount = (
        f"cast(cast({ten_thousandths} as decimal(30,0)) * cast('0.0001' as decimal(4,4)) as decimal(18,4))"
    )
    return (
        f"case when {text} is null then null when not coalesce({' and '.join(tests)}, false) then "
        f"{NOT_A_NUMBER} || {cell} else cast({amount} as text) end",
        cell,
    )


def _plain(column: str, source: Mapping, marks: str = "") -> str:
    text = source.staged(column)
    if marks:
        text = f"trim(rtrim({text}, {sql.text(marks)}))"
    return number_sql(text, source.dialect.decimal_mark, source.dialect.thousands_mark)


def _is_number(text: str) -> str:
    return f"regexp_full_match({text}, {sql.text(_NUMBER)})"


def _scaled(text: str) -> str:
    return f"cast(round(cast({text} as decimal(24,6)) * {_SCALE}) as hugeint)"


def _rate_sql(conversion: Conversion, source: Mapping, day: str) -> str:
    """The rate in force, scaled; null where none is declared for the currency or the day."""
    cases = {}
    for code, rates in conversion.rates:
        dated = " ".join(
            f"when {day} >= date '{since}' then {_scaled_rate(rate)}"
            for since, rate in reversed(rates)
            if since
        )
        lone = next((_scaled_rate(rate) for since, rate in rates if since is None), "null")
        cases[code] = f"case {dated} else {lone} end" if dated else lone
    if conversion.column is None:
        return f"({next(iter(cases.values()))})"
    cases.setdefault("EUR", _whole(_SCALE))
    listed = " ".join(f"when {sql.text(code.upper())} then {rate}" for code, rate in cases.items())
    return f"(case upper(trim({source.staged(conversion.column)})) {listed} end)"


def _scaled_rate(rate: Decimal) -> str:
    return _whole((rate * _SCALE).to_integral_value())


def _whole(number: Decimal | int) -> str:
    return f"cast({int(number)} as hugeint)"
