"""The short form of `python -m benchmarks.faults`: nothing is lost, whatever happens."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.faults.__main__ import PARTS, run_part
from benchmarks.faults.hostile import count_by_rule

# One part takes many builds and runs on demand: `python -m benchmarks.faults --part kills`. `rows` is one
# build of the real models over random rows: the only test that no accepted row makes a build red.
CHEAP = [part for part in PARTS if part != "kills"]


@pytest.mark.parametrize("part", CHEAP)
def test_faults_lose_nothing(tmp_path: Path, part: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SAVOIR_CUSTOMER_KEY", "replaced by the benchmark's own")
    tally = run_part(part, PARTS[part][1], 1, tmp_path)
    assert tally.failures == []
    assert tally.outcomes


def test_the_count_of_the_proof_follows_the_rule() -> None:
    assert count_by_rule(b'h\na,b\n\n"x\ny",c\n"open,1\nd,5" e\n') == 4
