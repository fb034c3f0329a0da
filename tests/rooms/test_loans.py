"""Loans, payments, products and their classification, as Python and the command line see them."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from tests.cast import ANA_OPEN, CLIENTS, DAY, LOANS

from loanbook import clients, delinquency, loans, payments, products
from loanbook.errors import KeyReused, NotFound, Refused, SourceOwned
from loanbook.history import changes_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.desk import Desk

    from loanbook.database.connection import Database

ISSUED = date(2024, 1, 2)


@pytest.fixture
def stocked(desk: Desk) -> Desk:
    """The cast's book on its business date."""
    desk.load(clients=CLIENTS, loans=LOANS)
    desk.app.value("select api.advance_book(%(day)s)", day=DAY)
    return desk


def test_a_quotation_adds_up_and_becomes_the_contract(stocked: Desk) -> None:
    quoted = loans.quote(stocked.app, Decimal(1000), Decimal(20), issued=ISSUED)
    assert quoted == loans.Quote(
        principal=Decimal("1000.00"),
        tax=Decimal("11.18"),
        interest=Decimal("50.00"),
        due_amount=Decimal("1061.18"),
        due_at=datetime(2024, 4, 1),  # noqa: DTZ001 -- the lender's wall time
        effective_annual_rate=Decimal("27.2298"),  # 1.06118 ** (365 / 90)
    )
    made = loans.open_loan(stocked.app, 5, Decimal(1000), on=ISSUED)
    assert (made.tax, made.due_amount, made.due_at) == (
        quoted.tax,
        quoted.due_amount,
        quoted.due_at,
    )
    assert (made.term_days, made.day_count, made.product_version) == (90, 360, 1)
    assert (made.tax_fixed_percent, made.tax_daily_percent) == (Decimal("0.38"), Decimal("0.0082"))
    assert stocked.ailments() == []


def test_a_loan_from_issue_to_its_last_cent(stocked: Desk) -> None:
    book = stocked.app
    made = loans.open_loan(book, 5, Decimal(1000), on=ISSUED)
    first = payments.post(book, made.loan_id, Decimal("61.18"), on=date(2024, 1, 10))
    assert (first.status, first.balance) == ("ongoing", Decimal("1000.00"))
    last = payments.post(book, made.loan_id, Decimal(1000))
    assert (last.status, last.balance, last.effective_on) == ("paid", Decimal("0.00"), DAY)
    paid = loans.get(book, made.loan_id)
    assert paid.paid_at is not None
    assert paid.paid_at.date() == DAY
    told = loans.history(book, made.loan_id)
    assert [one.amount for one in told.payments] == [Decimal("61.18"), Decimal("1000.00")]
    assert [one.operation for one in told.changes] == ["insert", "update", "update"]
    assert stocked.ailments() == []


@pytest.mark.parametrize(
    ("act", "rule"),
    [
        (lambda book: loans.open_loan(book, 77, Decimal(1)), "client_exists"),
        (lambda book: loans.open_loan(book, 1, Decimal(1)), "loans_one_open_per_client"),
        (lambda book: loans.open_loan(book, 2, Decimal(1)), "client_is_approved"),
        (lambda book: loans.open_loan(book, 5, Decimal("10000.01")), "loan_within_credit_limit"),
        (lambda book: loans.cancel(book, 1, reason="x"), "loan_belongs_to_loanbook"),
        (lambda book: payments.post(book, 2, Decimal(1)), "loan_belongs_to_loanbook"),
        (lambda book: payments.reverse(book, 1, reason="x"), "loan_belongs_to_loanbook"),
        (lambda book: payments.reverse(book, 99, reason="x"), "payment_exists"),
        (lambda book: payments.post(book, 99, Decimal(1)), "loan_exists"),
        (lambda book: products.versions(book, 7), "product_exists"),
    ],
)
def test_a_rule_refuses_by_name(
    stocked: Desk, act: Callable[[Database], object], rule: str
) -> None:
    with pytest.raises(Refused) as refused:
        act(stocked.app)
    assert refused.value.rule == rule
    assert isinstance(refused.value, NotFound) == rule.endswith("_exists")
    assert isinstance(refused.value, SourceOwned) == (rule == "loan_belongs_to_loanbook")


def test_a_refusal_tells_the_facts(stocked: Desk) -> None:
    with pytest.raises(Refused) as refused:
        loans.open_loan(stocked.app, 1, Decimal(100))
    # Ana owes 2,652.95, of which 300.25 are paid.
    assert ANA_OPEN.due_amount - ANA_OPEN.amount_paid == Decimal("2352.70")
    assert str(refused.value) == (
        "Client 1 has an open loan (2, due 2024-02-29, R$ 2.352,70 to pay); it must be paid first."
    )


def test_the_same_key_acts_once(stocked: Desk) -> None:
    book = stocked.app
    made = loans.open_loan(book, 5, Decimal(1000), on=ISSUED, key="a")
    assert loans.open_loan(book, 5, Decimal("1000.00"), on=ISSUED, key="a") == made
    posted = payments.post(book, made.loan_id, Decimal(10), key="b")
    payments.post(book, made.loan_id, Decimal(20), key="c")
    assert payments.post(book, made.loan_id, Decimal(10), key="b") == posted
    undone = payments.reverse(book, posted.payment_id, reason="x", key="d")
    assert payments.reverse(book, posted.payment_id, reason="x", key="d") == undone
    assert loans.get(book, made.loan_id).amount_paid == Decimal(20)
    for other in (
        lambda: payments.post(book, made.loan_id, Decimal(11), key="b"),
        lambda: payments.post(book, made.loan_id, Decimal(10), key="a"),
        lambda: loans.open_loan(book, 4, Decimal(10), key="d"),
    ):
        with pytest.raises(KeyReused):
            other()
    assert len(payments.listed(book, loan_id=made.loan_id)) == 3


