"""Clients found by what is known of them, a page at a time, and seen with all that is theirs."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from tests.cast import ANA_OPEN, CLIENTS, CONTACTS, LOANS, NEXT, Client, Contact, broken

from loanbook import clients
from loanbook.errors import NotFound

if TYPE_CHECKING:
    from tests.desk import Desk

NAMES = [
    *("João D'Ávila Conceição", "Joana de Souza-Lima", "Ana  Lúcia\tNúñez", "JOÃO LIMA"),
    *("Øyvind Müller", "Jo\u0061\u0303o Peixoto", "x" * 200, "'; -- \\"),
]


@pytest.fixture
def named(desk: Desk) -> Desk:
    """Clients with names of many kinds, from number 11 on."""
    numbers = range(11, 11 + len(NAMES))
    people = [Contact(n, name) for n, name in zip(numbers, NAMES, strict=True)]
    desk.load(clients=[Client(n) for n in numbers], contacts=people)
    return desk


def numbers(found: clients.Page) -> list[int]:
    return [one.user_id for one in found.clients]


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("joao", [11, 14, 16]),
        ("JOÃO li", [14]),
        ("lima jo", [12, 14]),
        ("davila", [11]),
        ("d'ávila", [11]),
        ("souza lima", [12]),
        ("nunez ana", [13]),
        ("mull", [15]),
        ("oão", []),
        ("xxx", [17]),
        ("--", []),
        ("' or true --", []),
        ("joao & !lima", []),
        ("", []),
    ],
)
def test_names_are_found_by_beginnings_of_their_words(
    named: Desk, name: str, found: list[int]
) -> None:
    assert numbers(clients.find(named.app, name=name)) == found


@pytest.fixture
def stocked(desk: Desk) -> Desk:
    """The cast."""
    desk.load(clients=CLIENTS, contacts=CONTACTS, loans=LOANS)
    return desk


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({}, [1, 2, 3, 4, 5]),
        ({"user_id": 4}, [4]),
        ({"user_id": 99}, []),
        ({"email": "ANA@example.com"}, [1]),
        ({"email": "ana@example"}, []),
        ({"tax_id": "39053344705"}, [1]),
        ({"tax_id": "390.533.447-05"}, [1]),
        ({"phone": "11 5550-0101"}, [1]),
        ({"phone": "+55 (11) 5550.0101"}, [1]),
        ({"phone": "011 5550-0101"}, [1]),
        ({"status": "denied"}, [2, 3]),
        ({"batch": 2}, [3, 5]),
        ({"batch": 2, "status": "approved"}, [5]),
        ({"batch": 9}, []),
        ({"name": "clara", "status": "denied"}, [3]),
        ({"name": "clara", "status": "approved"}, []),
        ({"name": "ana", "email": "bruno@example.com"}, []),
    ],
)
def test_clients_answer_to_all_that_is_named(
    stocked: Desk, asked: dict[str, Any], found: list[int]
) -> None:
    assert numbers(clients.find(stocked.app, **asked)) == found


def test_pages_follow_each_other_whatever_comes_meanwhile(stocked: Desk) -> None:
    first = clients.find(stocked.app, limit=2)
    assert (numbers(first), first.next) == ([1, 2], 2)
    stocked.load(clients=[*CLIENTS, Client(6)], day=NEXT)
    second = clients.find(stocked.app, limit=2, after=first.next)
    assert (numbers(second), second.next) == ([3, 4], 4)
    last = clients.find(stocked.app, limit=2, after=second.next)
    assert (numbers(last), last.next) == ([5, 6], None)
    assert clients.find(stocked.app, after=6) == clients.Page((), None)


def test_a_name_that_thousands_bear_is_paged_all_the_same(desk: Desk) -> None:
    many = 10_050  # more than are looked up at once
    desk.load(
        clients=[Client(n) for n in range(1, many + 1)],
        contacts=[
            Contact(n, f"Maria {'Rosa' if n % 5000 == 0 else 'Silva'}") for n in range(1, many)
        ],
    )
    found = clients.find(desk.app, name="maria", after=7000, limit=3)
    assert (numbers(found), found.next) == ([7001, 7002, 7003], 7003)
    assert numbers(clients.find(desk.app, name="mar ros")) == [5000, 10_000]
    assert numbers(clients.find(desk.app, name="maria", after=many - 2)) == [many - 1]
    assert numbers(clients.find(desk.app, name="maria", status="denied")) == []


def test_an_overview_holds_all_that_is_a_client_s(stocked: Desk) -> None:
    stocked.load(loans=[broken(ANA_OPEN, amount_paid="500.25")], day=NEXT)
    clients.amend(stocked.app, 1, reason="more", credit_limit=Decimal(20_000))
    seen = clients.overview(stocked.app, 1)
    assert seen.client == clients.get(stocked.app, 1)
    assert [loan.loan_id for loan in seen.loans] == [2, 1]
    balance = ANA_OPEN.due_amount - Decimal("500.25")
    assert seen.exposure == clients.Exposure(balance, Decimal(20_000), Decimal(20_000) - balance)
    moved = [(one.loan_id, one.kind, one.amount) for one in seen.payments]
    assert moved[0] == (2, "payment", Decimal("200.00"))
    openings = [(2, "opening", Decimal("300.25")), (1, "opening", LOANS[0].amount_paid)]
    assert set(moved[1:]) == set(openings)
    assert [change.operation for change in seen.changes] == ["update", "insert"]
    denied = clients.overview(stocked.app, 3)
    assert denied.exposure.free == 0
    assert denied.exposure.open_balance == LOANS[3].due_amount - LOANS[3].amount_paid
    with pytest.raises(NotFound, match=r"^There is no client 99\.$"):
        clients.overview(stocked.app, 99)


def test_open_findings_about_a_client_and_its_loans_are_told(stocked: Desk) -> None:
    stocked.load(loans=[broken(ANA_OPEN, amount_paid="9999.25")], day=NEXT)
    told = clients.overview(stocked.app, 1).findings
    assert {(one.rule, one.subject, one.subject_id) for one in told} == {
        ("loans_overpaid", "loan", 2)
    }
    assert clients.overview(stocked.app, 5).findings == ()
