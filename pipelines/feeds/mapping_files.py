"""A mapping file, read: its form, or a sentence that names the file, the line and the key that is wrong.

Belongs here: YAML and its lines. Does not belong here: which keys there are (`mapping_forms`), what a mapping
means to the door (`mappings`), or anything in SQL (`translation`, `shaping`).
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ValidationError

from pipelines.errors import SavoirError
from pipelines.feeds.mapping_forms import (
    ColumnForm,
    ConditionForm,
    CurrencyForm,
    CurrencyOfColumn,
    DialectForm,
    ExportedAtForm,
    FeedForm,
    FilterForm,
    MappingForm,
)


class MappingError(SavoirError):
    """A mapping file is wrong: the sentence names the file, the line and the key."""


class MappingFile:
    """One file, read: its form, and the sentence for anything that is wrong with it later."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.body = path.read_bytes()
        self.lines: dict[tuple[str | int, ...], int] = {}
        declared = self._declared()
        if not isinstance(declared, dict):
            raise MappingError(f"{path}: the file must be a table of keys and values.")
        try:
            self.form = MappingForm.model_validate(declared)
        except ValidationError as error:
            raise self._first_problem(error) from None

    def wrong(self, place: tuple[str | int, ...], what: str) -> MappingError:
        """The sentence for the key at `place`."""
        line = next(
            (self.lines[place[:n]] for n in range(len(place), 0, -1) if place[:n] in self.lines), None
        )
        where = f"{self.path}, line {line}" if line else str(self.path)
        return MappingError(f"{where}: {self._key(place)} {what}.")

    def _key(self, place: tuple[str | int, ...]) -> str:
        return ".".join(str(part + 1) if isinstance(part, int) else part for part in place) or "the file"

    def _declared(self) -> Any:
        loader = yaml.SafeLoader(self.body)
        try:
            node = loader.get_single_node()
            for place, line in _keys(node, ()):
                if place in self.lines:
                    raise MappingError(
                        f"{self.path}, line {line}: {self._key(place)} stands twice (first on line "
                        f"{self.lines[place]}): join the two, or remove one."
                    )
                self.lines[place] = line
            return loader.construct_document(node) if node is not None else None
        except yaml.YAMLError as error:
            mark = getattr(error, "problem_mark", None)
            where = f"{self.path}, line {mark.line + 1}" if mark else str(self.path)
            raise MappingError(
                f"{where}: this is not valid YAML ({getattr(error, 'problem', None) or error})."
            ) from None
        finally:
            loader.dispose()

    def _first_problem(self, error: ValidationError) -> MappingError:
        problem = error.errors(include_url=False)[0]
        kind, what = problem["type"], problem["msg"].removeprefix("Value error, ")
        place: tuple[str | int, ...] = ()
        for part in problem[
            "loc"
        ]:  # a location also names what is no key: the branch of a union, a lone item
            if (*place, part) in self.lines:
                place = (*place, part)
        if kind == "extra_forbidden":
            allowed = self._allowed(place[:-1])
            near = difflib.get_close_matches(str(problem["loc"][-1]), allowed, 1)
            hint = f" (is it {near[0]}?)" if near else ""
            return self.wrong(place, f"is unknown{hint}: one of {', '.join(allowed)}")
        if kind == "missing":
            return self.wrong((*place, problem["loc"][-1]), "is missing: the file needs it")
        if kind in ("dict_type", "model_type", "model_attributes_type"):
            return self.wrong(place, "must be a table of keys and values")
        if kind in ("tuple_type", "list_type"):
            return self.wrong(place, "must be a list of values")
        if kind in ("too_short", "string_too_short"):
            return self.wrong(place, "is empty: fill it in")
        if kind != "value_error":
            what = f"is {problem['input']!r}: {what[0].lower()}{what[1:]}"
        return self.wrong(place, what)

    def _allowed(self, place: tuple[str | int, ...]) -> list[str]:
        """The keys that may stand at a place, in the order of their declaration."""
        form: type[BaseModel] = MappingForm
        known: dict[str, type[BaseModel]] = {
            "dialect": DialectForm,
            "currencies": CurrencyForm,
            "skip": FilterForm,
            "when": ConditionForm,
            "exported_at": ExportedAtForm,
            "feeds": FeedForm,
            "columns": ColumnForm,
            "currency": CurrencyOfColumn,
        }
        for part in place:
            form = known.get(str(part), form)
        return [field.alias or name for name, field in form.model_fields.items()]


def _keys(
    node: yaml.Node | None, place: tuple[str | int, ...]
) -> Iterator[tuple[tuple[str | int, ...], int]]:
    """Every key and item of the document, with its line, in the order of the file."""
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            here = (*place, str(key.value))
            yield here, key.start_mark.line + 1
            yield from _keys(value, here)
    elif isinstance(node, yaml.SequenceNode):
        for number, item in enumerate(node.value):
            yield (*place, number), item.start_mark.line + 1
            yield from _keys(item, (*place, number))
