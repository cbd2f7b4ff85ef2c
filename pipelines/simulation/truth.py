"""The planted truth as Parquet: what a pipeline should find. No pipeline reads it.

`tickets` (true cause, costs of both remedies), `breaches`, `breach_rates`, `skus`, `hazards`, `bad_lots`,
`centres` (strictness), `families` (misuse shares), `texts` (personal and hostile pieces), `versions`,
`parameters`.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from pipelines.months import DAYS_PER_MONTH
from pipelines.simulation.breaches import CODE, IMPLIES, NONE, TICKET_CODES
from pipelines.simulation.calendar import UseClock
from pipelines.simulation.catalogue import POWER_SOURCES, Catalogue, bad_lot_skus
from pipelines.simulation.centers import Centers
from pipelines.simulation.decisions import OUTCOME, OUTCOMES, is_repair
from pipelines.simulation.failures import CAUSES, ONSETS, Mixture, expected_cumulative
from pipelines.simulation.parameters import Array, BadLot, Columns, Parameters, parameter_rows
from pipelines.simulation.series import catalogue_codes, counts, days_of, named, numbers, order_ids, serial_of
from pipelines.simulation.workshop import RESOLUTION_OF

HAZARD_MONTHS = 30


class TruthFile:
    """One Parquet file, appended block by block."""

    def __init__(self, folder: Path, name: str) -> None:
        self.path = folder / f"{name}.parquet"
        self._writer: pq.ParquetWriter | None = None

    def append(self, frame: pl.DataFrame) -> None:
        """Write the rows."""
        table: pa.Table = frame.to_arrow(compat_level=pl.CompatLevel.oldest())
        if self._writer is None:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._writer = pq.ParquetWriter(self.path.with_name(self.path.name + ".part"), table.schema)
        self._writer.write_table(table)

    def close(self) -> None:
        """Give the file its final name."""
        if self._writer is not None:
            self._writer.close()
            self._writer = None
            self.path.with_name(self.path.name + ".part").replace(self.path)


def tickets_truth(
    tickets: Columns,
    ticket_id: pl.Series,
    lines: Columns,
    units: Columns,
    catalogue: Catalogue,
    block_start: int,
    horizon: float,
) -> pl.DataFrame:
    """One row per ticket, unrecorded ones included."""
    line = tickets["line"]
    is_fault = tickets["fault"] >= 0
    resolutions = tuple(RESOLUTION_OF[name] for name in OUTCOMES)
    is_closed = tickets["closed"] < horizon
    return pl.DataFrame(
        {
            "ticket_id": ticket_id,
            "is_recorded": pl.Series(tickets["breach"] != CODE["VR09"]),
            "order_id": order_ids(lines["order_number"][line]),
            "line_number": counts(lines["line_number"][line]),
            "unit_number": counts(units["number"][tickets["unit"]]),
            "serial_number": serial_of(lines, catalogue, line, units["number"][tickets["unit"]], block_start),
            "sku": catalogue_codes(catalogue, tickets["sku"]),
            "family_code": named(catalogue.family[tickets["sku"]], catalogue.families),
            "lifetime": counts(tickets["lifetime"]),
            "wave": counts(tickets["wave"]),
            "true_cause": named(tickets["cause"], CAUSES),
            "true_fault_code": named(tickets["fault"], catalogue.faults.codes),
            "recorded_fault_code": named(
                np.where(tickets["diagnosed"] < horizon, tickets["recorded"], -1), catalogue.faults.codes
            ),
            "onset": named(tickets["onset"], ONSETS),
            "bad_lot": counts(np.where(tickets["bad_lot"] >= 0, tickets["bad_lot"], np.nan)),
            "delivered_on": days_of(tickets["delivered"]),
            "appeared_on": days_of(tickets["appeared"]),
            "age_months": numbers((tickets["appeared"] - tickets["delivered"]) / DAYS_PER_MONTH),
            "warranty_end_on": days_of(tickets["warranty_end"]),
            "is_in_warranty": pl.select(
                pl.when(pl.Series(is_fault)).then(pl.Series(tickets["is_in_warranty"]))
            ).to_series(),
            "policy_outcome": named(tickets["outcome"], OUTCOMES),
            "resolution": named(tickets["acted"], resolutions, is_closed),
            "quote_eur": numbers(tickets["quote"], decimals=2),
            "true_repair_cost_eur": numbers(tickets["true_repair_cost"], decimals=2),
            "true_replacement_cost_eur": numbers(tickets["true_replacement_cost"], decimals=2),
            "decision_repair_cost_eur": numbers(tickets["repair_cost"], decimals=2),
            "decision_replacement_cost_eur": numbers(tickets["replacement_cost"], decimals=2),
            "is_near_break_even": pl.Series(tickets["is_near_break_even"]),
            "breach_code": named(tickets["breach"], TICKET_CODES),
        }
    )


def breaches_truth(
    tickets: Columns, ticket_id: pl.Series, lines: Columns, parameters: Parameters, horizon: float
) -> pl.DataFrame:
    """One row per violation: planted ones, and targets missed (VR14) or left open past day 30 (VL14)."""
    parts: list[pl.DataFrame] = []
    line = tickets["line"]
    base = pl.DataFrame(
        {
            "ticket_id": ticket_id,
            "order_id": order_ids(lines["order_number"][line]),
            "line_number": counts(lines["line_number"][line]),
            "repair_id": pl.select(
                pl.when(pl.Series(tickets["has_repair"] & (tickets["received"] < horizon))).then(
                    ticket_id.str.replace("T", "R")
                )
            ).to_series(),
            "violation_code": named(tickets["breach"], TICKET_CODES),
        }
    )
    planted = base.filter(pl.Series(tickets["breach"] != NONE))
    parts.append(planted.with_columns(pl.lit("planted").alias("origin")))
    repair, new = is_repair(tickets["acted"]), tickets["acted"] == OUTCOME["replacement"]
    restored = np.where(repair, tickets["returned"], tickets["replacement_delivered"]) - tickets["requested"]
    target = np.where(
        repair,
        parameters.number("policy", "repair_target_days"),
        parameters.number("policy", "exchange_target_days"),
    )
    seen = (tickets["closed"] < horizon) & (tickets["breach"] != CODE["VR09"])
    missed = base.filter(pl.Series((repair | new) & seen & (restored > target)))
    parts.append(missed.with_columns(violation_code=pl.lit("VR14"), origin=pl.lit("emergent")))
    overdue = base.filter(pl.Series(tickets["is_open_overdue"]))
    parts.append(overdue.with_columns(violation_code=pl.lit("VL14"), origin=pl.lit("planted")))
    numbers_of_line = np.arange(len(lines["sku"]))
    for code, column in (("VR02", "is_invoice_missing"), ("VR04", "is_invoice_late")):
        mine = numbers_of_line[lines[column]]
        parts.append(
            pl.DataFrame(
                {
                    "ticket_id": pl.Series([None] * len(mine), dtype=pl.String),
                    "order_id": order_ids(lines["order_number"][mine]),
                    "line_number": counts(lines["line_number"][mine]),
                    "repair_id": pl.Series([None] * len(mine), dtype=pl.String),
                }
            ).with_columns(violation_code=pl.lit(code), origin=pl.lit("planted"))
        )
    out = pl.concat([part.select("violation_code", "origin", *base.columns[:4]) for part in parts])
    implied = {code: codes for code, codes in IMPLIES.items() if codes}
    return out.with_columns(
        pl.col("violation_code")
        .replace_strict(implied, default=None, return_dtype=pl.String)
        .alias("implies")
    )


def skus_truth(catalogue: Catalogue, mixture: Mixture, units_of_sku: Array) -> pl.DataFrame:
    """One row per sku: its planted parameters and the units that entered service."""
    product_class = catalogue.product_class
    defect = catalogue.need_24m * (1 - mixture.other_share[product_class])
    return pl.DataFrame(
        {
            "sku": pl.Series(catalogue.sku.tolist(), dtype=pl.String),
            "family_code": named(catalogue.family, catalogue.families),
            "supplier_id": pl.Series(catalogue.supplier_id.tolist(), dtype=pl.String),
            "power_source": named(catalogue.power, POWER_SOURCES),
            "units": pl.Series(units_of_sku),
            "need_24m": numbers(catalogue.need_24m),
            "defect_24m": numbers(defect),
            "misuse_share": numbers(catalogue.class_misuse_share[product_class]),
        }
    )


def hazards_truth(
    catalogue: Catalogue, mixture: Mixture, clock: UseClock, units_by_month: Array, first_day: int
) -> pl.DataFrame:
    """sku × age month: cumulative probability of a first defect, by use-age and as expected of the units.

    Without what bad lots add, and as if every unit were new; `units_by_month[sku, month of delivery]`.
    """
    months = np.arange(1, HAZARD_MONTHS + 1, dtype=np.float64)
    start = np.datetime64(first_day, "D").astype("datetime64[M]")
    delivered = (start + np.arange(units_by_month.shape[1])).astype("datetime64[D]").astype(np.int64) + 14.5
    by_season = np.array(
        [expected_cumulative(mixture, clock, row, delivered, months) for row in range(len(clock.seasons))]
    )
    weight = units_by_month / np.maximum(units_by_month.sum(axis=1, keepdims=True), 1)
    mean = np.empty((len(catalogue.sku), len(months)))
    for season in range(len(clock.seasons)):
        mine = catalogue.use_season == season
        mean[mine] = weight[mine] @ by_season[season]
    defect = catalogue.need_24m * (1 - mixture.other_share[catalogue.product_class])
    rows = len(catalogue.sku)
    return pl.DataFrame(
        {
            "sku": pl.Series(np.repeat(catalogue.sku, len(months)).tolist(), dtype=pl.String),
            "age_month": np.tile(np.arange(1, HAZARD_MONTHS + 1), rows),
            "cumulative_by_use": (defect[:, None] * mixture.cumulative(months)[None, :]).ravel(),
            "cumulative": (defect[:, None] * mean).ravel(),
        }
    )


def causes_of_families(tickets: pl.DataFrame) -> pl.DataFrame:
    """Requests for help with a fault, by family and true cause."""
    faults = tickets.filter(pl.col("true_cause") != "none")
    return faults.group_by("family_code", "true_cause").len("claims")


def families_truth(counts_of_blocks: pl.DataFrame) -> pl.DataFrame:
    """One row per family and true cause: claims, and their share of the family's."""
    total = counts_of_blocks.group_by("family_code", "true_cause").agg(pl.col("claims").sum())
    share = (pl.col("claims") / pl.col("claims").sum().over("family_code")).alias("share")
    return total.with_columns(share).sort("family_code", "true_cause")


