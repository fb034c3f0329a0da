"""Where a worker works: how it reaches settings, book, queue and clock; the door wires it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from loanbook.database.connection import Database
    from loanbook.settings import Settings


@dataclass(frozen=True, slots=True)
class Place:
    """The surroundings of a worker.

    Attributes:
        load: reads the settings, anew for each day.
        open_book: a connection to the book as the application.
        queue: makes sure that there is a queue; how the application connects to it, and the role
            that it takes on.
        clock: the instant it is.
    """

    load: Callable[[], Settings]
    open_book: Callable[[Settings], AbstractContextManager[Database]]
    queue: Callable[[Settings], AbstractContextManager[tuple[str, str | None]]]
    clock: Callable[[], datetime]
