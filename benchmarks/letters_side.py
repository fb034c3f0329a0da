"""One side of `letters.py`, as a process of its own: sends letters to a sink, and says how long.

python benchmarks/letters_side.py '{"side": "loanbook", "home": "…", "app": "…", …}'
"""

from __future__ import annotations

import json
import smtplib
import ssl
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from email.message import EmailMessage
from io import BytesIO
from pathlib import Path

import segno

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.memory import peak_mb

from loanbook.database.connection import Database, connect
from loanbook.outbox import queue
from loanbook.outbox.carriers import carrier
from loanbook.outbox.deliver import deliver
from loanbook.outbox.letter import Fate, Letter, Message
from loanbook.reminders import clients, plan, qr
from loanbook.reminders.render import renderer
from loanbook.settings import Settings
from loanbook.settings.letters import Letters, Mail, Payee

DAY = datetime(2024, 1, 25, 13, tzinfo=UTC)
PAYEE = Payee(
    name="Banco Exemplo",
    cnpj="12345678000195",
    pix_key="12345678000195",
    sender="cobranca@banco.example",
    phone="0800 000 0000",
    site="https://banco.example",
)
SENTENCE = "Lembrete: o seu empréstimo vence em breve."


@dataclass(frozen=True, slots=True)
class Task:
    """What a side is to do.

    Attributes:
        side: "loanbook", "practice", or "sentence".
        home: the workspace.
        app: how the application connects.
        port: of the sink.
        authority: of its certificate.
        most: letters to send.
        sessions: at once.
        claim: letters at a time.
    """

    side: str
    home: str
    app: str
    port: int
    authority: str
    most: int
    sessions: int = 1
    claim: int = 20

    def settings(self) -> Settings:
        """The workspace, with this sink as its server."""
        mail = Mail(
            carrier="smtp",
            host="127.0.0.1",
            port=self.port,
            security="tls",
            ca_file=self.authority,
            sessions=self.sessions,
            claim=self.claim,
        )
        return Settings(home=Path(self.home), letters=Letters(payee=PAYEE, mail=mail))


def main() -> None:
    task = Task(**json.loads(sys.argv[1]))
    work = {"loanbook": _loanbook, "practice": _practice, "sentence": _sentence}[task.side](task)
    began, used = time.perf_counter(), time.process_time()
    sent = work()
    told = {
        "sent": sent,
        "seconds": time.perf_counter() - began,
        "cpu": time.process_time() - used,
        "peak_mb": peak_mb(),
    }
    print(json.dumps(told))


def _loanbook(task: Task) -> Callable[[], int]:
    """Claim, render, send, mark, until nothing is due or the most is reached."""
    settings = task.settings()
    render = renderer(settings)
    way = carrier(settings, {})
    begun = [0]

    def counted(letter: Letter) -> Message:
        begun[0] += 1
        return render(letter)

    render(_some(task)[0])

    @contextmanager
    def opened() -> Iterator[Database]:
        book = connect(task.app, actor="bench")
        try:
            yield book
        finally:
            book.close()

    def work() -> int:
        counts = deliver(
            opened,
            way,
            counted,
            settings.letters.mail,
            lambda now: plan.rules(settings, now),
            lambda: DAY,
            lambda: begun[0] >= task.most,
        )
        return counts.sent

    return work


def _practice(task: Task) -> Callable[[], int]:
    """The same texts, a QR code by segno, the message by EmailMessage, a session for it."""
    qr.Pictures.png = _by_segno  # type: ignore[method-assign, assignment]
    settings = task.settings()
    write = clients.writer(settings)
    letters = _some(task)
    context = ssl.create_default_context(cafile=task.authority)
    write(letters[0])

    def work() -> int:
        for letter in letters:
            written = write(letter)
            message = EmailMessage()
            message["Subject"] = written.subject
            message["From"] = PAYEE.sender
            message["To"] = letter.address
            message["Message-ID"] = f"<{letter.letter_id}@practice.example>"
            for name, value in written.headers.items():
                message[name] = value
            message.set_content(written.text)
            message.add_alternative(written.html, subtype="html")
            for picture in written.pictures:
                message.get_payload()[1].add_related(  # type: ignore[union-attr, index]
                    picture.png, "image", "png", cid=f"<{picture.name}>"
                )
            _send(task, context, message)
        return len(letters)

    return work


def _sentence(task: Task) -> Callable[[], int]:
    """One fixed sentence, built and sent in a session of its own, as often."""
    context = ssl.create_default_context(cafile=task.authority)

    def work() -> int:
        for number in range(task.most):
            message = EmailMessage()
            message["Subject"] = "Lembrete"
            message["From"] = PAYEE.sender
            message["To"] = "ana@example.com"
            message["Message-ID"] = f"<{number}@practice.example>"
            message.set_content(SENTENCE)
            _send(task, context, message)
        return task.most

    return work


def _send(task: Task, context: ssl.SSLContext, message: EmailMessage) -> None:
    with smtplib.SMTP_SSL("127.0.0.1", task.port, "bench.example", context=context) as server:
        server.send_message(message)


def _by_segno(_: qr.Pictures, text: str) -> bytes:
    out = BytesIO()
    segno.make(text, error="m").save(out, kind="png", scale=qr.SCALE, border=qr.QUIET)
    return out.getvalue()


def _some(task: Task) -> list[Letter]:
    """Letters as they are claimed; they are not marked, so they wait on."""
    settings = task.settings()
    book = connect(task.app, actor="bench")
    try:
        with book.transaction():
            sender = queue.enter(book)
            most = 1 if task.side == "loanbook" else task.most
            found = queue.claim(book, sender, DAY, most, plan.rules(settings, DAY))
            fates = [replace(_NOT_TRIED, letter_id=letter.letter_id) for letter in found]
            queue.mark(book, sender, fates, DAY, settings.letters.mail)
            queue.leave(book, sender)
    finally:
        book.close()
    return found


_NOT_TRIED = Fate(0, "planned", reason="not tried")


if __name__ == "__main__":
    main()
