"""The queue of letters: claimed once, marked by whoever has them, and what becomes of the rest."""

from __future__ import annotations

import json
import random
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from tests.mailroom import Mailroom, borrower, due_on

from loanbook import disputes
from loanbook.errors import NotFound, Refused
from loanbook.outbox import queue
from loanbook.outbox.letter import Fate
from loanbook.reminders import plan

if TYPE_CHECKING:
    from tests.desk import Desk
    from tests.houses import Houses

    from loanbook.outbox.letter import Letter

DAY = date(2024, 1, 25)  # a Thursday
ONE = borrower(1)


def days(count: int) -> timedelta:
    return timedelta(days=count)


def filled(desk: Desk, count: int) -> Mailroom:
    """So many clients with a letter each, planned."""
    room = Mailroom(desk)
    people = [borrower(number) for number in range(1, count + 1)]
    room.stock(people, [due_on(100 + one.user_id, one, DAY + days(3)) for one, _ in people])
    room.sound(DAY)
    assert room.plan(DAY).planned == count
    return room


@pytest.fixture
def room(desk: Desk) -> Mailroom:
    """One client, whose letter is planned."""
    return filled(desk, 1)


def test_a_claimed_letter_has_all_that_its_text_needs(room: Mailroom) -> None:
    (letter,) = room.claim(room.at(DAY))
    assert (letter.kind, letter.user_id, letter.local_date) == ("reminder", 1, DAY)
    assert (letter.address, letter.name, letter.locale) == (
        "client1@example.com", "Client 1", "pt-BR",
    )  # fmt: skip
    assert (letter.attempt, letter.optional, letter.about) == (1, True, {})
    (loan,) = letter.loans
    assert (loan.step, loan.balance, loan.due_on) == (-3, Decimal("1061.18"), DAY + days(3))
    assert room.claim(room.at(DAY)) == []


def test_the_oldest_go_first_and_no_more_than_asked(desk: Desk) -> None:
    room = filled(desk, 7)
    claims = [[one.letter_id for one in room.claim(room.at(DAY), 3)] for _ in range(4)]
    assert claims == [[1, 2, 3], [4, 5, 6], [7], []]


def test_the_balance_is_that_of_the_claim(room: Mailroom) -> None:
    room.desk.owner.run("update dm.loans set amount_paid = 61.18")
    (letter,) = room.claim(room.at(DAY))
    assert letter.loans[0].balance == 1000


REREAD = {
    "update dm.loans set status = 'paid', paid_at = due_at - interval '4 days',"
    " amount_paid = due_amount": ("cancelled", "nothing is open any more"),
    "update dm.loans set amount_paid = due_amount": ("cancelled", "nothing is open any more"),
    "update dm.loans set due_at = due_at + interval '1 day'": (
        "cancelled",
        "nothing is open any more",
    ),
    "update dm.loans set amount_paid = due_amount - 0.5": ("suppressed", "below_minimum"),
    "update dm.contacts set email = 'nobody'": ("suppressed", "no_contact"),
    "update dm.contacts set opted_out_at = '2024-01-25'": ("suppressed", "opted_out"),
    "select api.suppress_address('client1@example.com', 'it bounced')": (
        "suppressed",
        "suppressed",
    ),
    "select api.dispute_loan(101, 'paid in cash')": ("suppressed", "disputed"),
}


@pytest.mark.parametrize("change", REREAD)
def test_what_came_in_between_keeps_a_planned_letter_back(room: Mailroom, change: str) -> None:
    room.desk.owner.run(change)  # type: ignore[arg-type, unused-ignore]
    assert room.claim(room.at(DAY)) == []
    assert room.states() == [REREAD[change]]
    assert room.steps(101) == {-7: "missed"}
    assert room.ailments() == []


def test_a_change_of_the_cap_counts_at_the_claim(room: Mailroom) -> None:
    room.post(room.at(DAY))
    room.sound(DAY + days(1))
    room.plan(DAY + days(1), user_id=1)
    fewer = Mailroom(room.desk, most_in_7_days=1)
    assert fewer.claim(room.at(DAY + days(1))) == []
    assert room.states()[1] == ("suppressed", "cap_reached")


