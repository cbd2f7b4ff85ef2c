"""What the README says is what the product does."""

from __future__ import annotations

import re
from pathlib import Path

import duckdb
import pytest
from click.testing import CliRunner

from pipelines.cli import main
from pipelines.home import PROJECT_DIR, Home
from pipelines.summary import summary

README = (PROJECT_DIR / "README.md").read_text(encoding="utf-8")
LONGEST = 200


@pytest.fixture(scope="module")
def marts(demo_home: Home) -> duckdb.DuckDBPyConnection:
    return duckdb.connect(str(demo_home.current.resolve()), read_only=True)


def test_it_can_be_read_in_one_sitting() -> None:
    assert len(README.splitlines()) <= LONGEST


def test_its_table_names_every_mart_and_no_other(marts: duckdb.DuckDBPyConnection) -> None:
    named = set(re.findall(r"`((?:dim|fct)_\w+)`", README))
    published = marts.execute("select table_name from duckdb_tables() where schema_name = 'marts'").fetchall()
    assert named == {name for (name,) in published}


def test_its_figures_of_the_demo_are_those_of_the_demo(demo_home: Home) -> None:
    shown = re.findall(
        r"^(?:orders|tickets|repairs|units|claims|failures|open|linked|failed) .*$", README, re.MULTILINE
    )
    assert len(shown) > 10
    told = summary(demo_home).splitlines()
    assert set(shown) <= set(told)
    [checks] = re.findall(r"^as of .* checks green$", README, re.MULTILINE)
    assert told[-1].startswith(f"{checks}, ")


@pytest.mark.parametrize("query", re.findall(r"```sql\n(.*?)```", README, re.DOTALL))
def test_its_queries_answer(marts: duckdb.DuckDBPyConnection, query: str) -> None:
    assert marts.execute(query).fetchall()


def test_the_commands_it_names_exist_and_none_is_left_out() -> None:
    named = set(re.findall(r"^\| `savoir ([\w-]+)", README, re.MULTILINE))
    listed = CliRunner().invoke(main, ["--help"]).output.split("Commands:")[1]
    assert named == {line.split()[0] for line in listed.splitlines() if line[2:3].strip()}


@pytest.mark.parametrize(
    "link",
    re.findall(r"\]\(([^)]+)\)", README)
    + re.findall(r"`((?:docs|dbt|pipelines|data)/[\w./]+\.\w+)`", README),
)
def test_the_files_it_names_exist(link: str) -> None:
    assert (PROJECT_DIR / link).exists() or link.startswith("data/published")


def test_the_sample_loads_as_the_readme_says(tmp_path: Path) -> None:
    for path in sorted((PROJECT_DIR / "data" / "sample").rglob("*.csv")):
        words = ["--home", str(tmp_path), "check", str(path), "--source", path.parent.name]
        result = CliRunner().invoke(main, words)
        assert result.exit_code == 0, result.output