def bad_lots_truth(catalogue: Catalogue, lots: tuple[BadLot, ...]) -> pl.DataFrame:
    """One row per bad lot and sku."""
    rows = [
        {
            "sku": catalogue.sku[sku],
            "family_code": catalogue.families[catalogue.family[sku]],
            "fault_code": lot.fault_code,
            "lot_code": lot.lot_code,
            "hazard_multiplier": lot.hazard_multiplier,
            "from_on": lot.from_on,
            "to_on": lot.to_on,
        }
        for lot in lots
        for sku in bad_lot_skus(catalogue, lot)
    ]
    text = dict.fromkeys(("sku", "family_code", "fault_code", "lot_code"), pl.String)
    return pl.DataFrame(
        rows, schema=text | {"hazard_multiplier": pl.Float64, "from_on": pl.Date, "to_on": pl.Date}
    )


def centers_truth(centers: Centers) -> pl.DataFrame:
    """One row per service centre: the share of true defects that it codes as misuse."""
    return pl.DataFrame(
        {
            "service_center_id": pl.Series(centers.service_center_id.tolist(), dtype=pl.String),
            "strictness": numbers(centers.strictness),
        }
    )


def parameters_truth(parameters: Parameters) -> pl.DataFrame:
    """The parameters as they were used, with their marks; a scenario's own values are marked so."""
    rows = []
    for row in parameter_rows():
        used = parameters.text(row["parameter"], row["segment"])
        rows.append(row | {"value": used, "mark": row["mark"] if used == row["value"] else "scenario"})
    return pl.DataFrame(rows)
