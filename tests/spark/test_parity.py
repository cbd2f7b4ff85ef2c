import sys
from pathlib import Path

import pytest

from pipelines.home import Home
from pipelines.spark.build import EngineBuildError, build_on, own_home
from pipelines.spark.comparison import Comparison
from pipelines.spark.parity import EnginesDisagreeError, ParityRow, table_text, verdict


def row(comparison: Comparison) -> ParityRow:
    return ParityRow(comparison, 0.5, 2.0)


def test_equal_marts_pass_and_are_listed_with_their_seconds() -> None:
    rows = [row(Comparison("marts.fct_claims", 1_234, 0, 0, 0))]
    verdict(rows)
    assert table_text(rows).splitlines()[1].split() == ["marts.fct_claims", "1,234", "0", "0.50", "2.00"]


@pytest.mark.parametrize(
    "comparison",
    [
        Comparison("marts.fct_claims", 9, 1, 0, 0, examples=("{'ticket_id': 'A-1'}",)),
        Comparison("marts.fct_claims", 9, 0, 0, 2),
        Comparison("marts.fct_claims", 9, 0, 0, 0, note="columns on one side only: sku"),
        Comparison("marts.fct_claims", 0, 0, 0, 0),
    ],
    ids=["a row", "a double", "a column", "an empty mart"],
)
def test_a_mart_that_differs_or_proves_nothing_is_named(comparison: Comparison) -> None:
    with pytest.raises(EnginesDisagreeError, match=r"marts\.fct_claims"):
        verdict([row(comparison)])


def test_a_feed_may_be_empty_where_the_caller_says_so() -> None:
    verdict([row(Comparison("marts.fct_repairs", 0, 0, 0, 0))], may_be_empty=True)


@pytest.mark.parametrize("ending", ["raise SystemExit(3)", "import os; os.kill(os.getpid(), 9)"])
def test_an_engine_that_dies_gives_a_sentence_and_touches_no_snapshot(
    ending: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = Home(tmp_path / "home").make()
    home.current.write_text("the last good snapshot")
    dying = tmp_path / "python"
    dying.write_text(f'#!/bin/sh\necho "out of memory" >&2\nexec {sys.executable} -c "{ending}"\n')
    dying.chmod(0o755)
    monkeypatch.setattr("sys.executable", str(dying))
    own = own_home(tmp_path / "spark", home.landing)
    with pytest.raises(EngineBuildError, match=r"did not build on spark \(exit (3|-9)\)(.|\n)*out of memory"):
        build_on("spark", own, "2026-10-31")
    assert home.current.read_text() == "the last good snapshot"
