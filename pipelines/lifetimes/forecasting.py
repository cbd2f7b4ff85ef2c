"""The rows of `forecasts`: claims and cost to come from the units in service, now and as of past month ends.

Belongs here: which scope goes by which curve, level and cost, and the rows. Does not belong here: curves and
seasons (`curves`), who is in service (`fleets`), intervals (`pipelines.reliability`).

A past forecast is made again from what was known on its day: machines delivered by then, claims asked for by
then, costs of claims closed by then. Nothing of it is stored. Sales to come are in none.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from datetime import date

import numpy as np
import polars as pl
from numpy.typing import NDArray

from pipelines.lifetimes.curves import (
    RARE,
    STRETCHES,
    Curves,
    Levels,
    curve_of,
    expected_by_month,
    fit_curves,
    levels,
    season_of,
)
from pipelines.lifetimes.fleets import (
    Fleet,
    Floats,
    Integers,
    Origin,
    counted_claims,
    first_day,
    fleet_on,
)
from pipelines.lifetimes.reading import Counts
from pipelines.reliability import CostForecast, Forecast, added, forecast_claims, forecast_cost

MONTHS = 24
PAST_ORIGINS = 12
CONFIDENCE = 0.9
ALL = "all"
NO_CURVE = "Too few claims so far, of the family and of all: there is no curve to go by."
NO_COST = "The cost of too few claims is known."
ESTIMATED = (
    *("expected_claims", "low", "high", "expected_cost_eur", "cost_low", "cost_high"),
    *("cumulative_claims", "cumulative_low", "cumulative_high"),
    *("cumulative_cost_eur", "cumulative_cost_low", "cumulative_cost_high", "mean_cost_eur"),
)
SCHEMA = pl.Schema(
    {
        "scope_type": pl.String(),
        "scope_id": pl.String(),
        "as_of": pl.Date(),
        "forecast_month": pl.Date(),
        "months_ahead": pl.Int64(),
        "units_in_service": pl.Int64(),
        "known_claims": pl.Int64(),
        "curve": pl.String(),
        **dict.fromkeys(ESTIMATED, pl.Float64()),
        "actual_claims": pl.Int64(),
        "is_outcome_known": pl.Boolean(),
        "doubt": pl.String(),
    }
)


@dataclass(frozen=True)
class Costs:
    """What one claim costs, (scopes,); NaN where too few are known.

    seen: from how many claims the mean comes, in effect. costless_share: of claims that cost nothing.
    """

    mean: Floats
    deviation: Floats
    seen: Floats
    costless_share: Floats

    def of(self, claims: Forecast) -> CostForecast:
        """The cost of the claims that are foreseen."""
        return forecast_cost(claims, self.mean, self.deviation, self.seen, self.costless_share)


@dataclass(frozen=True)
class Part:
    """The forecast of some scopes on one day; arrays (scopes,), (scopes, months) in `claims` and `cost`."""

    scope_type: str
    scope_ids: list[str]
    units: Floats
    known_claims: Floats
    curve: list[str | None]
    claims: Forecast
    cost: CostForecast
    costs: Costs
    actual: Floats | None


def forecast_rows(counts: Counts, as_of: date, least: int) -> pl.DataFrame:
    """One row per scope × as-of date × future month; skus on the present day only."""
    present = Origin(as_of)
    if counts.families.is_empty():
        return SCHEMA.to_frame()
    parts: list[pl.DataFrame] = []
    first = int(counts.fleet["delivery"].to_numpy().min())
    for back in range(PAST_ORIGINS + 1):
        origin = present.before(back) if back else present
        if back and origin.last_full_month < first:
            continue
        found = parts_on(counts, origin, least, is_present=back == 0, with_skus=back == 0)
        parts += [_rows(part, origin, present) for part in found]
    return pl.concat(parts).sort("scope_type", "scope_id", "as_of", "forecast_month")


def parts_on(
    counts: Counts, origin: Origin, least: int, *, is_present: bool, with_skus: bool
) -> tuple[Part, ...]:
    """The forecasts of one day by what was known on it: families, all and, if asked, skus."""
    names = counts.families["family_code"].unique().sort().to_list()
    family_of = counts.families.with_columns(
        scope=pl.Series(np.searchsorted(names, counts.families["family_code"].to_list()))
    ).select("sku", "scope")
    by_family = replace(
        counts,
        fleet=_by_scope(counts.fleet, family_of),
        claims=_by_scope(counts.claims, family_of),
        costs=_by_scope(counts.costs, family_of),
    )
    fleet = fleet_on(by_family.fleet, origin, len(names), is_present)
    curves = fit_curves(fleet, by_family.claims, least)
    families = _families(fleet, curves, by_family, names, least)
    everyone = _all(families, fleet, curves, by_family, least)
    if not with_skus:
        return families, everyone
    return families, everyone, _skus(fleet, curves, counts, names, families, least, is_present)


def _by_scope(frame: pl.DataFrame, scope_of: pl.DataFrame) -> pl.DataFrame:
    """Rows of skus added up by the scope that each belongs to."""
    values = [name for name in ("units", "claims", "cost", "squared", "costless") if name in frame.columns]
    joined = frame.join(scope_of, on="sku", how="inner").drop("sku")
    keys = [name for name in joined.columns if name not in values]
    return (
        joined.sort(joined.columns).group_by(keys, maintain_order=True).agg(pl.col(values).sum()).sort(keys)
    )


def _families(fleet: Fleet, curves: Curves, counts: Counts, names: list[str], least: int) -> Part:
    origin, families = fleet.origin, len(names)
    own = np.arange(families)
    curve = curve_of(curves, own)
    first = int(fleet.delivery.min())
    expected = expected_by_month(curves, fleet, curve, first).sum(axis=0)
    observed = counted_claims(counts.claims, first, expected.shape[1], families)
    # A family with a curve of its own has its level in it.
    drawn = levels(observed, expected, np.zeros(families, np.intp))
    is_own = curve == own
    level = Levels(
        np.where(is_own, 1.0, drawn.level), np.where(is_own, 0.0, drawn.log_variance), curves.scatter[0]
    )
    claims = _forecast(fleet, curves, curve, level)
    cost = costs_of(counts.costs, origin, families, np.zeros(families, np.intp), least)
    return Part(
        "family",
        names,
        fleet.survivors()[0].sum(axis=1),
        curves.claims[:-1],
        ["own" if each else ALL for each in is_own] if curves.is_known[-1] else [None] * families,
        claims,
        cost.of(claims),
        cost,
        _outcomes(counts.claims, origin, families),
    )


def _all(families: Part, fleet: Fleet, curves: Curves, counts: Counts, least: int) -> Part:
    """The families added up. They share good and bad years: what scatters is measured on the total itself."""
    one = families.claims
    rows = [
        Forecast(
            **{f.name: getattr(one, f.name)[row : row + 1] for f in fields(Forecast)[:-1]},
            confidence=one.confidence,
        )
        for row in range(len(families.scope_ids))
    ]
    claims = added(rows, curves.scatter[1] - curves.scatter[0])
    weight = one.cumulative_expected[:, -1]
    everyone = counts.costs.with_columns(scope=pl.lit(0, dtype=pl.Int64))
    cost = costs_of(everyone, fleet.origin, 1, np.zeros(1, np.intp), least)
    is_known = np.isfinite(families.costs.mean)
    known = np.where(is_known, families.costs.mean, 0.0)
    mean_cost = (weight * known).sum() / weight.sum() if weight.sum() > 0 and is_known.all() else np.nan
    cost = replace(cost, mean=np.array([mean_cost]))
    return Part(
        ALL,
        [ALL],
        families.units.sum(keepdims=True),
        curves.claims[-1:],
        ["families" if curves.is_known[-1] else None],
        claims,
        cost.of(claims),
        cost,
        families.actual.sum(axis=0, keepdims=True) if families.actual is not None else None,
    )


def _skus(
    family_fleet: Fleet,
    curves: Curves,
    counts: Counts,
    names: list[str],
    families: Part,
    least: int,
    is_present: bool,
) -> Part:
    """Each sku by its family's curve at a level of its own, drawn toward the family's."""
    origin = family_fleet.origin
    skus = counts.families["sku"].to_list()
    family = np.searchsorted(names, counts.families["family_code"].to_list())
    number = pl.DataFrame({"sku": skus, "scope": np.arange(len(skus))})
    fleet = fleet_on(_by_scope(counts.fleet, number), origin, len(skus), is_present)
    curve = curve_of(curves, family)
    first = int(fleet.delivery.min())
    expected = expected_by_month(curves, fleet, curve, first).sum(axis=0)
    claims_of = _by_scope(counts.claims, number)
    observed = counted_claims(claims_of, first, expected.shape[1], len(skus))
    drawn = levels(observed, expected, family)
    claims = _forecast(fleet, curves, curve, drawn)
    cost = costs_of(_by_scope(counts.costs, number), origin, len(skus), family, least)
    return Part(
        "sku",
        skus,
        fleet.survivors()[0].sum(axis=1),
        observed.sum(axis=1),
        [("family" if families.curve[each] == "own" else families.curve[each]) for each in family],
        claims,
        cost.of(claims),
        cost,
        None,
    )


def _forecast(fleet: Fleet, curves: Curves, curve: Integers, level: Levels) -> Forecast:
    """A level L on a curve is a scale L^(-1/shape) times as long; its spread adds to that of the scale."""
    survivors, ages = fleet.survivors()
    # Without a curve nothing is foreseen; its rows say so.
    survivors = survivors * curves.is_known[curve][:, None]
    origin = fleet.origin
    stretches = []
    for number, stretch in enumerate(STRETCHES):
        shape, covariance = curves.shape[number, curve], curves.covariance[number, curve].copy()
        covariance[:, 0, 0] += level.log_variance / shape**2
        stretches.append(
            forecast_claims(
                survivors * RARE,
                ages,
                shape,
                curves.scale[number, curve] * level.level ** (-1 / shape),
                log_covariance=covariance,
                ends=origin.ends(MONTHS),
                season=season_of(curves.season[number, curve], origin.first_month, MONTHS),
                season_log_variance=season_of(
                    curves.season_log_variance[number, curve], origin.first_month, MONTHS
                ),
                start_age=stretch.start,
                warranty_age=stretch.end,
                overdispersion=level.scatter,
                confidence=CONFIDENCE,
            )
        )
    return added(stretches)


def costs_of(costs: pl.DataFrame, origin: Origin, scopes: int, group: Integers, least: int) -> Costs:
    """Each scope's own costs, drawn toward its group's by how little it has: Buhlmann's credibility, each
    group with claims enough telling how much its members differ (Klugman, Panjer & Willmot, section 18.5).
    """
    known = costs.filter(pl.col("closed") <= origin.last_full_month)
    place = known["scope"].to_numpy()
    sums = np.stack(
        [
            np.bincount(place, known[name].to_numpy().astype(float), scopes).astype(float)
            for name in ("claims", "cost", "squared", "costless")
        ]
    )
    grouped = np.stack([np.bincount(group, row).astype(float)[group] for row in sums])
    everyone = np.broadcast_to(sums.sum(axis=1, keepdims=True), sums.shape)
    wide = np.where(grouped[0] >= least, grouped, everyone)
    with np.errstate(divide="ignore", invalid="ignore"):
        weight = _credibility(sums, grouped, group)
        own, around = sums[1:] / sums[0], wide[1:] / wide[0]
        share = np.where(sums[0] > 0, sums[0] / (sums[0] + weight), 0.0)
        mean, square, costless = np.where(share > 0, share * own, 0.0) + (1 - share) * around
        seen = np.minimum(sums[0] + weight, wide[0])
        deviation = np.sqrt(np.maximum(square - mean**2, 0.0))
    parts = (np.where(wide[0] >= least, part, np.nan) for part in (mean, deviation, seen, costless))
    return Costs(*parts)


def _credibility(sums: Floats, grouped: Floats, group: Integers) -> Floats:
    """How many claims a group's mean is worth beside its member's own: variance within over between."""
    count, total, squared = sums[:3]
    has_claims = count > 0
    members = np.bincount(group, has_claims)[group]
    own = np.where(has_claims, total / np.maximum(count, 1), 0.0)
    within = np.bincount(group, squared - count * own**2)[group] / (grouped[0] - members)
    apart = np.bincount(group, count * (own - grouped[1] / grouped[0]) ** 2)[group]
    spread = grouped[0] - np.bincount(group, count**2)[group] / grouped[0]
    between = (apart - (members - 1) * within) / spread
    return np.where(between > 0, np.maximum(within, 0.0) / between, np.inf)


def _outcomes(claims: pl.DataFrame, origin: Origin, scopes: int) -> Floats:
    """What came: claims on the units of that day, by future month."""
    of_the_day = claims.filter(pl.col("delivery") <= origin.month)
    return counted_claims(of_the_day, origin.first_month, MONTHS, scopes)


def _rows(part: Part, origin: Origin, present: Origin) -> pl.DataFrame:
    scopes = len(part.scope_ids)
    months = origin.first_month + np.arange(MONTHS)
    # The month of the as-of date itself has claims before the forecast: only whole months are scored.
    is_known = (months <= present.last_full_month) & (part.actual is not None)
    has_curve = np.repeat([each is not None for each in part.curve], MONTHS)
    has_cost = has_curve & np.repeat(np.isfinite(part.costs.mean), MONTHS)
    actual = np.zeros((scopes, MONTHS)) if part.actual is None else part.actual

    def each(values: object) -> NDArray[np.generic]:
        return np.repeat(np.asarray(values), MONTHS)

    def where(known: NDArray[np.bool_], values: Floats) -> pl.Series:
        return pl.Series(np.where(known, values.ravel(), np.nan), nan_to_null=True)

    def cents(values: Floats) -> pl.Series:
        return where(has_cost, values.round(2))

    return pl.DataFrame(
        {
            "scope_type": [part.scope_type] * (scopes * MONTHS),
            "scope_id": each(part.scope_ids),
            "as_of": [origin.as_of] * (scopes * MONTHS),
            "forecast_month": [first_day(int(month)) for month in months] * scopes,
            "months_ahead": np.tile(np.arange(1, MONTHS + 1), scopes),
            "units_in_service": each(part.units.round()).astype(np.int64),
            "known_claims": each(part.known_claims.round()).astype(np.int64),
            "curve": [each for each in part.curve for _ in range(MONTHS)],
            "expected_claims": where(has_curve, part.claims.expected),
            "low": where(has_curve, part.claims.low),
            "high": where(has_curve, part.claims.high),
            "expected_cost_eur": cents(part.cost.expected),
            "cost_low": cents(part.cost.low),
            "cost_high": cents(part.cost.high),
            "cumulative_claims": where(has_curve, part.claims.cumulative_expected),
            "cumulative_low": where(has_curve, part.claims.cumulative_low),
            "cumulative_high": where(has_curve, part.claims.cumulative_high),
            "cumulative_cost_eur": cents(part.cost.cumulative_expected),
            "cumulative_cost_low": cents(part.cost.cumulative_low),
            "cumulative_cost_high": cents(part.cost.cumulative_high),
            "mean_cost_eur": cents(np.repeat(part.costs.mean, MONTHS)),
            "actual_claims": pl.Series(actual.ravel().round().astype(np.int64)).set(
                pl.Series(~np.tile(is_known, scopes)), None
            ),
            "is_outcome_known": np.tile(is_known, scopes),
            "doubt": [
                NO_CURVE if not curve else (None if cost else NO_COST)
                for curve, cost in zip(has_curve, has_cost, strict=True)
            ],
        },
        schema_overrides=dict(SCHEMA),
    ).select(SCHEMA.names())
