"""An officer's amendment outlives files that know nothing of it; a file's change is not lost."""

from __future__ import annotations

import threading
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from tests.cast import (
    ANA,
    BRUNO,
    CLIENTS,
    CONTACTS,
    DAVI,
    EVA,
    NEXT,
    THIRD,
    Client,
    Contact,
    at,
    csv_text,
)

from loanbook.errors import StaleVersion
from loanbook.mart import promote

if TYPE_CHECKING:
    from datetime import datetime

    from tests.desk import Desk
    from tests.houses import Houses

    from loanbook.database.connection import Database, Row

LIMIT = Decimal(15_000)


@pytest.fixture
def desk(desk: Desk) -> Desk:
    """The cast's clients and contacts have arrived on the first day."""
    desk.load(clients=CLIENTS, contacts=CONTACTS)
    return desk


def amend(book: Database, user_id: int, **changed: object) -> int:
    """An officer amends a client."""
    terms = {"limit": None, "rate": None, "batch": None, "version": None} | changed
    with book.transaction():
        version = book.value(
            "select api.amend_client(%(key)s, 'a visit', %(limit)s, %(rate)s, %(batch)s,"
            " %(version)s)",
            key=user_id,
            **terms,
        )
    assert isinstance(version, int)
    return version


def bases(desk: Desk) -> set[int]:
    """The clients of whom it is remembered what the source said last."""
    return {row["user_id"] for row in desk.owner.rows("select user_id from stage.clients_base")}


def others(*changed: Client) -> list[Client]:
    """The cast's clients, some of them changed."""
    given = {client.user_id: client for client in changed}
    return [given.get(client.user_id, client) for client in CLIENTS]


def test_an_amendment_survives_a_file_that_is_unchanged_for_the_client(desk: Desk) -> None:
    amend(desk.app, 1, limit=LIMIT)
    loaded = desk.load(clients=others(replace(EVA, batch=4)), day=NEXT)
    assert desk.changes(loaded.batch("clients").batch_id) == [("clients", "U", 5)]
    assert loaded.fates("clients") == {"updated": 1, "unchanged": 4}
    assert (desk.client(1)["credit_limit"], desk.client(1)["version"]) == (LIMIT, 2)
    assert desk.findings() == set()
    assert bases(desk) == {1}
    assert desk.ailments() == []


def test_it_survives_many_files(desk: Desk) -> None:
    amend(desk.app, 1, limit=LIMIT)
    for number in range(3):
        desk.load(clients=others(replace(EVA, batch=10 + number)), day=NEXT)
    assert desk.client(1)["credit_limit"] == LIMIT
    assert desk.findings() == set()


def test_the_source_s_change_of_another_field_is_taken_beside_it(desk: Desk) -> None:
    amend(desk.app, 1, limit=LIMIT)
    loaded = desk.load(clients=others(replace(ANA, interest_rate=Decimal(35))), day=NEXT)
    found = desk.client(1)
    assert (found["credit_limit"], found["interest_rate"], found["version"]) == (LIMIT, 35, 3)
    assert loaded.fates("clients") == {"updated": 1, "unchanged": 4}
    assert desk.findings() == set()
    assert bases(desk) == {1}
    assert desk.ailments() == []


def test_the_source_s_change_of_the_same_field_wins_and_is_told(desk: Desk) -> None:
    amend(desk.app, 1, limit=LIMIT, batch=7)
    desk.load(clients=others(replace(ANA, credit_limit=Decimal(8_000))), day=NEXT)
    found = desk.client(1)
    assert (found["credit_limit"], found["batch"]) == (8_000, 7)
    assert desk.findings() == {("clients_amendment_overruled", 1)}
    detail = desk.app.value("select detail from api.findings")
    assert detail == "credit_limit: 15000.00 here, 8000.00 from main"
    assert desk.ailments() == []


def test_an_overruled_amendment_is_not_told_again_by_the_next_file(desk: Desk) -> None:
    amend(desk.app, 1, limit=LIMIT)
    lowered = replace(ANA, credit_limit=Decimal(8_000))
    first = desk.load(clients=others(lowered), day=NEXT).batch("clients").batch_id
    desk.load(clients=others(lowered, replace(EVA, batch=4)), day=THIRD)
    found = desk.app.row("select first_batch, last_batch, state from api.findings")
    assert found == {"first_batch": first, "last_batch": first, "state": "open"}
    assert bases(desk) == set()


