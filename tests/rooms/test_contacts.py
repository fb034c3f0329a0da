"""How clients are reached: said by people, by files, and by both at once."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from tests.cast import ANA, CLIENTS, CONTACTS, NEXT, THIRD, Contact, at, csv_text

from loanbook import clients, contacts
from loanbook.errors import NotFound, Refused, StaleVersion

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.desk import Desk
    from tests.houses import Houses

    from loanbook.database.connection import Database

ANA_S, BRUNO_S, CLARA_S, EVA_S = CONTACTS
TERMS = {"credit_limit": Decimal(10), "interest_rate": Decimal(20), "batch": 1}


@pytest.fixture
def stocked(desk: Desk) -> Desk:
    """The cast's clients and contacts have arrived on the first day."""
    desk.load(clients=CLIENTS, contacts=CONTACTS)
    return desk


def delivered(*changed: Contact) -> list[Contact]:
    """The cast's contacts, some of them changed."""
    given = {contact.user_id: contact for contact in changed}
    return [given.get(contact.user_id, contact) for contact in CONTACTS]


def test_what_is_typed_is_kept_in_one_shape(stocked: Desk) -> None:
    kept = contacts.amend(
        stocked.app,
        1,
        reason="a call",
        email=" Ana.Alves@EXAMPLE.com",
        tax_id="12.abc.345/01de-35",
        phone="(11) 98765-4321",
        locale="EN",
    )
    assert (kept.version, kept.duplicates) == (2, ())
    now = contacts.get(stocked.app, 1)
    assert (now.email, now.tax_id, now.phone, now.locale) == (
        "Ana.Alves@example.com",
        "12ABC34501DE35",
        "+5511987654321",
        "en",
    )
    [_, change] = contacts.history(stocked.app, 1)
    assert (change.reason, change.actor) == ("a call", "tester")
    assert change.changes["email"] == ("ana@example.com", "Ana.Alves@example.com")


def test_an_amendment_survives_the_file_until_the_source_changes_the_field(stocked: Desk) -> None:
    contacts.amend(stocked.app, 1, reason="x", email="new@example.com", phone="")
    stocked.load(contacts=delivered(replace(ANA_S, name="Ana Almeida")), day=NEXT)
    now = contacts.get(stocked.app, 1)
    assert (now.name, now.email, now.phone) == ("Ana Almeida", "new@example.com", None)
    assert stocked.findings() == set()
    changed = replace(ANA_S, name="Ana Almeida", email="source@example.com")
    stocked.load(contacts=delivered(changed), day=THIRD)
    now = contacts.get(stocked.app, 1)
    assert (now.email, now.phone) == ("source@example.com", None)
    assert stocked.findings() == {("contacts_amendment_overruled", 1)}
    assert stocked.ailments() == []


def test_an_opt_out_taken_back_by_a_person_stays_so(stocked: Desk) -> None:
    contacts.amend(stocked.app, 3, reason="wants letters again", opted_out=False)
    stocked.load(contacts=delivered(replace(CLARA_S, name="Clara C.")), day=NEXT)
    assert contacts.get(stocked.app, 3).opted_out_at is None
    # Only what is news from the source opts out anew.
    later = replace(CLARA_S, name="Clara C.", opted_out_at=at("2024-01-26"))
    stocked.load(contacts=delivered(later), day=THIRD)
    assert contacts.get(stocked.app, 3).opted_out_at == at("2024-01-26")
    assert stocked.ailments() == []


def test_an_opt_out_taken_back_outlives_a_file_without_the_column(stocked: Desk) -> None:
    contacts.amend(stocked.app, 3, reason="wants letters again", opted_out=False)
    bare = csv_text("contacts", CONTACTS, columns=["user_id", "name", "email"])
    stocked.load(stocked.write("contacts.csv", bare, NEXT))
    assert contacts.get(stocked.app, 3).opted_out_at is None
    # The source says no more than it said before the amendment.
    stocked.load(contacts=CONTACTS, day=THIRD, again=True)
    assert contacts.get(stocked.app, 3).opted_out_at is None
    assert stocked.ailments() == []


def test_a_contact_said_here_is_merged_with_what_the_source_says_later(stocked: Desk) -> None:
    contacts.register(stocked.app, 4, name="Davi Dias", phone="11 98765-4321")
    assert contacts.get(stocked.app, 4).owner == "main"
    stocked.load(contacts=[*CONTACTS, Contact(4, email="davi@example.com", locale=None)], day=NEXT)
    now = contacts.get(stocked.app, 4)
    assert (now.name, now.email, now.phone) == ("Davi Dias", "davi@example.com", "+5511987654321")
    assert stocked.findings() == set()
    assert stocked.ailments() == []


def test_a_client_and_its_contact_come_in_together_or_not_at_all(stocked: Desk) -> None:
    def both(email: str) -> int:
        with stocked.app.transaction():
            user_id = clients.register(stocked.app, **TERMS)  # type: ignore[arg-type]
            contacts.register(stocked.app, user_id, email=email, duplicates="refuse")
        return user_id

    made = both("fresh@example.com")
    assert contacts.get(stocked.app, made).owner == "loanbook"
    with pytest.raises(Refused) as refused:
        both("ANA@example.com")
    assert (refused.value.rule, str(refused.value)) == (
        "contact_known_once",
        "Client 1 has the same e-mail.",
    )
    assert stocked.keys("clients") == {*(one.user_id for one in CLIENTS), made}


