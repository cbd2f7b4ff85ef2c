"""The 8D report of one confirmed issue: what is known stands filled in, the rest is lines to fill.

Belongs here: the eight disciplines as suppliers know them, in order. Does not belong here: any figure.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from functools import partial
from typing import Any

import polars as pl

from pipelines.queries import formats
from pipelines.queries.build_facts import BuildFacts
from pipelines.queries.evidence import Issue
from pipelines.reports.blocks import Blank, Block, Column, Document, Heading, Text, table_of
from pipelines.reports.issue_pages import evidence
from pipelines.reports.names import Names, part_of
from pipelines.signals import Alert


def eight_d(issue: Issue, alert: Alert | None, facts: BuildFacts, names: Names, files: str) -> Document:
    """The form of one issue. `files`: what lies beside it."""
    t = names.t
    return Document(
        title=t("eight_d"),
        subtitle=names.node(issue.signal),
        footer=t("footer", as_of=formats.day(facts.as_of, names.language), build=facts.build_id),
        language=names.language,
        made_at=facts.finished_at,
        blocks=(
            *_team(alert, names),
            *_problem(issue, names),
            *_containment(issue.machines, names, files),
            *_recovery(issue, names),
            *_causes(issue, names),
            *_measures(alert, names),
            *_effectiveness(issue, alert, names),
            Heading("D8 · " + t("d8")),
            Blank(t("to_fill"), 3),
        ),
    )


def _team(alert: Alert | None, names: Names) -> Iterator[Block]:
    t = names.t
    yield Heading("D1 · " + t("d1"))
    if alert and alert.owner:
        yield Text(f"{t('owner')}{names.colon} {alert.owner}")
    yield Blank(t("d1_fill"), 3)


def _problem(issue: Issue, names: Names) -> Iterator[Block]:
    t, language = names.t, names.language
    yield Heading("D2 · " + t("d2"))
    yield from evidence(issue, names)
    cost = issue.claims["net_cost_eur"].drop_nulls()
    spent = float(sum(cost)) if len(cost) else None
    yield Text(
        t(
            "d2_cost",
            claims=formats.number(issue.claims.height, language),
            cost=formats.euros(spent, language),
            known=formats.number(len(cost), language),
        )
    )
    yield from (Text(text, "quote") for text in issue.texts)


def _containment(machines: pl.DataFrame, names: Names, files: str) -> Iterator[Block]:
    t, number = names.t, partial(formats.number, language=names.language)
    yield Heading("D3 · " + t("d3"))
    claimed = int(machines["has_claimed"].sum() or 0)
    yield Text(t("d3_out", units=number(machines.height), claimed=number(claimed)))
    by_lot: dict[str, int] = {}
    for lot in machines["lot_code"].to_list():
        by_lot[lot or formats.UNKNOWN] = by_lot.get(lot or formats.UNKNOWN, 0) + 1
    if by_lot:
        columns = [Column(t("lot"), width=30), Column(t("units_out"), "integer", 12)]
        rows = sorted(by_lot.items(), key=lambda each: (-each[1], each[0]))
        yield table_of(t("d3_lots"), columns, rows, shown=15)
    yield Text(t("d3_files", files=files), "soft")
    yield Blank(t("d3_stock"), 2)


def _recovery(issue: Issue, names: Names) -> Iterator[Block]:
    """What the supplier owes back so far; beside the disciplines, since it is settled apart."""
    t, number = names.t, partial(formats.number, language=names.language)
    if issue.recovery.is_empty():
        return
    states = issue.recovery["recovery_state"].to_list()
    yield Heading(t("recovery"), 2)
    yield Text(
        t(
            "recovery_line",
            amount=formats.euros(float(sum(issue.recovery["claimable_eur"])), names.language, 2),
            claimable=number(states.count("claimable")),
            claims=number(len(states)),
            old=number(states.count("too_old")),
            without=number(states.count("no_terms")),
        )
    )


def _causes(issue: Issue, names: Names) -> Iterator[Block]:
    t = names.t
    yield Heading("D4 · " + t("d4"))
    counts = issue.claims.group_by("fault_code", "evidence_grade").len().rows()
    columns = [
        Column(t("fault"), width=40),
        Column(t("evidence_grade"), width=16),
        Column(t("claims"), "integer", 10),
    ]
    rows = [(names.fault(fault), grade, count) for fault, grade, count in counts]
    rows.sort(key=lambda row: (-row[2], row[0], row[1] or ""))
    if rows:
        yield table_of(t("d4_faults"), columns, rows, shown=12)
    if issue.signal["lot_code"] and not issue.lots.is_empty():
        others = issue.lots.filter(~pl.col("is_own") & (pl.col("ratio_low") > 1))["name"].to_list()
        yield Text(t("d4_others" if others else "d4_alone", lots=", ".join(others)))
    yield Blank(t("d4_fill"), 4)


def _measures(alert: Alert | None, names: Names) -> Iterator[Block]:
    t = names.t
    yield Heading("D5 · " + t("d5"))
    actions: list[tuple[Any, ...]] = []
    for act in alert.acts if alert else ():
        if act.kind == "action":
            is_open = any(act == each for each in alert.open_actions) if alert else True
            actions.append((act.note, act.until, t("open") if is_open else t("done")))
    if actions:
        columns = [Column(t("action"), width=50), Column(t("due"), "day", 12), Column(t("status"), width=12)]
        yield table_of(t("actions"), columns, actions)
    yield Blank(t("d5_fill"), 4)
    yield Heading("D6 · " + t("d6"))
    yield Blank(t("d6_fill"), 3)


def _effectiveness(issue: Issue, alert: Alert | None, names: Names) -> Iterator[Block]:
    t, language = names.t, names.language
    yield Heading("D7 · " + t("d7"))
    closing = next((act for act in reversed(alert.acts) if act.kind == "closed"), None) if alert else None
    if closing is not None and closing.detail:
        told = closing.detail
        yield Text(
            t(
                "d7_tested",
                before=formats.number(told["claims_before"], language),
                before_months=formats.number(told["unit_months_before"], language),
                after=formats.number(told["claims_after"], language),
                after_months=formats.number(told["unit_months_after"], language),
                ratio=formats.ratio_span(told["ratio"], told["ratio_low"], told["ratio_high"], language),
            )
        )
    else:
        part = shlex.quote(part_of(issue.signal))
        yield Text(t("d7_test", command=f"savoir alert close {part} --fixed-on …"))
    yield Blank(t("d7_fill"), 3)
