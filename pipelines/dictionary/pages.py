"""Writes the data dictionary: one HTML file, complete without a network."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jinja2

from pipelines.dictionary.tables import LAYERS, tables_of
from pipelines.errors import SavoirError

FILE = "index.html"
TITLES = {
    "marts": "Public tables",
    "meta": "About the build and the data",
    "intermediate": "Intermediate layer (private)",
    "staging": "Staging (private)",
    "seeds": "Rules, rates and codes (seeds)",
    "sources": "Sources",
}


class DictionaryNotWrittenError(SavoirError):
    """The dictionary found no place on disk."""


def write_dictionary(manifest: Mapping[str, Any], folder: Path) -> Path:
    """The dictionary of a dbt manifest as `index.html` in `folder`; returns the file."""
    path = folder / FILE
    part = folder / f".{FILE}.part"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        part.write_text(dictionary_html(manifest), encoding="utf-8")
        part.replace(path)
    except OSError as error:
        raise DictionaryNotWrittenError(
            f"The data dictionary cannot be written to {path} ({error.strerror}). "
            "Name another folder with --out."
        ) from error
    return path.resolve()


def dictionary_html(manifest: Mapping[str, Any]) -> str:
    """The whole page."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("pipelines.dictionary"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    tables = tables_of(manifest)
    return environment.get_template("dictionary.html.j2").render(
        layers=[(layer, TITLES[layer], [each for each in tables if each.layer == layer]) for layer in LAYERS],
        known={table.anchor: table.name for table in tables},
        glossary=sorted(
            (doc["name"].replace("_", " "), doc["block_contents"])
            for doc in manifest["docs"].values()
            if doc["package_name"] == "savoir"
        ),
    )
