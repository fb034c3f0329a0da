"""What whoever watches a run is told while it goes on; never personal data."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any


@dataclass(frozen=True, slots=True)
class Planned:
    """The days that are to be brought forward, the asked one last, and the steps of each."""

    days: tuple[date, ...]
    steps: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class RunBegun:
    """The run of a day has begun."""

    run_id: int
    business_date: date
    attempt: int


@dataclass(frozen=True, slots=True)
class StepBegun:
    """A step has begun."""

    run_id: int
    business_date: date
    step: str


@dataclass(frozen=True, slots=True)
class StepEnded:
    """A step has ended, or was kept or skipped."""

    run_id: int
    business_date: date
    step: str
    state: str
    counts: Mapping[str, Any]
    seconds: Decimal
    error: str | None


@dataclass(frozen=True, slots=True)
class FileRead:
    """So many bytes of a file are staged."""

    file: str
    done: int
    total: int


@dataclass(frozen=True, slots=True)
class RunEnded:
    """The run of a day has ended."""

    run_id: int
    business_date: date
    state: str
    error: str | None


Event = Planned | RunBegun | StepBegun | StepEnded | FileRead | RunEnded
Watcher = Callable[[Event], object]


def nobody(_: Event) -> None:
    """Nobody watches."""
