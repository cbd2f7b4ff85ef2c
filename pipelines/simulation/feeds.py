"""The five feeds as polars frames, in canonical form, as they are known at the end of the window."""

from __future__ import annotations

import numpy as np
import polars as pl

from pipelines.simulation.breaches import CODE
from pipelines.simulation.calendar import dates, in_opening_hours
from pipelines.simulation.catalogue import CONDITIONS, POWER_SOURCES, Catalogue, bad_lot_skus
from pipelines.simulation.centres import COUNTRIES, Centres
from pipelines.simulation.claims import CATEGORIES, CHANNELS, PAYPAL_OUTCOMES, REMEDIES
from pipelines.simulation.decisions import GRADES, OUTCOMES
from pipelines.simulation.orders import CUSTOMER_TYPES, PAYMENT_METHODS
from pipelines.simulation.parameters import Array, BadLot, Columns
from pipelines.simulation.waves import is_in_bad_lot
from pipelines.simulation.workshop import COVERAGES, REPAIR_OUTCOMES, RESOLUTION_OF

LINE_STAMPS = ("contract", "paid", "invoice_sent", "shipped", "delivered", "cancelled")


def stamps(days: Array, horizon: float) -> pl.Series:
    """Whole seconds of Paris time; null where it did not happen before the horizon."""
    known = np.isfinite(days) & (days < horizon)
    seconds = np.where(known, np.floor(np.where(known, days, 0) * 86400), 0).astype(np.int64)
    values = (seconds * 1_000_000).view("datetime64[us]").copy()
    values[~known] = np.datetime64("NaT")
    return pl.Series(values)


def days_of(values: Array, visible: Array | None = None) -> pl.Series:
    """Civil dates; null where unknown."""
    shown = values if visible is None else np.where(visible, values, np.nan)
    return pl.Series(dates(shown))


def named(codes: Array, names: tuple[str, ...], visible: Array | None = None) -> pl.Series:
    """The names of the codes; null for -1 or where not visible."""
    index = np.where(codes < 0, len(names), codes)
    if visible is not None:
        index = np.where(visible, index, len(names))
    return pl.Series([*names, None], dtype=pl.String)[index]


def numbers(values: Array, visible: Array | None = None, decimals: int | None = None) -> pl.Series:
    """Numbers; null for NaN or where not visible. With decimals, as an amount."""
    shown = values.astype(np.float64) if visible is None else np.where(visible, values, np.nan)
    series = pl.Series(shown).fill_nan(None)
    return series if decimals is None else series.round(decimals).cast(pl.Decimal(18, decimals))


def counts(values: Array, visible: Array | None = None) -> pl.Series:
    """Whole numbers; null for NaN or where not visible."""
    return numbers(values, visible).cast(pl.Int64)


def booleans(values: Array, visible: Array) -> pl.Series:
    """true and false; null where not visible."""
    return pl.select(pl.when(pl.Series(visible)).then(pl.Series(values))).to_series()


def latest(columns: Columns, names: tuple[str, ...], horizon: float) -> Array:
    """The last of the times that lie before the horizon, and a little: when the row last changed."""
    table = np.array([np.where(columns[name] < horizon, columns[name], np.nan) for name in names])
    last = np.nanmax(np.where(np.isfinite(table), table, -np.inf), axis=0)
    return np.minimum(in_opening_hours(last + 0.004) + 0.001, horizon - 0.001)


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


def service_centers_frame(centres: Centres, first_day: float) -> pl.DataFrame:
    """The feed `service_centers`."""
    size = len(centres.name)
    return pl.DataFrame(
        {
            "service_center_id": pl.Series(centres.service_center_id.tolist(), dtype=pl.String),
            "name": pl.Series(centres.name.tolist(), dtype=pl.String),
            "postal_code": pl.Series(centres.postal_code.tolist(), dtype=pl.String),
            "country_code": named(centres.country, COUNTRIES),
            "latitude": numbers(centres.latitude),
            "longitude": numbers(centres.longitude),
            "family_codes": pl.Series(centres.family_codes.tolist(), dtype=pl.String),
            "is_warranty_authorised": pl.Series(centres.is_warranty_authorised),
            "labour_rate_eur_per_hour": numbers(centres.labour_rate_eur_per_hour, decimals=2),
            "valid_from": pl.Series(centres.valid_from),
            "valid_to": pl.Series(centres.valid_to),
            "updated_at": stamps(np.full(size, first_day - 30 + 0.4), np.inf),
        }
    )


def order_ids(order_number: Array) -> pl.Series:
    """Keys of orders."""
    return _keyed("CMD", order_number)


def serial_of(
    lines: Columns, catalogue: Catalogue, line: Array, number: Array, block_start: int
) -> pl.Series:
    """Serial numbers of units: by sku, then by line of the run and unit on the line; null where there is none."""
    has = lines["has_serial"][line]
    frame = pl.DataFrame(
        {
            "sku": catalogue_codes(catalogue, lines["sku"][line]),
            "line": block_start + line,
            "number": number,
            "has": has,
        }
    )
    return frame.select(
        pl.when("has").then(
            pl.concat_str(
                pl.lit("SN"),
                pl.col("sku").str.slice(4),
                pl.lit("-"),
                pl.col("line").cast(pl.String).str.zfill(8),
                pl.col("number").cast(pl.String),
            )
        )
    ).to_series()


