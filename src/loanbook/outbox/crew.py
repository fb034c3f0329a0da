"""The sessions of one sender: threads that render a letter, send it, and say what became of it."""

from __future__ import annotations

import threading
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, TypeVar

from loanbook.errors import CarrierUnavailable, LoanbookError, SessionLost
from loanbook.outbox.letter import Carrier, Fate, Letter, Message, Render, Session
from loanbook.outbox.pace import Pace

if TYPE_CHECKING:
    from collections.abc import Iterable

Item = TypeVar("Item")

NOT_TRIED = "not tried"
MOST_DOUBTS = 3  # letters in a row of which nobody knows; a fourth would be no accident


class Crew:
    """Threads with a session each, opened when there is a letter for it.

    Whoever owns the crew gives letters and takes fates; each letter given comes back as one fate.

    Args:
        carrier: opens the sessions.
        render: makes a letter's message.
        sessions: how many there are at most.
        pace: how fast all of them go together.

    Attributes:
        trouble: why no further letter can be sent, if that is so.
    """

    def __init__(self, carrier: Carrier, render: Render, sessions: int, pace: Pace) -> None:
        self.carrier = carrier
        self.render = render
        self.pace = pace
        self.trouble: BaseException | None = None
        self.halted = threading.Event()
        self.letters: SimpleQueue[Letter | None] = SimpleQueue()
        self.fates: SimpleQueue[Fate] = SimpleQueue()
        self._sessions = sessions
        self._hands: list[_Hand] = []
        self._lock = threading.Lock()
        self._able = 0
        self._doubts = 0

    def give(self, letters: Iterable[Letter]) -> None:
        """Letters to be sent."""
        for letter in letters:
            self.letters.put(letter)
            if len(self._hands) < self._sessions:
                with self._lock:
                    self._able += 1
                self._hands.append(_Hand(self))
                self._hands[-1].start()

    def take(self, wanted: int, patience: float) -> list[Fate]:
        """The fates that are known; so many, unless there is no further one for a while.

        Args:
            wanted: how many are waited for.
            patience: seconds to wait for each.
        """
        found: list[Fate] = []
        with suppress(Empty):
            while len(found) < wanted:
                found.append(self.fates.get(timeout=patience))
        return found + _drained(self.fates)

    def halt(self) -> None:
        """What is not begun is not to be begun; it comes back as planned."""
        self.halted.set()
        if not self._able:
            self._return_all()

    def end(self) -> list[Fate]:
        """Let what is being sent come to its end, and close all sessions: the last fates."""
        self.halted.set()
        for _ in self._hands:
            self.letters.put(None)
        for hand in self._hands:
            hand.join()
        self._return_all()
        return _drained(self.fates)

    def tell(self, fate: Fate) -> None:
        """A hand says what became of a letter that it tried to send."""
        with self._lock:
            if fate.state == "unknown":
                self._doubts += 1
            elif fate.state in {"sent", "suppressed"}:
                self._doubts = 0
            doubtful = self._doubts >= MOST_DOUBTS
        if doubtful:
            problem = f"{MOST_DOUBTS} letters in a row were lost before the reply"
            trouble = CarrierUnavailable(carrier=self.carrier.name, problem=problem)
            self.trouble = self.trouble or trouble
            self.halted.set()
        self.fates.put(fate)

    def left(self, trouble: BaseException | None = None, *, for_all: bool = False) -> None:
        """A hand has ended.

        Args:
            trouble: why, if not because there is no more to do.
            for_all: the others would meet the same.
        """
        with self._lock:
            self._able -= 1
            last = not self._able
        if trouble is not None and (for_all or last):
            self.trouble = self.trouble or trouble
            self.halted.set()
        if last and self.halted.is_set():
            self._return_all()

    def _return_all(self) -> None:
        for letter in _drained(self.letters):
            if letter is not None:
                self.fates.put(Fate(letter.letter_id, "planned", reason=NOT_TRIED))


class _Hand(threading.Thread):
    """One session after another, and what passes through them."""

    def __init__(self, crew: Crew) -> None:
        super().__init__(daemon=True)
        self._crew = crew
        self._letter: Letter | None = None  # in hand
        self._retried: Message | None = None
        self._sending = False

    def run(self) -> None:
        message = self._next()
        while message is not None:
            try:
                with self._crew.carrier.open() as session:
                    while message is not None:
                        self._send(session, message)
                        message = self._next()
            except SessionLost as lost:
                message = self._after(lost, message)
            except CarrierUnavailable as error:
                if self._letter is not None:
                    self._crew.letters.put(self._letter)
                self._crew.left(error, for_all=self._sending)
                return
            except Exception as error:  # noqa: BLE001 -- a plug-in's; its owner raises it anew
                self._break(error)
                return
        self._crew.left()

    def _next(self) -> Message | None:
        """The next message to send, or None at the end."""
        crew = self._crew
        while (letter := crew.letters.get()) is not None:
            self._letter = letter
            if crew.halted.is_set():
                crew.fates.put(Fate(letter.letter_id, "planned", reason=NOT_TRIED))
                continue
            message = self._rendered(letter)
            if message is None:
                continue
            if crew.halted.wait(crew.pace.wait()):
                crew.fates.put(Fate(letter.letter_id, "planned", reason=NOT_TRIED))
                continue
            return message
        self._letter = None
        return None

    def _rendered(self, letter: Letter) -> Message | None:
        try:
            return self._crew.render(letter)
        except LoanbookError as error:
            reason = f"it cannot be written: {type(error).__name__}"
        except Exception as error:  # noqa: BLE001 -- one letter's flaw costs that letter alone
            reason = f"it cannot be written, by a fault of the program: {type(error).__name__}"
        self._crew.fates.put(Fate(letter.letter_id, "failed", reason=reason))
        return None

    def _send(self, session: Session, message: Message) -> None:
        self._sending = True
        fate = session.send(message)
        self._sending = False
        self._crew.tell(fate)

    def _after(self, lost: SessionLost, message: Message | None) -> Message | None:
        """A session that is lost before it took the letter gets one more chance at once."""
        self._sending = False
        if lost.fate.state == "failed" and message is not self._retried:
            self._retried = message
            return message
        self._crew.tell(lost.fate)
        return self._next()

    def _break(self, error: Exception) -> None:
        if self._letter is not None:
            state = "unknown" if self._sending else "planned"
            reason = f"the carrier broke: {type(error).__name__}"
            self._crew.fates.put(Fate(self._letter.letter_id, state, reason=reason))
        self._crew.left(error, for_all=True)


def _drained(queue: SimpleQueue[Item]) -> list[Item]:
    found: list[Item] = []
    while True:
        try:
            found.append(queue.get_nowait())
        except Empty:
            return found
