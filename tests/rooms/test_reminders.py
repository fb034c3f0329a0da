"""Who is reminded and why others are not; what planning leaves behind."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from tests.cast import CLIENTS, CONTACTS, LOANS, at, lent
from tests.mailroom import Mailroom, borrower, due_on

from loanbook import disputes
from loanbook.errors import NotFound
from loanbook.outbox import queue
from loanbook.reminders import plan

if TYPE_CHECKING:
    from tests.desk import Desk
    from tests.houses import Houses

DAY = date(2024, 1, 25)  # a Thursday
ONE, TWO = borrower(1), borrower(2)


def days(count: int) -> timedelta:
    return timedelta(days=count)


@pytest.fixture
def room(desk: Desk) -> Mailroom:
    """One client, whose loan is due in three days."""
    made = Mailroom(desk)
    made.stock([ONE], [due_on(10, ONE[0], DAY + days(3))])
    return made


def test_whoever_has_a_step_today_is_due_with_all_that_is_open(room: Mailroom) -> None:
    room.sound(DAY)
    (found,) = room.due(DAY).values()
    assert (found.outcome, found.kind, found.optional) == ("due", "reminder", True)
    assert (found.local_date, found.step, found.days_left) == (DAY, -3, 3)
    (loan,) = found.loans
    assert (loan.loan_id, loan.step, loan.days_left) == (10, -3, 3)
    assert found.balance == loan.balance == Decimal("1061.18")
    assert loan.weekly_pace is None
    assert room.plan(DAY) == plan.Counts(planned=1, missed=1)
    assert room.plan(DAY).left == {"already_told": 1}
    assert room.steps(10) == {-7: "missed", -3: "planned"}


def test_the_balances_are_those_of_the_loans(desk: Desk) -> None:
    desk.load(clients=CLIENTS, contacts=CONTACTS, loans=LOANS)
    room = Mailroom(desk)
    room.sound(DAY)
    disputes.dispute(desk.app, 3, "says it was paid")
    found = room.due(DAY)
    owed = desk.app.rows(
        "select user_id, sum(balance) as balance from api.loans"
        " where status in ('ongoing', 'default') group by user_id"
    )
    assert {one.user_id: one.balance for one in found.values()} == {
        row["user_id"]: row["balance"] for row in owed
    }
    for one in found.values():
        assert sum(loan.balance for loan in one.loans) == one.balance


def test_the_pace_pays_the_balance_in_the_weeks_left(desk: Desk) -> None:
    room = Mailroom(desk, steps=(-23,))
    room.stock([ONE], [due_on(10, ONE[0], DAY + days(23), part="61.17")])
    room.sound(DAY)
    (loan,) = room.due(DAY)[1].loans
    assert (loan.balance, loan.weekly_pace) == (Decimal("1000.01"), Decimal("333.34"))


def reasons() -> dict[str, str]:
    """What keeps a letter back, as SQL of the owner."""
    return {
        "no_contact": "update dm.contacts set email = null",
        "opted_out": "update dm.contacts set opted_out_at = '2024-01-20'",
        "below_minimum": "update dm.loans set amount_paid = due_amount - 0.99",
    }


@pytest.mark.parametrize("outcome", reasons())
def test_what_keeps_a_letter_back(room: Mailroom, outcome: str) -> None:
    room.sound(DAY)
    room.desk.owner.run(reasons()[outcome])  # type: ignore[arg-type, unused-ignore]
    assert room.outcome(DAY) == outcome
    assert room.plan(DAY).left == {outcome: 1}
    assert room.letters() == []


@pytest.mark.parametrize("email", ["ana@", "@example.com", "ana example.com", "a@b@c.example"])
def test_a_malformed_address_is_no_contact(desk: Desk, email: str) -> None:
    room = Mailroom(desk)
    room.stock([borrower(1, email=email)], [due_on(10, ONE[0], DAY)])
    room.sound(DAY)
    assert room.outcome(DAY) == "no_contact"


def test_nobody_known_by_contact_is_no_contact(desk: Desk) -> None:
    room = Mailroom(desk)
    desk.load(clients=[ONE[0]], loans=[due_on(10, ONE[0], DAY)])
    room.sound(DAY)
    assert room.outcome(DAY) == "no_contact"


def test_an_opt_out_keeps_back_what_is_optional_only(room: Mailroom) -> None:
    plan.opt_out(room.desk.app, 1, "by the link of a letter")
    plan.opt_out(room.desk.app, 1, "by the link of a letter")
    room.sound(DAY)
    assert room.outcome(DAY) == "opted_out"
    room.sound(DAY + days(4))  # the first day after the due date is a Monday
    assert room.outcome(DAY + days(4)) == "due"


def test_a_suppressed_address_gets_nothing_and_opens_a_task(room: Mailroom) -> None:
    book = room.desk.app
    room.sound(DAY)
    assert queue.suppress(book, " Client1@Example.com", "asked for by client1@example.com") is True
    assert queue.suppress(book, "client1@example.com", "again") is False
    assert room.outcome(DAY) == "suppressed"
    assert room.desk.findings() == {("contacts_undeliverable", 1)}
    book.row("select api.amend_contact(1, 'new address', p_email => 'other@example.com')")
    assert room.desk.findings() == set()
    assert room.outcome(DAY) == "due"
    book.row("select api.amend_contact(1, 'the old one', p_email => 'client1@example.com')")
    assert queue.lift(book, "client1@example.com") is True
    assert queue.lift(book, "client1@example.com") is False
    assert room.outcome(DAY) == "due"


def test_a_file_that_mends_the_address_closes_the_task(room: Mailroom) -> None:
    queue.suppress(room.desk.app, "client1@example.com", "it bounced")
    assert room.desk.findings() == {("contacts_undeliverable", 1)}
    room.desk.load(contacts=[borrower(1, email="new@example.com")[1]], day=DAY + days(1))
    assert room.desk.findings() == set()


def test_of_a_disputed_loan_nobody_is_reminded(desk: Desk) -> None:
    room = Mailroom(desk)
    old = due_on(11, ONE[0], DAY - days(40), status="default")
    room.stock([ONE], [due_on(10, ONE[0], DAY + days(3)), old])
    room.sound(DAY)
    disputes.dispute(desk.app, 10, "never got the money")
    assert room.outcome(DAY) == "disputed"
    disputes.settle(desk.app, 10, "the bank found it")
    disputes.dispute(desk.app, 11, "paid in cash")
    assert room.outcome(DAY) == "due"
    room.plan(DAY)
    (letter,) = room.claim(room.at(DAY))
    assert [loan.loan_id for loan in letter.loans] == [10]


def test_one_letter_a_day_tells_of_all_loans(desk: Desk) -> None:
    room = Mailroom(desk)
    old = due_on(11, ONE[0], DAY - days(15), status="default")
    older = due_on(12, ONE[0], DAY - days(40), status="default")
    room.stock([ONE], [due_on(10, ONE[0], DAY + days(3)), old, older])
    room.sound(DAY)
    found = room.due(DAY)[1]
    assert (found.outcome, found.optional, found.step, found.days_left) == ("due", False, 15, -40)
    room.plan(DAY)
    (letter,) = room.post(room.at(DAY))
    assert [(loan.loan_id, loan.step) for loan in letter.loans] == [(12, None), (11, 15), (10, -3)]
    assert room.steps(10)[-3] == room.steps(11)[15] == "told"


def test_ongoing_past_due_and_defaulted_loans_are_reminded_alike(desk: Desk) -> None:
    room = Mailroom(desk)
    room.stock(
        [ONE, TWO],
        [due_on(10, ONE[0], DAY - days(1)), due_on(20, TWO[0], DAY - days(1), status="default")],
    )
    room.sound(DAY)
    assert [(one.outcome, one.step) for one in room.due(DAY).values()] == [("due", 1), ("due", 1)]


def test_the_gate_must_be_open(room: Mailroom) -> None:
    assert plan.gate(room.desk.app, DAY, room.at(DAY), room.settings) == (
        f"There was no run of {DAY}."
    )
    assert room.plan(DAY).left == {"gate_closed": 1}
    assert room.steps(10) == {}
    room.sound(DAY)
    assert plan.gate(room.desk.app, DAY, room.at(DAY), room.settings) is None
    assert room.outcome(DAY) == "due"
    # The book of yesterday, a minute past midnight.
    late = room.at(DAY + days(1), 0, 1)
    assert room.outcome(DAY, now=late) == "gate_closed"
    assert plan.gate(room.desk.app, DAY, late, room.settings) == (
        f"The book of {DAY} is not that of today, {DAY + days(1)}."
    )


def test_too_much_in_quarantine_closes_the_gate(room: Mailroom) -> None:
    room.desk.load(room.desk.write("nobody.csv", "user_id,name,email\n999,Nobody,n@example.com\n"))
    room.sound(DAY)
    assert room.outcome(DAY) == "gate_closed"


def test_outside_the_window_nothing_is_planned_and_before_it_the_letter_waits(
    room: Mailroom,
) -> None:
    room.sound(DAY)
    assert room.outcome(DAY, now=room.at(DAY, 20)) == "outside_window"
    assert room.plan(DAY, room.at(DAY, 20)).left == {"outside_window": 1}
    assert room.plan(DAY, room.at(DAY, 6)).planned == 1
    assert room.claim(room.at(DAY, 7, 59)) == []
    assert room.letters()[0]["due_from"] == room.at(DAY, 8)
    assert len(room.claim(room.at(DAY, 8))) == 1


def test_a_step_of_a_sunday_is_told_on_monday(desk: Desk) -> None:
    room = Mailroom(desk)
    sunday = date(2024, 1, 28)
    room.stock([ONE], [due_on(10, ONE[0], sunday + days(3))])
    room.sound(sunday)
    assert room.plan(sunday).left == {"outside_window": 1}
    (letter,) = room.work(sunday + days(1))
    assert [loan.step for loan in letter.loans] == [-3]


def test_missed_days_collapse_to_the_latest_step_which_is_sent_once(desk: Desk) -> None:
    room = Mailroom(desk)
    monday = date(2024, 1, 22)
    room.stock([ONE], [due_on(10, ONE[0], monday + days(8))])
    assert room.work(monday) == []
    sent = [room.work(monday + days(count)) for count in (6, 7, 10)]  # Sunday, Monday, Thursday
    assert [[loan.step for letter in letters for loan in letter.loans] for letters in sent] == [
        [], [-1], [1],
    ]  # fmt: skip
    assert room.steps(10) == {-7: "missed", -3: "missed", -1: "told", 0: "missed", 1: "told"}


@pytest.mark.parametrize(("late", "told"), [(0, True), (2, True), (3, False), (9, False)])
def test_at_first_sight_old_steps_are_recorded_as_missed(desk: Desk, late: int, told: bool) -> None:
    room = Mailroom(desk)
    room.stock([ONE], [due_on(10, ONE[0], DAY - days(5 + late))])
    room.sound(DAY)
    assert room.outcome(DAY) == ("due" if told else "no_step")
    room.plan(DAY)
    assert room.steps(10, "planned") == ({5: "planned"} if told else {})
    assert room.steps(10)[5] == ("planned" if told else "missed")
    assert set(room.steps(10)) == {-7, -3, -1, 0, 1, 5}
    assert room.plan(DAY).missed == 0


def test_what_is_in_sight_is_caught_up_however_late(desk: Desk) -> None:
    room = Mailroom(desk)
    room.stock([ONE], [due_on(10, ONE[0], DAY + days(20))])
    room.sound(DAY)
    room.plan(DAY)
    (letter,) = room.work(DAY + days(25 + 8))  # eight days after the fifth day past due
    assert [loan.step for loan in letter.loans] == [5]


def test_what_is_long_overdue_is_out_of_reach(desk: Desk) -> None:
    room = Mailroom(desk, reach=30)
    room.stock(
        [ONE, TWO],
        [due_on(10, ONE[0], DAY - days(30)), due_on(20, TWO[0], DAY - days(31), status="default")],
    )
    room.sound(DAY)
    assert [one.outcome for one in room.due(DAY).values()] == ["due", "no_step"]


def test_at_most_four_letters_in_seven_days(desk: Desk) -> None:
    room = Mailroom(desk, steps=tuple(range(-6, 3)), weekdays=(0, 24), saturdays=(0, 24))
    monday = date(2024, 1, 22)
    room.stock([ONE], [due_on(10, ONE[0], monday + days(6))])
    told = [len(room.work(monday + days(count))) for count in range(9)]
    # The Sunday has no window; the fourth letter of Thursday leaves the week on the next one.
    assert told == [1, 1, 1, 1, 0, 0, 0, 1, 1]


def test_a_pay_off_is_thanked_for_once_and_of_late_only(desk: Desk) -> None:
    room = Mailroom(desk)
    paid = lent(10, ONE[0], "2023-11-01", paid="2024-01-24")
    old = lent(20, TWO[0], "2023-11-01", paid="2024-01-20")
    room.stock([ONE, TWO], [paid, old])
    room.sound(DAY)
    (found,) = room.due(DAY).values()
    assert (found.user_id, found.kind, found.outcome, found.optional) == (
        1,
        "paid_off",
        "due",
        True,
    )
    assert found.balance == 0
    assert (found.days_left, found.step) == (None, None)
    (letter,) = room.work(DAY)
    assert [(loan.loan_id, loan.balance) for loan in letter.loans] == [(10, Decimal(0))]
    assert room.work(DAY + days(1)) == []
    assert room.due(DAY + days(1)) == {}


def test_a_due_date_that_moves_begins_anew(room: Mailroom) -> None:
    assert len(room.work(DAY)) == 1
    room.desk.owner.run("update dm.loans set due_at = due_at + interval '10 days'")
    room.sound(DAY + days(6))
    assert room.outcome(DAY + days(6)) == "due"


def test_a_letter_by_hand_counts_as_a_step(room: Mailroom) -> None:
    assert len(room.work(DAY)) == 1
    by_hand = DAY + days(1)  # a Friday, one day before the step of the day before it is due
    room.sound(by_hand)
    assert room.outcome(by_hand) == "no_step"
    assert room.plan(by_hand, user_id=1).planned == 1
    assert room.plan(by_hand, user_id=1).left == {"already_told": 1}
    assert room.letters()[-1]["by_hand"] is True
    (letter,) = room.post(room.at(by_hand))
    assert [loan.step for loan in letter.loans] == [-1]
    assert room.work(by_hand + days(1)) == []


def test_a_letter_by_hand_between_two_steps_tells_none(desk: Desk) -> None:
    room = Mailroom(desk)
    room.stock([ONE], [due_on(10, ONE[0], DAY + days(30))])
    room.sound(DAY)
    assert room.plan(DAY).planned == 0
    assert room.plan(DAY, user_id=1).planned == 1
    (letter,) = room.post(room.at(DAY))
    assert [(loan.step, loan.days_left) for loan in letter.loans] == [(None, 30)]
    assert room.steps(10) == {None: "told"}
    assert desk.ailments() == []
    with pytest.raises(NotFound):
        room.plan(DAY, user_id=99)


def test_a_day_run_every_quarter_of_an_hour_tells_once(room: Mailroom) -> None:
    room.sound(DAY)
    sent = []
    for quarter in range(96):
        now = room.at(DAY, quarter // 4, 15 * (quarter % 4))
        room.plan(DAY, now)
        sent += room.post(now)
    assert len(sent) == 1
    assert room.states() == [("sent", None)]


def test_a_plan_whose_day_passed_is_cancelled_and_planned_anew(room: Mailroom) -> None:
    room.sound(DAY)
    room.plan(DAY)
    room.sound(DAY + days(1))
    assert room.plan(DAY + days(1)) == plan.Counts(planned=1, cancelled=1)
    assert room.states() == [("cancelled", "its day passed"), ("planned", None)]
    (letter,) = room.post(room.at(DAY + days(1)))
    assert (letter.local_date, letter.loans[0].days_left) == (DAY + days(1), 2)


def test_midnight_by_the_lenders_clock_parts_the_days(desk: Desk) -> None:
    room = Mailroom(desk, weekdays=(0, 24))
    room.stock([ONE], [due_on(10, ONE[0], DAY + days(3))])
    room.sound(DAY)
    room.plan(DAY, room.at(DAY, 23, 59))
    assert room.claim(room.at(DAY + days(1), 0, 0)) == []
    assert room.states() == [("cancelled", "its day passed")]


def test_the_twenty_ninth_of_february_is_a_day_like_others(desk: Desk) -> None:
    room = Mailroom(desk)
    leap = date(2024, 2, 29)
    room.stock([ONE, TWO], [due_on(10, ONE[0], leap), due_on(20, TWO[0], date(2024, 3, 1))])
    room.sound(leap)
    assert [(one.step, one.days_left) for one in room.due(leap).values()] == [(0, 0), (-1, 1)]
    room.plan(leap)
    sent = room.post(room.at(leap))
    assert [letter.loans[0].step for letter in sent] == [0, -1]
    assert at("2024-02-29").date() == leap


def test_ten_that_plan_at_once_plan_each_letter_once(room: Mailroom, houses: Houses) -> None:
    room.sound(DAY)
    told = room.at(DAY)

    def queue_it(_: int) -> int:
        with houses.app(room.desk.name) as book:
            return plan.queue(book, DAY, told, room.settings).planned

    with ThreadPoolExecutor(10) as pool:
        assert sum(pool.map(queue_it, range(10))) == 1
    assert len(room.letters()) == 1
    assert room.desk.ailments() == []
