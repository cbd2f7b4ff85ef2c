"""A first mapping for an export nobody has mapped yet: a draft, with a reason for each column and the
doubts as questions.

Belongs here: which feed and column a file's column may be, by its name and its cells. Does not belong here:
looking at the file (`inspecting`). A draft decides nothing: whoever owns the file reads it.
"""

from __future__ import annotations

import difflib
import json
import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from pipelines.errors import SavoirError
from pipelines.feeds import drafting_sets
from pipelines.feeds.contract import Column, Feed, contract
from pipelines.feeds.files import shown
from pipelines.feeds.inspecting import ColumnSeen, Inspection, inspect
from pipelines.feeds.mapping_files import MappingError
from pipelines.feeds.mapping_reading import STABLE_COLUMNS
from pipelines.feeds.sources import sources
from pipelines.home import Home

_WORDS_FILE = Path(__file__).resolve().parent / "header_words.yml"
_LIKELY = 0.6
_VALUES_SHOWN = 12


class DraftError(SavoirError):
    """No draft can be made or written."""


@dataclass(frozen=True)
class Match:
    """A column of the file that may be a column of the feed, and why."""

    source: ColumnSeen
    column: Column
    score: float
    reason: str


@dataclass
class Draft:
    """A mapping's text, what it rests on, and what only its owner knows."""

    name: str
    feed: str
    matches: list[Match]
    questions: list[str] = field(default_factory=list)
    candidates: list[tuple[str, float]] = field(default_factory=list)
    known_as: list[str] = field(default_factory=list)
    text: str = ""


def draft(paths: Sequence[Path], name: str | None = None, feed: str | None = None) -> Draft:
    """A draft for one file, or for several of one set."""
    seen = [inspect(path) for path in paths]
    main = max(seen, key=lambda item: max(score for _, score in _candidates(item)))
    joined = drafting_sets.Joined(seen, main, {item.path: _name(item.path) for item in seen})
    main = joined.whole
    candidates = _candidates(main)
    chosen = feed or candidates[0][0]
    if chosen not in contract().feeds:
        raise DraftError(f"{chosen} is no feed: one of {', '.join(contract().feeds)}.")
    made = Draft(
        name or _name(main.path), chosen, matches(main, contract().feeds[chosen]), candidates=candidates
    )
    made.known_as = _known_as(main)
    made.questions += joined.questions
    made.text = _text(made, main, joined)
    return made


def write(home: Home, made: Draft) -> Path:
    """Write a draft into the home's mappings; one that is there already is never overwritten."""
    home.make()
    path = home.mappings / f"{made.name}.yml"
    if path.exists() or made.name in contract().feeds:
        raise DraftError(f"{path} is there already, or has the name of a feed: choose another with --name.")
    path.write_text(made.text, encoding="utf-8")
    return path


def matches(seen: Inspection, feed: Feed) -> list[Match]:
    """For each column of the feed its likeliest column of the file, each used once."""
    scored = [
        match
        for source in seen.columns
        for column in feed.columns
        if (match := _match(source, column, feed.name)).score >= _LIKELY
    ]
    taken_sources: set[str] = set()
    taken: set[str] = set()
    chosen = []
    for match in sorted(scored, key=lambda item: -item.score):
        if match.source.name not in taken_sources and match.column.name not in taken:
            taken_sources.add(match.source.name)
            taken.add(match.column.name)
            chosen.append(match)
    order = feed.column_names
    return sorted(chosen, key=lambda item: order.index(item.column.name))


@cache
def _words() -> dict[str, Any]:
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    return yaml.load(_WORDS_FILE.read_text(encoding="utf-8"), Loader=loader)  # noqa: S506


def _plain(text: str) -> str:
    folded = unicodedata.normalize("NFKD", text.replace("°", " ").replace("œ", "oe"))
    folded = re.sub(r"([a-z])([A-Z])", r"\1 \2", folded)
    plain = "".join(mark for mark in folded if not unicodedata.combining(mark)).lower()
    return " ".join(re.findall(r"[a-z0-9]+", plain))


def _match(source: ColumnSeen, column: Column, feed: str) -> Match:
    name = _plain(source.name)
    phrases = [*(_words()[feed].get(column.name, ())), column.name.replace("_", " ")]
    best, reason = 0.0, ""
    for place, phrase in enumerate(phrases):
        score = _likeness(name, phrase) - 0.001 * place
        if score > best:
            best, reason = score, f"its name means “{phrase}”"
    fits, why = _fits(source, column)
    if not fits:
        return Match(source, column, 0.0, "")
    if column.personal == "keyed_hash" and source.kind == "e-mail":
        best, reason = max(best, 0.7), "its cells are e-mail addresses"
    return Match(source, column, best, f"{reason}{'; ' + why if why else ''}")


