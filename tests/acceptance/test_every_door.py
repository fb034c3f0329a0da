"""Each rule about clients, loans and payments is the same at every door: command line, Python, SQL.

In SQL the application may call procedures and nothing else; as the owner the tables' own
constraints still hold.
"""

from __future__ import annotations

import json
import os
import signal
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from tests.cast import CLIENTS, CONTACTS, DAY, LOANS
from tests.program import Program

from loanbook import clients, delinquency, loans, payments, products, settings
from loanbook.bootstrap import open_book
from loanbook.errors import ConnectionLost, Refused

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from loanbook.database.connection import Database

FUTURE = date(2150, 1, 1)
EVA_LOAN = 1_000_000_000  # ongoing, issued on 2024-01-02, of which 100 are paid
EVA_PAYMENT = 6  # the number of that payment: five openings came by file
TERMS = products.Terms(tax_fixed_percent=Decimal("0.95"))


@dataclass(frozen=True)
class Case:
    """One rule, broken in three ways."""

    rule: str
    command: str
    call: Callable[[Database], object]
    sql: str


def opening(rule: str, client: int, amount: str, on: str | None = None) -> Case:
    """A loan that no rule allows."""
    day = None if on is None else date.fromisoformat(on)
    return Case(
        rule,
        f"loans open {client} --amount {amount}" + (f" --on {on}" if on else ""),
        lambda book: loans.open_loan(book, client, Decimal(amount), on=day),
        f"select api.open_loan({client}, '{amount}'" + (f", '{on}')" if on else ")"),
    )


def paying(rule: str, loan: int, amount: str, on: str | None = None) -> Case:
    """A payment that no rule allows."""
    day = None if on is None else date.fromisoformat(on)
    return Case(
        rule,
        f"payments post {loan} --amount {amount}" + (f" --on {on}" if on else ""),
        lambda book: payments.post(book, loan, Decimal(amount), on=day),
        f"select api.post_payment({loan}, '{amount}'" + (f", '{on}')" if on else ")"),
    )


CASES = [
    opening("client_exists", 77, "100"),
    opening("client_is_approved", 2, "100"),
    opening("loans_one_open_per_client", 1, "100"),
    opening("loans_one_open_per_client", 5, "100"),
    opening("loan_within_credit_limit", 4, "2500.51"),
    opening("loans_loan_amount_positive", 4, "0"),
    opening("loans_loan_amount_positive", 4, "-1"),
    opening("loans_loan_amount_positive", 4, "NaN"),
    opening("loans_loan_amount_positive", 4, "1e12"),
    opening("loans_loan_amount_two_decimals", 4, "0.001"),
    opening("loan_not_before_client", 4, "100", "2023-01-09"),
    opening("day_not_in_future", 4, "100", "2150-01-01"),
    opening("day_in_range", 4, "100", "1899-12-31"),
    paying("loan_exists", 77, "1"),
    paying("loan_belongs_to_loanbook", 2, "1"),
    paying("payments_amount_positive", EVA_LOAN, "0"),
    paying("payments_amount_positive", EVA_LOAN, "-1"),
    paying("payments_amount_positive", EVA_LOAN, "NaN"),
    paying("payments_amount_positive", EVA_LOAN, "1e12"),
    paying("payments_amount_two_decimals", EVA_LOAN, "0.001"),
    paying("payment_within_balance", EVA_LOAN, "961.19"),
    paying("payment_not_before_issue", EVA_LOAN, "1", "2024-01-01"),
    paying("day_not_in_future", EVA_LOAN, "1", "2150-01-01"),
    Case(
        "loan_belongs_to_loanbook",
        "payments reverse 1 --reason x",
        lambda book: payments.reverse(book, 1, reason="x"),
        "select api.reverse_payment(1, 'x')",
    ),
    Case(
        "payment_exists",
        "payments reverse 999 --reason x",
        lambda book: payments.reverse(book, 999, reason="x"),
        "select api.reverse_payment(999, 'x')",
    ),
    Case(
        "reversal_has_reason",
        f"payments reverse {EVA_PAYMENT} --reason=",
        lambda book: payments.reverse(book, EVA_PAYMENT, reason=""),
        f"select api.reverse_payment({EVA_PAYMENT}, '')",
    ),
    Case(
        "reversal_not_before_payment",
        f"payments reverse {EVA_PAYMENT} --reason x --on 2024-01-02",
        lambda book: payments.reverse(book, EVA_PAYMENT, reason="x", on=date(2024, 1, 2)),
        f"select api.reverse_payment({EVA_PAYMENT}, 'x', '2024-01-02')",
    ),
    Case(
        "loan_belongs_to_loanbook",
        "loans cancel 2 --reason x",
        lambda book: loans.cancel(book, 2, reason="x"),
        "select api.cancel_loan(2, 'x')",
    ),
    Case(
        "cancellation_without_money",
        f"loans cancel {EVA_LOAN} --reason x",
        lambda book: loans.cancel(book, EVA_LOAN, reason="x"),
        f"select api.cancel_loan({EVA_LOAN}, 'x')",
    ),
    Case(
        "idempotency_key_reused",
        f"payments post {EVA_LOAN} --amount 101 --key till-1",
        lambda book: payments.post(book, EVA_LOAN, Decimal(101), key="till-1"),
        f"select api.post_payment({EVA_LOAN}, 101, null, 'till-1')",
    ),
    Case(
        "day_not_in_future",
        f"classify --as-of {FUTURE}",
        lambda book: delinquency.classify(book, FUTURE),
        f"select api.classify('{FUTURE}')",
    ),
    Case(
        "product_change_after_contracts",
        "products change 1 --from 2024-01-02 --tax-fixed-percent 0.95 --reason x",
        lambda book: products.change(book, 1, TERMS, since=date(2024, 1, 2), reason="x"),
        "select api.change_product(1, '2024-01-02', 'x', p_tax_fixed_percent => 0.95)",
    ),
    Case(
        "products_term_days_valid",
        "products change 1 --from 2024-02-02 --term-days 9999 --reason x",
        lambda book: products.change(
            book, 1, products.Terms(term_days=9999), since=date(2024, 2, 2), reason="x"
        ),
        "select api.change_product(1, '2024-02-02', 'x', p_term_days => 9999)",
    ),
]


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    """A workspace with the cast's files, and a loan that was made here."""
    with Program.at(tmp_path_factory.mktemp("doors") / "home") as program:
        program.deliver(clients=CLIENTS, loans=LOANS, contacts=CONTACTS)
        program("run", "--as-of", DAY)
        made = program.json("loans", "open", 5, "--amount", 1000, "--on", "2024-01-02")
        assert made["loan_id"] == EVA_LOAN
        paid = program.json(
            "payments", "post", EVA_LOAN, "--amount", 100, "--on", "2024-01-03", "--key", "till-1"
        )
        assert paid["payment_id"] == EVA_PAYMENT
        yield program


