"""Lines that stood in the file before are carried, yet nothing about them is forgotten."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from tests.cast import (
    ANA,
    BRUNO,
    CLARA,
    CLIENTS,
    CONTACTS,
    DAVI,
    EVA,
    LOANS,
    NEXT,
    THIRD,
    Client,
    Contact,
    broken,
    csv_text,
    lent,
)

if TYPE_CHECKING:
    from tests.cast import Line
    from tests.desk import Desk, Loaded

ANA_S, BRUNO_S, CLARA_S, EVA_S = CONTACTS


def carried(desk: Desk, loaded: Loaded, kind: str) -> int:
    """How many lines of the only batch of a kind were carried."""
    found = desk.owner.value(
        "select carried from ops.batches where batch_id = %(batch)s",
        batch=loaded.batch(kind).batch_id,
    )
    assert isinstance(found, int)
    return found


@pytest.fixture
def desk(desk: Desk) -> Desk:
    """The cast has arrived on the first day, as whole files."""
    desk.load(clients=CLIENTS, contacts=CONTACTS, loans=LOANS, full=True)
    return desk


def test_unchanged_lines_are_carried_and_count_as_unchanged(desk: Desk) -> None:
    loaded = desk.load(clients=[*CLIENTS[:4], replace(EVA, batch=4)], day=NEXT, full=True)
    assert carried(desk, loaded, "clients") == 4
    assert loaded.fates("clients") == {"unchanged": 4, "updated": 1}
    assert desk.ailments() == []


def test_a_contact_that_went_with_its_client_is_refused_and_returns_with_it(desk: Desk) -> None:
    hugo, his = Client(8), Contact(8, "Hugo", "hugo@example.com")
    desk.load(clients=[*CLIENTS, hugo], contacts=[*CONTACTS, his], day=NEXT, full=True)
    others = [BRUNO_S, CLARA_S, EVA_S, his]
    loaded = desk.load(
        clients=[replace(ANA, batch=7), *CLIENTS[1:]],
        contacts=[replace(ANA_S, phone="1"), *others],
        day=THIRD,
        full=True,
        allow_deletions=True,
    )
    assert 8 not in desk.keys("clients")
    assert loaded.fates("contacts") == {"updated": 1, "unchanged": 3, "quarantined": 1}
    desk.load(
        clients=[replace(ANA, batch=8), *CLIENTS[1:], hugo],
        contacts=[replace(ANA_S, phone="2"), *others],
        day=THIRD,
        full=True,
    )
    assert 8 in desk.keys("contacts")
    assert desk.refused_lines("contacts") == {}
    assert desk.ailments() == []


def test_a_line_as_before_closes_what_a_refused_file_left_in_quarantine(desk: Desk) -> None:
    bad: list[Line] = [
        broken(ANA, batch="x"),
        *(broken(Client(n), batch="x") for n in range(9, 40)),
    ]
    assert desk.load(clients=bad, day=NEXT).outcomes == {"clients.csv": "refused"}
    loaded = desk.load(clients=[*CLIENTS[:4], replace(EVA, batch=4)], day=THIRD)
    assert carried(desk, loaded, "clients") == 0  # all of it is staged, to close what is open
    assert 2 not in desk.refused_lines("clients")


def test_who_was_refused_yesterday_and_is_missing_today_is_gone(desk: Desk) -> None:
    lines: list[Line] = [broken(ANA, batch="x"), *CLIENTS[1:]]
    desk.load(clients=lines, day=NEXT, full=True)
    assert desk.findings() == set()
    desk.load(clients=CLIENTS[1:], day=THIRD, full=True)
    assert desk.findings() == {("clients_gone", 1)}


def test_who_was_missing_beside_an_unreadable_line_is_gone_the_next_day(desk: Desk) -> None:
    lines: list[Line] = [BRUNO, CLARA, DAVI, EVA, broken(Client(8), user_id="x")]
    desk.load(clients=lines, day=NEXT, full=True)
    assert desk.findings() == set()
    desk.load(clients=[BRUNO, CLARA, DAVI, replace(EVA, batch=4)], day=THIRD, full=True)
    assert desk.findings() == {("clients_gone", 1)}


def test_a_loan_refused_yesterday_and_missing_today_is_gone(desk: Desk) -> None:
    lines: list[Line] = [broken(LOANS[0], tax="x"), *LOANS[1:]]
    desk.load(loans=lines, day=NEXT, full=True)
    desk.load(loans=[*LOANS[1:], lent(9, DAVI, "2024-01-26")], day=THIRD, full=True)
    assert desk.findings() == {("loans_gone", 1)}


def test_a_line_refused_yesterday_is_refused_today(desk: Desk) -> None:
    lines: list[Line] = [ANA, broken(BRUNO, batch="x"), CLARA, DAVI, EVA]
    desk.load(clients=lines, day=NEXT)
    loaded = desk.load(clients=[*lines[:4], replace(EVA, batch=4)], day=THIRD)
    assert carried(desk, loaded, "clients") == 3
    assert loaded.fates("clients") == {"unchanged": 3, "updated": 1, "quarantined": 1}


def test_an_amended_client_s_line_is_carried_and_the_amendment_stays(desk: Desk) -> None:
    with desk.app.transaction():
        desk.app.value("select api.amend_client(1, 'a visit', 15000)")
    loaded = desk.load(clients=[*CLIENTS[:4], replace(EVA, batch=4)], day=NEXT)
    assert carried(desk, loaded, "clients") == 4
    assert desk.client(1)["credit_limit"] == 15_000
    loaded = desk.load(clients=[replace(ANA, batch=2), *CLIENTS[1:4], EVA], day=THIRD)
    assert (desk.client(1)["credit_limit"], desk.client(1)["batch"]) == (15_000, 2)
    assert desk.findings() == set()


@pytest.mark.parametrize("order", ["descending", "repeated", "quoted", "blank key"])
def test_files_that_cannot_be_compared_are_taken_whole(desk: Desk, order: str) -> None:
    changed: list[Line] = [*CLIENTS[:4], replace(EVA, batch=4)]
    text = {
        "descending": csv_text("clients", reversed(changed)),
        "repeated": csv_text("clients", [ANA, *changed]),
        "quoted": csv_text("clients", changed).replace("approved", '"approved"'),
        "blank key": csv_text("clients", [*changed, broken(DAVI, user_id="")]),
    }[order]
    loaded = desk.load(desk.write("clients.csv", text, NEXT))
    assert carried(desk, loaded, "clients") == 0
    assert loaded.fates("clients")["updated"] == 1
    assert desk.client(5)["batch"] == 4
    assert desk.ailments() == []


def test_a_header_in_another_order_is_not_compared(desk: Desk) -> None:
    changed = [*CLIENTS[:4], replace(EVA, batch=4)]
    columns = ["created_at", "user_id", "batch", "status", "credit_limit", "interest_rate",
               "denied_at", "denied_reason"]  # fmt: skip
    loaded = desk.load(desk.write("c.csv", csv_text("clients", changed, columns=columns), NEXT))
    assert carried(desk, loaded, "clients") == 0
    assert loaded.fates("clients") == {"unchanged": 4, "updated": 1}


def test_a_file_that_the_archive_no_longer_holds_is_not_compared(desk: Desk) -> None:
    for path in desk.settings.archive.iterdir():
        path.write_bytes(path.read_bytes().replace(b"approved", b"approveD"))
    loaded = desk.load(clients=[*CLIENTS[:4], replace(EVA, batch=4)], day=NEXT)
    assert carried(desk, loaded, "clients") == 0
    assert loaded.fates("clients") == {"unchanged": 4, "updated": 1}


def test_day_after_day_the_sums_are_those_of_the_files(desk: Desk) -> None:
    loans = list(LOANS)
    for number in range(1, 6):
        loans = [
            replace(loans[0], tax=loans[0].tax + 1),
            *loans[1:],
            lent(10 + number, DAVI, f"2023-0{number}-01"),
        ]
        loaded = desk.load(loans=loans, day=NEXT)
        for measure in ("loan_amount", "due_amount", "amount_paid"):
            total = sum(getattr(loan, measure) for loan in loans)
            assert sum(loaded.fates("loans", measure).values()) == total
        assert carried(desk, loaded, "loans") == len(loans) - 2
    assert desk.ailments() == []


def test_a_file_that_cannot_be_compared_may_hold_an_impossible_date(desk: Desk) -> None:
    lines: list[Line] = [EVA, broken(DAVI, created_at="2024-02-30 00:00:00"), replace(ANA, batch=2)]
    loaded = desk.load(clients=lines, day=NEXT)
    assert loaded.fates("clients") == {"unchanged": 1, "updated": 1, "quarantined": 1}
