"""Where a loan ends follows from its movements and its classification, not from their order."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import permutations
from typing import TYPE_CHECKING, Any

import pytest

from loanbook.errors import Refused

if TYPE_CHECKING:
    from tests.houses import Rolled

    from loanbook.database.connection import Row

BOOK = date(2150, 6, 1)  # ahead of every clock
ISSUED = BOOK - timedelta(days=100)  # due ten days before the book's day
DUE_AMOUNT = Decimal("1061.18")
CLIENT = "select api.register_client(50000, 20, 1, '2149-01-01')"
OTHER = """
insert into dm.loans (loan_id, user_id, created_at, due_at, status, loan_amount, tax, due_amount,
    amount_paid, owner)
values (7, %(client)s, '2150-03-01', '2150-05-30', %(status)s, 100, 1.12, 106.12, 0, 'main')
returning loan_id
"""


class Desk:
    """A client, a loan of 1,000, and what is done with it."""

    def __init__(self, book: Rolled) -> None:
        self.book = book
        book.app.value("select api.advance_book(%(day)s)", day=BOOK)
        self.client = book.app.value(CLIENT)
        self.loan = book.app.value(
            "select api.open_loan(%(client)s, 1000, %(on)s)", client=self.client, on=ISSUED
        )

    def pay(self, amount: str | Decimal, back: int) -> int:
        """So much, so many days before the book's day."""
        payment_id: int = self.book.app.value(
            "select payment_id from api.post_payment(%(loan)s, %(amount)s::numeric, %(on)s)",
            loan=self.loan, amount=amount, on=BOOK - timedelta(days=back),
        )  # fmt: skip
        return payment_id

    def reverse(self, payment: int, back: int) -> None:
        """Taken back so many days before the book's day."""
        self.book.app.value(
            "select payment_id from api.reverse_payment(%(payment)s, 'bounced', %(on)s)",
            payment=payment, on=BOOK - timedelta(days=back),
        )  # fmt: skip

    def classify(self, back: int = 0) -> None:
        """As of so many days before the book's day."""
        self.book.app.value(
            "select as_of from api.classify(%(on)s)", on=BOOK - timedelta(days=back)
        )

    def other(self, status: str) -> None:
        """A loan of the same client that a source brought."""
        self.book.owner.value(OTHER, client=self.client, status=status)

    def state(self) -> tuple[object, ...]:
        """Of the loan."""
        row = self._row("loans", "loan_id", self.loan)
        return row["status"], row["paid_on"], row["amount_paid"]

    def denial(self) -> tuple[object, ...]:
        """Of the client."""
        row = self._row("clients", "user_id", self.client)
        return row["status"], row["denied_reason"], row["denied_at"]

    def _row(self, view: str, key: str, value: int) -> Row:
        query: Any = f"select * from api.{view} where {key} = %(value)s"  # noqa: S608 -- ours
        row = self.book.app.row(query, value=value)
        assert row is not None
        return row


@pytest.fixture
def lent(book: Rolled) -> Desk:
    """A loan that has become late."""
    return Desk(book)


def status(desk: Desk) -> object:
    """Of the loan."""
    return desk.state()[0]


def day(back: int) -> date:
    """So many days before the book's day."""
    return BOOK - timedelta(days=back)


DENIED = ("denied", "defaulter", datetime.combine(day(10), datetime.min.time()))
APPROVED = ("approved", None, None)


@pytest.mark.parametrize("order", [*permutations([("400", 90), ("600", 30), ("61.18", 20)])])
def test_the_order_of_recording_makes_no_difference(
    lent: Desk, order: list[tuple[str, int]]
) -> None:
    for amount, back in order:
        lent.pay(amount, back)
    assert lent.state() == ("paid", day(20), DUE_AMOUNT)


def test_a_payment_that_was_taken_back_closes_nothing(lent: Desk) -> None:
    bounced = lent.pay(DUE_AMOUNT, 50)
    lent.reverse(bounced, 40)
    assert lent.state() == ("ongoing", None, Decimal("0.00"))
    lent.pay(DUE_AMOUNT, 30)
    assert lent.state() == ("paid", day(30), DUE_AMOUNT)


def test_what_was_paid_before_a_reversal_counts_while_it_is_enough(lent: Desk) -> None:
    bounced = lent.pay(DUE_AMOUNT, 50)
    lent.reverse(bounced, 40)
    lent.pay(DUE_AMOUNT, 45)  # back-dated: the sum never fell below what is due
    assert lent.state() == ("paid", day(50), DUE_AMOUNT)


@pytest.mark.parametrize(
    ("back", "denial", "ends"),
    [(0, DENIED, "paid"), (1, APPROVED, "paid"), (11, APPROVED, "paid")],
)
def test_only_what_is_paid_before_the_day_prevents_a_default(
    lent: Desk, back: int, denial: object, ends: str
) -> None:
    lent.classify()
    assert status(lent) == "default"
    assert lent.denial() == DENIED
    lent.pay(DUE_AMOUNT, back)
    assert lent.state() == (ends, day(back), DUE_AMOUNT)
    assert lent.denial() == denial


