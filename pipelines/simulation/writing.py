"""Writes the feeds as canonical CSV into the inbox: versions, late rows, duplicates, times with an offset.

Column names and their order come from the feed contract; nothing here knows them. Files appear under their
final name only when they are complete.
"""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO

import numpy as np
import polars as pl

from pipelines.feeds.contract import contract
from pipelines.simulation.parameters import Array, Parameters

FEEDS = ("products", "service_centers", "orders", "tickets", "repairs")
ROWS_PER_FILE = 1_000_000
TIME_FORMAT = "%Y-%m-%dT%H:%M:%S"
OFFSET_COLUMN = {"tickets": "requested_at", "repairs": "received_at"}
"""Columns of which a few values carry an explicit offset."""

UNKNOWN_BEFORE = {
    "products": ("unit_landed_cost_eur",),
    "orders": ("delivered_at",),
    "tickets": (
        "closed_at", "resolution", "is_remote_resolved", "is_overturned", "satisfaction_score",
        "written_reason_sent_at", "replacement_shipped_at", "replacement_delivered_at", "refunded_at",
        "refunded_amount_eur", "paypal_case_closed_at", "paypal_case_outcome",
    ),
    "repairs": ("repaired_at", "returned_at", "labour_minutes", "parts_cost_eur", "outcome"),
}  # fmt: skip
"""What the older version of a corrected row did not know yet."""


def contract_columns() -> dict[str, list[str]]:
    """Columns of each feed, in order, as the feed contract lists them."""
    feeds = contract().feeds
    return {feed: list(feeds[feed].column_names) for feed in FEEDS}


class FeedFile:
    """Rows of one feed, appended block by block to numbered files."""

    def __init__(self, folder: Path, label: str, columns: list[str]) -> None:
        self.folder, self.label, self.columns = folder, label, columns
        self.rows = 0
        self.paths: list[Path] = []
        self._open: BinaryIO | None = None
        self._rows_in_file = 0

    def append(self, frame: pl.DataFrame) -> None:
        """Write the rows; a new file starts when the last one is full."""
        if not frame.height:
            return
        if self._open is None:
            self.folder.mkdir(parents=True, exist_ok=True)
            path = self.folder / f"{self.label}-{len(self.paths) + 1:04d}.csv"
            self.paths.append(path)
            self._open = path.with_name(path.name + ".part").open("wb")
            self._rows_in_file = 0
        frame.select(self.columns).write_csv(
            self._open, include_header=self._rows_in_file == 0, datetime_format=TIME_FORMAT
        )
        self._rows_in_file += frame.height
        self.rows += frame.height
        if self._rows_in_file >= ROWS_PER_FILE:
            self.close()

    def close(self) -> None:
        """Give the file that is being written its final name."""
        if self._open is not None:
            self._open.close()
            self._open = None
            path = self.paths[-1]
            path.with_name(path.name + ".part").replace(path)


def versions(
    parameters: Parameters, rng: np.random.Generator, feed: str, frame: pl.DataFrame
) -> tuple[pl.DataFrame, pl.DataFrame, dict[str, Array]]:
    """The rows of the first delivery and of the later one; which rows were late, corrected, doubled."""
    size = frame.height
    draw = rng.random(size)
    late = parameters.number("late_row_share")
    corrected = late + parameters.number("corrected_row_share")
    doubled = corrected + parameters.number("duplicate_row_share")
    is_late = draw < late
    is_corrected = (draw >= late) & (draw < corrected) & (feed in UNKNOWN_BEFORE)
    is_doubled = (draw >= corrected) & (draw < doubled)
    frame = _with_offsets(parameters, rng, feed, frame)
    first = frame
    if feed in UNKNOWN_BEFORE:
        gap = pl.duration(hours=30)
        older = pl.Series(is_corrected)
        first = frame.with_columns(
            *(pl.when(older).then(None).otherwise(pl.col(name)).alias(name) for name in UNKNOWN_BEFORE[feed]),
            pl.when(older)
            .then(pl.col("updated_at") - gap)
            .otherwise(pl.col("updated_at"))
            .alias("updated_at"),
        )
    return (
        first.filter(pl.Series(~is_late)),
        frame.filter(pl.Series(is_late | is_corrected | is_doubled)),
        {"late": is_late, "corrected": is_corrected, "doubled": is_doubled},
    )


def _with_offsets(
    parameters: Parameters, rng: np.random.Generator, feed: str, frame: pl.DataFrame
) -> pl.DataFrame:
    if feed not in OFFSET_COLUMN:
        return frame
    name = OFFSET_COLUMN[feed]
    rows = np.flatnonzero(rng.random(frame.height) < parameters.number("offset_share"))
    text = frame[name].dt.strftime(TIME_FORMAT)
    zoned = frame[name][rows].dt.replace_time_zone("Europe/Paris")
    half = len(rows) // 2
    stamped = [
        *zoned[:half].dt.strftime(TIME_FORMAT + "%:z"),
        *zoned[half:].dt.convert_time_zone("UTC").dt.strftime(TIME_FORMAT + "Z"),
    ]
    return (
        frame.with_columns(text.scatter(rows, stamped).alias(name)) if len(rows) else frame.with_columns(text)
    )
