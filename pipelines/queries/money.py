"""What claims cost, what came back, and what leaked: per claim, per unit sold, over sales."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import polars as pl

from pipelines.queries.measures import Value, beside, values
from pipelines.queries.ratios import ratios, ratios_by
from pipelines.queries.scopes import Scope, where
from pipelines.queries.snapshot import Snapshot
from pipelines.queries.thresholds import threshold

LIST_LIMIT = 500
# Groups of fct_claim_costs in the order of the page: what was paid and came back (less than nothing), …
PARTS = ("repairs", "new_units", "refunds", "parts", "freight", "recovered")
# … and money that the policy would not have spent, and that was wrongly taken.
LEAKS = ("unbilled", "goodwill", "paypal", "billed")
# Each ratio's mart, and the column of the month that it is shown by.
RATIOS = {
    "cost_per_claim": ("fct_claims", "request_month"),
    "claim_cost_per_unit": ("fct_order_lines", "delivery_month"),
    "claim_cost_over_sales": ("fct_order_lines", "delivery_month"),
}
OF_CLAIMS = ("cost_per_claim", "recovered_share", "assumed_cost_share")
OF_SALES = ("claim_cost_per_unit", "claim_cost_over_sales")
LEAK_GROUPS = ("month", "family_code", "service_center_id")


def headline(snapshot: Snapshot, scope: Scope) -> dict[str, Value]:
    """Sums, ratios and shares of the page. A period takes claims by request, units sold by delivery."""
    claims = values(
        snapshot, "fct_claims", ("claims", "net_cost", "recovered", "leakage", "cost_known_share"), scope
    )
    of_claims = ratios(snapshot, "fct_claims", OF_CLAIMS, scope)
    sold = ratios(snapshot, "fct_order_lines", OF_SALES, scope)
    summed = {name: replace(claims[name], n=claims["claims"].events) for name in ("net_cost", "recovered")}
    return claims | summed | of_claims | sold


def spent_by_month(snapshot: Snapshot, scope: Scope) -> pl.DataFrame:
    """Net cost by month of request and part: month, claims, closed_share, is_settled, part, amount_eur."""
    return _costs_by(snapshot, "request_month", "month", PARTS, scope, "is_claim").drop("with_amount")


def _costs_by(
    snapshot: Snapshot, key: str, name: str, groups: Sequence[str], scope: Scope, only: str = "true"
) -> pl.DataFrame:
    """Amounts by a column of fct_claims, called `name`, and group of cost: every pair of them, zeros too.

    Name, claims, closed_share, is_settled, part, amount_eur, with_amount (claims with more than nothing).
    """
    condition, parameters = where("fct_claims", scope)
    listed = ", ".join(f"'{group}'" for group in groups)
    return snapshot.rows(
        f"""
        with claims as (
            select ticket_id, {key} as {name}, is_open from marts.fct_claims where {only} and {condition}
        ), totals as (
            select
                {name}, count(*) as claims, count(*) filter (not is_open) / count(*) as closed_share,
                closed_share >= {threshold(snapshot, "settled_share")} as is_settled
            from claims
            group by {name}
        ), amounts as (
            select
                {name}, cost_group, count(distinct ticket_id) filter (amount_eur > 0) as with_amount,
                sum(case when cost_kind = 'recovered' then -amount_eur else amount_eur end) as amount_eur
            from claims
            join marts.fct_claim_costs using (ticket_id)
            where cost_group in ({listed})
            group by {name}, cost_group
        )
        select
            totals.*, parts.part, coalesce(amount_eur, 0)::double as amount_eur,
            coalesce(with_amount, 0) as with_amount
        from totals
        cross join (select unnest([{listed}]) as part) as parts
        left join amounts on amounts.{name} is not distinct from totals.{name} and cost_group = part
        order by {name}, part
        """,
        parameters,
    )


def ratio_by_month(snapshot: Snapshot, name: str, scope: Scope) -> pl.DataFrame:
    """One ratio by month: month, value, low, high, cases, is_enough, is_settled."""
    mart, month = RATIOS[name]
    known = ratios_by(snapshot, mart, [name], [f"{month} as month"], scope).drop_nulls("month")
    return known.join(_settled(snapshot, mart, month, scope), on="month", how="left").sort("month")


def _settled(snapshot: Snapshot, mart: str, month: str, scope: Scope) -> pl.DataFrame:
    """Whether a month may still move: claims of it are open, or units sold in it still under guarantee."""
    settled = {
        "fct_claims": "count(*) filter (is_claim and not is_open) "
        f">= {threshold(snapshot, 'settled_share')} * count(*) filter (is_claim)",
        "fct_order_lines": "bool_and(base_warranty_end_on <= (select max(as_of) from meta.build))",
    }[mart]
    condition, parameters = where(mart, scope)
    return snapshot.rows(
        f"select {month} as month, {settled} as is_settled from marts.{mart} where {condition} group by 1",
        parameters,
    )


def ratio_by_family(snapshot: Snapshot, name: str, scope: Scope) -> pl.DataFrame:
    """One ratio by family: family_code, value, low, high, cases, is_enough."""
    return ratios_by(snapshot, RATIOS[name][0], [name], ["family_code"], scope)


def families(snapshot: Snapshot, scope: Scope) -> pl.DataFrame:
    """One row per family: the three ratios, what was recovered, the claims they rest on."""
    found = [
        ratios_by(snapshot, mart, names, ["family_code"], scope)
        for mart, names in (
            ("fct_claims", OF_CLAIMS),
            ("fct_order_lines", OF_SALES),
        )
    ]
    known = pl.when(pl.col("is_enough")).then("value").alias("value")
    table = pl.concat([frame.select("family_code", "measure", known) for frame in found])
    condition, parameters = where("fct_claims", scope)
    sums = snapshot.rows(
        "select family_code, count(*) filter (is_claim) as claims, "
        "coalesce(sum(net_cost_eur) filter (is_claim), 0)::double as net_cost "
        f"from marts.fct_claims where {condition} group by 1",
        parameters,
    )
    wide = beside(table, ["family_code"], [*OF_CLAIMS, *OF_SALES], of="value")
    return sums.join(wide, on="family_code", how="left").sort(
        "net_cost", "family_code", descending=[True, False]
    )


def leaks_by(snapshot: Snapshot, group: str, scope: Scope) -> pl.DataFrame:
    """What leaked by month, family or centre: the group, part, amount_eur, claims with such an amount.

    A month is settled as in `spent_by_month`; closed_share and is_settled are there for it.
    """
    key = "request_month" if group == "month" else group
    found = _costs_by(snapshot, key, group, LEAKS, scope)
    return found.drop("claims").rename({"with_amount": "claims"})


def leaks(snapshot: Snapshot, scope: Scope) -> pl.DataFrame:
    """What leaked in all: part, claims, amount_eur."""
    return (
        leaks_by(snapshot, "family_code", scope)
        .group_by("part")
        .agg(pl.col("claims", "amount_eur").sum())
        .sort(pl.col("part").replace_strict({part: rank for rank, part in enumerate(LEAKS)}))
    )


def leaking_claims(snapshot: Snapshot, scope: Scope) -> pl.DataFrame:
    """The tickets that leaked most, at most LIST_LIMIT: each kind of leak, who it was and what was done."""
    condition, parameters = where("fct_claims", scope)
    sums = ", ".join(
        f"coalesce(sum(amount_eur) filter (cost_group = '{part}'), 0) as {part}" for part in LEAKS
    )
    return snapshot.rows(
        f"""
        with leaks as (
            select ticket_id, {sums}, sum(amount_eur) as all_leaks
            from marts.fct_claim_costs
            where cost_kind in ('leaked', 'overcharged')
            group by ticket_id
        )
        select
            ticket_id, requested_on, family_code, sku, service_center_id, cause, actual_outcome, net_cost_eur,
            {", ".join(LEAKS)}, all_leaks
        from marts.fct_claims
        join leaks using (ticket_id)
        where all_leaks > 0 and {condition}
        order by all_leaks desc, ticket_id
        limit {LIST_LIMIT}
        """,
        parameters,
    )
