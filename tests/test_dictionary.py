"""The data dictionary: every table and column is there, and the page needs no network."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from pipelines.cli import main
from pipelines.dictionary.pages import dictionary_html
from pipelines.dictionary.tables import Table, tables_of
from pipelines.orchestration.manifest import prepared


@pytest.fixture(scope="module")
def manifest() -> dict[str, Any]:
    return prepared().manifest


@pytest.fixture(scope="module")
def tables(manifest: dict[str, Any]) -> dict[str, Table]:
    return {table.name: table for table in tables_of(manifest)}


def test_every_public_table_has_its_grain_and_every_column_its_type_and_meaning(
    tables: dict[str, Table],
) -> None:
    public = [table for table in tables.values() if table.layer == "marts"]
    assert len(public) > 20
    for table in public:
        assert table.grain.startswith("One row per "), table.name
        assert table.columns, table.name
        assert all(column.data_type and column.description for column in table.columns), table.name


def test_lineage_goes_both_ways_and_names_no_table_that_is_not_there(tables: dict[str, Table]) -> None:
    by_anchor = {table.anchor: table for table in tables.values()}
    for table in tables.values():
        for parent in table.made_from:
            assert table.anchor in by_anchor[parent].goes_into
    assert "seeds-policy_rules" in tables["dim_policy_rules"].made_from


def test_readers_and_promises_stand_with_their_table(tables: dict[str, Table]) -> None:
    measures = tables["fct_policy_measures"]
    assert measures.read_by == ("page centres", "page policy_lab", "savoir replay")
    assert measures.key == ("ticket_id",)
    assert "every_judged_claim_has_its_measures" in measures.promises


def test_the_page_holds_every_table_once_links_nowhere_else_and_escapes_what_it_quotes(
    manifest: dict[str, Any], tables: dict[str, Table]
) -> None:
    html = dictionary_html(manifest)
    anchors = re.findall(r'<section class="table" id="([^"]+)">', html)
    assert sorted(anchors) == sorted(table.anchor for table in tables.values())
    assert set(re.findall(r'href="([^"$]+)"', html)) == {f"#{each}" for each in [*anchors, "glossary"]}
    assert re.findall(r'(?:src|href)="(?:https?:)?//', html) == []
    for doc in manifest["docs"].values():
        if doc["package_name"] == "savoir":
            assert f"<dt>{doc['name'].replace('_', ' ')}</dt>" in html
    poisoned = {**manifest, "nodes": {k: dict(v) for k, v in manifest["nodes"].items()}}
    key = next(key for key, node in poisoned["nodes"].items() if node["name"] == "fct_claims")
    poisoned["nodes"][key]["description"] = "<script>alert(1)</script>"
    assert "<script>alert(1)" not in dictionary_html(poisoned)


def test_the_command_writes_it_into_the_home_or_where_it_is_told(tmp_path: Path) -> None:
    home = tmp_path / "home"
    done = CliRunner().invoke(main, ["docs", "--home", str(home)])
    assert (done.exit_code, done.stdout) == (0, f"{home.resolve() / 'docs' / 'index.html'}\n")
    assert (home / "docs" / "index.html").stat().st_size > 50_000
    taken = tmp_path / "taken"
    taken.write_text("a file", encoding="utf-8")
    refused = CliRunner().invoke(main, ["docs", "--out", str(taken)])
    assert refused.exit_code == 1
    assert "Name another folder with --out." in refused.output
