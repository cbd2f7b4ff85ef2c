"""Where machines are repaired: service centres, their habits, and which of them is near a customer.

A centre is near a region (French department, first two digits abroad) when it lies in it or within the
policy's distance of its centroid. Centres are placed so that no centroid is close to that distance.
"""

from __future__ import annotations

import csv
import datetime as dt
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pipelines.home import DBT_DIR
from pipelines.simulation.calendar import day_number
from pipelines.simulation.catalogue import CATALOGUE_BLOCK
from pipelines.simulation.parameters import Array, Parameters, between, stream

PLACES_FILE = Path(__file__).with_name("places.csv")
CENTROIDS_FILE = DBT_DIR / "seeds" / "department_centroids.csv"
COUNTRIES = ("FR", "BE", "DE", "IT", "ES")
EARTH_RADIUS_KM = 6371.0
ELECTRIC_ONLY = ("hedge_trimmer", "leaf_blower", "pressure_washer", "battery_hand_tool", "chainsaw")


@dataclass(frozen=True)
class Places:
    """One array element per region: where customers live."""

    country: Array
    region_code: Array
    latitude: Array
    longitude: Array
    weight: Array


@dataclass(frozen=True)
class Centers:
    """One array element per service centre; `near[region, family]` is the centre that serves it, or -1."""

    service_center_id: Array
    name: Array
    postal_code: Array
    country: Array
    latitude: Array
    longitude: Array
    family_codes: Array
    is_warranty_authorised: Array
    labour_rate_eur_per_hour: Array
    valid_from: Array
    valid_to: Array
    strictness: Array
    speed: Array
    price: Array
    near: Array
    fallback: int
    unauthorised: Array


def places() -> Places:
    """The regions of `places.csv`; French departments lie where the seed of centroids puts them."""
    with PLACES_FILE.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    with CENTROIDS_FILE.open(encoding="utf-8", newline="") as file:
        centroids = {row["department_code"]: row for row in csv.DictReader(file)}
    at = [centroids[row["region_code"]] if row["country_code"] == "FR" else row for row in rows]
    return Places(
        country=np.array([COUNTRIES.index(row["country_code"]) for row in rows]),
        region_code=np.array([row["region_code"] for row in rows], dtype=object),
        latitude=np.array([float(row["latitude"]) for row in at]),
        longitude=np.array([float(row["longitude"]) for row in at]),
        weight=np.array([float(row["weight"]) for row in rows]),
    )


def distance_km(lat_a: Array, lon_a: Array, lat_b: Array, lon_b: Array) -> Array:
    """Great-circle distance (haversine)."""
    a, b = np.radians(lat_a), np.radians(lat_b)
    half = (
        np.sin((b - a) / 2) ** 2
        + np.cos(a) * np.cos(b) * np.sin(np.radians(np.asarray(lon_b) - lon_a) / 2) ** 2
    )
    return 2 * EARTH_RADIUS_KM * np.arcsin(np.sqrt(half))


def centers_for(
    parameters: Parameters, seed: int, where: Places, families: tuple[str, ...], first_on: dt.date
) -> Centers:
    """The service centres of one run. The first is the retailer's own workshop, competent for everything."""
    rng = stream(seed, CATALOGUE_BLOCK, 1)
    regions = _center_regions(parameters, where)
    size = len(regions)
    # Full competence first: a region that only a specialist serves has no centre for the other families.
    is_specialist = (np.arange(size) >= size * 3 // 4) & (where.country[regions] == 0)
    specialist = tuple(code for code in families if code in ELECTRIC_ONLY)
    strict = rng.random(size) < parameters.number("strict_center_share")
    strict[1] = True
    ordinary_rate, strict_rate = parameters.numbers("center_strict_share")
    latitude = where.latitude[regions] + between(rng, size, -0.01, 0.01)
    longitude = where.longitude[regions] + between(rng, size, -0.01, 0.01)

    near = np.full((len(where.country), len(families)), -1)
    for center, region in reversed(list(enumerate(regions))):
        reach = distance_km(latitude[center], longitude[center], where.latitude, where.longitude)
        covered = (where.country == 0) & (where.country[region] == 0)
        covered &= reach <= parameters.number("policy", "center_radius_km")
        covered[region] = True
        served = [row for row, code in enumerate(families) if not is_specialist[center] or code in specialist]
        near[np.ix_(np.flatnonzero(covered), np.array(served))] = center

    # Two unauthorised centres and one whose agreement ended sit beside an authorised one and never decide.
    extra = [regions[1], regions[2], regions[3]]
    everything = np.array([*regions, *extra])
    total = len(everything)
    names = [f"Atelier SAV {where.region_code[r]}-{n + 1:02d}" for n, r in enumerate(everything)]
    names[0] = "Atelier central"
    low, high = parameters.numbers("labour_rate_eur_per_hour")
    ended = np.full(total, np.datetime64("NaT", "D"))
    ended[-1] = np.datetime64(day_number(first_on) + 500, "D")
    return Centers(
        service_center_id=np.array([f"SC{n + 1:03d}" for n in range(total)], dtype=object),
        name=np.array(names, dtype=object),
        postal_code=np.array(
            [_postal_code(COUNTRIES[where.country[r]], where.region_code[r], 100) for r in everything],
            dtype=object,
        ),
        country=where.country[everything],
        latitude=np.round(np.concatenate([latitude, where.latitude[extra]]), 4),
        longitude=np.round(np.concatenate([longitude, where.longitude[extra]]), 4),
        family_codes=np.array(
            ["|".join(specialist if n < size and is_specialist[n] else families) for n in range(total)],
            dtype=object,
        ),
        is_warranty_authorised=np.array([n not in (size, size + 1) for n in range(total)]),
        labour_rate_eur_per_hour=np.round(between(rng, total, low, high)),
        valid_from=np.full(total, np.datetime64(day_number(first_on) - 400, "D")),
        valid_to=ended,
        strictness=np.concatenate([np.where(strict, strict_rate, ordinary_rate), np.zeros(3)]),
        speed=between(rng, total, *parameters.numbers("center_speed")),
        price=between(rng, total, *parameters.numbers("center_price")),
        near=near,
        fallback=0,
        unauthorised=np.array([size, size + 1]),
    )


def _postal_code(country: str, region: str, number: int) -> str:
    return f"{region}{number:02d}"[:4] if country == "BE" else f"{region}{number:03d}"


def _center_regions(parameters: Parameters, where: Places) -> list[int]:
    """Regions with a centre: large French departments that leave nobody at the edge; one each abroad."""
    gap_low, gap_high = parameters.numbers("near_gap_km")
    wanted = int(parameters.number("center_count", "FR"))
    french = np.flatnonzero(where.country == 0)
    chosen: list[int] = []
    for region in french[np.argsort(-where.weight[french], kind="stable")]:
        reach = distance_km(
            where.latitude[region], where.longitude[region], where.latitude[french], where.longitude[french]
        )
        if not np.any((reach > gap_low) & (reach < gap_high)):
            chosen.append(int(region))
        if len(chosen) == wanted:
            break
    return chosen + [int(np.flatnonzero(where.country == row)[0]) for row in range(1, len(COUNTRIES))]
