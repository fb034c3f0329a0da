"""Facts worth telling that refuse no row: noticed, closed when they no longer hold, or accepted."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from tests.cast import (
    ANA,
    ANA_OPEN,
    ANA_PAID,
    BRUNO,
    CLIENTS,
    CONTACTS,
    DAVI,
    EVA,
    EVA_PAID,
    LOANS,
    NEXT,
    THIRD,
    Client,
    Loan,
    at,
    broken,
    lent,
)

if TYPE_CHECKING:
    from tests.desk import Desk

CENT = Decimal("0.01")


def rules(desk: Desk, *loans: Loan) -> set[str]:
    """The rules that a finding names when these loans come to the cast."""
    desk.load(clients=CLIENTS, loans=loans)
    assert desk.ailments() == []
    return {rule for rule, _ in desk.findings()}


def off(loan: Loan, **cents: int) -> Loan:
    """The same loan with amounts that are some cents off."""
    changed = {name: getattr(loan, name) + CENT * by for name, by in cents.items()}
    return replace(loan, **changed)


# The contract


@pytest.mark.parametrize("by", [-1, 0, 1])
def test_a_cent_is_the_source_s_rounding(desk: Desk, by: int) -> None:
    assert rules(desk, off(ANA_OPEN, due_amount=by, tax=by)) == set()
    assert (desk.loan(2)["interest_rate"], desk.loan(2)["rate_is_implied"]) == (20, False)


@pytest.mark.parametrize("by", [-2, 2, 100])
def test_more_than_a_cent_differs_from_the_contract(desk: Desk, by: int) -> None:
    assert rules(desk, off(ANA_OPEN, due_amount=by)) == {"loans_contract_differs"}
    assert desk.loan(2)["due_amount"] == ANA_OPEN.due_amount + CENT * by
    assert desk.loan(2)["rate_is_implied"] is True


@pytest.mark.parametrize("by", [-2, 2])
def test_a_tax_off_by_more_than_a_cent_differs_from_the_contract(desk: Desk, by: int) -> None:
    assert rules(desk, off(ANA_OPEN, tax=by)) == {"loans_contract_differs"}
    assert desk.loan(2)["rate_is_implied"] is False
    assert desk.loan(2)["tax"] == ANA_OPEN.tax + CENT * by


def test_the_tax_of_the_written_description_is_reported_not_corrected(desk: Desk) -> None:
    wrong = replace(ANA_OPEN, tax=Decimal("113.45"))  # 2500 at 3.8 % + 0.0082 % a day
    assert rules(desk, wrong) == {"loans_contract_differs"}
    assert desk.loan(2)["tax"] == Decimal("113.45")


def test_250_at_20_percent_as_the_source_s_binary_rounding_has_it(desk: Desk) -> None:
    loan = replace(lent(9, EVA, "2024-01-02", 250), due_amount=Decimal("265.29"))
    assert rules(desk, loan) == set()


@pytest.mark.parametrize(
    ("rate", "implied"),
    [("35", "35"), ("0", "0"), ("20.5", "20.5"), ("1.25", "1.25"), ("99.999", "99.999")],
)
def test_amounts_of_another_rate_imply_it_with_the_fewest_decimals(
    desk: Desk, rate: str, implied: str
) -> None:
    other = lent(9, replace(EVA, interest_rate=Decimal(rate)), "2024-01-02", 100_000)
    assert "loans_contract_differs" in rules(desk, other)
    assert desk.loan(9)["interest_rate"] == Decimal(implied)
    assert desk.loan(9)["rate_is_implied"] is True
    detail = desk.app.value("select detail from api.findings where rule = 'loans_contract_differs'")
    assert detail.endswith(f"; its amounts imply {implied} %")


def test_amounts_that_no_rate_explains_have_none(desk: Desk) -> None:
    too_little = replace(ANA_OPEN, due_amount=Decimal(2_500))
    assert rules(desk, too_little) == {"loans_contract_differs"}
    assert (desk.loan(2)["interest_rate"], desk.loan(2)["rate_is_implied"]) == (None, True)
    detail = desk.app.value("select detail from api.findings")
    assert detail.endswith("; no rate explains its amounts")


def test_a_loan_of_less_than_a_day_has_no_rate(desk: Desk) -> None:
    short = replace(EVA_PAID, due_at=EVA_PAID.created_at + timedelta(hours=1))
    assert rules(desk, short) >= {"loans_contract_differs", "loans_term_not_90_days"}
    assert desk.loan(5)["interest_rate"] is None


def test_a_huge_rate_is_no_rate(desk: Desk) -> None:
    usury = replace(ANA_OPEN, due_amount=Decimal("999999999999.99"))
    assert rules(desk, usury) == {"loans_contract_differs"}
    assert desk.loan(2)["interest_rate"] is None


@pytest.mark.parametrize("seconds", [-1, 1, 86_400])
def test_a_term_that_is_not_90_days_to_the_second(desk: Desk, seconds: int) -> None:
    later = replace(EVA_PAID, due_at=EVA_PAID.due_at + timedelta(seconds=seconds))
    found = rules(desk, later)
    assert "loans_term_not_90_days" in found


# Payment


def test_paid_short_overpaid_and_late(desk: Desk) -> None:
    short = off(ANA_PAID, amount_paid=-1)
    over = off(EVA_PAID, amount_paid=1)
    late = lent(9, EVA, "2023-01-15 10:00:00", paid="2023-04-15 10:00:01")
    on_time = lent(10, EVA, "2022-01-15 10:00:00", paid="2022-04-15 10:00:00")
    open_over = replace(ANA_OPEN, amount_paid=ANA_OPEN.due_amount + CENT)
    desk.load(clients=CLIENTS, loans=[short, over, late, on_time, open_over])
    assert desk.findings() == {
        ("loans_paid_short", 1),
        ("loans_overpaid", 5),
        ("loans_paid_late", 9),
        ("loans_overpaid", 2),
    }
    assert desk.ailments() == []


# Limit and denial, as they were at issue


def test_above_the_limit_by_a_cent(desk: Desk) -> None:
    within, above = lent(9, EVA, "2024-01-02", 10_000), lent(8, BRUNO, "2024-01-02", "10000.01")
    desk.load(clients=CLIENTS, loans=[within, above])
    assert desk.findings() == {("loans_above_limit", 8)}
    detail = desk.app.value("select detail from api.findings")
    assert detail == "10000.01 lent, the limit was 10000.00"


def test_a_limit_lowered_later_does_not_make_old_loans_too_large(desk: Desk) -> None:
    large = lent(9, EVA, "2024-01-20", 9_000)
    desk.load(clients=CLIENTS, loans=[large])
    lowered = replace(EVA, credit_limit=Decimal(500))
    desk.load(
        clients=[*CLIENTS[:4], lowered], loans=[replace(large, amount_paid=Decimal(1))], day=NEXT
    )
    assert desk.findings() == set()
    desk.load(loans=[replace(large, amount_paid=Decimal(2))], day=THIRD)
    assert desk.findings() == set()
    assert desk.ailments() == []


def test_a_limit_raised_later_does_not_excuse_old_loans(desk: Desk) -> None:
    large = lent(9, EVA, "2024-01-20", 12_000)
    desk.load(clients=CLIENTS, loans=[large])
    raised = replace(EVA, credit_limit=Decimal(50_000))
    desk.load(clients=[*CLIENTS[:4], raised], day=NEXT)
    desk.load(loans=[replace(large, amount_paid=Decimal(1))], day=THIRD)
    assert desk.findings() == {("loans_above_limit", 9)}
    assert desk.ailments() == []


def test_of_two_limits_on_the_day_of_issue_the_loan_may_use_the_higher(desk: Desk) -> None:
    desk.load(clients=CLIENTS)
    # Told on NEXT: all of it happened on the day before.
    same_day, next_day = lent(9, EVA, "2024-01-25", 9_000), lent(10, ANA, "2024-01-25", 11_000)
    lowered = replace(EVA, credit_limit=Decimal(500))
    raised = replace(ANA, credit_limit=Decimal(11_000))
    desk.load(clients=[lowered, raised], loans=[same_day, next_day], day=NEXT)
    assert desk.findings() == set()
    desk.load(loans=[replace(same_day, status="default"), lent(11, EVA, "2024-01-26")], day=THIRD)
    assert desk.findings() == {("loans_above_limit", 11)}
    assert desk.ailments() == []


def test_an_officer_s_later_limit_does_not_judge_old_loans(desk: Desk) -> None:
    desk.load(clients=CLIENTS)
    with desk.app.transaction():
        desk.app.value("select api.amend_client(5, 'a visit', 100)")
    desk.load(loans=[lent(9, EVA, "2024-01-20", 9_000)], day=NEXT)
    assert desk.findings() == set()
    assert desk.ailments() == []


def test_a_loan_issued_after_the_denial_is_told_of_and_one_before_is_not(desk: Desk) -> None:
    before = lent(8, BRUNO, "2024-01-10 12:00:00")
    after = lent(9, BRUNO, "2024-01-10 12:00:01", paid="2024-01-11")
    desk.load(clients=CLIENTS, loans=[before, after])
    assert desk.findings() == {("loans_after_denial", 9)}
    assert desk.ailments() == []


def test_a_denial_dated_back_is_judged_though_no_loan_changed(desk: Desk) -> None:
    desk.load(clients=CLIENTS, loans=LOANS)
    back = replace(
        ANA, status="denied", denied_reason="criminal_profile", denied_at=at("2023-11-30")
    )
    desk.load(clients=[back, *CLIENTS[1:]], day=NEXT)
    assert desk.findings() == {("loans_after_denial", 2)}
    assert desk.ailments() == []
    desk.load(clients=[ANA, *CLIENTS[1:]], day=THIRD, again=True)
    assert desk.findings() == set()
    assert desk.ailments() == []


# Contacts


@pytest.mark.parametrize(
    ("email", "told"),
    [
        ("ana@example.com", False),
        ("a.b+c@mail.example.com", False),
        ("joão@exemplo.com.br", False),
        ("", False),
        ("ana", True),
        ("ana@", True),
        ("@example.com", True),
        ("ana@example", True),
        ("ana @example.com", True),
        ("ana@example.com, eva@example.com", True),
        ("ana@@example.com", True),
        ("ana@example..com", True),
    ],
)
def test_an_address_that_is_none_is_told_of(desk: Desk, email: str, told: bool) -> None:
    desk.load(clients=[ANA], contacts=[broken(CONTACTS[0], email=email)])
    assert desk.findings() == ({("contacts_email_malformed", 1)} if told else set())


def test_a_mended_address_closes_its_finding(desk: Desk) -> None:
    desk.load(clients=[ANA], contacts=[replace(CONTACTS[0], email="ana")])
    desk.load(contacts=[CONTACTS[0]], day=NEXT)
    assert desk.findings() == set()
    assert desk.findings("closed") == {("contacts_email_malformed", 1)}


# The life of a finding


def standing(desk: Desk) -> list[tuple[object, ...]]:
    """State, first and last batch, and detail of all findings, in order."""
    found = desk.app.rows("select * from api.findings order by finding_id")
    return [(f["state"], f["first_batch"], f["last_batch"], f["detail"]) for f in found]


def test_seen_again_only_its_last_sight_moves(desk: Desk) -> None:
    over = off(EVA_PAID, amount_paid=1)
    first = desk.load(clients=CLIENTS, loans=[over]).batch("loans").batch_id
    more = off(EVA_PAID, amount_paid=2)
    second = desk.load(loans=[more], day=NEXT).batch("loans").batch_id
    assert standing(desk) == [("open", first, second, "paid 265.32 of 265.30")]


def test_one_that_no_longer_holds_closes_and_one_that_returns_is_new(desk: Desk) -> None:
    late = replace(EVA_PAID, paid_at=at("2024-01-20"))
    desk.load(clients=CLIENTS, loans=[late])
    desk.load(loans=[EVA_PAID], day=NEXT)
    assert [row[0] for row in standing(desk)] == ["closed"]
    desk.load(loans=[late], day=THIRD, again=True)
    assert [row[0] for row in standing(desk)] == ["closed", "open"]
    assert desk.ailments() == []


def test_a_finding_does_not_close_because_its_row_was_not_in_the_file(desk: Desk) -> None:
    desk.load(clients=CLIENTS, loans=[off(EVA_PAID, amount_paid=1), ANA_OPEN])
    desk.load(loans=[replace(ANA_OPEN, amount_paid=Decimal(301))], day=NEXT)
    assert desk.findings() == {("loans_overpaid", 5)}
    assert desk.ailments() == []


def test_an_unchanged_row_keeps_its_finding(desk: Desk) -> None:
    over = off(EVA_PAID, amount_paid=1)
    desk.load(clients=CLIENTS, loans=[over, ANA_OPEN])
    desk.load(loans=[over, replace(ANA_OPEN, amount_paid=Decimal(301))], day=NEXT)
    assert desk.findings() == {("loans_overpaid", 5)}
    assert desk.ailments() == []


def test_an_accepted_finding_is_neither_opened_nor_closed_again(desk: Desk) -> None:
    over = off(EVA_PAID, amount_paid=1)
    desk.load(clients=CLIENTS, loans=[over])
    with desk.app.transaction():
        desk.app.value("select api.accept_finding(finding_id, 'a tip') from api.findings")
    desk.load(loans=[off(over, amount_paid=1)], day=NEXT)
    assert [row[0] for row in standing(desk)] == ["accepted"]
    assert desk.findings() == set()
    assert desk.ailments() == []


def test_an_accepted_second_loan_becomes_regular_like_any_other(desk: Desk) -> None:
    second = lent(6, ANA, "2024-01-20")
    desk.load(clients=CLIENTS, loans=[*LOANS, second])
    with desk.app.transaction():
        desk.app.value("select api.accept_finding(finding_id, 'agreed') from api.findings")
    closed = replace(ANA_OPEN, status="paid", paid_at=at("2024-01-25"),
                     amount_paid=ANA_OPEN.due_amount)  # fmt: skip
    desk.load(loans=[closed, second], day=NEXT)
    assert desk.loan(6)["exempt_from"] is None
    assert desk.ailments() == []
    third = lent(7, ANA, "2024-01-26")
    desk.load(loans=[third], day=THIRD)
    assert desk.findings() == {("loans_second_open", 7)}
    assert desk.ailments() == []


def test_a_batch_counts_the_findings_that_it_was_first_to_show(desk: Desk) -> None:
    loaded = desk.load(
        clients=[*CLIENTS, Client(8)],
        loans=[*LOANS, off(lent(9, Client(8), "2024-01-02", 20_000), due_amount=9)],
    )
    assert loaded.batch("clients").findings == 0
    assert loaded.batch("loans").findings == 2
    assert desk.findings() == {("loans_above_limit", 9), ("loans_contract_differs", 9)}


def test_a_refused_file_tells_nothing(desk: Desk) -> None:
    desk.load(clients=CLIENTS)
    bad = [broken(ANA_OPEN, loan_id=str(100 + n), status="?") for n in range(20)]
    desk.load(loans=[*bad, off(EVA_PAID, amount_paid=1)])
    assert desk.findings() == set()


def test_a_rate_that_explains_the_amounts_within_a_cent_is_not_implied(desk: Desk) -> None:
    # So small a loan is explained by many rates; the client's goes first.
    small = lent(9, DAVI, "2024-01-02", "0.01")
    assert rules(desk, small) == set()
    assert desk.loan(9)["interest_rate"] == 90
