"""Proof (d): seconds and memory of the watch alone over a large range."""

from __future__ import annotations

import calendar
import datetime as dt
import resource
import time
from collections.abc import Iterator

import numpy as np
import polars as pl

from benchmarks.signals.histories import WARRANTY
from benchmarks.signals.watch import SETTINGS
from pipelines.signals import signal_rows
from pipelines.signals.reading import Lots


def large_range(seed: int, lines: int, months: int, skus: int = 2000, families: int = 40) -> Lots:
    """Counts by lot of a range that sells `lines` order lines a year, as the watch reads them."""
    rng, last = np.random.default_rng(seed), 2026 * 12 + 9
    faults = [f"D{n:02d}" for n in range(1, 13)]
    sales = rng.pareto(1.5, skus) + 0.2
    sales *= lines / 12 / sales.sum()
    sku, delivery = (each.ravel() for each in np.meshgrid(np.arange(skus), np.arange(months), indexing="ij"))
    units = rng.poisson(sales[sku] * (1 + 0.6 * np.sin(2 * np.pi * delivery / 12)))
    key = pl.DataFrame(
        {
            "family_code": [f"family {n % families}" for n in sku],
            "power_source": ["mains" if n % 3 else "battery" for n in sku],
            "supplier_id": [f"S{n % 150}" for n in sku],
            "sku": [f"SKU{n}" for n in sku],
            "lot_code": [f"L{d // 3}" for d in delivery],
            "delivery": delivery + last - months + 1,
        }
    )
    ends = np.minimum(key["delivery"].to_numpy() + WARRANTY, last)
    frame = key.with_columns(end=pl.Series(ends), units=pl.Series(units)).filter(pl.col("units") > 0)
    claims = []
    for age in range(min(months, WARRANTY)):
        month = key["delivery"].to_numpy() + age
        there = month <= last
        hits = rng.poisson(units[there, None] * 0.006 / len(faults), (int(there.sum()), len(faults)))
        row, fault = np.nonzero(hits)
        at = key[np.flatnonzero(there)[row]].with_columns(
            claim=pl.Series(month[there][row]),
            known=pl.Series(np.minimum(month[there][row] + rng.integers(0, 2, len(row)), last)),
            fault_code=pl.Series([faults[f] for f in fault]),
            claims=pl.Series(hits[row, fault]),
        )
        any_kind = at.with_columns(known=pl.col("claim"), fault_code=pl.lit(None, pl.String))
        claims += [at, any_kind.group_by(pl.exclude("claims")).agg(pl.col("claims").sum())]
    nothing = pl.DataFrame(
        schema={"service_center_id": pl.String, "family_code": pl.String, "diagnosed": pl.Int64,
                "fault_code": pl.String, "claims": pl.Int64}
    )  # fmt: skip
    costs = pl.DataFrame({"family_code": ["family 0"], "claims": [1], "cost": [50.0]})
    return Lots(frame, pl.concat(claims), costs, nothing, faults, faults, SETTINGS)


def rows_of_scale(seed: int, lines: int) -> Iterator[str]:
    """Seconds (busy: of the processor) and peak memory of the watch alone, of one year and of two."""
    yield "| lines a year | months | units | claims counted | nodes × faults | seconds (busy) | memory |"
    yield "|---|---|---|---|---|---|---|"
    for months in (12, 24):
        lots = large_range(seed, lines, months)
        begun, busy = time.perf_counter(), time.process_time()
        signals = signal_rows(lots, dt.date(2026, 10, calendar.monthrange(2026, 10)[1]))["signals"]
        seconds, busy = time.perf_counter() - begun, time.process_time() - busy
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
        yield (
            f"| {lines:,} | {months} | {lots.units['units'].sum():,} | {lots.claims['claims'].sum():,} | "
            f"{len(signals):,} | {seconds:.0f} ({busy:.0f}) | {peak:.1f} GB |"
        )