def test_of_whom_nothing_is_known_one_sentence_says_so(stocked: Desk) -> None:
    with pytest.raises(NotFound, match="Nothing is known of how client 4 is reached"):
        contacts.get(stocked.app, 4)
    with pytest.raises(NotFound, match="register a contact"):
        contacts.amend(stocked.app, 4, reason="x", name="Davi")
    assert contacts.known(stocked.app, 4) is None
    assert contacts.history(stocked.app, 4) == []
    with pytest.raises(NotFound, match=r"^There is no client 99\.$"):
        contacts.export(stocked.app, 99)


def test_a_valid_address_ends_the_finding_about_a_malformed_one(stocked: Desk) -> None:
    stocked.load(contacts=delivered(replace(EVA_S, email="eva at example")), day=NEXT)
    assert stocked.findings() == {("contacts_email_malformed", 5)}
    contacts.amend(stocked.app, 5, reason="asked her", email="eva@example.com")
    assert stocked.findings() == set()


def at_once(houses: Houses, desk: Desk, act: Callable[[Database, int], object]) -> list[object]:
    """What two sessions get that begin at one moment, refusals included."""
    begin = threading.Barrier(2)

    def run(session: int) -> object:
        with houses.app(desk.name, actor=f"officer {session}") as book:
            begin.wait()
            try:
                return act(book, session)
            except Refused as error:
                return error

    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(run, (1, 2)))


def test_two_who_say_the_same_at_once_do_not_both_get_in(stocked: Desk, houses: Houses) -> None:
    for attempt in range(5):
        email = f"twin{attempt}@example.com"
        pair = [clients.register(stocked.app, **TERMS) for _ in range(2)]  # type: ignore[arg-type]

        def register(
            book: Database, session: int, email: str = email, pair: list[int] = pair
        ) -> object:
            return contacts.register(book, pair[session - 1], email=email, duplicates="refuse")

        [refused] = [one for one in at_once(houses, stocked, register) if isinstance(one, Refused)]
        assert refused.rule == "contact_known_once"
        assert len(clients.find(stocked.app, email=email).clients) == 1


def test_two_who_register_one_client_s_contact_at_once(stocked: Desk, houses: Houses) -> None:
    found = at_once(
        houses, stocked, lambda book, n: contacts.register(book, 4, name=f"Davi {n}", reason="x")
    )
    [refused] = [one for one in found if isinstance(one, Refused)]
    assert refused.rule == "contact_is_new"
    assert contacts.get(stocked.app, 4).version == 1


def test_two_amendments_at_once_lose_neither(stocked: Desk, houses: Houses) -> None:
    def amend(book: Database, session: int) -> object:
        told = {"name": "Ana Lima"} if session == 1 else {"email": "lima@example.com"}
        return contacts.amend(book, 1, reason="x", **told)  # type: ignore[arg-type]

    at_once(houses, stocked, amend)
    now = contacts.get(stocked.app, 1)
    assert (now.name, now.email, now.version) == ("Ana Lima", "lima@example.com", 3)

    def alter(book: Database, session: int) -> object:
        told = {"batch": 7} if session == 1 else {"credit_limit": Decimal(77)}
        return clients.amend(book, 1, reason="x", **told)

    at_once(houses, stocked, alter)
    client = clients.get(stocked.app, 1)
    assert (client.batch, client.credit_limit, client.version) == (7, Decimal(77), 3)
    assert stocked.ailments() == []


def test_of_two_who_saw_the_same_version_one_is_told_the_facts(
    stocked: Desk, houses: Houses
) -> None:
    def amend(book: Database, session: int) -> object:
        return contacts.amend(book, 1, reason="x", name=f"Ana {session}", version=1)

    [stale] = [one for one in at_once(houses, stocked, amend) if isinstance(one, Refused)]
    assert isinstance(stale, StaleVersion)
    assert "changed name at" in str(stale)

    def deny(book: Database, session: int) -> object:
        return clients.deny(book, 1, f"code_{session}", version=1)

    [stale] = [one for one in at_once(houses, stocked, deny) if isinstance(one, Refused)]
    assert isinstance(stale, StaleVersion)
    assert "status: approved -> denied" in str(stale)


def test_a_denial_of_a_source_s_client_is_an_amendment(stocked: Desk) -> None:
    clients.deny(stocked.app, 1, "criminal_profile", on=NEXT.replace(day=20))
    stocked.load(clients=[replace(ANA, batch=4), *CLIENTS[1:]], day=NEXT)
    now = clients.get(stocked.app, 1)
    assert (now.status, now.denied_reason, now.batch) == ("denied", "criminal_profile", 4)
    # The source says itself what it is denied for.
    said = replace(ANA, batch=4, status="denied", denied_reason="x", denied_at=at("2024-01-26"))
    stocked.load(clients=[said, *CLIENTS[1:]], day=THIRD)
    assert clients.get(stocked.app, 1).denied_reason == "x"
    assert stocked.findings() == {("clients_amendment_overruled", 1)}
    assert stocked.ailments() == []
