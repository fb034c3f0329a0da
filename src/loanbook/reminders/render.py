"""A claimed letter becomes the message that travels."""

from __future__ import annotations

from collections.abc import Callable

from loanbook.errors import LetterUnwritable
from loanbook.outbox.letter import Letter, Message, Render
from loanbook.reminders import clients, notices, summary_letter
from loanbook.reminders.envelope import Clock, Envelope, Written
from loanbook.reminders.summary_letter import OpenBook
from loanbook.settings import Settings

Writer = Callable[[Letter], Written]

# By kind of letter: what is made once a process, and then writes each of them.
KINDS: dict[str, Callable[[Settings, OpenBook | None], Writer]] = {
    "reminder": lambda settings, _: clients.writer(settings),
    "paid_off": lambda settings, _: clients.writer(settings),
    "summary": summary_letter.writer,
    "notice": lambda settings, _: notices.writer(settings),
}


def renderer(
    settings: Settings, now: Clock | None = None, open_book: OpenBook | None = None
) -> Render:
    """What makes messages of letters; it may be shared by threads.

    Args:
        settings: of the workspace.
        now: tells the instant that a message is dated with; None: ten o'clock of its day.
        open_book: opens a connection of its own, for letters that are written from the book.

    Returns:
        A function that raises LetterUnwritable of a letter that cannot be sent as it is, such as
        one to an address that is none. Its reason holds no personal data.

    Raises:
        BadSetting: what loanbook.toml says of the payee cannot be used.
        LetterTextUnusable: a template is broken.
        LetterKeysUnusable: links in letters cannot be signed.
    """
    envelope = Envelope(settings, now)
    writers = {kind: made(settings, open_book) for kind, made in KINDS.items()}

    def render(letter: Letter) -> Message:
        try:
            if letter.kind not in writers:
                raise ValueError(f"there is no text for the kind {letter.kind}")  # noqa: TRY301
            return envelope.message(letter, writers[letter.kind](letter))
        except ValueError as error:
            raise LetterUnwritable(letter_id=letter.letter_id, problem=error) from error

    return render