def test_outside_the_window_or_behind_the_gate_nothing_is_claimed(room: Mailroom) -> None:
    assert room.claim(room.at(DAY, 20)) == []
    with room.desk.app.transaction():  # the day is being done again
        room.desk.app.value("select api.claim_runs()")
        room.desk.app.row("select api.begin_run(%(day)s, 'here', 1)", day=DAY)
    assert room.claim(room.at(DAY)) == []
    room.sound(DAY)
    assert len(room.claim(room.at(DAY))) == 1


def test_a_loan_paid_meanwhile_is_left_out_of_a_letter_for_two(desk: Desk) -> None:
    room = Mailroom(desk)
    other = due_on(11, ONE[0], DAY - days(15), status="default")
    room.stock([ONE], [due_on(10, ONE[0], DAY + days(3)), other])
    room.sound(DAY)
    room.plan(DAY)
    desk.owner.run(
        "update dm.loans set status = 'paid', paid_at = '2024-01-24', amount_paid = due_amount"
        " where loan_id = 11"
    )
    (letter,) = room.post(room.at(DAY))
    assert [loan.loan_id for loan in letter.loans] == [10]
    assert room.steps(10, "told") == {-3: "told"}
    assert room.steps(11, "told") == {}
    assert room.ailments() == []


def test_letters_to_the_team_go_once_and_at_any_hour(room: Mailroom) -> None:
    book, told = room.desk.app, ("notice", "gate 2024-01-25 a@b.example", "a@b.example")
    assert queue.queue_team_letter(book, *told, DAY, {"reason": "no run"}) == 2
    assert queue.queue_team_letter(book, *told, DAY, {"reason": "no run"}) is None
    assert room.claim(room.at(DAY - days(1), 23, 59)) == []
    (letter,) = room.claim(room.at(DAY + days(10), 3))
    assert (letter.kind, letter.address, letter.user_id) == ("notice", "a@b.example", None)
    assert letter.about == {"reason": "no run"}
    assert letter.loans == ()
    for kind, recipient in (("reminder", "a@b.example"), ("notice", "nobody")):
        with pytest.raises(Refused):
            queue.queue_team_letter(book, kind, "x", recipient, DAY, {})


def test_only_the_session_of_a_sender_claims_for_it(room: Mailroom, houses: Houses) -> None:
    with houses.app(room.desk.name) as other:
        sender = queue.enter(other)
        with pytest.raises(Refused) as refused:
            room.claim_as(room.desk.app, sender, room.at(DAY))
        assert refused.value.rule == "sender_is_here"
        assert len(room.claim_as(other, sender, room.at(DAY))) == 1
        queue.leave(other, sender)
        with pytest.raises(Refused):
            room.claim_as(other, sender, room.at(DAY))


def test_only_the_sender_that_claimed_marks(room: Mailroom, houses: Houses) -> None:
    with houses.app(room.desk.name) as other:
        (letter,) = room.claim_as(other, queue.enter(other), room.at(DAY))
        assert room.mark([letter], room.at(DAY)) == 0
        assert room.letters()[0]["state"] == "claimed"


def test_what_failed_is_tried_again_later_and_twice_as_late(room: Mailroom) -> None:
    now = room.at(DAY, 9)
    for waits in (300, 600, 1200, 2400, 4800):
        (letter,) = room.claim(now)
        room.mark([letter], now, "failed", "450 try later")
        assert room.claim(now + timedelta(seconds=waits - 1)) == []
        now += timedelta(seconds=waits)
    (letter,) = room.claim(now)
    assert letter.attempt == 6
    room.mark([letter], now, "failed", "450 try later")
    (row,) = room.letters()
    assert (row["state"], row["due_from"], row["attempts"]) == ("failed", None, 6)
    assert room.claim(room.at(DAY, 19)) == []
    assert room.outcome(DAY) == "already_told"
    # Given up: its step is not told again, unless a person says so.
    room.sound(DAY + days(1))
    assert room.outcome(DAY + days(1)) == "no_step"


def test_a_retry_beyond_the_day_is_planned_anew_on_the_next(room: Mailroom) -> None:
    now = room.at(DAY, 19, 59)
    mail = room.settings.letters.mail
    (letter,) = room.claim(now)
    fate = Fate(letter.letter_id, "failed", None, "450 try later")
    long = type(mail)(backoff=5 * 3600)
    assert queue.mark(room.desk.app, room.sender_id, [fate], now, long) == 1
    assert room.states() == [("cancelled", "450 try later")]
    assert room.plan(DAY, now).left == {"already_told": 1}
    room.sound(DAY + days(1))
    assert room.plan(DAY + days(1)).planned == 1


