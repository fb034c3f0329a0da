"""Dagster: the day's work as one operation, every morning."""

from __future__ import annotations

import subprocess

import dagster as dg


@dg.op(retry_policy=dg.RetryPolicy(max_retries=3, delay=600))
def run_day() -> None:
    """Do the work of the day; what is done already is not done twice."""
    subprocess.run(["loanbook", "run", "--wait", "--log-json"], check=True)  # noqa: S607 -- on PATH


@dg.job
def loanbook() -> None:
    """The work of a day."""
    run_day()


every_morning = dg.ScheduleDefinition(
    job=loanbook, cron_schedule="0 6 * * *", execution_timezone="America/Sao_Paulo"
)
defs = dg.Definitions(jobs=[loanbook], schedules=[every_morning])
