"""The rows of `weekly_counts`: each week's counts against what was expected of them, and what may be said.

Belongs here: which counts are compared with which, how the level is shared among them, the verdict. Does not
belong here: expectations and limits (`pipelines.reliability`), delays (`reporting`).

A week is expected from the weeks before its block of four. The declared level is the chance that anything in
a week's whole table is called higher though nothing changed: each measure has a quarter of it, shared evenly
by its scopes (and faults).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import polars as pl

from pipelines.expectations.reading import Weeks
from pipelines.expectations.reporting import FEEDS, covered_until
from pipelines.reliability import (
    ExpectedCounts,
    Ratios,
    WeeklyCounts,
    count_ratios,
    expected_counts,
    overdispersion_of,
)
from pipelines.reliability.expected_counts import Indices
from pipelines.reliability.observations import Floats

SHOWN_WEEKS = 106
"""The weeks of the pages' menu; older ones only teach."""
BLOCK = 4
FIRST_WEEKS = 60
"""Weeks of past before a week is expected: the season must have been seen once."""
PRACTICE = 26
"""Past expectations that tell how far counts fall from them, before any verdict."""
LOOKED_BACK = 104
ALL = "all"
MEASURES = tuple(FEEDS)
EPOCH = date(1970, 1, 5)
SCHEMA = pl.Schema(
    {
        "week": pl.Date(),
        "scope_type": pl.String(),
        "scope_id": pl.String(),
        "measure": pl.String(),
        "fault_code": pl.String(),
        "unit_weeks": pl.Int64(),
        "observed": pl.Int64(),
        "expected": pl.Float64(),
        "ratio": pl.Float64(),
        "ratio_low": pl.Float64(),
        "ratio_high": pl.Float64(),
        "reported_share": pl.Float64(),
        "compared": pl.Int64(),
        "verdict": pl.String(),
    }
)


@dataclass(frozen=True)
class Cells:
    """Rows of the count arrays: a scope, a measure and perhaps a fault each; the families' claims first."""

    scope_types: list[str]
    scope_ids: list[str]
    measures: list[str]
    faults: list[str | None]


def weekly_rows(
    weeks: Weeks, reporting: pl.DataFrame, as_of: date, declared: Callable[[str], float]
) -> pl.DataFrame:
    """One row per week × scope × measure (× fault), for the weeks that the pages show."""
    if weeks.units.is_empty():
        return pl.DataFrame(schema=SCHEMA)
    start, last = weeks.units["week"].min(), weeks.units["week"].max()
    assert isinstance(start, date)
    assert isinstance(last, date)
    if last <= as_of - timedelta(weeks=SHOWN_WEEKS + 1):
        # No machine has been under warranty for as long as is shown: years of nothing are not worth fitting.
        return pl.DataFrame(schema=SCHEMA)
    length = (as_of - start).days // 7 + 1
    counts, cells = _counts(weeks, reporting, start, length)
    mean, shape = _expected(counts, start, length)
    observed = counts.events.sum(1)
    cells, mean, shape, observed, units = _with_all(cells, mean, shape, observed, counts)
    spread = _spreads(cells, mean, shape, observed, counts, as_of, start)
    mondays = [start + timedelta(weeks=k) for k in range(length)]
    first = max(0, length - SHOWN_WEEKS)
    tail, compared = _tails(cells, declared("weekly_false_alarm_share"))
    with np.errstate(divide="ignore", invalid="ignore"):
        limits = count_ratios(observed, mean, 1 / (1 / shape + spread), tail[:, None])
    share = _shares(reporting, cells, mondays)
    verdict = _verdicts(weeks, cells, mean, observed, limits, share, spread, mondays, as_of, declared)
    parts = [
        pl.DataFrame(
            {
                "week": [mondays[t]] * len(cells.measures),
                "scope_type": cells.scope_types,
                "scope_id": cells.scope_ids,
                "measure": cells.measures,
                "fault_code": cells.faults,
                "unit_weeks": units[:, t].astype(np.int64),
                "observed": observed[:, t].astype(np.int64),
                "expected": mean[:, t],
                "ratio": limits.ratio[:, t],
                "ratio_low": limits.ratio_low[:, t],
                "ratio_high": limits.ratio_high[:, t],
                "reported_share": share[:, t],
                "compared": [compared] * len(cells.measures),
                "verdict": verdict[:, t],
            },
            schema=SCHEMA,
        )
        for t in range(first, length)
    ]
    numbers = ["expected", "ratio", "ratio_low", "ratio_high", "reported_share"]
    return pl.concat(parts).with_columns(pl.col(numbers).fill_nan(None))


