"""The feeds `products`, `service_centers` and `orders` as polars frames, as they are known at the end."""

from __future__ import annotations

import numpy as np
import polars as pl

from pipelines.simulation.bad_lots import is_in_bad_lot
from pipelines.simulation.calendar import in_opening_hours
from pipelines.simulation.catalogue import CONDITIONS, POWER_SOURCES, Catalogue
from pipelines.simulation.centers import COUNTRIES, Centers
from pipelines.simulation.orders import CUSTOMER_TYPES, PAYMENT_METHODS
from pipelines.simulation.parameters import Array, BadLot, Columns
from pipelines.simulation.series import (
    catalogue_codes,
    customer_ids,
    exchange_orders,
    latest,
    named,
    numbers,
    order_ids,
    renewed_serial,
    serial_of,
    stamps,
)

LINE_STAMPS = ("contract", "paid", "invoice_sent", "shipped", "delivered", "cancelled")


def products_frame(catalogue: Catalogue, first_day: float) -> pl.DataFrame:
    """The feed `products`."""
    size = len(catalogue.sku)
    since = first_day - 60 + (np.arange(size) * 37 % 50) + 0.4
    return pl.DataFrame(
        {
            "sku": pl.Series(catalogue.sku.tolist(), dtype=pl.String),
            "product_name": pl.Series(catalogue.name.tolist(), dtype=pl.String),
            "family_code": named(catalogue.family, catalogue.families),
            "brand": pl.Series(catalogue.brand.tolist(), dtype=pl.String),
            "supplier_id": pl.Series(catalogue.supplier_id.tolist(), dtype=pl.String),
            "power_source": named(catalogue.power, POWER_SOURCES),
            "weight_kg": numbers(catalogue.weight_kg),
            "unit_landed_cost_eur": numbers(catalogue.landed_cost_eur, decimals=2),
            "list_price_incl_vat_eur": numbers(catalogue.list_price_incl_vat_eur, decimals=2),
            "has_french_manual": pl.Series(catalogue.has_french_manual),
            "wear_part_codes": named(np.where(catalogue.has_wear_list, 0, -1), ("W01",)),
            "updated_at": stamps(since, np.inf),
        }
    )


def service_centers_frame(centers: Centers, first_day: float) -> pl.DataFrame:
    """The feed `service_centers`."""
    size = len(centers.name)
    return pl.DataFrame(
        {
            "service_center_id": pl.Series(centers.service_center_id.tolist(), dtype=pl.String),
            "name": pl.Series(centers.name.tolist(), dtype=pl.String),
            "postal_code": pl.Series(centers.postal_code.tolist(), dtype=pl.String),
            "country_code": named(centers.country, COUNTRIES),
            "latitude": numbers(centers.latitude),
            "longitude": numbers(centers.longitude),
            "family_codes": pl.Series(centers.family_codes.tolist(), dtype=pl.String),
            "is_warranty_authorised": pl.Series(centers.is_warranty_authorised),
            "labour_rate_eur_per_hour": numbers(centers.labour_rate_eur_per_hour, decimals=2),
            "valid_from": pl.Series(centers.valid_from),
            "valid_to": pl.Series(centers.valid_to),
            "updated_at": stamps(np.full(size, first_day - 30 + 0.4), np.inf),
        }
    )


