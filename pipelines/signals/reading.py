"""What the watch is computed from, as it lies in the build file.

Belongs here: queries over intermediate tables. Does not belong here: numbers made of them. Every query is
ordered, so that equal tables give equal rows whatever their order.
"""

from __future__ import annotations

from dataclasses import dataclass

import duckdb
import polars as pl

from pipelines.home import Home
from pipelines.signals.settings import Settings

LOT = "family_code, power_source, supplier_id, sku, lot_code"


@dataclass(frozen=True)
class Lots:
    """Months are counted from year 0, so that they subtract.

    units: family_code, power_source, supplier_id, sku, lot_code, delivery, end (months), units. claims: the
    same key and delivery, claim and known (months), fault_code (empty: first of any kind), claims. costs:
    family_code, claims, cost. diagnoses: service_center_id, family_code, diagnosed (month),
    fault_code, claims. faults: the fault codes that are defects; codes: all.
    """

    units: pl.DataFrame
    claims: pl.DataFrame
    costs: pl.DataFrame
    diagnoses: pl.DataFrame
    faults: list[str]
    codes: list[str]
    settings: Settings


def read_lots(home: Home) -> Lots:
    """Read the intermediate tables of the build file."""
    with duckdb.connect(str(home.build_file), read_only=True) as con:
        units = con.sql(
            f"""
            select {LOT}, {_month("delivery_month")} as delivery, {_month("end_month")} as end, units
            from intermediate.int_units__by_lot
            order by all
            """
        ).pl()
        claims = con.sql(
            f"""
            select
                {LOT}, {_month("delivery_month")} as delivery, {_month("claim_month")} as claim,
                {_month("known_month")} as known, fault_code, claims
            from intermediate.int_claims__by_lot
            order by all
            """
        ).pl()
        costs = con.sql(
            """
            select families.family_code, sum(claims)::bigint as claims, sum(net_cost_eur)::double as cost
            from intermediate.int_claims__cost_by_month as costs
            inner join (select distinct sku, family_code from intermediate.int_units__by_lot) as families
                on costs.sku = families.sku
            group by all
            order by all
            """
        ).pl()
        diagnoses = con.sql(
            f"""
            select
                service_center_id, family_code, {_month("diagnosed_month")} as diagnosed, fault_code, claims
            from intermediate.int_claims__by_center
            order by all
            """
        ).pl()
        kinds = con.sql("select fault_code, fault_kind from seeds.fault_codes order by all").fetchall()
        thresholds = dict(con.sql("select threshold, limit_value from meta.thresholds").fetchall())
    faults = [code for code, kind in kinds if kind == "defect"]
    codes = [code for code, _ in kinds]
    return Lots(units, claims, costs, diagnoses, faults, codes, Settings.of(thresholds))


def _month(column: str) -> str:
    return f"(extract(year from {column}) * 12 + extract(month from {column}) - 1)::bigint"
