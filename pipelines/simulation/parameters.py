"""What the simulator believes: `parameters.csv`, a scenario on top of it, and the random streams.

Every number of the simulated world lives in `parameters.csv` with its mark (measured, published, assumed);
the numbers of the policy that its retailer follows are those of the seed, under the parameter `policy`.
Code reads it by name; no module of this package holds a number of its own that describes the world.
"""

from __future__ import annotations

import csv
import datetime as dt
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import yaml

from pipelines.errors import SavoirError
from pipelines.home import DBT_DIR

PARAMETERS_FILE = Path(__file__).with_name("parameters.csv")
POLICY_FILE = DBT_DIR / "seeds" / "policy_parameters.csv"
MARKS = ("measured", "published", "assumed")

Array: TypeAlias = npt.NDArray[Any]
Columns: TypeAlias = dict[str, Array]


class ScenarioError(SavoirError):
    """A scenario file that cannot be used."""


@dataclass(frozen=True)
class BadLot:
    """One production lot whose units fail more often with one fault."""

    fault_code: str
    hazard_multiplier: float
    from_on: dt.date
    to_on: dt.date
    sku: str | None
    family_code: str | None
    lot_code: str | None
    is_best_seller_only: bool = False


@dataclass(frozen=True)
class Parameters:
    """Values by (parameter, segment), as text, and the bad lots of the scenario."""

    values: dict[tuple[str, str], str]
    bad_lots: tuple[BadLot, ...]

    def text(self, parameter: str, segment: str = "all") -> str:
        """The value as it is written."""
        try:
            return self.values[parameter, segment]
        except KeyError:
            raise ScenarioError(
                f"The simulator has no parameter {parameter!r} for {segment!r}: see {PARAMETERS_FILE.name}."
            ) from None

    def number(self, parameter: str, segment: str = "all") -> float:
        """The value as one number."""
        return float(self.text(parameter, segment))

    def numbers(self, parameter: str, segment: str = "all") -> Array:
        """The value as numbers separated by `|`."""
        return np.array([float(part) for part in self.text(parameter, segment).split("|")])

    def segments(self, parameter: str) -> list[str]:
        """The segments that a parameter has, in the file's order."""
        return [segment for name, segment in self.values if name == parameter]


def parameter_rows() -> list[dict[str, str]]:
    """The rows of `parameters.csv`: parameter, segment, value, mark, note."""
    with PARAMETERS_FILE.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def policy_numbers() -> dict[str, str]:
    """The numbers of the seed's first policy version, the one that sets them all: parameter, value."""
    with POLICY_FILE.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return {
        row["parameter"]: row["value"] for row in rows if row["policy_version"] == rows[0]["policy_version"]
    }


def parameters_for(end: dt.date, scenario: Path | None) -> Parameters:
    """The file's values, changed by the scenario where one is given."""
    values = {(row["parameter"], row["segment"]): row["value"] for row in parameter_rows()}
    values |= {("policy", parameter): value for parameter, value in policy_numbers().items()}
    if scenario is None:
        return Parameters(values, (_default_bad_lot(values, end),))
    content = _scenario_content(scenario)
    for name, segments in (content.get("parameters") or {}).items():
        for segment, value in (segments if isinstance(segments, dict) else {"all": segments}).items():
            if (name, str(segment)) not in values:
                raise ScenarioError(
                    f"{scenario}: there is no parameter {name!r} for {segment!r}. "
                    f"The names are in {PARAMETERS_FILE.name}."
                )
            values[name, str(segment)] = "|".join(map(str, value)) if isinstance(value, list) else str(value)
    if "bad_lots" not in content:
        return Parameters(values, (_default_bad_lot(values, end),))
    lots = [_bad_lot(scenario, number, row) for number, row in enumerate(content["bad_lots"] or [], start=1)]
    return Parameters(values, tuple(lots))


def _scenario_content(scenario: Path) -> dict[str, Any]:
    try:
        content = yaml.safe_load(scenario.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ScenarioError(f"The scenario {scenario} cannot be read: {error}") from error
    if not isinstance(content, dict) or not content.keys() <= {"bad_lots", "parameters"}:
        raise ScenarioError(
            f"The scenario {scenario} must hold `bad_lots` and/or `parameters`, nothing else."
        )
    return content


def _bad_lot(scenario: Path, number: int, row: Any) -> BadLot:
    known = {"sku", "family_code", "fault_code", "lot_code", "hazard_multiplier", "from", "to"}
    if not isinstance(row, dict) or not row.keys() <= known:
        raise ScenarioError(f"{scenario}: bad lot {number} may hold only {', '.join(sorted(known))}.")
    missing = {"fault_code", "hazard_multiplier", "from", "to"} - row.keys()
    if missing or ("sku" in row) == ("family_code" in row):
        raise ScenarioError(
            f"{scenario}: bad lot {number} needs fault_code, hazard_multiplier, from, to, and one of sku and "
            f"family_code."
        )
    first, last = row["from"], row["to"]
    if not isinstance(first, dt.date) or not isinstance(last, dt.date) or last < first:
        raise ScenarioError(f"{scenario}: bad lot {number} needs dates from <= to, not {first} and {last}.")
    if not isinstance(row["hazard_multiplier"], int | float) or row["hazard_multiplier"] < 1:
        raise ScenarioError(
            f"{scenario}: bad lot {number} has hazard_multiplier {row['hazard_multiplier']!r}: use 1 or more."
        )
    return BadLot(
        fault_code=str(row["fault_code"]),
        hazard_multiplier=float(row["hazard_multiplier"]),
        from_on=first,
        to_on=last,
        sku=row.get("sku"),
        family_code=row.get("family_code"),
        lot_code=row.get("lot_code"),
    )


def _default_bad_lot(values: dict[tuple[str, str], str], end: dt.date) -> BadLot:
    first, last = (int(part) for part in values["bad_lot", "months_before_end"].split("|"))
    month = np.datetime64(end, "M")
    return BadLot(
        fault_code=values["bad_lot", "fault_code"],
        hazard_multiplier=float(values["bad_lot", "hazard_multiplier"]),
        from_on=(month - first).astype("datetime64[D]").item(),
        to_on=(month - last).astype("datetime64[D]").item(),
        sku=None,
        family_code=values["bad_lot", "family_code"],
        lot_code=None,
        is_best_seller_only=True,
    )


def stream(seed: int, block: int, stage: int) -> np.random.Generator:
    """The random numbers of one stage of one block. The same whatever ran before, beside or after."""
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence(seed, spawn_key=(block, stage))))


def picked(rng: np.random.Generator, size: int, shares: Array) -> Array:
    """Indices drawn with the given shares."""
    edges = np.cumsum(shares / np.sum(shares))
    return np.minimum(np.searchsorted(edges, rng.random(size), side="right"), len(shares) - 1)


def between(rng: np.random.Generator, size: int, low: Array | float, high: Array | float) -> Array:
    """Uniform numbers."""
    return low + (high - low) * rng.random(size)


def lognormal(rng: np.random.Generator, size: int, median: Array | float, sigma: float) -> Array:
    """Lognormal numbers by median and sigma of the log."""
    return median * np.exp(sigma * rng.standard_normal(size))
