"""Judging rows: staged text becomes typed rows, or refused rows with every reason in words. All SQL, made of
the contract.

Belongs here: required, codes, ranges, order of dates, the content hash. Does not belong here: what was known
before (`landing`), or the forms of single values (`parsing`).
"""

from __future__ import annotations

from collections.abc import Mapping as Map
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from pipelines.feeds import sql
from pipelines.feeds.contract import Column, Contract, Feed, Plausible
from pipelines.feeds.mappings import FeedRule, Mapping
from pipelines.feeds.parsing import (
    DAMAGED_MARK,
    WHAT_IS_EXPECTED,
    ValueStyle,
    canonical_sql,
    is_damaged_sql,
    local_date_sql,
    local_sql,
    value_sql,
)
from pipelines.feeds.personal import redact_sql
from pipelines.feeds.staging import Staged
from pipelines.feeds.translation import CellText, conditions_sql, feed_columns_sql, skip_sql

# Hexadecimal digits of the SHA-256 that are kept: 128 bits tell any two rows apart.
CONTENT_DIGITS = 32
# The unit separator: no value may hold it, so that no two rows share a canonical text.
_UNIT = "chr(31)"
# Characters that no text needs and that break workbooks and XML: all below the blank but tab and line ends.
_CONTROL = sql.text(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_SHOWN = 60


@dataclass(frozen=True)
class Judgement:
    """The queries for one feed of one staged file.

    `refused` reads the table `wrong`: over values that stand in a table the many reasons are planned faster
    than over the expressions that give them.
    """

    feed: Feed
    accepted: str
    wrong: str
    refused: str
    matched: str


def routed_sql(source: Mapping, staged: Staged) -> str:
    """The staged rows with their line in the file, the filter that skips them, and the key made from their
    content.
    """
    routed = f"select *, {skip_sql(source)} as _skip from ({staged.rows_sql})"
    keys = [_content_key_sql(source, rule, staged) for rule in source.feeds if rule.has_content_key]
    return f"select *, {', '.join(keys)} from ({routed})" if keys else routed


def _content_key_sql(source: Mapping, rule: FeedRule, staged: Staged) -> str:
    """A key made of what identifies a row, and an ordinal that tells apart the rows of one delivery that are
    equal in it.
    """
    named = [name for name in rule.identity if name in staged.columns]
    texts = f", {_UNIT}, ".join(f"coalesce({source.staged(name)}, '')" for name in named)
    content = f"left(sha256(concat({texts})), 16)"
    is_row = f"_skip is null and {conditions_sql(rule.when, source)}"
    order = "_row" if source.shape is None else "_row, _place"
    return (
        f"{content} || '-' || row_number() over (partition by {content}, {is_row} order by {order}) "
        f"as {sql.name(f'_content_key_{rule.feed}')}"
    )


def judgement(
    source: Mapping,
    contract: Contract,
    feed_name: str,
    staged: Staged,
    routed: str,
    only_rows: frozenset[int] | None = None,
    exported_at: datetime | None = None,
) -> Judgement:
    """How the rows of `routed` (a relation) load into one feed.

    `only_rows`: of these lines of the file alone. `exported_at`: when the export was made, unless a column
    says so.
    """
    feed = contract.feeds[feed_name]
    rule = next(item for item in source.feeds if item.feed == feed_name)
    where = f"_skip is null and {conditions_sql(rule.when, source)}"
    if only_rows is not None:
        where += f" and _row in ({', '.join(str(row) for row in sorted(only_rows)) or 'null'})"
    texts = feed_columns_sql(source, feed, staged.columns)

    level_texts = ", ".join(
        f"{item.text} as {_t(name)}" + (f", {item.cell} as {_c(name)}" if _has_cell(item) else "")
        for name, item in texts.items()
    )
    locals_ = [
        f"{expression} as {_l(column)}"
        for column in feed.columns
        if (expression := local_sql(column, _t(column.name), texts[column.name].style)) is not None
    ]
    values = ", ".join(
        f"{value_sql(column, _t(column.name), _l(column), texts[column.name].style)} as {_v(column.name)}"
        for column in feed.columns
    )
    judged = (
        f"select *, {values} from (select *{''.join(', ' + item for item in locals_)} "
        f"from (select _row as _file_row, {_export_sql(source, rule, exported_at)} as _export, "
        f"{level_texts} from {routed} where {where}))"
    )
    is_wrong = " or ".join(_wrongs(feed))
    canonical = _canonical_sql(feed)
    typed = ", ".join(f"{_v(column.name)} as {sql.name(column.name)}" for column in feed.columns)
    # A yes/no of three values: an unknown comparison is no fault.
    accepted = (
        f"select {typed}, _file_row, left(sha256(concat({canonical})), {CONTENT_DIGITS}) as _content_hash, "
        f"{_exported_at_sql(feed, rule)} as _exported_at "
        f"from ({judged}) where not coalesce({is_wrong}, false)"
    )
    reasons = f"concat_ws(chr(10), {', '.join(_reasons(feed, texts))})"
    refused = (
        f"select _file_row, {redact_sql(reasons)} as reasons, {_record_sql(feed, texts)} as record from wrong"
    )
    wrong = f"select * from ({judged}) where coalesce({is_wrong}, false)"
    return Judgement(feed, accepted, wrong, refused, f"select count(*) from {routed} where {where}")


def _export_sql(source: Mapping, rule: FeedRule, exported_at: datetime | None) -> str:
    """When the export that holds a row was made, UTC."""
    declared = rule.exported_at
    if declared is None or declared.column is None:
        return (
            "cast(null as timestamp)" if exported_at is None else f"timestamp '{exported_at.isoformat(' ')}'"
        )
    text = source.staged(declared.column)
    style = source.dialect.style
    if declared.date_forms:
        style = ValueStyle(style.time_zone, declared.date_forms)
    moment = Column("exported_at", "timestamp")
    return value_sql(moment, text, f"({local_sql(moment, text, style)})", style)


def _exported_at_sql(feed: Feed, rule: FeedRule) -> str:
    """A row that says when it changed needs no moment of export, unless its absence from a later one
    counts.
    """
    if feed.column("updated_at") is None or rule.is_complete_export:
        return "_export"
    return f"case when {_v('updated_at')} is null then _export end"


def _canonical_sql(feed: Feed) -> str:
    """The arguments of the text that is hashed. A column of a later version is in it only where it is known:
    older rows keep their hash.
    """
    first = [column for column in feed.columns if not column.is_added]
    texts = f", {_UNIT}, ".join(f"coalesce({canonical_sql(column, _v(column.name))}, '')" for column in first)
    added = [
        f"coalesce({_UNIT} || {sql.text(column.name + '=')} || {canonical_sql(column, _v(column.name))}, '')"
        for column in feed.columns
        if column.is_added
    ]
    return ", ".join([texts, *added])


def _record_sql(feed: Feed, texts: Map[str, CellText]) -> str:
    """The refused row as JSON by contract column.

    A value that did not parse may be anything, so it is redacted too.
    """
    understood, strange = [], []
    for column in feed.columns:
        t, v, name = _t(column.name), _v(column.name), sql.name(column.name)
        if column.type == "text" and not column.codes:
            understood.append(f"{name} := {t}")
        else:
            is_known = f"{v} in ({sql.texts(column.codes)})" if column.codes else f"{v} is not null"
            understood.append(f"{name} := case when {is_known} then {t} end")
            strange.append(
                f"{name} := case when not coalesce({is_known}, false) then {_shown(column, texts)} end"
            )
    # One redaction for the whole text: compiling its patterns for every column would take seconds.
    redacted = redact_sql(f"cast(to_json(struct_pack({', '.join(strange)})) as text)")
    return (
        f"cast(json_merge_patch(to_json(struct_pack({', '.join(understood)})), cast({redacted} as "
        "json)) as text)"
    )


def _wrongs(feed: Feed) -> list[str]:
    """Whether anything is wrong with the row, as cheap tests."""
    wrongs = []
    texts = [column for column in feed.columns if column.type == "text" and not column.codes]
    for column in feed.columns:
        t, v = _t(column.name), _v(column.name)
        if column.is_required:
            wrongs.append(f"{v} is null")
        if column.type != "text":
            wrongs.append(f"({t} is not null and {v} is null)")
        if column.codes:
            wrongs.append(f"({v} not in ({sql.texts(column.codes)}))")
        if column.low is not None:
            wrongs.append(f"({v} < {column.low})")
        if column.high is not None:
            wrongs.append(f"({v} > {column.high})")
        if column.plausible is not None:
            wrongs.append(f"not {_is_plausible(column.plausible, v)}")
    if identifiers := [_t(column.name) for column in feed.columns if column.is_identifier]:
        wrongs.append(is_damaged_sql(identifiers))
    wrongs.extend(_is_out_of_order(earlier, later) for earlier, later in feed.orders)
    wrongs.append(f"regexp_matches(concat({', '.join(_t(column.name) for column in texts)}), {_CONTROL})")
    return wrongs


def _last_plausible(plausible: Plausible) -> date:
    return datetime.now(UTC).date() + timedelta(days=plausible.days_past_arrival)


def _is_plausible(plausible: Plausible, value: str) -> str:
    after = _last_plausible(plausible) + timedelta(days=1)
    return f"({value} >= date '{plausible.first_on}' and {value} < date '{after}')"


def _is_out_of_order(earlier: str, later: str) -> str:
    first, second = _v(earlier), _v(later)
    # Civil dates are compared only where the moments are in the wrong order: the zone tables are slow.
    return (
        f"(case when {second} < {first} then {local_date_sql(second)} < {local_date_sql(first)} else "
        "false end)"
    )


def _reasons(feed: Feed, texts: Map[str, CellText]) -> list[str]:
    reasons = []
    for column in feed.columns:
        reasons.extend(_column_reasons(column, _shown(column, texts)))
    for earlier, later in feed.orders:
        reasons.append(
            f"case when {_is_out_of_order(earlier, later)} then "
            f"{sql.text(f'{later} is ')} || {local_date_sql(_v(later))} || "
            f"{sql.text(f', before {earlier}, which is ')} || {local_date_sql(_v(earlier))} || ': correct "
            "one of the two' end"
        )
    return reasons


def _column_reasons(column: Column, cell: str) -> list[str]:
    t, v = _t(column.name), _v(column.name)
    shown = "a value that is not shown" if column.personal in ("identity", "text") else None
    value = sql.text(shown) if shown else f"'“' || left({cell}, {_SHOWN}) || '”'"
    is_ = f"{sql.text(column.name + ' is ')} || {value} || "
    reasons = []
    if column.is_required:
        reasons.append(
            f"case when {t} is null then {sql.text(f'{column.name} is empty, but required: fill it in')} end"
        )
    if column.type != "text":
        expected = sql.text(f", not {WHAT_IS_EXPECTED[column.type]}")
        reasons.append(f"case when {t} is not null and {v} is null then {is_}{expected} end")
    elif column.is_identifier:
        damaged = sql.text(
            ", a number that a spreadsheet or data frame has put in place of the identifier: send it as text"
        )
        reasons.append(f"case when {is_damaged_sql([t])} then {is_}{damaged} end")
    if column.type == "text" and not column.codes:
        control = sql.text(f"{column.name} holds a control character (an invisible one): remove it")
        is_controlled = f"{t} <> {sql.text(DAMAGED_MARK)} and regexp_matches({t}, {_CONTROL})"
        reasons.append(f"case when {is_controlled} then {control} end")
    if column.codes:
        codes = sql.text(f", not a known code: one of {', '.join(column.codes)}")
        reasons.append(f"case when {v} not in ({sql.texts(column.codes)}) then {is_}{codes} end")
    if column.plausible is not None:
        between = f"{column.plausible.first_on} to {_last_plausible(column.plausible)}"
        outside = sql.text(f", outside {between}: correct the date")
        reasons.append(f"case when not {_is_plausible(column.plausible, v)} then {is_}{outside} end")
    if column.low is not None:
        low = sql.text(f", below the smallest allowed value {column.low:g}: correct it")
        reasons.append(f"case when {v} < {column.low} then {is_}{low} end")
    if column.high is not None:
        high = sql.text(f", above the largest allowed value {column.high:,g}: correct it")
        reasons.append(f"case when {v} > {column.high} then {is_}{high} end")
    return reasons


def _t(name: str) -> str:
    return sql.name(f"t_{name}")


def _c(name: str) -> str:
    return sql.name(f"c_{name}")


def _has_cell(item: CellText) -> bool:
    """Whether the source's cell differs from the text that is judged."""
    return item.cell != item.text


def _shown(column: Column, texts: Map[str, CellText]) -> str:
    """The column that holds the source's own cell, for sentences."""
    return _c(column.name) if _has_cell(texts[column.name]) else _t(column.name)


def _v(name: str) -> str:
    return sql.name(f"v_{name}")


def _l(column: Column) -> str:
    return sql.name(f"l_{column.name}")
