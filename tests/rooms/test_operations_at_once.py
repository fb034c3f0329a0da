"""Many people at once: what one row may hold stays true, and nobody meets a deadlock."""

from __future__ import annotations

import os
import random
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from tests.cast import DAY, NEXT, Client, lent

from loanbook import clients, delinquency, loans, payments
from loanbook.errors import ConnectionLost, LoanbookError, Refused, StaleVersion

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.desk import Desk
    from tests.houses import Houses

    from loanbook.database.connection import Database

SOAK = os.environ.get("LOANBOOK_SOAK") == "1"
WORKERS = 8
ACTS = 100_000 // WORKERS if SOAK else 60  # of each worker
BORROWERS = [Client(number, credit_limit=Decimal(5000)) for number in range(1, 41)]
LENT = [
    lent(number, BORROWERS[number - 1], "2023-11-20" if number % 4 else "2024-01-02", part="7")
    for number in range(1, 21)
]


@pytest.fixture
def stocked(desk: Desk) -> Desk:
    """Forty clients, every second of them with an open loan of a source."""
    desk.load(clients=BORROWERS, loans=LENT)
    desk.app.value("select api.advance_book(%(day)s)", day=DAY)
    return desk


def at_once(
    houses: Houses, desk: Desk, sessions: int, act: Callable[[Database, int], object]
) -> list[object]:
    """What each of so many sessions gets, refusals included, when all begin at one moment."""
    begin = threading.Barrier(sessions)

    def run(session: int) -> object:
        with houses.app(desk.name, actor=f"officer {session}") as book:
            begin.wait()
            try:
                return act(book, session)
            except LoanbookError as error:
                return error

    with ThreadPoolExecutor(sessions) as pool:
        return list(pool.map(run, range(sessions)))


def rules_of(results: list[object]) -> list[str]:
    """Names of the rules that refused."""
    assert all(isinstance(one, Refused) for one in results if isinstance(one, Exception)), results
    return [one.rule for one in results if isinstance(one, Refused)]


def test_fifty_open_a_loan_for_one_client(stocked: Desk, houses: Houses) -> None:
    found = at_once(houses, stocked, 50, lambda book, _: loans.open_loan(book, 30, Decimal(100)))
    assert rules_of(found) == ["loans_one_open_per_client"] * 49
    assert len(loans.find(stocked.app, loans.Search(user_id=30))) == 1
    assert stocked.ailments() == []


def test_one_payment_is_sent_a_hundred_times(stocked: Desk, houses: Houses) -> None:
    made = loans.open_loan(stocked.app, 30, Decimal(100))

    def send(book: Database, _: int) -> set[payments.Posted]:
        return {payments.post(book, made.loan_id, Decimal(10), key="till 7") for _ in range(2)}

    found = at_once(houses, stocked, 50, send)
    assert rules_of(found) == []
    assert len(set().union(*found)) == 1  # type: ignore[arg-type]
    assert len(payments.listed(stocked.app, loan_id=made.loan_id)) == 1


def test_one_opening_is_sent_many_times_under_one_key(stocked: Desk, houses: Houses) -> None:
    found = at_once(
        houses, stocked, 20, lambda book, _: loans.open_loan(book, 30, Decimal(100), key="a")
    )
    assert rules_of(found) == []
    assert len(set(found)) == 1


def test_one_key_for_many_requests(stocked: Desk, houses: Houses) -> None:
    found = at_once(
        houses, stocked, 10, lambda book, n: loans.open_loan(book, 25 + n, Decimal(100), key="a")
    )
    assert rules_of(found) == ["idempotency_key_reused"] * 9


@pytest.mark.parametrize("turn", range(4))
def test_a_payment_a_classification_and_a_cancellation_race(
    stocked: Desk, houses: Houses, turn: int
) -> None:
    made = [loans.open_loan(stocked.app, 30 + n, Decimal(100)) for n in range(3)]
    late = loans.open_loan(stocked.app, 35, Decimal(100), on=DAY - timedelta(days=92 + turn))
    owed = late.due_amount
    acts: list[Callable[[Database], object]] = [
        lambda book: payments.post(book, made[0].loan_id, Decimal(1)),
        lambda book: loans.cancel(book, made[0].loan_id, reason="x"),
        lambda book: payments.post(book, late.loan_id, owed, on=DAY - timedelta(days=1)),
        delinquency.classify,
        lambda book: loans.cancel(book, made[1].loan_id, reason="x"),
        lambda book: payments.post(book, made[1].loan_id, made[1].due_amount),
        delinquency.classify,
    ]
    found = at_once(houses, stocked, len(acts), lambda book, n: acts[n](book))
    refused = rules_of(found)
    # Of a payment and a cancellation one comes first, and the other is refused.
    assert len(refused) == 2
    assert set(refused) <= {
        "loan_is_owed",
        "cancellation_without_money",
        "cancellation_of_open_loan",
    }
    assert loans.get(stocked.app, late.loan_id).status == "paid"
    assert clients.get(stocked.app, 35).status == "approved"
    assert stocked.ailments() == []


