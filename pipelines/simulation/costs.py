"""What both remedies cost the seller, without VAT: the cost model that the simulated retailer decides by.

The rates are those of the seed `cost_rates`: the simulated retailer and the audit read the same price list.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass

import numpy as np

from pipelines.home import DBT_DIR
from pipelines.simulation.parameters import Array

RATES_FILE = DBT_DIR / "seeds" / "cost_rates.csv"


@dataclass(frozen=True)
class Rate:
    """One row of the seed; an empty family or weight bound fits every machine."""

    family_code: str
    weight_from_kg: float
    weight_to_kg: float
    is_weighed: bool
    from_day: float
    to_day: float
    value: float


@dataclass(frozen=True)
class Rates:
    """The seed's rows by rate code, the most specific last."""

    rows: dict[str, tuple[Rate, ...]]

    def of(self, code: str, family_code: Array, weight_kg: Array, day: Array) -> Array:
        """The rate for each machine and day: a row for its family wins, then one that bounds its weight."""
        out = np.full(len(weight_kg), np.nan)
        for row in self.rows[code]:
            fits = (weight_kg > row.weight_from_kg) & (weight_kg <= row.weight_to_kg)
            fits &= (day >= row.from_day) & (day <= row.to_day)
            out[fits if not row.family_code else fits & (family_code == row.family_code)] = row.value
        return out

    def weight_bounds_kg(self) -> set[float]:
        """Weights at which some rate changes."""
        return {
            bound
            for rows in self.rows.values()
            for row in rows
            for bound in (row.weight_from_kg, row.weight_to_kg)
        }


@dataclass(frozen=True)
class Machines:
    """What the price list is asked for: one element per claim."""

    family_code: Array
    weight_kg: Array
    requested: Array
    contract: Array
    price_eur: Array
    landed_eur: Array
    is_unused: Array


def rates() -> Rates:
    """The rows of the seed."""
    with RATES_FILE.open(encoding="utf-8", newline="") as file:
        content = list(csv.DictReader(file))
    rows: dict[str, list[Rate]] = {}
    for row in content:
        bounds = row["weight_from_kg"], row["weight_to_kg"]
        rows.setdefault(row["rate_code"], []).append(
            Rate(
                family_code=row["family_code"],
                weight_from_kg=float(bounds[0] or "-inf"),
                weight_to_kg=float(bounds[1] or "inf"),
                is_weighed=any(bounds),
                from_day=_day(row["valid_from"], -np.inf),
                to_day=_day(row["valid_to"], np.inf),
                value=float(row["rate"]),
            )
        )
    return Rates({code: tuple(sorted(of, key=_specificity)) for code, of in rows.items()})


def remedy_costs(
    price_list: Rates,
    machines: Machines,
    work_eur: Array,
    diagnosis_eur: Array,
    inbound_eur: Array,
    outbound_eur: Array,
    is_renewing: Array,
) -> tuple[Array, Array]:
    """(repair, replacement): repair = T_in + D + R + T_out + H + (q + λ6)·C2;
    replacement = T_in + N + T_out' + H' − S + [renewed]·λ24·C2."""

    def rate(code: str, day: Array = machines.requested) -> Array:
        return price_list.of(code, machines.family_code, machines.weight_kg, np.floor(day))

    later_claim = rate("later_claim_cost_eur")
    added = rate("repeat_repair_probability") + rate("extension_claim_probability", machines.contract)
    repair = (
        inbound_eur
        + diagnosis_eur
        + work_eur
        + outbound_eur
        + rate("handling_repair_eur")
        + added * later_claim
    )
    factor = np.where(machines.is_unused, rate("resale_factor_unused"), rate("resale_factor_used"))
    resale = np.minimum(machines.landed_eur, factor * machines.price_eur * (1 - rate("resale_fee_share")))
    salvage = np.maximum(
        rate("scrap_share") * machines.landed_eur, resale - work_eur - rate("reconditioning_eur")
    )
    renewal = rate("renewal_claim_probability", machines.contract) * later_claim
    replacement = (
        inbound_eur
        + machines.landed_eur
        + rate("freight_leg_eur")
        + rate("handling_replacement_eur")
        - salvage
        + np.where(is_renewing, renewal, 0.0)
    )
    return repair, replacement


def _day(text: str, otherwise: float) -> float:
    return float(np.datetime64(text, "D").astype(np.int64)) if text else otherwise


def _specificity(row: Rate) -> tuple[bool, bool]:
    return bool(row.family_code), row.is_weighed