def test_when_source_and_officer_agree_the_memory_is_dropped(desk: Desk) -> None:
    amend(desk.app, 1, limit=LIMIT)
    agreed = replace(ANA, credit_limit=LIMIT)
    loaded = desk.load(clients=others(agreed), day=NEXT)
    assert loaded.fates("clients") == {"unchanged": 5}
    assert bases(desk) == set()
    assert desk.client(1)["version"] == 2
    desk.load(clients=others(replace(agreed, credit_limit=Decimal(1))), day=THIRD)
    assert desk.client(1)["credit_limit"] == 1
    assert desk.findings() == set()
    assert desk.ailments() == []


def test_an_amendment_that_is_taken_back_is_forgotten(desk: Desk) -> None:
    amend(desk.app, 1, limit=LIMIT)
    amend(desk.app, 1, limit=ANA.credit_limit)
    desk.load(clients=others(replace(EVA, batch=4)), day=NEXT)
    assert bases(desk) == set()
    desk.load(clients=others(replace(ANA, credit_limit=Decimal(1))), day=THIRD)
    assert desk.client(1)["credit_limit"] == 1
    assert desk.findings() == set()


def test_a_second_amendment_is_merged_against_the_source_s_last_word(desk: Desk) -> None:
    amend(desk.app, 1, limit=LIMIT)
    desk.load(clients=others(replace(ANA, batch=4)), day=NEXT)
    amend(desk.app, 1, limit=LIMIT + 1, batch=5)
    desk.load(clients=others(replace(ANA, batch=4), replace(EVA, batch=4)), day=THIRD)
    assert (desk.client(1)["credit_limit"], desk.client(1)["batch"]) == (LIMIT + 1, 5)
    assert desk.findings() == set()


def test_the_client_s_line_may_be_missing_or_refused_meanwhile(desk: Desk) -> None:
    amend(desk.app, 1, limit=LIMIT)
    desk.load(clients=[BRUNO, replace(EVA, batch=4)], day=NEXT)
    desk.load(clients=others(replace(ANA, credit_limit=Decimal(-1))), day=THIRD)
    assert (desk.client(1)["credit_limit"], bases(desk)) == (LIMIT, {1})


# Status, reason and date of a denial are one unit


def reinstate(desk: Desk, user_id: int) -> None:
    """What an officer's reinstatement does to the book."""
    with desk.owner.transaction():
        desk.owner.value(
            "select ops.keep_client_base(c) from dm.clients as c where c.user_id = %(key)s",
            key=user_id,
        )
        desk.owner.rows(
            "update dm.clients set status = 'approved', denied_reason = null, denied_at = null,"
            " version = version + 1, amended_at = clock_timestamp() where user_id = %(key)s"
            " returning user_id",
            key=user_id,
        )


def denial(row: Row) -> tuple[object, ...]:
    """Status, reason and date."""
    return row["status"], row["denied_reason"], row["denied_at"]


def test_a_reinstatement_survives_a_file_that_still_denies(desk: Desk) -> None:
    reinstate(desk, 2)
    desk.load(clients=others(replace(BRUNO, batch=4)), day=NEXT)
    assert denial(desk.client(2)) == ("approved", None, None)
    assert desk.client(2)["batch"] == 4
    assert desk.findings() == set()


@pytest.mark.parametrize(
    "changed",
    [{"denied_reason": "money_loundry"}, {"denied_at": at("2024-01-11")}],
)
def test_a_new_word_on_the_denial_takes_it_as_a_whole(
    desk: Desk, changed: dict[str, object]
) -> None:
    reinstate(desk, 2)
    again = replace(BRUNO, **changed)  # type: ignore[arg-type]
    desk.load(clients=others(again), day=NEXT)
    assert denial(desk.client(2)) == (again.status, again.denied_reason, again.denied_at)
    assert desk.findings() == {("clients_amendment_overruled", 2)}
    assert desk.ailments() == []


def test_source_and_officer_may_agree_on_a_reinstatement(desk: Desk) -> None:
    reinstate(desk, 2)
    agreed = replace(BRUNO, status="approved", denied_reason=None, denied_at=None)
    desk.load(clients=others(agreed), day=NEXT)
    assert denial(desk.client(2)) == ("approved", None, None)
    assert (desk.findings(), bases(desk)) == (set(), set())


def test_the_source_s_denial_leaves_an_amended_limit_alone(desk: Desk) -> None:
    amend(desk.app, 1, limit=LIMIT)
    denied = replace(ANA, status="denied", denied_at=at("2024-01-25"), denied_reason="x")
    desk.load(clients=others(denied), day=NEXT)
    assert denial(desk.client(1)) == ("denied", "x", at("2024-01-25"))
    assert desk.client(1)["credit_limit"] == LIMIT
    assert desk.findings() == set()


# Contacts


