"""One client, from Python: registered, amended, and looked at as it was."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from tests.cast import ANA, ANA_OPEN, CLIENTS, DAVI, LOANS, NEXT, broken

from loanbook import clients, loans
from loanbook.errors import NotFound, Refused, StaleVersion

if TYPE_CHECKING:
    from tests.desk import Desk

    from loanbook.history import Change

TERMS: dict[str, Any] = {
    "credit_limit": Decimal("1500.50"),
    "interest_rate": Decimal("20.5"),
    "batch": 4,
}
MOMENT = timedelta(microseconds=1)


def test_a_registered_client_has_an_id_that_no_file_can_claim(desk: Desk) -> None:
    first = clients.register(desk.app, **TERMS)
    second = clients.register(desk.app, **TERMS, created_at=datetime(2024, 1, 25, 9, 30))  # noqa: DTZ001
    assert (first, second) == (1_000_000_000, 1_000_000_001)
    made = clients.get(desk.app, second)
    assert (made.credit_limit, made.interest_rate, made.batch) == tuple(TERMS.values())
    assert (made.status, made.owner, made.version) == ("approved", "loanbook", 1)
    assert made.created_at == datetime(2024, 1, 25, 9, 30)  # noqa: DTZ001


@pytest.mark.parametrize(
    ("terms", "rule"),
    [
        ({"credit_limit": Decimal("100.005")}, "clients_credit_limit_two_decimals"),
        ({"credit_limit": Decimal(-1)}, "clients_credit_limit_valid"),
        ({"credit_limit": Decimal("NaN")}, "clients_credit_limit_valid"),
        ({"credit_limit": Decimal("Infinity")}, "clients_credit_limit_valid"),
        ({"interest_rate": Decimal("20.00001")}, "clients_interest_rate_four_decimals"),
        ({"interest_rate": Decimal(10001)}, "clients_interest_rate_valid"),
        ({"batch": 0}, "clients_batch_positive"),
    ],
)
def test_values_are_refused_by_name_before_they_are_rounded(
    desk: Desk, terms: dict[str, Any], rule: str
) -> None:
    with pytest.raises(Refused) as refused:
        clients.register(desk.app, **TERMS | terms)
    assert refused.value.rule == rule
    assert desk.keys("clients") == set()


def test_an_amendment_needs_a_reason_and_the_version_seen(desk: Desk) -> None:
    user_id = clients.register(desk.app, **TERMS)
    with pytest.raises(Refused, match="needs a reason"):
        clients.amend(desk.app, user_id, reason=" ", batch=2)
    assert clients.amend(desk.app, user_id, reason="moved", batch=2, version=1) == 2
    with pytest.raises(StaleVersion, match="tester changed batch"):
        clients.amend(desk.app, user_id, reason="moved", batch=3, version=1)
    assert clients.amend(desk.app, user_id, reason="the same", batch=2) == 2
    with pytest.raises(NotFound, match="There is no client 7"):
        clients.amend(desk.app, 7, reason="moved", batch=2)


def test_an_upsert_registers_or_amends(desk: Desk) -> None:
    made = clients.upsert(desk.app, **TERMS)
    assert (made.user_id, made.version, made.action) == (1_000_000_000, 1, "registered")
    same = clients.upsert(desk.app, made.user_id, batch=4, reason="checked")
    assert (same.version, same.action) == (1, "unchanged")
    amended = clients.upsert(desk.app, made.user_id, batch=5, reason="moved")
    assert (amended.version, amended.action) == (2, "amended")


def test_a_transaction_around_several_acts_is_the_callers(desk: Desk) -> None:
    with suppress(ZeroDivisionError), desk.app.transaction():
        clients.register(desk.app, **TERMS)
        raise ZeroDivisionError
    assert desk.keys("clients") == set()


def test_history_tells_who_did_what_and_when(desk: Desk) -> None:
    batch = desk.load(clients=CLIENTS).batch("clients").batch_id
    clients.amend(desk.app, 1, reason="two loans repaid", credit_limit=Decimal(9000))
    came, amended = clients.history(desk.app, 1)
    assert (came.operation, came.batch_id, came.reason) == ("insert", batch, None)
    assert came.changes["credit_limit"] == (None, ANA.credit_limit)
    assert (amended.operation, amended.actor, amended.batch_id) == ("update", "tester", None)
    assert amended.reason == "two loans repaid"
    assert dict(amended.changes) == {"credit_limit": (ANA.credit_limit, Decimal("9000.00"))}
    assert isinstance(amended.changes["credit_limit"][1], Decimal)
    assert amended.session_role == "loanbook_app"


def test_a_client_is_seen_as_it_was_at_every_instant(desk: Desk) -> None:
    desk.load(clients=CLIENTS)
    clients.amend(desk.app, 4, reason="more", credit_limit=Decimal("2600.75"))
    desk.load(clients=[broken(DAVI, batch="7")], day=NEXT)
    now = clients.get(desk.app, 4)
    assert (now.credit_limit, now.batch) == (Decimal("2600.75"), 7)
    seen = [
        (then.credit_limit, then.batch, then.version)
        for change in clients.history(desk.app, 4)
        for then in [clients.at(desk.app, 4, change.at)]
    ]
    assert seen == [
        (DAVI.credit_limit, 3, 1),
        (Decimal("2600.75"), 3, 2),
        (Decimal("2600.75"), 7, 3),
    ]
    assert clients.at(desk.app, 4, datetime.now(UTC)) == now


def first_of(history: list[Change]) -> datetime:
    return history[0].at


def test_before_a_client_came_a_sentence_says_so(desk: Desk) -> None:
    long_ago = datetime(2020, 1, 1, tzinfo=UTC)
    with pytest.raises(NotFound, match="The book is still empty"):
        clients.at(desk.app, 1, long_ago)
    desk.load(clients=[ANA])
    desk.load(clients=[ANA, DAVI], day=NEXT)
    began = first_of(clients.history(desk.app, 1))
    came = first_of(clients.history(desk.app, 4))
    with pytest.raises(NotFound, match=r"At 2020-01-01 .* the book was empty; it begins at"):
        clients.at(desk.app, 1, long_ago)
    with pytest.raises(NotFound, match=r"Client 4 was not in the book at .*; it came at"):
        clients.at(desk.app, 4, began)
    with pytest.raises(NotFound, match="Client 4 was not in the book"):
        clients.at(desk.app, 4, came - MOMENT)
    assert clients.at(desk.app, 4, came).user_id == 4
    with pytest.raises(NotFound, match=r"There is no client 99\."):
        clients.at(desk.app, 99, came)
    desk.load(clients=[broken(ANA, batch="2")], day=NEXT, full=True, allow_deletions=True)
    with pytest.raises(NotFound, match=r"Client 4 was not in the book at .*; it left at"):
        clients.at(desk.app, 4, datetime.now(UTC))
    assert [change.operation for change in clients.history(desk.app, 4)] == ["insert", "delete"]


@pytest.mark.parametrize("ask", [clients.get, clients.history, loans.get, loans.history])
def test_an_unknown_number_is_one_sentence(desk: Desk, ask: Any) -> None:  # noqa: ANN401
    with pytest.raises(NotFound, match=r"^There is no (client|loan) 99\.$"):
        ask(desk.app, 99)


def test_a_loan_and_its_money_are_seen_as_they_were(desk: Desk) -> None:
    desk.load(clients=CLIENTS, loans=LOANS)
    desk.load(loans=[broken(ANA_OPEN, amount_paid="500.25")], day=NEXT)
    assert loans.get(desk.app, 2).amount_paid == Decimal("500.25")
    story = loans.history(desk.app, 2)
    before = loans.at(desk.app, 2, first_of(story.changes))
    assert (before.amount_paid, before.version) == (ANA_OPEN.amount_paid, 1)
    assert before.balance == ANA_OPEN.due_amount - ANA_OPEN.amount_paid
    assert [change.operation for change in story.changes] == ["insert", "update"]
    assert dict(story.changes[1].changes) == {"amount_paid": (Decimal("300.25"), Decimal("500.25"))}
    moved = [(one.kind, one.amount, one.effective_on, one.actor) for one in story.payments]
    assert moved == [
        ("opening", Decimal("300.25"), None, "tester"),
        ("payment", Decimal("200.00"), NEXT - timedelta(days=1), "tester"),
    ]