def test_a_person_has_a_failed_letter_tried_again(room: Mailroom) -> None:
    book = room.desk.app
    now = room.at(DAY, 9)
    room.mark(room.claim(now), now, "failed")
    with pytest.raises(Refused) as refused:
        queue.retry(book, 1, " ", now)
    assert refused.value.rule == "retry_has_reason"
    assert queue.retry(book, 1, "the server is up", now) == "planned"
    (letter,) = room.claim(now)
    assert letter.attempt == 1
    room.mark([letter], now, "failed")
    assert queue.retry(book, 1, "the server is up", room.at(DAY + days(1))) == "cancelled"
    with pytest.raises(Refused) as refused:
        queue.retry(book, 1, "once more", now)
    assert refused.value.rule == "retry_of_failed"
    with pytest.raises(NotFound):
        queue.retry(book, 99, "once more", now)


def test_a_suppressed_letter_goes_after_all_unless_its_step_was_told(room: Mailroom) -> None:
    book = room.desk.app
    disputes.dispute(book, 101, "paid in cash")
    assert room.claim(room.at(DAY)) == []
    disputes.settle(book, 101, "was another loan")
    assert queue.retry(book, 1, "settled", room.at(DAY)) == "planned"
    assert len(room.claim(room.at(DAY))) == 1


def test_a_suppressed_letter_whose_step_another_told_stays(room: Mailroom) -> None:
    book = room.desk.app
    disputes.dispute(book, 101, "paid in cash")
    assert room.claim(room.at(DAY)) == []
    disputes.settle(book, 101, "was another loan")
    assert len(room.work(DAY + days(1))) == 1
    with pytest.raises(Refused) as refused:
        queue.retry(book, 1, "settled", room.at(DAY))
    assert refused.value.rule == "letter_loans_step_once"


def test_a_refused_recipient_is_suppressed_with_a_task(room: Mailroom) -> None:
    now = room.at(DAY)
    room.mark(room.claim(now), now, "suppressed", "550 <client1@example.com>: no such user")
    assert room.states() == [("suppressed", "550 <(address)>: no such user")]
    assert room.desk.findings() == {("contacts_undeliverable", 1)}
    room.sound(DAY + days(1))
    assert room.outcome(DAY + days(1)) == "suppressed"


def test_an_address_mended_before_the_answer_is_not_blamed(room: Mailroom) -> None:
    now = room.at(DAY)
    claimed = room.claim(now)
    room.desk.app.row("select api.amend_contact(1, 'new', p_email => 'new@example.com')")
    room.mark(claimed, now, "suppressed", "550 no such user")
    assert room.desk.findings() == set()
    room.sound(DAY + days(1))
    assert room.outcome(DAY + days(1)) == "due"


def test_a_bounce_suppresses_the_address_of_a_sent_letter(room: Mailroom) -> None:
    book, now = room.desk.app, room.at(DAY)
    room.post(now)
    assert queue.note_bounce(book, "5.1.1 user unknown", message_id="<1@here>") == 1
    assert queue.note_bounce(book, "5.1.1 user unknown", letter_id=1) == 1
    assert queue.note_bounce(book, "5.1.1 user unknown", message_id="<2@here>") is None
    (row,) = room.letters()
    assert (row["state"], row["reason"]) == ("sent", "5.1.1 user unknown")
    assert row["bounced_at"] is not None
    assert room.desk.findings() == {("contacts_undeliverable", 1)}
    events = queue.shown(book, 1).events
    assert [event.state for event in events] == ["planned", "claimed", "sent", "sent"]
    assert room.desk.ailments() == []


def test_letters_of_a_dead_sender_are_unknown_until_a_person_decides(
    room: Mailroom, houses: Houses
) -> None:
    book, now = room.desk.app, room.at(DAY)
    with houses.app(room.desk.name) as other:
        sender = queue.enter(other)
        (letter,) = room.claim_as(other, sender, now)
        assert queue.forsake(book) == 0
    wait_until_gone(room, sender)
    assert queue.forsake(book) == 1
    assert queue.forsake(book) == 0
    assert room.states() == [("unknown", "its sender ended in the middle")]
    assert room.claim(now) == []
    assert room.plan(DAY).left == {"already_told": 1}
    room.sound(DAY + days(1))
    assert room.plan(DAY + days(1)).left == {"no_step": 1}
    assert room.states() == [("unknown", "its sender ended in the middle")]
    assert letter.letter_id == 1