def _likeness(name: str, phrase: str) -> float:
    if name == phrase:
        return 1.0
    if name.replace(" ", "") == phrase.replace(" ", ""):
        return 0.98
    ratio = difflib.SequenceMatcher(None, name, phrase).ratio()
    if ratio >= 0.88 and len(phrase) > 4:
        return 0.6 + 0.35 * ratio
    words, wanted = set(name.split()), set(phrase.split())
    if wanted <= words and len(phrase) > 3:
        return 0.55 + 0.3 * len(wanted) / len(words)
    return 0.0


def _fits(source: ColumnSeen, column: Column) -> tuple[bool, str]:
    """Whether the cells can be the column's, and what speaks for it."""
    if source.kind == "empty":
        return True, "empty in this file"
    match column.type:
        case "timestamp" | "date":
            return (
                source.kind == "date",
                f"cells are dates ({source.date_form})" if source.kind == "date" else "",
            )
        case "bigint":
            return source.kind == "integer", "cells are whole numbers"
        case "decimal(18,4)" | "double":
            return source.kind in ("number", "integer"), "cells are numbers"
        case "boolean":
            return source.kind == "boolean" or source.distinct <= 3, ""
        case _:
            return source.kind not in ("date", "number") or column.name in ("postal_code", "sku"), ""


def _candidates(seen: Inspection) -> list[tuple[str, float]]:
    """The feeds by how much of the file and of what they require speaks for them."""
    scored = []
    for name, feed in contract().feeds.items():
        found = matches(seen, feed)
        required = [
            column.name for column in feed.columns if column.is_required and column.name != feed.key[-1]
        ]
        required = required or [feed.key[-1]]
        has = {match.column.name for match in found}
        covered = sum(name in has for name in required) / len(required)
        scored.append((name, round(sum(match.score for match in found) * (0.3 + covered), 2)))
    return sorted(scored, key=lambda item: -item[1])


def _known_as(seen: Inspection) -> list[str]:
    """Shipped mappings whose columns the file has."""
    found = []
    known = sources()
    for name in known:
        try:
            source = known[name]
        except MappingError:
            continue
        needed = source.file_columns or source.columns
        if not source.is_canonical and len(needed) > 2 and set(needed) <= set(seen.names):
            found.append(name)
    return found


def _name(path: Path) -> str:
    stem = re.sub(r"\.(csv|tsv|txt|json|ndjson|jsonl|xlsx|parquet|gz)", "", path.name, flags=re.IGNORECASE)
    name = re.sub(r"_?\d{4,}[\d_]*", "", re.sub(r"[^a-z0-9]+", "_", _plain(stem))).strip("_") or "my_shop"
    return f"my_{name}" if name in contract().feeds else name


def _text(made: Draft, seen: Inspection, joined: drafting_sets.Joined) -> str:
    feed = contract().feeds[made.feed]
    has = {match.column.name: match for match in made.matches}
    body = [
        f"description: {json.dumps(f'Drafted from {shown(seen.path.name)}.', ensure_ascii=False)}",
        f"format: {seen.format}",
        f"dialect: {_dialect(made, seen)}",
    ]
    dated = re.search(r"\d{4}-?\d{2}-?\d{2}", seen.path.name)
    if dated:
        body.append(r"exported_at: {filename: '(\d{4}-?\d{2}-?\d{2})'}")
    elif "updated_at" not in has:
        made.questions.append(
            "When was an export made? A row here does not say when it last changed: write the day "
            "into the file's "
            r"name and uncomment exported_at, or every change of a row stays undecided."
        )
        body.append(r"# exported_at: {filename: '(\d{4}-\d{2}-\d{2})'}")
    used = [match.source.name for match in made.matches]
    body += joined.lines()
    names = [name for name in dict.fromkeys(seen.names) if name]
    body.append(f"columns: {_flow([name for name in names if name in used])}")
    body.append(f"ignored: {_flow([name for name in names if name not in used])}")
    body += ["feeds:", f"  {made.feed}:"]
    rules, identity = _rules(made, feed, has)
    if identity:
        body.append(f"    identity: {_flow(identity)}")
    body += ["    columns:", *rules]
    head = [
        f"# Drafted from {shown(seen.path.name)} by `savoir mapping new`. Read it, answer the questions, "
        f"then look at",
        f"#   savoir check {shown(seen.path.name)} --source {made.name}",
        *(f"# This is a file of {name}: inbox/{name}/ takes it as it is." for name in made.known_as),
        *(f"# Found: {finding}" for finding in seen.findings),
        *(f"# Question: {question}" for question in made.questions),
    ]
    return "\n".join([*head, *body]) + "\n"


