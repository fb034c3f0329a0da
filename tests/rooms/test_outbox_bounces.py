"""Delivery reports from a maildir: the letter that came back, its address, and the task."""

from __future__ import annotations

from dataclasses import dataclass
from email.message import EmailMessage, Message
from email.mime.multipart import MIMEMultipart
from email.mime.nonmultipart import MIMENonMultipart
from email.mime.text import MIMEText
from typing import TYPE_CHECKING

import pytest
from tests.cast import Client, Contact
from tests.sender import NOW, message_id_of, rules

from loanbook import contacts
from loanbook.errors import CarrierUnavailable
from loanbook.outbox import entries, queue
from loanbook.outbox.bounces import Collected, bounces, collect
from loanbook.outbox.letter import Fate
from loanbook.settings.letters import Mail

if TYPE_CHECKING:
    from pathlib import Path

    from tests.desk import Desk

ANA = "ana.lima@example.com"


@dataclass(frozen=True)
class Report:
    """What a server reports."""

    action: str = "failed"
    status: str = "5.1.1"
    original: str | None = None
    final: str | None = ANA
    message_id: str | None = None
    returned: str = "rfc822"
    diagnostic: str = "smtp; 550 5.1.1 <ana.lima@example.com>: no such user"

    def __bytes__(self) -> bytes:
        whole = MIMEMultipart("report", report_type="delivery-status")
        whole["Message-ID"] = "<report@mta.example>"
        whole["Subject"] = "Undelivered Mail Returned to Sender"
        whole.attach(MIMEText("It could not be delivered."))
        whole.attach(self._status())
        if self.message_id is not None:
            whole.attach(self._returned(self.message_id))
        return whole.as_bytes()

    def _status(self) -> Message:
        about = Message()
        about["Reporting-MTA"] = "dns; mta.example"
        recipient = Message()
        if self.original:
            recipient["Original-Recipient"] = f"rfc822; {self.original}"
        if self.final:
            recipient["Final-Recipient"] = f"rfc822; {self.final}"
        recipient["Action"] = self.action
        recipient["Status"] = self.status
        recipient["Diagnostic-Code"] = self.diagnostic
        part = MIMENonMultipart("message", "delivery-status")
        part.set_payload([about, recipient])
        return part

    def _returned(self, message_id: str) -> Message:
        headers = f"Message-ID: {message_id}\nSubject: Aviso\n\n"
        part = MIMENonMultipart("text" if self.returned == "headers" else "message", "rfc822")
        if self.returned == "headers":
            part.replace_header("Content-Type", "text/rfc822-headers")
            part.set_payload(headers)
        else:
            letter = Message()
            letter["Message-ID"] = message_id
            letter.set_payload("Texto.")
            part.set_payload([letter])
        return part


