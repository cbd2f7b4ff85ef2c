"""When jobs run by the clock. Does not belong here: what they do (`job`), starting on files (`sensors`)."""

import dagster as dg

from pipelines.orchestration.job import BUILD, REPORT, RETENTION, build_config, report_config
from pipelines.orchestration.resources import PARIS, today_in_paris


def _paris_day(context: dg.ScheduleEvaluationContext) -> str:
    """The day of the tick, so that a run that waited in the queue over midnight keeps its day."""
    tick = context.scheduled_execution_time
    return (tick.astimezone(PARIS).date() if tick else today_in_paris()).isoformat()


@dg.schedule(
    name="daily_build",
    job_name=BUILD,
    cron_schedule="0 5 * * *",
    execution_timezone="Europe/Paris",
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="Each morning, so that ages, warranties and deadlines are those of the day.",
)
def daily_build(context: dg.ScheduleEvaluationContext) -> dg.RunRequest:
    """A build as of the day of the tick."""
    return dg.RunRequest(run_config=build_config(as_of=_paris_day(context)))


@dg.schedule(
    name="weekly_report",
    job_name=REPORT,
    cron_schedule="0 7 * * 1",
    execution_timezone="Europe/Paris",
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="Monday morning, after the daily build: the defect reports of the week that ended.",
)
def weekly_report(context: dg.ScheduleEvaluationContext) -> dg.RunRequest:
    """The reports of the last whole week."""
    return dg.RunRequest(run_config=report_config())


@dg.schedule(
    name="monthly_report",
    job_name=REPORT,
    cron_schedule="30 7 1 * *",
    execution_timezone="Europe/Paris",
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="On the first of a month, after the daily build: the summary of the month that ended.",
)
def monthly_report(context: dg.ScheduleEvaluationContext) -> dg.RunRequest:
    """The reports of the last whole month."""
    return dg.RunRequest(run_config=report_config(schedule="monthly"))


@dg.schedule(
    name="nightly_retention",
    job_name=RETENTION,
    cron_schedule="0 3 * * *",
    execution_timezone="Europe/Paris",
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="Each night, before the daily build: what is older than its retention goes.",
)
def nightly_retention(context: dg.ScheduleEvaluationContext) -> dg.RunRequest:
    """The purge of the day."""
    return dg.RunRequest()
