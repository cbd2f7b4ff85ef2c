"""A small retailer with the policy's life in it: five canonical feeds for the inbox, and the truth beside.

`simulate` is the whole interface. Nothing in this package imports Dagster, and no pipeline reads its truth.
"""

from pipelines.simulation.simulator import SimulationSummary, simulate

__all__ = ["SimulationSummary", "simulate"]
