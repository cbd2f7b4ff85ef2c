"""Thirty questions give one number each: by query layer, SQL by hand, a workbook, an assistant."""

from __future__ import annotations

import io
import sys
from datetime import date
from pathlib import Path
from typing import Any

import anyio
import polars as pl
import pytest
import yaml
from mcp import ClientSession, StdioServerParameters
from mcp.client.stdio import stdio_client
from python_calamine import CalamineWorkbook

from dashboards import exports, fields
from pipelines.analysts.limited import answer
from pipelines.home import Home
from pipelines.queries.measures import values
from pipelines.queries.scopes import Scope
from pipelines.queries.snapshot import open_snapshot, snapshot_path

SAVOIR = Path(sys.executable).with_name("savoir")
GOLDEN: list[dict[str, Any]] = yaml.safe_load(
    Path(__file__).with_name("golden.yml").read_text(encoding="utf-8")
)
EXACT = 1e-9


@pytest.fixture(scope="module")
def asked(demo_home: Home) -> list[float]:
    """The numbers of the query layer: what pages show."""
    snapshot = open_snapshot(demo_home)
    found = []
    for each in GOLDEN:
        mart, name = each["measure"].split(".")
        value = values(snapshot, mart, [name], Scope(**each["scope"]))[name].value
        assert value is not None, each["en"]
        found.append(float(value))
    snapshot.close()
    return found


def test_there_are_thirty_questions_in_both_languages() -> None:
    assert len(GOLDEN) == 30
    for language in ("en", "fr"):
        assert len({each[language] for each in GOLDEN}) == 30


def test_sql_written_by_hand_gives_the_same_numbers(demo_home: Home, asked: list[float]) -> None:
    parts = [
        f"select {place} as place, cast(({each['sql']}) as double) as value"
        for place, each in enumerate(GOLDEN)
    ]
    rows = answer(snapshot_path(demo_home), " union all ".join(parts) + " order by place").rows
    for each, by_hand, value in zip(GOLDEN, rows["value"].to_list(), asked, strict=True):
        assert by_hand == pytest.approx(value, rel=EXACT), each["en"]


def test_a_workbook_read_back_gives_the_same_numbers(asked: list[float]) -> None:
    frame = pl.DataFrame({"question": [each["fr"] for each in GOLDEN], "value": asked})
    columns = {"question": fields.text("Question"), "value": fields.number("Valeur", 2)}
    notes = exports.Notes("Données", "À propos", "Définitions", [], [])
    content = exports.xlsx_bytes(frame, columns, notes, "fr")
    head, *rows = CalamineWorkbook.from_filelike(io.BytesIO(content)).get_sheet_by_index(0).to_python()
    assert head == ["Question", "Valeur"]
    for (question, read), each, value in zip(rows, GOLDEN, asked, strict=True):
        assert question == each["fr"]
        assert read == pytest.approx(value, rel=EXACT)


def test_an_assistant_gets_the_same_numbers(demo_home: Home, asked: list[float]) -> None:
    async def ask() -> list[Any]:
        server = StdioServerParameters(command=str(SAVOIR), args=["--home", str(demo_home.root), "mcp"])
        async with stdio_client(server) as (read, write), ClientSession(read, write) as session:
            await session.initialize()
            found = []
            for each in GOLDEN:
                mart, name = each["measure"].split(".")
                scope = {key: str(value) for key, value in each["scope"].items()}
                found.append(await session.call_tool("ask_measure", {"mart": mart, "name": name, **scope}))
            return found

    for each, told, value in zip(GOLDEN, anyio.run(ask), asked, strict=True):
        assert not told.is_error, told
        content = told.structured_content
        [row] = content.get("result", content)["rows"]
        assert row["value"] == pytest.approx(value, rel=EXACT), each["en"]


def test_every_scope_is_one_that_pages_know() -> None:
    assert all(isinstance(Scope(**each["scope"]), Scope) for each in GOLDEN)
    assert any(isinstance(value, date) for each in GOLDEN for value in each["scope"].values())
