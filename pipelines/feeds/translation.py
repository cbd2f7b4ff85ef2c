"""What a mapping means, as SQL over the staged text of a file: filters, routes and the text of each feed
column.

Belongs here: expressions that give text or a yes/no. Does not belong here: types, codes, ranges (`parsing`,
`judging`), or the mapping file's form (`mappings`).
"""

from __future__ import annotations

from dataclasses import dataclass

from pipelines.feeds import conversion, sql
from pipelines.feeds.contract import Column, Feed
from pipelines.feeds.mappings import ColumnRule, Condition, Dialect, FeedRule, Mapping
from pipelines.feeds.numbers import NUMBERS, number_sql
from pipelines.feeds.parsing import ValueStyle, local_sql, value_sql

# Blanks of every kind in Unicode, and marks that show nothing: formats (zero-width, direction, soft hyphen),
# fillers, the empty Braille pattern, variation selectors.
_BLANK = (
    r"[\s\p{Z}\p{Cf}\x{0085}\x{034F}\x{115F}\x{1160}\x{17B4}\x{17B5}"
    r"\x{2800}\x{3164}\x{FFA0}\x{FE00}-\x{FE0F}]"
)
_BLANK_ENDS = f"^{_BLANK}+|{_BLANK}+$"
# The date of each feed's row on which a rate of exchange holds.
_OWN_DATE = {"orders": "contract_at", "tickets": "requested_at", "repairs": "received_at"}


@dataclass(frozen=True)
class CellText:
    """The text of one feed column, as the contract reads it, and the cell as it stands in the file."""

    text: str
    cell: str
    style: ValueStyle


def read_text_sql(text: str, dialect: Dialect) -> str:
    """A text of the source without outer blanks; empty, or declared by the dialect to mean unknown: null."""
    # Looking at both ends is ten times cheaper than trimming every value: below "!" begin the blanks of ASCII
    # and the empty text, and only a text of more bytes than letters can hold any other.
    is_padded = (
        f"{text} < '!' or suffix({text}, ' ') or suffix({text}, chr(9)) or suffix({text}, chr(10)) "
        f"or strlen({text}) > length({text})"
    )
    trimmed = (
        f"case when {is_padded} then nullif(regexp_replace({text}, {sql.text(_BLANK_ENDS)}, '', 'g'), '') "
        f"else {text} end"
    )
    if dialect.unknown:
        return f"case when {trimmed} in ({sql.texts(dialect.unknown)}) then null else {trimmed} end"
    return trimmed


def skip_sql(source: Mapping) -> str:
    """The name of the first filter that leaves the row out, else null."""
    if not source.filters:
        return "cast(null as text)"
    cases = " ".join(
        f"when {conditions_sql(item.when, source)} then {sql.text(item.name)}" for item in source.filters
    )
    return f"case {cases} end"


def conditions_sql(conditions: tuple[Condition, ...], source: Mapping) -> str:
    """Whether all conditions hold; an unknown value satisfies only `is_empty` and the negative tests."""
    if not conditions:
        return "true"
    return " and ".join(f"({_condition_sql(condition, source)})" for condition in conditions)


def _condition_sql(condition: Condition, source: Mapping) -> str:
    column, value, dialect = source.staged(condition.column), condition.value, source.dialect
    match condition.test:
        case "is_empty":
            return f"{column} is null" if value else f"{column} is not null"
        case "in" | "not_in":
            assert isinstance(value, tuple)
            test = f"coalesce({column} in ({sql.texts(value)}), false)"
        case "is" | "is_not":
            test = f"coalesce({column} = {sql.text(str(value))}, false)"
        case "matches" | "not_matches":
            test = f"coalesce(regexp_matches({column}, {sql.text(str(value))}), false)"
        case _:
            sign = {"above": ">", "at_least": ">=", "below": "<", "at_most": "<="}[condition.test]
            plain = number_sql(column, dialect.decimal_mark, dialect.thousands_mark)
            number = f"try_cast({plain} as decimal(28,8))"
            return f"coalesce({number} {sign} {value}, false)"
    return f"not {test}" if condition.test.startswith(("not_", "is_not")) else test


