"""The steps of a day one after another: each journalled, none stopped by what it does not need."""

from __future__ import annotations

from contextlib import suppress
from decimal import Decimal
from typing import TYPE_CHECKING

from loanbook.errors import ConnectionLost, DayStopped, LoanbookError
from loanbook.runs import journal
from loanbook.runs.day import Day, Outcome, Step, never
from loanbook.runs.deadline import deadline
from loanbook.runs.order import STEPS
from loanbook.runs.watching import RunBegun, RunEnded, StepBegun, StepEnded, Watcher, nobody

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

ENDED = "it was interrupted"
_ZERO = Decimal()


class Work:
    """The steps of one attempt at a day.

    Attributes:
        states: how each step ended so far.
        surprises: errors that Loanbook was not made for; the first is raised when all is done.
    """

    def __init__(
        self,
        day: Day,
        *,
        anew: bool = False,
        watcher: Watcher = nobody,
        order: Sequence[Step] = STEPS,
        stop: Callable[[], bool] = never,
    ) -> None:
        self._day = day
        self._anew = anew
        self._tell = watcher
        self._order = order
        self._stop = stop
        self.states: dict[str, str] = {}
        self.surprises: list[Exception] = []

    @property
    def is_accepted(self) -> bool:
        """The book stands at the day."""
        return self.states.get("accept") in {"done", "kept"}

    def do(self, attempt: int) -> str:
        """Do all steps: how the run ended.

        Raises:
            ConnectionLost: with the database nothing can be journalled; the next attempt goes on.
            DayStopped: between two steps it was asked to stop; the next attempt goes on.
        """
        day = self._day
        self._tell(RunBegun(day.run_id, day.as_of, attempt))
        try:
            for place, step in enumerate(self._order, 1):
                self._stop_before(step)
                self._one(step, place)
        except DayStopped as stopped:
            self._ended(str(stopped))
            raise
        except (KeyboardInterrupt, SystemExit):
            with suppress(LoanbookError):
                journal.end(day.book, day.run_id, ENDED)
            raise
        state = self._ended()
        if self.surprises:
            raise self.surprises[0]
        return state

    def _stop_before(self, step: Step) -> None:
        if self._stop():
            raise DayStopped(step=step.name)

    def _ended(self, error: str | None = None) -> str:
        day = self._day
        state, said = journal.end(day.book, day.run_id, error)
        self._tell(RunEnded(day.run_id, day.as_of, state, said))
        return state

    def _one(self, step: Step, place: int) -> None:
        book, run_id, as_of = self._day.book, self._day.run_id, self._day.as_of
        placed = journal.Placed(run_id, step.name, place, step.needs)
        stopper = self._stopper(step)
        if stopper is not None:
            self.states[step.name] = "skipped"
            journal.skip_step(book, placed, stopper)
            self._tell(StepEnded(run_id, as_of, step.name, "skipped", {}, _ZERO, stopper))
            return
        may_keep = not self._anew and step.stays(self._day)
        inputs = step.inputs(self._day)
        state, counts = journal.begin_step(book, placed, inputs, may_keep=may_keep)
        self.states[step.name] = state
        if state == "kept":
            self._tell(StepEnded(run_id, as_of, step.name, state, counts, _ZERO, None))
            return
        self._tell(StepBegun(run_id, as_of, step.name))
        state, done = self._run(step)
        self.states[step.name] = state
        if state != "done":
            self._day.failures[step.name] = (state, done.flaw)
        seconds = journal.end_step(book, placed, state, done.counts, done.flaw)
        self._tell(StepEnded(run_id, as_of, step.name, state, done.counts, seconds, done.flaw))

    def _stopper(self, step: Step) -> str | None:
        """Why a step cannot be done: the first of what it needs that did not do its work."""
        stopping = {"failed", "skipped", "flawed"} if step.needs_sound else {"failed", "skipped"}
        for name in step.needs:
            if self.states.get(name) in stopping:
                return f"{name} {self.states[name]}"
        return None

    def _run(self, step: Step) -> tuple[str, Outcome]:
        """How a step ended, and what it did."""
        book, seconds = self._day.book, self._day.settings.runs.step_timeout
        journal.limit(book, seconds)
        try:
            with deadline(seconds):
                outcome = step.run(self._day)
        except ConnectionLost:
            raise
        except LoanbookError as error:
            outcome = Outcome(flaw=str(error))
        except OSError as error:
            place, problem = error.filename or "The system", error.strerror or type(error).__name__
            outcome = Outcome(flaw=f"{place}: {problem}.")
        except Exception as error:  # noqa: BLE001 -- the other steps go on; it is raised at the end
            self.surprises.append(error)
            # Its message might hold personal data.
            problem = type(error).__name__
            outcome = Outcome(flaw=f"Loanbook met something it was not made for ({problem}).")
        else:
            journal.limit(book, 0)
            return ("done" if outcome.flaw is None else "flawed"), outcome
        journal.limit(book, 0)
        return "failed", outcome
