"""Sessions of one sender against a real server: each letter given comes back as one fate."""

from __future__ import annotations

from collections import Counter
from contextlib import contextmanager
from datetime import date
from typing import TYPE_CHECKING

import pytest
from tests.crew import free_port
from tests.postoffice import Office, office

from loanbook.errors import CarrierUnavailable, DataRefused
from loanbook.outbox.carriers import carrier
from loanbook.outbox.crew import Crew
from loanbook.outbox.letter import Carrier, Fate, Letter, Message
from loanbook.outbox.pace import Pace
from loanbook.settings import Settings
from loanbook.settings.letters import Letters, Mail

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PATIENCE = 30.0


def letters(count: int) -> list[Letter]:
    return [Letter(n, "notice", date(2024, 1, 25), address(n)) for n in range(1, count + 1)]


def address(number: int) -> str:
    return f"client{number}@example.com"


def rendered(letter: Letter) -> Message:
    message_id = f"<{letter.letter_id}@loanbook.example>"
    content = f"Message-ID: {message_id}\r\nSubject: Aviso\r\n\r\nTexto.\r\n".encode()
    return Message(letter.letter_id, message_id, "us@example.com", letter.address, content)


def smtp(home: Path, port: int) -> Carrier:
    mail = Mail(carrier="smtp", host="127.0.0.1", port=port, security="none", timeout=5)
    return carrier(Settings(home=home, letters=Letters(mail=mail)), {})


def sent(crew: Crew, count: int) -> dict[int, Fate]:
    """Give so many letters, and take a fate for each of them."""
    crew.give(letters(count))
    found: list[Fate] = []
    while len(found) < count:
        if crew.trouble is not None:
            crew.halt()
        fates = crew.take(1, PATIENCE)
        assert fates, "a letter never came back"
        found += fates
    assert crew.end() == []
    assert len({fate.letter_id for fate in found}) == count
    return {fate.letter_id: fate for fate in found}


def states(fates: dict[int, Fate]) -> Counter[str]:
    return Counter(fate.state for fate in fates.values())


def test_several_sessions_send_each_letter_once(tmp_path: Path) -> None:
    with office(tmp_path / "taken") as server:
        crew = Crew(smtp(tmp_path, server.port), rendered, 4, Pace(0))
        assert states(sent(crew, 60)) == {"sent": 60}
        assert sorted(server.counts().values()) == [1] * 60
        assert len({taken["session"] for taken in server.taken}) == 4


def test_a_server_that_ends_each_session_after_ten_letters_costs_none(tmp_path: Path) -> None:
    with office(tmp_path / "taken", most=10) as server:
        crew = Crew(smtp(tmp_path, server.port), rendered, 2, Pace(0))
        assert states(sent(crew, 60)) == {"sent": 60}
        assert sorted(server.counts().values()) == [1] * 60


def test_bad_recipients_cost_themselves_only(tmp_path: Path) -> None:
    manners = {
        "refuses": {address(3): "550 5.1.1 no such user", address(4): "451 4.3.0 later"},
        "vanishes": [address(7)],
        "breaks": [address(12)],
    }
    with office(tmp_path / "taken", **manners) as server:
        fates = sent(Crew(smtp(tmp_path, server.port), rendered, 2, Pace(0)), 30)
        assert fates[3].state == "suppressed"
        assert fates[4].state == "failed"
        assert fates[7].state == "unknown"
        # Small enough for the buffers: whether its end arrived cannot be known.
        assert fates[12].state in {"unknown", "failed"}
        assert states(fates)["sent"] == 26
        counted = server.counts()
        assert set(counted.values()) == {1}
        assert counted["<7@loanbook.example>"] == 1
        assert set(counted) == {
            rendered(letter).message_id
            for letter in letters(30)
            if letter.letter_id not in {3, 4, 12}
        }