def amend_contact(
    desk: Desk,
    user_id: int,
    *,
    phone: str | None = None,
    email: str | None = None,
    opted_out_at: datetime | None = None,
) -> None:
    """What an officer's amendment of a contact does to the book."""
    with desk.owner.transaction():
        desk.owner.rows(
            "insert into stage.contacts_base select user_id, name, email, tax_id, locale, phone,"
            " opted_out_at from dm.contacts where user_id = %(key)s on conflict do nothing"
            " returning user_id",
            key=user_id,
        )
        desk.owner.rows(
            "update dm.contacts set phone = coalesce(%(phone)s, phone),"
            " email = coalesce(%(email)s, email),"
            " opted_out_at = coalesce(%(opted_out_at)s, opted_out_at), version = version + 1,"
            " amended_at = clock_timestamp() where user_id = %(key)s returning user_id",
            key=user_id,
            phone=phone,
            email=email,
            opted_out_at=opted_out_at,
        )


def contacts(*changed: Contact) -> list[Contact]:
    """The cast's contacts, some of them changed."""
    given = {contact.user_id: contact for contact in changed}
    return [given.get(contact.user_id, contact) for contact in CONTACTS]


ANA_S, BRUNO_S, CLARA_S, EVA_S = CONTACTS


def test_an_amended_contact_survives_and_takes_other_changes(desk: Desk) -> None:
    amend_contact(desk, 1, phone="1")
    desk.load(contacts=contacts(replace(ANA_S, name="Ana Almeida")), day=NEXT)
    assert (desk.contact(1)["phone"], desk.contact(1)["name"]) == ("1", "Ana Almeida")
    assert desk.findings() == set()
    assert desk.ailments() == []


def test_the_source_wins_over_an_amended_contact_without_telling_what_stood_there(
    desk: Desk,
) -> None:
    amend_contact(desk, 1, phone="1", email="private@example.com")
    desk.load(contacts=contacts(replace(ANA_S, phone="2", email="new@example.com")), day=NEXT)
    assert desk.contact(1)["phone"] == "2"
    assert desk.findings() == {("contacts_amendment_overruled", 1)}
    assert (
        desk.app.value("select detail from api.findings") == "email, phone changed here and by main"
    )


def test_an_opt_out_is_never_undone_by_a_file(desk: Desk) -> None:
    when = at("2023-11-11 11:11:11")
    desk.load(contacts=contacts(replace(CLARA_S, opted_out_at=None)), day=NEXT)
    assert desk.contact(3)["opted_out_at"] == when
    amend_contact(desk, 5, opted_out_at=at("2024-01-01 01:01:01"))
    loaded = desk.load(contacts=contacts(replace(EVA_S, phone="2")), day=THIRD)
    assert desk.contact(5)["opted_out_at"] == at("2024-01-01 01:01:01")
    assert loaded.fates("contacts")["updated"] == 1
    assert desk.ailments() == []


def test_an_opt_out_keeps_its_first_date(desk: Desk) -> None:
    desk.load(contacts=contacts(replace(CLARA_S, opted_out_at=at("2024-01-20"))), day=NEXT)
    assert desk.contact(3)["opted_out_at"] == at("2023-11-11 11:11:11")


def test_a_file_may_opt_out(desk: Desk) -> None:
    desk.load(contacts=contacts(replace(EVA_S, opted_out_at=at("2024-01-20"))), day=NEXT)
    assert desk.contact(5)["opted_out_at"] == at("2024-01-20")


def test_columns_that_the_file_lacks_are_left_alone(desk: Desk) -> None:
    text = csv_text(
        "contacts", contacts(replace(ANA_S, name="Ana A.")), columns=["user_id", "name", "email"]
    )
    loaded = desk.load(desk.write("contacts.csv", text, NEXT))
    assert loaded.fates("contacts") == {"updated": 1, "unchanged": 3}
    found = desk.contact(1)
    assert {name: found[name] for name in vars(ANA_S)} == vars(replace(ANA_S, name="Ana A."))
    assert desk.changes(loaded.batch("contacts").batch_id) == [("contacts", "U", 1)]
    assert desk.ailments() == []


def test_a_column_that_the_file_empties_is_emptied(desk: Desk) -> None:
    desk.load(contacts=contacts(replace(ANA_S, phone=None)), day=NEXT)
    assert desk.contact(1)["phone"] is None


def test_lacking_columns_do_not_touch_what_the_source_last_said(desk: Desk) -> None:
    amend_contact(desk, 1, phone="1")
    text = csv_text("contacts", CONTACTS, columns=["user_id", "name", "email"])
    desk.load(desk.write("contacts.csv", text, NEXT))
    desk.load(contacts=contacts(replace(EVA_S, phone="2")), day=THIRD)
    assert desk.contact(1)["phone"] == "1"
    assert desk.findings() == set()


