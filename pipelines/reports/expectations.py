"""The section on the week: what was counted against what was expected of it, and which products were claimed.

Belongs here: order and words. Does not belong here: a verdict (`fct_weekly_counts`), alerts: a week that is
higher than expected and a lot that fails are two questions.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import polars as pl

from pipelines.queries import formats
from pipelines.queries.defects import BASELINE_WEEKS, COMPARED, DefectWeek
from pipelines.queries.digest import Digest
from pipelines.reports.blocks import Block, Chart, Column, Heading, Text, table_of
from pipelines.reports.names import AGAINST_EXPECTED, Names

PRODUCTS_SHOWN = 10


def expectations(digest: Digest, names: Names) -> Iterator[Block]:
    """The week as a whole, what stands out among families and faults, and the products claimed."""
    t, week = names.t, digest.week
    day = partial(formats.day, language=names.language)
    span = {"week": week.week, "monday": day(week.week.monday), "sunday": day(week.week.sunday)}
    yield Heading(t("week"))
    yield Text(t("week_line", units=formats.number(week.units, names.language), **span))
    if digest.verdicts.is_empty():
        yield Text(t("week_not_judged"))
    else:
        yield from _verdicts(digest, names)
    yield from _by_week(week, names)
    yield from _products(week, names)


def _verdicts(digest: Digest, names: Names) -> Iterator[Block]:
    t, number = names.t, partial(formats.number, language=names.language)
    measures = {name: each.measure for name, each in zip(COMPARED, digest.week.comparisons, strict=True)}
    columns = [
        Column(t("family"), width=24),
        Column(t("counted"), width=30),
        Column(t("machines_counted"), "integer", 10),
        Column(t("expected"), "decimal", 10),
        Column(t("times_expected"), "decimal", 10),
        # Limits of all comparisons together: not those of one interval.
        Column(t("joint_low"), "decimal", 9),
        Column(t("joint_high"), "decimal", 9),
        Column(t("reading"), width=24),
    ]
    out: dict[bool, list[tuple]] = {True: [], False: []}
    for row in digest.verdicts.iter_rows(named=True):
        counted = (
            names.fault(row["fault_code"])
            if row["measure"] == "faults"
            else measures[row["measure"]].label(names.language)
        )
        family = names.code(row["family_code"]) if row["family_code"] else t("all_families")
        stands_out = row["verdict"] in ("higher", "lower")
        is_whole = row["family_code"] is None and row["measure"] != "faults"
        line = (family, counted, *(row[key] for key in AGAINST_EXPECTED), t(row["verdict"]))
        out[stands_out or is_whole].append(line)
    told, rest = out[True], out[False]
    if told:
        yield table_of(t("week"), columns, told, brief=(0, 1, 2, 7))
    others = digest.verdicts.filter(~pl.col("verdict").is_in(["higher", "lower"]))
    counts = dict(others["verdict"].value_counts().iter_rows())
    said = ", ".join(f"{t(verdict).lower()} {number(n)}" for verdict, n in sorted(counts.items()))
    if rest:
        yield Text(t("week_rest", said=said))
        yield table_of(t("week_all"), columns, [*told, *rest], is_drawn=False)
    yield Text(
        t(
            "week_note",
            compared=number(digest.week.compared),
            level=formats.percent(digest.week.false_alarm_share, names.language, 0),
        ),
        "soft",
    )


def _by_week(week: DefectWeek, names: Names) -> Iterator[Block]:
    if not week.by_week["units"].sum():
        return
    t = names.t
    columns = [
        Column(t("week_column"), width=11),
        Column(t("units"), "integer", 14),
        *(Column(each.measure.label(names.language), "integer", 14) for each in week.comparisons),
        Column(t("week_rate"), "decimal", 12),
        Column(t("week_expected_rate"), "decimal", 12),
    ]
    counted = [each.measure.name for each in week.comparisons]
    rates = week.by_week.select(pl.col("rate", "expected_rate") * formats.PER_UNITS)
    rows = [
        (row["week"], row["units"], *(row[name] for name in counted), *scaled)
        for row, scaled in zip(week.by_week.iter_rows(named=True), rates.iter_rows(), strict=True)
    ]
    table = table_of(t("weeks"), columns, rows, is_drawn=False)
    last = len(columns) - 1
    has_expected = any(row[last] is not None for row in rows)
    drawn = (last - 1, last) if has_expected else (last - 1,)
    yield Heading(t("week_chart"), 2)
    yield Chart(t("week_chart"), t("week_chart_alt"), table, 0, drawn, "line")
    yield table


def _products(week: DefectWeek, names: Names) -> Iterator[Block]:
    if week.by_sku.is_empty():
        yield Text(names.t("week_empty"))
        return
    t = names.t
    columns = [
        Column(t("product_claimed"), width=50),
        Column(t("machines_claimed"), "integer", 12),
        Column(t("claimed_before", n=BASELINE_WEEKS), "integer", 14),
        Column(t("machines_failed"), "integer", 12),
        Column(t("failed_before", n=BASELINE_WEEKS), "integer", 14),
    ]
    keys = ("claims", "claims_before", "failures", "failures_before")
    rows = [
        (names.product(row["sku"]), *(row[key] for key in keys)) for row in week.by_sku.iter_rows(named=True)
    ]
    yield Heading(t("products"), 2)
    yield table_of(t("products"), columns, rows, shown=PRODUCTS_SHOWN, brief=(0, 1, 3))
