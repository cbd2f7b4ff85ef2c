"""The tables of the dbt project as readers need them: grain, columns, measures, lineage, readers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pipelines.dictionary.reads import page_reads, pages, tables_read

# What is public first; within a layer by name.
LAYERS = ("marts", "meta", "intermediate", "staging", "seeds", "sources")
OTHER_READERS = {
    "defect reports": ("pipelines.delivery.reports", "report_of"),
    "savoir replay": ("pipelines.replay", "replay_file"),
}


@dataclass(frozen=True)
class Column:
    """One column; no type where the contract is not enforced."""

    name: str
    data_type: str
    description: str


@dataclass(frozen=True)
class Table:
    """One table. `grain` is the first sentence of its description, `promises` what each build checks."""

    layer: str
    name: str
    grain: str
    rest: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    measures: tuple[Mapping[str, Any], ...]
    promises: tuple[str, ...]
    made_from: tuple[str, ...]
    goes_into: tuple[str, ...]
    read_by: tuple[str, ...]

    @property
    def anchor(self) -> str:
        """Its place on the page."""
        return f"{self.layer}-{self.name}"


def tables_of(manifest: Mapping[str, Any]) -> list[Table]:
    """Every model, seed and source, in the order of the layers."""
    nodes = {
        key: node
        for key, node in {**manifest["nodes"], **manifest["sources"]}.items()
        if node["resource_type"] in ("model", "seed", "source")
    }
    names = {key: _name(node) for key, node in nodes.items()}
    layers = {key: _layer(node) for key, node in nodes.items()}
    children: dict[str, set[str]] = {key: set() for key in nodes}
    for key, node in nodes.items():
        for parent in node.get("depends_on", {}).get("nodes", ()):
            children[parent].add(key)
    tests = list(_tests(manifest))
    readers = _readers()
    found = []
    for key, node in nodes.items():
        grain, _, rest = " ".join(node["description"].split()).partition(". ")
        label = names[key] if layers[key] != "meta" else f"meta.{names[key]}"
        own = [(name, arguments) for where, name, arguments in tests if where == key]
        found.append(
            Table(
                layers[key],
                names[key],
                grain.rstrip(".") + ".",
                rest,
                tuple(part for _, arguments in own for part in arguments.get("key") or ()),
                tuple(
                    Column(name, column.get("data_type") or "", " ".join(column["description"].split()))
                    for name, column in node["columns"].items()
                ),
                tuple(node["config"].get("meta", {}).get("measures", ())),
                tuple(sorted(_promises(own))),
                tuple(sorted(f"{layers[p]}-{names[p]}" for p in node.get("depends_on", {}).get("nodes", ()))),
                tuple(sorted(f"{layers[child]}-{names[child]}" for child in children[key])),
                tuple(readers.get(label, ())) if layers[key] in ("marts", "meta") else (),
            )
        )
    return sorted(found, key=lambda table: (LAYERS.index(table.layer), table.name))


def _name(node: Mapping[str, Any]) -> str:
    return f"{node['source_name']}.{node['name']}" if node["resource_type"] == "source" else _alias(node)


def _alias(node: Mapping[str, Any]) -> str:
    return node.get("alias") or node["name"]


def _layer(node: Mapping[str, Any]) -> str:
    return "sources" if node["resource_type"] == "source" else node["schema"]


def _tests(manifest: Mapping[str, Any]) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    """The table that a test is about, its name, its arguments."""
    for node in manifest["nodes"].values():
        if node["resource_type"] == "test":
            kwargs = node.get("test_metadata", {}).get("kwargs", {})
            yield node.get("attached_node") or "", node["name"], kwargs


def _promises(tests: list[tuple[str, Mapping[str, Any]]]) -> Iterator[str]:
    """The names of what is checked: the rules of a row, and each check that is not one row's."""
    for name, arguments in tests:
        if "rules" in arguments or name.endswith("_rows_are_sound"):
            yield from arguments.get("rules") or ()
        else:
            yield name


def _readers() -> dict[str, list[str]]:
    """For each table the pages, reports and commands that read it."""
    read = {f"page {page}": page_reads(page) for page in pages()}
    read |= {name: tables_read(*symbol) for name, symbol in OTHER_READERS.items()}
    found: dict[str, list[str]] = {}
    for reader, tables in sorted(read.items()):
        for table in tables:
            found.setdefault(table, []).append(reader)
    return found
