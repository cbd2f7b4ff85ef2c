"""One block of order lines with all that follows from it, as frames: a function of scene and number alone."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from pipelines.simulation import case_feeds, sales_feeds, truth
from pipelines.simulation.breaches import CODE, order_line_breaches
from pipelines.simulation.orders import BLOCK_LINES, order_lines, units_of
from pipelines.simulation.parameters import Array, Columns, stream
from pipelines.simulation.scene import Scene
from pipelines.simulation.texts import descriptions, technician_notes
from pipelines.simulation.waves import cases_of_block

STOPPABLE = ("orders", "tickets", "repairs")
"""Feeds that a scenario can let stop before the end."""


@dataclass(frozen=True)
class Block:
    """One block as frames: the feeds and its share of the truth."""

    feeds: dict[str, pl.DataFrame]
    truth: dict[str, pl.DataFrame]
    units_by_month: Array
    breach_counts: dict[str, tuple[int, int]]


def block_of(scene: Scene, number: int) -> Block:
    """One block: a pure function of the scene and the block's number."""
    world, seed, horizon = scene.world, scene.seed, scene.horizon
    parameters, catalogue, market = world.parameters, world.catalogue, world.market
    lines = order_lines(parameters, catalogue, market, seed, number)
    lines |= order_line_breaches(world, stream(seed, number, 4), lines, horizon)
    units = units_of(lines)
    cases = cases_of_block(scene, lines, units, number)
    tickets = cases.tickets
    start = number * BLOCK_LINES
    rng = stream(seed, number, 6)
    tickets["is_overturned"] = rng.random(len(tickets["unit"])) < parameters.number("overturned_share")
    country = lines["country"][tickets["line"]]
    words = descriptions(world, stream(seed, number, 7), tickets, country)
    until = {feed: horizon - parameters.number("feed_stop_days", feed) for feed in STOPPABLE}
    ticket_frame = case_feeds.tickets_frame(
        tickets, lines, units, catalogue, parameters, words, rng, start, until["tickets"]
    )
    ticket_id = ticket_frame["ticket_id"]
    mine = np.flatnonzero(tickets["has_repair"] & (tickets["received"] < until["repairs"]))
    repaired = {name: values[mine] for name, values in tickets.items()}
    notes = technician_notes(world, stream(seed, number, 8), repaired["recorded"])
    repairs = case_feeds.repairs_frame(
        repaired, ticket_id[mine], lines, units, catalogue, scene.centers, notes, parameters,
        stream(seed, number, 9), start, until["repairs"],
    )  # fmt: skip
    # A case without a trace (VR09), or after the feed of tickets stopped, is in no row of it.
    recorded = pl.Series((tickets["breach"] != CODE["VR09"]) & (tickets["requested"] < until["tickets"]))
    sales = sales_feeds.orders_frame(
        lines, catalogue, scene.bad_lots, market.places.region_code, start, until["orders"]
    ).filter(pl.Series(lines["contract"] < until["orders"]))
    exchanges = sales_feeds.exchanges_frame(tickets, lines, units, catalogue, start, until["orders"])
    orders = pl.concat([sales, exchanges.cast(dict(sales.schema))])
    return Block(
        feeds={"orders": orders, "tickets": ticket_frame.filter(recorded), "repairs": repairs},
        truth={
            "tickets": truth.tickets_truth(tickets, ticket_id, lines, units, catalogue, start, horizon),
            "breaches": truth.breaches_truth(tickets, ticket_id, lines, parameters, horizon),
            "texts": _text_pieces(ticket_frame, words, recorded, repairs, notes),
        },
        units_by_month=_units_by_month(scene, lines, units),
        breach_counts=cases.breach_counts | _invoice_counts(lines),
    )


def _units_by_month(scene: Scene, lines: Columns, units: Columns) -> Array:
    """[sku, month since the window began]: new units that entered service before the end, bad lots aside."""
    market = scene.world.market
    delivered = lines["delivered"][units["line"]]
    first = np.datetime64(market.first_day, "D").astype("datetime64[M]").astype(np.int64)
    month = np.floor(delivered).astype("datetime64[D]").astype("datetime64[M]").astype(np.int64) - first
    length = int(scene.world.parameters.number("window_months")) + 2
    seen = delivered < scene.horizon
    table = np.zeros((len(scene.world.catalogue.sku), length), dtype=np.int64)
    np.add.at(table, (lines["sku"][units["line"]][seen], np.minimum(month[seen], length - 1)), 1)
    return table


def _invoice_counts(lines: Columns) -> dict[str, tuple[int, int]]:
    shipped = int(np.isfinite(lines["shipped"]).sum())
    return {
        "VR02": (shipped, int(lines["is_invoice_missing"].sum())),
        "VR04": (shipped, int(lines["is_invoice_late"].sum())),
    }


def _text_pieces(
    tickets: pl.DataFrame,
    words: dict[str, pl.Series],
    recorded: pl.Series,
    repairs: pl.DataFrame,
    notes: dict[str, pl.Series],
) -> pl.DataFrame:
    visible = repairs["technician_notes"].is_not_null()
    parts = [
        pl.DataFrame(
            {"feed": "tickets", "key": tickets["ticket_id"], "kind": words["kind"], "value": words["value"]}
        ).filter(recorded),
        pl.DataFrame(
            {"feed": "repairs", "key": repairs["repair_id"], "kind": notes["kind"], "value": notes["value"]}
        ).filter(visible),
    ]
    return pl.concat(parts).filter(pl.col("kind").is_not_null())
