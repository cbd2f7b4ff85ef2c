"""Number cards: a figure never stands without its n, its interval and whether there is enough to say."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from typing import Any

import streamlit as st

from dashboards.data import ask
from dashboards.drill import failures_link, rows_link
from dashboards.texts import inert, language, sentence, t, term
from dashboards.url_state import filters_in_words
from pipelines.queries.build_facts import BuildFacts, build_facts
from pipelines.queries.defects import Comparison
from pipelines.queries.formats import (
    TOO_FEW,
    by_format,
    day,
    euros,
    number,
    per_units,
    percent,
    ratio_span,
    span,
)
from pipelines.queries.freshness import feeds
from pipelines.queries.measures import Value
from pipelines.queries.misuse import has_diagnosis
from pipelines.queries.proofs import of_forecast, of_measure, of_rate
from pipelines.queries.scopes import Scope


def header(title: str, subtitle: str) -> BuildFacts:
    """The page's title and the line that says how old the data is."""
    # Drawn before anything is asked: a home without a snapshot still shows which page this is.
    st.title(title, anchor=False)
    st.caption(subtitle)
    facts: BuildFacts = ask(build_facts)
    age = t("data_line", as_of=day(facts.as_of, language()), built=_age(facts.finished_at))
    st.caption(f":material/schedule: {age}", help=term("as_of"))
    for feed in ask(feeds).iter_rows(named=True):
        if feed["state"] in ("quiet", "stopped"):
            told = t(
                f"feed_{feed['state']}",
                feed=t(f"feed_{feed['feed']}"),
                day=day(feed["last_event_on"], language()),
                days=number(feed["days_quiet"], language()),
            )
            st.warning(told, icon=":material/sensors_off:")
    return facts


def say_without_diagnosis() -> None:
    """What a diagnosis would add, where no repair of the shop names a fault."""
    if not ask(has_diagnosis):
        st.info(t("no_diagnosis"), icon=":material/build:")


def _age(finished_at: datetime) -> str:
    hours = (datetime.now(UTC).replace(tzinfo=None) - finished_at).total_seconds() / 3600
    if hours < 1:
        return t("age_minutes", n=max(0, round(hours * 60)))
    if hours < 48:
        return t("age_hours", n=round(hours))
    return t("age_days", n=round(hours / 24))


def measure_card(value: Value, note: str | None = None, scope: Scope | None = None) -> None:
    """A card for one declared measure; with the scope it was asked for, also how it was computed."""
    declared = value.measure
    shown = by_format(value.value, declared.format, language()) if value.is_enough else TOO_FEW[language()]
    with st.container(border=True, height="stretch", gap="xxsmall"):
        st.metric(declared.label(language()), shown, help=sentence(declared.definition))
        st.caption(note or _basis(value))
        if scope is not None:
            n = None if value.n is None else number(value.n, language())
            with st.container(horizontal=True, vertical_alignment="center", gap="xxsmall"):
                computed(sentence(declared.definition), n, of_measure(declared, scope))
                rows_link(value, scope)


def computed(definition: str | None, n: str | None, sql: str) -> None:
    """How a figure was computed: definition, population, n, the SQL that gives it again, the snapshot."""
    build = ask(build_facts)
    with st.popover(t("how"), icon=":material/function:", type="tertiary"):
        if definition:
            st.markdown(inert(definition))
        filters = filters_in_words()
        shown = ", ".join(f"{key} = {text}" for key, text in filters.items()) or t("how_everything")
        st.caption(t("how_population", filters=inert(shown)))
        if n is not None:
            st.caption(t("how_n", n=n))
        st.code(sql, language="sql")
        st.caption(t("how_snapshot", build=build.build_id))


def measure_cards(values: Iterable[Value], per_row: int = 3, scope: Scope | None = None) -> None:
    """Cards in rows that leave their labels whole."""
    every = list(values)
    for first in range(0, len(every), per_row):
        for column, value in zip(st.columns(per_row), every[first : first + per_row], strict=False):
            with column:
                measure_card(value, scope=scope)


def _basis(value: Value) -> str:
    parts = []
    limits = span(value.low, value.high, value.measure.format, language())
    if limits and value.is_enough:
        parts.append(t("interval", limits=limits))
    if value.n is not None:
        parts.append(_counts(value, value.n))
    return " · ".join(parts) or t("count_of_all")


