"""Order lines of one block, and the units on them. A pure function of the seed and the block's number."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import numpy as np

from pipelines.simulation.calendar import day_number, day_profile
from pipelines.simulation.catalogue import Catalogue
from pipelines.simulation.centers import COUNTRIES, Places
from pipelines.simulation.parameters import Array, Columns, Parameters, lognormal, picked, stream

BLOCK_LINES = 50_000
"""Order lines per block: the unit of randomness and of memory. Changing it changes the simulated world."""

PAYMENT_METHODS = ("paypal", "card", "transfer", "instalment", "cash_on_delivery", "other")
CUSTOMER_TYPES = ("consumer", "professional", "unknown")


@dataclass(frozen=True)
class Market:
    """When and what is sold: tables that every block reads."""

    first_day: int
    horizon: int
    """The first midnight after the end: nothing at or after it is known."""
    day_cumulative: Array
    """Share of all orders placed before each day of the window."""
    family_cumulative: Array
    """month of year × family: cumulative share."""
    sku_first: Array
    sku_cumulative: Array
    place_cumulative: Array
    places: Places
    repeat_customers: int
    lines: int


def market_for(
    parameters: Parameters, catalogue: Catalogue, where: Places, lines: int, end: dt.date
) -> Market:
    """The market of one run."""
    months = int(parameters.number("window_months"))
    horizon = day_number(end) + 1
    first_day = int((np.datetime64(end, "M") - months + 1).astype("datetime64[D]").astype(np.int64))
    shares = np.array([parameters.number("family_sales_share", code) for code in catalogue.families])
    season = [parameters.text("sales_season", code) for code in catalogue.families]
    index = np.array([parameters.numbers("sales_month_index", name) for name in season]).T
    mix = index / index.mean(axis=0) * shares
    days = np.arange(first_day, horizon)
    growth = (1 + parameters.number("yearly_growth")) ** ((days - first_day) / 365.25)
    weight = day_profile(mix.sum(axis=1), first_day, horizon - 1) * growth
    by_country = parameters.numbers("country_mix")
    country_weight = np.array([where.weight[where.country == row].sum() for row in range(len(COUNTRIES))])
    place = where.weight / country_weight[where.country] * by_country[where.country]
    starts = np.searchsorted(catalogue.family, np.arange(len(catalogue.families) + 1))
    totals = np.add.reduceat(catalogue.popularity, starts[:-1])
    inside = np.cumsum(catalogue.popularity / totals[catalogue.family])
    return Market(
        first_day=first_day,
        horizon=horizon,
        day_cumulative=np.concatenate([[0.0], np.cumsum(weight) / weight.sum()]),
        family_cumulative=np.cumsum(mix / mix.sum(axis=1, keepdims=True), axis=1),
        sku_first=starts,
        sku_cumulative=inside,
        place_cumulative=np.cumsum(place / place.sum()),
        places=where,
        repeat_customers=max(50, lines // 12),
        lines=lines,
    )


def order_lines(
    parameters: Parameters, catalogue: Catalogue, market: Market, seed: int, block: int
) -> Columns:
    """One element per order line of the block, in order of contract."""
    rng = stream(seed, block, 0)
    first = block * BLOCK_LINES
    size = min(BLOCK_LINES, market.lines - first)
    order, line_number = _orders_of_lines(parameters, rng, size)
    orders = int(order[-1]) + 1
    # Stratified over the whole run, so that blocks follow each other in time.
    quantile = (first + np.sort(rng.random(orders)) * size) / market.lines
    when = np.interp(
        quantile, market.day_cumulative, np.arange(len(market.day_cumulative)) + float(market.first_day)
    )
    hour = 7 + 15.4 * rng.beta(2.2, 1.6, orders)
    contract_order = np.floor(when) + hour / 24
    contract_order = contract_order[np.argsort(contract_order, kind="stable")]
    customer, is_one_time = _customers(parameters, market, rng, orders, first)
    country, place, postal, customer_type = _addresses(parameters, market, seed, customer)
    professional_share = parameters.number("professional_share")
    unknown_share = parameters.number("unknown_type_share")
    kind = np.where(customer_type < professional_share, 1, 0)
    kind = np.where(customer_type > 1 - unknown_share, 2, kind)

    contract = contract_order[order]
    sku = _skus(catalogue, market, rng, contract, order, line_number)
    quantity = 1 + picked(rng, size, parameters.numbers("quantity_mix"))
    condition = picked(rng, size, parameters.numbers("item_condition_mix"))
    discount = parameters.number("discount_share") * rng.random(size)
    price = catalogue.list_price_incl_vat_eur[sku] / (1 + parameters.number("vat_share")) * (1 - discount)
    price = np.round(price * np.array([1.0, 0.8, 0.65])[condition], 2)
    paypal = rng.random(orders) < parameters.number("paypal_order_share")
    payment = np.where(paypal, 0, 1 + picked(rng, orders, parameters.numbers("payment_mix", "other")))
    paid = contract_order + np.where(
        payment == 2, 0.5 + 2.5 * rng.random(orders), 0.001 + 0.02 * rng.random(orders)
    )
    shipped = (paid + 0.4 + 2.6 * rng.random(orders) ** 2)[order]
    medians = np.array([parameters.number("delivery_days", code) for code in COUNTRIES])[country[order]]
    lag = lognormal(rng, size, medians, parameters.number("delivery_spread"))
    is_hidden = rng.random(size) < parameters.number("missing_delivered_share")
    # Where the feed will not say when, the truth is the median: what a reader must assume is then right.
    delivered = shipped + np.where(is_hidden, medians, np.maximum(lag, 0.7))
    cancelled = rng.random(size) < parameters.number("cancelled_share")
    # Without serials a second unit of the line could not be told apart from the first.
    has_serial = (rng.random(size) >= parameters.number("no_serial_share")) | (quantity > 1)
    lot_days = int(parameters.number("lot_days"))
    lot = (
        np.floor(contract).astype(np.int64) - market.first_day + 2 * lot_days - catalogue.lot_offset_days[sku]
    )
    return {
        "order_number": first + order,
        "line_number": line_number,
        "contract": contract,
        "paid": paid[order],
        "payment": payment[order],
        "customer": customer[order],
        "is_one_time": is_one_time[order],
        "customer_type": kind[order],
        "country": country[order],
        "place": place[order],
        "postal": postal[order],
        "sku": sku,
        "quantity": quantity,
        "price": price,
        "landed_cost": catalogue.landed_cost_eur[sku],
        "condition": condition,
        "shipped": np.where(cancelled, np.nan, shipped),
        "delivered": np.where(cancelled, np.nan, delivered),
        "is_delivery_hidden": is_hidden,
        "cancelled": np.where(cancelled, contract + 0.05 + 0.9 * rng.random(size), np.nan),
        "invoice_sent": np.where(cancelled, np.nan, shipped + 0.02 + 0.3 * rng.random(size)),
        "has_serial": has_serial,
        "lot": lot // lot_days,
        "first_unit": np.cumsum(quantity) - quantity,
    }


def units_of(lines: Columns) -> Columns:
    """One element per delivered unit: its line and its number on the line."""
    alive = np.flatnonzero(np.isfinite(lines["delivered"]))
    quantity = lines["quantity"][alive]
    line = np.repeat(alive, quantity)
    start = np.repeat(np.cumsum(quantity) - quantity, quantity)
    return {"line": line, "number": np.arange(len(line)) - start + 1}


def _orders_of_lines(parameters: Parameters, rng: np.random.Generator, size: int) -> tuple[Array, Array]:
    sizes = 1 + picked(rng, size, parameters.numbers("order_size_mix"))
    ends = np.cumsum(sizes)
    needed = int(np.searchsorted(ends, size)) + 1
    order = np.repeat(np.arange(needed), sizes[:needed])[:size]
    start = np.concatenate([[0], ends[: needed - 1]])
    return order, np.arange(size) - start[order] + 1


def _customers(
    parameters: Parameters, market: Market, rng: np.random.Generator, orders: int, first: int
) -> tuple[Array, Array]:
    is_one_time = rng.random(orders) >= parameters.number("repeat_customer_share")
    again = rng.integers(0, market.repeat_customers, orders)
    once = market.repeat_customers + first + np.arange(orders)
    return np.where(is_one_time, once, again), is_one_time


def _hashed(seed: int, customer: Array, salt: int) -> Array:
    """A uniform number that belongs to the customer, whatever block asks (splitmix64)."""
    mask = np.uint64(0xFFFFFFFFFFFFFFFF)
    start = np.uint64((seed * 0x9E3779B97F4A7C15 + salt * 0xD1B54A32D192ED03) & int(mask))
    with np.errstate(over="ignore"):
        z = customer.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15) + start
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        z = z ^ (z >> np.uint64(31))
    return (z >> np.uint64(11)).astype(np.float64) / 2.0**53


def _addresses(
    parameters: Parameters, market: Market, seed: int, customer: Array
) -> tuple[Array, Array, Array, Array]:
    """Country, place, the rest of the postal code and a uniform number for the type, by customer."""
    last = len(market.place_cumulative) - 1
    place = np.searchsorted(market.place_cumulative, _hashed(seed, customer, 1), side="right")
    place = np.minimum(place, last)
    postal = np.floor(_hashed(seed, customer, 2) * 99).astype(np.int64) * 10
    return market.places.country[place], place, postal, _hashed(seed, customer, 3)


def _skus(
    catalogue: Catalogue,
    market: Market,
    rng: np.random.Generator,
    contract: Array,
    order: Array,
    line_number: Array,
) -> Array:
    month = np.floor(contract).astype("datetime64[D]").astype("datetime64[M]").astype(np.int64) % 12
    draw = rng.random(len(contract))
    family = (market.family_cumulative[month] < draw[:, None]).sum(axis=1)
    family = np.minimum(family, len(catalogue.families) - 1)
    sku = np.searchsorted(market.sku_cumulative, family + rng.random(len(contract)), side="right")
    sku = np.clip(sku, market.sku_first[family], market.sku_first[family + 1] - 1)
    # One order never holds a sku twice: a claim on it would concern either line.
    for gap in (1, 2):
        twin = (line_number > gap) & (sku == np.roll(sku, gap)) & (order == np.roll(order, gap))
        sku = np.where(twin, (sku + gap) % len(catalogue.sku), sku)
    return sku
