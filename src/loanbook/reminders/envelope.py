"""What all letters of a lender have in common: who sends them, their headers, their numbers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, time
from email.utils import format_datetime

from loanbook.errors import BadSetting
from loanbook.outbox.letter import Letter, Message
from loanbook.reminders import addresses, mime
from loanbook.settings import Settings

Clock = Callable[[], datetime]

_TEN = time(10)  # the hour of a day of which only the date is known


@dataclass(frozen=True, slots=True)
class Written:
    """A letter's texts.

    Attributes:
        lang: the language they are in.
        subject: one line.
        text: the plain part.
        html: the same for programs that show it.
        pictures: that the HTML names.
        attachments: files that come with it.
        headers: that this letter has beside those of all, in ASCII.
    """

    lang: str
    subject: str
    text: str
    html: str
    pictures: Sequence[mime.Picture] = ()
    attachments: Sequence[mime.Attachment] = ()
    headers: Mapping[str, str] = field(default_factory=dict)


class Envelope:
    """Puts letters into envelopes; it may be shared by threads.

    Attributes:
        sender: address that letters come from.
        reply_to: address that answers go to.
    """

    def __init__(self, settings: Settings, now: Clock | None = None) -> None:
        """Prepare what does not change from letter to letter.

        Args:
            settings: of the workspace.
            now: tells the instant that a message is dated with; None: ten o'clock of its day.

        Raises:
            BadSetting: an address of the payee is none.
        """
        payee = settings.letters.payee
        self.sender = _address(settings, "sender", payee.sender)
        self.reply_to = _address(settings, "reply_to", payee.reply_to or payee.sender)
        self._zone, self._now = settings.zone, now
        self._domain = self.sender.rpartition("@")[2]
        try:
            came_from = mime.header("From", addresses.named(payee.name, self.sender))
        except ValueError as error:
            raise BadSetting(key="payee.name", file=settings.toml, problem=error) from error
        self._static = b"".join(
            [
                came_from,
                mime.header("Reply-To", self.reply_to),
                b"Auto-Submitted: auto-generated\r\n",
                # Not All: reports of what could not be delivered are wanted.
                b"X-Auto-Response-Suppress: OOF, AutoReply\r\n",
            ]
        )

    def message_id(self, letter: Letter) -> str:
        """A letter's Message-ID: its number, and its day, since a restored book counts anew."""
        return f"<letter-{letter.letter_id}-{letter.local_date:%Y%m%d}@{self._domain}>"

    def message(self, letter: Letter, written: Written) -> Message:
        """A letter as it travels.

        Raises:
            ValueError: a header would hold a line break, or the address is none; the message does
                not repeat it.
        """
        recipient = addresses.deliverable(letter.address)
        message_id = self.message_id(letter)
        at = self._now() if self._now else datetime.combine(letter.local_date, _TEN, self._zone)
        # These can hold no line break: each was checked, or made here.
        own = (
            f"Date: {format_datetime(at)}\r\nTo: {recipient}\r\nMessage-ID: {message_id}\r\n"
            f"Content-Language: {written.lang}\r\n"
        )
        headers = [self._static, own.encode(), mime.header("Subject", written.subject)]
        headers += [f"{name}: {value}\r\n".encode() for name, value in written.headers.items()]
        body = mime.body(
            letter.letter_id, written.text, written.html, written.pictures, written.attachments
        )
        content = b"".join([*headers, body])
        return Message(letter.letter_id, message_id, self.sender, recipient, content)


def _address(settings: Settings, key: str, address: str) -> str:
    try:
        return addresses.deliverable(address)
    except ValueError as error:
        problem = f"{address} is no address"
        raise BadSetting(key=f"payee.{key}", file=settings.toml, problem=problem) from error
