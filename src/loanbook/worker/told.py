"""What a worker says of itself, beside what the days say; never personal data."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime


@dataclass(frozen=True, slots=True)
class Started:
    """It waits for days."""

    next_at: datetime | None
    metrics: str | None


@dataclass(frozen=True, slots=True)
class Asked:
    """A day was put into the queue."""

    day: date


@dataclass(frozen=True, slots=True)
class TakenOver:
    """A day was put back that a worker held which gives no sign of life."""

    day: date


@dataclass(frozen=True, slots=True)
class NotDone:
    """An attempt at a day did not end well."""

    day: date
    problem: str


@dataclass(frozen=True, slots=True)
class Delivered:
    """Letters were carried between the days: how many came to what."""

    sent: int
    failed: int
    suppressed: int
    unknown: int


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something stood in the way; it is tried again."""

    problem: str


@dataclass(frozen=True, slots=True)
class Stopping:
    """It was asked to stop; a day that is being done goes on to the end of its step."""

    busy: bool


@dataclass(frozen=True, slots=True)
class Stopped:
    """It has stopped."""


Word = Started | Asked | TakenOver | NotDone | Delivered | Trouble | Stopping | Stopped
Teller = Callable[[Word], object]