def _counts(weeks: Weeks, reporting: pl.DataFrame, start: date, length: int) -> tuple[WeeklyCounts, Cells]:
    skus = weeks.units.select("family_code", "sku").unique().sort("family_code", "sku")
    families = skus["family_code"].unique().sort().to_list()
    family_at = {code: k for k, code in enumerate(families)}
    sku_at = {sku: k for k, sku in enumerate(skus["sku"])}
    ages = weeks.units["age_from_days"].unique().sort().to_list()
    found = weeks.claims.drop_nulls("fault_code").select("family_code", "fault_code").unique()
    faults = [(family, code) for family, code in found.sort("family_code", "fault_code").iter_rows()]
    keys = [(family, measure, None) for measure in MEASURES if measure != "faults" for family in families]
    keys += [(family, "faults", code) for family, code in faults]
    cell_at = {key: k for k, key in enumerate(keys)}
    kinds = {kind: k for k, kind in enumerate(sorted({key[1:] for key in keys}, key=str))}

    def place(rows: pl.DataFrame) -> tuple[Indices, Indices, Indices]:
        """Of each row its product, age and week."""
        return (
            rows["sku"].replace_strict(list(sku_at), list(sku_at.values()), return_dtype=pl.Int64).to_numpy(),
            np.searchsorted(ages, rows["age_from_days"].to_numpy()),
            ((rows["week"] - start).dt.total_days() // 7).to_numpy(),
        )

    events = np.zeros((len(keys), len(ages), length))
    sku_claims = np.zeros((len(sku_at), length))
    sku_index, age_index, week_index = place(weeks.claims)
    np.add.at(sku_claims, (sku_index, week_index), weeks.claims["claims"].to_numpy())
    for measure in MEASURES:
        of = "claims" if measure == "faults" else measure
        codes = weeks.claims["fault_code"] if measure == "faults" else [None] * weeks.claims.height
        at = [
            cell_at.get((family, measure, code), -1)
            for family, code in zip(weeks.claims["family_code"], codes, strict=True)
        ]
        keep = np.array(at) >= 0
        if keep.any():
            index = (np.array(at)[keep], age_index[keep], week_index[keep])
            np.add.at(events, index, weeks.claims[of].to_numpy()[keep])
    cells = Cells(["family"] * len(keys), *(list(column) for column in zip(*keys, strict=True)))
    mondays = [start + timedelta(weeks=k) for k in range(length)]
    share, error = _shares(reporting, cells, mondays), _shares(reporting, cells, mondays, error=True)
    unit_sku, unit_age, unit_week = place(weeks.units)
    counts = WeeklyCounts(
        sku=unit_sku,
        age=unit_age,
        week=unit_week,
        units=weeks.units["unit_weeks"].to_numpy().astype(float),
        ages=len(ages),
        sku_claims=sku_claims,
        family_of=np.array([family_at[code] for code in skus["family_code"]]),
        events=events,
        cell_family=np.array([family_at[key[0]] for key in keys]),
        cell_kind=np.array([kinds[key[1:]] for key in keys]),
        reported=share,
        reported_error=error,
        season_phase=(start - EPOCH).days // 7,
    )
    return counts, cells


def _shares(reporting: pl.DataFrame, cells: Cells, mondays: list[date], error: bool = False) -> Floats:
    """(cells, weeks): the mean over a week's days of the share reported; 1 before the days listed."""
    half = (pl.col("reported_share_high") - pl.col("reported_share_low")) / (2 * 1.96)
    by_week = (
        reporting.group_by("measure", week=pl.col("appeared_on").dt.truncate("1w"))
        .agg(value=(half.sum() if error else pl.col("reported_share").sum()), days=pl.len())
        .sort("measure", "week")
    )
    # Days before the first listed are known; those after the last are not.
    found = {(measure, week): (value, days) for measure, week, value, days in by_week.iter_rows()}
    first = min(week for _, week in found)
    out = np.empty((len(mondays), len(MEASURES)))
    for k, measure in enumerate(MEASURES):
        for t, monday in enumerate(mondays):
            value, days = found.get((measure, monday), (0.0, 0))
            known = 7 - days if monday <= first and not error else 0
            out[t, k] = (value + known) / 7
    return out[:, [MEASURES.index(measure) for measure in cells.measures]].T


def _expected(counts: WeeklyCounts, start: date, length: int) -> tuple[Floats, Floats]:
    mean = np.full((len(counts.cell_kind), length), np.nan)
    shape = mean.copy()
    # Blocks begin at the same weeks whatever the as-of day.
    edge = FIRST_WEEKS + (-((start - EPOCH).days // 7 + FIRST_WEEKS)) % BLOCK
    earliest = max(edge, edge + (length - SHOWN_WEEKS - LOOKED_BACK - edge) // BLOCK * BLOCK)
    for begin in range(earliest, length, BLOCK):
        expected: ExpectedCounts = expected_counts(counts, begin, min(length, begin + BLOCK))
        mean[:, begin : begin + BLOCK] = expected.mean
        shape[:, begin : begin + BLOCK] = expected.shape
    return mean, shape


def _with_all(
    cells: Cells, mean: Floats, shape: Floats, observed: Floats, counts: WeeklyCounts
) -> tuple[Cells, Floats, Floats, Floats, Floats]:
    """The same with the sums over all families, whose doubts add up in the squares; and the machines."""
    by_family = counts.by_family(np.ones(len(counts.family_of))).sum(1)
    units = [by_family[counts.cell_family]]
    means, shapes, seen = [mean], [shape], [observed]
    names = list(dict.fromkeys(zip(cells.measures, cells.faults, strict=True)))
    kinds = np.array([names.index(key) for key in zip(cells.measures, cells.faults, strict=True)])
    for kind in range(len(names)):
        mine = kinds == kind
        total = mean[mine].sum(0)
        with np.errstate(divide="ignore", invalid="ignore"):
            doubt = (mean[mine] ** 2 / shape[mine]).sum(0)
            shapes.append((total**2 / doubt)[None])
        means.append(total[None])
        seen.append(observed[mine].sum(0)[None])
        units.append(by_family.sum(0)[None])
    all_cells = Cells(
        cells.scope_types + [ALL] * len(names),
        cells.scope_ids + [ALL] * len(names),
        cells.measures + [measure for measure, _ in names],
        cells.faults + [code for _, code in names],
    )
    return all_cells, np.vstack(means), np.vstack(shapes), np.vstack(seen), np.vstack(units)


def _spreads(
    cells: Cells,
    mean: Floats,
    shape: Floats,
    observed: Floats,
    counts: WeeklyCounts,
    as_of: date,
    start: date,
) -> Floats:
    """(cells, weeks): overdispersion of the like counts (measure, one family or all) in the weeks before."""
    out = np.full(mean.shape, np.nan)
    groups = [f"{kind} {measure}" for kind, measure in zip(cells.scope_types, cells.measures, strict=True)]
    for group in dict.fromkeys(groups):
        mine = np.array([each == group for each in groups])
        for t in range(mean.shape[1]):
            past = slice(max(0, t - LOOKED_BACK), t)
            known = np.isfinite(mean[mine, past]).any(0).sum()
            if known >= PRACTICE:
                out[mine, t] = overdispersion_of(observed[mine, past], mean[mine, past], shape[mine, past])
    return out


def _tails(cells: Cells, level: float) -> tuple[Floats, int]:
    """(cells,) of the level: a quarter to each measure, evenly; and how many counts share it."""
    of = {measure: cells.measures.count(measure) for measure in MEASURES}
    return np.array([level / len(MEASURES) / of[measure] for measure in cells.measures]), len(cells.measures)


def _verdicts(
    weeks: Weeks,
    cells: Cells,
    mean: Floats,
    observed: Floats,
    limits: Ratios,
    share: Floats,
    spread: Floats,
    mondays: list[date],
    as_of: date,
    declared: Callable[[str], float],
) -> np.ndarray:
    least_events, least_share = declared("minimum_events_of_week"), declared("minimum_reported_share")
    out = np.full(mean.shape, "no_difference", dtype=object)
    out[limits.ratio_low > 1] = "higher"
    out[limits.ratio_high < 1] = "lower"
    out[np.maximum(observed, np.nan_to_num(mean)) < least_events] = "too_few"
    out[~np.isfinite(mean) | ~np.isfinite(spread)] = "no_past"
    out[share < least_share] = "too_young"
    ends = np.array([monday + timedelta(days=6) for monday in mondays])
    for measure in MEASURES:
        mine = np.array([each == measure for each in cells.measures])
        until = covered_until(weeks, measure, as_of)
        if until < as_of:
            out[np.ix_(mine, ends > until)] = "not_covered"
    out[:, ends > as_of] = np.where(out[:, ends > as_of] == "not_covered", "not_covered", "too_young")
    return out
