"""What a part of the proof saw. Does not belong here: any part."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field


@dataclass
class Tally:
    """What one part of the proof saw; `failures` names each case that broke the law."""

    name: str
    cases: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)
    child_peak_mb: int = 0
    slowest_small_seconds: float = 0.0
    seconds: float = 0.0

    def line(self) -> str:
        """One row for people."""
        told = ", ".join(f"{count:,} {name}" for name, count in sorted(self.outcomes.items()))
        more = f"; child at most {self.child_peak_mb} MB" if self.child_peak_mb else ""
        if self.slowest_small_seconds:
            more += f"; slowest file under 1 MB {self.slowest_small_seconds:.1f} s"
        return (
            f"{self.name:10}{self.cases:>7,} cases {len(self.failures):>4,} failures "
            f"{self.seconds:>7.0f} s  ({told}{more})"
        )
