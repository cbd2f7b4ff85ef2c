"""Parameters keep their marks; a scenario changes them or says why it cannot."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from pipelines.home import PROJECT_DIR
from pipelines.simulation.parameters import MARKS, ScenarioError, parameter_rows, parameters_for
from pipelines.simulation.simulator import scene_for
from tests.simulation.conftest import END

FAMILIES_OF_SEGMENT = {
    "gas push mower": "push_mower", "self-propelled mower": "self_propelled_mower",
    "lawn tractor": "lawn_tractor", "rider": "rider", "chainsaw/brush-cutter": "chainsaw",
    "pressure washer": "pressure_washer", "tiller": "tiller",
    "generator": "generator", "log splitter": "log_splitter", "battery hand tool": "battery_hand_tool",
}  # fmt: skip


def test_every_value_has_a_mark_and_one_row() -> None:
    rows = parameter_rows()
    assert {row["mark"] for row in rows} == set(MARKS)
    keys = [(row["parameter"], row["segment"]) for row in rows]
    assert len(keys) == len(set(keys))
    assert all(row["note"] for row in rows if row["mark"] != "assumed")


def test_every_parameter_is_read_somewhere() -> None:
    source = "".join(
        path.read_text(encoding="utf-8") for path in (PROJECT_DIR / "pipelines" / "simulation").glob("*.py")
    )
    built = {"wear_share", "transit_share", "no_fault_share"}
    names = {row["parameter"] for row in parameter_rows()}
    assert [name for name in sorted(names) if f'"{name}"' not in source and name not in built] == []


def test_needs_of_families_are_those_of_the_sources(shared: Path) -> None:
    parameters = parameters_for(END, None)
    with (shared / "domain" / "simulation_params.csv").open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["parameter"] == "cum_24m_repair_need"]
    assert len(rows) == 10
    for row in rows:
        family = FAMILIES_OF_SEGMENT[row["segment"]]
        assert parameters.number("cum_24m_repair_need", family) == float(row["value"])


def test_quarters_of_use_are_the_measured_ones(shared: Path) -> None:
    parameters = parameters_for(END, None)
    names = {
        "mower": "mower",
        "hedge": "hedge",
        "chainsaw": "chainsaw",
        "pressure": "washer",
        "trimmer": "trimmer",
    }
    with (shared / "domain" / "simulation_params.csv").open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["parameter"] == "quarter_index"]
    for row in rows:
        profile = parameters.numbers("use_month_index", names[row["segment"].split()[0]])
        quarters = profile.reshape(4, 3).mean(axis=1)
        assert quarters == pytest.approx([float(part) for part in row["value"].split(",")], abs=0.002)


def lot(family: str, fault: str, multiplier: float, first: str, last: str) -> str:
    return (
        f"bad_lots: [{{family_code: {family}, fault_code: {fault}, hazard_multiplier: {multiplier}, "
        f"from: {first}, to: {last}}}]"
    )


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("bad_lot: []", "must hold"),
        ("- 1", "must hold"),
        ("parameters: {moon_phase: 3}", "there is no parameter 'moon_phase'"),
        ("bad_lots: [{fault_code: D02}]", "bad lot 1 needs"),
        (
            lot("rider", "D02", 2, "2024-05-01", "2024-04-01"),
            "from <= to",
        ),
        (
            lot("rider", "D02", 0.5, "2024-05-01", "2024-06-01"),
            "1 or more",
        ),
        (
            lot("boat", "D02", 2, "2024-05-01", "2024-06-01"),
            "nothing is sold under 'boat'",
        ),
        (
            lot("rider", "D99", 2, "2024-05-01", "2024-06-01"),
            "unknown fault code 'D99'",
        ),
        ("a: [", "cannot be read"),
    ],
)
def test_a_wrong_scenario_is_refused_in_words(tmp_path: Path, content: str, sentence: str) -> None:
    path = tmp_path / "scenario.yml"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(ScenarioError, match=sentence):
        scene_for(1_000, 1, END, path)


def test_a_scenario_changes_one_value_and_keeps_the_rest(tmp_path: Path) -> None:
    path = tmp_path / "scenario.yml"
    path.write_text(
        "parameters: {paypal_case_rate: 0.5, breach_rate: {VR15: 0.9}}\nbad_lots: []", encoding="utf-8"
    )
    changed, plain = parameters_for(END, path), parameters_for(END, None)
    assert changed.number("paypal_case_rate") == 0.5
    assert changed.number("breach_rate", "VR15") == 0.9
    assert changed.bad_lots == ()
    assert plain.number("breach_rate", "VR16") == changed.number("breach_rate", "VR16")
    assert len(plain.bad_lots) == 1
