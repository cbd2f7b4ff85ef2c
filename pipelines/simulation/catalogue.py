"""What the retailer sells: families, products, suppliers, lots, and which faults a machine can have.

Names are built from invented words. A product's true need of help is drawn here, once per seed.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pipelines.simulation.parameters import Array, BadLot, Parameters, between, lognormal, picked, stream

CATALOGUE_BLOCK = 1_000_000_000  # spawn key of what is drawn once per run, not per block of orders
POWER_SOURCES = ("petrol_2t", "petrol_4t", "diesel", "mains", "battery", "manual")
CONDITIONS = ("new", "refurbished", "used")
BRANDS = (
    "Verdalia", "Tornabel", "Hexaterre", "Brumeval", "Kerlune", "Ardenor", "Sylvatek", "Prélande", "Gravelin",
    "Ostrevent", "Mirabosc", "Fauchelune", "Terrazur", "Granvelle", "Boisclair Outillage", "Novasarcle",
)  # fmt: skip
FRENCH_NAMES = {
    "push_mower": "Tondeuse poussée", "self_propelled_mower": "Tondeuse autotractée",
    "lawn_tractor": "Tracteur tondeuse", "rider": "Autoportée", "chainsaw": "Tronçonneuse",
    "brush_cutter": "Débroussailleuse", "hedge_trimmer": "Taille-haie",
    "leaf_blower": "Souffleur de feuilles",
    "pressure_washer": "Nettoyeur haute pression", "tiller": "Motobineuse", "generator": "Groupe électrogène",
    "log_splitter": "Fendeur de bûches", "battery_hand_tool": "Sécateur à batterie",
    "garden_shredder": "Broyeur de végétaux",
}  # fmt: skip
FRENCH_POWER = {
    "petrol_2t": "thermique 2 temps", "petrol_4t": "thermique 4 temps", "diesel": "diesel",
    "mains": "électrique 230 V", "battery": "à batterie 40 V", "manual": "manuel",
}  # fmt: skip
GROUPS = {
    "petrol_2t": ("petrol", "engine"),
    "petrol_4t": ("petrol", "engine"),
    "diesel": ("engine",),
    "mains": ("electric",),
    "battery": ("electric",),
    "manual": (),
}


@dataclass(frozen=True)
class FaultTable:
    """For each product class (family × power source): which faults of each kind, and how often."""

    codes: tuple[str, ...]
    kinds: dict[str, Array]
    """kind -> cumulative share, one row per class, one column per code"""
    irreparable: Array
    parts_share: Array
    labour_minutes: Array


@dataclass(frozen=True)
class Catalogue:
    """One array element per sku."""

    families: tuple[str, ...]
    sku: Array
    name: Array
    brand: Array
    supplier_id: Array
    family: Array
    power: Array
    product_class: Array
    use_season: Array
    weight_kg: Array
    list_price_incl_vat_eur: Array
    landed_cost_eur: Array
    has_french_manual: Array
    has_wear_list: Array
    need_24m: Array
    lot_offset_days: Array
    popularity: Array
    class_misuse_share: Array
    faults: FaultTable

    def best_seller(self, family_code: str) -> int:
        """Index of the family's most popular sku."""
        mine = np.flatnonzero(self.family == self.families.index(family_code))
        return int(mine[np.argmax(self.popularity[mine])])


