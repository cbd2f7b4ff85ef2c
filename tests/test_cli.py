"""The command line: every error a sentence, every ending an exit code."""

from __future__ import annotations

from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from pipelines.cli import main
from pipelines.feeds.results import Delivery, FeedCounts
from pipelines.home import Home
from pipelines.orchestration import run_build
from pipelines.orchestration.run_build import BuildOutcome
from pipelines.terminal import plain

CLEAN = Delivery("orders", "a.csv", "d1", (FeedCounts("orders", 2, 2, 0, 0, 0),))
PARTLY = Delivery("orders", "b.csv", "d2", (FeedCounts("orders", 2, 1, 0, 1, 0),))


def run(*words: str, home: Path) -> Result:
    return CliRunner().invoke(main, ["--home", str(home), *words])


@pytest.fixture
def built(monkeypatch: pytest.MonkeyPatch):
    """Let `savoir build` end as told, and remember what it was asked."""
    asked: list[tuple[str, ...]] = []

    def ends(outcome: BuildOutcome) -> list[tuple[str, ...]]:
        def fake(home: Home, as_of: str, known_on: str) -> BuildOutcome:
            asked.append((str(home.root), as_of, known_on))
            return outcome

        monkeypatch.setattr(run_build, "run_build", fake)
        monkeypatch.setattr("pipelines.summary.summary", lambda home: "the summary")
        return asked

    return ends


def test_a_good_build_prints_the_summary_and_ends_with_0(built, tmp_path: Path) -> None:
    asked = built(BuildOutcome(True, "", (CLEAN,)))
    result = run("build", "--as-of", "2026-10-31", "--known-on", "2026-10-31T05:00:00+01:00", home=tmp_path)
    assert (result.exit_code, result.stdout) == (0, "the summary\n")
    assert asked == [(str(tmp_path), "2026-10-31", "2026-10-31T04:00:00")]


def test_a_build_that_refused_rows_ends_with_3(built, tmp_path: Path) -> None:
    built(BuildOutcome(True, "", (CLEAN, PARTLY)))
    result = run("build", home=tmp_path)
    assert result.exit_code == 3
    assert "the summary" in result.stdout
    assert "`savoir quarantine`" in result.stderr


def test_a_red_build_says_why_in_a_sentence_and_ends_with_1(built, tmp_path: Path) -> None:
    built(BuildOutcome(False, "Check unique on marts.fct_claims.ticket_id: 1 row fails.", ()))
    result = run("build", home=tmp_path)
    assert result.exit_code == 1
    assert "Check unique on marts.fct_claims.ticket_id: 1 row fails." in result.stderr
    assert "No snapshot has been published in this home yet." in result.stderr
    assert "Traceback" not in result.output


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("build", "--as-of", "31/10/2026"), "'31/10/2026' is not a day. Write it as 2026-10-31."),
        (("build", "--known-on", "yesterday"), "'yesterday' is not a moment."),
        (("report", "--week", "2026-47"), "'2026-47' is not a week. Write it as 2026-W47."),
        (("report", "--week", "2026-W54"), "'2026-W54' is not a week."),
        (("simulate", "--lines", "0", "--end", "2026-10-31"), "0 is not in the range x>=1"),
    ],
)
def test_a_wrong_option_is_told_with_the_remedy(
    words: tuple[str, ...], sentence: str, tmp_path: Path
) -> None:
    result = run(*words, home=tmp_path)
    assert result.exit_code == 2
    assert sentence in result.stderr


def test_an_error_of_ours_is_a_sentence_without_a_traceback(tmp_path: Path) -> None:
    result = run("report", home=tmp_path)
    assert result.exit_code == 1
    assert result.stderr.startswith("Error: Nothing has been published in")
    assert "Traceback" not in result.output


def test_check_tells_what_would_be_refused_and_ends_with_3(tmp_path: Path) -> None:
    file = tmp_path / "bad.csv"
    file.write_text(
        "order_id,line_number,contract_at,sku,quantity,unit_price_eur\n"
        "A,1,2026-01-01,X,1,10\nB,1,2026-01-01,X,-2,10\n"
    )
    result = run("check", str(file), "--source", "orders", home=tmp_path / "home")
    assert result.exit_code == 3
    assert "2 read = 1 loaded + 0 duplicate + 1 quarantined + 0 skipped" in result.stdout
    assert "bad.csv, line 3: quantity" in result.stdout
    assert run("check", str(file), "--source", "nope", home=tmp_path).exit_code == 1


def test_an_empty_quarantine_ends_with_0(tmp_path: Path) -> None:
    result = run("quarantine", home=tmp_path)
    assert result.exit_code == 0
    assert result.stderr == "Nothing is in quarantine.\n"


def test_the_home_comes_from_the_option_else_from_the_environment(
    built, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = built(BuildOutcome(True, "", ()))
    monkeypatch.setenv("SAVOIR_HOME", str(tmp_path / "environment"))
    CliRunner().invoke(main, ["build"])
    run("build", home=tmp_path / "option")
    assert [home for home, _, _ in asked] == [str(tmp_path / "environment"), str(tmp_path / "option")]


def test_text_from_a_file_cannot_drive_the_terminal() -> None:
    assert plain("sku \x1b[2J\x07 été\n\tnext") == "sku \ufffd[2J\ufffd été\n\tnext"


def test_the_home_may_stand_before_or_after_the_command(built, tmp_path: Path) -> None:
    asked = built(BuildOutcome(True, "", (CLEAN,)))
    runner = CliRunner()
    assert runner.invoke(main, ["build", "--home", str(tmp_path / "after")]).exit_code == 0
    assert runner.invoke(main, ["build"], env={"SAVOIR_HOME": str(tmp_path / "named")}).exit_code == 0
    twice = ["--home", str(tmp_path / "same"), "build", "--home", str(tmp_path / "same")]
    assert runner.invoke(main, twice).exit_code == 0
    assert [Path(home).name for home, _, _ in asked] == ["after", "named", "same"]


def test_two_homes_in_one_command_are_refused_by_name(built, tmp_path: Path) -> None:
    asked = built(BuildOutcome(True, "", (CLEAN,)))
    result = run("build", "--home", str(tmp_path / "other"), home=tmp_path / "one")
    assert result.exit_code == 2
    assert f"{tmp_path / 'one'} and {tmp_path / 'other'}. Give one." in result.stderr
    assert asked == []


def test_every_command_takes_the_home_after_its_name() -> None:
    named = dict(main.commands)
    for name, command in main.commands.items():
        if isinstance(command, click.Group):
            del named[name]
            named |= {f"{name} {each}": under for each, under in command.commands.items()}
    for name, command in named.items():
        assert "--home" in [option for each in command.params for option in each.opts], name


def test_a_folder_of_other_things_is_not_taken_for_a_home(tmp_path: Path) -> None:
    (tmp_path / "thesis.odt").write_text("mine")
    (tmp_path / "photos").mkdir()
    result = run("quarantine", home=tmp_path)
    assert result.exit_code == 1
    assert "is no home of Savoir: it holds photos, thesis.odt, and no inbox" in result.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["photos", "thesis.odt"]
    (tmp_path / "inbox").mkdir()
    assert run("quarantine", home=tmp_path).exit_code == 0


def test_the_default_home_is_not_looked_at_where_another_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "thesis.odt").write_text("mine")
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(main, ["quarantine", "--home", str(tmp_path / "home")])
    assert result.exit_code == 0, result.output
