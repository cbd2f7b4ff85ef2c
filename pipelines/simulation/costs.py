"""What both remedies cost the seller, without VAT: the cost model that the simulated retailer decides by."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pipelines.simulation.parameters import Array, Parameters


@dataclass(frozen=True)
class Rates:
    """The cost rates by name."""

    values: dict[str, float]
    freight_eur_steps: Array
    freight_kg_steps: Array
    later_claim_eur_steps: Array
    later_claim_kg_steps: Array

    def freight_eur(self, weight_kg: Array) -> Array:
        """One leg, by weight class; a class includes its heaviest machine."""
        return self.freight_eur_steps[np.searchsorted(self.freight_kg_steps, weight_kg, side="left")]

    def later_claim_eur(self, weight_kg: Array) -> Array:
        """C2, the mean cost of a later claim, by weight class."""
        return self.later_claim_eur_steps[np.searchsorted(self.later_claim_kg_steps, weight_kg, side="left")]


def rates_for(parameters: Parameters) -> Rates:
    """The cost rates of the parameters file."""
    lists = ("freight_eur", "freight_kg", "later_claim_eur", "later_claim_kg")
    names = [name for name in parameters.segments("cost_rates") if name not in lists]
    return Rates(
        values={name: parameters.number("cost_rates", name) for name in names},
        freight_eur_steps=parameters.numbers("cost_rates", "freight_eur"),
        freight_kg_steps=parameters.numbers("cost_rates", "freight_kg"),
        later_claim_eur_steps=parameters.numbers("cost_rates", "later_claim_eur"),
        later_claim_kg_steps=parameters.numbers("cost_rates", "later_claim_kg"),
    )


def remedy_costs(
    rates: Rates,
    work_eur: Array,
    diagnosis_eur: Array,
    inbound_eur: Array,
    outbound_eur: Array,
    price_eur: Array,
    landed_eur: Array,
    weight_kg: Array,
    is_unused: Array,
    is_renewing: Array,
) -> tuple[Array, Array]:
    """(repair, replacement): repair = T_in + D + R + T_out + H + (q + λ6)·C2;
    replacement = T_in + N + T_out' + H' − S + [renewed]·λ24·C2."""
    rate = rates.values
    later_claim = rates.later_claim_eur(weight_kg)
    repair = (
        inbound_eur
        + diagnosis_eur
        + work_eur
        + outbound_eur
        + rate["handling_eur"]
        + (rate["repeat_risk"] + rate["later_claim_6m"]) * later_claim
    )
    factor = np.where(is_unused, rate["resale_factor_unused"], rate["resale_factor_used"])
    resale = np.minimum(landed_eur, factor * price_eur * (1 - rate["resale_fee_share"]))
    salvage = np.maximum(rate["scrap_share"] * landed_eur, resale - work_eur - rate["reconditioning_eur"])
    replacement = (
        inbound_eur
        + landed_eur
        + rates.freight_eur(weight_kg)
        + rate["handling_eur"]
        - salvage
        + np.where(is_renewing, rate["later_claim_24m"] * later_claim, 0.0)
    )
    return repair, replacement
