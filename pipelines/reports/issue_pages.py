"""The page of one flagged product or lot: evidence, curve against family, lots and suppliers, words.

Belongs here: order and words of one issue, and how a signal is named. Does not belong here: any figure.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from functools import partial
from typing import Any
from urllib.parse import urlencode

import polars as pl

from pipelines.queries import formats
from pipelines.queries.evidence import Issue
from pipelines.reports.blocks import Block, Cards, Chart, Column, Heading, Text, table_of
from pipelines.reports.names import AGAINST_EXPECTED, Names, against_expected, limits, part_of
from pipelines.reports.next_steps import next_steps
from pipelines.signals import Alert


def issue_page(
    issue: Issue, alert: Alert | None, names: Names, as_of: date, base_url: str = ""
) -> Iterator[Block]:
    """All about one issue."""
    t, language, signal = names.t, names.language, issue.signal
    number = partial(formats.number, language=language)
    yield Heading(names.node(signal))
    yield from evidence(issue, names)
    status = t(f"status_{signal['status']}")
    owner = alert.owner if alert and alert.owner else formats.UNKNOWN
    yield Cards(
        (
            (t("status"), status, f"{t('owner')}{names.colon} {owner}"),
            (t("units_out"), number(signal["units_under_warranty"]), ""),
            (t("to_come"), number(signal["expected_claims"], decimals=1), ""),
            (t("at_risk"), formats.euros(signal["cost_at_risk_eur"], language), ""),
        )
    )
    if steps := next_steps(issue, alert, as_of, names):
        yield Heading(t("to_do"), 2)
        yield from (Text(step, "bullet") for step in steps)
    history = issue.history
    if history.height > 1:
        columns = [
            Column(t("month"), "text", 12),
            Column(t("observed"), "integer", 12),
            Column(t("expected"), "decimal", 12),
        ]
        rows = [
            (formats.month(row["month"], language), row["observed"], row["expected"])
            for row in history.iter_rows(named=True)
        ]
        table = table_of(f"{part_of(signal)} {t('history')}", columns, rows, is_drawn=False)
        yield Heading(t("history"), 2)
        yield Chart(t("history"), t("history_alt"), table, 0, (1, 2), "line")
        yield table
    yield from _curve(issue, names)
    yield from _side(t("lots"), t("lot"), issue.lots, signal, names)
    yield from _side(t("suppliers"), t("supplier"), issue.suppliers, signal, names)
    yield Heading(t("words"), 2)
    yield from (Text(text, "quote") for text in issue.texts)
    if not issue.texts:
        yield Text(t("no_words"))
    if base_url:
        yield Text(t("open_page"), "plain", link_to(base_url, signal, language))


def evidence(issue: Issue, names: Names) -> Iterator[Block]:
    """What was seen, against what, how sure it is, what is at stake."""
    signal, number = issue.signal, partial(formats.number, language=names.language)
    if issue.is_coding:
        ratio = formats.ratio_span(signal["ratio"], signal["ratio_low"], signal["ratio_high"], names.language)
        counted = {"observed": number(signal["observed"]), "expected": number(signal["expected"], decimals=1)}
        yield Text(names.t("coding_line", ratio=ratio, **counted))
        return
    yield Text(
        names.t(
            "issue_line",
            observed=number(signal["observed"]),
            expected=number(signal["expected"], decimals=1),
            ratio=formats.ratio_span(
                signal["ratio"], signal["ratio_low"], signal["ratio_high"], names.language
            ),
            comparison=f"{names.code(signal['family_code'])}, {names.code(signal['power_source'])}",
            day=formats.day(signal["first_signal_on"], names.language),
        )
    )
    yield Text(
        names.t(
            "stakes_line",
            units=number(signal["units_under_warranty"]),
            claims=number(signal["expected_claims"], decimals=1),
            cost=formats.euros(signal["cost_at_risk_eur"], names.language),
        )
    )


def link_to(base_url: str, signal: Mapping[str, Any], language: str) -> str:
    """The dashboards' page of the same signal."""
    named = urlencode({"lang": language, "signal": signal["signal_id"]})
    return f"{base_url.rstrip('/')}/emerging?{named}"


def _curve(issue: Issue, names: Names) -> Iterator[Block]:
    own = issue.curve.filter("is_enough")
    if own.is_empty():
        return
    t = names.t
    family = dict(issue.family_curve.filter("is_enough").select("age_month", "cumulative").iter_rows())
    columns = [
        Column(t("age_month"), "integer", 12),
        Column(t("product"), "percent", 12),
        *(Column(each.title, "percent", 10) for each in limits(names)),
        Column(t("family"), "percent", 12),
    ]
    rows = [
        (
            row["age_month"], row["cumulative"], row["cumulative_low"], row["cumulative_high"],
            family.get(row["age_month"]),
        )
        for row in own.iter_rows(named=True)
    ]  # fmt: skip
    table = table_of(f"{part_of(issue.signal)} {t('curve')}", columns, rows, is_drawn=False)
    yield Heading(t("curve"), 2)
    yield Chart(t("curve"), t("curve_alt"), table, 0, (1, 4) if family else (1,), "line")
    yield table


def _side(
    title: str, label: str, frame: pl.DataFrame, signal: Mapping[str, Any], names: Names
) -> Iterator[Block]:
    if frame.is_empty():
        return
    t = names.t
    columns = [
        Column(label, width=20),
        *against_expected(names),
        Column(t("units_out"), "integer", 12),
    ]
    keys = (*AGAINST_EXPECTED, "units_under_warranty")
    rows = [
        (
            (f"▸ {row['name']}" if row["is_own"] else row["name"]),
            *(row[each] for each in keys),
        )
        for row in frame.iter_rows(named=True)
    ]
    yield Heading(title, 2)
    yield table_of(f"{part_of(signal)} {title}", columns, rows, shown=8, brief=(0, 1, 2, 3))