def wait_until_gone(room: Mailroom, sender: int) -> None:
    """The server notices the end of a session a moment later."""
    room.desk.owner.row(
        "select pg_advisory_lock(7208006, %(s)s), pg_advisory_unlock(7208006, %(s)s)", s=sender
    )


@pytest.fixture
def unknown(room: Mailroom, houses: Houses) -> Mailroom:
    """A letter of which nobody knows."""
    with houses.app(room.desk.name) as other:
        sender = queue.enter(other)
        room.claim_as(other, sender, room.at(DAY))
    wait_until_gone(room, sender)
    assert queue.forsake(room.desk.app) == 1
    return room


@pytest.mark.parametrize(
    ("state", "step", "next_day"),
    [
        ("sent", "told", "no_step"),
        ("planned", "planned", "no_step"),
        ("cancelled", "missed", "no_step"),
    ],
)
def test_a_person_resolves_what_is_unknown(
    unknown: Mailroom, state: str, step: str, next_day: str
) -> None:
    book, now = unknown.desk.app, unknown.at(DAY)
    queue.resolve(book, 1, state, "asked the server's people", now)
    assert unknown.letters()[0]["state"] == state
    assert unknown.steps(101)[-3] == step
    assert len(unknown.claim(now)) == (1 if state == "planned" else 0)
    unknown.sound(DAY + days(1))
    assert unknown.outcome(DAY + days(1)) == next_day
    assert unknown.desk.ailments() == []
    with pytest.raises(Refused) as refused:
        queue.resolve(book, 1, "sent", "asked again", now)
    assert refused.value.rule == "resolution_of_unknown"


def test_a_resolution_needs_a_state_and_a_reason(unknown: Mailroom) -> None:
    book, now = unknown.desk.app, unknown.at(DAY)
    for state, reason, rule in (
        ("sent", " ", "resolution_has_reason"),
        ("failed", "so", "resolution_known"),
    ):
        with pytest.raises(Refused) as refused:
            queue.resolve(book, 1, state, reason, now)
        assert refused.value.rule == rule


def test_a_sender_taken_for_dead_may_still_say_what_became_of_its_letters(
    unknown: Mailroom,
) -> None:
    book, now = unknown.desk.app, unknown.at(DAY)
    sender = unknown.letters()[0]["sender_id"]
    mail = unknown.settings.letters.mail
    assert queue.mark(book, sender, [Fate(1, "sent", "<1@here>")], now, mail) == 1
    assert unknown.steps(101)[-3] == "told"
    assert queue.mark(book, sender, [Fate(1, "sent", "<1@here>")], now, mail) == 0
    with pytest.raises(Refused) as refused:
        queue.mark(book, sender, [Fate(1, "lost")], now, mail)
    assert refused.value.rule == "fate_known"


def test_ten_senders_at_once_never_share_a_letter(desk: Desk, houses: Houses) -> None:
    count = 400
    room = filled(desk, count)
    now = room.at(DAY)

    def carry(number: int) -> list[Letter]:
        carried: list[Letter] = []
        dice = random.Random(number)
        mail = room.settings.letters.mail
        with houses.app(desk.name) as book:
            sender = queue.enter(book)
            while letters := room.claim_as(book, sender, now, dice.randint(1, 20)):
                carried += letters
                fates = [Fate(one.letter_id, "sent", f"<{one.letter_id}@here>") for one in letters]
                assert queue.mark(book, sender, fates, now, mail) == len(letters)
        return carried

    with ThreadPoolExecutor(10) as pool:
        carried = [letter for part in pool.map(carry, range(10)) for letter in part]
    times = Counter(letter.letter_id for letter in carried)
    assert len(times) == count
    assert set(times.values()) == {1}
    assert {row["state"] for row in room.letters()} == {"sent"}
    assert desk.ailments() == []