def test_a_default_denies_and_a_cure_does_not_reinstate(stocked: Desk) -> None:
    book = stocked.app
    made = loans.open_loan(book, 5, Decimal(1000), on=DAY - timedelta(days=91))
    done = delinquency.classify(book)
    assert (done.defaulted, done.denied) == (1, 1)
    assert delinquency.classify(book).defaulted == 0
    client = clients.get(book, 5)
    assert (client.status, client.denied_reason, client.denied_at) == (
        "denied",
        "defaulter",
        made.due_at,
    )
    assert delinquency.standing(book, made.loan_id).bucket == "1-30"
    cured = payments.post(book, made.loan_id, made.due_amount)
    assert cured.status == "paid"
    assert clients.get(book, 5).status == "denied"
    assert ("loans_cured", made.loan_id) in stocked.findings()
    assert stocked.ailments() == []


def test_a_payment_dated_back_before_the_default_lifts_the_denial(stocked: Desk) -> None:
    book = stocked.app
    made = loans.open_loan(book, 5, Decimal(1000), on=DAY - timedelta(days=91))
    delinquency.classify(book)
    late = payments.post(book, made.loan_id, made.due_amount, on=DAY - timedelta(days=1))
    assert late.status == "paid"
    assert clients.get(book, 5).status == "approved"
    assert stocked.findings() == set()
    reasons = [change.reason for change in changes_of(book, "clients", 5)]
    assert reasons == [
        None,
        "a loan is in default",
        f"loan {made.loan_id} was paid in time after all",
    ]


def test_where_a_source_disagrees_there_is_a_finding(stocked: Desk) -> None:
    stocked.owner.run("update ops.book set business_date = '2024-03-05'")
    done = delinquency.classify(stocked.app)
    assert (done.defaulted, done.noted) == (0, 1)
    assert ("loans_ongoing_past_grace", 2) in stocked.findings()
    again = delinquency.classify(stocked.app, date(2024, 2, 29))
    assert (again.noted, again.closed) == (0, 1)  # due that day: not late yet


def test_other_terms_are_for_later_contracts(stocked: Desk) -> None:
    book = stocked.app
    before = loans.open_loan(book, 5, Decimal(1000), on=ISSUED)
    terms = products.Terms(tax_fixed_percent=Decimal("0.95"), grace_days=5)
    with pytest.raises(Refused) as refused:
        products.change(book, 1, terms, since=ISSUED, reason="decree")
    assert refused.value.rule == "product_change_after_contracts"
    made = products.change(book, 1, terms, since=DAY, reason="decree")
    assert (made.valid_from, made.term_days, made.grace_days) == (DAY, 90, 5)
    after = loans.open_loan(book, 4, Decimal(1000), on=DAY)
    assert (before.tax, after.tax) == (Decimal("11.18"), Decimal("16.88"))
    assert loans.get(book, before.loan_id) == before
    assert [one.valid_before for one in products.versions(book, 1)] == [DAY, None]
    assert products.listed(book, ISSUED)[0].product_version == before.product_version
    assert stocked.ailments() == []


def test_loans_are_found_page_by_page(stocked: Desk) -> None:
    book = stocked.app
    made = loans.open_loan(book, 5, Decimal(1000), on=ISSUED)
    pages = [loans.find(book, loans.Search(), limit=4)]
    pages.append(loans.find(book, loans.Search(), after=pages[0][-1].loan_id, limit=4))
    assert [one.loan_id for page in pages for one in page] == [1, 2, 3, 4, 5, made.loan_id]

    def found(**asked: object) -> list[int]:
        search = loans.Search(**asked)  # type: ignore[arg-type]
        return [one.loan_id for one in loans.find(book, search)]

    assert found(user_id=1) == [1, 2]
    assert found(status="default") == [4]
    assert found(owner="loanbook") == [made.loan_id]
    assert found(issued_since=date(2023, 12, 1), issued_until=date(2023, 12, 1)) == [2]
    assert found(due_since=date(2024, 3, 1)) == [3, made.loan_id]
    assert found(due_until=date(2023, 8, 1)) == [4]


def test_a_loan_is_cancelled_on_its_first_day_only(stocked: Desk) -> None:
    book = stocked.app
    made = loans.open_loan(book, 5, Decimal(1000))
    assert loans.cancel(book, made.loan_id, reason="changed his mind").status == "cancelled"
    again = loans.open_loan(book, 5, Decimal(1000))
    posted = payments.post(book, again.loan_id, Decimal(1))
    with pytest.raises(Refused, match="reverse it first"):
        loans.cancel(book, again.loan_id, reason="x")
    payments.reverse(book, posted.payment_id, reason="x")
    stocked.app.value("select api.advance_book(%(day)s)", day=DAY + timedelta(days=1))
    with pytest.raises(Refused) as refused:
        loans.cancel(book, again.loan_id, reason="x")
    assert refused.value.rule == "cancellation_on_day_of_issue"
    with pytest.raises(Refused) as owed:
        payments.post(book, made.loan_id, Decimal(1))
    assert owed.value.rule == "loan_is_owed"
    assert stocked.ailments() == []
