"""The first day: files become the mart, each line and each cent accounted for."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from tests.cast import (
    ANA,
    ANA_OPEN,
    ANA_PAID,
    BRUNO,
    BRUNO_OPEN,
    CLARA_DEFAULT,
    CLIENTS,
    CONTACTS,
    DAVI,
    EVA,
    EVA_PAID,
    LOANS,
    NEXT,
    Client,
    Contact,
    at,
    broken,
    csv_text,
    fields_of,
    lent,
)
from tests.desk import FATES
from tests.houses import dump

from loanbook.errors import LoanbookError, Refused

if TYPE_CHECKING:
    from tests.cast import Line
    from tests.desk import Desk
    from tests.houses import Houses


def crowd(size: int, first: int = 101) -> list[Line]:
    """Clients without a story."""
    return [Client(number) for number in range(first, first + size)]


def spoilt(lines: list[Line], count: int) -> list[Line]:
    """The same lines, of which the first few cannot be read."""
    return [broken(line, batch="x") for line in lines[:count]] + lines[count:]


def test_the_cast_arrives_whole_and_healthy(desk: Desk) -> None:
    loaded = desk.load(clients=CLIENTS, contacts=CONTACTS, loans=LOANS)
    assert set(loaded.outcomes.values()) == {"accepted"}
    assert loaded.fates("clients") == {"inserted": 5}
    assert loaded.fates("contacts") == {"inserted": 4}
    assert loaded.fates("loans") == {"inserted": 5}
    assert desk.findings() == set()
    assert desk.ailments() == []


def test_the_mart_holds_what_the_files_say(desk: Desk) -> None:
    desk.load(clients=CLIENTS, contacts=CONTACTS, loans=LOANS)
    for client in CLIENTS:
        found = desk.client(client.user_id)
        assert {name: found[name] for name in vars(client)} == vars(client)
        assert (found["owner"], found["version"], found["amended_at"]) == ("main", 1, None)
    for contact in CONTACTS:
        found = desk.contact(contact.user_id)
        assert {name: found[name] for name in vars(contact)} == vars(contact)
    for loan in LOANS:
        found = desk.loan(loan.loan_id)
        assert {name: found[name] for name in vars(loan)} == vars(loan)
        assert (found["owner"], found["version"], found["exempt_from"]) == ("main", 1, None)
        assert found["issued_on"] == loan.created_at.date()
        assert found["due_on"] == loan.due_at.date()
        assert found["paid_on"] == (loan.paid_at.date() if loan.paid_at else None)
        assert found["balance"] == loan.due_amount - loan.amount_paid


def test_the_contract_s_rate_is_the_client_s_where_it_explains_the_amounts(desk: Desk) -> None:
    desk.load(clients=CLIENTS, loans=LOANS)
    rates = {n: (desk.loan(n)["interest_rate"], desk.loan(n)["rate_is_implied"]) for n in (2, 3, 4)}
    assert rates == {2: (20, False), 3: (30, False), 4: (70, False)}


def test_each_row_s_arrival_is_audited_with_its_batch(desk: Desk) -> None:
    loaded = desk.load(clients=CLIENTS, contacts=CONTACTS, loans=LOANS)
    for kind, keys in (
        ("clients", range(1, 6)),
        ("contacts", [1, 2, 3, 5]),
        ("loans", range(1, 6)),
    ):
        batch = loaded.batch(kind).batch_id
        assert desk.changes(batch) == [(kind, "I", key) for key in keys]
    statements = desk.owner.rows("select distinct actor, session_role from audit.statements")
    assert [row["actor"] for row in statements] == ["tester"]
    assert desk.app.value("select count(*) from api.payments where actor = 'tester'") == 5


def test_the_first_load_leaves_the_schema_as_it_was(desk: Desk, houses: Houses) -> None:
    schemas = ("dm", "audit", "ops", "api")
    before = dump(houses.conninfo(desk.name), *schemas)
    desk.load(clients=CLIENTS, contacts=CONTACTS, loans=LOANS)
    assert dump(houses.conninfo(desk.name), *schemas) == before


def test_a_first_load_that_fails_half_way_leaves_everything_as_it_was(
    desk: Desk, houses: Houses
) -> None:
    schemas = ("dm", "audit", "ops", "api")
    desk.load(clients=CLIENTS)
    before = dump(houses.conninfo(desk.name), *schemas)
    desk.owner.run(
        "create function public.fail() returns trigger language plpgsql as"
        " $$ begin raise exception 'planted'; end $$;"
        " create trigger planted before insert on ops.findings execute function public.fail()"
    )
    late = replace(EVA_PAID, paid_at=at("2024-01-20"))  # a finding, noted after the inserts
    with pytest.raises(LoanbookError, match="planted"):
        desk.load(loans=[late, ANA_OPEN])
    desk.owner.run("drop trigger planted on ops.findings; drop function public.fail()")
    assert dump(houses.conninfo(desk.name), *schemas) == before
    assert desk.keys("loans") == set()
    assert [done.outcome for done in desk.promote()] == ["accepted"]
    assert desk.keys("loans") == {2, 5}


# What is refused, and where it goes


def test_sixty_broken_lines_of_six_kinds_among_good_ones(desk: Desk) -> None:
    good = [lent(number, Client(number), "2023-10-10") for number in range(1, 1_401)]
    desk.load(clients=[Client(number) for number in range(1, 1_401)])
    spoil: list[tuple[dict[str, str], list[str]]] = [
        ({"created_at": "05/06/2024"}, ["loans_created_at_malformed"]),
        ({"loan_amount": "12.345"}, ["loans_loan_amount_two_decimals"]),
        ({"user_id": "900001"}, ["loans_client_fkey"]),
        ({"status": "lost"}, ["loans_status_known"]),
        ({"amount_paid": "-1", "due_at": ""}, ["loans_due_at_missing", "loans_amount_paid_valid"]),
        ({"loan_id": ""}, ["loans_loan_id_missing"]),
    ]
    lines: list[Line] = []
    expected: dict[int, list[str]] = {}
    for place, loan in enumerate(good):
        kind, wanted = place % 20, len(expected) < 60
        if kind < len(spoil) and wanted:
            changed, rules = spoil[kind]
            expected[place + 2] = rules
            lines.append(broken(loan, **changed))
        else:
            lines.append(loan)
    assert len(expected) == 60
    loaded = desk.load(loans=lines)
    assert loaded.fates("loans") == {"inserted": 1_340, "quarantined": 60}
    assert desk.refused_lines("loans") == expected
    text = csv_text("loans", lines).splitlines()
    found = desk.app.rows("select line_no, raw, reasons, file_name, key from api.quarantine")
    assert {row["line_no"]: row["raw"] for row in found} == {n: text[n - 1] for n in expected}
    assert {row["file_name"] for row in found} == {"loans.csv"}
    assert all(len(row["reasons"]) == len(expected[row["line_no"]]) for row in found)
    assert Counter(row["key"] for row in found)[None] == 10
    assert desk.ailments() == []


def test_a_refused_line_keeps_its_text_byte_for_byte(desk: Desk) -> None:
    text = 'email;name;user_id;note\r\nx@example.com;"Zoë ""Z""\r\nB";x;"1;2"\r\n'
    desk.load(desk.write("contacts.csv", text.encode("latin-1")), clients=CLIENTS)
    raw = desk.app.value("select raw from api.quarantine")
    assert raw == 'x@example.com;"Zoë ""Z""\nB";x;"1;2"'


def test_without_the_file_a_refused_line_is_rebuilt_with_all_its_columns(desk: Desk) -> None:
    desk.stage(desk.write("loans.csv", csv_text("loans", [ANA_OPEN])))
    batch = desk.app.value("select batch_id from api.batches")
    with desk.app.transaction():
        desk.app.value("select api.load_loans(%(batch)s)", batch=batch)
    raw = desk.app.value("select raw from api.quarantine")
    assert raw == csv_text("loans", [ANA_OPEN]).splitlines()[1]


@pytest.mark.parametrize(
    ("lines", "broken_lines", "outcome"),
    [
        (20, 19, "accepted"),
        (20, 20, "refused"),
        (400, 20, "accepted"),  # exactly 5 %
        (400, 21, "refused"),
        (399, 20, "refused"),
        (1_000, 50, "accepted"),
        (1_000, 51, "refused"),
    ],
)
def test_too_many_broken_lines_refuse_the_whole_file(
    desk: Desk, lines: int, broken_lines: int, outcome: str
) -> None:
    loaded = desk.load(clients=spoilt(crowd(lines), broken_lines))
    assert loaded.outcomes == {"clients.csv": outcome}
    assert len(desk.refused_lines("clients")) == broken_lines
    if outcome == "refused":
        (done,) = loaded.promoted
        assert done.problem == (f"{broken_lines} of {lines} lines are in quarantine, more than 5 %")
        assert desk.keys("clients") == set()
        assert desk.owner.value("select count(*) from audit.statements") == 0
    else:
        assert loaded.fates("clients") == {
            "quarantined": broken_lines, "inserted": lines - broken_lines
        } if lines > broken_lines else {"quarantined": broken_lines}  # fmt: skip
    assert desk.ailments() == []


@pytest.mark.parametrize("kind", ["contacts", "loans"])
def test_a_refused_file_leaves_the_mart_as_it_was(desk: Desk, kind: str) -> None:
    desk.load(clients=CLIENTS, contacts=CONTACTS, loans=LOANS)
    before = [desk.contact(1), desk.loan(2)]
    broken_lines = {
        "contacts": [broken(Contact(900 + n), phone="1") for n in range(20)],
        "loans": [broken(ANA_OPEN, loan_id=str(900 + n), user_id="77") for n in range(20)],
    }
    lines: list[Line] = [
        *broken_lines[kind],
        replace(CONTACTS[0], name="Other")
        if kind == "contacts"
        else replace(ANA_OPEN, amount_paid=Decimal(999)),
    ]
    done = desk.load(desk.write("more.csv", csv_text(kind, lines), NEXT))
    assert done.outcomes == {"more.csv": "refused"}
    assert [desk.contact(1), desk.loan(2)] == before
    assert len(desk.refused_lines(kind)) == 20
    assert desk.ailments() == []


def test_a_refused_batch_is_not_tried_again_by_itself(desk: Desk) -> None:
    desk.load(clients=spoilt(crowd(20), 20))
    assert desk.promote() == []


def test_a_line_of_an_unknown_client_waits_in_quarantine_until_both_come(desk: Desk) -> None:
    desk.load(clients=[BRUNO], loans=[ANA_OPEN], contacts=CONTACTS[:1])
    assert desk.refused_lines("loans") == {2: ["loans_client_fkey"]}
    assert desk.refused_lines("contacts") == {2: ["contacts_client_fkey"]}
    loaded = desk.load(clients=[ANA], loans=[ANA_OPEN], contacts=CONTACTS[:1], day=NEXT, again=True)
    assert loaded.fates("loans") == {"inserted": 1}
    closed = desk.app.rows("select kind, state, closed_by from api.quarantine order by kind")
    assert closed == [
        {"kind": kind, "state": "superseded", "closed_by": loaded.batch(kind).batch_id}
        for kind in ("contacts", "loans")
    ]


def test_a_refused_line_stays_open_while_its_key_does_not_come(desk: Desk) -> None:
    desk.load(clients=[ANA, broken(Client(8), batch="x"), broken(Client(9), user_id="")])
    desk.load(clients=[ANA, BRUNO], day=NEXT)
    assert list(desk.refused_lines("clients")) == [3, 4]
    desk.load(clients=[ANA, BRUNO, Client(8)], day=NEXT)
    assert list(desk.refused_lines("clients")) == [4]


def test_a_key_of_one_kind_does_not_close_a_line_of_another(desk: Desk) -> None:
    desk.load(clients=[ANA, broken(BRUNO, batch="x")], contacts=[Contact(2, "Bruno")])
    desk.load(loans=[lent(2, ANA, "2023-12-12")])
    assert list(desk.refused_lines("clients")) == [3]
    assert list(desk.refused_lines("contacts")) == [2]


def test_the_lines_of_a_refused_batch_are_superseded_too(desk: Desk) -> None:
    desk.load(clients=spoilt(crowd(30), 20))
    desk.load(clients=crowd(30), day=NEXT)
    assert desk.refused_lines("clients") == {}


def test_a_line_that_is_refused_again_is_open_once_per_batch(desk: Desk) -> None:
    desk.load(clients=[broken(ANA, batch="x")])
    desk.load(clients=[broken(ANA, batch="x"), BRUNO], day=NEXT)
    assert desk.app.value("select count(*) from api.quarantine where state = 'open'") == 2


# Repeats


def test_identical_repeats_collapse_and_contradicting_ones_are_all_refused(desk: Desk) -> None:
    twice = replace(ANA, user_id=8)
    lines = [ANA, twice, DAVI, ANA, replace(twice, batch=2), ANA, twice]
    loaded = desk.load(clients=lines)
    assert loaded.fates("clients") == {"inserted": 2, "collapsed": 2, "quarantined": 3}
    rule = ["clients_contradicting_repeat"]
    assert desk.refused_lines("clients") == {3: rule, 6: rule, 8: rule}
    assert desk.keys("clients") == {1, 4}


def test_repeats_are_compared_by_what_they_say(desk: Desk) -> None:
    desk.load(clients=CLIENTS)
    same = broken(ANA_OPEN, amount_paid="0300.2500", loan_amount="2500.0")
    loaded = desk.load(loans=[ANA_OPEN, same, broken(ANA_OPEN, tax="27.96")])
    assert loaded.fates("loans") == {"quarantined": 3}
    loaded = desk.load(loans=[ANA_OPEN, same], day=NEXT)
    assert loaded.fates("loans") == {"inserted": 1, "collapsed": 1}


def test_an_unreadable_repeat_does_not_spoil_the_readable_one(desk: Desk) -> None:
    loaded = desk.load(clients=[ANA, broken(ANA, batch="x"), ANA])
    assert loaded.fates("clients") == {"inserted": 1, "collapsed": 1, "quarantined": 1}


def test_repeated_contacts_collapse_too(desk: Desk) -> None:
    one = CONTACTS[0]
    loaded = desk.load(clients=[ANA], contacts=[one, one, replace(one, phone=None)])
    assert loaded.fates("contacts") == {"quarantined": 3}
    loaded = desk.load(contacts=[one, one], day=NEXT)
    assert loaded.fates("contacts") == {"inserted": 1, "collapsed": 1}


# Every cent


def test_sums_are_those_of_the_files(desk: Desk) -> None:
    desk.load(clients=CLIENTS, loans=LOANS)
    paid_more = replace(ANA_OPEN, amount_paid=Decimal("512.34"))
    fresh = lent(6, EVA, "2024-01-25 01:02:03", "777.77")
    lines: list[Line] = [
        ANA_PAID, paid_more, paid_more, fresh, BRUNO_OPEN, EVA_PAID, EVA_PAID,
        broken(CLARA_DEFAULT, status="gone"),
        broken(CLARA_DEFAULT, loan_id="7", loan_amount="1.005", due_amount="NaN", amount_paid=""),
        broken(CLARA_DEFAULT, loan_id="8", user_id="77", loan_amount="99999999999999999999.99"),
    ]  # fmt: skip
    batch = desk.load(loans=lines, day=NEXT).batch("loans")
    money = ("loan_amount", "due_amount", "amount_paid")
    fates: list[tuple[str, Line]] = [
        ("unchanged", ANA_PAID), ("updated", paid_more), ("collapsed", paid_more),
        ("inserted", fresh), ("unchanged", BRUNO_OPEN), ("unchanged", EVA_PAID),
        ("collapsed", EVA_PAID), *(("quarantined", line) for line in lines[7:]),
    ]  # fmt: skip
    for measure in money:
        expected: Counter[str] = Counter()
        unreadable = 0
        for fate, line in fates:
            text = fields_of(line)[measure]
            if text in {"", "NaN"}:
                unreadable += 1
            else:
                expected[fate] += Decimal(text)  # type: ignore[assignment]
        (total,) = (t for t in batch.totals if t.measure == measure)
        assert {fate: getattr(total, fate) for fate in FATES} == {
            fate: Decimal(expected[fate]) for fate in FATES
        }
        assert total.in_file == sum(map(Decimal, expected.values()))
        assert total.unreadable == unreadable
    assert desk.ailments() == []


def test_the_payments_of_first_sight_are_openings(desk: Desk) -> None:
    desk.load(clients=CLIENTS, loans=LOANS)
    assert desk.payments(1) == [("opening", ANA_PAID.amount_paid, date(2023, 7, 11))]
    assert desk.payments(2) == [("opening", Decimal("300.25"), None)]
    assert desk.payments(4) == [("opening", Decimal(120), None)]
    assert desk.payments(5) == [("opening", EVA_PAID.amount_paid, date(2023, 9, 9))]


def test_nothing_paid_makes_no_opening(desk: Desk) -> None:
    desk.load(clients=CLIENTS, loans=[replace(ANA_OPEN, amount_paid=Decimal(0))])
    assert desk.payments(2) == []


# Two sources


def test_what_one_source_owns_another_cannot_touch(desk: Desk) -> None:
    desk.load(clients=CLIENTS, contacts=CONTACTS, loans=LOANS)
    loaded = desk.load(
        clients=[replace(ANA, batch=9), Client(8)],
        contacts=[replace(CONTACTS[0], name="Other"), Contact(8, "Helga")],
        loans=[replace(ANA_OPEN, amount_paid=Decimal(999)), lent(8, Client(8), "2024-01-01")],
        source="second",
    )
    assert desk.refused_lines("clients") == {2: ["clients_other_owner"]}
    assert desk.refused_lines("contacts") == {2: ["contacts_other_owner"]}
    assert desk.refused_lines("loans") == {2: ["loans_other_owner"]}
    assert {loaded.fates(kind)["inserted"] for kind in ("clients", "contacts", "loans")} == {1}
    assert (desk.client(1)["batch"], desk.client(8)["owner"]) == (1, "second")
    assert desk.contact(1)["name"] == "Ana Alves"
    assert desk.loan(2)["amount_paid"] == Decimal("300.25")
    assert desk.ailments() == []


def test_even_an_identical_line_of_another_source_is_refused(desk: Desk) -> None:
    desk.load(clients=CLIENTS, contacts=CONTACTS, loans=LOANS)
    loaded = desk.load(clients=CLIENTS, contacts=CONTACTS, loans=LOANS, source="second", again=True)
    assert loaded.fates("clients") == {"quarantined": 5}
    assert loaded.fates("contacts") == {"quarantined": 4}
    assert loaded.fates("loans") == {"quarantined": 5}


def test_a_source_may_lend_to_a_client_of_another(desk: Desk) -> None:
    desk.load(clients=CLIENTS)
    assert desk.load(loans=[EVA_PAID], source="second").fates("loans") == {"inserted": 1}


# The stage


def test_a_stage_that_lost_its_lines_refuses_the_batch(desk: Desk) -> None:
    (staged,) = desk.stage(desk.write("clients.csv", csv_text("clients", CLIENTS)))
    # So it is after a crash of the server.
    desk.owner.run(f"truncate stage.clients_{staged.batch_id}")
    with pytest.raises(Refused, match="no longer holds the 5 lines") as refusal:
        desk.promote()
    assert refusal.value.rule == "stage_holds_every_line"
    again = desk.load(clients=CLIENTS, again=True)
    assert again.fates("clients") == {"inserted": 5}


def test_a_batch_can_be_loaded_once(desk: Desk) -> None:
    batch = desk.load(clients=CLIENTS).batch("clients").batch_id
    with pytest.raises(Refused, match="is accepted") as refusal, desk.app.transaction():
        desk.app.value("select api.load_clients(%(batch)s)", batch=batch)
    assert refusal.value.rule == "batch_is_staged"