def test_a_server_that_always_vanishes_leaves_few_letters_unknown(tmp_path: Path) -> None:
    vanishes = [letter.address for letter in letters(40)]
    with office(tmp_path / "taken", vanishes=vanishes) as server:
        fates = sent(Crew(smtp(tmp_path, server.port), rendered, 2, Pace(0)), 40)
        counted = states(fates)
        assert set(counted) == {"unknown", "planned"}
        assert 3 <= counted["unknown"] <= 4
        assert set(server.counts().values()) == {1}
        assert len(server.taken) == counted["unknown"]


def test_no_server_at_all_gives_every_letter_back(tmp_path: Path) -> None:
    crew = Crew(smtp(tmp_path, free_port()), rendered, 3, Pace(0))
    assert states(sent(crew, 20)) == {"planned": 20}
    assert isinstance(crew.trouble, CarrierUnavailable)


def test_a_refused_sender_gives_every_letter_back(tmp_path: Path) -> None:
    with office(tmp_path / "taken", senders={"us@example.com": "550 5.7.1 no"}) as server:
        crew = Crew(smtp(tmp_path, server.port), rendered, 3, Pace(0))
        assert states(sent(crew, 20)) == {"planned": 20}
        assert isinstance(crew.trouble, CarrierUnavailable)
        assert server.taken == []


@pytest.mark.parametrize("error", [DataRefused(problem="x"), KeyError("name")], ids=repr)
def test_a_letter_that_cannot_be_written_costs_itself_only(
    tmp_path: Path, error: Exception
) -> None:
    def render(letter: Letter) -> Message:
        if letter.letter_id == 5:
            raise error
        return rendered(letter)

    with office(tmp_path / "taken") as server:
        fates = sent(Crew(smtp(tmp_path, server.port), render, 2, Pace(0)), 10)
        assert states(fates) == {"sent": 9, "failed": 1}
        assert fates[5].reason is not None
        assert type(error).__name__ in fates[5].reason


def test_a_halted_crew_ends_what_it_sends_and_gives_back_the_rest(tmp_path: Path) -> None:
    crew_of_one: list[Crew] = []

    def render(letter: Letter) -> Message:
        if letter.letter_id == 4:
            crew_of_one[0].halt()
        return rendered(letter)

    with office(tmp_path / "taken") as server:
        crew_of_one.append(Crew(smtp(tmp_path, server.port), render, 1, Pace(0)))
        assert states(sent(crew_of_one[0], 20)) == {"sent": 3, "planned": 17}
        assert len(server.taken) == 3


class Broken:
    """A plug-in with a fault: it breaks at one letter."""

    name = "broken"

    @contextmanager
    def open(self) -> Iterator[Broken]:
        """Open."""
        yield self

    def send(self, message: Message) -> Fate:
        """Break at the third."""
        if message.letter_id == 3:
            raise ZeroDivisionError
        return Fate(message.letter_id, "sent", message.message_id)


def test_a_carrier_that_breaks_leaves_one_letter_unknown() -> None:
    crew = Crew(Broken(), rendered, 1, Pace(0))
    fates = sent(crew, 10)
    assert states(fates) == {"sent": 2, "unknown": 1, "planned": 7}
    assert fates[3].state == "unknown"
    assert isinstance(crew.trouble, ZeroDivisionError)


def test_one_session_of_several_is_enough(tmp_path: Path) -> None:
    class Narrow:
        """A way that takes one session at a time."""

        name = "narrow"

        def __init__(self, server: Office) -> None:
            self._carrier = smtp(tmp_path, server.port)
            self._open = 0

        @contextmanager
        def open(self) -> Iterator[object]:
            self._open += 1
            try:
                if self._open > 1:
                    raise CarrierUnavailable(carrier=self.name, problem="one at a time")
                with self._carrier.open() as session:
                    yield session
            finally:
                self._open -= 1

    with office(tmp_path / "taken") as server:
        crew = Crew(Narrow(server), rendered, 4, Pace(0))  # type: ignore[arg-type]
        assert states(sent(crew, 30)) == {"sent": 30}
        assert sorted(server.counts().values()) == [1] * 30
        assert crew.trouble is None
