"""The form of a mapping file: every key, what it may hold, and where in the file a wrong one stands.

Belongs here: the YAML file as validated models, and the JSON schema that editors read. Does not belong here:
what a mapping means to the door (`mappings`), or anything in SQL (`translation`, `shaping`).
"""

from __future__ import annotations

import codecs
import difflib
import re
from collections.abc import Iterator
from datetime import date
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

import duckdb
import yaml
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)

from pipelines.errors import SavoirError
from pipelines.feeds import sql
from pipelines.feeds.date_forms import date_form_problem

CONDITIONS = (
    "is",
    "is_not",
    "in",
    "not_in",
    "matches",
    "not_matches",
    "above",
    "at_least",
    "below",
    "at_most",
    "is_empty",
)


class MappingError(SavoirError):
    """A mapping file is wrong: the sentence names the file, the line and the key."""


def _text(value: Any) -> Any:
    # YAML reads true, 20 and 2026-01-01 as something else than text; where any text will do, they are taken.
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, int | float | Decimal | date) else value


def _known_text(value: Any) -> Any:
    if not isinstance(value, str):
        raise ValueError(f"is {value!r}, which is not text: put it in quotes")
    return value


def _names(value: Any) -> Any:
    if not isinstance(value, list):
        raise ValueError("must be a list of texts")
    for item in value:
        if not isinstance(item, str):  # YAML reads on, no and 12 as something else
            raise ValueError(f"holds {item!r}, which is not text: put it in quotes")
    return value


def _listed(value: Any) -> Any:
    return value if isinstance(value, list | tuple) else [value]


def _pattern(value: str) -> str:
    """A pattern is tried in the engine that will use it: Python's patterns know more."""
    try:
        with duckdb.connect() as connection:
            connection.execute(f"select regexp_matches('', {sql.text(value)})")
    except duckdb.Error as error:
        what = re.sub(r"^[A-Za-z ]*Error: ", "", str(error).splitlines()[0])
        raise ValueError(f"is not a valid pattern ({what})") from None
    return value


def _number(value: Any) -> Any:
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        raise ValueError(f"is {value!r}: a number") from None
    if isinstance(value, bool) or not number.is_finite():
        raise ValueError(f"is {value!r}: a number")
    return number


def _rate(value: Any) -> Any:
    try:
        rate = Decimal(str(value))
    except InvalidOperation:
        raise ValueError(f"is {value!r}: the euros for one unit, such as 1.15") from None
    if not rate.is_finite() or rate <= 0:
        raise ValueError(f"is {rate}: a rate is above zero")
    return rate


def _vat(value: Any) -> Any:
    """A share (0.2) or a percentage (20); a text names the column that holds it."""
    if isinstance(value, str) and not re.fullmatch(r"[0-9.]+ ?%?", value):
        return value
    try:
        rate = Decimal(str(value).rstrip("% "))
    except InvalidOperation:
        raise ValueError(f"is {value!r}: a rate such as 20 or 0.20, or a column's name") from None
    share = rate / 100 if rate >= 1 else rate
    if isinstance(value, bool) or not 0 <= share < 1:
        raise ValueError(f"is {value!r}: a rate such as 20 or 0.20, or a column's name")
    return share


def _encoding(value: Any) -> Any:
    try:
        codecs.lookup(str(value))
    except LookupError:
        raise ValueError(f"is {value!r}, which is not a known encoding: utf-8, cp1252, …") from None
    return str(value)


def _one_character(value: Any) -> Any:
    if not isinstance(value, str) or len(value) != 1 or value in "\r\n":
        raise ValueError(f"is {value!r}: one character, such as ';'")
    return value


def _mark(value: Any) -> Any:
    if value is None or value == "":
        return ""
    return _one_character(value)


def _decimal_mark(value: Any) -> Any:
    if value not in (".", ","):
        raise ValueError(f"is {value!r}: '.' or ','")
    return value


def _time_zone(value: Any) -> Any:
    try:
        ZoneInfo(str(value))
    except (KeyError, ValueError, OSError):
        raise ValueError(f"is {value!r}: a name such as Europe/Paris") from None
    return str(value)


def _date_form(value: str) -> str:
    problem = date_form_problem(value)
    if problem:
        raise ValueError(f"holds {value!r}: {problem}")
    return value


AnyText = Annotated[str, BeforeValidator(_text)]
Text = Annotated[str, BeforeValidator(_known_text)]
Texts = Annotated[tuple[str, ...], BeforeValidator(_names)]
AnyTexts = Annotated[tuple[AnyText, ...], BeforeValidator(_listed)]
Pattern = Annotated[AnyText, AfterValidator(_pattern)]
Number = Annotated[Decimal, BeforeValidator(_number)]
EuroRate = Annotated[Decimal, BeforeValidator(_rate)]
Vat = Annotated[Decimal | str, BeforeValidator(_vat)]
DateForms = Annotated[tuple[Annotated[AnyText, AfterValidator(_date_form)], ...], BeforeValidator(_listed)]


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class DialectForm(_Table):
    """How the source writes text, numbers and times."""

    encoding: Annotated[str, BeforeValidator(_encoding)] = "utf-8"
    separator: Annotated[str, BeforeValidator(_one_character)] = ","
    quote: Annotated[str, BeforeValidator(_mark)] = Field('"', description="Empty: nothing is quoted.")
    escape: Annotated[str, BeforeValidator(_mark)] = Field(
        "", description="Stands before a quote inside a text, as '\\' in MySQL; none: the quote stands twice."
    )
    skip_lines: int = Field(0, ge=0, le=10_000, strict=True, description="Lines before the header.")
    decimal: Annotated[Literal[".", ","], BeforeValidator(_decimal_mark)] = "."
    thousands: Annotated[str, BeforeValidator(_mark)] = Field(
        "", description="A blank stands for every kind of blank."
    )
    dates: DateForms = Field(
        (), description="Patterns such as %d/%m/%Y, or epoch, epoch_ms, excel, rfc2822; none: ISO 8601."
    )
    time_zone: Annotated[str, BeforeValidator(_time_zone)] = "Europe/Paris"
    unknown: AnyTexts = ()


