"""Deliver: each letter of the queue comes to one end, whatever server, database and senders do."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from collections import Counter
from contextlib import contextmanager
from dataclasses import asdict, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import trustme
from tests import sender
from tests.crew import free_port
from tests.postoffice import Office, office, started
from tests.sender import NOW, Order, message_id_of, opened, rendered, rules

from loanbook.errors import CarrierUnavailable, ConnectionLost
from loanbook.outbox import entries, queue
from loanbook.outbox.carriers import carrier
from loanbook.outbox.deliver import Counts, deliver
from loanbook.outbox.letter import Letter, Message
from loanbook.settings import Settings
from loanbook.settings.letters import Letters, Mail

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.desk import Desk
    from tests.houses import Houses

    from loanbook.database.connection import Database

QUEUE = """
select api.queue_team_letter(
    'notice', 'letter ' || t.n, 'team' || t.n || '@example.com', '2024-01-25', '{}'
) as letter_id
from (
    select n + (select count(*) from api.letters) as n
    from generate_series(1, %(count)s::integer) as n
) as t
"""
STATES = "select letter_id, state, attempts, sender_id, reason from api.letters order by letter_id"
WAITING = "select from api.letters where state = 'planned' limit 1"


def queued(desk: Desk, count: int) -> list[int]:
    """So many letters that are due."""
    with desk.app.transaction():
        rows = desk.app.rows(QUEUE, count=count)
    return [row["letter_id"] for row in rows]


def states(desk: Desk) -> Counter[str]:
    return Counter(row["state"] for row in desk.app.rows(STATES))


class Room:
    """All that delivers from the book of a desk."""

    def __init__(self, desk: Desk, houses: Houses, port: int) -> None:
        self.conninfo = houses.conninfo(desk.name)
        self.mail = Mail(
            carrier="smtp", host="127.0.0.1", port=port, security="none", timeout=5, backoff=60
        )
        self.home = desk.settings.home
        self.opened = 0

    @contextmanager
    def open_book(self) -> Iterator[Database]:
        """A connection for one sender."""
        self.opened += 1
        with opened(self.conninfo) as book:
            yield book

    def deliver(
        self,
        mail: Mail | None = None,
        render: Callable[[Letter], Message] = rendered,
        now: datetime = NOW,
        stop: Callable[[], bool] = lambda: False,
    ) -> Counts:
        """Deliver all that is due."""
        mail = mail or self.mail
        settings = Settings(home=self.home, letters=Letters(mail=mail))
        way = carrier(settings, {})
        return deliver(self.open_book, way, render, mail, rules, lambda: now, stop)


def test_all_that_is_due_is_sent_once(desk: Desk, houses: Houses) -> None:
    numbers = queued(desk, 90)
    with office(desk.settings.home / "taken") as server:
        room = Room(desk, houses, server.port)
        assert room.deliver() == Counts(sent=90)
        assert room.deliver() == Counts()
        assert server.counts() == dict.fromkeys(map(message_id_of, numbers), 1)
    assert states(desk) == {"sent": 90}
    shown = entries.shown(desk.app, numbers[0])
    assert [event.state for event in shown.events] == ["planned", "claimed", "sent"]
    assert shown.letter.message_id == message_id_of(numbers[0])


def test_letters_become_files_without_configuration(desk: Desk, houses: Houses) -> None:
    queued(desk, 25)
    assert Room(desk, houses, 0).deliver(Mail()) == Counts(sent=25)
    assert len(list(desk.settings.outbox.glob("letter-*.eml"))) == 25


def test_a_carrier_that_is_not_there_costs_no_attempt(desk: Desk, houses: Houses) -> None:
    queued(desk, 50)
    with pytest.raises(CarrierUnavailable, match="refused"):
        Room(desk, houses, free_port()).deliver()
    rows = desk.app.rows(STATES)
    assert {(row["state"], row["attempts"]) for row in rows} == {("planned", 0)}


def test_a_refusal_for_now_is_tried_again_later(desk: Desk, houses: Houses) -> None:
    queued(desk, 30)
    with office(desk.settings.home / "taken", greylists=True) as server:
        room = Room(desk, houses, server.port)
        assert room.deliver() == Counts(failed=30)
        assert room.deliver() == Counts()
        assert server.taken == []
        assert room.deliver(now=NOW.replace(minute=2)) == Counts(sent=30)
        assert set(server.counts().values()) == {1}
    assert {row["attempts"] for row in desk.app.rows(STATES)} == {2}


def test_a_refused_recipient_is_suppressed_and_the_others_go_on(desk: Desk, houses: Houses) -> None:
    queued(desk, 30)
    refuses = {"team7@example.com": "550 5.1.1 <team7@example.com> no such user"}
    with office(desk.settings.home / "taken", refuses=refuses) as server:
        assert Room(desk, houses, server.port).deliver() == Counts(sent=29, suppressed=1)
        assert len(server.taken) == 29
    [row] = [row for row in desk.app.rows(STATES) if row["state"] == "suppressed"]
    assert "550 5.1.1" in row["reason"]
    assert "team7" not in row["reason"]


def test_ten_letters_a_session(desk: Desk, houses: Houses) -> None:
    numbers = queued(desk, 90)
    with office(desk.settings.home / "taken", most=10) as server:
        assert Room(desk, houses, server.port).deliver() == Counts(sent=90)
        assert server.counts() == dict.fromkeys(map(message_id_of, numbers), 1)


def test_a_server_that_goes_away_without_a_reply(desk: Desk, houses: Houses) -> None:
    numbers = queued(desk, 40)
    vanishes = ["team3@example.com", "team21@example.com"]
    with office(desk.settings.home / "taken", vanishes=vanishes) as server:
        room = Room(desk, houses, server.port)
        assert room.deliver() == Counts(sent=38, unknown=2)
        assert room.deliver(now=NOW.replace(hour=20)) == Counts()
        # It had taken both: so it is right that they were not sent again.
        assert server.counts() == dict.fromkeys(map(message_id_of, numbers), 1)


def test_a_flaw_of_one_letter_costs_that_letter(desk: Desk, houses: Houses) -> None:
    numbers = queued(desk, 30)

    def render(letter: Letter) -> Message:
        if letter.letter_id == numbers[4]:
            raise LookupError
        return rendered(letter)

    with office(desk.settings.home / "taken") as server:
        room = Room(desk, houses, server.port)
        assert room.deliver(render=render) == Counts(sent=29, failed=1)


def test_asked_to_stop_it_gives_back_what_it_did_not_begin(desk: Desk, houses: Houses) -> None:
    queued(desk, 100)
    begun: list[int] = []

    def render(letter: Letter) -> Message:
        begun.append(letter.letter_id)
        return rendered(letter)

    with office(desk.settings.home / "taken") as server:
        room = Room(desk, houses, server.port)
        counts = room.deliver(render=render, stop=lambda: len(begun) > 30)
        assert counts.sent == len(server.taken)
        assert 30 < counts.sent < 100
        found = states(desk)
        assert found == {"sent": counts.sent, "planned": 100 - counts.sent}
        assert room.deliver() == Counts(sent=100 - counts.sent)
        assert set(server.counts().values()) == {1}


def test_a_sender_never_holds_more_than_a_claim(desk: Desk, houses: Houses) -> None:
    queued(desk, 60)
    most = 0

    def render(letter: Letter) -> Message:
        nonlocal most
        with opened(room.conninfo) as book:
            most = max(most, entries.counts(book).get("claimed", 0))
        return rendered(letter)

    with office(desk.settings.home / "taken") as server:
        room = Room(desk, houses, server.port)
        mail = replace(room.mail, sessions=8, claim=10)
        assert room.deliver(mail, render) == Counts(sent=60)
    assert most == 10


def test_what_was_sent_is_marked_when_the_database_comes_back(desk: Desk, houses: Houses) -> None:
    numbers = queued(desk, 60)
    cut = False

    def render(letter: Letter) -> Message:
        nonlocal cut
        if letter.letter_id == numbers[30] and not cut:
            cut = True
            desk.owner.rows(
                "select pg_terminate_backend(l.pid) from pg_locks as l"
                " where l.locktype = 'advisory' and l.objsubid = 2 and l.database ="
                " (select oid from pg_database where datname = current_database())"
            )
        return rendered(letter)

    with office(desk.settings.home / "taken") as server:
        room = Room(desk, houses, server.port)
        with pytest.raises(ConnectionLost):
            room.deliver(render=render)
        assert room.opened == 2
        assert cut
        found = states(desk)
        assert found["sent"] == len(server.taken)
        rest = room.deliver()
        # Only what was claimed in the very moment of the cut can be unknown.
        unknown = states(desk)["unknown"]
        assert rest.sent + found["sent"] + unknown == 60
        assert unknown <= room.mail.claim
        assert set(server.counts().values()) == {1}


@pytest.fixture(scope="module")
def papers(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    """Certificates of a sink, and of the authority that gave it."""
    folder = tmp_path_factory.mktemp("papers")
    authority = trustme.CA()
    authority.cert_pem.write_to_path(folder / "authority.pem")
    given = authority.issue_cert("127.0.0.1")
    given.private_key_and_cert_chain_pem.write_to_path(folder / "server.pem")
    return str(folder / "server.pem"), str(folder / "authority.pem")


@contextmanager
def sink(home: Path, papers: tuple[str, str]) -> Iterator[Office]:
    """A sink that replies after four thousandths of a second."""
    told = {"record": str(home / "sunk"), "certificate": papers[0], "delay": 0.004}
    with started(Path(sender.__file__).with_name("sink.py"), home / "sunk", told) as made:
        yield made


def sunk(home: Path) -> Counter[str]:
    """How often the sink took each letter."""
    return Counter((home / "sunk").read_text("ascii").split())


class Process:
    """A sender that is a process."""

    def __init__(self, order: Order) -> None:
        self.process = subprocess.Popen(
            [sys.executable, str(sender.__file__), json.dumps(asdict(order))],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip

    def ready(self) -> None:
        """Wait until it has connected to the book."""
        assert self.process.stdout is not None
        assert self.process.stdout.readline() == "ready\n"

    def killed(self, moment: float) -> bool:
        """Kill it after so many seconds: whether it was still at it."""
        try:
            self.process.wait(moment)
        except subprocess.TimeoutExpired:
            self.process.kill()
        self.process.communicate()
        return self.process.returncode < 0


def test_kills_leave_none_twice_none_lost_and_few_unknown(
    desk: Desk,
    houses: Houses,
    papers: tuple[str, str],
    soak: bool,
    record_property: Callable[[str, object], None],
) -> None:
    chance = random.Random(11)
    wanted, at_once = (1_000, 10) if soak else (8, 5)
    numbers = queued(desk, wanted * 150 + 200)
    home = desk.settings.home
    kills = 0
    with sink(home, papers) as server:
        order = Order(houses.conninfo(desk.name), server.port, papers[1])
        while kills < wanted:
            if not desk.app.rows(WAITING):  # they sent all before enough of them were killed
                numbers += queued(desk, at_once * 150)
            senders = [Process(order) for _ in range(at_once)]
            for one in senders:
                one.ready()
            for one in senders:
                kills += one.killed(chance.uniform(0.0, 0.4))
        claimed_by = Counter(
            row["sender_id"] for row in desk.app.rows(STATES) if row["state"] == "claimed"
        )
        assert not claimed_by or max(claimed_by.values()) <= order.claim
        sender.delivered(order)
        received = sunk(home)
        by_state = {row["letter_id"]: row["state"] for row in desk.app.rows(STATES)}
        unknown = [number for number, state in by_state.items() if state == "unknown"]
        lost = [n for n in numbers if message_id_of(n) not in received and n not in unknown]
        assert set(by_state.values()) <= {"sent", "unknown"}
        assert set(received.values()) == {1}
        assert lost == []
        assert len(unknown) <= kills * order.claim
        # A person looks at the server's log: what is not there is sent after all.
        for number in unknown:
            state = "sent" if message_id_of(number) in received else "planned"
            queue.resolve(desk.app, number, state, "found out by the log", NOW)
        sender.delivered(order)
    assert sunk(home) == dict.fromkeys(map(message_id_of, numbers), 1)
    assert states(desk) == {"sent": len(numbers)}
    # For docs/reference/soak.md, by --junit-xml.
    record_property("queued", len(numbers))
    record_property("kills", kills)
    record_property("received", received.total())
    record_property("twice", sum(times > 1 for times in received.values()))
    record_property("lost", len(lost))
    record_property("unknown", len(unknown))
    record_property("unknown that had arrived", sum(message_id_of(n) in received for n in unknown))


def test_ten_senders_at_once(desk: Desk, houses: Houses, papers: tuple[str, str]) -> None:
    numbers = queued(desk, 600)
    with sink(desk.settings.home, papers) as server:
        order = Order(houses.conninfo(desk.name), server.port, papers[1])
        senders = [Process(order) for _ in range(10)]
        for one in senders:
            assert one.process.communicate()[1] == ""
            assert one.process.returncode == 0
    assert sunk(desk.settings.home) == dict.fromkeys(map(message_id_of, numbers), 1)
    assert states(desk) == {"sent": 600}
