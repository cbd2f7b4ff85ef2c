"""The form of a mapping file as validated models: every key, and what it may hold.

Belongs here: the models, and the JSON schema that editors read. Does not belong here: reading a file
(`mapping_files`), one value (`mapping_values`), or what a mapping means to the door (`mappings`).
"""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from pipelines.feeds.mapping_values import (
    AnyText,
    AnyTexts,
    DateForms,
    DecimalMark,
    Encoding,
    EuroRate,
    Listed,
    Mark,
    Number,
    OneCharacter,
    Pattern,
    Text,
    Texts,
    TimeZone,
    Vat,
)

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


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class DialectForm(_Table):
    """How the source writes text, numbers and times."""

    encoding: Encoding = "utf-8"
    separator: OneCharacter = ","
    quote: Mark = Field('"', description="Empty: nothing is quoted.")
    escape: Mark = Field(
        "", description="Stands before a quote inside a text, as '\\' in MySQL; none: the quote stands twice."
    )
    skip_lines: int = Field(0, ge=0, le=10_000, strict=True, description="Lines before the header.")
    decimal: DecimalMark = "."
    thousands: Mark = Field("", description="A blank stands for every kind of blank.")
    dates: DateForms = Field(
        (), description="Patterns such as %d/%m/%Y, or epoch, epoch_ms, excel, rfc2822; none: ISO 8601."
    )
    time_zone: TimeZone = "Europe/Paris"
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


Conditions = Annotated[tuple[ConditionForm, ...], Listed]


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

    from_: Annotated[tuple[Text, ...], Listed] = Field((), alias="from")
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
