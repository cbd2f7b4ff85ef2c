"""The clock: when jobs run, in Paris, and as of which day."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import dagster as dg
from dagster._utils.schedules import schedule_execution_time_iterator

from pipelines.orchestration.job import BUILD, red_build
from pipelines.orchestration.schedules import daily_build, monthly_report, weekly_report


def test_the_daily_build_is_as_of_the_day_of_its_tick_in_paris() -> None:
    # 04:00 UTC on a winter day is five in the morning in Paris.
    tick = datetime(2026, 11, 2, 4, 0, tzinfo=ZoneInfo("UTC"))
    with dg.build_schedule_context(scheduled_execution_time=tick) as context:
        [request] = daily_build.evaluate_tick(context).run_requests or []
    assert request.run_config["resources"]["session"]["config"]["as_of"] == "2026-11-02"


def test_schedules_follow_the_clock_of_paris_and_run_without_being_switched_on() -> None:
    assert (daily_build.cron_schedule, daily_build.execution_timezone) == ("0 5 * * *", "Europe/Paris")
    assert (weekly_report.cron_schedule, weekly_report.execution_timezone) == ("0 7 * * 1", "Europe/Paris")
    assert (monthly_report.cron_schedule, monthly_report.execution_timezone) == ("30 7 1 * *", "Europe/Paris")
    assert monthly_report.default_status == dg.DefaultScheduleStatus.RUNNING
    assert daily_build.default_status == dg.DefaultScheduleStatus.RUNNING
    assert weekly_report.default_status == dg.DefaultScheduleStatus.RUNNING


def test_the_weekly_report_is_at_seven_in_paris_across_both_clock_changes() -> None:
    for before, ticks in (
        (datetime(2026, 3, 22, tzinfo=ZoneInfo("UTC")), ("06:00", "05:00")),
        (datetime(2026, 10, 18, tzinfo=ZoneInfo("UTC")), ("05:00", "06:00")),
    ):
        found = schedule_execution_time_iterator(
            before.timestamp(), weekly_report.cron_schedule, "Europe/Paris", True
        )
        assert [f"{next(found).astimezone(ZoneInfo('UTC')):%H:%M}" for _ in ticks] == list(ticks)


def test_a_red_build_keeps_the_reports_back() -> None:
    with dg.DagsterInstance.ephemeral() as instance:
        assert red_build(instance) == []
        for status, count in ((dg.DagsterRunStatus.FAILURE, 1), (dg.DagsterRunStatus.SUCCESS, 0)):
            instance.create_run_for_job(_named_build(), status=status)
            assert len(red_build(instance)) == count


def _named_build() -> dg.JobDefinition:
    @dg.op
    def nothing() -> None: ...

    @dg.job(name=BUILD)
    def job() -> None:
        nothing()

    return job
