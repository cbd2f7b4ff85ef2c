"""A build publishes when all is green, and otherwise says what is red and leaves readers where they are."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import dagster as dg
import duckdb
import pytest

from pipelines.home import Home
from pipelines.orchestration.code_location import build_defs
from pipelines.orchestration.job import BUILD, build_config
from pipelines.orchestration.publish import SNAPSHOT_KEY
from pipelines.orchestration.resources import build_lock
from pipelines.orchestration.run_build import BuildOutcome, run_build

DoorOf = Callable[..., Any]
BuildToy = Callable[..., BuildOutcome]
GOOD = [("a", 1), ("b", 2)]


@pytest.fixture
def build_toy(home: Home, toy_project: Path, door_of: DoorOf) -> BuildToy:
    """Run `savoir build` over the toy project with these orders."""

    def build_toy(orders: list[tuple[str | None, int | None]], **door: int) -> BuildOutcome:
        return run_build(home, "2026-10-31", project_dir=toy_project, door=door_of(orders, **door))

    return build_toy


def published(home: Home, query: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(home.current.resolve()), read_only=True) as con:
        return con.execute(query).fetchall()


def test_a_green_build_publishes_the_marts_as_of_the_asked_day(home: Home, build_toy: BuildToy) -> None:
    outcome = build_toy(GOOD)
    assert outcome.is_published, outcome.reason
    assert not outcome.has_refusals
    assert published(
        home, "select order_id, quantity, as_of::varchar from marts.fct_orders order by all"
    ) == [
        ("a", 1, "2026-10-31"),
        ("b", 2, "2026-10-31"),
    ]
    # Two checks of the door, two tests of the source, one of the intermediate table, two of the mart.
    assert published(home, "select as_of::varchar, checks_passed, checks_warned from meta.build") == [
        ("2026-10-31", 7, 0)
    ]


def test_a_red_test_names_itself_and_its_rows_and_leaves_the_last_snapshot(
    home: Home, build_toy: BuildToy
) -> None:
    build_toy(GOOD)
    before = home.current.resolve()
    outcome = build_toy([*GOOD, ("b", 7)])
    assert not outcome.is_published
    assert "accepted_values on raw.orders.quantity" in outcome.reason
    assert "1 row fails" in outcome.reason
    assert "value_field=7" in outcome.reason
    assert home.current.resolve() == before
    assert published(home, "select count(*) from marts.fct_orders") == [(2,)]


def test_the_home_s_dagster_learns_of_the_snapshot_and_of_a_red_check(
    home: Home, build_toy: BuildToy
) -> None:
    build_toy(GOOD)
    build_toy([*GOOD, ("b", 7)])
    with dg.DagsterInstance.get() as instance:
        told = instance.get_latest_materialization_event(SNAPSHOT_KEY)
        red = dg.AssetCheckKey(
            dg.AssetKey(["raw", "orders"]), "source_accepted_values_raw_orders_quantity__False__1__2__3"
        )
        record = instance.event_log_storage.get_latest_asset_check_execution_by_key([red])[red]
    assert told is not None
    assert str(home.current.resolve()) in str(told.asset_materialization)
    assert record.status.value == "FAILED"


def test_a_test_of_severity_warning_is_counted_and_does_not_stop_the_publish(
    home: Home, build_toy: BuildToy
) -> None:
    outcome = build_toy([*GOOD, ("c", None)])
    assert outcome.is_published, outcome.reason
    assert published(home, "select checks_passed, checks_warned from meta.build") == [(6, 1)]


def test_a_row_lost_at_the_door_is_red(home: Home, build_toy: BuildToy) -> None:
    outcome = build_toy(GOOD, lost=1)
    assert not outcome.is_published
    assert "rows_are_conserved" in outcome.reason
    assert not home.current.exists()


def test_refused_rows_are_told_and_do_not_stop_the_good_ones(home: Home, build_toy: BuildToy) -> None:
    outcome = build_toy(GOOD, refused=2)
    assert outcome.is_published
    assert outcome.has_refusals
    assert published(home, "select checks_warned from meta.build") == [(1,)]


def test_a_second_build_of_the_same_home_is_turned_away_with_a_sentence(
    home: Home, build_toy: BuildToy
) -> None:
    with build_lock(home, 0):
        outcome = build_toy(GOOD)
    assert outcome.reason.startswith(f"Another build is running in {home.root} (process ")


def test_a_model_that_cannot_run_is_named_with_the_reason(
    home: Home, toy_project: Path, tmp_path: Path, door_of: DoorOf
) -> None:
    project = Path(shutil.copytree(toy_project, tmp_path / "broken"))
    (project / "models" / "fct_orders.sql").write_text("select no_such_column from {{ ref('int_orders') }}")
    outcome = run_build(home, "2026-10-31", project_dir=project, door=door_of(GOOD))
    assert "marts.fct_orders could not be run" in outcome.reason
    assert "no_such_column" in outcome.reason


def test_a_build_of_everything_begins_on_a_fresh_file_and_one_of_some_assets_goes_on(
    home: Home, toy_project: Path, door_of: DoorOf, build_toy: BuildToy, instance: dg.DagsterInstance
) -> None:
    def left_over() -> list[tuple[Any, ...]]:
        with duckdb.connect(str(home.build_file), read_only=True) as con:
            return con.execute(
                "select table_name from duckdb_tables() where table_name = 'left_over'"
            ).fetchall()

    build_toy(GOOD)
    with duckdb.connect(str(home.build_file)) as con:
        con.execute("create table marts.left_over as select 'of a person who was to be forgotten' as name")
    job = build_defs(home, toy_project, door_of(GOOD)).resolve_job_def(BUILD)
    some = job.execute_in_process(
        run_config=build_config("2026-10-31"),
        instance=instance,
        asset_selection=[dg.AssetKey(["marts", "fct_orders"])],
    )
    assert some.success
    assert left_over()
    build_toy(GOOD)
    assert not left_over()


def test_what_python_computes_between_two_models_runs_between_them(
    home: Home, toy_project: Path, tmp_path: Path, door_of: DoorOf, instance: dg.DagsterInstance
) -> None:
    """The seam that fits use: an asset reads an intermediate table and writes a source of a mart."""
    project = Path(shutil.copytree(toy_project, tmp_path / "seam"))
    (project / "models" / "fits.yml").write_text(
        "sources: [{name: reliability, schema: reliability, tables:"
        " [{name: fits, columns: [{name: orders, data_tests: [not_null]}]}]}]"
    )
    (project / "models" / "fct_fits.sql").write_text(
        "{{ config(schema='marts', materialized='table') }}"
        " select orders from {{ source('reliability', 'fits') }}"
    )

    @dg.asset(key=["reliability", "fits"], deps=[dg.AssetKey(["intermediate", "int_orders"])])
    def fits() -> None:
        with duckdb.connect(str(home.build_file), read_only=True) as con:
            con.execute(
                "copy (select count(*) as orders from intermediate.int_orders)"
                f" to '{home.reliability / 'fits.parquet'}' (format parquet)"
            )

    defs = build_defs(home, project, door_of(GOOD), (fits,))
    result = defs.resolve_job_def(BUILD).execute_in_process(
        run_config=build_config("2026-10-31"), instance=instance
    )
    assert result.success
    assert published(home, "select orders from marts.fct_fits") == [(2,)]
    assert published(home, "select checks_passed from meta.build") == [(8,)]


def test_the_snapshot_alone_cannot_be_made_outside_a_whole_build(
    home: Home, toy_project: Path, door_of: DoorOf, instance: dg.DagsterInstance
) -> None:
    """Someone presses "materialize" on the last asset: the build file may be red, so nothing is published."""
    job = build_defs(home, toy_project, door_of(GOOD)).resolve_job_def(BUILD)
    result = job.execute_in_process(
        run_config=build_config("2026-10-31"),
        instance=instance,
        asset_selection=[SNAPSHOT_KEY],
        raise_on_error=False,
    )
    assert not result.success
    [failure] = [event for event in result.all_events if event.is_step_failure]
    assert failure.step_failure_data.user_failure_data is not None
    assert "checks did not run in this run" in (failure.step_failure_data.user_failure_data.description or "")
    assert not home.current.exists()
