"""`savoir replay`, as it is typed."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import polars as pl
from click.testing import CliRunner, Result

from pipelines.cli import main
from pipelines.commands.words import EXIT_RED
from pipelines.home import Home

Draft = Callable[..., bytes]


def typed(home: Home, *words: str) -> Result:
    return CliRunner().invoke(main, ["--home", str(home.root), "replay", *words])


def files(home: Home) -> dict[str, str]:
    return {
        str(path): hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""
        for path in sorted(home.published.iterdir())
    }


def test_the_table_says_what_flips_and_where_the_list_is(
    demo_home: Home, tmp_path: Path, draft: Draft
) -> None:
    before = files(demo_home)
    rules, out = tmp_path / "draft.csv", tmp_path / "flips.csv"
    rules.write_bytes(draft(D07={"outcome": "repair_pickup"}))
    done = typed(demo_home, "draft", "--rules", str(rules), "--out", str(out))
    assert done.exit_code == 0, done.output
    listed = pl.read_csv(out)
    assert listed["before_outcome"].unique().to_list() == ["rejected_misuse"]
    assert listed["after_outcome"].unique().to_list() == ["repair_pickup"]
    lines = {line[:28].strip(): line[28:].split() for line in done.stdout.splitlines()}
    assert lines["Claims that flip"][0] == f"{listed.height:,}"
    assert lines["Refusals"][2] == f"-{listed.height:,}"
    assert done.stdout.splitlines()[-1].endswith(str(out))
    assert files(demo_home) == before


def test_a_malformed_file_prints_its_sentences_and_writes_nothing(
    demo_home: Home, tmp_path: Path, draft: Draft
) -> None:
    before = files(demo_home)
    rules, out = tmp_path / "draft.csv", tmp_path / "flips.csv"
    rules.write_bytes(draft(leave_out=("D15",), D08={"outcome": "\x1b[31mrefused"}))
    done = typed(demo_home, "draft", "--rules", str(rules), "--out", str(out))
    assert done.exit_code == EXIT_RED
    assert "draft.csv is not a rule set that can be replayed. Nothing was changed." in done.output
    assert "Line 10 (rule 'D08'): outcome" in done.output
    assert "\x1b" not in done.output
    assert not out.exists()
    assert files(demo_home) == before


def test_an_unknown_version_and_an_unwritable_list_are_sentences(demo_home: Home, tmp_path: Path) -> None:
    unknown = typed(demo_home, "strict")
    assert unknown.exit_code == EXIT_RED
    assert "policy_rules.csv has no policy version 'strict'. It has: 'page'" in unknown.output
    lost = typed(demo_home, "page", "--out", str(tmp_path / "nowhere" / "flips.csv"))
    assert lost.exit_code == EXIT_RED
    assert "Name another file with --out." in lost.output


def test_a_home_without_a_snapshot_says_which_command_to_run(tmp_path: Path) -> None:
    done = typed(Home.at(tmp_path), "page")
    assert done.exit_code == EXIT_RED
    assert "savoir build" in done.output
