"""One worker: a loop that takes days from the queue, and the main thread, which does them.

The day is done in the main thread because only there a step that hangs can be interrupted; the
library's loop gives its signs of life from a thread beside it.
"""

from __future__ import annotations

import asyncio
import logging
import queue as queues
import signal
import threading
from concurrent.futures import Future
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from procrastinate.exceptions import ProcrastinateException

from loanbook import schedule
from loanbook.database.refusals import translated
from loanbook.errors import DayStopped, DayUnsound, LoanbookError
from loanbook.runs import daily
from loanbook.runs.watching import Watcher, nobody
from loanbook.worker import metrics, queue
from loanbook.worker.postman import Postman
from loanbook.worker.told import Asked, NotDone, Started, Stopped, Stopping, TakenOver, Trouble

if TYPE_CHECKING:
    from datetime import date

    from procrastinate import App

    from loanbook.settings import Settings
    from loanbook.worker.place import Place
    from loanbook.worker.told import Teller

PAUSE = 2.0  # seconds before a queue that could not be reached is tried again
FATAL = "too many workers died of it, so it is given up"
SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
_Errand = tuple["date", "Future[None]"]


def hush() -> None:
    """The libraries' own logs are nobody's to read: they would hold tracebacks and addresses."""
    for name in ("procrastinate", "psycopg", "asyncio"):
        logging.getLogger(name).addHandler(logging.NullHandler())
        logging.getLogger(name).propagate = False


class Service:
    """A worker of one workspace, until it is asked to stop."""

    def __init__(self, place: Place, tell: Teller, watcher: Watcher = nobody) -> None:
        self._place = place
        self._tell = tell
        self._watcher = watcher
        self._errands: queues.Queue[_Errand | None] = queues.Queue()
        self._stopping = threading.Event()
        self._busy = False
        self._troubles = ""
        self._failure: BaseException | None = None
        self._loop = asyncio.new_event_loop()
        self._wish = asyncio.Event()

    def run(self) -> None:
        """Work until SIGTERM, SIGINT or SIGHUP; a second one interrupts the step that is done.

        Raises:
            BadSetting: the schedule cannot be read.
            DatabaseError: at the start, the database cannot be used.
        """
        hush()
        given = self._place.load()
        schedule.check(given.worker.cron, given.toml)
        before = {number: signal.signal(number, self._on_signal) for number in SIGNALS}
        listening = metrics.serve(self._place, given, self._tell)
        thread = threading.Thread(target=self._serve, name="queue")
        postman = Postman(self._place, self._tell, self._stopping)
        try:
            with self._place.queue(given):
                pass  # it can be reached, and it is installed
            at = schedule.upcoming(given.worker.cron, given.zone, self._place.clock())
            self._tell(Started(at, listening.place if listening else None))
            thread.start()
            postman.start()
            try:
                self._do_errands()
            finally:
                self._stopping.set()
                postman.join()
            thread.join()
            if self._failure is not None:
                raise self._failure
            self._tell(Stopped())
        finally:
            if listening:
                listening.close()
            for number, handler in before.items():
                signal.signal(number, handler)

    def _on_signal(self, _: int, __: object) -> None:
        if self._stopping.is_set():
            raise KeyboardInterrupt
        self._stopping.set()
        self._wake()
        self._tell(Stopping(self._busy))

    def _wake(self) -> None:
        """Let the loop see that it is to stop."""
        with suppress(RuntimeError):  # it has ended already
            self._loop.call_soon_threadsafe(self._wish.set)

    # In the main thread.

    def _do_errands(self) -> None:
        while True:
            try:
                errand = self._errands.get()
            except KeyboardInterrupt:
                self._wake()  # nothing is being done that could be interrupted
                continue
            if errand is None:
                return
            day, done = errand
            self._busy = True
            try:
                self._do(day)
            except KeyboardInterrupt:
                self._wake()
                done.set_exception(DayStopped(step="the end of a step"))
            except Exception as error:  # noqa: BLE001 -- the queue decides what becomes of it
                done.set_exception(error)
            else:
                done.set_result(None)
            finally:
                self._busy = False

    def _do(self, day: date) -> None:
        given = self._place.load()
        with self._place.open_book(given) as book:
            if queue.is_done(book, day):
                return
            wish = daily.Wish(day, stop=self._stopping.is_set, clock=self._place.clock)
            summary = daily.run(book, given, wish, self._watcher)
        if not summary.ok:
            raise DayUnsound(day=summary.run.business_date, problem=summary.run.error)

    # In the thread beside it.

    def _serve(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.set_exception_handler(self._on_stray)
        try:
            self._loop.run_until_complete(self._serve_until_stopped())
        except BaseException as error:  # noqa: BLE001 -- it is raised in the main thread
            self._failure = error
        finally:
            self._errands.put(None)
            self._loop.close()

    def _on_stray(self, _: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """What the library left unhandled, as when the end of a job could not be written."""
        self._trouble(context.get("exception") or RuntimeError())

    async def _serve_until_stopped(self) -> None:
        while not self._stopping.is_set():
            try:
                given = self._place.load()
                with self._place.queue(given) as (conninfo, role), translated("the queue"):
                    app = queue.make(conninfo, role, given, self._hand_over, self._stopping.is_set)
                    async with app.open_async():
                        await self._work(app, given)
                    continue
            except (LoanbookError, ProcrastinateException) as error:
                self._trouble(error)
            with suppress(TimeoutError):
                await asyncio.wait_for(self._wish.wait(), PAUSE)

    async def _work(self, app: App, given: Settings) -> None:
        """Take days and look what is due, until asked to stop or the database is gone."""
        looking = asyncio.create_task(self._look(app, given))
        working = asyncio.create_task(app.run_worker_async())
        wish = asyncio.create_task(self._wish.wait())
        await asyncio.wait({looking, working, wish}, return_when=asyncio.FIRST_COMPLETED)
        for task in (looking, working, wish):
            task.cancel()
        ended = await asyncio.gather(looking, working, wish, return_exceptions=True)
        for error in ended:
            if isinstance(error, Exception):
                raise error

    async def _look(self, app: App, given: Settings) -> None:
        """Now and then: put what is due into the queue, and back what dead workers held."""
        while True:
            try:
                found = await asyncio.to_thread(self._due)
                if found is not None and await queue.put(app, found):
                    self._tell(Asked(found))
                for day, again in await queue.rescue(app, given.worker):
                    self._tell(TakenOver(day) if again else NotDone(day, FATAL))
                self._troubles = ""
            except (LoanbookError, ProcrastinateException) as error:
                self._trouble(error)
            await asyncio.sleep(given.worker.look_every)

    def _due(self) -> date | None:
        # Opening the book starts an embedded server that has died.
        given = self._place.load()
        with self._place.open_book(given) as book:
            return queue.due(book, given, self._place.clock())

    async def _hand_over(self, day: date) -> None:
        done: Future[None] = Future()
        self._errands.put((day, done))
        try:
            await asyncio.wrap_future(done)
        except LoanbookError as error:
            self._tell(NotDone(day, str(error)))
            raise
        except Exception as error:
            # Its message might hold personal data.
            problem = f"Loanbook met something it was not made for ({type(error).__name__})."
            self._tell(NotDone(day, problem))
            raise

    def _trouble(self, error: BaseException) -> None:
        """Told once, not every few seconds."""
        unknown = f"the queue did not do what it was asked ({type(error).__name__})"
        problem = str(error) if isinstance(error, LoanbookError) else unknown
        if problem != self._troubles:
            self._troubles = problem
            self._tell(Trouble(problem))
