"""Operators are told of failures: that a day failed, or that the gate for letters is closed.

A failure is told once to each operator, however often the day is tried again: its name is made of
the day and of what failed. When something else fails on the same day, that is told too.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from hashlib import sha256
from typing import TYPE_CHECKING

from loanbook.inert import on_screen
from loanbook.outbox import queue
from loanbook.reminders import templates
from loanbook.reminders.envelope import Written
from loanbook.reminders.language import language
from loanbook.reminders.notice_words import NOTICES

if TYPE_CHECKING:
    from loanbook.database.connection import Database
    from loanbook.outbox.letter import Letter
    from loanbook.settings import Settings

KIND = "notice"
DAY_FAILED, GATE_CLOSED = "day", "gate"


@dataclass(frozen=True, slots=True)
class Failure:
    """What operators are told of.

    Attributes:
        what: DAY_FAILED or GATE_CLOSED.
        day: the business date.
        parts: what failed, such as "check failed"; the same parts of the same day are one failure.
        reasons: a sentence each, without personal data.
        since: when it was met first.
    """

    what: str
    day: date
    parts: Sequence[str]
    reasons: Sequence[str]
    since: datetime

    @property
    def name(self) -> str:
        """By which it is known again."""
        digest = sha256("\n".join(self.parts).encode()).hexdigest()
        return f"{KIND} {self.what} {self.day} {digest[:12]}"


def tell(book: Database, failure: Failure, operators: Sequence[str], local_date: date) -> int:
    """Put a letter for each operator into the outbox, unless there is one of this failure.

    Args:
        book: the book.
        failure: what happened.
        operators: addresses.
        local_date: the day in the lender's zone.

    Returns:
        How many letters are new.

    Raises:
        Refused: an operator has no address.
    """
    about = {
        "what": failure.what,
        "day": failure.day.isoformat(),
        "parts": list(failure.parts),
        "reasons": list(failure.reasons),
        "since": failure.since.isoformat(),
    }
    return sum(
        queue.queue_team_letter(book, KIND, f"{failure.name} {address}", address, local_date, about)
        is not None
        for address in operators
    )


def writer(settings: Settings) -> Callable[[Letter], Written]:
    """What writes notices.

    Args:
        settings: of the workspace.
    """
    code = settings.letters.team.language
    made = templates.texts(KIND, language(code, settings.currency))

    def write(letter: Letter) -> Written:
        named = _named(letter.about, settings)
        return Written(
            lang=code,
            subject=made.subject.render(named).strip(),
            text=made.text.render(named),
            html=made.html.render(named),
        )

    return write


def _named(about: Mapping[str, object], settings: Settings) -> dict[str, object]:
    """What the templates name.

    Raises:
        ValueError: the letter tells of nothing that is known here.
    """
    said = NOTICES[settings.letters.team.language]
    what, day = str(about.get("what")), str(about.get("day"))
    if what not in {DAY_FAILED, GATE_CLOSED}:
        raise ValueError(f"there is no notice of {what}")
    since = datetime.fromisoformat(str(about["since"])).astimezone(settings.zone)
    reasons = about["reasons"]
    return {
        "language": settings.letters.team.language,
        "title": said[f"{what}_title"].format(day=day),
        "meaning": said[f"{what}_meaning"],
        "since": said["since"].format(since=since.isoformat(" ", "minutes")),
        "why": said["why"],
        "reasons": [on_screen(str(one)) for one in reasons] if isinstance(reasons, list) else [],
        "look": said["look"],
        "commands": [f"loanbook runs show {day}", said[f"{what}_command"].format(day=day)],
        "once": said["once"],
    }
