"""Repair or replace: what both remedies cost, what the one taken cost too much, and how sure that is."""

from __future__ import annotations

from dataclasses import replace

import polars as pl

from pipelines.queries.measures import Value, beside, values, values_by
from pipelines.queries.ratios import ratios, ratios_by
from pipelines.queries.scopes import Scope, where
from pipelines.queries.snapshot import Snapshot

MART = "fct_remedy_costs"
SHARES = ("claims", "priced_share", "right_choice_share", "naive_error_share", "refused_exposure")
RATIOS = ("right_choice_probability", "assumed_share", "break_even_share")
COSTS = ("repair_cost", "replacement_cost")
# A part costs less than both remedies: its regret is below zero and would hide the others'.
REGRETTED = ("actual_remedy", ("repair", "replacement", "refund"))
# A page lists at most this many claims; the map draws at most this many points.
LIST_LIMIT = 500
POINT_LIMIT = 1500
AGE_SPAN = 3
_NORMAL_95 = 1.96

_MONTH = "request_month as month"


def headline(snapshot: Snapshot, scope: Scope) -> dict[str, Value]:
    """Counts, shares and ratios of the page, each with its interval; a sum with the claims in it."""
    counted = values(snapshot, MART, SHARES, scope)
    exposure = replace(counted["refused_exposure"], n=counted["claims"].events)
    return counted | {"refused_exposure": exposure} | ratios(snapshot, MART, RATIOS, scope)


def expected_regret(snapshot: Snapshot, scope: Scope) -> Value:
    """The expected regret with the interval that the mart's variance gives it, and the claims in it."""
    value = values(snapshot, MART, ["expected_regret"], scope)["expected_regret"]
    row = _spread(snapshot, [], scope).row(0, named=True)
    low, high = value.events - row["spread"], value.events + row["spread"]
    return replace(value, low=low, high=high, n=float(row["cases"]))


def regret_by_month(snapshot: Snapshot, scope: Scope) -> pl.DataFrame:
    """The expected regret by month of request: month, value, low, high, cases."""
    regret = values_by(snapshot, MART, ["expected_regret"], [_MONTH], scope).select("month", "value")
    return (
        regret.join(_spread(snapshot, [_MONTH], scope), on="month")
        .filter(pl.col("cases") > 0)
        .with_columns(low=pl.col("value") - pl.col("spread"), high=pl.col("value") + pl.col("spread"))
        .sort("month")
    )


def _spread(snapshot: Snapshot, by: list[str], scope: Scope) -> pl.DataFrame:
    """Half the 95 % interval of the expected regret's sum, and the claims in it."""
    condition, parameters = where(MART, scope)
    return snapshot.rows(
        f"""
        select
            {"".join(f"{key}, " for key in by)}
            {_NORMAL_95} * sqrt(coalesce(sum(regret_variance), 0)::double) as spread,
            count(expected_regret_eur) as cases
        from marts.{MART}
        where {condition}
        group by all
        """,
        parameters,
    )


def costs_by_family(snapshot: Snapshot, scope: Scope) -> pl.DataFrame:
    """Mean cost of both remedies by family: family_code, measure, value, low, high, n, is_enough."""
    return ratios_by(snapshot, MART, COSTS, ["family_code"], scope)


def families(snapshot: Snapshot, scope: Scope) -> pl.DataFrame:
    """One row per family: both costs, the break-even, the shares, the claims they rest on."""
    ratio_names = (*COSTS, "break_even", "break_even_share", "assumed_share", "right_choice_probability")
    means = ratios_by(snapshot, MART, ratio_names, ["family_code"], scope)
    counted = ("right_choice_share", "claims")
    shares = values_by(snapshot, MART, counted, ["family_code"], scope)
    known = pl.when(pl.col("is_enough")).then("value").alias("value")
    every = pl.concat([frame.select("family_code", "measure", known) for frame in (means, shares)])
    return beside(every, ["family_code"], [*ratio_names, *counted], of="value").sort(
        "claims", "family_code", descending=[True, False]
    )


def regret_by_center(snapshot: Snapshot, scope: Scope) -> pl.DataFrame:
    """Regret per repair, replacement or refund by service centre (null: none saw it), with its name."""
    names = snapshot.rows("select service_center_id, name from marts.dim_service_centers")
    regret = ratios_by(snapshot, MART, ["regret_per_claim"], ["service_center_id"], scope, REGRETTED)
    return regret.join(names, on="service_center_id", how="left")


