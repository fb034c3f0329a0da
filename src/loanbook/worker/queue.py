"""The queue of days: what is due is put in once, what a dead worker held is put back."""

from __future__ import annotations

from contextlib import suppress
from datetime import date
from typing import TYPE_CHECKING

from procrastinate import App
from procrastinate.exceptions import AlreadyEnqueued, ConnectorException
from procrastinate.jobs import Status

from loanbook import schedule
from loanbook.database import jobs
from loanbook.runs import journal, workers
from loanbook.runs.day import never
from loanbook.worker.ledger import Ledger
from loanbook.worker.patience import Patience

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from datetime import datetime

    from loanbook.database.connection import Database
    from loanbook.settings import Settings, Worker

QUEUE = TASK = LOCK = "day"
DEATHS = 10  # workers that may die of a day, beside its retries
KEPT = 90 * 24  # hours that a day which was given up is remembered; the journal keeps it anyway


def make(
    conninfo: str,
    role: str | None,
    given: Settings,
    do: Callable[[date], Awaitable[None]],
    is_over: Callable[[], bool] = never,
) -> App:
    """The library's app, whose one task is to do a day.

    Args:
        conninfo: how the application connects.
        role: that it takes on.
        given: settings of the workspace.
        do: does a day, or raises what stopped it.
        is_over: whether the worker was asked to stop.
    """
    app = App(
        connector=jobs.connector(conninfo, role),
        worker_defaults={
            "queues": [QUEUE],
            "concurrency": 1,
            "delete_jobs": "successful",
            "install_signal_handlers": False,
            "fetch_job_polling_interval": float(given.worker.look_every),
            "update_heartbeat_interval": given.worker.stalled_after / 6,
            "stalled_worker_timeout": float(given.worker.stalled_after),
        },
    )

    app.job_manager = Ledger(app.connector, is_over)

    @app.task(name=TASK, queue=QUEUE, lock=LOCK, retry=Patience(given.worker))
    async def day(day: str) -> None:
        await do(date.fromisoformat(day))

    return app


def due(book: Database, given: Settings, now: datetime) -> date | None:
    """The day that has to be put into the queue, if there is one.

    It is that of loanbook.toml where one is named, else the latest whose moment has come. A book
    without any day waits for the first moment of today; one that is behind does not wait.
    """
    day = given.as_of or schedule.due(given.worker.cron, given.zone, now)
    stands = journal.stands_at(book)
    if day is None or (stands is not None and stands > day):
        return None
    if stands is None and day < now.astimezone(given.zone).date() and given.as_of is None:
        return None
    if is_done(book, day) or workers.is_asked_for(book, day):
        return None
    return day


def is_done(book: Database, day: date) -> bool:
    """Whether the book has come to a day, or gone beyond it."""
    stands = journal.stands_at(book)
    if stands is None or stands < day:
        return False
    return stands > day or any(
        run.state == "done" for run in journal.listed(book, business_date=day)
    )


async def put(app: App, day: date) -> bool:
    """Put a day into the queue, and forget those that were given up long ago.

    Returns:
        False if another worker has just done so.
    """
    text = day.isoformat()
    try:
        await app.tasks[TASK].configure(queueing_lock=f"{TASK} {text}").defer_async(day=text)
    except AlreadyEnqueued:
        return False
    await app.job_manager.delete_old_jobs(nb_hours=KEPT, queue=QUEUE, include_failed=True)
    return True


async def rescue(app: App, given: Worker) -> list[tuple[date, bool]]:
    """Put back the days of workers that give no sign of life any more.

    Two workers may do so at once; then the claim of the runs keeps the day from being done twice.

    Returns:
        Each such day, and whether it is tried again: one that ends each worker is given up.
    """
    manager = app.job_manager
    found = await manager.get_stalled_jobs(queue=QUEUE, seconds_since_heartbeat=given.stalled_after)
    saved = []
    for job in found:
        again = job.attempts < given.retries + DEATHS
        with suppress(ConnectorException):  # another worker was faster
            if again:
                await manager.retry_job(job)
            else:
                await manager.finish_job(job, Status.FAILED, delete_job=False)
            saved.append((date.fromisoformat(str(job.task_kwargs["day"])), again))
    return saved