def orders_frame(
    lines: Columns,
    catalogue: Catalogue,
    bad_lots: tuple[BadLot, ...],
    places: Array,
    block_start: int,
    horizon: float,
) -> pl.DataFrame:
    """The feed `orders` of one block."""
    size = len(lines["sku"])
    postal = pl.DataFrame(
        {
            "country": lines["country"],
            "region": pl.Series(places.tolist(), dtype=pl.String)[lines["place"]],
            "rest": pl.Series(lines["postal"]).cast(pl.String).str.zfill(3),
        }
    ).select(
        pl.when(pl.col("country") == COUNTRIES.index("BE"))
        .then(pl.col("region") + pl.col("rest").str.slice(0, 2))
        .otherwise(pl.col("region") + pl.col("rest"))
    )
    line = np.arange(size)
    serial = serial_of(lines, catalogue, line, np.ones(size, dtype=np.int64), block_start)
    for number in (2, 3, 4):
        more = np.flatnonzero((lines["quantity"] >= number) & lines["has_serial"])
        if len(more):
            extra = serial_of(lines, catalogue, more, np.full(len(more), number), block_start)
            serial = serial.scatter(more, serial[more] + "|" + extra)
    lot = pl.DataFrame({"sku": catalogue_codes(catalogue, lines["sku"]), "lot": lines["lot"]}).select(
        pl.concat_str(
            pl.lit("L"), pl.col("sku").str.slice(4), pl.lit("-"), pl.col("lot").cast(pl.String).str.zfill(2)
        )
    )
    lot_code = lot.to_series()
    for bad in bad_lots:
        mine = np.flatnonzero(is_in_bad_lot(catalogue, bad, lines))
        if bad.lot_code is not None and len(mine):
            lot_code = lot_code.scatter(mine, bad.lot_code)
    alive = np.isfinite(lines["shipped"])
    sent = np.where(alive & (lines["shipped"] < horizon), 1.0, np.nan)
    invoice = pl.DataFrame(
        {"has": np.isfinite(sent) & ~lines["is_invoice_missing"], "number": lines["order_number"]}
    ).select(pl.when("has").then(pl.lit("FA") + pl.col("number").cast(pl.String).str.zfill(9)))
    times = {name: in_opening_hours(lines[name]) for name in LINE_STAMPS}
    times["delivered"] = np.where(lines["is_delivery_hidden"], np.nan, times["delivered"])
    return pl.DataFrame(
        {
            "order_id": order_ids(lines["order_number"]),
            "line_number": pl.Series(lines["line_number"]),
            "contract_at": stamps(times["contract"], horizon),
            "paid_at": stamps(times["paid"], horizon),
            "payment_method": named(lines["payment"], PAYMENT_METHODS),
            "customer_id": customer_ids(lines["customer"]),
            "customer_type": named(lines["customer_type"], CUSTOMER_TYPES),
            "country_code": named(lines["country"], COUNTRIES),
            "postal_code": postal.to_series(),
            "sku": catalogue_codes(catalogue, lines["sku"]),
            "quantity": pl.Series(lines["quantity"]),
            "unit_price_eur": numbers(lines["price"], decimals=2),
            "unit_landed_cost_eur": numbers(lines["landed_cost"], decimals=2),
            "item_condition": named(lines["condition"], CONDITIONS),
            "invoice_number": invoice.to_series(),
            "invoice_sent_at": stamps(times["invoice_sent"], horizon),
            "shipped_at": stamps(times["shipped"], horizon),
            "delivered_at": stamps(times["delivered"], horizon),
            "cancelled_at": stamps(times["cancelled"], horizon),
            "serial_numbers": serial,
            "lot_code": lot_code,
            "updated_at": stamps(latest(times, LINE_STAMPS, horizon), np.inf),
        }
    )


def exchanges_frame(
    tickets: Columns, lines: Columns, units: Columns, catalogue: Catalogue, block_start: int, horizon: float
) -> pl.DataFrame:
    """Rows of the feed `orders` that are exchanges: an order of 0.00 under which the new machine leaves."""
    mine = np.flatnonzero(tickets["books_exchange"] & (tickets["replacement_shipped"] < horizon))
    unit, line, lifetime = tickets["unit"][mine], tickets["line"][mine], tickets["lifetime"][mine] + 1
    shipped = tickets["replacement_shipped"][mine]
    times = {
        "contract": shipped, "paid": np.full(len(mine), np.nan), "invoice_sent": shipped, "shipped": shipped,
        "delivered": tickets["replacement_delivered"][mine], "cancelled": np.full(len(mine), np.nan),
    }  # fmt: skip
    order_id = exchange_orders(block_start, unit, lifetime)
    sold = serial_of(lines, catalogue, line, units["number"][unit], block_start)
    return pl.DataFrame(
        {
            "order_id": order_id,
            "line_number": pl.Series(np.ones(len(mine), dtype=np.int64)),
            "contract_at": stamps(times["contract"], horizon),
            "paid_at": stamps(times["paid"], horizon),
            "payment_method": named(np.full(len(mine), len(PAYMENT_METHODS) - 1), PAYMENT_METHODS),
            "customer_id": customer_ids(lines["customer"][line]),
            "customer_type": named(lines["customer_type"][line], CUSTOMER_TYPES),
            "country_code": named(lines["country"][line], COUNTRIES),
            "postal_code": pl.Series([None] * len(mine), dtype=pl.String),
            "sku": catalogue_codes(catalogue, lines["sku"][line]),
            "quantity": pl.Series(np.ones(len(mine), dtype=np.int64)),
            "unit_price_eur": numbers(np.zeros(len(mine)), decimals=2),
            "unit_landed_cost_eur": numbers(lines["landed_cost"][line], decimals=2),
            "item_condition": named(np.zeros(len(mine), dtype=np.int64), CONDITIONS),
            "invoice_number": "F" + order_id,
            "invoice_sent_at": stamps(times["invoice_sent"], horizon),
            "shipped_at": stamps(times["shipped"], horizon),
            "delivered_at": stamps(times["delivered"], horizon),
            "cancelled_at": stamps(times["cancelled"], horizon),
            "serial_numbers": renewed_serial(sold, lifetime, np.ones(len(mine), dtype=bool)),
            "lot_code": pl.Series([None] * len(mine), dtype=pl.String),
            "updated_at": stamps(latest(times, LINE_STAMPS, horizon), np.inf),
        }
    )
