"""The counted sections of a report: key figures, faults, refusals, regret, supplier recovery.

Belongs here: order and words. Does not belong here: a figure (`pipelines.queries.digest`), a form; what was
expected of a week (`expectations`), alerts (`document`).
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import polars as pl

from pipelines.queries import formats
from pipelines.queries.digest import PARETO_DAYS, Digest
from pipelines.reports.blocks import Block, Cards, Chart, Column, Heading, Table, Text, table_of
from pipelines.reports.names import Names, limits


def figures(digest: Digest, names: Names) -> Iterator[Block]:
    """The period's counts beside those of the period before, and the claims behind."""
    t, day = names.t, partial(formats.day, language=names.language)
    from_on, until_on = digest.period.before
    shown = [
        (digest.figures[name], digest.before[name])
        for name in ("claims", "failures", "misuse_refusals", "claims_without_cause", "net_cost")
    ]
    yield Heading(t("figures"))
    yield Cards(
        tuple(
            (
                now.measure.label(names.language),
                formats.by_format(now.events, now.measure.format, names.language),
                t("period_before", from_on=day(from_on), until_on=day(until_on))
                + f"{names.colon} "
                + formats.by_format(before.events, before.measure.format, names.language),
            )
            for now, before in shown
        )
    )
    columns = [
        Column(t("figure"), width=34),
        Column(t("this_period", name=digest.period.name), "integer", 14),
        Column(t("period_before", from_on=day(from_on), until_on=day(until_on)), "integer", 26),
    ]
    rows = [(now.measure.label(names.language), now.events, before.events) for now, before in shown]
    yield table_of(t("figures"), columns, rows, is_drawn=False)
    yield claims_table(digest.claims, t("claims_of_period"), names, is_drawn=False)
    yield Text(t("figures_note"), "soft")


def pareto(digest: Digest, names: Names) -> Iterator[Block]:
    """Confirmed faults by count, rate and cost; everything else by its cause."""
    t, language = names.t, names.language
    yield Heading(t("pareto"))
    if digest.pareto.is_empty():
        yield Text(t("no_pareto"))
    else:
        columns = [
            Column(t("fault"), width=40),
            Column(t("claims"), "integer", 10),
            Column(t("cumulative"), "percent", 10),
            Column(t("rate"), "decimal", 12),
            *limits(names),
            Column(t("cost"), "euros", 12),
            Column(t("cost_share"), "percent", 12),
        ]
        keys = ("claims", "cumulative_share", "per_1000_years", "low", "high", "net_cost", "cost_share")
        rows = [
            (names.fault(row["fault_code"]), *(row[key] for key in keys))
            for row in digest.pareto.iter_rows(named=True)
        ]
        table = table_of(t("pareto"), columns, rows, shown=15, brief=(0, 1, 3, 6))
        yield Chart(t("pareto"), t("pareto_alt"), table, 0, (1,))
        yield table
    yield Text(
        t(
            "pareto_note" if digest.machine_years else "pareto_no_rate",
            days=PARETO_DAYS,
            until_on=formats.day(digest.period.until_on, language),
            years=formats.number(digest.machine_years, language),
        ),
        "soft",
    )
    columns = [
        Column(t("cause"), width=34),
        Column(t("claims"), "integer", 10),
        Column(t("cost"), "euros", 12),
    ]
    rows = [
        (
            t("presumed_defect") if row["cause"] == "presumed_defect" else names.code(row["cause"]),
            row["claims"],
            row["net_cost"],
        )
        for row in digest.apart.iter_rows(named=True)
    ]
    yield Heading(t("apart"), 2)
    yield table_of(t("apart"), columns, rows) if rows else Text(t("no_rows"))


def misuse(digest: Digest, names: Names) -> Iterator[Block]:
    """Refusals over a year and those of the period."""
    t, language = names.t, names.language
    yield Heading(t("misuse"))
    found = digest.misuse
    yield Text(
        t(
            "misuse_line",
            refused=formats.number(found["misuse_rejections"].events, language),
            diagnosed=formats.number(found["rejection_share"].n, language),
            proven=formats.number(found["proven_share"].events, language),
            overturned=formats.number(found["overturned_share"].events, language),
        )
    )
    if not digest.refusals.is_empty():
        yield claims_table(digest.refusals, t("refusals"), names)


def regret(digest: Digest, names: Names) -> Iterator[Block]:
    """What the remedies taken cost beyond the cheaper ones."""
    found, euros = digest.regret, partial(formats.euros, language=names.language)
    if not found.n:
        return
    yield Heading(names.t("regret"))
    yield Text(
        names.t(
            "regret_line",
            value=euros(found.value),
            low=euros(found.low),
            high=euros(found.high),
            n=formats.number(found.n, names.language),
        )
    )


def recovery(digest: Digest, names: Names) -> Iterator[Block]:
    """What each supplier's terms give back."""
    t = names.t
    if digest.recovery.is_empty():
        return
    columns = [
        Column(t("supplier"), width=24),
        Column(t("confirmed_claims"), "integer", 14),
        Column(t("without_terms"), "integer", 14),
        Column(t("claimable"), "euros", 14),
    ]
    keys = ("supplier_id", "confirmed_claims", "without_terms", "claimable")
    rows = [tuple(row[key] for key in keys) for row in digest.recovery.iter_rows(named=True)]
    yield Heading(t("recovery"))
    yield table_of(t("recovery"), columns, rows, shown=10)
    yield Text(t("recovery_note"), "soft")


def claims_table(
    claims: pl.DataFrame, title: str, names: Names, shown: int = 20, is_drawn: bool = True
) -> Table:
    """Claims one by one."""
    t = names.t
    columns = [
        Column(t("ticket"), width=19),
        Column(t("requested"), "day", 16),
        Column(t("sku"), width=30),
        Column(t("lot"), width=16),
        Column(t("fault"), width=26),
        Column(t("outcome"), width=20),
        Column(t("cost"), "euros", 11),
        Column(t("words"), width=50),
    ]
    rows = [
        (
            row["ticket_id"], row["requested_on"], names.product(row["sku"]), row["lot_code"],
            names.fault(row["fault_code"]), names.code(row["actual_outcome"]), row["net_cost_eur"],
            row["description"],
        )
        for row in claims.iter_rows(named=True)
    ]  # fmt: skip
    return table_of(title, columns, rows, shown, is_drawn, brief=(0, 2, 4))


# In the order in which a report has them.
SECTIONS = (figures, pareto, misuse, regret, recovery)
