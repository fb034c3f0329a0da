"""The letters of a day: reminded, summed up, delivered; nothing twice; operators told once."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from email import message_from_bytes, policy
from typing import TYPE_CHECKING, Any

import pytest
from tests.cast import ANA, BRUNO, CONTACTS, DAY, EVA, NEXT, THIRD, csv_text
from tests.crew import until
from tests.mailroom import due_on

from loanbook import delinquency
from loanbook.errors import MissingExtra, Refused
from loanbook.outbox import queue
from loanbook.outbox.deliver import Counts
from loanbook.reminders import window
from loanbook.runs import daily, journal, letters
from loanbook.settings.letters import Mail, Reminders, Team
from loanbook.worker import told as words
from loanbook.worker.place import Place
from loanbook.worker.postman import Postman

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.desk import Desk
    from tests.houses import Houses

    from loanbook.database.connection import Database
    from loanbook.runs.daily import Summary
    from loanbook.settings import Settings

MONDAY = date(2024, 1, 29)
BOSS, OPS = "boss@example.org", "ops@example.org"
PEOPLE = (CONTACTS[0], CONTACTS[1], CONTACTS[3])
BORROWERS = (ANA, BRUNO, EVA)


@pytest.fixture
def office(desk: Desk) -> Desk:
    """A desk whose operators are told; nobody reads summaries, which cost pictures."""
    team = Team(operators=(OPS,))
    desk.settings = replace(desk.settings, letters=replace(desk.settings.letters, team=team))
    return desk


def lend(desk: Desk, due: date, day: date = DAY) -> None:
    """Three borrowers whose loans are due on one day."""
    loans = [due_on(40 + who.user_id, who, due) for who in BORROWERS]
    for kind, lines in (("clients", BORROWERS), ("contacts", PEOPLE), ("loans", loans)):
        desk.write(f"{kind}.csv", csv_text(kind, lines), day)


def run(
    desk: Desk, day: date = DAY, real: datetime | None = None, *, anew: bool = False
) -> Summary:
    clock = (lambda: real) if real else None
    return daily.run(desk.app, desk.settings, daily.Wish(day, clock=clock, anew=anew))


def counts(done: Summary, name: str) -> dict[str, Any]:
    return dict(next(step.counts for step in done.steps if step.step == name))


def posted(desk: Desk) -> list[tuple[str, str]]:
    """Recipient and subject of all letters in the folder."""
    found = sorted(desk.settings.outbox.glob("*.eml"))
    read = [message_from_bytes(file.read_bytes(), policy=policy.default) for file in found]
    return sorted((str(one["to"]), str(one["subject"])) for one in read)


def team_letters(desk: Desk, kind: str) -> list[dict[str, Any]]:
    return desk.app.rows(
        "select recipient, state, about from api.letters where kind = %(kind)s order by letter_id",
        kind=kind,
    )


def test_a_day_reminds_and_writes_letters_and_done_again_writes_none(office: Desk) -> None:
    lend(office, due=NEXT)
    done = run(office)
    assert done.ok
    assert counts(done, "remind")["planned"] == 3
    assert counts(done, "deliver") == {
        "notices": 0, "sent": 3, "failed": 0, "suppressed": 0, "unknown": 0, "planned": 0,
    }  # fmt: skip
    assert [to for to, _ in posted(office)] == sorted(one.email or "" for one in PEOPLE)
    before = {file: file.stat().st_mtime_ns for file in office.settings.outbox.iterdir()}
    for anew in (False, True):
        again = run(office, anew=anew)
        assert counts(again, "remind")["planned"] == 0
        assert counts(again, "remind")["already_told"] == 3
        assert counts(again, "deliver")["sent"] == 0
    assert {file: file.stat().st_mtime_ns for file in office.settings.outbox.iterdir()} == before


def test_only_the_last_of_several_days_reminds(office: Desk) -> None:
    run(office)
    lend(office, due=THIRD + timedelta(days=1), day=NEXT)
    done = run(office, THIRD)
    assert done.ok
    assert counts(done, "remind")["planned"] == 3
    assert len(posted(office)) == 3
    [missed] = done.caught_up
    told = {one.step: one.counts for one in journal.steps(office.app, missed.run_id)}
    assert told["remind"] == {"left_out": f"clients are reminded by the book of {THIRD}"}
    assert told["deliver"] == {"left_out": f"letters go out with the book of {THIRD}"}
    days = office.app.rows("select distinct local_date from api.letters")
    assert days == [{"local_date": THIRD}]


def test_each_day_of_a_cadence_is_told_once_however_often_it_runs(office: Desk) -> None:
    due = DAY + timedelta(days=3)
    lend(office, due=due)
    for day in (DAY, DAY, NEXT, DAY + timedelta(days=4), DAY + timedelta(days=4)):
        run(office, day)
    rows = office.app.rows(
        "select loan_id, step from api.letter_loans where state = 'told' order by loan_id, step"
    )
    # Two and the day itself are missed: they were not the days' own, and the next told is D+1.
    assert [row["step"] for row in rows if row["loan_id"] == 41] == [-3, 1]
    assert len(posted(office)) == 6


SMTP = Mail(carrier="smtp", host="127.0.0.1", port=9, timeout=1)


def with_mail(desk: Desk, mail: Mail, as_of: date | None = None) -> Desk:
    desk.settings = replace(
        desk.settings, as_of=as_of, letters=replace(desk.settings.letters, mail=mail)
    )
    return desk


def test_letters_of_a_past_day_are_never_really_sent(office: Desk) -> None:
    lend(office, due=NEXT)
    late = datetime(2024, 1, 27, 15, tzinfo=UTC)
    done = run(with_mail(office, SMTP), DAY, late)
    assert done.ok
    assert counts(done, "remind") == {"left_out": "letters of another day than today are not sent"}
    assert office.app.rows("select * from api.letters") == []


def test_a_carrier_that_is_away_is_a_flaw_and_the_letters_wait(office: Desk) -> None:
    lend(office, due=NEXT)
    noon = datetime(2024, 1, 25, 15, tzinfo=UTC)
    done = run(with_mail(office, SMTP), DAY, noon)
    assert done.run.state == "failed"
    assert "smtp" in str(done.run.error).lower()
    assert queue.counts(office.app)["planned"] == 3
    done = run(with_mail(office, Mail()), DAY, noon)
    assert done.ok
    assert len(posted(office)) == 3


@pytest.mark.parametrize(
    ("carrier", "named", "real", "expected"),
    [
        ("files", None, "2024-01-25 15:30", "2024-01-25 15:30"),  # today
        ("smtp", None, "2024-01-25 15:30", "2024-01-25 15:30"),
        ("files", None, "2026-07-01 12:00", "2024-01-25 13:00"),  # another day: ten at the lender's
        ("smtp", None, "2026-07-01 12:00", "2026-07-01 12:00"),
        ("smtp", DAY, "2026-07-01 12:00", "2024-01-25 13:00"),
        ("smtp", None, "2024-01-26 02:30", "2024-01-26 02:30"),  # still today at the lender's
    ],
)
def test_now_of_a_day(
    desk: Desk, carrier: str, named: date | None, real: str, expected: str
) -> None:
    given = with_mail(desk, Mail(carrier=carrier), named).settings
    found = letters.instant(given, DAY, datetime.fromisoformat(real).replace(tzinfo=UTC))
    assert found == datetime.fromisoformat(expected).replace(tzinfo=UTC)


# The team


def with_reader(desk: Desk) -> Desk:
    team = replace(desk.settings.letters.team, summary=(BOSS,))
    # It would be written with all its pictures; here it is enough that it is queued.
    desk.settings = replace(desk.settings, letters=replace(desk.settings.letters, team=team))
    return desk


def queued_weeks(desk: Desk) -> list[object]:
    return [row["about"]["week"] for row in team_letters(desk, "summary")]


def test_the_week_is_told_once_though_monday_was_missed(
    office: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(letters, "carry", idle)
    with_reader(office)
    for day in (DAY, NEXT):  # a Thursday, and the day after
        run(office, day)
    assert queued_weeks(office) == ["2024-W03"]
    wednesday = MONDAY + timedelta(days=2)
    for day in (wednesday, wednesday, wednesday + timedelta(days=1)):
        run(office, day)
    assert queued_weeks(office) == ["2024-W03", "2024-W04"]


def idle(*_: object) -> Counts:
    """Nothing is delivered."""
    return Counts()


def test_a_day_that_fails_is_told_once_and_another_failure_too(
    office: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    lend(office, due=NEXT)

    def refuse(*_: object) -> None:
        raise Refused(sentence="Not today.", rule="x")

    with monkeypatch.context() as broken:
        broken.setattr(delinquency, "classify", refuse)
        for _ in range(3):
            assert not run(office).ok
    assert posted(office) == [(OPS, f"Loanbook: The day {DAY} failed")]
    [eml] = office.settings.outbox.iterdir()
    body = message_from_bytes(eml.read_bytes(), policy=policy.default).get_body(("plain",))
    assert body is not None
    text = body.get_content()
    assert "classify failed: Not today." in text
    assert f"loanbook runs show {DAY}" in text

    office.write("odd.csv", b"what,is,this\n1,2,3\n")
    assert not run(office).ok
    assert len(team_letters(office, "notice")) == 2
    (office.settings.input_data / DAY.isoformat() / "odd.csv").unlink()
    done = run(office)
    assert done.ok
    assert len(team_letters(office, "notice")) == 2
    assert len(posted(office)) == 5


def test_a_day_that_nobody_foresaw_to_fail_is_told_without_its_words(
    office: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def burst(*_: object) -> None:
        raise ZeroDivisionError("Ana owes 3")

    monkeypatch.setattr(delinquency, "classify", burst)
    with pytest.raises(ZeroDivisionError):
        run(office)
    [notice] = team_letters(office, "notice")
    assert "ZeroDivisionError" in str(notice["about"])
    assert "Ana" not in str(notice["about"])
    assert notice["state"] == "sent"


def test_a_failure_in_the_middle_of_a_catch_up_is_told(
    office: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(office)

    def refuse(*_: object) -> None:
        raise Refused(sentence="Not today.", rule="x")

    monkeypatch.setattr(delinquency, "classify", refuse)
    assert run(office, THIRD).as_of == NEXT
    assert posted(office) == [(OPS, f"Loanbook: The day {NEXT} failed")]


def test_a_closed_gate_keeps_letters_back_and_is_told_once(office: Desk) -> None:
    lend(office, due=NEXT)
    strict = Reminders(most_quarantined=0.0)
    office.settings = replace(
        office.settings, letters=replace(office.settings.letters, reminders=strict)
    )
    office.write("more.csv", csv_text("loans", [{"user_id": "1", "loan_id": "x"}]))
    for _ in range(2):
        done = run(office)
        assert done.ok
        assert "quarantine" in counts(done, "remind")["left_out"]
    assert posted(office) == [(OPS, f"Loanbook: No reminders on {DAY}: the gate is closed")]


def test_without_the_extra_letters_are_left_out_with_a_sentence(
    office: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing() -> None:
        raise MissingExtra(package="holidays", extra="letters")

    monkeypatch.setattr(window, "_library", missing)
    window._holidays.cache_clear()  # noqa: SLF001 -- as in a new process
    done = run(office)
    assert done.ok
    for name in ("remind", "deliver"):
        assert "pip install loanbook[letters]" in counts(done, name)["left_out"]


# The worker


@contextmanager
def walking(place: Place, heard: list[words.Word]) -> Iterator[None]:
    stopping = threading.Event()
    postman = Postman(place, heard.append, stopping)
    postman.start()
    try:
        yield
    finally:
        stopping.set()
        postman.join()


def place_of(desk: Desk, houses: Houses, now: datetime) -> Place:
    @contextmanager
    def open_book(_: Settings) -> Iterator[Database]:
        with houses.app(desk.name) as book:
            yield book

    quick = replace(desk.settings, worker=replace(desk.settings.worker, look_every=1))
    return Place(lambda: quick, open_book, lambda _: never(), lambda: now)


@contextmanager
def never() -> Iterator[tuple[str, str | None]]:
    """The postman asks for no queue of days."""
    raise NotImplementedError
    yield


def test_several_workers_deliver_between_days_each_letter_once(
    office: Desk, houses: Houses, monkeypatch: pytest.MonkeyPatch
) -> None:
    lend(office, due=NEXT)
    monkeypatch.setattr(letters, "carry", idle)
    run(office)
    monkeypatch.undo()
    noon = datetime(2024, 1, 25, 15, tzinfo=UTC)
    heard: list[words.Word] = []
    place = place_of(office, houses, noon)
    with walking(place, heard), walking(place, heard), walking(place, heard):
        until(lambda: queue.counts(office.app) == {"sent": 3}, "all letters are sent")
    assert sum(one.sent for one in heard if isinstance(one, words.Delivered)) == 3
    assert len(posted(office)) == 3
    assert not [one for one in heard if isinstance(one, words.Trouble)]
    senders = office.app.value("select count(*) from api.senders")
    with walking(place, heard):
        pass
    assert (
        office.app.value("select count(*) from api.senders") == senders
    )  # nobody enters for nothing


def test_a_worker_tells_trouble_once_and_goes_on(office: Desk, houses: Houses) -> None:
    lend(office, due=NEXT)
    noon = datetime(2024, 1, 25, 15, tzinfo=UTC)
    run(with_mail(office, SMTP), DAY, noon)
    heard: list[words.Word] = []
    with walking(place_of(office, houses, noon), heard):
        until(lambda: bool(heard), "it told its trouble")
    assert [type(one) for one in heard] == [words.Trouble]
    assert queue.counts(office.app) == {"planned": 3}


def test_a_worker_sends_nothing_of_yesterday_after_midnight(office: Desk, houses: Houses) -> None:
    lend(office, due=NEXT)
    evening = datetime(2024, 1, 25, 22, 30, tzinfo=UTC)
    run(with_mail(office, SMTP), DAY, evening)
    assert queue.counts(office.app)["planned"] == 3
    night = datetime(2024, 1, 26, 5, tzinfo=UTC)
    heard: list[words.Word] = []
    with walking(place_of(with_mail(office, Mail()), houses, night), heard):
        until(lambda: queue.counts(office.app) == {"cancelled": 3}, "the plans are cancelled")
    assert posted(office) == []
