"""What a mapping means, as SQL over the staged text of a file: filters, routes and the text of each feed
column.

Belongs here: expressions that give text or a yes/no. Does not belong here: types, codes, ranges (`parsing`,
`judging`), or the mapping file's form (`mappings`).
"""

from __future__ import annotations

from decimal import Decimal

from pipelines.feeds import sql
from pipelines.feeds.contract import Column, Feed
from pipelines.feeds.mappings import ColumnRule, Condition, Dialect, Mapping

NUMBERS = ("bigint", "decimal(18,4)", "double")
_NUMBER = r"[+-]?([0-9]{1,18}([.][0-9]*)?|[.][0-9]+)"


def read_text_sql(text: str, dialect: Dialect) -> str:
    """A text of the source without outer blanks; empty, or declared by the dialect to mean unknown: null."""
    # Looking at both ends is ten times cheaper than trimming every value.
    is_padded = f"{text} = '' or prefix({text}, ' ') or suffix({text}, ' ')"
    trimmed = f"case when {is_padded} then nullif(trim({text}), '') else {text} end"
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
    column, value = source.staged(condition.column), condition.value
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
            number = f"try_cast({number_sql(column, source.dialect)} as decimal(28,8))"
            return f"coalesce({number} {sign} {value}, false)"
    return f"not {test}" if condition.test.startswith(("not_", "is_not")) else test


def number_sql(text: str, dialect: Dialect) -> str:
    """A number as the source writes it, with a decimal point and no thousands mark."""
    if dialect.thousands_mark:
        text = f"replace({text}, {sql.text(dialect.thousands_mark)}, '')"
    if dialect.decimal_mark != ".":
        # A point here is no decimal mark: left alone it would be read as one.
        text = f"replace(replace({text}, '.', '?'), {sql.text(dialect.decimal_mark)}, '.')"
    return text


def column_sql(column: Column, rule: ColumnRule, source: Mapping) -> str:
    """The text of one feed column. A personal column was cleaned and hashed when it was staged."""
    if rule.constant is not None and not rule.sources:
        return sql.text(rule.constant)
    origins = [source.staged(name) for name in rule.sources]
    text = (
        origins[0]
        if len(origins) == 1
        else f"coalesce({', '.join(origins)})"
        if origins
        else "cast(null as text)"
    )
    if rule.remove is not None and column.personal != "keyed_hash":
        text = f"nullif(regexp_replace({text}, {sql.text(rule.remove)}, '', 'g'), '')"
    if rule.values:
        cases = " ".join(
            f"when {sql.text(before)} then {'null' if after is None else sql.text(after)}"
            for before, after in rule.values
        )
        text = f"case {text} {cases} else {'null' if rule.is_unlisted_unknown else text} end"
    if rule.constant is not None:
        text = f"coalesce({text}, {sql.text(rule.constant)})"
    if column.type in NUMBERS:
        text = number_sql(text, source.dialect)
    if rule.is_absolute:
        text = f"ltrim({text}, '-')"
    if rule.rate is not None:
        text = _converted(text, rule.rate)
    if rule.is_content_key:
        text = f"{text} || '-' || _content_key" if rule.sources else "_content_key"
    return text


def _converted(text: str, rate: Decimal) -> str:
    number = f"cast({text} as decimal(24,6))"
    euros = f"cast(round({number} * cast('{rate}' as decimal(12,6)), 4) as decimal(18,4))"
    return (
        f"case when regexp_full_match({text}, {sql.text(_NUMBER)}) then cast({euros} as text) else {text} end"
    )


def feed_columns_sql(mapping: Mapping, feed: Feed, present: tuple[str, ...]) -> dict[str, str]:
    """The text expression of every column of a feed; null where the source has nothing for it."""
    rule = next(item for item in mapping.feeds if item.feed == feed.name)
    rules = dict(rule.columns)
    expressions: dict[str, str] = {}
    for column in feed.columns:
        own = rules.get(column.name)
        if own is None or (mapping.is_canonical and column.name not in present):
            expressions[column.name] = "cast(null as text)"
        else:
            expressions[column.name] = column_sql(column, own, mapping)
    return expressions


def has_content_key(mapping: Mapping) -> bool:
    """Whether any key of this source is made from content."""
    return any(rule.is_content_key for feed in mapping.feeds for _, rule in feed.columns)
