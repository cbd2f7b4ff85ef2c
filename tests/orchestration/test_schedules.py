"""The clock: when jobs run, in Paris, and as of which day."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import dagster as dg

from pipelines.orchestration.schedules import daily_build, weekly_report


def test_the_daily_build_is_as_of_the_day_of_its_tick_in_paris() -> None:
    # 04:00 UTC on a winter day is five in the morning in Paris.
    tick = datetime(2026, 11, 2, 4, 0, tzinfo=ZoneInfo("UTC"))
    with dg.build_schedule_context(scheduled_execution_time=tick) as context:
        [request] = daily_build.evaluate_tick(context).run_requests or []
    assert request.run_config["resources"]["session"]["config"]["as_of"] == "2026-11-02"


def test_schedules_follow_the_clock_of_paris_and_run_without_being_switched_on() -> None:
    assert (daily_build.cron_schedule, daily_build.execution_timezone) == ("0 5 * * *", "Europe/Paris")
    assert (weekly_report.cron_schedule, weekly_report.execution_timezone) == ("0 7 * * 1", "Europe/Paris")
    assert daily_build.default_status == dg.DefaultScheduleStatus.RUNNING
    assert weekly_report.default_status == dg.DefaultScheduleStatus.RUNNING
