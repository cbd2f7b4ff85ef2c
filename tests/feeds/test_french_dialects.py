"""What French programs write, in the dialect that a mapping declares and in every other: each cell is read as
declared, to the last digit, or refused; none is silently another value.

What a cell means is worked out here, apart from the door: by hand-written rules for numbers and dates.
"""

from __future__ import annotations

import csv
import datetime as dt
import email.utils
import io
import json
import random
import re
import unicodedata
from collections.abc import Callable
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from pipelines.feeds import take_all
from pipelines.home import Home
from tests.feeds.conftest import landed

PARIS = ZoneInfo("Europe/Paris")
MONTHS = "janvier février mars avril mai juin juillet août septembre octobre novembre décembre"
SHORT_MONTHS = "janv. févr. mars avr. mai juin juil. août sept. oct. nov. déc."
ENCODINGS = ("utf-8", "utf-8-sig", "cp1252", "iso-8859-15", "mac_roman", "utf-16")
DECIMALS = (",", ".")
THOUSANDS = {"": [""], " ": [" ", "\u00a0", "\u202f", "\u2009"], ".": ["."], "'": ["'", "’"]}


def month_written(day: dt.date) -> str:
    return (MONTHS if day.day % 2 else SHORT_MONTHS).split()[day.month - 1]


WRITTEN: dict[str, Callable[[dt.date], str]] = {
    "%d/%m/%Y": lambda day: f"{day:%d/%m/%Y}",
    "%d/%m/%y": lambda day: f"{day:%d/%m/%y}",
    "%d.%m.%Y": lambda day: f"{day:%d.%m.%Y}",
    "%d %B %Y": lambda day: f"{day.day} {month_written(day)} {day.year}",
    "rfc2822": lambda day: email.utils.format_datetime(dt.datetime.combine(day, dt.time(9), PARIS)),
    "epoch": lambda day: str(int(dt.datetime.combine(day, dt.time(12), dt.UTC).timestamp())),
    "excel": lambda day: str((day - dt.date(1899, 12, 30)).days),
}
# Nobody declares these here, files hold them all the same.
FOREIGN: dict[str, Callable[[dt.date], str]] = {
    "American": lambda day: f"{day:%m/%d/%Y}",
    "ISO": lambda day: f"{day:%Y-%m-%d}",
    "no day": lambda day: f"31/02/{day.year}",
    "a word": lambda day: "lundi",
    "mistyped year": lambda day: f"{day:%d/%m}/0{day:%y}5",
}


def plain(word: str) -> str:
    return unicodedata.normalize("NFD", word).encode("ascii", "ignore").decode().rstrip(".").lower()


MONTH_OF = {
    plain(name): place
    for names in (MONTHS, SHORT_MONTHS)
    for place, name in enumerate(names.split(), start=1)
}


def day_meant(text: str, form: str) -> dt.date | None:
    """The civil day in Paris that a text means in a declared form, if it is one."""
    try:
        if form == "rfc2822":
            if not re.match(r"[A-Z][a-z]{2}, ", text):
                return None
            return email.utils.parsedate_to_datetime(text).astimezone(PARIS).date()
        if form in ("epoch", "excel"):
            if not re.fullmatch("[0-9]+", text):
                return None
            if form == "excel":
                return dt.date(1899, 12, 30) + dt.timedelta(days=int(text))
            return dt.datetime.fromtimestamp(int(text), dt.UTC).astimezone(PARIS).date()
        if form == "%d %B %Y":
            found = re.fullmatch(r"(\d{1,2}) (\S+) (\d{4})", text)
            month = MONTH_OF.get(plain(found[2])) if found else None
            return dt.date(int(found[3]), month, int(found[1])) if found and month else None
        mark, digits = form[2], 4 if form.endswith("Y") else 2
        found = re.fullmatch(rf"(\d{{1,2}}){re.escape(mark)}(\d\d?){re.escape(mark)}(\d{{{digits}}})", text)
        if found is None:
            return None
        return dt.date(int(found[3]) + (0 if digits == 4 else 2000), int(found[2]), int(found[1]))
    except (ValueError, OverflowError, OSError):
        return None


def day_read(text: str, form: str) -> dt.date | None:
    day = day_meant(text, form)
    latest = dt.datetime.now(dt.UTC).date() + dt.timedelta(days=365)
    return day if day and dt.date(1995, 1, 1) <= day <= latest else None


