"""What needs a decision: a few sentences with their numbers, each with the page and view that prove it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import polars as pl

from pipelines.queries import audit, claims, emerging, forecasts, freshness, misuse, products
from pipelines.queries.scopes import EVERYTHING
from pipelines.queries.snapshot import Snapshot

# Products told one by one; the others are counted.
MOST_PRODUCTS = 3
MOST_ALERTS = 3
TOLD = (
    *("sku", "product_name", "family_code", "units", "rate", "low", "high", "family_rate"),
    *("cost_over_margin", "units_under_warranty"),
)


@dataclass(frozen=True)
class Decision:
    """One sentence: its text's key, its numbers, where it leads. `is_urgent` stands before the others."""

    key: str
    page: str
    values: dict[str, Any] = field(default_factory=dict)
    parameters: dict[str, str] = field(default_factory=dict)
    is_urgent: bool = False


def decisions(snapshot: Snapshot) -> list[Decision]:
    """Urgent ones first, in the order in which they are dealt with. Empty where nothing needs one."""
    found = [
        *_emerging(snapshot),
        *_stopped(snapshot),
        *_deadlines(snapshot),
        *_products(snapshot),
        *_centers(snapshot),
        *_audit(snapshot),
        *_reserve(snapshot),
    ]
    return sorted(found, key=lambda each: not each.is_urgent)


def _emerging(snapshot: Snapshot) -> list[Decision]:
    found = emerging.alerts(snapshot, EVERYTHING).filter(
        (pl.col("status") != "closed") & (pl.col("method") != "coding")
    )
    names = ("observed", "expected", "units_under_warranty", "cost_at_risk_eur")
    told = [
        Decision(
            "decide_alert",
            "emerging",
            {"signal": row, **{name: row[name] for name in names}},
            {"signal": row["signal_id"]},
            is_urgent=True,
        )
        for row in found.head(MOST_ALERTS).iter_rows(named=True)
    ]
    if found.height > MOST_ALERTS:
        told.append(Decision("decide_alerts", "emerging", {"n": found.height, "told": MOST_ALERTS}, {}, True))
    return told


def _stopped(snapshot: Snapshot) -> list[Decision]:
    return [
        Decision(
            f"decide_feed_{row['state']}",
            "health",
            {"feed": row["feed"], "days": row["days_quiet"], "day": row["last_event_on"]},
            is_urgent=row["state"] == "stopped",
        )
        for row in freshness.feeds(snapshot).iter_rows(named=True)
        if row["state"] in ("quiet", "stopped")
    ]


def _deadlines(snapshot: Snapshot) -> list[Decision]:
    counts = claims.urgency(claims.open_claims(snapshot, EVERYTHING))
    if not counts["overdue"] + counts["due_soon"]:
        return []
    return [Decision("decide_deadlines", "worklist", dict(counts), is_urgent=counts["overdue"] > 0)]


def _products(snapshot: Snapshot) -> list[Decision]:
    past = products.ranked(snapshot, EVERYTHING).filter("is_past_family")
    told = [
        Decision(
            "decide_product" if row["cost_over_margin"] is not None else "decide_product_without_margin",
            "products",
            {name: row[name] for name in TOLD},
            {"sku": row["sku"]},
        )
        for row in past.head(MOST_PRODUCTS).iter_rows(named=True)
    ]
    if past.height > MOST_PRODUCTS:
        told.append(Decision("decide_products", "products", {"n": past.height}))
    return told


def _centers(snapshot: Snapshot) -> list[Decision]:
    high = misuse.centers(snapshot).filter(pl.col("status") == "high")
    if high.is_empty():
        return []
    row = high.row(0, named=True)
    names = ("misuse_verdicts", "expected_misuse", "diagnosed")
    values = {"n": high.height, "centre": row["name"] or row["service_center_id"]}
    return [
        Decision(
            "decide_centres" if high.height > 1 else "decide_centres_one",
            "misuse",
            values | {name: row[name] for name in names},
            {"centre": row["service_center_id"]},
        )
    ]


def _audit(snapshot: Snapshot) -> list[Decision]:
    found = audit.headline(snapshot, EVERYTHING)
    if not found["findings"].events:
        return []
    values = {"findings": found["findings"].value, "amount": found["amount_at_risk"].value}
    return [Decision("decide_audit", "audit", values | {"statutory": found["statutory_findings"].events})]


def _reserve(snapshot: Snapshot) -> list[Decision]:
    months = forecasts.outlook(snapshot, EVERYTHING)
    if months.is_empty() or months["cumulative_cost_eur"][-1] is None:
        return []
    row = months.row(-1, named=True)
    names = ("cumulative_claims", "cumulative_cost_eur", "cumulative_cost_low", "cumulative_cost_high")
    return [Decision("decide_reserve", "forecast", {name: row[name] for name in names})]
