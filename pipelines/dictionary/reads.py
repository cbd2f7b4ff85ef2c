"""Which tables a page, report or command reads: what its code names, and what that names in turn.

A function reads a table where a text in it names the table, or where something that it names reads it.
Belongs here: the code read as text. Does not belong here: running any of it.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from pipelines.home import PROJECT_DIR

PACKAGES = (
    "dashboards",
    "pipelines/delivery",
    "pipelines/queries",
    "pipelines/replay",
    "pipelines/reports",
    "pipelines/summary.py",
)
PAGES = "dashboards.app_pages."
_TABLE = re.compile(r"\b(?:(?:fct|dim)_[a-z0-9_]+|meta\.[a-z_]+)")
Symbol = tuple[str, str]
"""Module and name; no name = the whole module."""


@dataclass
class _Part:
    """What one top-level statement names: texts that look like tables, and symbols."""

    tables: set[str] = field(default_factory=set)
    symbols: set[Symbol] = field(default_factory=set)


def tables_read(module: str, name: str = "") -> set[str]:
    """The tables behind a module, or one name in it: `fct_claims`, `meta.build`."""
    parts, seen, found = _parts(), set(), set()
    waiting: list[Symbol] = [(module, name)]
    while waiting:
        symbol = waiting.pop()
        if symbol in seen:
            continue
        seen.add(symbol)
        owner, part = symbol
        for key in [key for key in parts if key[0] == owner] if not part else [symbol]:
            if key in parts:
                found |= parts[key].tables
                waiting += parts[key].symbols
    return found


def pages() -> list[str]:
    """The pages by name, in alphabetical order."""
    return sorted({owner.removeprefix(PAGES) for owner, _ in _parts() if owner.startswith(PAGES)})


def page_reads(page: str) -> set[str]:
    """The tables that a page reads."""
    return tables_read(PAGES + page)


@cache
def _parts() -> Mapping[Symbol, _Part]:
    sources = {_module(path): path for place in PACKAGES for path in _files(PROJECT_DIR / place)}
    trees = {module: ast.parse(path.read_text(encoding="utf-8")) for module, path in sources.items()}
    return {
        symbol: part
        for module, tree in trees.items()
        for symbol, part in _of_module(module, tree, set(trees))
    }


def _files(place: Path) -> list[Path]:
    return [place] if place.is_file() else sorted(place.rglob("*.py"))


def _module(path: Path) -> str:
    return ".".join(path.relative_to(PROJECT_DIR).with_suffix("").parts).removesuffix(".__init__")


def _of_module(module: str, tree: ast.Module, known: set[str]) -> Iterator[tuple[Symbol, _Part]]:
    bound: dict[str, Symbol] = {}
    # Imports may stand inside a function, so that a command starts fast.
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                whole = f"{node.module}.{alias.name}"
                target = (whole, "") if whole in known else (node.module, alias.name)
                bound[alias.asname or alias.name] = target
        elif isinstance(node, ast.Import):
            bound |= {alias.asname or alias.name: (alias.name, "") for alias in node.names}
    own: dict[str, list[ast.stmt]] = {}
    for statement in tree.body:
        for name in _defined(statement) or [""]:
            own.setdefault(name, []).append(statement)
    for name, statements in own.items():
        part = _Part()
        for statement in statements:
            _read(statement, module, bound, set(own), part)
        yield (module, name), part
    # A name that a package hands on is read where it was defined.
    for name, target in bound.items():
        if name not in own:
            yield (module, name), _Part(symbols={target})


def _defined(statement: ast.stmt) -> list[str]:
    if isinstance(statement, ast.FunctionDef | ast.ClassDef):
        return [statement.name]
    targets = statement.targets if isinstance(statement, ast.Assign) else []
    if isinstance(statement, ast.AnnAssign):
        targets = [statement.target]
    return [target.id for target in targets if isinstance(target, ast.Name)]


def _read(statement: ast.stmt, module: str, bound: Mapping[str, Symbol], own: set[str], part: _Part) -> None:
    if isinstance(statement, ast.Import | ast.ImportFrom):
        return
    dotted = {id(node.value) for node in ast.walk(statement) if isinstance(node, ast.Attribute)}
    silent = {id(node) for node in _not_said_to_the_engine(statement)}
    for node in ast.walk(statement):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in silent:
            part.tables |= set(_TABLE.findall(node.value))
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            owner, name = bound.get(node.value.id, ("", ""))
            if owner and not name:
                part.symbols.add((owner, node.attr))
        elif isinstance(node, ast.Name) and node.id in own:
            part.symbols.add((module, node.id))
        elif (
            isinstance(node, ast.Name) and node.id in bound and (bound[node.id][1] or id(node) not in dotted)
        ):
            part.symbols.add(bound[node.id])


def _not_said_to_the_engine(statement: ast.stmt) -> Iterator[ast.AST]:
    """Docstrings, comparisons, and lists of what may be asked of several marts."""
    for node in ast.walk(statement):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            yield node.value
        elif isinstance(node, ast.Dict):
            yield from (key for key in node.keys if key is not None)
        elif isinstance(node, ast.Compare):
            yield from (node.left, *node.comparators)
        elif isinstance(node, ast.Tuple) and len(node.elts) > 1:
            texts = [each.value for each in node.elts if isinstance(each, ast.Constant)]
            if len(texts) == len(node.elts) and all(_TABLE.fullmatch(str(text)) for text in texts):
                yield from node.elts