class CurrencyForm(_Table):
    """Euros for one unit of a currency: one rate, or rates by the day from which they hold."""

    eur: EuroRate | None = None
    rates: dict[date, EuroRate] = Field(default_factory=dict)
    source: AnyText = ""

    @model_validator(mode="after")
    def _has_one(self) -> CurrencyForm:
        if (self.eur is None) == (not self.rates):
            raise ValueError("needs eur (one rate) or rates (a rate by day)")
        return self


class ConditionForm(_Table):
    """One test on one column."""

    column: Text
    is_: AnyText | None = Field(None, alias="is")
    is_not: AnyText | None = None
    in_: tuple[AnyText, ...] | None = Field(None, alias="in", min_length=1)
    not_in: tuple[AnyText, ...] | None = Field(None, min_length=1)
    matches: Pattern | None = None
    not_matches: Pattern | None = None
    above: Number | None = None
    at_least: Number | None = None
    below: Number | None = None
    at_most: Number | None = None
    is_empty: bool | None = None

    @model_validator(mode="after")
    def _has_one_test(self) -> ConditionForm:
        if len(self.model_fields_set - {"column"}) != 1:
            raise ValueError(f"needs exactly one of {', '.join(CONDITIONS)}")
        return self


Conditions = Annotated[tuple[ConditionForm, ...], BeforeValidator(_listed)]


class FilterForm(_Table):
    """Rows left out on purpose, counted under a name."""

    name: AnyText = Field(min_length=1)
    when: Conditions = Field(min_length=1)


class CurrencyOfColumn(_Table):
    """The currency stands in a column; `on`: the column with the day whose rate holds."""

    column: Text
    on: Text | None = None


class ColumnForm(_Table):
    """How one column of a feed comes from the source."""

    from_: Annotated[tuple[Text, ...], BeforeValidator(_listed)] = Field((), alias="from")
    join: AnyText | None = Field(None, description="Joins the columns of `from` with this text between.")
    constant: AnyText | None = None
    remove: Pattern | None = None
    values: dict[AnyText, AnyText | None] = Field(default_factory=dict)
    else_: Literal["keep", "unknown"] = Field("keep", alias="else")
    absolute: bool = False
    divided_by: Text | None = Field(None, description="A column: a line's total becomes the price of one.")
    currency: AnyText | CurrencyOfColumn | None = None
    vat_rate: Vat | None = Field(None, description="The amount holds VAT of this rate; it is taken out.")
    dates: DateForms = ()
    content_key: bool = False

    @model_validator(mode="after")
    def _has_an_origin(self) -> ColumnForm:
        if not self.from_ and self.constant is None and not self.content_key:
            raise ValueError("needs from, constant or content_key")
        return self


class ExportedAtForm(_Table):
    """When the export was made: by a column, a pattern in the file's name, or the file's own time.

    `filename` with `modified: true`: the file's own time where its name does not say.
    """

    column: Text | None = None
    filename: Pattern | None = Field(
        None, description="A pattern with one group that holds the moment, such as (\\d{4}-\\d{2}-\\d{2})."
    )
    modified: bool = False
    dates: DateForms = ()

    @model_validator(mode="after")
    def _has_one(self) -> ExportedAtForm:
        if (self.column is not None) + (self.filename is not None or self.modified) != 1:
            raise ValueError("needs one of column, filename, modified: true")
        return self


def _exported_at(value: Any) -> Any:
    return {"modified": True} if value == "modified" else value


ExportedAt = Annotated[ExportedAtForm, BeforeValidator(_exported_at)]
Export = Literal["complete", "partial"]


def _column_form(value: Any) -> Any:
    return {"from": value} if isinstance(value, str) else value


class FeedForm(_Table):
    """Which rows of the source are rows of a feed, and how."""

    when: Conditions = ()
    identity: Texts = Field((), description="The columns that tell one row from another and never change.")
    exported_at: ExportedAt | None = None
    export: Export | None = None
    vat_rate: Vat | None = None
    columns: dict[str, Annotated[ColumnForm, BeforeValidator(_column_form)]]


class MappingForm(_Table):
    """A source: what its files look like, and which of its rows are rows of which feed."""

    description: AnyText = ""
    format: Literal["csv", "parquet", "json", "ndjson", "xlsx"] = "csv"
    dialect: DialectForm = DialectForm()
    currencies: dict[str, CurrencyForm] = Field(default_factory=dict)
    files: dict[str, Text] = Field(
        default_factory=dict, description="A table's name for the shape, and the pattern of its file's name."
    )
    columns: Texts = ()
    ignored: Texts = ()
    shape: Text | None = Field(None, description="One select from the file's rows as text, keeping _row.")
    skip: tuple[FilterForm, ...] = ()
    exported_at: ExportedAt | None = None
    export: Export | None = None
    vat_rate: Vat | None = None
    feeds: dict[str, FeedForm] = Field(min_length=1)


def mapping_schema() -> dict[str, Any]:
    """The JSON schema of a mapping file, for editors."""
    schema = MappingForm.model_json_schema(by_alias=True)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "Savoir mapping"} | schema


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
