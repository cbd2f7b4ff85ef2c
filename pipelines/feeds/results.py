"""What the door tells its callers: deliveries, their counts, refused rows, files waiting.

Belongs here: frozen results and the sentences made of them. Does not belong here: anything that reads or
writes.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class WaitingFile:
    """A file in the inbox. `trouble` says why it cannot be taken, where that shows without reading it;
    `tables`: the files of the set that it stands for, by table.
    """

    path: Path
    source: str
    trouble: str | None = None
    tables: tuple[tuple[str, Path], ...] = ()

    @property
    def paths(self) -> tuple[Path, ...]:
        """The files themselves."""
        return tuple(path for _, path in self.tables) or (self.path,)


@dataclass(frozen=True)
class FeedCounts:
    """What became of the rows of one file for one feed: read = loaded + duplicate + quarantined + skipped."""

    feed: str
    rows_read: int
    rows_loaded: int
    rows_duplicate: int
    rows_quarantined: int
    rows_skipped: int

    @property
    def is_conserved(self) -> bool:
        """Whether every row read is accounted for."""
        known = self.rows_loaded + self.rows_duplicate + self.rows_quarantined + self.rows_skipped
        return self.rows_read == known


@dataclass(frozen=True)
class Skip:
    """Rows left out by one declared filter."""

    feed: str
    filter_name: str
    rows_skipped: int


@dataclass(frozen=True)
class Refusal:
    """One refused row and every reason, in words."""

    source: str
    feed: str
    file_name: str
    file_row: int
    reasons: tuple[str, ...]
    record: str | None = None
    delivery_id: str | None = None

    def __str__(self) -> str:
        """`file, line n: reason`, one line per reason."""
        return "\n".join(f"{self.file_name}, line {self.file_row}: {reason}" for reason in self.reasons)


@dataclass(frozen=True)
class Delivery:
    """What became of one file.

    `refusal` is set where the whole file was refused (it stays in the inbox); `already` names the earlier
    delivery of the same bytes (nothing was written); `findings` are sentences about the file as a whole;
    `refused` holds the first refused rows.
    """

    source: str
    file_name: str
    delivery_id: str | None = None
    counts: tuple[FeedCounts, ...] = ()
    skips: tuple[Skip, ...] = ()
    findings: tuple[str, ...] = ()
    refused: tuple[Refusal, ...] = ()
    already: str | None = None
    refusal: str | None = None

    @property
    def is_refused(self) -> bool:
        """Whether anything of the file was refused: the file, a column or a row."""
        return (
            self.refusal is not None
            or bool(self.findings)
            or any(count.rows_quarantined for count in self.counts)
        )

    @property
    def sentences(self) -> tuple[str, ...]:
        """The delivery for a reader: first what went wrong with the file, then the counts per feed."""
        if self.refusal is not None:
            return (self.refusal,)
        if self.already is not None:
            return (f"{self.file_name} was already taken as {self.already}: nothing changed.",)
        return (
            *self.findings,
            *(
                f"{self.file_name} → {count.feed}: {count.rows_read:,} read = {count.rows_loaded:,} loaded"
                f" + {count.rows_duplicate:,} duplicate + {count.rows_quarantined:,} quarantined"
                f" + {count.rows_skipped:,} skipped"
                for count in self.counts
            ),
        )


@dataclass(frozen=True)
class CheckResult:
    """A dry run: how the file would load. `rows` holds the first rows of each feed as they would land,
    `cells` beside each the source's own cells by column; `unread` the columns of the mapping that no
    rule reads.
    """

    delivery: Delivery
    reasons: tuple[tuple[str, int], ...] = ()
    rows: dict[str, tuple[dict[str, object], ...]] = field(default_factory=dict)
    cells: dict[str, tuple[dict[str, object], ...]] = field(default_factory=dict)
    unread: tuple[str, ...] = ()
