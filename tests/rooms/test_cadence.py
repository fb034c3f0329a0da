"""Day after day from a week before the due date to a quarter after it: the steps of the cadence."""

from __future__ import annotations

import random
from datetime import date, timedelta
from typing import TYPE_CHECKING

import pytest
from tests.cadence_model import STEPS, SUNDAY, Debt, Person
from tests.cast import Client, Contact, Loan
from tests.mailroom import Mailroom, borrower, due_on

if TYPE_CHECKING:
    from tests.desk import Desk

DAY = date(2024, 2, 14)  # the twenty-ninth of February lies in between
PEOPLE, LONGEST = 40, 104  # days from D-8 to D+95
PAY = """
update dm.loans set status = 'paid', paid_at = %(day)s::timestamp, amount_paid = due_amount
where loan_id = %(loan)s returning loan_id
"""


def days(count: int) -> timedelta:
    return timedelta(days=count)


def test_every_day_of_one_loan_tells_each_step_of_the_cadence_once(desk: Desk) -> None:
    room = Mailroom(desk, holidays="")
    due = DAY + days(8)
    room.stock([borrower(1)], [due_on(10, borrower(1)[0], due)])
    told = {}
    for count in range(-8, 96):
        day = due + days(count)
        for letter in room.work(day):
            told[count] = [loan.step for loan in letter.loans]
    # A step that falls on a Sunday is told on the Monday after it.
    expected = {step + ((due + days(step)).weekday() == SUNDAY): [step] for step in STEPS}
    assert told == expected
    assert room.steps(10) == dict.fromkeys(STEPS, "told")
    assert desk.ailments() == []


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_days_with_gaps_and_repeats_follow_the_model(desk: Desk, seed: int) -> None:
    dice = random.Random(seed)
    room = Mailroom(desk, holidays="")
    people, loans, model = _drawn(dice)
    room.stock(people, loans)
    day = DAY
    for _ in range(LONGEST):
        day += days(1)
        _pay(dice, room, model, day)
        if dice.random() < 0.3:
            continue  # nobody ran the day
        room.sound(day)
        written = {}
        hours = sorted(dice.sample(range(8, 14), dice.randint(1, 3)))
        for hour in hours:
            room.plan(day, room.at(day, hour))
            for letter in room.post(room.at(day, hour)):
                assert letter.user_id is not None
                assert letter.user_id not in written
                written[letter.user_id] = {loan.loan_id: loan.step for loan in letter.loans}
        lived = {user_id: person.live(day) for user_id, person in model.items()}
        assert written == {user_id: told for user_id, told in lived.items() if told}, day
    for person in model.values():
        for debt in person.debts:
            steps = {
                step: said for step, said in room.steps(debt.loan_id).items() if step is not None
            }
            assert steps == debt.said
    assert room.ailments() == []


def _drawn(
    dice: random.Random,
) -> tuple[list[tuple[Client, Contact]], list[Loan], dict[int, Person]]:
    people: list[tuple[Client, Contact]] = []
    loans: list[Loan] = []
    model: dict[int, Person] = {}
    for user_id in range(1, PEOPLE + 1):
        who = borrower(user_id)
        people.append(who)
        model[user_id] = Person([])
        for number in range(dice.choice((1, 1, 1, 2, 3))):
            loan_id = 10 * user_id + number
            due = DAY + days(dice.randint(-120 if number else -10, 60))
            # One open loan is regular; others have defaulted.
            loans.append(due_on(loan_id, who[0], due, status="default" if number else "ongoing"))
            model[user_id].debts.append(Debt(loan_id, due))
    return people, loans, model


def _pay(dice: random.Random, room: Mailroom, model: dict[int, Person], day: date) -> None:
    """Now and then a loan is paid on the day before; the day's book tells it."""
    for person in model.values():
        for debt in person.debts:
            if debt.paid_on is None and dice.random() < 0.004:
                debt.paid_on = day - days(1)
                room.desk.owner.row(PAY, day=debt.paid_on, loan=debt.loan_id)
