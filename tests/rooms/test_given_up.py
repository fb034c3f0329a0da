"""A batch that is given up leaves no line of its file open twice, and none out of view."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

import pytest
from tests.cast import ANA, BRUNO, CLARA, CLIENTS, DAY, Client, broken, csv_text

from loanbook.mart import quarantine
from loanbook.mart.figures import figures
from loanbook.portfolio.weeks import Week
from loanbook.reminders import summary
from loanbook.runs import retry

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tests.cast import Line
    from tests.desk import Desk

    from loanbook.staging.batches import Staged

# Two lines that cannot be read: one of a known key, one of none.
FLAWED = (ANA, BRUNO, broken(Client(8), batch="x"), broken(Client(9), user_id="nine"))


class UndoneError(Exception):
    """Ends a transaction."""


def stage(
    desk: Desk, name: str = "clients.csv", lines: Iterable[Line] = FLAWED, *, again: bool = False
) -> Staged:
    """Stage a file of clients."""
    [done] = desk.stage(desk.write(name, csv_text("clients", lines)), again=again)
    return done


def lose(desk: Desk, batch: Staged) -> None:
    """A batch's lines go, as a crash of the server leaves it."""
    desk.owner.run(f"truncate stage.{batch.kind}_{batch.batch_id}")  # type: ignore[arg-type, unused-ignore]


def lines(desk: Desk) -> list[tuple[int, int, str, int | None]]:
    """All lines of quarantine: batch, line, state and what closed it."""
    found = quarantine.listed(desk.app, states=quarantine.EVERY)
    return [(one.batch_id, one.line_no, one.state, one.closed_by) for one in found]


def test_a_line_whose_batch_was_lost_in_a_crash_is_open_once(desk: Desk) -> None:
    lost = stage(desk)
    before = quarantine.listed(desk.app)
    lose(desk, lost)
    fresh = stage(desk)
    assert (fresh.outcome, fresh.quarantined) == ("staged", 2)
    first, second = lost.batch_id, fresh.batch_id
    assert first is not None
    assert lines(desk) == [
        (first, 4, "retried", second), (first, 5, "retried", second),
        (second, 4, "open", None), (second, 5, "open", None),
    ]  # fmt: skip
    assert figures(desk.app).quarantine == 2
    [closed, _] = quarantine.listed(desk.app, batch_id=first, states=quarantine.EVERY)
    assert (closed.raw, closed.rules) == (before[0].raw, before[0].rules)
    desk.promote()
    assert list(desk.refused_lines("clients")) == [4, 5]
    assert retry.retry(desk.app, desk.settings).lines == 2
    assert desk.ailments() == []


def test_so_is_one_whose_batch_another_has_overtaken(desk: Desk) -> None:
    desk.load(clients=CLIENTS)
    overtaken = stage(desk, "second.csv", [*CLIENTS, FLAWED[2]])
    third = stage(desk, "third.csv", [*CLIENTS, Client(7)])
    with desk.app.transaction():
        desk.app.rows("select from api.load_clients(%(batch)s)", batch=third.batch_id)
    fresh = stage(desk, "second.csv", [*CLIENTS, FLAWED[2]])
    assert fresh.outcome == "staged"
    desk.promote()
    assert [(batch, state) for batch, _, state, _ in lines(desk)] == [
        (overtaken.batch_id, "retried"), (fresh.batch_id, "open"),
    ]  # fmt: skip
    assert desk.ailments() == []


@pytest.mark.parametrize("crashed", [False, True])
def test_so_is_one_whose_file_a_person_has_staged_again(desk: Desk, crashed: bool) -> None:
    waiting = stage(desk)
    if crashed:
        lose(desk, waiting)
    fresh = stage(desk, again=True)
    assert [(batch, closed_by) for batch, _, _, closed_by in lines(desk)] == [
        (waiting.batch_id, fresh.batch_id), (waiting.batch_id, fresh.batch_id),
        (fresh.batch_id, None), (fresh.batch_id, None),
    ]  # fmt: skip


def test_where_the_file_is_known_the_batch_that_bears_it_tells_of_its_lines(desk: Desk) -> None:
    known = stage(desk)
    desk.promote()
    lose(desk, stage(desk, again=True))
    assert stage(desk).outcome == "known"
    assert [(state, closed_by) for _, _, state, closed_by in lines(desk)] == [
        ("open", None), ("open", None),
        ("retried", known.batch_id), ("retried", known.batch_id),
    ]  # fmt: skip


def test_what_a_person_closed_before_stays_as_it_was(desk: Desk) -> None:
    lost = stage(desk)
    lose(desk, lost)
    [one, _] = quarantine.listed(desk.app)
    quarantine.dismiss(desk.app, one.quarantine_id, "a test")
    fresh = stage(desk)
    assert lines(desk)[:2] == [
        (lost.batch_id, 4, "dismissed", None), (lost.batch_id, 5, "retried", fresh.batch_id),
    ]  # fmt: skip


def test_a_line_of_a_lost_batch_stays_open_while_its_file_does_not_come(desk: Desk) -> None:
    lost = stage(desk)
    lose(desk, lost)
    stage(desk, "other.csv", [ANA, BRUNO, CLARA])
    assert [(batch, state) for batch, _, state, _ in lines(desk)] == [
        (lost.batch_id, "open"), (lost.batch_id, "open"),
    ]  # fmt: skip


def test_a_batch_is_given_up_with_its_lines_or_not_at_all(desk: Desk) -> None:
    lost = stage(desk)
    lose(desk, lost)
    before = lines(desk)
    with suppress(UndoneError), desk.app.transaction():
        desk.app.rows(
            "select from api.batches as b"
            " cross join api.open_batch(b.source, b.kind, b.file_name, b.digest, b.business_date,"
            " false, b.columns, b.delimiter) where b.batch_id = %(batch)s",
            batch=lost.batch_id,
        )
        assert [state for _, _, state, _ in lines(desk)] == ["retried", "retried"]
        raise UndoneError
    assert lines(desk) == before
    assert desk.app.value("select state from api.batches") == "staged"


def test_the_summary_of_a_week_counts_such_a_line_once(desk: Desk) -> None:
    lose(desk, stage(desk))
    stage(desk)
    year, week, _ = DAY.isocalendar()
    [told] = [
        one.value
        for one in summary.of_book(desk.app, Week(year, week)).figures
        if one.kind.name == "quarantined_lines"
    ]
    assert told == 2
