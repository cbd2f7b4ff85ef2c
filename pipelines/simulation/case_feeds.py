"""The feeds `tickets` and `repairs` as polars frames, as they are known at the end."""

from __future__ import annotations

import numpy as np
import polars as pl

from pipelines.simulation.breaches import CODE
from pipelines.simulation.catalogue import Catalogue
from pipelines.simulation.centers import Centers
from pipelines.simulation.claims import CATEGORIES, CHANNELS, PAYPAL_OUTCOMES, REMEDIES
from pipelines.simulation.decisions import GRADES, OUTCOMES
from pipelines.simulation.parameters import Columns, Parameters
from pipelines.simulation.series import (
    as_typed,
    booleans,
    catalogue_codes,
    chosen,
    counts,
    customer_ids,
    days_of,
    exchange_orders,
    latest,
    named,
    numbers,
    order_ids,
    renewed_serial,
    serial_of,
    stamps,
    ticket_ids,
)
from pipelines.simulation.workshop import COVERAGES, REPAIR_OUTCOMES, RESOLUTION_OF

TICKET_STAMPS = (
    "requested", "replied", "remote_shown", "withdrawal", "paypal_opened", "paypal_closed", "reason_sent",
    "replacement_shipped", "replacement_delivered", "refunded", "closed",
)  # fmt: skip
REPAIR_STAMPS = (
    "picked_up", "received", "diagnosed", "quoted", "quote_accepted", "repaired", "returned",
    "replacement_shipped", "refunded",
)  # fmt: skip