def test_a_loan_on_its_due_day_and_the_day_after(lent: Desk) -> None:
    lent.classify(back=10)
    assert status(lent) == "ongoing"
    lent.classify(back=9)
    assert status(lent) == "default"
    standing = lent.book.app.row("select * from api.standing(%(loan)s)", loan=lent.loan)
    assert standing is not None
    assert (standing["days_past_due"], standing["bucket"]) == (10, "1-30")


def test_a_reversal_after_a_cure_is_a_default_again(lent: Desk) -> None:
    lent.classify()
    cure = lent.pay(DUE_AMOUNT, 0)
    lent.book.app.value("select api.reinstate_client(%(c)s, 'talked')", c=lent.client)
    assert lent.denial() == APPROVED
    lent.reverse(cure, 0)
    assert status(lent) == "default"
    assert lent.denial() == DENIED


def test_another_default_keeps_the_client_denied(lent: Desk) -> None:
    lent.classify()
    lent.other("default")
    lent.pay(DUE_AMOUNT, 5)
    assert status(lent) == "paid"
    assert lent.denial() == DENIED


def test_no_reversal_gives_a_client_a_second_open_loan(lent: Desk) -> None:
    paid = lent.pay(DUE_AMOUNT, 0)
    lent.other("ongoing")
    with pytest.raises(Refused) as refused, lent.book.app.transaction():
        lent.reverse(paid, 0)
    assert refused.value.rule == "reversal_opens_second_loan"
    assert str(refused.value) == (
        f"This would open loan {lent.loan} again, but client {lent.client} has an open loan "
        "(7, due 2150-05-30, R$ 106,12 to pay)."
    )


def test_a_default_may_stand_beside_an_open_loan(lent: Desk) -> None:
    lent.classify()
    cure = lent.pay(DUE_AMOUNT, 0)
    lent.other("ongoing")
    lent.reverse(cure, 0)  # the money is gone, and the book says so
    assert status(lent) == "default"


def test_a_payment_that_would_undo_a_default_opens_no_second_loan(lent: Desk) -> None:
    first = lent.pay("600", 20)
    lent.classify(back=5)
    lent.reverse(first, 2)
    lent.other("ongoing")
    # Dated back, 500 and 600 were enough before the classification; now 500 are there.
    with pytest.raises(Refused) as refused, lent.book.app.transaction():
        lent.pay("500", 20)
    assert refused.value.rule == "reversal_opens_second_loan"
    assert status(lent) == "default"


def test_of_two_open_loans_the_other_becomes_the_regular_one(lent: Desk) -> None:
    finding = lent.book.owner.value(
        "insert into ops.findings (rule, subject, subject_id, detail)"
        " values ('loans_second_open', 'loan', 7, '') returning finding_id"
    )
    lent.book.owner.value(
        OTHER.replace("owner)", "owner, exempt_from)").replace("'main')", f"'main', {finding})"),
        client=lent.client, status="ongoing",
    )  # fmt: skip
    lent.pay(DUE_AMOUNT, 0)
    seen = lent.book.app.row("select exempt_from, version from api.loans where loan_id = 7")
    assert seen == {"exempt_from": None, "version": 2}
    assert lent.book.app.value("select state from api.findings") == "closed"


@pytest.mark.parametrize(
    ("days", "bucket"),
    [(0, "current"), (1, "1-30"), (30, "1-30"), (31, "31-60"), (60, "31-60"), (61, "61-90"),
     (90, "61-90"), (91, "90+"), (10_000, "90+")],
)  # fmt: skip
def test_buckets_meet_without_a_gap(book: Rolled, days: int, bucket: str) -> None:
    assert book.app.value("select api.bucket(%(days)s)", days=days) == bucket


def test_balances_as_of_any_day(lent: Desk) -> None:
    lent.pay("400", 90)
    lent.pay("661.18", 5)

    def owed(back: int) -> Decimal | None:
        found: Decimal | None = lent.book.app.value(
            "select api.balance(%(loan)s, %(on)s)", loan=lent.loan, on=day(back)
        )
        return found

    assert [owed(back) for back in (101, 100, 99, 90, 89, 5, 4, 0)] == [
        None, None, DUE_AMOUNT, DUE_AMOUNT, Decimal("661.18"), Decimal("661.18"), Decimal("0.00"),
        Decimal("0.00"),
    ]  # fmt: skip
    late = lent.book.app.rows("select * from api.delinquency(%(on)s)", on=day(7))
    assert [(row["loan_id"], row["balance"], row["days_past_due"]) for row in late] == [
        (lent.loan, Decimal("661.18"), 3)
    ]
    assert lent.book.app.rows("select * from api.delinquency(%(on)s)", on=day(4)) == []


def test_halves_of_a_cent_are_rounded_up_once(book: Rolled) -> None:
    # 250 at 20 %: 265.295 exactly, which binary arithmetic takes for less.
    quoted = book.app.row("select * from api.quote(250, 20, '2024-01-25')")
    assert quoted is not None
    assert (quoted["tax"], quoted["interest"]) == (Decimal("2.80"), Decimal("12.50"))
    assert quoted["due_amount"] == Decimal("265.30")
