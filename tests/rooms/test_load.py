"""Files of one day become the mart, line by line accounted for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.cast import CLIENTS, CONTACTS, LOANS

if TYPE_CHECKING:
    from tests.desk import Desk


def test_the_cast_arrives_whole_and_healthy(desk: Desk) -> None:
    loaded = desk.load(clients=CLIENTS, contacts=CONTACTS, loans=LOANS)
    assert set(loaded.outcomes.values()) == {"accepted"}
    assert loaded.fates("clients") == {"inserted": 5}
    assert loaded.fates("contacts") == {"inserted": 4}
    assert loaded.fates("loans") == {"inserted": 5}
    assert desk.findings() == set()
    assert desk.ailments() == []
