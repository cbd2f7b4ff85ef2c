"""The rows of `misuse_centers`: is a workshop stricter than the others with like cases?

Belongs here: the level shared by the centres, the status. Does not belong here: which cases are alike (SQL
made the strata), the exact distribution (`pipelines.reliability`).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import polars as pl

from pipelines.reliability import GroupCount, group_count

STRATUM = ("family_code", "is_unused", "age_band", "channel")
TWICE = 2.0
NUMBERS = (
    *("shrunken_ratio", "odds_ratio", "odds_ratio_low", "odds_ratio_high"),
    *("limit_low_95", "limit_high_95", "limit_low", "limit_high", "power_at_twice"),
)
SCHEMA = pl.Schema(
    {"service_center_id": pl.String()} | dict.fromkeys(NUMBERS, pl.Float64()) | {"status": pl.String()}
)


def center_rows(cases: pl.DataFrame, declared: Callable[[str], float]) -> pl.DataFrame:
    """One row per centre. cases: service_center_id, the stratum's columns, diagnosed, misuse_verdicts."""
    if cases.is_empty():
        return pl.DataFrame(schema=SCHEMA)
    strata = cases.with_columns(
        total=pl.col("diagnosed").sum().over(STRATUM), events=pl.col("misuse_verdicts").sum().over(STRATUM)
    )
    counts: dict[str, tuple[GroupCount, int]] = {}
    for (centre,), mine in strata.sort("service_center_id", *STRATUM).group_by(
        "service_center_id", maintain_order=True
    ):
        columns = (mine[name].to_numpy() for name in ("diagnosed", "events", "total"))
        counts[str(centre)] = (group_count(*columns), int(mine["misuse_verdicts"].sum()))
    least = declared("minimum_expected_misuse")
    enough = [centre for centre, (count, _) in counts.items() if count.mean >= least]
    # Which centres are compared does not depend on their verdicts, given the strata's margins.
    tail = declared("center_false_alarm_share") / max(len(enough), 1)
    spread = _spread([counts[centre] for centre in enough])
    rows = [_row(centre, *counts[centre], centre in enough, tail, spread) for centre in counts]
    return pl.DataFrame(rows, schema=SCHEMA).with_columns(
        pl.when(pl.col(name).is_finite()).then(pl.col(name)) for name in NUMBERS
    )


def _row(
    centre: str, count: GroupCount, seen: int, is_enough: bool, tail: float, spread: float
) -> dict[str, object]:
    mean = count.mean
    low, high = count.limits(tail)
    inner_low, inner_high = count.limits(0.025)
    estimate, odds_low, odds_high = count.odds_ratio(seen, tail)
    own = spread / (spread + count.variance / mean**2) if spread and mean else 0.0
    out: dict[str, object] = {
        "service_center_id": centre,
        "shrunken_ratio": 1 + (seen / mean - 1) * own if mean else np.nan,
        "odds_ratio": estimate,
        "odds_ratio_low": odds_low,
        "odds_ratio_high": odds_high,
    }
    limits = {"limit_low_95": inner_low, "limit_high_95": inner_high, "limit_low": low, "limit_high": high}
    out |= {name: value / mean if mean else np.nan for name, value in limits.items()}
    status = "high" if seen > high else "low" if seen < low else "in_line"
    return out | {
        "power_at_twice": count.power(TWICE, tail),
        "status": status if is_enough else "too_few",
    }


def _spread(counts: list[tuple[GroupCount, int]]) -> float:
    """Squared spread of the centres' ratios beyond chance (method of moments)."""
    beyond = sum((seen - count.mean) ** 2 - count.variance for count, seen in counts)
    squared = sum(count.mean**2 for count, _ in counts)
    return max(0.0, beyond / squared) if squared else 0.0
