"""Random sequences of all that officers do, against the same acts in plain Python.

After each act clients, loans, movements and the history must agree; after each sequence no check
may find anything. The book's business date lies ahead of every clock, so that no test meets today.
"""

from __future__ import annotations

import os
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, LiteralString

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from tests.desk import ailments
from tests.houses import Rolled
from tests.ledger import CENT, Client, Ledger, Loan, Movement, cents

from loanbook.errors import Refused

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import psycopg
    from tests.houses import Houses

    from loanbook.database.connection import Row

SOAK = os.environ.get("LOANBOOK_SOAK") == "1"
START = date(2150, 1, 1)
PRINCIPAL = Decimal(900)
# What no loan and no payment can be.
BAD = [Decimal(x) for x in ("0", "-1", "0.001", "1e12", "NaN", "99999")]
KINDS = [
    *("pay", "pay", "pay", "pay", "classify", "classify", "reverse", "reverse"),
    *("open_loan", "open_loan", "pay_nonsense", "cancel", "deny", "reinstate", "pass_time"),
]
ACTS = st.tuples(
    st.sampled_from(KINDS),
    st.integers(0, 5),  # which client, loan or movement, counted from the last
    st.integers(0, 5),  # which amount
    st.sampled_from([0, 0, 0, 1, 2, 3, 4, 5, 30, 91, -1]),  # days back
)
OPEN = "select api.open_loan(%(client)s, %(amount)s::numeric, %(on)s)"
POST = "select * from api.post_payment(%(loan)s, %(amount)s::numeric, %(on)s)"
REVERSE = "select * from api.reverse_payment(%(payment)s, 'bounced', %(on)s)"
CANCEL = "select api.cancel_loan(%(loan)s, 'a slip')"
CLASSIFY = "select * from api.classify(%(as_of)s)"
DENY = "select api.deny_client(%(client)s, 'fraud')"
REINSTATE = "select api.reinstate_client(%(client)s, 'talked')"
LOANS = """
select loan_id, user_id, loan_amount, tax, due_amount, amount_paid, status, paid_on, issued_on,
    due_on, classified_on from api.loans order by loan_id
"""
STATES = "select user_id, status, denied_reason, denied_at from api.clients order by user_id"
MOVED = """
select payment_id, loan_id, amount, effective_on, reverses_id from api.payments order by payment_id
"""
CURED = """
select subject_id from api.findings
where rule = 'loans_cured' and state = 'open' order by subject_id
"""
RECORDED = """
select (select count(*) from audit.changes where relation in ('clients', 'loans'))
    = (select sum(version) from dm.clients) + coalesce((select sum(version) from dm.loans), 0)
"""


