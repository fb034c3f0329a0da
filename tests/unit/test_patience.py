"""What becomes of a day that did not end well."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from procrastinate.jobs import Job

from loanbook.errors import ConnectionLost, DayStopped, DayUnsound, RunClaimed
from loanbook.settings import Worker
from loanbook.worker.patience import LONGEST, Patience, wait


def job(attempts: int) -> Job:
    return Job(
        id=1, queue="day", lock="day", queueing_lock=None, task_name="day", attempts=attempts
    )


@pytest.mark.parametrize("attempts", range(4))
@pytest.mark.parametrize("error", [DayUnsound(day="", problem=""), ConnectionLost(problem="")])
def test_each_wait_is_twice_as_long(attempts: int, error: Exception) -> None:
    before = datetime.now(UTC)
    decision = Patience(Worker(retries=4)).get_retry_decision(exception=error, job=job(attempts))
    assert decision is not None
    assert decision.retry_at is not None
    waited = decision.retry_at - before
    assert timedelta() <= waited - timedelta(seconds=60 * 2**attempts) < timedelta(seconds=5)


def test_after_all_retries_a_person_is_needed() -> None:
    error = DayUnsound(day="", problem="")
    assert Patience(Worker(retries=4)).get_retry_decision(exception=error, job=job(4)) is None


@pytest.mark.parametrize("error", [DayStopped(step=""), RunClaimed(who="", day="")])
def test_to_stop_or_to_meet_another_is_no_failure(error: Exception) -> None:
    assert Patience(Worker(retries=0)).get_retry_decision(exception=error, job=job(99)) is not None


@given(st.integers(0, 65_535), st.integers(0, 10_000))
def test_no_wait_is_endless(backoff: int, attempts: int) -> None:
    assert 0 <= wait(backoff, attempts) <= LONGEST
