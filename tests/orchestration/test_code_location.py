"""What the code location holds, in a text file beside: what comes or goes shows in a diff."""

from __future__ import annotations

import os
from pathlib import Path

import dagster as dg
import pytest

from pipelines.home import Home
from pipelines.orchestration.code_location import build_defs
from pipelines.orchestration.manifest import prepared
from pipelines.orchestration.publish import SNAPSHOT_KEY

EXPECTED = Path(__file__).with_name("code_location.txt")


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> dg.RepositoryDefinition:
    return build_defs(Home.at(tmp_path_factory.mktemp("home"))).get_repository_def()


def described(repository: dg.RepositoryDefinition) -> str:
    graph = repository.asset_graph
    jobs = [job for job in repository.get_all_jobs() if not job.name.startswith("__")]
    schedules = [
        f"{schedule.name}: {schedule.cron_schedule} {schedule.execution_timezone}, starts {schedule.job_name}"
        for schedule in repository.schedule_defs
    ]
    sensors = [f"{sensor.name}: {sensor.sensor_type.value.lower()}" for sensor in repository.sensor_defs]
    sections = {
        "jobs": [f"{job.name}: {job.executor_def.name} executor" for job in jobs],
        "schedules": schedules,
        "sensors": sensors,
        "assets": ["/".join(key.path) for key in graph.get_all_asset_keys() if graph.get(key).is_executable],
        "checks": [f"{'/'.join(key.asset_key.path)}: {key.name}" for key in graph.asset_check_keys],
    }
    return "\n".join(
        line for title, lines in sections.items() for line in (f"{title} ({len(lines)})", *_indented(lines))
    )


def _indented(lines: list[str]) -> list[str]:
    return [f"  {line}" for line in sorted(lines)]


def test_the_code_location_is_the_one_that_is_written_down(repository: dg.RepositoryDefinition) -> None:
    found = described(repository) + "\n"
    if os.environ.get("SAVOIR_UPDATE_EXPECTED"):
        EXPECTED.write_text(found)
    assert found == EXPECTED.read_text(), (
        "The code location changed. If that is meant, write it down with "
        "SAVOIR_UPDATE_EXPECTED=1 python -m pytest tests/orchestration/test_code_location.py; look at it."
    )


def test_every_dbt_test_is_an_asset_check(repository: dg.RepositoryDefinition) -> None:
    """A test that hangs on no single table would run without being a check: give it `meta.dagster.ref`.

    Left out: tests of a source that no model reads. They run and stop a publish like any other, but Dagster
    sees only sources that lead somewhere.
    """
    manifest = prepared().manifest
    unread = {
        key
        for key in manifest["sources"]
        if not any(child.startswith("model") for child in manifest["child_map"][key])
    }
    names = {key.name for key in repository.asset_graph.asset_check_keys}
    tests = {
        node["name"]
        for node in manifest["nodes"].values()
        if node["resource_type"] == "test" and not unread.issuperset(node["depends_on"]["nodes"])
    }
    assert tests - names == set()


def test_the_snapshot_waits_for_every_other_asset(repository: dg.RepositoryDefinition) -> None:
    graph = repository.asset_graph
    others = {key for key in graph.get_all_asset_keys() if graph.get(key).is_executable} - {SNAPSHOT_KEY}
    assert graph.get(SNAPSHOT_KEY).parent_keys == others


def test_the_five_feeds_are_assets_and_the_staging_models_stand_on_them(
    repository: dg.RepositoryDefinition,
) -> None:
    for feed in ("products", "service_centers", "orders", "tickets", "repairs"):
        key = dg.AssetKey(["raw", feed])
        assert repository.asset_graph.get(key).is_executable
        assert dg.AssetKey(["staging", f"stg_feeds__{feed}"]) in repository.asset_graph.get(key).child_keys


def test_dbt_runs_twice_in_a_build_and_no_more(repository: dg.RepositoryDefinition) -> None:
    """Once up to what the fits read, once for what reads the fits; each further run costs three seconds."""
    nodes = [
        node.name for node in repository.get_job("build").graph.nodes if node.name.startswith("dbt_models")
    ]
    assert len(nodes) == 2