@pytest.fixture(scope="module")
def book(program: Program) -> Iterator[Database]:
    """The same book from Python."""
    with open_book(given=settings.load(program.home, environ={}), actor="tester") as book:
        yield book


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.rule}-{case.command}")
def test_a_rule_is_the_same_at_every_door(case: Case, program: Program, book: Database) -> None:
    said = program(*case.command.split(), "--json", code=1)
    told = json.loads(said.err)
    with pytest.raises(Refused) as refused:
        case.call(book)
    assert refused.value.rule == told["rule"] == case.rule
    assert str(refused.value) == told["error"]
    psql = program("psql", "--", "-v", "VERBOSITY=verbose", "-c", case.sql, code=1)
    assert "CONSTRAINT NAME:  " + case.rule in psql.err


@pytest.mark.parametrize(
    "statement",
    [
        "insert into dm.payments (loan_id, kind, amount, owner) values (1, 'payment', 1, 'x')",
        "update dm.loans set status = 'paid'",
        "delete from dm.loans",
        "update dm.clients set status = 'approved'",
        "update dm.products set tax_fixed_percent = 0",
        "insert into ops.requests values ('a', 'b', '{}', '{}', 'c')",
        "select ops.settle_loan(null, 0)",
    ],
)
def test_the_application_has_no_other_way(statement: str, program: Program) -> None:
    said = program("psql", "--", "-c", statement, code=1)
    assert "permission denied" in said.err


@pytest.mark.parametrize(
    ("statement", "rule"),
    [
        ("update dm.loans set loan_amount = -1", "loans_loan_amount_positive"),
        ("update dm.payments set amount = 1", "payments_append_only"),
        ("update dm.products set term_days = 1", "products_terms_stand"),
        (
            (
                "insert into dm.products (product_id, name, validity, term_days, tax_fixed_percent,"
                " tax_daily_percent) values (1, 'x', '[2024-01-01,)', 30, 0, 0)"
            ),
            "products_one_version_a_day",
        ),
    ],
)
def test_even_the_owner_meets_the_constraints(statement: str, rule: str, program: Program) -> None:
    said = program("psql", "--owner", "--", "-v", "VERBOSITY=verbose", "-c", statement, code=1)
    assert rule in said.err


def test_a_server_that_falls_in_mid_work_leaves_nothing_half_done(tmp_path: Path) -> None:
    given = settings.load(tmp_path / "fallen", environ={})
    with open_book(given=given) as book:
        clients.register(book, credit_limit=Decimal(500), interest_rate=Decimal(20), batch=1)

        def fall_in_mid_work() -> None:
            with book.transaction():
                loans.open_loan(book, 1_000_000_000, Decimal(100), key="a")
                pidfile = given.home / "server" / "cluster" / "data" / "postmaster.pid"
                os.kill(int(pidfile.read_text().splitlines()[0]), signal.SIGQUIT)
                while True:  # until it has fallen, which takes it a moment
                    book.value("select 1")

        with pytest.raises(ConnectionLost, match="run the same command again"):
            fall_in_mid_work()
    with open_book(given=given) as book:
        assert loans.find(book, loans.Search()) == []
        made = loans.open_loan(book, 1_000_000_000, Decimal(100), key="a")
    with open_book(given=given) as book:
        assert loans.open_loan(book, 1_000_000_000, Decimal(100), key="a") == made


def test_history_tells_who_did_what_at_which_door(program: Program, book: Database) -> None:
    command = ("payments", "post", EVA_LOAN, "--amount", "1", "--actor", "at the counter")
    program(*command)
    payments.post(book, EVA_LOAN, Decimal(2))
    program("psql", "--actor", "by hand", "--", "-c", f"select api.post_payment({EVA_LOAN}, 3)")
    told = loans.history(book, EVA_LOAN)
    assert [(one.actor, one.amount) for one in told.payments[-3:]] == [
        ("at the counter", Decimal(1)),
        ("tester", Decimal(2)),
        ("by hand", Decimal(3)),
    ]
    amounts = [change.changes["amount_paid"] for change in told.changes[-3:]]
    assert [after - before for before, after in amounts] == [1, 2, 3]
    then = loans.at(book, EVA_LOAN, told.changes[-2].at)
    assert then.amount_paid == amounts[1][1]
    assert isinstance(then.created_at, datetime)
    assert "All " in program("check").out
