"""A sender as a process of its own, to be killed: delivers what is due in a book to a sink.

    python tests/sender.py '{"conninfo": "…", "port": 2525, "authority": "authority.pem", …}'

It says "ready" when it has connected to the book, and its counts at the end.
"""

from __future__ import annotations

import json
import sys
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from loanbook.database.connection import ROLE, Database, connect
from loanbook.outbox import queue
from loanbook.outbox.carriers import carrier
from loanbook.outbox.deliver import Counts, deliver
from loanbook.outbox.letter import Letter, Message
from loanbook.settings import Settings
from loanbook.settings.letters import Letters, Mail

if TYPE_CHECKING:
    from collections.abc import Iterator

NOW = datetime(2024, 1, 25, 13, tzinfo=UTC)


@dataclass(frozen=True)
class Order:
    """What a sender is to do.

    Attributes:
        conninfo: how the owner connects to the book.
        port: of the sink.
        authority: whose certificates are trusted.
        sessions: that are open at a time.
        claim: letters that it holds at most.
    """

    conninfo: str
    port: int
    authority: str
    sessions: int = 4
    claim: int = 20

    @property
    def mail(self) -> Mail:
        """The settings of that."""
        return Mail(
            carrier="smtp",
            host="127.0.0.1",
            port=self.port,
            security="tls",
            ca_file=self.authority,
            sessions=self.sessions,
            claim=self.claim,
        )


def rules(now: datetime) -> queue.Rules:
    """The window is always open."""
    return {
        "steps": [-7, -3, -1, 0, 1, 5, 15, 30, 60, 90],
        "reach": 90,
        "minimum": 1,
        "most_in_7_days": 4,
        "forgiven": 2,
        "most_quarantined": 1,
        "opens_at": now.isoformat(),
    }


def rendered(letter: Letter) -> Message:
    """A small message."""
    message_id = message_id_of(letter.letter_id)
    lines = (
        f"Message-ID: {message_id}",
        "From: us@example.com",
        f"To: {letter.address}",
        "Subject: Aviso",
        "",
        "Texto.",
        "",
    )
    content = "\r\n".join(lines).encode()
    return Message(letter.letter_id, message_id, "us@example.com", letter.address, content)


def message_id_of(letter_id: int) -> str:
    """The Message-ID of a letter."""
    return f"<{letter_id}@loanbook.example>"


@contextmanager
def opened(conninfo: str) -> Iterator[Database]:
    """A connection to the book as the application."""
    book = connect(conninfo, actor="sender", role=ROLE)
    try:
        yield book
    finally:
        book.close()


def delivered(order: Order) -> Counts:
    """Deliver all that is due."""
    settings = Settings(home=Path("/nowhere"), letters=Letters(mail=order.mail))
    return deliver(
        lambda: opened(order.conninfo),
        carrier(settings, {}),
        rendered,
        order.mail,
        rules,
        lambda: NOW,
        lambda: False,
    )


def main() -> None:
    """Do what the command line says."""
    order = Order(**json.loads(sys.argv[1]))
    with opened(order.conninfo):
        print("ready", flush=True)  # noqa: T201 -- to whoever started it
    print(json.dumps(asdict(delivered(order))), flush=True)  # noqa: T201 -- the same


if __name__ == "__main__":
    main()
