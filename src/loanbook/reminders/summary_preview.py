"""The summary of a week written into files, to be looked at before anybody gets it."""

from __future__ import annotations

from dataclasses import dataclass
from email import message_from_bytes, policy
from pathlib import Path
from typing import TYPE_CHECKING

from loanbook.outbox.letter import Letter
from loanbook.reminders import preview, render, summary

if TYPE_CHECKING:
    from loanbook.portfolio.weeks import Week
    from loanbook.reminders.summary_letter import OpenBook
    from loanbook.settings import Settings


@dataclass(frozen=True, slots=True)
class Previewed:
    """What was written.

    Attributes:
        week: that is told.
        subject: of the letter.
        files: the page, the text, the message, and what is attached to it.
    """

    week: str
    subject: str
    files: tuple[Path, ...]


def write(settings: Settings, open_book: OpenBook, week: Week, folder: Path) -> Previewed:
    """Write the summary of a week, as its readers would get it now.

    Args:
        settings: of the workspace.
        open_book: opens a connection of its own.
        week: any.
        folder: where to; it is made if need be.

    Raises:
        MissingExtra: a library for pictures, pages or letters is not installed.
    """
    team = settings.letters.team
    address = next(iter(team.summary), settings.letters.payee.sender)
    letter = Letter(0, summary.KIND, week.ends, address, about={"week": str(week)})
    message = render.renderer(settings, None, open_book)(letter)
    made = preview.write(message, folder, f"summary-{week}")
    files = [made.html, made.text, made.eml]
    for part in message_from_bytes(message.content, policy=policy.default).iter_attachments():
        files.append(folder / Path(str(part.get_filename())).name)
        files[-1].write_bytes(part.get_payload(decode=True))  # type: ignore[arg-type]
    return Previewed(str(week), made.subject, tuple(files))
