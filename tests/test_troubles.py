"""What went wrong is remembered: a failed build with its sentence, until a green one follows."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from pipelines.home import Home
from pipelines.troubles import last_failure, note_failure, refused


def test_the_newest_failed_build_is_told_until_a_green_one_follows(tmp_path: Path) -> None:
    home = Home.at(tmp_path).make()
    start = datetime.now(UTC).replace(tzinfo=None) - timedelta(minutes=1)
    assert last_failure(home, start) is None
    note_failure(home, "Not published: sums_add_up is red.")
    note_failure(home, "Not published: keys_are_unique is red.")
    found = last_failure(home, start)
    assert found is not None
    assert found[1] == "Not published: keys_are_unique is red."
    assert last_failure(home, found[0] + timedelta(seconds=1)) is None


def test_a_home_that_cannot_be_written_does_not_hide_why_the_build_failed(tmp_path: Path) -> None:
    home = Home.at(tmp_path).make()
    home.state.parent.mkdir(exist_ok=True)
    home.state.write_bytes(b"not a database, and long enough to be read as one by nobody")
    note_failure(home, "red")


def test_a_home_without_refusals_has_none(tmp_path: Path) -> None:
    assert list(refused(Home.at(tmp_path).make())) == []