def test_senders_cut_off_at_any_moment_lose_one_claim_and_repeat_nothing(
    desk: Desk, houses: Houses
) -> None:
    count, most, senders = 150, 7, 12
    room = filled(desk, count)
    now, dice = room.at(DAY), random.Random(7)
    mail = room.settings.letters.mail
    seen: Counter[int] = Counter()
    for _ in range(senders):
        with houses.app(desk.name) as book:
            sender = queue.enter(book)
            for _ in range(dice.randint(0, 2)):
                letters = room.claim_as(book, sender, now, most)
                seen.update(one.letter_id for one in letters)
                fates = [Fate(one.letter_id, "sent", f"<{one.letter_id}@here>") for one in letters]
                queue.mark(book, sender, fates, now, mail)
            if dice.random() < 0.7:  # cut off with a claim in hand
                seen.update(one.letter_id for one in room.claim_as(book, sender, now, most))
        wait_until_gone(room, sender)
        queue.forsake(desk.app)
    left = room.post(now)
    seen.update(one.letter_id for one in left)
    assert set(seen.values()) == {1}
    assert len(seen) == count
    states = queue.counts(desk.app)
    assert set(states) == {"sent", "unknown"}
    assert states["unknown"] <= most * senders
    by_sender = desk.app.rows(
        "select count(*) as letters from api.letters where state = 'unknown' group by sender_id"
    )
    assert all(row["letters"] <= most for row in by_sender)
    assert desk.ailments() == []


def test_letters_are_listed_and_shown_without_personal_data(room: Mailroom) -> None:
    book = room.desk.app
    room.post(room.at(DAY))
    queue.queue_team_letter(book, "notice", "gate", "a@b.example", DAY, {"reason": "no run"})
    assert [one.letter_id for one in queue.listed(book)] == [2, 1]
    assert [one.letter_id for one in queue.listed(book, states=("sent",))] == [1]
    assert [one.letter_id for one in queue.listed(book, user_id=1, day=DAY)] == [1]
    assert queue.listed(book, day=DAY + days(1)) == []
    assert [one.letter_id for one in queue.listed(book, before=2, limit=5)] == [1]
    assert queue.counts(book, day=DAY) == {"planned": 1, "sent": 1}
    shown = queue.shown(book, 1)
    assert [(loan.loan_id, loan.step, loan.state) for loan in shown.loans] == [(101, -3, "told")]
    assert [(e.state_before, e.state, e.actor) for e in shown.events] == [
        (None, "planned", "tester"), ("planned", "claimed", "tester"),
        ("claimed", "sent", "tester"),
    ]  # fmt: skip
    told = json.dumps(str(queue.listed(book)) + str(shown))
    assert "client1@example.com" not in told
    assert "Client 1" not in told
    with pytest.raises(NotFound):
        queue.shown(book, 99)


def test_whoever_is_anonymised_is_forgotten_by_letters_too(room: Mailroom) -> None:
    book, now = room.desk.app, room.at(DAY)
    room.post(now)
    queue.note_bounce(book, "unknown", letter_id=1)
    known = "select count(*) from ops.letters where address_digest is not null"
    assert room.desk.owner.value(known) == 1
    with book.transaction():
        book.row("select api.anonymise_client(1, 'asked for it')")
    assert room.desk.owner.value(known) == 0
    assert room.desk.owner.value("select count(*) from ops.suppressions") == 0
    assert room.desk.findings() == set()
    room.sound(DAY + days(4))
    assert room.outcome(DAY + days(4)) == "no_contact"
    assert room.desk.ailments() == []


def test_a_letter_on_its_way_outlives_the_forgetting(room: Mailroom) -> None:
    book, now = room.desk.app, room.at(DAY)
    claimed = room.claim(now)
    with book.transaction():
        book.row("select api.anonymise_client(1, 'asked for it')")
    assert room.mark(claimed, now, "suppressed", "550 no such user") == 1
    assert room.desk.findings() == set()


def test_what_is_held_about_a_person_tells_of_letters_and_disputes(room: Mailroom) -> None:
    disputes.dispute(room.desk.app, 101, "paid in cash")
    held = room.desk.app.value("select api.export_client(1)")
    assert [letter["state"] for letter in held["letters"]] == ["planned"]
    assert [dispute["reason"] for dispute in held["disputes"]] == ["paid in cash"]


def test_an_unknown_letter_that_bounces_had_been_sent(unknown: Mailroom) -> None:
    assert queue.note_bounce(unknown.desk.app, "5.1.1", letter_id=1) == 1
    assert unknown.letters()[0]["state"] == "sent"
    assert unknown.steps(101)[-3] == "told"


def test_rules_say_when_letters_may_go(room: Mailroom) -> None:
    told = plan.rules(room.settings, room.at(DAY, 6))
    assert told["opens_at"] == "2024-01-25T11:00:00+00:00"
    assert plan.rules(room.settings, room.at(DAY, 21))["opens_at"] is None
