"""What the rooms of letters hand each other: a claimed letter, its message, its fate."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Protocol


@dataclass(frozen=True, slots=True)
class OpenLoan:
    """A loan that a letter tells of, as it stood when the letter was claimed.

    Attributes:
        loan_id: the contract.
        issued_on: day of issue.
        due_on: due date.
        step: days after the due date of the step that is told (before it: negative); None of a
            loan that is listed without having a step today.
        days_left: from the letter's local date to the due date; past due: negative.
        principal: lent, in the book's currency.
        due_amount: to be paid in all.
        amount_paid: paid so far.
        balance: still owed.
        weekly_pace: paid each week from now on, it would be paid off by the due date; None if
            there is no week left.
    """

    loan_id: int
    issued_on: date
    due_on: date
    step: int | None
    days_left: int
    principal: Decimal
    due_amount: Decimal
    amount_paid: Decimal
    balance: Decimal
    weekly_pace: Decimal | None


@dataclass(frozen=True, slots=True)
class Letter:
    """A letter that a sender has claimed, with all that its text needs.

    Attributes:
        letter_id: number in the outbox.
        kind: "reminder", "paid_off", "summary" or "notice".
        local_date: the day in the lender's zone on which it is sent.
        address: where it goes.
        attempt: how many times it was claimed, this one included.
        user_id: the client; None of letters to the team.
        name: of the client.
        locale: of the client, such as pt-BR or en.
        optional: whether it may be unsubscribed from (before the due date, or a thank-you).
        loans: those it tells of, the most urgent first.
        about: what letters to the team tell of, by name.
    """

    letter_id: int
    kind: str
    local_date: date
    address: str
    attempt: int = 1
    user_id: int | None = None
    name: str | None = None
    locale: str | None = None
    optional: bool = False
    loans: tuple[OpenLoan, ...] = ()
    about: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Message:
    """A letter as it travels.

    Attributes:
        letter_id: number in the outbox.
        message_id: its Message-ID, made of that number.
        sender: address of the envelope's sender.
        recipient: address of the envelope's recipient.
        content: headers and body with CRLF at the end of each line.
    """

    letter_id: int
    message_id: str
    sender: str
    recipient: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Fate:
    """What became of a letter that was claimed.

    Attributes:
        letter_id: number in the outbox.
        state: "sent"; "failed": to be tried again; "suppressed": the recipient is refused for good;
            "unknown": perhaps it was sent; "planned": not tried at all, so it waits as before.
        message_id: of the message that was sent, or perhaps.
        reason: what the server said, without personal data.
    """

    letter_id: int
    state: str
    message_id: str | None = None
    reason: str | None = None


Render = Callable[[Letter], Message]


class Session(Protocol):
    """An open way to send, used for many messages by one thread."""

    def send(self, message: Message) -> Fate:
        """Send one message.

        Returns:
            What became of it; a refused recipient does not end the session.

        Raises:
            SessionLost: no further message can be sent on this session; what became of this one
                is in its `fate`.
            CarrierUnavailable: this message was not sent, and no other would be, on any session:
                the sender, the password or the like is refused.
        """


class Carrier(Protocol):
    """A way for letters to travel: SMTP, files, a provider's interface.

    Attributes:
        name: as loanbook.toml names it.
    """

    name: str

    def open(self) -> AbstractContextManager[Session]:
        """Open a session.

        Raises:
            CarrierUnavailable: it cannot be opened now; nothing was sent.
        """
