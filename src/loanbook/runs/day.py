"""A day in the making, and what a step of it is."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from loanbook.staging.inbox import find

if TYPE_CHECKING:
    from loanbook.database.connection import Database
    from loanbook.mart import Promoted
    from loanbook.mart.checks import Check
    from loanbook.mart.figures import Figures, Month
    from loanbook.mart.findings import Count
    from loanbook.settings import Settings
    from loanbook.staging.batches import Progress, Staged


def never() -> bool:
    """Nobody asks the work to stop."""
    return False


@dataclass(slots=True)
class Day:
    """A business date in the making: what its steps are given, and what they found.

    Attributes:
        book: the book.
        settings: of the workspace.
        run_id: the run.
        as_of: the business date.
        undated: the day to which files without a date in their name belong.
        paths: files and folders to look at.
        allow_deletions: accept a full file even if more than 1 % of the clients vanish with it.
        progress: told of each file how far it is staged.
        clock: tells real time; None: letters are those of ten in the morning of the day.
        stop: tells whether to stop.
        failures: steps that did not do all they should: how they ended, and what was wrong.
        files: what became of each file.
        batches: what became of each batch.
        checked: what each check found.
        found: what the book holds.
        months: loans by month of issue.
        counts: open findings by rule.
        collects: what sources have is fetched with this day.
        among: which files of a folder are for this day.
        ready: files out of sources that were staged, each with what became of it.
    """

    book: Database
    settings: Settings
    run_id: int
    as_of: date
    undated: date
    paths: Sequence[Path]
    allow_deletions: bool = False
    progress: Progress | None = None
    clock: Callable[[], datetime] | None = None
    stop: Callable[[], bool] = never
    failures: dict[str, tuple[str, str | None]] = field(default_factory=dict)
    files: list[Staged] = field(default_factory=list)
    batches: list[Promoted] = field(default_factory=list)
    checked: list[Check] = field(default_factory=list)
    found: Figures | None = None
    months: list[Month] = field(default_factory=list)
    counts: list[Count] = field(default_factory=list)
    collects: bool = True
    among: Callable[[Path], Sequence[Path]] = lambda folder: find([folder])
    ready: list[tuple[Path, Staged]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a step did.

    Attributes:
        counts: in numbers and names of things, without personal data.
        flaw: what it could not do although it came to its end, in a sentence.
    """

    counts: Mapping[str, object] = field(default_factory=dict)
    flaw: str | None = None


def _never(_: Day) -> bool:
    return False


def _nothing(_: Day) -> Mapping[str, object]:
    return {}


@dataclass(frozen=True, slots=True)
class Step:
    """A step of the day.

    Attributes:
        name: its name.
        about: what it does, in a few words, for whoever watches.
        needs: steps that must not have failed.
        run: does it.
        needs_sound: what it needs must be without a flaw, too.
        stays: whether what an earlier attempt did still stands, if the mart has not changed.
        inputs: what it is begun with, for the journal; other inputs than before are not kept.
    """

    name: str
    about: str
    needs: tuple[str, ...]
    run: Callable[[Day], Outcome]
    needs_sound: bool = False
    stays: Callable[[Day], bool] = _never
    inputs: Callable[[Day], Mapping[str, object]] = _nothing