def decisions(snapshot: Snapshot, scope: Scope) -> tuple[pl.DataFrame, int]:
    """Claims as points: age, labour and parts, the claim's own break-even, what was done.

    At most POINT_LIMIT of them, drawn by a hash of the key so that the same data gives the same points; with
    the number of all. A claim for which no repair is cheap enough has no share of its break-even.
    """
    condition, parameters = where(MART, scope)
    condition += " and is_priced and age_months is not null and actual_remedy in ('repair', 'replacement')"
    total = snapshot.rows(f"select count(*) from marts.{MART} where {condition}", parameters).item()
    points = snapshot.rows(
        f"""
        select
            ticket_id, family_code, sku, actual_remedy, cheapest_remedy, work_basis,
            round(age_months, 2) as age_months, work_eur::double as work_eur,
            break_even_repair_eur::double as break_even_eur,
            work_eur::double / nullif(break_even_repair_eur::double, 0) as break_even_multiple,
            regret_eur::double as regret_eur, right_choice_probability
        from marts.{MART}
        where {condition}
        order by md5(ticket_id), ticket_id
        limit {POINT_LIMIT}
        """,
        parameters,
    )
    return points, total


def break_even_by_age(snapshot: Snapshot, scope: Scope) -> pl.DataFrame:
    """The mean break-even by AGE_SPAN months: age_from, age_to, value, low, high, cases, is_enough."""
    age = f"{AGE_SPAN} * cast(floor(age_months / {AGE_SPAN}) as integer) as age_from"
    found = ratios_by(snapshot, MART, ["break_even"], [age], scope).drop_nulls("age_from")
    return found.with_columns(age_to=pl.col("age_from") + AGE_SPAN)


def largest_regrets(snapshot: Snapshot, scope: Scope) -> pl.DataFrame:
    """The claims whose remedy cost the most more than the cheaper one, at most LIST_LIMIT."""
    condition, parameters = where(MART, scope)
    return snapshot.rows(
        f"""
        select
            ticket_id, requested_on, family_code, sku, service_center_id, actual_remedy, cheapest_remedy,
            repair_cost_eur, replacement_cost_eur, actual_cost_eur, regret_eur, right_choice_probability,
            assumed_share, work_basis
        from marts.{MART}
        where regret_eur > 0 and {condition}
        order by regret_eur desc, ticket_id
        limit {LIST_LIMIT}
        """,
        parameters,
    )


def work_bases(snapshot: Snapshot, scope: Scope) -> pl.DataFrame:
    """Where labour and parts come from (own work, own quote, like repairs), and what is assumed."""
    found = values_by(snapshot, MART, ["claims", "assumed_share"], ["work_basis"], scope).drop_nulls(
        "work_basis"
    )
    claims, assumed = (
        found.filter(pl.col("measure") == name).select("work_basis", pl.col("value").alias(name))
        for name in ("claims", "assumed_share")
    )
    return claims.join(assumed, on="work_basis").sort("claims", "work_basis", descending=[True, False])


def unpriced(snapshot: Snapshot, scope: Scope) -> pl.DataFrame:
    """Every claim with a remedy due that has no price, and why; by reason, the newest first."""
    condition, parameters = where(MART, scope)
    return snapshot.rows(
        f"""
        select ticket_id, requested_on, family_code, sku, actual_remedy, unpriced_reason
        from marts.{MART}
        where not is_priced and {condition}
        order by unpriced_reason, requested_on desc, ticket_id
        """,
        parameters,
    )


def cells(snapshot: Snapshot, scope: Scope) -> pl.DataFrame:
    """The cells that stand in for unknown work: cell, claims, repaired, replaced, observations, overlap."""
    condition, parameters = where(MART, scope)
    return snapshot.rows(
        f"""
        select
            cell, count(*) as claims, max(cell_observations) as observations,
            max(cell_repaired_claims) as repaired, max(cell_replaced_claims) as replaced, has_overlap,
            count(*) filter (work_basis = 'cell') as claims_estimated
        from marts.{MART}
        where cell is not null and {condition}
        group by cell, has_overlap
        order by has_overlap, claims_estimated desc, claims desc, cell
        """,
        parameters,
    )
