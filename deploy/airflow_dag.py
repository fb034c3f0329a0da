"""Airflow: the day of its logical date's end, every morning; a day may be run again."""

from __future__ import annotations

import pendulum
from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG

with DAG(
    dag_id="loanbook",
    schedule="0 6 * * *",
    start_date=pendulum.datetime(2024, 1, 1, tz="America/Sao_Paulo"),
    catchup=False,  # loanbook itself brings missed days forward
    max_active_runs=1,
    default_args={"retries": 3, "retry_delay": pendulum.duration(minutes=10)},
):
    BashOperator(
        task_id="run",
        bash_command="loanbook run --wait --log-json",
    ) >> BashOperator(task_id="status", bash_command="loanbook status")
