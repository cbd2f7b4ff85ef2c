"""A draft for several files at once: orders and their details, as the tables of one shape.

Belongs here: which column joins them, and the join as SQL. Does not belong here: what the columns mean
(`drafting`).
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from pipelines.feeds import sql
from pipelines.feeds.files import shown
from pipelines.feeds.inspecting import Inspection


class Joined:
    """Files joined by the column that each shares with the main one.

    `whole`: the main file with the columns of all, as the shape gives them; of one file, that file.
    """

    def __init__(self, seen: Sequence[Inspection], main: Inspection, tables: Mapping[Path, str]) -> None:
        self._seen, self._main, self._tables = seen, main, tables
        self._others = [item for item in seen if item is not main]
        self.questions: list[str] = []
        columns = list(main.columns)
        for other in self._others:
            known = {column.name for column in columns}
            columns += [column for column in other.columns if column.name not in known]
        self.whole = replace(main, columns=columns) if self._others else main
        for other in self._others:
            if self._key(other) is None:
                names = f"{shown(main.path.name)} and {shown(other.path.name)}"
                self.questions.append(f"By which column do {names} belong together?")
        repeated = [item for item in seen if self._others and self._is_repeated(item)]
        if len(repeated) > 1:
            names, key = " and ".join(shown(item.path.name) for item in repeated), self._key(self._others[0])
            self.questions.append(
                f"{names} each hold several rows of one {key}: joined, every row of one meets every row of "
                "the other. Which of their rows count? Say so in the shape, or leave a file out."
            )

    def lines(self) -> list[str]:
        """The keys `files` and `shape` of the mapping; none for one file."""
        if not self._others:
            return []
        lines = ["files:"]
        for item in self._seen:
            pattern = re.sub("[0-9][0-9_-]{3,}[0-9]", "*", item.path.name)
            lines.append(f"  {self._tables[item.path]}: {json.dumps(pattern, ensure_ascii=False)}")
        main = self._tables[self._main.path]
        rows, joins, columns = [f"{main}._row"], [], [f"{main}.* exclude (_row)"]
        known = set(self._main.names)
        for other in self._others:
            key, table = self._key(other), self._tables[other.path]
            on = sql.name(key or "?")
            joins.append(f"  left join {table} on {main}.{on} = {table}.{on}")
            hidden = "".join(f", {sql.name(name)}" for name in other.names if name in known)
            columns.append(f"{table}.* exclude (_row{hidden})")
            rows.append(f"{table}._row")
            known |= set(other.names)
        return [
            *lines,
            "shape: |",
            f"  select {', '.join(columns)}, [{', '.join(rows)}] as _rows",
            f"  from {main}",
            *joins,
        ]

    def _key(self, other: Inspection) -> str | None:
        """The shared column that looks most like a key: an id's name, else the first."""
        shared = [name for name in self._main.names if name in other.names]
        return next(
            (name for name in shared if re.search(r"(?i)\bid|_id|n[°o]|num|code|r[ée]f", name)), None
        ) or next(iter(shared), None)

    def _is_repeated(self, other: Inspection) -> bool:
        key = self._key(self._others[0] if other is self._main else other)
        column = next((column for column in other.columns if column.name == key), None)
        return column is not None and column.distinct < len(column.samples)