def amount_meant(text: str, decimal: str, thousands: str) -> Decimal | None:
    """The amount that a text means by declared marks, if it is one of 0 to 1,000,000."""
    whole, _, cents = text.partition(decimal)
    groups = re.split("|".join(map(re.escape, THOUSANDS[thousands])), whole) if thousands else [whole]
    is_grouped = len(groups) == 1 or (len(groups[0]) <= 3 and all(len(group) == 3 for group in groups[1:]))
    is_number = all(re.fullmatch("[0-9]+", group) for group in groups) and re.fullmatch("[0-9]*", cents)
    if not (is_number and is_grouped):
        return None
    amount = Decimal(f"{''.join(groups)}.{cents or 0}")
    return amount.quantize(Decimal("0.0001")) if amount <= 1_000_000 else None


def written(cents: int, decimal: str, mark: str) -> str:
    whole = f"{cents // 100:,}".replace(",", mark)
    return f"{whole}{decimal}{cents % 100:02}"


def cells(chance: random.Random, decimal: str, thousands: str, form: str) -> tuple[str, str]:
    """A date and an amount, one of four in another dialect than the declared one."""
    day = dt.date(2010, 4, 5) + dt.timedelta(days=chance.randrange(5_600))
    cents = chance.choice([chance.randrange(100_000), chance.randrange(99_999_999)])
    if chance.random() < 0.25:
        form = chance.choice([*WRITTEN, *FOREIGN])
    if chance.random() < 0.25:
        decimal, thousands = chance.choice(DECIMALS), chance.choice(list(THOUSANDS))
    amount = written(cents, decimal, chance.choice(THOUSANDS[thousands]))
    if chance.random() < 0.1:
        amount = chance.choice(
            [f"{amount} €", f"-{amount}", "12 34,5", "1,2,3", "1 234 56", "1.2.3", "n.c.", "1e3"]
        )
    return (WRITTEN | FOREIGN)[form](day), amount


@settings(max_examples=8, deadline=None, phases=[Phase.explicit, Phase.reuse, Phase.generate])
@given(
    st.sampled_from(ENCODINGS),
    st.sampled_from([None, None, None, *ENCODINGS]),
    st.sampled_from([";", "\t", "|", ","]),
    st.sampled_from(DECIMALS),
    st.sampled_from(list(THOUSANDS)),
    st.sampled_from(list(WRITTEN)),
    st.integers(0, 2**32),
)
def test_every_cell_is_what_the_mapping_says_or_refused(
    tmp_path_factory: pytest.TempPathFactory,
    declared: str,
    other: str | None,
    separator: str,
    decimal: str,
    thousands: str,
    form: str,
    seed: int,
) -> None:
    if thousands == decimal:
        return
    encoding, chance = other or declared, random.Random(seed)  # noqa: S311
    home = Home(tmp_path_factory.mktemp("dialect") / "home").make()
    out, expected = io.StringIO(newline=""), {}
    rows = csv.writer(out, delimiter=separator, lineterminator="\r\n")
    rows.writerow(["Ref", "Jour", "Prix"])
    for place in range(40):
        # What the encoding cannot write stands in the file as a question mark, and is read as one.
        day, amount = (
            cell.encode(encoding, "replace").decode(encoding)
            for cell in cells(chance, decimal, thousands, form)
        )
        rows.writerow([f"É{place}", day, amount])
        meant = day_read(day, form), amount_meant(amount, decimal, thousands)
        if None not in meant:
            expected[f"É{place}"] = tuple(map(str, meant))
    columns = {
        "order_id": "Ref",
        "line_number": {"constant": 1},
        "contract_at": "Jour",
        "sku": {"constant": "S"},
        "quantity": {"constant": 1},
        "unit_price_eur": "Prix",
    }
    dialect = {
        "encoding": declared,
        "separator": separator,
        "decimal": decimal,
        "thousands": thousands,
        "dates": [form],
    }
    mapping = {
        "dialect": dialect,
        "columns": ["Ref", "Jour", "Prix"],
        "feeds": {"orders": {"columns": columns}},
    }
    (home.mappings / "shop.yml").write_text(json.dumps(mapping), encoding="utf-8")
    (home.inbox / "shop").mkdir()
    (home.inbox / "shop" / "f.csv").write_bytes(out.getvalue().encode(encoding))
    (delivery,) = take_all(home)
    is_same = declared.removesuffix("-sig") == encoding.removesuffix("-sig")
    # Two encodings of a byte a letter cannot be told apart but by a letter that one of them lacks.
    if not is_same and {declared, encoding} <= {"cp1252", "iso-8859-15", "mac_roman"}:
        return
    if not is_same:  # every row has an accent
        assert landed(home, "orders", "order_id") == []
        return
    assert delivery.refusal is None
    local = "cast(cast(timezone('Europe/Paris', timezone('UTC', contract_at)) as date) as text)"
    found = {
        order: tuple(rest)
        for order, *rest in landed(home, "orders", f"order_id, {local}, cast(unit_price_eur as text)")
    }
    assert found == expected
    (count,) = delivery.counts
    assert (count.rows_read, count.rows_quarantined) == (40, 40 - len(expected))
