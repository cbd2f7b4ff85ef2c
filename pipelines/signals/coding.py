"""How workshops code: the tree of service centres over like diagnosed claims.

Belongs here: cells and nodes of centres. A node compares how one centre names what it finds with how the
others name claims of the same family in the same month; it says something about coding, nothing about
machines. Does not belong here: machines (tree.py).
"""

from __future__ import annotations

import numpy as np
import polars as pl

from pipelines.reliability import Counts
from pipelines.signals.tree import Tree

CENTER = "center"
UNIFORM = "It codes every claim as one fault: what it names says nothing."


def coding_tree(diagnoses: pl.DataFrame, codes: list[str], last_month: int) -> Tree | None:
    """Diagnoses as in Lots up to `last_month`: a cell is a centre × family × month of diagnosis.

    The "units" of a cell are its diagnosed claims, its events those claims by code (1 … in `codes`).
    """
    told = diagnoses.filter((pl.col("diagnosed") <= last_month) & pl.col("fault_code").is_in(codes))
    if told.is_empty():
        return None
    key = ["service_center_id", "family_code", "diagnosed"]
    told = told.sort(pl.all())
    cells = told.group_by(key, maintain_order=True).agg(pl.col("claims").sum()).with_row_index("cell")
    first_month = int(cells["diagnosed"].min())  # ty: ignore[invalid-argument-type]
    strata = (
        cells.select("family_code", "diagnosed")
        .unique()
        .sort("family_code", "diagnosed")
        .with_row_index("at")
    )
    stratum = cells.join(
        strata, on=["family_code", "diagnosed"], how="left", nulls_equal=True, maintain_order="left"
    )["at"]
    nodes = (
        told.group_by("service_center_id", maintain_order=True)
        .agg(pl.col("claims").sum().alias("sold"), pl.col("fault_code").n_unique().alias("codes"))
        .sort("service_center_id")
        .with_row_index("node")
        .with_columns(pl.col("node").cast(pl.Int64))
    )
    node = cells.join(nodes, on="service_center_id", how="left", maintain_order="left")["node"]
    code = {name: i + 1 for i, name in enumerate(codes)}
    events = told.join(
        cells.select("cell", *key), on=key, how="left", nulls_equal=True, maintain_order="left"
    )
    counts = Counts(
        stratum=stratum.to_numpy().astype(np.intp),
        units=cells["claims"].to_numpy().astype(float),
        pair_node=node.to_numpy().astype(np.intp),
        pair_cell=np.arange(len(cells)),
        event_cell=events["cell"].to_numpy().astype(np.intp),
        event_fault=np.array([code[name] for name in events["fault_code"].to_list()], np.intp),
        event_period=events["diagnosed"].to_numpy().astype(np.intp) - first_month,
        event_count=events["claims"].to_numpy().astype(float),
        stratum_period=strata["diagnosed"].to_numpy().astype(np.intp) - first_month,
    )
    empty = pl.Series([None] * len(nodes), dtype=pl.String)
    frame = nodes.with_columns(
        sku=empty, lot_code=empty, supplier_id=empty, level=pl.lit(CENTER),
        delivery=pl.Series([None] * len(nodes), dtype=pl.Int64),
    )  # fmt: skip
    return Tree(
        None, None, frame, np.arange(len(nodes)), counts, np.zeros(len(cells), np.intp), first_month,
        last_month - first_month + 1,
    )  # fmt: skip