def tickets_frame(
    tickets: Columns,
    lines: Columns,
    units: Columns,
    catalogue: Catalogue,
    parameters: Parameters,
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
        (by_line & (rng.random(size) < parameters.number("ticket_share", "serial_given")))
        | (link == 1)
        | (by_line & (lines["quantity"][line] > 1))
    )
    shown = tickets | {
        "remote_shown": np.where(
            tickets["is_attempted"] & (breach != CODE["VR10"]), tickets["remote"], np.nan
        )
    }
    sold = serial_of(lines, catalogue, line, units["number"][tickets["unit"]], block_start)
    lifetime = tickets["lifetime"]
    share = parameters.number("serial_variant_share")
    serial = as_typed(renewed_serial(sold, lifetime, tickets["shows_new_serial"]), rng, share)
    is_sent = tickets["replacement_shipped"] < horizon
    names_serial = tickets["names_new_serial"] & is_sent
    books = tickets["books_exchange"] & is_sent
    order = chosen(
        tickets["is_by_exchange_order"],
        exchange_orders(block_start, tickets["unit"], lifetime),
        order_ids(lines["order_number"][line]),
    )
    line_number = np.where(tickets["is_by_exchange_order"], 1, lines["line_number"][line])
    refunded = tickets["refunded"] < horizon
    rejected = tickets["is_rejected"] & is_closed
    overturned = rejected & (tickets["is_overturned"])
    unused_known = tickets["is_unused"] | (
        rng.random(size) < parameters.number("ticket_share", "unused_known")
    )
    is_fault = tickets["fault"] >= 0
    score = np.clip(np.round(4.1 - 1.6 * tickets["is_rejected"] + 0.9 * rng.standard_normal(size)), 1, 5)
    score = np.where(
        is_closed & (rng.random(size) < parameters.number("ticket_share", "score_known")), score, np.nan
    )
    resolutions = tuple(RESOLUTION_OF[name] for name in OUTCOMES)
    customer = customer_ids(lines["customer"][line])
    nothing = pl.Series([None] * size, dtype=pl.String)
    return pl.DataFrame(
        {
            "ticket_id": ticket_ids(block_start, size),
            "customer_id": chosen(link != 3, customer, nothing),
            "order_id": chosen(by_line, order, nothing),
            "line_number": counts(line_number, by_line),
            "sku": catalogue_codes(catalogue, tickets["sku"]),
            "serial_number": chosen(gives_serial, serial, nothing),
            "quantity": pl.Series(tickets["quantity"]),
            "channel": named(tickets["channel"], CHANNELS),
            "requested_at": stamps(tickets["requested"], horizon),
            "first_replied_at": stamps(tickets["replied"], horizon),
            "closed_at": stamps(tickets["closed"], horizon),
            "assignee_id": named(
                np.where(breach == CODE["VR01"], -1, tickets["assignee"]),
                tuple(f"OP{n:02d}" for n in range(int(parameters.number("operators")) + 1)),
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
            "resolution": named(tickets["acted"], resolutions, is_closed),
            "written_reason_sent_at": stamps(tickets["reason_sent"], horizon),
            "replacement_shipped_at": stamps(tickets["replacement_shipped"], horizon),
            "replacement_delivered_at": stamps(tickets["replacement_delivered"], horizon),
            "replacement_serial_number": chosen(
                names_serial, renewed_serial(sold, lifetime + 1, names_serial), nothing
            ),
            "replacement_order_id": chosen(
                books, exchange_orders(block_start, tickets["unit"], lifetime + 1), nothing
            ),
            "refunded_at": stamps(tickets["refunded"], horizon),
            "refunded_amount_eur": numbers(tickets["refund"], refunded, decimals=2),
            "is_overturned": booleans(overturned, rejected),
            "satisfaction_score": counts(score),
            "updated_at": stamps(latest(shown, TICKET_STAMPS, horizon), np.inf),
        }
    )


def repairs_frame(
    tickets: Columns,
    ticket_id: pl.Series,
    lines: Columns,
    units: Columns,
    catalogue: Catalogue,
    centers: Centers,
    notes: dict[str, pl.Series],
    parameters: Parameters,
    rng: np.random.Generator,
    block_start: int,
    horizon: float,
) -> pl.DataFrame:
    """The feed `repairs` of the given tickets, all of which have a repair order."""
    line = tickets["line"]
    breach = tickets["breach"]
    diagnosed = tickets["diagnosed"] < horizon
    stays = tickets["stays"]
    over = np.where(stays, tickets["closed"], tickets["returned"]) < horizon
    done = np.where(stays, over, tickets["repaired"] < horizon)
    unrecorded = breach == CODE["VR09"]
    quoted = tickets["quoted"] < horizon
    nothing = pl.Series([None] * len(line), dtype=pl.String)
    sold = serial_of(lines, catalogue, line, units["number"][tickets["unit"]], block_start)
    serial = renewed_serial(sold, tickets["lifetime"], tickets["shows_new_serial"])
    shown = tickets | {"handled": np.where(stays, tickets["closed"], np.nan)}
    return pl.DataFrame(
        {
            "repair_id": ticket_id.str.replace("T", "R"),
            "ticket_id": chosen(~unrecorded, ticket_id, nothing),
            "sku": catalogue_codes(catalogue, tickets["sku"]),
            "family_code": named(catalogue.family[tickets["sku"]], catalogue.families),
            "serial_number": as_typed(serial, rng, parameters.number("serial_variant_share")),
            "service_center_id": pl.Series(centers.service_center_id.tolist(), dtype=pl.String)[
                tickets["center"]
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
            "labour_cost_eur": pl.Series([None] * len(line), dtype=pl.Float64),
            "parts_cost_eur": numbers(tickets["work_parts"], done, decimals=2),
            "diagnosis_cost_eur": numbers(tickets["diagnosis_eur"], diagnosed, decimals=2),
            "inbound_cost_eur": numbers(tickets["inbound_eur"], decimals=2),
            "outbound_cost_eur": numbers(np.where(stays, 0.0, tickets["outbound_eur"]), over, decimals=2),
            "quoted_total_eur": numbers(tickets["quote_bill"], quoted, decimals=2),
            "coverage": named(tickets["coverage"], COVERAGES, diagnosed | over),
            "customer_charge_eur": numbers(tickets["charge"], over, decimals=2),
            "outcome": named(tickets["repair_outcome"], REPAIR_OUTCOMES, over),
            "resale_proceeds_eur": numbers(tickets["resale"], over, decimals=2),
            "technician_notes": chosen(diagnosed, notes["technician_notes"], nothing),
            "updated_at": stamps(latest(shown, (*REPAIR_STAMPS, "handled"), horizon), np.inf),
        }
    )