def _rules(made: Draft, feed: Feed, has: dict[str, Match]) -> tuple[list[str], list[str]]:
    rules: list[str] = []
    identity: list[str] = []
    for column in feed.columns:
        match = has.get(column.name)
        if match is not None:
            rules.append(f"      {column.name}: {_rule(made, match)}  # {match.reason}")
        elif column.is_required and column.name == feed.key[-1]:
            identity = [
                has[name].source.name
                for name in STABLE_COLUMNS[feed.name]
                if name in has and name != column.name
            ][:4]
            made.questions.append(
                f"Which columns tell one row of {feed.name} from another and never change? No column is its "
                f"{column.name}; {', '.join(identity) or 'none'} stand in identity for now."
            )
        elif column.name == "quantity" and column.is_required:
            rules.append('      quantity: {constant: "1"}  # no column found')
            made.questions.append("Is each row one unit? No column is the quantity; 1 stands in for now.")
        elif column.codes and column.is_required:
            default = "other" if "other" in column.codes else column.codes[-1]
            rules.append(f"      {column.name}: {{constant: {default}}}  # no column found")
            made.questions.append(f"What is {column.name}? No column says so; {default} stands in for now.")
        elif column.is_required:
            made.questions.append(f"Which column is {column.name}? {feed.name} needs it, and none was found.")
    return rules, identity


def _rule(made: Draft, match: Match) -> str:
    source, column = match.source, match.column
    parts = [f"from: {_scalar(source.name)}"]
    if source.kind == "date" and source.is_day_first_assumed:
        made.questions.append(
            f"Is {source.name} written day first? Its cells do not tell; day first is assumed."
        )
    if column.codes and source.samples:
        parts += _values(made, source, column)
    if column.type.startswith("decimal") and "incl_vat" not in column.name:
        if re.search(r"\b(ttc|incl|taxes comprises|tax incl)\b", _plain(source.name)):
            parts.append("vat_rate: 20")
            made.questions.append(f"Is the VAT in {source.name} 20 %? It is taken out at that rate.")
        if re.search(r"\b(total|montant|amount|ca)\b", _plain(source.name)) and (
            column.name == "unit_price_eur"
        ):
            made.questions.append(
                f"Is {source.name} the price of one, or of the line? (divided_by: the quantity)"
            )
    if len(parts) == 1 and source.name == source.name.strip() and ":" not in source.name:
        return _scalar(source.name)
    return f"{{{', '.join(parts)}}}"


def _values(made: Draft, source: ColumnSeen, column: Column) -> list[str]:
    known = _words()["codes"].get(column.name, {})
    values, open_ones = {}, []
    for value, _ in Counter(source.samples).most_common(_VALUES_SHOWN):
        if value in column.codes:
            continue
        plain = _plain(value)
        code = next(
            (code for word, code in known.items() if word in plain or word in plain.replace(" ", "")), None
        )
        if code is None:
            open_ones.append(value)
        else:
            values[value] = code
    if open_ones:
        made.questions.append(
            f"What do {', '.join(open_ones[:5])} in {source.name} mean? {column.name} is one of "
            f"{', '.join(column.codes)}."
        )
    listed = ", ".join(f"{_scalar(value)}: {code}" for value, code in values.items())
    parts = [f"values: {{{listed}}}"] if values else []
    if values or open_ones:
        parts.append("else: unknown")
        if column.is_required and "other" in column.codes:
            parts.append("constant: other")
    return parts


def _dialect(made: Draft, seen: Inspection) -> str:
    parts: dict[str, Any] = {}
    if seen.format == "csv":
        parts |= {"encoding": seen.encoding} if seen.encoding != "utf-8" else {}
        parts |= {"separator": seen.separator} if seen.separator != "," else {}
        parts |= {"quote": seen.quote} if seen.quote != '"' else {}
        parts |= {"escape": seen.escape} if seen.escape else {}
        parts |= {"skip_lines": seen.skip_lines} if seen.skip_lines else {}
    marks = {column.decimal_mark for column in seen.columns if column.decimal_mark}
    if marks == {","}:
        parts["decimal"] = ","
    elif len(marks) > 1:
        made.questions.append("Is the decimal mark a comma or a point? Columns differ.")
    thousands = {column.thousands_mark for column in seen.columns if column.thousands_mark}
    if len(thousands) == 1:
        parts["thousands"] = thousands.pop()
    forms = list(dict.fromkeys(column.date_form for column in seen.columns if column.date_form))
    if forms and forms != ["iso"]:
        parts["dates"] = forms
    if seen.unknown:
        parts["unknown"] = seen.unknown
    return json.dumps(parts, ensure_ascii=False)


def _scalar(text: str) -> str:
    is_plain = re.fullmatch(r"[^\W\d_][\w °/-]*", text) and yaml.safe_load(text) == text
    return text if is_plain else json.dumps(text, ensure_ascii=False)


def _flow(names: Sequence[str]) -> str:
    return f"[{', '.join(_scalar(name) for name in names)}]"