class Operations:
    """Acts, each done twice."""

    def __init__(self, connection: psycopg.Connection[Row], book: Rolled) -> None:
        self.connection = connection
        self.book = book
        self.ledger = Ledger(START)
        self.book.app.value("select api.advance_book(%(day)s)", day=START)
        for limit, rate in ((1000, 20), (50_000, 90), (999, 0)):
            since = START - timedelta(days=150)
            user_id = self.book.app.value(
                "select api.register_client(%(limit)s, %(rate)s, 1, %(since)s)",
                limit=limit, rate=rate, since=datetime.combine(since, time()),
            )  # fmt: skip
            self.ledger.clients[user_id] = Client(user_id, Decimal(limit), Decimal(rate), since)

    def day(self, back: int) -> date:
        """A day so many before the business date."""
        return self.ledger.today - timedelta(days=back)

    def client(self, choice: int) -> Client:
        """One of the clients."""
        return [*self.ledger.clients.values()][choice % len(self.ledger.clients)]

    def loan(self, choice: int) -> Loan:
        """One of the loans, the latest first."""
        return [*self.ledger.loans.values()][-1 - choice % len(self.ledger.loans)]

    def both(self, judge: Callable[[], None], query: LiteralString, **values: object) -> Any:  # noqa: ANN401
        """The ledger judges, the database acts; both must say the same. None if they refuse."""
        verdict = self.ledger.verdict(judge)
        if verdict is None:
            return self.book.app.value(query, **values)
        with pytest.raises(Refused) as refused, self.book.app.transaction():
            self.book.app.value(query, **values)
        assert refused.value.rule == verdict
        return None

    def begin(self, share: int) -> None:
        """Two loans: one has just become late, the other is due soon; a part is paid of each."""
        for client, back in enumerate((95, 88)):
            self.open_loan(client, 0, back)
            self.pay(0, share, 6)

    def act(self, kind: str, which: int, amount: int, back: int) -> None:
        """One act of either side."""
        getattr(self, kind)(which, amount, back)
        self.agree()

    def open_loan(self, which: int, amount: int, back: int) -> None:
        """A new loan, of 900 or of nonsense; today, lately or long ago."""
        who, on = self.client(which), self.day(back)
        what = BAD[which] if amount == len(BAD) - 1 else PRINCIPAL
        loan_id = self.both(
            lambda: self.ledger.judge_opening(who, what, on),
            OPEN, client=who.user_id, amount=what, on=on,
        )  # fmt: skip
        if loan_id is not None:
            self.ledger.opened(loan_id, who, what, on)

    def pay_nonsense(self, which: int, amount: int, back: int) -> None:
        """No amount of money, or too much of it."""
        what, on = self.loan(which), self.day(back)
        self.both(
            lambda: self.ledger.judge_payment(what, BAD[amount], on),
            POST, loan=what.loan_id, amount=BAD[amount], on=on,
        )  # fmt: skip

    def pay(self, which: int, amount: int, back: int) -> None:
        """All that is owed, half of it, or a cent."""
        on, what = self.day(back), self.loan(which)
        owed = what.due_amount - what.paid
        given = (owed, owed, owed, cents(owed / 2), cents(owed / 2), min(owed, CENT))[amount]
        payment_id = self.both(
            lambda: self.ledger.judge_payment(what, given, on),
            POST, loan=what.loan_id, amount=given, on=on,
        )  # fmt: skip
        if payment_id is not None:
            self.ledger.moved(what, Movement(payment_id, given, on))

    def reverse(self, which: int, _: int, back: int) -> None:
        """Take any movement back, if that may be."""
        moved = [(x, m) for x in self.ledger.loans.values() for m in x.movements]
        loan, paid = sorted(moved, key=lambda one: -one[1].payment_id)[which % len(moved)]
        on = self.day(back)
        payment_id = self.both(
            lambda: self.ledger.judge_reversal(loan, paid, on),
            REVERSE, payment=paid.payment_id, on=on,
        )  # fmt: skip
        if payment_id is not None:
            self.ledger.moved(loan, Movement(payment_id, -paid.amount, on, paid.payment_id))

    def cancel(self, which: int, _amount: int, _back: int) -> None:
        """Take a loan back."""
        what = self.loan(which)
        self.both(lambda: self.ledger.cancel(what), CANCEL, loan=what.loan_id)

    def classify(self, _which: int, _amount: int, back: int) -> None:
        """Who is late."""
        as_of = self.day(back)
        self.both(lambda: self.ledger.classify(as_of), CLASSIFY, as_of=as_of)

    def deny(self, which: int, _amount: int, _back: int) -> None:
        """An officer's denial."""
        who = self.client(which)
        self.both(lambda: self.ledger.officer_denies(who, "fraud"), DENY, client=who.user_id)

    def reinstate(self, which: int, _amount: int, _back: int) -> None:
        """An officer's pardon."""
        who = self.client(which)
        self.both(lambda: self.ledger.reinstate(who), REINSTATE, client=who.user_id)

    def pass_time(self, which: int, _amount: int, _back: int) -> None:
        """The book goes on."""
        self.ledger.today += timedelta(days=(1, 1, 2, 3, 5, 91)[which])
        self.book.app.value("select api.advance_book(%(day)s)", day=self.ledger.today)

    def agree(self) -> None:
        """Book, sums and history are what the ledger says."""
        self.connection.execute("reset role")
        ledger = self.ledger
        assert self.seen(LOANS) == [
            (
                x.loan_id, x.client.user_id, x.amount, x.tax, x.due_amount, x.paid, x.status,
                None if x.cancelled else x.paid_on, x.issued, x.due, x.classified_on,
            )
            for x in ledger.loans.values()
        ]  # fmt: skip
        assert self.seen(STATES) == [
            (c.user_id, c.status, c.reason, c.denied_at) for c in ledger.clients.values()
        ]
        moved = [(m, x) for x in ledger.loans.values() for m in x.movements]
        assert self.seen(MOVED) == sorted(
            (m.payment_id, x.loan_id, m.amount, m.on, m.reverses) for m, x in moved
        )
        assert self.seen(CURED) == [
            (x.loan_id,) for x in ledger.loans.values() if x.status == "paid" and x.is_default
        ]
        assert self.seen(RECORDED) == [(True,)]

    def seen(self, query: LiteralString) -> list[tuple[Any, ...]]:
        """What the owner sees."""
        return [tuple(row.values()) for row in self.connection.execute(query)]


@pytest.fixture
def connection(houses: Houses, shared: str) -> Iterator[psycopg.Connection[Row]]:
    """One connection for all sequences."""
    with houses.driver(shared) as connection:
        yield connection


@settings(
    max_examples=20_000 if SOAK else 200,
    phases=(Phase.explicit, Phase.generate, *([Phase.shrink] if SOAK else [])),
    suppress_health_check=list(HealthCheck),
)
@given(share=st.integers(3, 5), acts=st.lists(ACTS, min_size=8, max_size=16))
def test_any_sequence_of_acts_ends_as_the_ledger_says(
    connection: psycopg.Connection[Row], share: int, acts: list[tuple[str, int, int, int]]
) -> None:
    with Rolled.within(connection) as book:
        try:
            both = Operations(connection, book)
            both.begin(share)
            for act in acts:
                both.act(*act)
            assert ailments(book.app) == []
        finally:
            connection.rollback()
