"""What things are called in a report: codes, faults, products, signals, the files beside it.

Belongs here: names and the catalogue of texts. Does not belong here: any figure, the order of a report.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from pipelines.home import PROJECT_DIR
from pipelines.queries import formats
from pipelines.queries.words import catalogue, code_label, say
from pipelines.reports.blocks import Column

CATALOGUE = Path(__file__).with_name("texts.yml")
# French of what the published file says in English: the pages' own.
SENTENCES = PROJECT_DIR / "dashboards" / "sentences.yml"
# A count beside what was expected of it: the columns of `against_expected`.
AGAINST_EXPECTED = ("observed", "expected", "ratio", "ratio_low", "ratio_high")


@dataclass(frozen=True)
class Names:
    """How things are called in one language."""

    language: str
    faults: Mapping[str, str]
    products: Mapping[str, str]

    def t(self, key: str, /, **values: object) -> str:
        """A text of the report."""
        return say(CATALOGUE, key, self.language, **values)

    @property
    def colon(self) -> str:
        """French sets a blank before it."""
        return "\u00a0:" if self.language == "fr" else ":"

    def code(self, value: str | None) -> str:
        """The label of a code."""
        return code_label(value, self.language)

    def fault(self, code: str | None) -> str:
        """Code and name of a fault."""
        if code is None:
            return formats.UNKNOWN
        return f"{code} · {self.faults[code]}" if code in self.faults else code

    def product(self, sku: str | None) -> str:
        """Code and name of a product."""
        if sku is None:
            return formats.UNKNOWN
        return f"{sku} {self.products[sku]}" if self.products.get(sku) else sku

    def sentence(self, text: str | None) -> str:
        """What the published file says in English, in the report's language where it is translated."""
        known = catalogue(SENTENCES) if self.language == "fr" else {}
        return str(known.get(text or "", text or ""))

    def node(self, signal: Mapping[str, Any]) -> str:
        """What a signal is about, in a line."""
        parts = [self.product(signal["sku"]) if signal.get("sku") else self.code(signal.get("family_code"))]
        if signal.get("lot_code"):
            parts.append(self.t("lot_is", code=signal["lot_code"]))
        if signal.get("supplier_id"):
            parts.append(self.t("supplier_is", code=signal["supplier_id"]))
        if signal.get("service_center_id"):
            parts.append(self.t("centre_is", code=signal["service_center_id"]))
        if (month := signal.get("delivery_month")) is not None:
            shown = formats.month(month, self.language) if isinstance(month, date) else month
            parts.append(self.t("delivered_in", month=shown))
        parts.append(self.fault(signal["fault_code"]) if signal.get("fault_code") else self.t("any_fault"))
        return ", ".join(str(part) for part in parts)


def slug_of(signal: Mapping[str, Any]) -> str:
    """A file name for a signal: readable, and of its own, whatever characters its codes have."""
    parts = [part_of(signal), signal["fault_code"] or "any"]
    plain = re.sub(r"[^A-Za-z0-9]+", "-", "-".join(str(part) for part in parts)).strip("-")[:40]
    return f"{plain or 'signal'}-{hashlib.sha256(signal['signal_id'].encode()).hexdigest()[:6]}"


def part_of(signal: Mapping[str, Any]) -> str:
    """What tells a signal best in one word: its lot, else product, supplier, family."""
    keys = ("lot_code", "sku", "supplier_id", "service_center_id", "family_code")
    return next((str(signal[key]) for key in keys if signal[key]), "signal")


def limits(names: Names) -> list[Column]:
    """The columns of a 95 % interval."""
    return [Column(names.t("low"), "decimal", 9), Column(names.t("high"), "decimal", 9)]


def against_expected(names: Names) -> list[Column]:
    """The columns of first claims, of what like units lead one to expect, and of how many times that is."""
    t = names.t
    return [
        Column(t("observed"), "integer", 10),
        Column(t("expected"), "decimal", 10),
        Column(t("ratio"), "decimal", 10),
        *limits(names),
    ]
