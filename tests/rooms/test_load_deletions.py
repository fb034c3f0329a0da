"""Who is gone from a full file: almost nobody is deleted, and nobody silently."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
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
    HEADERS,
    LOANS,
    NEXT,
    THIRD,
    Client,
    broken,
    csv_text,
    lent,
)

from loanbook.settings import Source

if TYPE_CHECKING:
    from tests.cast import Line
    from tests.desk import Desk

WITHOUT_DAVI = [ANA, BRUNO, CLARA, EVA]
LOWERED = replace(DAVI, credit_limit=Decimal(500))
FOURTH, FIFTH = THIRD + timedelta(days=1), THIRD + timedelta(days=2)


@pytest.fixture
def desk(desk: Desk) -> Desk:
    """The cast has arrived on the first day."""
    desk.load(clients=CLIENTS, contacts=CONTACTS, loans=LOANS)
    return desk


def test_a_partial_file_deletes_nobody(desk: Desk) -> None:
    loaded = desk.load(clients=WITHOUT_DAVI, day=NEXT)
    assert loaded.batch("clients").deleted == 0
    assert desk.keys("clients") == {1, 2, 3, 4, 5}
    assert desk.findings() == set()


def test_a_full_file_deletes_who_has_no_loan(desk: Desk) -> None:
    batch = desk.load(clients=WITHOUT_DAVI, day=NEXT, full=True, allow_deletions=True).batch(
        "clients"
    )
    assert (batch.outcome, batch.deleted) == ("accepted", 1)
    assert desk.keys("clients") == {1, 2, 3, 5}
    assert desk.changes(batch.batch_id) == [("clients", "D", 4)]
    assert desk.findings() == set()
    assert desk.ailments() == []
    deleted = desk.app.row("select * from api.batch_changes(%(batch)s)", batch=batch.batch_id)
    assert deleted is not None
    assert deleted["changes"]["credit_limit"] == [2500.5, None]


def test_a_deleted_client_may_come_back(desk: Desk) -> None:
    desk.load(clients=WITHOUT_DAVI, day=NEXT, full=True, allow_deletions=True)
    desk.load(clients=[*WITHOUT_DAVI, DAVI, Client(9)], day=THIRD, full=True)
    assert desk.client(4)["version"] == 1
    history = desk.app.rows("select operation from api.history('clients', 4)")
    assert [row["operation"] for row in history] == ["insert", "delete", "insert"]
    assert desk.ailments() == []


def test_versions_of_an_earlier_life_are_not_counted(desk: Desk) -> None:
    desk.load(clients=[replace(DAVI, batch=4)], day=NEXT)
    desk.load(clients=WITHOUT_DAVI, day=THIRD, full=True, allow_deletions=True)
    desk.load(clients=CLIENTS, day=FOURTH, full=True, again=True)
    assert desk.client(4)["version"] == 1
    assert desk.ailments() == []
    desk.load(clients=[replace(DAVI, batch=5)], day=FIFTH)
    assert desk.client(4)["version"] == 2
    assert desk.ailments() == []


@pytest.mark.parametrize("before_it_went", [[], [LOWERED]])
def test_who_came_back_had_the_limit_of_before(before_it_went: list[Line], desk: Desk) -> None:
    desk.load(clients=before_it_went, day=NEXT)
    desk.load(clients=WITHOUT_DAVI, day=THIRD, full=True, allow_deletions=True)
    within = lent(9, DAVI, "2024-01-20", "2500.50")
    above = lent(10, DAVI, "2024-01-21", "2500.51", paid="2024-01-22")
    desk.load(clients=[LOWERED], loans=[within, above], day=FOURTH, again=True)
    assert desk.findings() == {("loans_above_limit", 10)}
    desk.load(clients=[replace(LOWERED, batch=4)], day=FIFTH)  # it has nothing to do with the limit
    assert desk.findings() == {("loans_above_limit", 10)}
    desk.load(loans=[replace(within, amount_paid=Decimal(1))], day=FIFTH)
    assert desk.findings() == {("loans_above_limit", 10)}
    assert desk.ailments() == []


def test_who_has_loans_stays_with_a_finding_that_closes_on_return(desk: Desk) -> None:
    desk.load(clients=[BRUNO, CLARA, DAVI, EVA], day=NEXT, full=True)
    assert desk.keys("clients") == {1, 2, 3, 4, 5}
    assert desk.findings() == {("clients_gone", 1)}
    desk.load(clients=[BRUNO, CLARA, DAVI, replace(EVA, batch=4)], day=NEXT, full=True)
    assert desk.findings() == {("clients_gone", 1)}
    desk.load(clients=CLIENTS, day=THIRD, full=True, again=True)
    assert desk.findings() == set()
    assert desk.findings("closed") == {("clients_gone", 1)}
    assert desk.ailments() == []


def test_a_partial_file_that_names_the_client_closes_the_finding_too(desk: Desk) -> None:
    desk.load(clients=[BRUNO, CLARA, DAVI, EVA], day=NEXT, full=True)
    desk.load(clients=[ANA], day=THIRD)
    assert desk.findings() == set()


def test_an_accepted_finding_stays_accepted(desk: Desk) -> None:
    desk.load(clients=[BRUNO, CLARA, DAVI, EVA], day=NEXT, full=True)
    with desk.app.transaction():
        desk.app.value(
            "select api.accept_finding(finding_id, 'moved to another lender')"
            " from api.findings where rule = 'clients_gone'"
        )
    desk.load(clients=[BRUNO, CLARA, DAVI, replace(EVA, batch=4)], day=THIRD, full=True)
    found = desk.app.rows("select state, accepted_by, reason from api.findings")
    assert found == [
        {"state": "accepted", "accepted_by": "tester", "reason": "moved to another lender"}
    ]


def test_unchanged_contacts_go_with_their_client(desk: Desk) -> None:
    desk.load(clients=[*CLIENTS, Client(8)], contacts=[replace(CONTACTS[0], user_id=8)], day=NEXT)
    batch = desk.load(clients=CLIENTS, day=THIRD, full=True, allow_deletions=True, again=True)
    number = batch.batch("clients").batch_id
    assert desk.changes(number) == [("contacts", "D", 8), ("clients", "D", 8)]
    assert desk.ailments() == []


def test_a_client_amended_here_stays(desk: Desk) -> None:
    with desk.app.transaction():
        desk.app.value("select api.amend_client(4, 'a visit', 3000)")
    desk.load(clients=WITHOUT_DAVI, day=NEXT, full=True)
    assert desk.client(4)["credit_limit"] == 3000
    assert desk.findings() == {("clients_gone", 4)}


def test_a_client_whose_contact_was_amended_here_stays(desk: Desk) -> None:
    desk.load(contacts=[replace(CONTACTS[0], user_id=4)], day=NEXT)
    desk.owner.run(
        "update dm.contacts set phone = '1', version = 2, amended_at = now() where user_id = 4"
    )
    desk.load(clients=WITHOUT_DAVI, day=THIRD, full=True)
    assert desk.contact(4)["phone"] == "1"
    assert desk.findings() == {("clients_gone", 4)}


def test_a_client_named_by_a_staged_loan_stays(desk: Desk) -> None:
    loaded = desk.load(
        clients=WITHOUT_DAVI, loans=[lent(9, DAVI, "2024-01-25")], day=NEXT, full=False
    )
    assert loaded.fates("loans") == {"inserted": 1}
    full = desk.write("clients-full.csv", csv_text("clients", [ANA, CLARA, EVA]), THIRD)
    waiting = desk.write("loans-new.csv", csv_text("loans", [lent(10, BRUNO, "2024-01-26")]), THIRD)
    desk.stage(waiting)
    desk.load(full, full=True)
    assert desk.keys("loans") == {1, 2, 3, 4, 5, 9, 10}
    assert desk.ailments() == []


def test_a_staged_loan_alone_keeps_its_client(desk: Desk) -> None:
    desk.write("clients.csv", csv_text("clients", WITHOUT_DAVI), NEXT)
    desk.write("loans.csv", csv_text("loans", [lent(9, DAVI, "2024-01-25")]), NEXT)
    desk.stage(desk.settings.input_data / NEXT.isoformat() / "loans.csv")
    clients = desk.settings.input_data / NEXT.isoformat() / "clients.csv"
    loaded = desk.load(clients, full=True)
    assert loaded.batch("clients").deleted == 0
    assert desk.findings() == {("clients_gone", 4)}
    assert desk.loan(9)["user_id"] == 4


def test_more_than_one_percent_deletions_refuse_the_file(desk: Desk) -> None:
    crowd = [Client(n) for n in range(101, 296)]  # with the cast: 200
    everybody = [*CLIENTS, *crowd]
    desk.load(clients=everybody, day=NEXT)
    before = desk.owner.value("select count(*) from audit.statements")
    loaded = desk.load(clients=everybody[:-3], day=THIRD, full=True)
    assert loaded.outcomes == {"clients.csv": "refused"}
    problem = loaded.batch("clients").problem or ""
    assert problem.startswith("it would delete 3 of 200 clients, more than 1 %;")
    assert "--allow-deletions" in problem
    assert desk.owner.value("select count(*) from audit.statements") == before
    assert len(desk.keys("clients")) == 200
    loaded = desk.load(clients=everybody[:-2], day=THIRD, full=True)
    assert loaded.batch("clients").deleted == 2
    assert desk.ailments() == []


def test_a_file_refused_for_its_deletions_is_accepted_when_they_are_allowed(desk: Desk) -> None:
    assert desk.load(clients=WITHOUT_DAVI, day=NEXT, full=True).outcomes == {
        "clients.csv": "refused"
    }
    loaded = desk.load(clients=WITHOUT_DAVI, day=NEXT, full=True, allow_deletions=True)
    assert loaded.batch("clients").deleted == 1


def test_an_empty_full_file_deletes_nobody_unasked(desk: Desk) -> None:
    assert desk.load(clients=[], day=NEXT, full=True).outcomes == {"clients.csv": "refused"}
    assert desk.keys("clients") == {1, 2, 3, 4, 5}


def test_a_refused_line_s_client_is_not_gone(desk: Desk) -> None:
    lines: list[Line] = [*WITHOUT_DAVI, broken(DAVI, batch="x")]
    desk.load(clients=lines, day=NEXT, full=True, allow_deletions=True)
    assert 4 in desk.keys("clients")
    assert desk.findings() == set()


@pytest.mark.parametrize("spoil", ["", "x"])
def test_a_line_without_a_readable_key_may_be_anybody_s(desk: Desk, spoil: str) -> None:
    lines: list[Line] = [BRUNO, CLARA, EVA, broken(DAVI, user_id=spoil)]
    desk.load(clients=lines, day=NEXT, full=True, allow_deletions=True)
    assert desk.keys("clients") == {1, 2, 3, 4, 5}
    assert desk.findings() == set()


def test_other_sources_and_our_own_clients_are_not_missed(desk: Desk) -> None:
    desk.load(clients=[Client(8)], source="second", day=NEXT)
    with desk.app.transaction():
        ours = desk.app.value("select api.register_client(100, 20, 1)")
    desk.load(clients=CLIENTS, day=THIRD, full=True, again=True)
    assert desk.keys("clients") == {1, 2, 3, 4, 5, 8, ours}
    assert desk.findings() == set()


def test_mended_lines_are_never_everything(desk: Desk) -> None:
    text = csv_text(
        "clients",
        [broken(ANA, quarantine_id="1", reasons="…")],
        columns=["quarantine_id", *HEADERS["clients"], "reasons"],
    )
    loaded = desk.load(desk.write("mended.csv", text, NEXT), full=True, allow_deletions=True)
    assert (loaded.batch("clients").outcome, loaded.batch("clients").deleted) == ("accepted", 0)
    assert desk.keys("clients") == {1, 2, 3, 4, 5}


def test_a_retry_is_never_everything(desk: Desk) -> None:
    desk.load(clients=[replace(ANA, batch=3)], day=NEXT, full=True, retry=True)
    assert desk.keys("clients") == {1, 2, 3, 4, 5}
    assert desk.findings() == set()


def test_loans_are_never_deleted_but_told_of(desk: Desk) -> None:
    desk.load(loans=LOANS[1:], day=NEXT, full=True)
    assert desk.keys("loans") == {1, 2, 3, 4, 5}
    assert desk.findings() == {("loans_gone", 1)}
    desk.load(loans=LOANS, day=THIRD, full=True, again=True)
    assert desk.findings() == set()
    assert desk.ailments() == []


def test_a_full_contacts_file_deletes_nobody(desk: Desk) -> None:
    desk.load(contacts=CONTACTS[1:], day=NEXT, full=True)
    assert desk.keys("contacts") == {1, 2, 3, 5}


def test_findings_about_the_deleted_do_not_stay_open(desk: Desk) -> None:
    desk.load(
        clients=[*CLIENTS, Client(8)],
        contacts=[replace(CONTACTS[0], user_id=8, email="nowhere")],
        day=NEXT,
    )
    assert desk.findings() == {("contacts_email_malformed", 8)}
    desk.load(clients=CLIENTS, day=THIRD, full=True, allow_deletions=True, again=True)
    assert desk.findings() == set()


def test_a_source_s_setting_declares_its_files_full(desk: Desk) -> None:
    always = Source("main", frozenset({"clients"}))
    loaded = desk.load(clients=WITHOUT_DAVI, day=NEXT, source=always, allow_deletions=True)
    assert loaded.batch("clients").deleted == 1
    desk.load(loans=LOANS[1:], day=NEXT, source=always)
    assert desk.findings() == set()
