"""The days after the first: only what differs is written, and the audit holds exactly that."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from tests.cast import (
    ANA,
    ANA_OPEN,
    ANA_PAID,
    BRUNO,
    BRUNO_OPEN,
    CLARA,
    CLARA_DEFAULT,
    CLIENTS,
    CONTACTS,
    DAVI,
    DAY,
    EVA,
    EVA_PAID,
    LOANS,
    NEXT,
    THIRD,
    Loan,
    at,
    broken,
    lent,
)

if TYPE_CHECKING:
    from tests.desk import Desk


def paid(loan: Loan, when: str) -> Loan:
    """The same loan, paid in full."""
    return replace(loan, status="paid", paid_at=at(when), amount_paid=loan.due_amount)


@pytest.fixture
def desk(desk: Desk) -> Desk:
    """The cast has arrived on the first day."""
    desk.load(clients=CLIENTS, contacts=CONTACTS, loans=LOANS)
    return desk


def test_an_unchanged_second_file_is_skipped(desk: Desk) -> None:
    loaded = desk.load(clients=CLIENTS, contacts=CONTACTS, loans=LOANS, day=NEXT)
    assert set(loaded.outcomes.values()) == {"known"}
    assert loaded.promoted == []


def test_an_unchanged_file_that_is_forced_writes_nothing(desk: Desk) -> None:
    before = desk.owner.value("select count(*) from audit.statements")
    loaded = desk.load(clients=CLIENTS, contacts=CONTACTS, loans=LOANS, day=NEXT, again=True)
    assert loaded.fates("clients") == {"unchanged": 5}
    assert loaded.fates("contacts") == {"unchanged": 4}
    assert loaded.fates("loans") == {"unchanged": 5}
    assert desk.owner.value("select count(*) from audit.statements") == before
    assert desk.ailments() == []


def test_only_changed_rows_are_updated_and_audited(desk: Desk) -> None:
    loaded = desk.load(
        clients=[replace(ANA, credit_limit=Decimal(12_000)), BRUNO, CLARA, DAVI, EVA],
        contacts=[CONTACTS[0], replace(CONTACTS[1], phone="+55 21 5550-0102"), *CONTACTS[2:]],
        loans=[ANA_PAID, replace(ANA_OPEN, amount_paid=Decimal(400)), *LOANS[2:]],
        day=NEXT,
    )
    assert desk.changes(loaded.batch("clients").batch_id) == [("clients", "U", 1)]
    assert desk.changes(loaded.batch("contacts").batch_id) == [("contacts", "U", 2)]
    assert desk.changes(loaded.batch("loans").batch_id) == [("loans", "U", 2)]
    for kind, unchanged in (("clients", 4), ("contacts", 3), ("loans", 4)):
        assert loaded.fates(kind) == {"updated": 1, "unchanged": unchanged}
    assert [desk.client(n)["version"] for n in range(1, 6)] == [2, 1, 1, 1, 1]
    assert [desk.contact(n)["version"] for n in (1, 2, 3, 5)] == [1, 2, 1, 1]
    assert [desk.loan(n)["version"] for n in range(1, 6)] == [1, 2, 1, 1, 1]
    assert desk.ailments() == []


def test_a_batch_shows_what_it_changed_before_and_after(desk: Desk) -> None:
    batch = desk.load(
        clients=[replace(ANA, credit_limit=Decimal("12000.5"), batch=2), *CLIENTS[1:]], day=NEXT
    ).batch("clients")
    found = desk.app.rows("select * from api.batch_changes(%(batch)s)", batch=batch.batch_id)
    assert found == [
        {
            "relation": "clients", "key": 1, "operation": "update",
            "changes": {"batch": [1, 2], "credit_limit": [10000.0, 12000.5]},
        }
    ]  # fmt: skip


def test_a_partial_file_leaves_the_others_alone(desk: Desk) -> None:
    loaded = desk.load(clients=[replace(EVA, batch=4)], loans=[EVA_PAID], day=NEXT)
    assert loaded.fates("clients") == {"updated": 1}
    assert loaded.fates("loans") == {"unchanged": 1}
    assert desk.keys("clients") == {1, 2, 3, 4, 5}
    assert desk.findings() == set()


def test_new_rows_are_added_to_a_full_mart(desk: Desk) -> None:
    fia = replace(DAVI, user_id=6)
    loaded = desk.load(
        clients=[*CLIENTS, fia],
        contacts=[*CONTACTS, replace(CONTACTS[0], user_id=6)],
        loans=[*LOANS, lent(6, fia, "2024-01-25 23:59:59")],
        day=NEXT,
    )
    for kind in ("clients", "contacts", "loans"):
        assert loaded.fates(kind)["inserted"] == 1
    assert desk.loan(6)["issued_on"] == DAY
    assert desk.ailments() == []


# One batch closes, opens and reopens


def test_one_batch_pays_a_loan_opens_the_next_and_cures_a_third(desk: Desk) -> None:
    following = lent(6, ANA, "2024-01-25 18:00:00", 3_000)
    cured = replace(CLARA_DEFAULT, status="ongoing", amount_paid=Decimal(200))
    loaded = desk.load(
        loans=[following, cured, paid(ANA_OPEN, "2024-01-25 17:00:00"), BRUNO_OPEN],
        day=NEXT,
    )
    assert loaded.fates("loans") == {"inserted": 1, "updated": 2, "unchanged": 1}
    assert [desk.loan(n)["status"] for n in (2, 6, 4)] == ["paid", "ongoing", "ongoing"]
    assert desk.findings() == set()
    assert desk.ailments() == []


@pytest.mark.parametrize("status", ["default", "cancelled", "written_off"])
def test_a_loan_may_end_otherwise_and_another_begin_in_one_batch(desk: Desk, status: str) -> None:
    desk.load(loans=[replace(ANA_OPEN, status=status), lent(6, ANA, "2024-01-25")], day=NEXT)
    assert desk.loan(2)["status"] == status
    assert desk.loan(6)["exempt_from"] is None
    assert desk.ailments() == []


def test_two_loans_swap_which_of_them_is_open(desk: Desk) -> None:
    desk.load(
        loans=[
            paid(ANA_OPEN, "2024-01-25"),
            replace(ANA_PAID, status="ongoing", paid_at=None, amount_paid=Decimal(0)),
        ],
        day=NEXT,
    )
    assert [desk.loan(n)["status"] for n in (1, 2)] == ["ongoing", "paid"]
    assert desk.findings() == {("loans_amount_lowered", 1)}
    assert desk.payments(1)[1:] == [("correction", -ANA_PAID.amount_paid, DAY)]
    assert desk.ailments() == []


# Second open loans


def test_a_second_open_loan_is_kept_exempt_and_told_of(desk: Desk) -> None:
    desk.load(loans=[lent(6, ANA, "2024-01-25")], day=NEXT)
    assert desk.findings() == {("loans_second_open", 6)}
    finding = desk.app.row("select finding_id, detail from api.findings")
    assert finding is not None
    assert desk.loan(6)["exempt_from"] == finding["finding_id"]
    assert finding["detail"] == "client 1 has the older open loan 2"
    assert desk.ailments() == []


def test_it_becomes_regular_the_next_day_when_the_older_is_paid(desk: Desk) -> None:
    second = lent(6, ANA, "2024-01-25")
    desk.load(loans=[second], day=NEXT)
    loaded = desk.load(loans=[second, paid(ANA_OPEN, "2024-01-26 09:00:00")], day=THIRD)
    assert loaded.fates("loans") == {"updated": 1, "unchanged": 1}
    assert desk.loan(6)["exempt_from"] is None
    assert desk.findings() == set()
    assert desk.findings("closed") == {("loans_second_open", 6)}
    assert sorted(desk.changes(loaded.batch("loans").batch_id)) == [
        ("loans", "U", 2), ("loans", "U", 6),
    ]  # fmt: skip
    assert desk.ailments() == []


def test_the_oldest_open_loan_is_the_regular_one_whenever_it_comes(desk: Desk) -> None:
    older, same_time = lent(9, ANA, "2023-11-30"), replace(ANA_OPEN, loan_id=7)
    desk.load(loans=[same_time], day=NEXT)
    assert desk.findings() == {("loans_second_open", 7)}  # of two as old the lower number
    desk.load(loans=[older], day=THIRD)
    assert desk.findings() == {("loans_second_open", 2), ("loans_second_open", 7)}
    assert desk.loan(9)["exempt_from"] is None
    assert desk.ailments() == []


def test_three_open_loans_of_one_first_file(desk: Desk) -> None:
    loans = [lent(n, EVA, f"2024-01-{n}") for n in (12, 11, 10)]
    desk.load(loans=loans, day=NEXT)
    assert desk.findings() == {("loans_second_open", 11), ("loans_second_open", 12)}
    desk.load(loans=[paid(loans[2], "2024-01-26"), *loans[:2]], day=THIRD)
    assert desk.findings() == {("loans_second_open", 12)}
    assert desk.ailments() == []


def test_an_exempt_loan_may_change_and_stay_exempt(desk: Desk) -> None:
    second = lent(6, ANA, "2024-01-25")
    desk.load(loans=[second], day=NEXT)
    finding = desk.loan(6)["exempt_from"]
    desk.load(loans=[replace(second, amount_paid=Decimal(5))], day=THIRD)
    assert desk.loan(6)["exempt_from"] == finding
    assert desk.ailments() == []


def test_an_exempt_loan_may_be_paid_first(desk: Desk) -> None:
    second = lent(6, ANA, "2024-01-25")
    desk.load(loans=[second], day=NEXT)
    desk.load(loans=[paid(second, "2024-01-26")], day=THIRD)
    assert desk.loan(6)["exempt_from"] is None
    assert desk.findings() == set()
    assert desk.ailments() == []


def test_a_reopened_default_beside_an_open_loan_is_judged_by_age(desk: Desk) -> None:
    desk.load(loans=[lent(6, CLARA, "2024-01-20")], day=NEXT)
    desk.load(loans=[replace(CLARA_DEFAULT, status="ongoing")], day=THIRD)
    assert desk.loan(4)["exempt_from"] is None
    assert desk.loan(6)["exempt_from"] is not None
    assert desk.ailments() == []


def test_a_default_that_is_cured_is_ongoing_again(desk: Desk) -> None:
    loaded = desk.load(loans=[replace(CLARA_DEFAULT, status="ongoing")], day=NEXT)
    assert loaded.fates("loans") == {"updated": 1}
    assert desk.loan(4)["status"] == "ongoing"
    assert desk.payments(4) == [("opening", Decimal(120), None)]
    assert desk.ailments() == []


def test_a_quarantined_line_does_not_close_its_loan(desk: Desk) -> None:
    desk.load(loans=[broken(ANA_OPEN, status="?"), lent(6, ANA, "2024-01-25")], day=NEXT)
    assert desk.findings() == {("loans_second_open", 6)}
    assert desk.ailments() == []


# Payments


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        # More was paid: it counts from the day before the book's.
        ({"amount_paid": Decimal(400)}, ("payment", Decimal("99.75"), DAY)),
        # It is paid in full: the payment counts from the day the file says.
        (
            {"status": "paid", "paid_at": at("2024-01-25 23:59:59")},
            ("payment", None, DAY),
        ),
        ({"status": "paid", "paid_at": at("2024-01-15")}, ("payment", None, date(2024, 1, 15))),
        # More was paid by one in default.
        ({"status": "default", "amount_paid": Decimal(301)}, ("payment", Decimal("0.75"), DAY)),
        # The source says less than before.
        ({"amount_paid": Decimal(100)}, ("correction", Decimal("-200.25"), DAY)),
        ({"amount_paid": Decimal(0)}, ("correction", Decimal("-300.25"), DAY)),
        # Less, although paid: what is taken back has no day of its own.
        (
            {"status": "paid", "paid_at": at("2024-01-15"), "amount_paid": Decimal(100)},
            ("correction", Decimal("-200.25"), DAY),
        ),
    ],
)
def test_what_differs_is_one_movement_with_its_day(
    desk: Desk,
    changed: dict[str, object],
    expected: tuple[str, Decimal | None, date],
) -> None:
    later = replace(ANA_OPEN, **changed)  # type: ignore[arg-type]
    if expected[1] is None:
        later = replace(later, amount_paid=later.due_amount)
    kind, amount, day = expected
    desk.load(loans=[later], day=NEXT)
    difference = later.amount_paid - ANA_OPEN.amount_paid if amount is None else amount
    assert desk.payments(2) == [("opening", Decimal("300.25"), None), (kind, difference, day)]
    assert desk.ailments() == []


def test_a_loan_paid_in_full_before_makes_no_payment_when_its_date_comes(desk: Desk) -> None:
    full = replace(ANA_OPEN, amount_paid=ANA_OPEN.due_amount)
    desk.load(loans=[full], day=NEXT)
    desk.load(loans=[paid(ANA_OPEN, "2024-01-26")], day=THIRD)
    assert [kind for kind, _, _ in desk.payments(2)] == ["opening", "payment"]
    assert desk.payments(2)[-1][-1] == DAY
    assert desk.ailments() == []


def test_money_after_the_loan_was_paid_counts_from_the_day_before_the_book_s(desk: Desk) -> None:
    more = replace(ANA_PAID, amount_paid=ANA_PAID.amount_paid + 1)
    desk.load(loans=[more], day=THIRD)
    assert desk.payments(1)[1:] == [("payment", Decimal(1), THIRD - timedelta(days=1))]
    assert desk.findings() == {("loans_overpaid", 1)}


def test_what_was_nothing_begins_with_a_payment(desk: Desk) -> None:
    fresh = lent(6, EVA, "2024-01-10")
    desk.load(loans=[fresh], day=NEXT)
    desk.load(loans=[replace(fresh, amount_paid=Decimal("7.70"))], day=THIRD)
    assert desk.payments(6) == [("payment", Decimal("7.70"), NEXT)]


def test_an_amount_that_falls_is_an_event_that_stays_told(desk: Desk) -> None:
    desk.load(loans=[replace(ANA_OPEN, amount_paid=Decimal(100))], day=NEXT)
    desk.load(loans=[replace(ANA_OPEN, amount_paid=Decimal(500))], day=THIRD)
    assert desk.findings() == {("loans_amount_lowered", 2)}
    detail = desk.app.value("select detail from api.findings")
    assert detail == "amount_paid fell from 300.25 to 100.00"


# What never changes


def test_a_loan_that_changes_its_client_is_refused(desk: Desk) -> None:
    loaded = desk.load(loans=[replace(ANA_OPEN, user_id=5), EVA_PAID], day=NEXT)
    assert loaded.fates("loans") == {"quarantined": 1, "unchanged": 1}
    assert desk.refused_lines("loans") == {2: ["loans_user_id_immutable"]}
    assert desk.loan(2)["user_id"] == 1
    assert desk.ailments() == []


def test_a_line_with_several_faults_is_told_all_of_them(desk: Desk) -> None:
    wrong = replace(ANA_OPEN, user_id=5, tax=Decimal(-1))
    desk.load(loans=[wrong, EVA_PAID], day=NEXT)
    assert desk.refused_lines("loans") == {2: ["loans_tax_valid", "loans_user_id_immutable"]}
    client = replace(ANA, credit_limit=Decimal(-1))
    contact = replace(CONTACTS[0], email="none")
    desk.load(clients=[client], contacts=[contact], loans=[wrong], source="second", day=NEXT)
    assert desk.refused_lines("clients") == {
        2: ["clients_credit_limit_valid", "clients_other_owner"]
    }
    assert "contacts_other_owner" in desk.refused_lines("contacts")[2]
    assert "loans_other_owner" in desk.refused_lines("loans")[2]
    assert desk.ailments() == []


def test_old_contracts_keep_their_rate_when_the_client_s_changes(desk: Desk) -> None:
    desk.load(clients=[replace(ANA, interest_rate=Decimal(35)), *CLIENTS[1:]], day=NEXT)
    assert (desk.client(1)["interest_rate"], desk.loan(2)["interest_rate"]) == (35, 20)
    desk.load(loans=[replace(ANA_OPEN, amount_paid=Decimal(400))], day=THIRD)
    assert (desk.loan(2)["interest_rate"], desk.loan(2)["rate_is_implied"]) == (20, False)
    assert desk.findings() == set()
    assert desk.ailments() == []
