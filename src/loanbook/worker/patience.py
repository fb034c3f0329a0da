"""What becomes of a day that did not end well: tried again, when, or given up."""

from __future__ import annotations

from typing import TYPE_CHECKING

from procrastinate import BaseRetryStrategy, RetryDecision

from loanbook.errors import DayStopped, RunClaimed

if TYPE_CHECKING:
    from procrastinate.jobs import Job

    from loanbook.settings import Worker

LONGEST = 6 * 3600  # seconds between two attempts


class Patience(BaseRetryStrategy):
    """Each wait is twice as long as the one before; to stop or to meet another is no failure."""

    def __init__(self, given: Worker) -> None:
        self._given = given

    def get_retry_decision(self, *, exception: BaseException, job: Job) -> RetryDecision | None:
        """When a day is tried again, or None to give it up until a person has looked."""
        if isinstance(exception, DayStopped):
            return RetryDecision()
        if isinstance(exception, RunClaimed):
            return RetryDecision(retry_in={"seconds": self._given.backoff})
        if job.attempts >= self._given.retries:
            return None
        return RetryDecision(retry_in={"seconds": wait(self._given.backoff, job.attempts)})


def wait(backoff: int, attempts: int) -> int:
    """Seconds until the next attempt, after so many that failed before the last."""
    return min(backoff << min(attempts, 20), LONGEST)