# Both at once


def waits_for_a_lock(desk: Desk) -> None:
    """Return once some session of this database waits for another's row."""
    while not desk.owner.value(
        "select count(*) from pg_stat_activity"
        " where datname = current_database() and wait_event_type = 'Lock'"
    ):
        pass


def test_an_amendment_that_is_committed_while_the_load_waits_is_merged(
    desk: Desk, houses: Houses
) -> None:
    desk.stage(desk.write("clients.csv", csv_text("clients", others(replace(ANA, batch=4))), NEXT))
    with houses.app(desk.name, "officer") as officer, officer.transaction():
        amend(officer, 1, limit=LIMIT)
        load = threading.Thread(target=desk.promote)
        load.start()
        waits_for_a_lock(desk)
    load.join()
    found = desk.client(1)
    assert (found["credit_limit"], found["batch"], found["version"]) == (LIMIT, 4, 3)
    assert desk.findings() == set()
    assert desk.ailments() == []


def test_a_conflicting_amendment_committed_while_the_load_waits_is_told(
    desk: Desk, houses: Houses
) -> None:
    changed = others(replace(ANA, credit_limit=Decimal(8_000)))
    desk.stage(desk.write("clients.csv", csv_text("clients", changed), NEXT))
    with houses.app(desk.name, "officer") as officer, officer.transaction():
        amend(officer, 1, limit=LIMIT)
        load = threading.Thread(target=desk.promote)
        load.start()
        waits_for_a_lock(desk)
    load.join()
    assert desk.client(1)["credit_limit"] == 8_000
    assert desk.findings() == {("clients_amendment_overruled", 1)}
    assert desk.ailments() == []


def test_an_amendment_that_waits_for_the_load_sees_what_it_wrote(
    desk: Desk, houses: Houses
) -> None:
    changed = others(replace(ANA, credit_limit=Decimal(8_000)))
    desk.stage(desk.write("clients.csv", csv_text("clients", changed), NEXT))
    failures: list[StaleVersion] = []

    def officer_amends() -> None:
        with houses.app(desk.name, "officer") as officer:
            try:
                amend(officer, 1, limit=LIMIT, version=1)
            except StaleVersion as stale:
                failures.append(stale)

    with desk.app.transaction():
        batch = desk.app.value("select max(batch_id) from api.batches")
        desk.app.value("select api.load_clients(%(batch)s)", batch=batch)
        amending = threading.Thread(target=officer_amends)
        amending.start()
        waits_for_a_lock(desk)
    amending.join()
    assert [failure.rule for failure in failures] == ["clients_version_current"]
    assert "version 2 stands" in str(failures[0])
    assert desk.client(1)["credit_limit"] == 8_000


def test_two_loads_at_once_come_one_after_the_other(desk: Desk, houses: Houses) -> None:
    desk.stage(desk.write("clients.csv", csv_text("clients", [DAVI, Client(8)]), NEXT))
    with houses.app(desk.name) as other:
        batch = desk.app.value("select max(batch_id) from api.batches")
        outcomes: list[Exception | None] = []

        def load_too() -> None:
            try:
                with other.transaction():
                    other.value("select api.load_clients(%(batch)s)", batch=batch)
            except Exception as error:  # noqa: BLE001 -- handed over to the test
                outcomes.append(error)

        with desk.app.transaction():
            desk.app.value("select api.load_clients(%(batch)s)", batch=batch)
            second = threading.Thread(target=load_too)
            second.start()
            waits_for_a_lock(desk)
        second.join()
    assert [getattr(error, "rule", error) for error in outcomes] == ["batch_is_staged"]
    assert desk.ailments() == []


def test_what_another_load_takes_meanwhile_is_left_to_it(desk: Desk, houses: Houses) -> None:
    changed = [DAVI, Client(8)]
    desk.stage(desk.write("clients.csv", csv_text("clients", changed), NEXT))
    with houses.app(desk.name) as other:
        batch = desk.app.value("select max(batch_id) from api.batches")
        outcomes: list[list[int]] = []

        def promote_too() -> None:
            outcomes.append([done.batch_id for done in promote(other)])

        with desk.app.transaction():
            desk.app.value("select api.load_clients(%(batch)s)", batch=batch)
            second = threading.Thread(target=promote_too)
            second.start()
            waits_for_a_lock(desk)
        second.join()
    assert outcomes == [[]]
    assert desk.keys("clients") >= {8}
    assert desk.ailments() == []
