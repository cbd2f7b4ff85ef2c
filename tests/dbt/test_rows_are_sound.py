"""The test that every table carries: each broken promise is told, row by row, in words."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from pipelines.home import DBT_DIR, Home
from pipelines.orchestration import dbt_run
from pipelines.orchestration.dbt_run import DbtCommand, failing_rows, run_dbt
from pipelines.orchestration.manifest import prepared

PROMISES = """
version: 2
seeds:
  - name: machines
    data_tests:
      - rows_are_sound:
          name: machines_rows_are_sound
          arguments:
            key: [machine_id, part]
            known: [machine_id, kind]
            codes: {kind: [mower, saw], stars: [1, 2]}
            ranges: {weight: [0, 5], price: [0, null]}
            orders:
              - [sold_at, sent_at]
            rules:
              a_saw_has_no_blade: kind <> 'saw' or blade is null
"""
COLUMNS = "machine_id,part,kind,stars,weight,price,sold_at,sent_at,blade"
# The 31st began in Paris at 23:00 UTC: sent before it was sold, but on the same civil day.
SOUND = "m1,,mower,2,0,9,2026-10-31 10:00:00,2026-10-30 23:30:00,steel"


def told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *rows: str) -> list[str]:
    """What the test says of these rows, `broken_rule` first; nothing where all are sound."""
    project = tmp_path / "dbt"
    for part in ("dbt_project.yml", "profiles.yml", "macros", "tests/generic/rows_are_sound.sql"):
        source, target = DBT_DIR / part, project / part
        target.parent.mkdir(parents=True, exist_ok=True)
        (shutil.copytree if source.is_dir() else shutil.copy)(source, target)
    (project / "seeds").mkdir()
    (project / "seeds" / "machines.csv").write_text("\n".join([COLUMNS, *rows]) + "\n", encoding="utf-8")
    (project / "seeds" / "machines.yml").write_text(PROMISES, encoding="utf-8")
    home = Home.at(tmp_path / "home").make()
    monkeypatch.setenv("SAVOIR_HOME", str(home.root))
    command = DbtCommand(prepared(project), tmp_path / "target", {"as_of": "2026-10-31"})
    tests = [result for result in run_dbt(command) if result.unique_id.startswith("test.")]
    assert [result.unique_id.split(".")[2] for result in tests] == ["machines_rows_are_sound"]
    assert tests[0].status in ("pass", "fail"), tests[0].message
    return failing_rows(home.build_file, tests[0].compiled_sql)


def test_sound_rows_break_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    other_part = SOUND.replace("m1,,", "m1,p,")
    unknowns = "m2,,saw,,,,,,"
    assert told(tmp_path, monkeypatch, SOUND, other_part, unknowns) == []


def test_every_broken_promise_is_told_in_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dbt_run, "ROWS_SHOWN", 100)
    wanted = {
        "a,,,1,1,1,,,": "kind is unknown",
        "b,,hose,1,1,1,,,": "kind is hose, which is no code of it",
        "c,,mower,3,1,1,,,": "stars is 3, which is no code of it",
        "d,,mower,1,6,1,,,": "weight is 6, out of its range",
        "e,,mower,1,1,-1,,,": "price is -1, out of its range",
        "f,,mower,1,1,1,2026-10-31 10:00:00,2026-10-30 22:30:00,": "sent_at lies before sold_at",
        "g,,saw,1,1,1,,,steel": "a_saw_has_no_blade",
        "h,,hose,1,6,1,,,": "kind is hose, which is no code of it; weight is 6, out of its range",
        "i,,mower,1,1,1,,,": "another row has the same machine_id, part",
        "i,,saw,1,1,1,,,": "another row has the same machine_id, part",
    }
    rows = told(tmp_path, monkeypatch, SOUND, *wanted)
    assert sorted(row.split(", machine_id=") for row in rows) == sorted(
        [f"broken_rule={sentence}", ", ".join(shown(row))] for row, sentence in wanted.items()
    )


def shown(row: str) -> list[str]:
    """A row as a person is shown it: the key's value, then each other known column with its name."""
    first, *others = (pair for pair in zip(COLUMNS.split(","), row.split(","), strict=True) if pair[1])
    return [first[1], *(f"{name}={value}" for name, value in others)]
