"""The tree of one family and power source: which groups of units are watched, and their counts.

Belongs here: nodes (product, lot, delivery month, supplier, supplier × lot), cells, comparison sets. Does
not belong here: evidence and limits (watching.py calls `pipelines.reliability` for those).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from pipelines.reliability import Counts

LEVELS = ("sku", "lot", "delivery_month", "supplier", "supplier_lot")
AGE_BANDS = np.array([0, 1, 2, 3, 3, 3] + [4] * 6 + [5] * 12 + [6])  # months since delivery that compare
BANDS = int(AGE_BANDS[-1]) + 1

Integers = NDArray[np.intp]


@dataclass(frozen=True)
class Tree:
    """nodes: one row each (level, sku, lot_code, supplier_id, delivery month, sold); reference: see Evidence.

    counts: periods are months since `first_month`. age: (cells,) months since delivery. is_now: cells of the
    last period.
    """

    family_code: str | None
    power_source: str | None
    nodes: pl.DataFrame
    reference: Integers
    counts: Counts
    age: Integers
    first_month: int
    periods: int

    @property
    def is_coding(self) -> bool:
        """Whether its nodes are workshops (coding.py), of no family."""
        return self.family_code is None

    @property
    def cell_period(self) -> Integers:
        """The period of each cell's exposure."""
        return self.counts.stratum_period[self.counts.stratum]


def tree_of(
    family_code: str,
    power_source: str | None,
    units: pl.DataFrame,
    claims: pl.DataFrame,
    faults: list[str],
    last_month: int,
    minimum_units: float,
) -> Tree:
    """Units and claims of one family and power source, as in Lots, up to `last_month`.

    minimum_units: months of delivery with fewer are no nodes.
    """
    key = ["supplier_id", "sku", "lot_code", "delivery"]
    # In one order: sums of doubles then never depend on how rows came.
    units = units.filter(pl.col("delivery") <= last_month).sort(pl.all())
    claims = claims.sort(pl.all())
    first_month = int(units["delivery"].min())  # ty: ignore[invalid-argument-type]
    groups = units.group_by(key, maintain_order=True).agg(pl.col("units").sum()).with_row_index("group")
    placed = units.join(groups.select("group", *key), on=key, nulls_equal=True, how="inner")
    longest = len(AGE_BANDS)
    stay = np.clip((placed["end"] - placed["delivery"]).to_numpy(), 0, longest - 1)
    leaving = np.zeros((len(groups), longest))
    np.add.at(leaving, (placed["group"].to_numpy(), stay), placed["units"].to_numpy().astype(float))
    at_risk = groups["units"].to_numpy()[:, None] - np.cumsum(leaving, axis=1) + leaving
    delivery = groups["delivery"].to_numpy().astype(np.intp)
    month = delivery[:, None] + np.arange(longest)
    is_cell = (at_risk > 0) & (month <= last_month)
    group, age = np.nonzero(is_cell)
    number = np.full(is_cell.shape, -1, np.intp)
    number[group, age] = np.arange(len(group))
    period = (delivery[group] + age - first_month).astype(np.intp)
    strata, stratum = np.unique(period * BANDS + AGE_BANDS[age], return_inverse=True)

    nodes, members, reference = _nodes(groups, minimum_units)
    level_pairs = [(column[group], np.arange(len(group))) for column in members]
    pair_node = np.concatenate([node[node >= 0] for node, _ in level_pairs])
    pair_cell = np.concatenate([cell[node >= 0] for node, cell in level_pairs])

    code = {fault: i + 1 for i, fault in enumerate(faults)}
    events = claims.join(groups.select("group", *key), on=key, nulls_equal=True, how="inner")
    events = events.filter(
        (pl.col("known") <= last_month)
        & (pl.col("claim") - pl.col("delivery")).is_between(0, longest - 1)
        & (pl.col("fault_code").is_null() | pl.col("fault_code").is_in(faults))
    )
    cell = number[events["group"].to_numpy(), (events["claim"] - events["delivery"]).to_numpy()]
    held = cell >= 0
    fault = np.array([code.get(f, 0) for f in events["fault_code"].to_list()], np.intp)
    known = np.maximum(events["known"].to_numpy(), events["claim"].to_numpy()).astype(np.intp) - first_month
    counts = Counts(
        stratum=stratum.astype(np.intp),
        units=at_risk[group, age],
        pair_node=pair_node.astype(np.intp),
        pair_cell=pair_cell.astype(np.intp),
        event_cell=cell[held],
        event_fault=fault[held],
        event_period=known[held],
        event_count=events["claims"].to_numpy().astype(float)[held],
        stratum_period=(strata // BANDS).astype(np.intp),
    )
    periods = last_month - first_month + 1
    return Tree(family_code, power_source, nodes, reference, counts, age, first_month, periods)


def _nodes(groups: pl.DataFrame, minimum_units: float) -> tuple[pl.DataFrame, list[Integers], Integers]:
    """All nodes of a family, the node of each group at each level (-1: none), and each node's reference."""
    frames, members, start = [], [], 0
    number_of: dict[tuple[str, ...], int] = {}
    keys = {
        "sku": ["sku"],
        "lot": ["sku", "lot_code"],
        "delivery_month": ["sku", "delivery"],
        "supplier": ["supplier_id"],
        "supplier_lot": ["supplier_id", "lot_code"],
    }
    reference: list[int] = []
    for level, columns in enumerate(LEVELS):
        by = keys[columns]
        known = groups.filter(pl.all_horizontal(pl.col(by).is_not_null()))
        own = (
            known.group_by(by)
            .agg(pl.col("units").sum().alias("sold"), pl.col("sku").n_unique().alias("skus"))
            .sort(by)
        )
        if columns == "supplier_lot":  # with one product it is that product's lot
            own = own.filter(pl.col("skus") > 1)
        if columns == "delivery_month":  # too few ever to be watched
            own = own.filter(pl.col("sold") >= minimum_units)
        own = own.with_row_index("node").with_columns(
            (pl.col("node") + start).cast(pl.Int64), pl.lit(level).alias("level")
        )
        for row in own.select("node", *by).iter_rows():
            number_of[(columns, *(str(v) for v in row[1:]))] = row[0]
        parents = {"lot": "sku", "delivery_month": "sku", "supplier_lot": "supplier"}
        for row in own.select("node", *by).iter_rows():
            parent = parents.get(columns)
            reference.append(number_of[(parent, str(row[1]))] if parent else row[0])
        placed = groups.join(own.select("node", *by), on=by, how="left", maintain_order="left")
        members.append(placed["node"].fill_null(-1).to_numpy().astype(np.intp))
        frames.append(own.drop("skus"))
        start += len(own)
    nodes = pl.concat(frames, how="diagonal").sort("node")
    return nodes, members, np.array(reference, np.intp)
