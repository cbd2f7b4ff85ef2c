"""How sources write numbers, as SQL: decimal and thousands marks become the contract's plain digits.

Belongs here: the strict form of a number in a dialect. Does not belong here: types and ranges (`parsing`,
`judging`), or amounts in another currency (`conversion`).
"""

from __future__ import annotations

import re

from pipelines.feeds import sql

NUMBERS = ("bigint", "decimal(18,4)", "double")

# Every blank that stands between thousands in French texts: plain, no-break, narrow no-break, thin, figure, …
BLANKS = "\u0020\u00a0\u202f\u2009\u2007\u2008\u2002\u2003\u2005\u200a"
_APOSTROPHES = "'\u2019"
# Begins a text that is no number in its dialect, so that nothing after this takes it for one.
NOT_A_NUMBER = "chr(26)"


def number_sql(text: str, decimal_mark: str, thousands_mark: str) -> str:
    """A number as the source writes it, with a decimal point and no thousands mark.

    A text that is no number by these marks ("10.5" where the comma is the mark, "1 23" where blanks part
    thousands) is marked as none: left alone it might be read as another number.
    """
    if decimal_mark == "." and not thousands_mark:
        return text
    mark = re.escape(decimal_mark)
    whole = "[0-9]*"
    plain = text
    if thousands_mark:
        between = f"[{_kind(thousands_mark)}]"
        whole = f"([0-9]*|[0-9]{{1,3}}({between}[0-9]{{3}})+)"
        plain = f"regexp_replace({text}, {sql.text(between)}, '', 'g')"
    form = sql.text(f"[+-]?{whole}({mark}[0-9]*)?([eE][+-]?[0-9]{{1,3}})?")
    return (
        f"case when regexp_full_match({text}, {form}) then replace({plain}, {sql.text(decimal_mark)}, '.') "
        f"else {NOT_A_NUMBER} || {text} end"
    )


def _kind(thousands_mark: str) -> str:
    """All characters that mean the same as the declared mark."""
    if thousands_mark in BLANKS:
        return BLANKS
    return _APOSTROPHES if thousands_mark in _APOSTROPHES else re.escape(thousands_mark)