class Letterbox:
    """A maildir."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for name in ("new", "cur", "tmp"):
            (folder / name).mkdir(parents=True)

    def put(self, *contents: bytes) -> None:
        """Messages that have just come."""
        for number, content in enumerate(contents):
            (self.folder / "new" / f"17000000{number:02}.M1.host").write_bytes(content)

    def names(self, part: str) -> list[str]:
        """The files in a part of it."""
        return sorted(path.name for path in (self.folder / part).iterdir())


@pytest.fixture
def box(tmp_path: Path) -> Letterbox:
    return Letterbox(tmp_path / "bounces")


def sent(desk: Desk, address: str = ANA) -> int:
    """A letter that was sent."""
    with desk.app.transaction():
        day = NOW.date()
        letter_id = queue.queue_team_letter(desk.app, "notice", address, address, day, {})
    assert letter_id is not None
    sender = queue.enter(desk.app)
    assert queue.claim(desk.app, sender, NOW, 20, rules(NOW))
    fate = Fate(letter_id, "sent", message_id_of(letter_id))
    assert queue.mark(desk.app, sender, [fate], NOW, Mail()) == 1
    return letter_id


def is_suppressed(desk: Desk, address: str) -> bool:
    return queue.lift(desk.app, address)


@pytest.mark.parametrize("returned", ["rfc822", "headers"])
def test_a_letter_that_came_back_suppresses_its_address(
    desk: Desk, box: Letterbox, returned: str
) -> None:
    letter_id = sent(desk)
    report = Report(message_id=message_id_of(letter_id), final="someone@else.example",
                    returned=returned)  # fmt: skip
    box.put(bytes(report))
    assert collect(desk.app, box.folder) == Collected(noted=1)
    assert box.names("new") == []
    assert box.names("cur") == ["1700000000.M1.host:2,S"]
    letter = entries.shown(desk.app, letter_id).letter
    assert letter.state == "sent"
    assert letter.bounced_at is not None
    assert letter.reason == "came back: 5.1.1 550 5.1.1 (address): no such user"
    assert is_suppressed(desk, ANA)
    assert not is_suppressed(desk, "someone@else.example")


def test_the_same_report_twice_counts_once(desk: Desk, box: Letterbox) -> None:
    letter_id = sent(desk)
    report = bytes(Report(message_id=message_id_of(letter_id)))
    box.put(report, report)
    assert collect(desk.app, box.folder).noted == 2
    events = entries.shown(desk.app, letter_id).events
    assert sum(event.reason is not None for event in events) == 1


@pytest.mark.parametrize("field", ["original", "final"])
def test_without_the_letter_s_number_the_recipient_counts_and_a_task_is_opened(
    desk: Desk, box: Letterbox, field: str
) -> None:
    desk.load(clients=[Client(7)], contacts=[Contact(7, email=ANA)])
    report = Report(original=ANA, final="x400-name") if field == "original" else Report()
    box.put(bytes(report))
    assert collect(desk.app, box.folder) == Collected(noted=1)
    assert ("contacts_undeliverable", 7) in desk.findings()
    with desk.app.transaction():
        contacts.amend(desk.app, 7, reason="new address", email="ana@example.org")
    assert ("contacts_undeliverable", 7) not in desk.findings()


@pytest.mark.parametrize(
    "report",
    [
        Report(action="delayed", status="4.4.1"),
        Report(action="failed", status="4.4.7"),
        Report(action="delivered", status="2.0.0"),
        Report(status="5.7.1", diagnostic="smtp; 550 5.7.1 looks like advertising"),
        Report(status="5.6.0"),
        Report(status="nonsense"),
    ],
    ids=lambda report: f"{report.action} {report.status}",
)
def test_what_is_no_lasting_fault_of_the_address_is_passed_over(
    desk: Desk, box: Letterbox, report: Report
) -> None:
    box.put(bytes(report))
    assert collect(desk.app, box.folder) == Collected(passed_over=1)
    assert not is_suppressed(desk, ANA)


def test_other_messages_are_left_for_people(desk: Desk, box: Letterbox) -> None:
    reply = EmailMessage()
    reply["Subject"] = "Re: Aviso"
    reply.set_content("Já paguei.")
    halves = bytes(Report())
    box.put(reply.as_bytes(), b"", b"\xff\x00 not a message", halves[: len(halves) // 3])
    assert collect(desk.app, box.folder) == Collected(passed_over=4)
    assert box.names("new") == []
    assert all(name.endswith(":2,") for name in box.names("cur"))


def test_a_report_of_a_letter_that_nobody_knows(desk: Desk, box: Letterbox) -> None:
    box.put(bytes(Report(message_id="<other@example.org>")), bytes(Report(final=None)))
    assert collect(desk.app, box.folder) == Collected(strange=2)
    assert not is_suppressed(desk, ANA)


def test_a_maildir_that_is_not_there(desk: Desk, tmp_path: Path) -> None:
    with pytest.raises(CarrierUnavailable, match="maildir of bounces"):
        collect(desk.app, tmp_path / "absent")


def test_a_report_as_postfix_writes_it() -> None:
    content = b"""\
From: MAILER-DAEMON@mta.example (Mail Delivery System)
Content-Type: multipart/report; report-type=delivery-status;
\tboundary="B"
Message-Id: <20240125.1@mta.example>

--B
Content-Type: text/plain; charset=us-ascii

<ana.lima@example.com>: host mx.example.com said: 550 5.1.1 no such user

--B
Content-Description: Delivery report
Content-Type: message/delivery-status

Reporting-MTA: dns; mta.example
Arrival-Date: Thu, 25 Jan 2024 10:00:00 -0300 (-03)

Final-Recipient: rfc822; ana.lima@example.com
Original-Recipient: rfc822;ana.lima@example.com
Action: failed
Status: 5.1.1
Remote-MTA: dns; mx.example.com
Diagnostic-Code: smtp; 550 5.1.1
    <ana.lima@example.com> no such user

--B
Content-Description: Undelivered Message Headers
Content-Type: text/rfc822-headers

Message-ID: <letter-42-20240125@banco.example>
Subject: Aviso

--B--
"""
    [bounce] = bounces(content)
    assert bounce.message_id == "<letter-42-20240125@banco.example>"
    assert bounce.recipient == ANA
    assert bounce.reason == "came back: 5.1.1 550 5.1.1 (address) no such user"
