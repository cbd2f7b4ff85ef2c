"""The cost model in plain Python, from its formulas and not from the SQL: what the SQL is tested against.

repair = T_in + D + R + T_out + H + (q + λ6)·C2; replace = T_in + N + T_out' + H' − S;
S = max(scrap, min(N, σ·P·(1 − fee)) − R − K).
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Machine:
    """One machine and its rates, EUR without VAT."""

    price: float
    freight: float
    later_claim: float
    landed_share: float = 0.7
    resale_factor: float = 0.5
    fee: float = 0.1
    reconditioning: float = 40
    scrap_share: float = 0.05
    diagnosis: float = 15
    handling: float = 12
    repeat: float = 0.10
    extension: float = 0.04

    @property
    def landed(self) -> float:
        """Cost of a new one."""
        return self.landed_share * self.price

    def repair(self, work: float) -> float:
        """Cost of repairing."""
        risk = (self.repeat + self.extension) * self.later_claim
        return 2 * self.freight + self.diagnosis + work + self.handling + risk

    def salvage(self, work: float) -> float:
        """What the returned machine brings: it must be repaired before it can be sold."""
        resale = min(self.landed, self.resale_factor * self.price * (1 - self.fee))
        return max(self.scrap_share * self.landed, resale - work - self.reconditioning)

    def replacement(self, work: float) -> float:
        """Cost of replacing."""
        return 2 * self.freight + self.landed + self.handling - self.salvage(work)

    def naive_replacement(self) -> float:
        """New cost minus half the price, sold as if it ran."""
        resale = min(self.landed, self.resale_factor * self.price * (1 - self.fee))
        return 2 * self.freight + self.landed + self.handling - resale


def crossing(machine: Machine, *, naive: bool = False) -> float:
    """The work at which repair stops being cheaper, found by halving, not by a formula."""
    low, high = 0.0, 20 * machine.price + 1000

    def loses(work: float) -> bool:
        other = machine.naive_replacement() if naive else machine.replacement(work)
        return machine.repair(work) >= other

    if loses(0.0):
        return 0.0
    for _ in range(200):
        middle = (low + high) / 2
        low, high = (low, middle) if loses(middle) else (middle, high)
    return high