def catalogue_codes(catalogue: Catalogue, sku: Array) -> pl.Series:
    """The sku of each index."""
    return pl.Series(catalogue.sku.tolist(), dtype=pl.String)[sku]


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


def customer_ids(customer: Array) -> pl.Series:
    """Opaque keys of customers."""
    return _keyed("C", customer)


def _keyed(prefix: str, number: Array) -> pl.Series:
    frame = pl.DataFrame({"n": number})
    return frame.select(pl.lit(prefix) + pl.col("n").cast(pl.String).str.zfill(9)).to_series()


TICKET_STAMPS = (
    "requested", "replied", "remote_shown", "withdrawal", "paypal_opened", "paypal_closed", "reason_sent",
    "replacement_shipped", "replacement_delivered", "refunded", "closed",
)  # fmt: skip
REPAIR_STAMPS = (
    "picked_up", "received", "diagnosed", "quoted", "quote_accepted", "repaired", "returned", "replacement_shipped",
    "refunded",
)  # fmt: skip


def tickets_frame(
    tickets: Columns,
    lines: Columns,
    units: Columns,
    catalogue: Catalogue,
    texts: dict[str, pl.Series],
    rng: np.random.Generator,
    block_start: int,
    horizon: float,
) -> pl.DataFrame:
    """The feed `tickets` of one block, unrecorded cases (VR09) included: the caller leaves them out."""
    size = len(tickets["unit"])
    line, link, breach = tickets["line"], tickets["link"], tickets["breach"]
    is_closed = tickets["closed"] < horizon
    by_line = link == 0
    gives_serial = (
        (by_line & (rng.random(size) < 0.7)) | (link == 1) | (by_line & (lines["quantity"][line] > 1))
    )
    shown = tickets | {
        "remote_shown": np.where(
            tickets["is_attempted"] & (breach != CODE["VR10"]), tickets["remote"], np.nan
        )
    }
    serial = serial_of(lines, catalogue, line, units["number"][tickets["unit"]], block_start)
    refunded = tickets["refunded"] < horizon
    rejected = tickets["is_rejected"] & is_closed
    overturned = rejected & (tickets["is_overturned"])
    unused_known = tickets["is_unused"] | (rng.random(size) < 0.6)
    is_fault = tickets["fault"] >= 0
    score = np.clip(np.round(4.1 - 1.6 * tickets["is_rejected"] + 0.9 * rng.standard_normal(size)), 1, 5)
    score = np.where(is_closed & (rng.random(size) < 0.4), score, np.nan)
    resolutions = tuple(RESOLUTION_OF[name] for name in OUTCOMES)
    customer = customer_ids(lines["customer"][line])
    nothing = pl.Series([None] * size, dtype=pl.String)
    return pl.DataFrame(
        {
            "ticket_id": ticket_ids(block_start, size),
            "customer_id": _where(link != 3, customer, nothing),
            "order_id": _where(by_line, order_ids(lines["order_number"][line]), nothing),
            "line_number": counts(lines["line_number"][line], by_line),
            "sku": catalogue_codes(catalogue, tickets["sku"]),
            "serial_number": _where(gives_serial, serial, nothing),
            "quantity": pl.Series(tickets["quantity"]),
            "channel": named(tickets["channel"], CHANNELS),
            "requested_at": stamps(tickets["requested"], horizon),
            "first_replied_at": stamps(tickets["replied"], horizon),
            "closed_at": stamps(tickets["closed"], horizon),
            "assignee_id": named(
                np.where(breach == CODE["VR01"], -1, tickets["assignee"]),
                tuple(f"OP{n:02d}" for n in range(30)),
            ),
            "category": named(tickets["category"], CATEGORIES),
            "description": texts["description"],
            "language_code": texts["language_code"],
            "defect_appeared_on": days_of(tickets["appeared"], tickets["is_appearance_known"] & is_fault),
            "is_unused": booleans(tickets["is_unused"], unused_known & is_fault),
            "engine_hours": numbers(tickets["engine_hours"]),
            "remote_attempted_at": stamps(shown["remote_shown"], horizon),
            "is_remote_resolved": booleans(
                tickets["is_remote_resolved"], is_closed & np.isfinite(shown["remote_shown"])
            ),
            "requested_remedy": named(tickets["remedy"], REMEDIES),
            "withdrawal_requested_at": stamps(tickets["withdrawal"], horizon),
            "is_safety_issue": booleans(tickets["is_safety"], is_fault),
            "paypal_case_opened_at": stamps(tickets["paypal_opened"], horizon),
            "paypal_case_closed_at": stamps(tickets["paypal_closed"], horizon),
            "paypal_case_outcome": named(
                tickets["paypal_outcome"], PAYPAL_OUTCOMES, tickets["paypal_closed"] < horizon
            ),
            "resolution": _null_of(named(tickets["acted"], resolutions, is_closed)),
            "written_reason_sent_at": stamps(tickets["reason_sent"], horizon),
            "replacement_shipped_at": stamps(tickets["replacement_shipped"], horizon),
            "replacement_delivered_at": stamps(tickets["replacement_delivered"], horizon),
            "refunded_at": stamps(tickets["refunded"], horizon),
            "refunded_amount_eur": numbers(tickets["refund"], refunded, decimals=2),
            "is_overturned": booleans(overturned, rejected),
            "satisfaction_score": counts(score),
            "updated_at": stamps(latest(shown, TICKET_STAMPS, horizon), np.inf),
        }
    )


