"""What became of a job is written down, however long the database is away."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from procrastinate.exceptions import ConnectorException, UniqueViolation
from procrastinate.jobs import Status
from procrastinate.manager import JobManager

from loanbook.database import jobs

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from procrastinate.connector import BaseConnector
    from procrastinate.jobs import Job

PAUSE = 1.0  # seconds between two tries


class Ledger(JobManager):
    """The library's manager, which does not give up when the connection is lost.

    The library tries once. A job whose end was not written would count as being done by a worker
    that is alive, so nobody would take it over, and its lock would keep all later days out.
    """

    def __init__(self, connector: BaseConnector, is_over: Callable[[], bool]) -> None:
        super().__init__(connector)
        self._is_over = is_over

    async def finish_job(self, *given: Any, **named: Any) -> None:  # noqa: ANN401 -- as it comes
        """A job is done, or given up."""
        await self._until_written(lambda: super(Ledger, self).finish_job(*given, **named))

    async def retry_job(self, job: Job, *given: Any, **named: Any) -> None:  # noqa: ANN401 -- as it comes
        """A job goes back into the queue, unless its day waits there already.

        So it may: two workers look at what is due in the same moment, and one begins the day before
        the other puts it in. The second job does the day then.
        """
        try:
            await self._until_written(lambda: super(Ledger, self).retry_job(job, *given, **named))
        except UniqueViolation:
            await self.finish_job(job, Status.FAILED, delete_job=True)

    async def _until_written(self, write: Callable[[], Awaitable[None]]) -> None:
        while True:
            try:
                await write()
            except ConnectorException as error:
                # A worker that leaves is missed, and its job taken over.
                if not jobs.is_away(error) or self._is_over():
                    raise
                await asyncio.sleep(PAUSE)
            else:
                return