def column_sql(column: Column, rule: ColumnRule, mapping: Mapping, feed: FeedRule) -> CellText:
    """The text of one feed column. A personal column was cleaned and hashed when it was staged."""
    dialect = mapping.dialect
    style = ValueStyle(dialect.style.time_zone, rule.date_forms or dialect.style.date_patterns)
    if rule.constant is not None and not rule.sources:
        text = sql.text(rule.constant)
        return CellText(text, text, style)
    origins = [mapping.staged(name) for name in rule.sources]
    if rule.joined_by is not None and len(origins) > 1:
        mark = f" || {sql.text(rule.joined_by)} || "
        text = mark.join(origins)  # one part unknown: the whole is unknown
    elif len(origins) > 1:
        text = f"coalesce({', '.join(origins)})"
    else:
        text = origins[0] if origins else "cast(null as text)"
    origin = text
    if rule.remove is not None and column.personal != "identity":
        text = f"nullif(regexp_replace({text}, {sql.text(rule.remove)}, '', 'g'), '')"
    if rule.values:
        cases = " ".join(
            f"when {sql.text(before)} then {'null' if after is None else sql.text(after)}"
            for before, after in rule.values
        )
        text = f"case {text} {cases} else {'null' if rule.is_unlisted_unknown else text} end"
    if rule.constant is not None:
        text = f"coalesce({text}, {sql.text(rule.constant)})"
    cell = text if column.type == "text" else f"coalesce({origin}, {text})"
    if column.type in NUMBERS:
        text = number_sql(text, dialect.decimal_mark, dialect.thousands_mark)
    if rule.is_absolute:
        text = f"ltrim({text}, '-')"
    if rule.conversion is not None or rule.vat is not None or rule.divided_by is not None:
        on = _day_of_rate_sql(rule, mapping, feed) if rule.conversion is not None else "null"
        text, cell = conversion.converted_sql(text, cell, rule, mapping, on)
    if rule.is_content_key:
        key = sql.name(f"_content_key_{feed.feed}")
        text = f"{text} || '-' || {key}" if rule.sources else key
    return CellText(text, cell, style)


def _day_of_rate_sql(rule: ColumnRule, mapping: Mapping, feed: FeedRule) -> str:
    """The civil day whose rate holds: of the column that the mapping names, else of the feed's own date."""
    assert rule.conversion is not None
    own = dict(feed.columns).get(_OWN_DATE.get(feed.feed, ""))
    forms: tuple[str, ...] = ()
    if rule.conversion.on is not None:
        text = mapping.staged(rule.conversion.on)
    elif own is not None and own.sources:
        text, forms = mapping.staged(own.sources[0]), own.date_forms
    else:
        return "null"
    style = ValueStyle(mapping.dialect.style.time_zone, forms or mapping.dialect.style.date_patterns)
    moment = Column("day", "timestamp")
    local = local_sql(moment, text, style) or "null"
    utc = value_sql(moment, text, f"({local})", style)
    return f"cast(timezone({sql.text(style.time_zone)}, timezone('UTC', {utc})) as date)"


def feed_columns_sql(mapping: Mapping, feed: Feed, present: tuple[str, ...]) -> dict[str, CellText]:
    """The text expression of every column of a feed; null where the source has nothing for it."""
    rule = next(item for item in mapping.feeds if item.feed == feed.name)
    rules = dict(rule.columns)
    expressions: dict[str, CellText] = {}
    for column in feed.columns:
        own = rules.get(column.name)
        if own is None or (mapping.is_canonical and column.name not in present):
            nothing = "cast(null as text)"
            expressions[column.name] = CellText(nothing, nothing, mapping.dialect.style)
        else:
            expressions[column.name] = column_sql(column, own, mapping, rule)
    return expressions
