"""What a file's header promises: which of the source's columns it has, and what is wrong with the others.

Belongs here: the judgement of column names. Does not belong here: reading them (`files`), or any row.
"""

from __future__ import annotations

import difflib
from collections.abc import Sequence

from pipelines.feeds.contract import Contract
from pipelines.feeds.files import FileRefusedError
from pipelines.feeds.mappings import Mapping
from pipelines.feeds.shaping import Shape
from pipelines.privacy.values import kept_name

# More names than this in one sentence help nobody.
_NAMES_SHOWN = 5
# Likeness is quadratic: beyond this many unknown columns the file is another one, not a misspelt one.
_NAMES_COMPARED = 200
_NAME_LENGTH = 60


def judged_header(
    file_name: str, names: Sequence[str], source: Mapping, contract: Contract
) -> tuple[dict[str, int], tuple[str, ...]]:
    """The source's columns that the file has, each with its place in the header, and findings on the others.

    A header that cannot be used refuses the file; a column that nobody reads never does.
    """
    places: dict[str, int] = {}
    wanted = set(source.columns)
    for place, name in enumerate(names):
        if name in wanted and name in places:
            raise FileRefusedError(
                f"{file_name}, line 1: the column {name} stands twice in the header: remove or rename one."
            )
        places.setdefault(name, place)
    if len(names) == 1 and len(source.columns) > 1:
        _refuse_other_separator(file_name, names[0], source)
    _refuse_missing(file_name, names, source, contract)
    unknown = [name for name in names if name not in wanted and name not in source.ignored]
    used = {name: places[name] for name in source.columns if name in places}
    return used, _findings(file_name, unknown, used, source)


def shape_findings(file_name: str, names: Sequence[str], source: Mapping, shape: Shape) -> tuple[str, ...]:
    """The columns that neither the shape reads nor the mapping lists."""
    if not source.file_columns:
        return ()
    listed = {*source.file_columns, *source.ignored}
    unknown = [name for name in names if name not in listed and not shape.reads(name)]
    return _findings(file_name, unknown, {}, source)


def _refuse_other_separator(file_name: str, name: str, source: Mapping) -> None:
    own = source.dialect.separator
    other = next((mark for mark in (";", "\t", "|", ",") if mark != own and mark in name), None)
    if other is not None:
        raise FileRefusedError(
            f"{file_name}, line 1: the header is separated by {other!r}, not by {own!r}: save it with "
            f"{own!r}, or send it through a mapping with dialect.separator: {other!r}."
        )


def _refuse_missing(file_name: str, names: Sequence[str], source: Mapping, contract: Contract) -> None:
    feeds = [contract.feeds[rule.feed] for rule in source.feeds]
    needed = (
        [column.name for column in feeds[0].columns if column.is_required]
        if source.is_canonical
        else list(source.columns)
    )
    given = set(names)
    missing = [name for name in needed if name not in given]
    if len(missing) == len(needed) and given.isdisjoint(source.columns):
        raise FileRefusedError(
            f"{file_name}, line 1: none of the columns of {source.name} is in the header: its first line "
            f"must name them ({', '.join(needed)}); check that the file belongs into "
            f"inbox/{source.name}/, or say how "
            "many lines stand before its header (dialect.skip_lines of a mapping)."
        )
    if missing:
        near = _nearest(missing[0], [name for name in names if name not in source.columns])
        hint = f" (is it the column {_shown(near)}?)" if near else ""
        raise FileRefusedError(
            f"{file_name}, line 1: the required column{'s' if len(missing) > 1 else ''} {', '.join(missing)} "
            f"{'are' if len(missing) > 1 else 'is'} missing{hint}: add "
            f"{'them' if len(missing) > 1 else 'it'} to the header."
        )


def _findings(file_name: str, unknown: list[str], used: dict[str, int], source: Mapping) -> tuple[str, ...]:
    if not unknown:
        return ()
    remedy = "remove them" if source.is_canonical else "list them under columns or ignored"
    absent = [name for name in source.columns if name not in used]
    if len(unknown) == 1:
        near = _nearest(unknown[0], absent)
        remedy = f"is it {near}?" if near else remedy.replace("them", "it")
        return (
            f"{file_name}, line 1: the column {_shown(unknown[0])} is unknown and was not read: {remedy}",
        )
    likely = {name: near for name in unknown[:_NAMES_COMPARED] if (near := _nearest(name, absent))}
    shown = [
        f"{_shown(name)} (is it {likely[name]}?)" if name in likely else _shown(name)
        for name in sorted(unknown, key=lambda name: name not in likely)[:_NAMES_SHOWN]
    ]
    more = f" and {len(unknown) - _NAMES_SHOWN:,} more" if len(unknown) > _NAMES_SHOWN else ""
    return (
        f"{file_name}, line 1: {len(unknown):,} columns are unknown and were not read "
        f"({', '.join(shown)}{more}): {remedy}",
    )


def _nearest(name: str, others: Sequence[str]) -> str | None:
    return next(iter(difflib.get_close_matches(name, others[:_NAMES_COMPARED], 1)), None)


def _shown(name: str) -> str:
    """A header is text from outside, of any length, and may be a person's."""
    text = "".join(mark if mark.isprintable() else " " for mark in kept_name(name)[:_NAME_LENGTH])
    return text + ("…" if len(name) > _NAME_LENGTH else "") or "(without a name)"