def _counts(value: Value, n: float) -> str:
    """What a value rests on: the cases of a share, the number behind a mean, amounts over amounts."""
    lang = language()
    if value.measure.kind in ("mean", "sum"):
        return t("mean_of" if value.measure.kind == "mean" else "sum_of", n=number(n, lang))
    written = euros if (value.measure.kind, value.measure.format) == ("rate", "percent") else number
    return t("events_of_n", events=written(value.events, lang), n=written(n, lang))


def per_unit_note(value: Value) -> str:
    """A count said again per unit, with its interval: what a card of a count stands on."""
    if not value.is_enough:
        return TOO_FEW[language()]
    shown = by_format(value.value, value.measure.format, language())
    limits = span(value.low, value.high, value.measure.format, language())
    return t("per_1000_units", value=shown, limits=limits, n=number(value.n, language()))


def rate_card(rate: dict, label: str) -> None:
    """A card for one failure rate: its interval, units, failures and how many units were watched so long."""
    lang = language()
    with st.container(border=True, height="stretch", gap="xxsmall"):
        too_little = t("verdict_too_young") if rate["is_too_young"] else TOO_FEW[lang]
        shown = percent(rate["cumulative"], lang) if rate["is_enough"] else too_little
        st.metric(label, shown, help=term("failure"))
        limits = span(rate["cumulative_low"], rate["cumulative_high"], "percent", lang)
        if limits and rate["is_enough"]:
            st.caption(t("interval", limits=limits))
        counts = {name: number(rate[name], lang) for name in ("units", "events", "watched")}
        st.caption(t("rate_basis", month=rate["age_month"], **counts))
        with st.container(horizontal=True, vertical_alignment="center", gap="xxsmall"):
            computed(term("failure_rate"), counts["units"], of_rate(rate))
            failures_link(rate)


def forecast_card(label: str, row: Mapping[str, Any], is_cost: bool, scope: Scope) -> None:
    """A card for a sum of future months, with its prediction limits and what it rests on."""
    lang = language()
    name, limit = (
        ("cumulative_cost_eur", "cumulative_cost") if is_cost else ("cumulative_claims", "cumulative")
    )
    with st.container(border=True, height="stretch", gap="xxsmall"):
        known = row[name] is not None
        st.metric(label, (euros if is_cost else number)(row[name], lang) if known else TOO_FEW[lang])
        low, high = row[f"{limit}_low"], row[f"{limit}_high"]
        limits = span(low, high, "eur" if is_cost else "integer", lang)
        st.caption(t("forecast_limits", limits=limits) if limits else t("forecast_no_limits"))
        counts = {"units": row["units_in_service"], "claims": row["known_claims"]}
        st.caption(t("forecast_basis", **{key: number(value, lang) for key, value in counts.items()}))
        computed(t("forecast_how"), counts["claims"], of_forecast(scope, row["months_ahead"], name))


def comparison_card(compared: Comparison) -> None:
    """A card for one count of a week set against what was expected of it."""
    lang = language()
    with st.container(border=True, height="stretch", gap="xxsmall"):
        st.metric(
            compared.measure.label(lang),
            number(compared.events, lang),
            help=sentence(compared.measure.definition) or None,
        )
        st.caption(
            t(
                "week_rate",
                rate=per_units(compared.rate, lang),
                expected=number(compared.expected, lang, 1),
                share=percent(compared.reported_share, lang, 0),
            )
        )
        verdict = t(f"verdict_{compared.verdict}")
        limits = ratio_span(compared.ratio, compared.ratio_low, compared.ratio_high, lang)
        st.caption(f"**{verdict}** · {limits}" if limits else f"**{verdict}**")


def fact(label: str, value: object) -> None:
    """A labelled value in a detail view; the value may come from outside and is shown letter by letter."""
    lang = language()
    if isinstance(value, bool):
        value = t("yes") if value else t("no")
    elif isinstance(value, date):
        value = day(value, lang)
    st.markdown(f":small[:gray[{label}]]  \n{inert(value) if value not in (None, '') else '–'}")
