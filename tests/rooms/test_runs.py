"""The run of a day and the retry of refused lines, from Python."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from tests.cast import CLIENTS, CONTACTS, DAY, EVA_PAID, LOANS, NEXT, THIRD, broken, csv_text

from loanbook import mart
from loanbook.errors import Refused
from loanbook.mart import checks, quarantine
from loanbook.runs import daily, retry
from loanbook.settings import Source

if TYPE_CHECKING:
    from datetime import date

    from tests.cast import Line
    from tests.desk import Desk

    from loanbook.runs.daily import Summary


def run(desk: Desk, day: date = DAY) -> Summary:
    settings = replace(desk.settings, sources={"main": Source("main", frozenset({"clients"}))})
    return daily.run(desk.app, settings, daily.Wish(day))


def deliver(desk: Desk, day: date = DAY) -> None:
    desk.write("clients.csv", csv_text("clients", CLIENTS), day)
    desk.write("contacts.csv", csv_text("contacts", CONTACTS), day)
    desk.write("loans.csv", csv_text("loans", LOANS), day)


def stands_at(desk: Desk) -> date | None:
    found: date | None = desk.app.value("select business_date from api.book")
    return found


def test_a_run_takes_everything_in_and_sums_up(desk: Desk) -> None:
    deliver(desk)
    done = run(desk)
    assert done.ok
    assert [file.outcome for file in done.files] == ["staged"] * 3
    assert [batch.kind for batch in done.batches] == ["clients", "contacts", "loans"]
    assert (done.clients, done.contacts, done.loans, done.payments) == (5, 4, 5, 5)
    assert done.quarantine == 0
    assert {month.month: month.principal for month in done.months} == {
        "2023-05": Decimal(700),
        "2023-06": Decimal(1000),
        "2023-09": Decimal(250),
        "2023-12": Decimal(6500),
    }
    assert [check.name for check in done.checks] == list(checks.names())
    assert stands_at(desk) == DAY


def test_a_second_run_changes_nothing(desk: Desk) -> None:
    deliver(desk)
    run(desk)
    again = run(desk)
    assert again.ok
    assert [file.outcome for file in again.files] == ["known"] * 3
    assert again.batches == ()


def test_a_run_without_files_moves_the_book_on(desk: Desk) -> None:
    done = run(desk)
    assert (done.ok, done.files, done.batches) == (True, (), ())
    assert stands_at(desk) == DAY


def test_a_run_of_an_earlier_day_is_refused_and_takes_nothing_in(desk: Desk) -> None:
    run(desk, NEXT)
    deliver(desk)
    with pytest.raises(Refused, match="stands at 2024-01-26"):
        run(desk)
    assert desk.keys("clients") == set()


def test_a_refused_file_keeps_the_book_where_it_stands(desk: Desk) -> None:
    deliver(desk)
    run(desk)
    desk.write("odd.csv", "a,b\n1,2\n", NEXT)
    done = run(desk, NEXT)
    assert not done.ok
    assert [file.file for file in done.files if file.outcome == "refused"] == ["odd.csv"]
    assert stands_at(desk) == DAY


def test_files_of_a_later_day_are_left_for_it(desk: Desk) -> None:
    deliver(desk)
    late = desk.write("late.csv", csv_text("loans", [EVA_PAID]), THIRD)
    done = run(desk)
    assert {file.file: file.outcome for file in done.files} == {
        "late.csv": "early", "clients.csv": "staged", "contacts.csv": "staged",
        "loans.csv": "staged",
    }  # fmt: skip
    assert (done.ok, done.loans) == (True, 5)
    desk.stage(late)  # what a person stages by hand waits for its day too
    assert run(desk, NEXT).batches == ()
    assert [batch.file for batch in run(desk, THIRD).batches] == ["late.csv"]


def test_a_run_takes_the_files_in_anew_whose_stage_was_lost(desk: Desk) -> None:
    deliver(desk)
    folder = desk.settings.input_data / DAY.isoformat()
    staged = desk.stage(folder)
    for one in staged:  # as a crash of the server leaves it
        desk.owner.run(f"truncate stage.{one.kind}_{one.batch_id}")  # type: ignore[arg-type, unused-ignore]
    done = run(desk)
    assert (done.ok, done.clients, done.loans, done.contacts) == (True, 5, 5, 4)
    assert [file.outcome for file in done.files] == ["staged"] * 3
    lost = desk.app.rows("select distinct refusal from api.batches where state = 'refused'")
    assert [row["refusal"] for row in lost] == [
        "it could no longer be loaded; its file was staged again"
    ]


def test_a_failed_check_keeps_the_book_where_it_stands(desk: Desk) -> None:
    deliver(desk)
    run(desk)
    desk.owner.run("alter table dm.payments disable trigger user")
    desk.owner.run("update dm.payments set amount = amount + 1 where loan_id = 1")
    done = run(desk, NEXT)
    (failed,) = (check for check in done.checks if not check.ok)
    assert (failed.name, failed.count) == ("payments_match_amount_paid", 1)
    assert (failed.rows[0].subject, failed.rows[0].subject_id) == ("loan", 1)
    assert not done.ok
    assert stands_at(desk) == DAY


def test_a_check_counts_more_than_it_shows(desk: Desk) -> None:
    desk.load(clients=CLIENTS, loans=LOANS)
    desk.owner.run("alter table dm.payments disable trigger user")
    desk.owner.run("update dm.payments set amount = amount + 1")
    found = {check.name: check for check in checks.check(desk.app, limit=2)}
    assert found["payments_match_amount_paid"].count == 5
    assert len(found["payments_match_amount_paid"].rows) == 2


def test_every_check_says_in_a_sentence_what_must_be_so() -> None:
    told = {name: checks.description(name) for name in checks.names()}
    assert all(text[0].isupper() and text.endswith(".") for text in told.values())
    assert all(". " not in text for text in told.values())


def test_an_unknown_check_is_refused(desk: Desk) -> None:
    with pytest.raises(Refused, match="no check x"):
        desk.app.rows("select * from api.run_check('x')")


def test_a_retry_that_dies_leaves_every_line_open(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.load(loans=LOANS)
    desk.load(clients=CLIENTS)

    def die(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as killed:
        killed.setattr(quarantine, "close", die)
        with pytest.raises(KeyboardInterrupt):
            retry.retry(desk.app, desk.settings)
    assert len(desk.refused_lines("loans")) == 5
    assert desk.keys("loans") == set()
    (left,) = mart.waiting(desk.app)
    assert left["kind"] == "loans"

    done = retry.retry(desk.app, desk.settings)
    assert (done.lines, done.left) == (5, 0)
    assert desk.keys("loans") == {1, 2, 3, 4, 5}
    desk.promote()  # what the killed one had staged says nothing new
    assert desk.refused_lines("loans") == {}
    assert desk.ailments() == []


def test_what_a_killed_retry_had_staged_is_promoted_like_any_batch(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.load(loans=LOANS)
    desk.load(clients=CLIENTS)

    def die(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as killed:
        killed.setattr(mart, "load", die)
        with pytest.raises(KeyboardInterrupt):
            retry.retry(desk.app, desk.settings)
    desk.promote()
    assert desk.keys("loans") == {1, 2, 3, 4, 5}
    assert desk.refused_lines("loans") == {}


def test_lines_of_a_waiting_batch_are_not_tried_again(desk: Desk) -> None:
    path = desk.write("loans.csv", csv_text("loans", [*LOANS[:4], broken(EVA_PAID, tax="x")]))
    desk.stage(path)
    assert quarantine.pending(desk.app) == []


def test_a_retry_keeps_source_and_day_of_its_lines(desk: Desk) -> None:
    desk.load(loans=LOANS, source="partner", day=DAY - timedelta(days=3))
    desk.load(clients=CLIENTS)
    retry.retry(desk.app, desk.settings)
    found = desk.app.row("select source, business_date, is_full from api.batches where is_retry")
    assert found == {
        "source": "partner",
        "business_date": DAY - timedelta(days=3),
        "is_full": False,
    }
    assert desk.loan(1)["owner"] == "partner"


def test_refused_lines_keep_their_exact_text_through_a_promotion(desk: Desk) -> None:
    lines: list[Line] = [*LOANS[:4], broken(EVA_PAID, user_id="999", loan_amount="250.0")]
    desk.load(clients=CLIENTS, loans=lines)
    (line,) = quarantine.listed(desk.app)
    assert line.rules == ["loans_client_fkey"]
    assert line.raw == csv_text("loans", lines).splitlines()[5]
