"""When an export was made, as its mapping declares: what orders the versions of rows that carry no
updated_at.

Belongs here: the moment in a file's name, or the file's own time. Does not belong here: a moment that
stands in a column (`judging`), or the order of versions itself (dbt).
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from pipelines.feeds.files import FileRefusedError
from pipelines.feeds.mappings import ExportedAt, Mapping

# Digits of a date in a file's name, by their number: year first, as names that sort are written.
_BY_DIGITS = {4: "%Y", 6: "%Y%m", 8: "%Y%m%d", 10: "%Y%m%d%H", 12: "%Y%m%d%H%M", 14: "%Y%m%d%H%M%S"}
_PARTS = {"Y": r"\d{4}", "y": r"\d{2}", "j": r"\d{3}", "f": r"\d{1,6}", "b": r"[^\W\d_]+", "B": r"[^\W\d_]+"}
_SHORT = r"\d{1,2}"
# Without accents, by the first letters that tell French and English months apart.
_MONTHS = ("jan", "fe", "mar", "a[vp]r", "ma[iy]", "jui?n", "jui?l", "ao|aug", "sep", "oct", "nov", "dec")


def moments(source: Mapping, path: Path, modified_at: float | None = None) -> dict[str, datetime]:
    """By feed, when the export was made, UTC without a zone; feeds whose mapping reads it from a column, or
    declares nothing, are left out. `modified_at`: the file's own time, seconds since 1970.
    """
    found = {}
    for rule in source.feeds:
        declared = rule.exported_at
        if declared is None or declared.column is not None:
            continue
        if _is_by_time(declared, path.name):
            seconds = path.stat().st_mtime if modified_at is None else modified_at
            found[rule.feed] = datetime.fromtimestamp(int(seconds), UTC).replace(tzinfo=None)
        else:
            local = _in_name(path.name, declared)
            if local is None:
                raise FileRefusedError(
                    f"{path.name}: the mapping {source.name} reads from the file's name when the export was "
                    f"made, by “{declared.file_name_pattern}”, but this name does not say so: rename "
                    f"the file, "
                    "such as …_2026-03-31.csv, or correct exported_at."
                )
            zone = ZoneInfo(source.dialect.style.time_zone)
            found[rule.feed] = local.replace(tzinfo=zone).astimezone(UTC).replace(tzinfo=None)
    return found


def findings(source: Mapping, file_name: str, known: dict[str, datetime]) -> tuple[str, ...]:
    """A file's own time is easily changed by copying: that it orders versions is said each time."""
    by_time = {
        known[rule.feed]
        for rule in source.feeds
        if rule.exported_at is not None and rule.feed in known and _is_by_time(rule.exported_at, file_name)
    }
    return tuple(
        f"{file_name}: the mapping takes the file's own modification time, {moment.isoformat()} UTC, "
        f"for the moment "
        "of the export; copying a file may change it. A date in the name or in a column is safer."
        for moment in sorted(by_time)
    )


def _is_by_time(declared: ExportedAt, name: str) -> bool:
    return declared.is_modified_time and (
        declared.file_name_pattern is None or _in_name(name, declared) is None
    )


def _in_name(name: str, declared: ExportedAt) -> datetime | None:
    pattern = declared.file_name_pattern or ""
    if re.search(r"%[YymdHMSbBjf]", pattern):
        return _by_form(name, pattern)
    found = re.search(pattern, name)
    if found is None:
        return None
    groups = [group for group in found.groups() if group is not None]
    text = "-".join(groups) if groups else found[0]
    if declared.date_forms:
        return next((made for form in declared.date_forms if (made := _by_form(text, form))), None)
    return _by_digits(text)


def _by_form(text: str, form: str) -> datetime | None:
    """The moment that stands anywhere in a text in a form such as %Y-%m-%d; a missing day is the first."""
    letters: list[str] = []
    built = ""
    for piece in re.findall(r"%.|[^%]", form):
        if len(piece) == 2 and piece[1].isalpha():
            letters.append(piece[1])
            built += f"({_PARTS.get(piece[1], _SHORT)})"
        else:
            built += ".*?" if piece == "*" else re.escape(piece[-1])
    found = re.search(built, text)
    if found is None:
        return None
    parts = dict(zip(letters, found.groups(), strict=True))
    month = parts.get("B") or parts.get("b")
    try:
        return datetime(
            int(parts["Y"]) if "Y" in parts else 2000 + int(parts["y"]),
            _month(month) if month else int(parts.get("m", 1)),
            int(parts.get("d", 1)),
            int(parts.get("H", 0)),
            int(parts.get("M", 0)),
            int(parts.get("S", 0)),
        )
    except (KeyError, ValueError):
        return None


def _month(word: str) -> int:
    plain = word.lower().translate(str.maketrans("éèûô", "eeuo"))
    return next((number for number, start in enumerate(_MONTHS, 1) if re.match(start, plain)), 0)


def _by_digits(text: str) -> datetime | None:
    day_first = re.fullmatch(r"\D*(\d{1,2})[-._/ ](\d{1,2})[-._/ ](\d{4})\D*", text)
    digits = re.sub(r"\D", "", text)
    try:
        if day_first:
            day, month, year = map(int, day_first.groups())
            return datetime(year, month, day)
        if len(digits) in _BY_DIGITS:
            return datetime.strptime(digits, _BY_DIGITS[len(digits)])
    except ValueError:
        pass
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None
