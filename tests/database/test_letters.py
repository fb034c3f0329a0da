"""Letters in the database: both unique keys, states in their order, an event of each change."""

from __future__ import annotations

from datetime import date
from itertools import product
from typing import TYPE_CHECKING

import pytest

from loanbook.errors import DatabaseError, Refused

if TYPE_CHECKING:
    from tests.desk import Desk
    from tests.houses import Rolled

STATES = ("planned", "claimed", "sent", "failed", "unknown", "suppressed", "cancelled")
FOLLOW = {
    "planned": {"claimed", "suppressed", "cancelled"},
    "claimed": {"sent", "failed", "unknown", "suppressed", "cancelled", "planned"},
    "failed": {"planned", "claimed", "suppressed", "cancelled"},
    "unknown": {"planned", "sent", "failed", "suppressed", "cancelled"},
    "suppressed": {"planned", "cancelled"},
    "sent": set(),
    "cancelled": set(),
}
PEOPLE = """
insert into dm.clients (user_id, created_at, status, batch, credit_limit, interest_rate, owner)
values (1, '2023-01-10', 'approved', 1, 1000, 20, 'main');
insert into dm.loans (loan_id, user_id, created_at, due_at, status, loan_amount, tax, due_amount,
    amount_paid, owner)
values (10, 1, '2023-10-30', '2024-01-28', 'ongoing', 1000, 11.18, 1061.18, 0, 'main');
insert into ops.senders (host, pid, actor) values ('here', 1, 'tester');
"""
LETTER = """
insert into ops.letters (kind, user_id, local_date, state, due_from, reason, sender_id, claimed_at,
    ended_at, actor)
select 'reminder', 1, %(day)s, %(state)s, now(), 'so', s.sender_id, now(),
    case when %(state)s in ('sent', 'suppressed', 'cancelled') then now() end, 'tester'
from ops.senders as s
returning letter_id
"""
CHANGE = """
update ops.letters set state = %(state)s,
    ended_at = case when %(state)s in ('sent', 'suppressed', 'cancelled') then now() end
where letter_id = %(letter)s returning letter_id
"""
STEP = """
insert into ops.letter_loans (letter_id, loan_id, due_on, kind, step, state, noted_on)
values (%(letter)s, 10, '2024-01-28', %(kind)s, %(step)s, %(state)s, '2024-01-25')
returning telling_id
"""
DAY = date(2024, 1, 25)


@pytest.fixture
def stocked(book: Rolled) -> Rolled:
    """A client with a loan, and a sender."""
    book.owner.run(PEOPLE)
    return book


def letter(book: Rolled, state: str = "planned", day: date = DAY) -> int:
    return int(book.owner.value(LETTER, day=day, state=state))


@pytest.mark.parametrize(("before", "after"), sorted(product(STATES, STATES)))
def test_a_state_follows_only_the_states_it_may(stocked: Rolled, before: str, after: str) -> None:
    number = letter(stocked, before)
    if after in FOLLOW[before] | {before}:
        stocked.owner.row(CHANGE, letter=number, state=after)
        return
    with pytest.raises(Refused) as refused:
        stocked.owner.row(CHANGE, letter=number, state=after)
    assert refused.value.rule == "letters_state_follows"
    assert str(refused.value) == f"letter {number} is {before}; it cannot become {after}"


def test_each_change_of_state_is_kept_whoever_makes_it(stocked: Rolled) -> None:
    number = letter(stocked)
    for state in ("claimed", "failed", "failed", "claimed", "unknown", "sent"):
        stocked.owner.row(CHANGE, letter=number, state=state)
    found = stocked.app.rows("select state_before, state, actor from api.letter_events")
    assert [(row["state_before"], row["state"]) for row in found] == [
        (None, "planned"), ("planned", "claimed"), ("claimed", "failed"), ("failed", "claimed"),
        ("claimed", "unknown"), ("unknown", "sent"),
    ]  # fmt: skip
    assert {row["actor"] for row in found} == {"tester"}


def test_a_client_gets_one_letter_a_day(stocked: Rolled) -> None:
    letter(stocked)
    letter(stocked, day=date(2024, 1, 26))
    with pytest.raises(Refused) as refused:
        letter(stocked)
    assert refused.value.rule == "letters_once_a_day"


@pytest.mark.parametrize("state", STATES)
def test_only_a_cancelled_letter_makes_room_for_another_of_its_day(
    stocked: Rolled, state: str
) -> None:
    letter(stocked, state)
    if state == "cancelled":
        letter(stocked)
        return
    with pytest.raises(Refused) as refused:
        letter(stocked)
    assert refused.value.rule == "letters_once_a_day"


@pytest.mark.parametrize(
    ("kind", "step", "rule"),
    [("reminder", -3, "letter_loans_step_once"), ("paid_off", None, "letter_loans_thanked_once")],
)
def test_a_step_of_a_loan_is_told_once(
    stocked: Rolled, kind: str, step: int | None, rule: str
) -> None:
    number = letter(stocked)
    stocked.owner.value(STEP, letter=number, kind=kind, step=step, state="cancelled")
    stocked.owner.value(STEP, letter=number, kind=kind, step=step, state="planned")
    with pytest.raises(Refused) as refused:
        stocked.owner.value(STEP, letter=number, kind=kind, step=step, state="planned")
    assert refused.value.rule == rule


