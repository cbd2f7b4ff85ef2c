"""SQL of what a verdict costs: its price in fct_outcome_prices, less the legs that the rule lets others pay.

Each verdict is also two weights, of the unknown work and of the salvage that depends on it, so that variances
of differences are closed forms.
"""

from __future__ import annotations

# For each price, the part of it that a payer's column takes over.
_LEGS = {
    "repair": {
        "inbound": "prices.inbound_eur",
        "work": "prices.diagnosis_eur + prices.work_eur",
        "outbound": "prices.outbound_eur",
    },
    "replacement": {"inbound": "prices.inbound_eur", "outbound": "prices.replacement_outbound_eur"},
    "refund": {"inbound": "prices.inbound_eur"},
    "part": {
        "work": "prices.part_expected_eur - prices.part_parcel_eur",
        "outbound": "prices.part_parcel_eur",
    },
    "no_fault": {
        "inbound": "prices.inbound_eur",
        "work": "prices.diagnosis_eur",
        "outbound": "prices.outbound_eur",
    },
    "refusal": {},
}


def cost_sql(priced_as: str, payers: str) -> str:
    """The seller's cost of one machine: `priced_as` is a column, `payers` the start of the payers' names."""
    cases = ["when 'nothing' then cast(0 as decimal(18,2))"]
    for price, legs in _LEGS.items():
        taken = "".join(
            f" - case when {payers}_{leg} in ('customer', 'paypal') then {amount} else 0 end"
            for leg, amount in legs.items()
        )
        cases.append(f"when '{price}' then cast(prices.{price}_expected_eur{taken} as decimal(18,2))")
    return f"case {priced_as} {' '.join(cases)} end"


def work_weight_sql(priced_as: str, payers: str) -> str:
    """How many times the unknown work stands in that cost."""
    is_paid = f"coalesce({payers}_work, 'seller') = 'seller'"
    return f"case when {priced_as} = 'repair' and {is_paid} then 1 else 0 end"


def salvage_weight_sql(priced_as: str) -> str:
    """How many times the salvage is taken off that cost."""
    return f"case when {priced_as} in ('replacement', 'refund') then 1 else 0 end"