def sku_count(parameters: Parameters, lines: int) -> int:
    """How many skus a catalogue for so many order lines has."""
    least, most = parameters.numbers("sku_count")
    return int(np.clip(lines // parameters.number("lines_per_sku"), least, most))


def catalogue_for(
    parameters: Parameters, lines: int, seed: int, seasons: tuple[str, ...], weight_bounds_kg: set[float]
) -> Catalogue:
    """The products of one run. None weighs exactly what a price list's class ends with."""
    rng = stream(seed, CATALOGUE_BLOCK, 0)
    families = tuple(parameters.segments("family_sales_share"))
    shares = np.array([parameters.number("family_sales_share", family) for family in families])
    size = max(sku_count(parameters, lines), len(families))
    rest = picked(rng, size - len(families), shares)
    family = np.sort(np.concatenate([np.arange(len(families)), rest]))
    power = _power_sources(parameters, rng, families, family)
    within = np.arange(size) - np.searchsorted(family, family)
    popularity = (within + 1.0) ** -parameters.number("sku_popularity_exponent")

    price_low, price_high = _by_family(parameters, "list_price_incl_vat_eur", families, family)
    price = np.round(price_low * (price_high / price_low) ** rng.random(size)) - 0.10
    position = np.log(price / price_low) / np.log(price_high / price_low)
    weight_low, weight_high = _by_family(parameters, "weight_kg", families, family)
    weight = np.round(weight_low + (weight_high - weight_low) * np.clip(position, 0, 1), 1)
    weight = np.where(np.isin(weight, list(weight_bounds_kg)), weight + 0.1, weight)
    landed = between(rng, size, *parameters.numbers("landed_cost_share")) * price
    landed = np.round(landed / (1 + parameters.number("vat_share")), 2)

    supplier_least, supplier_most = parameters.numbers("supplier_count")
    suppliers = int(np.clip(size // 12, supplier_least, supplier_most))
    supplier = rng.integers(0, suppliers, size)
    supplier_need = lognormal(rng, suppliers, 1.0, parameters.number("supplier_need_spread"))
    own_need = lognormal(rng, size, 1.0, parameters.number("sku_need_spread"))
    family_need = np.array([parameters.number("cum_24m_repair_need", code) for code in families])
    need = np.clip(family_need[family] * supplier_need[supplier] * own_need, 0.01, 0.6)

    product_class = family * len(POWER_SOURCES) + power
    brand = rng.integers(0, len(BRANDS), size)
    model = rng.integers(100, 990, size) // 5 * 5
    letters = "ABCDEFGHJKLMNPRSTVX"
    sku = np.array([f"SKU-{row + 1:05d}" for row in range(size)], dtype=object)
    name = np.array(
        [
            f"{FRENCH_NAMES.get(families[f], families[f])} {FRENCH_POWER[POWER_SOURCES[p]]} "
            f"{BRANDS[b]} {letters[m % len(letters)]}{letters[(m // 7) % len(letters)]} {m}"
            for f, p, b, m in zip(family, power, brand, model, strict=True)
        ],
        dtype=object,
    )
    season_names = [parameters.text("use_season", code) for code in families]
    return Catalogue(
        families=families,
        sku=sku,
        name=name,
        brand=np.array([BRANDS[b] for b in brand], dtype=object),
        supplier_id=np.array([f"SUP{s + 1:03d}" for s in supplier], dtype=object),
        family=family,
        power=power,
        product_class=product_class,
        use_season=np.array([seasons.index(season_name) for season_name in season_names])[family],
        weight_kg=weight,
        list_price_incl_vat_eur=price,
        landed_cost_eur=landed,
        has_french_manual=rng.random(size) >= parameters.number("no_french_manual_share"),
        has_wear_list=rng.random(size) >= parameters.number("no_wear_list_share"),
        need_24m=need,
        lot_offset_days=rng.integers(0, int(parameters.number("lot_days")), size),
        popularity=popularity,
        class_misuse_share=_class_misuse_shares(parameters, families),
        faults=_fault_table(parameters, families),
    )


def bad_lot_skus(catalogue: Catalogue, lot: BadLot) -> Array:
    """Indices of the skus that a bad lot concerns."""
    if lot.sku is not None:
        return np.flatnonzero(catalogue.sku == lot.sku)
    if lot.family_code not in catalogue.families:
        return np.array([], dtype=np.int64)
    if lot.is_best_seller_only:
        return np.array([catalogue.best_seller(lot.family_code)])
    return np.flatnonzero(catalogue.family == catalogue.families.index(lot.family_code))


def class_tags(families: tuple[str, ...], product_class: int) -> set[str]:
    """What a class is called in `fault_tags`: its family, its power source, its groups, and all."""
    family, power = divmod(product_class, len(POWER_SOURCES))
    source = POWER_SOURCES[power]
    return {families[family], source, *GROUPS[source], "all"}


def _by_family(
    parameters: Parameters, name: str, families: tuple[str, ...], family: Array
) -> tuple[Array, Array]:
    table = np.array([parameters.numbers(name, code) for code in families])
    return table[family, 0], table[family, 1]


def _power_sources(
    parameters: Parameters, rng: np.random.Generator, families: tuple[str, ...], family: Array
) -> Array:
    power = np.empty(len(family), dtype=np.int64)
    for row, code in enumerate(families):
        parts = [part.split(":") for part in parameters.text("power_mix", code).split("|")]
        mine = family == row
        chosen = picked(rng, int(mine.sum()), np.array([float(share) for _, share in parts]))
        power[mine] = np.array([POWER_SOURCES.index(source) for source, _ in parts])[chosen]
    return power


def _class_misuse_shares(parameters: Parameters, families: tuple[str, ...]) -> Array:
    own = set(parameters.segments("misuse_share"))
    shares = []
    for family in families:
        for source in POWER_SOURCES:
            segment = family if family in own else source if source in own else "electric"
            shares.append(parameters.number("misuse_share", segment))
    return np.array(shares)


def _fault_table(parameters: Parameters, families: tuple[str, ...]) -> FaultTable:
    codes = tuple(parameters.segments("fault_share"))
    share = np.array([parameters.number("fault_share", code) for code in codes])
    allowed = [set(parameters.text("fault_tags", code).split("|")) for code in codes]
    classes = len(families) * len(POWER_SOURCES)
    fits = np.array([[bool(class_tags(families, row) & tags) for tags in allowed] for row in range(classes)])
    kind_of = np.array([fault_kind(code) for code in codes])
    kinds = {}
    for kind in ("defect", "misuse", "wear", "no_fault", "transit"):
        weights = fits * share * (kind_of == kind)
        kinds[kind] = np.cumsum(weights / weights.sum(axis=1, keepdims=True), axis=1)
    return FaultTable(
        codes=codes,
        kinds=kinds,
        irreparable=np.array([parameters.number("irreparable_share", code) for code in codes]),
        parts_share=np.array([parameters.number("parts_share_of_price", code) for code in codes]),
        labour_minutes=np.array([parameters.number("labour_minutes", code) for code in codes]),
    )


def fault_kind(code: str) -> str:
    """The kind that a fault code belongs to."""
    if code == "D12":
        return "transit"
    return {"M": "misuse", "D": "defect", "W": "wear", "N": "no_fault"}[code[0]]