def ticket_ids(block_start: int, size: int) -> pl.Series:
    """Keys of a block's tickets, in order of request."""
    # A block has fewer tickets than three times its lines.
    return _keyed("T", 3 * block_start + np.arange(size))


def repairs_frame(
    tickets: Columns,
    ticket_id: pl.Series,
    lines: Columns,
    units: Columns,
    catalogue: Catalogue,
    centres: Centres,
    notes: dict[str, pl.Series],
    block_start: int,
    horizon: float,
) -> pl.DataFrame:
    """The feed `repairs` of the given tickets, all of which have a repair order."""
    line = tickets["line"]
    breach = tickets["breach"]
    diagnosed = tickets["diagnosed"] < horizon
    stays = np.isfinite(tickets["resale"])
    over = np.where(stays, tickets["closed"], tickets["returned"]) < horizon
    done = np.where(stays, over, tickets["repaired"] < horizon)
    unrecorded = breach == CODE["VR09"]
    quoted = tickets["quoted"] < horizon
    nothing = pl.Series([None] * len(line), dtype=pl.String)
    shown = tickets | {"handled": np.where(stays, tickets["closed"], np.nan)}
    return pl.DataFrame(
        {
            "repair_id": ticket_id.str.replace("T", "R"),
            "ticket_id": _where(~unrecorded, ticket_id, nothing),
            "sku": catalogue_codes(catalogue, tickets["sku"]),
            "family_code": named(catalogue.family[tickets["sku"]], catalogue.families),
            "serial_number": serial_of(lines, catalogue, line, units["number"][tickets["unit"]], block_start),
            "service_center_id": pl.Series(centres.service_center_id.tolist(), dtype=pl.String)[
                tickets["centre"]
            ],
            "picked_up_at": stamps(tickets["picked_up"], horizon),
            "received_at": stamps(tickets["received"], horizon),
            "diagnosed_at": stamps(tickets["diagnosed"], horizon),
            "quoted_at": stamps(tickets["quoted"], horizon),
            "quote_accepted_at": stamps(tickets["quote_accepted"], horizon),
            "repaired_at": stamps(tickets["repaired"], horizon),
            "returned_at": stamps(tickets["returned"], horizon),
            "fault_code": named(tickets["recorded"], catalogue.faults.codes, diagnosed),
            "evidence_grade": named(tickets["grade"], GRADES, diagnosed),
            "is_repairable": booleans(tickets["is_repairable"], diagnosed),
            "labour_minutes": counts(tickets["work_minutes"], done),
            "labour_rate_eur_per_hour": numbers(tickets["labour_rate"], diagnosed, decimals=2),
            "parts_cost_eur": numbers(tickets["work_parts"], done, decimals=2),
            "diagnosis_cost_eur": numbers(tickets["diagnosis_eur"], diagnosed, decimals=2),
            "inbound_cost_eur": numbers(tickets["inbound_eur"], decimals=2),
            "outbound_cost_eur": numbers(np.where(stays, 0.0, tickets["outbound_eur"]), over, decimals=2),
            "quoted_total_eur": numbers(tickets["quote_bill"], quoted, decimals=2),
            "coverage": named(tickets["coverage"], COVERAGES, diagnosed | over),
            "customer_charge_eur": numbers(tickets["charge"], over, decimals=2),
            "outcome": named(tickets["repair_outcome"], REPAIR_OUTCOMES, over),
            "resale_proceeds_eur": numbers(tickets["resale"], over, decimals=2),
            "technician_notes": _where(diagnosed, notes["technician_notes"], nothing),
            "updated_at": stamps(latest(shown, (*REPAIR_STAMPS, "handled"), horizon), np.inf),
        }
    )


def _where(condition: Array, yes: pl.Series, no: pl.Series) -> pl.Series:
    return pl.select(pl.when(pl.Series(condition)).then(yes).otherwise(no)).to_series()


def _null_of(series: pl.Series) -> pl.Series:
    return series.rename("resolution")


def bad_lot_rows(catalogue: Catalogue, lots: tuple[BadLot, ...]) -> pl.DataFrame:
    """The planted bad lots: one row per lot and sku."""
    return pl.DataFrame(
        [
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
        ],
        schema={
            "sku": pl.String, "family_code": pl.String, "fault_code": pl.String, "lot_code": pl.String,
            "hazard_multiplier": pl.Float64, "from_on": pl.Date, "to_on": pl.Date,
        },
    )  # fmt: skip
