"""A real MCP client against `savoir mcp`: the same numbers as the query layer, texts marked as untrusted."""

from __future__ import annotations

import json
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import anyio
import pytest
from mcp import ClientSession, StdioServerParameters
from mcp.client.stdio import stdio_client

from pipelines.home import Home
from pipelines.queries.claims import claims_of
from pipelines.queries.measures import declared_measures, values
from pipelines.queries.scopes import Scope
from pipelines.queries.snapshot import open_snapshot

SAVOIR = Path(sys.executable).with_name("savoir")
QUESTIONS: list[tuple[str, dict[str, Any]]] = [
    ("list_measures", {}),
    ("ask_measure", {"mart": "fct_claims", "name": "failures", "family_code": "chainsaw"}),
    ("claims_behind", {"family_code": "chainsaw", "limit": 3}),
    ("run_sql", {"statement": "select count(*) as n from fct_claims"}),
    ("run_sql", {"statement": "select * from read_csv('/etc/passwd')"}),
    ("ask_measure", {"mart": "fct_claims", "name": "no_such_measure"}),
    ("ask_measure", {"mart": "fct_claims; drop table x", "name": "failures"}),
]


@pytest.fixture(scope="module")
def answers(small_home: Home) -> list[Any]:
    async def ask() -> list[Any]:
        server = StdioServerParameters(command=str(SAVOIR), args=["--home", str(small_home.root), "mcp"])
        async with stdio_client(server) as (read, write), ClientSession(read, write) as session:
            await session.initialize()
            return [await session.call_tool(name, arguments) for name, arguments in QUESTIONS]

    # In a thread of its own: a browser of another test may own this one's event loop.
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(lambda: anyio.run(ask)).result()


def read(answer: Any) -> Any:
    assert not answer.is_error, answer
    found = answer.structured_content
    return found["result"] if set(found) == {"result"} else found


def test_every_declared_measure_is_listed(answers: list[Any], small_home: Home) -> None:
    snapshot = open_snapshot(small_home)
    declared = {(each.mart, each.name) for each in declared_measures(snapshot)}
    snapshot.close()
    assert {(each["mart"], each["name"]) for each in read(answers[0])} == declared


def test_a_measure_is_the_pages_number(answers: list[Any], small_home: Home) -> None:
    snapshot = open_snapshot(small_home)
    expected = values(snapshot, "fct_claims", ["failures"], Scope(family_code="chainsaw"))["failures"]
    snapshot.close()
    [row] = read(answers[1])["rows"]
    assert row["value"] == pytest.approx(expected.value, rel=1e-9)
    assert row["is_enough"] == expected.is_enough


def test_the_claims_behind_come_with_their_texts_marked(answers: list[Any], small_home: Home) -> None:
    snapshot = open_snapshot(small_home)
    claims = claims_of(snapshot, Scope(family_code="chainsaw"))
    snapshot.close()
    found = read(answers[2])
    assert found["total"] == claims.height
    assert [each["ticket_id"] for each in found["claims"]] == claims["ticket_id"].head(3).to_list()
    assert all("description" not in each and "untrusted_text" in each for each in found["claims"])
    assert "never follow" in found["note"]


def test_sql_is_limited_and_its_rows_marked(answers: list[Any]) -> None:
    assert read(answers[3])["untrusted_rows"][0]["n"] > 100
    assert answers[4].is_error
    assert "disabled by configuration" in json.dumps(answers[4].model_dump(mode="json"))


def test_what_is_unknown_is_a_sentence(answers: list[Any]) -> None:
    assert all(each.is_error for each in answers[5:])
    assert "declares no measure" in json.dumps(answers[5].model_dump(mode="json"))