def test_a_missed_step_stands_in_the_way_of_a_letter_too(stocked: Rolled) -> None:
    stocked.owner.value(STEP, letter=None, kind="reminder", step=-3, state="missed")
    with pytest.raises(Refused) as refused:
        stocked.owner.value(STEP, letter=letter(stocked), kind="reminder", step=-3, state="planned")
    assert refused.value.rule == "letter_loans_step_once"


@pytest.mark.parametrize(
    ("state", "becomes"),
    [("claimed", "planned"), ("suppressed", "cancelled"), ("cancelled", "cancelled")],
)
def test_what_becomes_of_a_letter_becomes_of_its_steps(
    stocked: Rolled, state: str, becomes: str
) -> None:
    number = letter(stocked)
    stocked.owner.value(STEP, letter=number, kind="reminder", step=-3, state="planned")
    stocked.owner.row(CHANGE, letter=number, state=state)
    found = "select state from ops.letter_loans"
    assert stocked.owner.value(found) == becomes
    if state == "claimed":
        stocked.owner.row(CHANGE, letter=number, state="sent")
        assert stocked.owner.value(found) == "told"
    if state == "suppressed":
        stocked.owner.row(CHANGE, letter=number, state="planned")
        assert stocked.owner.value(found) == "planned"


BROKEN = {
    "letters_kind_known": "kind = 'advert'",
    "letters_channel_known": "channel = 'pigeon'",
    "letters_state_known": "state = 'lost'",
    "letters_to_client_or_team": "user_id = null",
    "letters_planned_for_a_time": "due_from = null",
    "letters_attempts_valid": "attempts = -1",
    "letters_digest_is_sha256": "address_digest = 'ana@example.com'",
    "letters_ended_with_date": "ended_at = now()",
    "letters_bounced_were_sent": "bounced_at = now()",
    "letters_claimed_by_a_sender": "state = 'claimed', sender_id = null",
    "letters_unsent_with_reason": "state = 'suppressed', ended_at = now(), reason = null",
}


@pytest.mark.parametrize("rule", BROKEN)
def test_what_no_letter_can_be(stocked: Rolled, rule: str) -> None:
    letter(stocked)
    stocked.owner.run("alter table ops.letters disable trigger letters_state_follows")
    with pytest.raises(Refused) as refused:
        stocked.owner.run(f"update ops.letters set {BROKEN[rule]}")  # type: ignore[arg-type, unused-ignore]  # noqa: S608
    assert refused.value.rule == rule


@pytest.mark.parametrize(
    ("statement", "rule"),
    [
        ("delete from ops.letters", "letters_stay"),
        ("truncate ops.letters cascade", "letters_stay"),
        ("delete from ops.letter_events", "letter_events_append_only"),
        ("update ops.letter_events set state = 'sent'", "letter_events_append_only"),
        ("truncate ops.letter_events", "letter_events_append_only"),
    ],
)
def test_letters_and_their_events_stay(stocked: Rolled, statement: str, rule: str) -> None:
    letter(stocked)
    with pytest.raises(Refused) as refused:
        stocked.owner.run(statement)  # type: ignore[arg-type, unused-ignore]
    assert refused.value.rule == rule


@pytest.mark.parametrize(
    "table",
    ["letters", "letter_loans", "letter_events", "senders", "suppressions", "disputes",
     "loans_in_sight"],
)  # fmt: skip
def test_the_application_writes_no_table_of_letters(desk: Desk, table: str) -> None:
    with pytest.raises(DatabaseError, match="permission denied"):
        desk.app.run(f"delete from ops.{table}")  # type: ignore[arg-type, unused-ignore]  # noqa: S608


@pytest.mark.parametrize(
    ("call", "rule"),
    [
        ("api.dispute_loan(10, ' ')", "dispute_has_reason"),
        ("api.dispute_loan(99, 'so')", "loan_exists"),
        ("api.settle_dispute(10, '')", "settlement_has_reason"),
        ("api.settle_dispute(10, 'so')", "dispute_stands"),
        ("api.suppress_address('a@b.example', '')", "suppression_has_reason"),
        ("api.suppress_address('nobody', 'so')", "suppression_of_an_address"),
        ("api.retry_letter(1, 'so')", "letter_exists"),
        ("api.opt_out(1, 'so')", "contact_exists"),
    ],
)
def test_what_is_refused_has_its_rule(stocked: Rolled, call: str, rule: str) -> None:
    with pytest.raises(Refused) as refused:
        stocked.app.value(f"select {call}")  # type: ignore[arg-type, unused-ignore]
    assert refused.value.rule == rule


def test_a_loan_is_disputed_once_at_a_time(stocked: Rolled) -> None:
    stocked.app.value("select api.dispute_loan(10, 'never got the money')")
    with pytest.raises(Refused) as refused:
        stocked.app.value("select api.dispute_loan(10, 'again')")
    assert refused.value.rule == "disputes_one_standing"


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("550 5.1.1 <ana@example.com>: no such user", "550 5.1.1 <(address)>: no such user"),
        ("ana.lima@ação.example, bruno@b.example refused", "(address), (address) refused"),
        ("two\r\nlines\t and\x01 more", "two lines and more"),
        ("   ", None),
        (None, None),
        ("x" * 600, "x" * 500),
    ],
)
def test_what_a_server_says_is_kept_without_addresses(
    book: Rolled, said: str | None, kept: str | None
) -> None:
    assert book.owner.value("select ops.without_addresses(%(said)s)", said=said) == kept