def test_two_amendments_that_saw_the_same_version(stocked: Desk, houses: Houses) -> None:
    def amend(book: Database, session: int) -> int:
        limit = Decimal(6000 + session)
        return clients.amend(book, 30, reason="x", credit_limit=limit, version=1)

    found = at_once(houses, stocked, 2, amend)
    [stale] = [one for one in found if isinstance(one, Exception)]
    assert isinstance(stale, StaleVersion)
    assert "officer" in str(stale)


def test_a_session_that_is_lost_has_done_nothing(stocked: Desk, houses: Houses) -> None:
    with ExitStack() as stack:
        book = stack.enter_context(houses.app(stocked.name))
        pid = book.value("select pg_backend_pid()")

        def act_and_fall() -> None:
            with book.transaction():
                loans.open_loan(book, 30, Decimal(100), key="a")
                stocked.owner.value("select pg_terminate_backend(%(pid)s, 5000)", pid=pid)

        with pytest.raises(ConnectionLost, match="run the same command again"):
            act_and_fall()
    assert loans.find(stocked.app, loans.Search(user_id=30)) == []
    made = loans.open_loan(stocked.app, 30, Decimal(100), key="a")
    assert loans.open_loan(stocked.app, 30, Decimal(100), key="a") == made


def test_mixed_acts_with_full_loads_in_their_midst(stocked: Desk, houses: Houses) -> None:
    failures: list[BaseException] = []
    done = [0] * WORKERS

    def work(worker: int) -> None:
        dice = random.Random(worker)
        with houses.app(stocked.name, actor=f"officer {worker}") as book:
            for _ in range(ACTS):
                try:
                    one_act(book, dice)
                    done[worker] += 1
                except Refused:
                    pass
                except LoanbookError as error:
                    failures.append(error)

    threads = [threading.Thread(target=work, args=(worker,)) for worker in range(WORKERS)]
    for thread in threads:
        thread.start()
    rounds = 0
    while any(thread.is_alive() for thread in threads) or rounds < 2:
        outcomes = full_load(stocked, rounds)
        assert set(outcomes.values()) == {"accepted"}, outcomes
        rounds += 1
    for thread in threads:
        thread.join()
    assert failures == []
    assert min(done) > ACTS // 10
    assert stocked.ailments() == []


def one_act(book: Database, dice: random.Random) -> None:
    """Any act on any of the clients, on whatever loan made here they have."""
    user_id = dice.randrange(1, 41)
    kind = dice.choice(["open", "pay", "pay", "pay", "reverse", "cancel", "classify", "client"])
    own = loans.find(book, loans.Search(user_id=user_id, owner="loanbook"))
    day = DAY - timedelta(days=dice.choice([0, 0, 1, 30, 95]))
    if kind == "open" or not own:
        loans.open_loan(book, user_id, Decimal(100), on=day)
    elif kind == "pay":
        owed = own[-1].balance
        amount = dice.choice([owed, owed, Decimal("10.01")])
        payments.post(book, own[-1].loan_id, amount, on=dice.choice([None, day]))
    elif kind == "reverse":
        moved = payments.listed(book, loan_id=own[-1].loan_id)
        payments.reverse(book, dice.choice(moved).payment_id if moved else 0, reason="x")
    elif kind == "cancel":
        loans.cancel(book, own[-1].loan_id, reason="x")
    elif kind == "classify":
        delinquency.classify(book)
    elif dice.random() < 0.5:
        clients.reinstate(book, user_id, reason="x")
    else:
        clients.amend(book, user_id, reason="x", credit_limit=Decimal(dice.randrange(200, 9000)))


def full_load(desk: Desk, turn: int) -> dict[str, str]:
    """Full files: limits change, loans are paid and opened again, new ones appear everywhere."""
    day: date = NEXT if turn else DAY
    who = [replace(one, credit_limit=one.credit_limit + turn % 3) for one in BORROWERS]
    told = [
        replace(one, amount_paid=one.amount_paid + (turn * 3 + one.loan_id) % 5) for one in LENT
    ]
    told += [
        lent(
            100 + one.user_id, one, f"2024-01-{3 + one.user_id % 20:02}", 300,
            paid="2024-01-25" if (turn + one.user_id) % 3 == 0 else None,
        )
        for one in BORROWERS
    ]  # fmt: skip
    random.Random(turn).shuffle(told)
    return desk.load(clients=who, loans=told, day=day, full=True, again=True).outcomes
