"""The SQL behind a figure, ready to be pasted into DuckDB on the published file: it gives the same number.

Belongs here: writing a question out with its values in place. Does not belong here: asking it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from pipelines import sql
from pipelines.queries.measures import Measure
from pipelines.queries.scopes import Scope, scope_key, where


def of_measure(measure: Measure, scope: Scope) -> str:
    """The declared measure over the scope."""
    condition, parameters = where(measure.mart, scope)
    value = f"cast({measure.numerator} as double)"
    if measure.denominator:
        value += f"\n    / nullif(cast({measure.denominator} as double), 0)"
    return f"select\n    {value} as value\nfrom marts.{measure.mart}\nwhere {_filled(condition, parameters)};"


def of_groups(measure: Measure, by: Sequence[str], scope: Scope) -> str:
    """The declared measure by group, as a table behind a chart holds it: the groups, events, n, value."""
    condition, parameters = where(measure.mart, scope)
    events = f"cast({measure.numerator} as double)"
    n = f"cast({measure.denominator} as double)" if measure.denominator else "null"
    return (
        f"select\n    {', '.join(by)},\n    {events} as events,\n    {n} as n,\n    "
        f"{events if n == 'null' else f'{events} / nullif({n}, 0)'} as value\n"
        f"from marts.{measure.mart}\nwhere {_filled(condition, parameters)}\ngroup by all\norder by all;"
    )


def of_curve(scope: Scope, cause: str) -> str:
    """The life table of one scope over all delivery months: a row per month in service."""
    scope_type, scope_id = scope_key(scope)
    keys = {"scope_type": scope_type, "scope_id": scope_id, "cause": cause}
    told = " and ".join(f"{name} = {_literal(value)}" for name, value in keys.items())
    return (
        "select age_month, cumulative as value, cumulative_low, cumulative_high, units, cumulative_events\n"
        f"from marts.fct_life_table\nwhere {told} and cohort is null\norder by age_month;"
    )


def of_rate(rate: Mapping[str, Any]) -> str:
    """A row of the life table: the share failed by the end of a month in service."""
    names = ("scope_type", "scope_id", "cause", "age_month")
    keys = " and ".join(f"{name} = {_literal(rate[name])}" for name in names)
    cohort = "is null" if rate["cohort"] is None else f"= {_literal(rate['cohort'])}"
    return (
        "select cumulative as value, cumulative_low, cumulative_high, units, cumulative_events, at_risk\n"
        f"from marts.fct_life_table\nwhere {keys} and cohort {cohort};"
    )


def of_forecast(scope: Scope, months_ahead: int, column: str) -> str:
    """A sum of the newest forecast up to a month ahead: cumulative_claims or cumulative_cost_eur."""
    scope_type, scope_id = scope_key(scope)
    return (
        f"select {column} as value\nfrom marts.fct_forecasts\nwhere scope_type = {_literal(scope_type)} and "
        f"scope_id = {_literal(scope_id)} and months_ahead = {months_ahead}\n"
        "    and as_of = (select max(as_of) from marts.fct_forecasts);"
    )


def _filled(condition: str, parameters: list[Any]) -> str:
    """The condition with each question mark replaced by its value."""
    first, *rest = condition.split("?")
    return first + "".join(_literal(value) + part for value, part in zip(parameters, rest, strict=True))


def _literal(value: Any) -> str:
    if isinstance(value, date):
        return f"date '{value.isoformat()}'"
    if isinstance(value, (int, float)):
        return str(value)
    return sql.text(str(value))
