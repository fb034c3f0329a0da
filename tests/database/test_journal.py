"""The journal of runs in the database: who may run, what is kept, skipped or found dead."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from tests.cast import CLIENTS, DAY, NEXT

from loanbook.errors import Refused

if TYPE_CHECKING:
    from datetime import date

    from tests.desk import Desk
    from tests.houses import Houses, Rolled

    from loanbook.database.connection import Database, Row

BEGIN = "select run_id, attempt from api.begin_run(%(day)s, 'here', 42)"
STEP = "select state, counts from api.begin_step(%(run)s, %(step)s, 1, p_may_keep => %(keep)s)"
END = "select * from api.end_step(%(run)s, %(step)s, %(state)s, %(counts)s::jsonb, %(error)s)"


def begin(book: Database, day: date = DAY) -> int:
    assert book.value("select api.claim_runs()")
    found = book.row(BEGIN, day=day)
    assert found is not None
    return int(found["run_id"])


def step(book: Database, run: int, name: str, *, keep: bool = False) -> Row:
    found = book.row(STEP, run=run, step=name, keep=keep)
    assert found is not None
    return found


def end(book: Database, run: int, name: str, state: str = "done", **told: Any) -> None:  # noqa: ANN401
    given = {"counts": "{}", "error": None} | told
    book.row(END, run=run, step=name, state=state, **given)


def states(book: Database) -> list[tuple[int, str, str]]:
    found = book.rows("select attempt, step, state from api.run_steps order by attempt, place")
    return [(row["attempt"], row["step"], row["state"]) for row in found]


def test_a_run_begins_only_where_the_runs_are_claimed(book: Rolled) -> None:
    with pytest.raises(Refused) as refused:
        book.app.row(BEGIN, day=DAY)
    assert refused.value.rule == "run_is_claimed"


def test_a_step_done_before_is_kept_until_the_mart_changes(desk: Desk) -> None:
    run = begin(desk.app)
    step(desk.app, run, "check")
    end(desk.app, run, "check", counts='{"failed": 0}')
    assert desk.app.value("select state from api.end_run(%(run)s)", run=run) == "done"
    assert begin(desk.app) == run
    assert step(desk.app, run, "check", keep=True) == {"state": "kept", "counts": {"failed": 0}}
    desk.load(clients=CLIENTS)
    assert begin(desk.app) == run
    assert step(desk.app, run, "check", keep=True)["state"] == "running"
    end(desk.app, run, "check", "flawed", error="a loan is odd")
    ended = desk.app.row("select state, error from api.end_run(%(run)s)", run=run)
    assert ended == {"state": "failed", "error": "check flawed: a loan is odd"}
    assert states(desk.app) == [(1, "check", "done"), (2, "check", "kept"), (3, "check", "flawed")]


def test_what_no_session_does_any_more_is_called_died_and_buried(
    desk: Desk, houses: Houses
) -> None:
    with houses.app(desk.name) as other:
        run = begin(other)
        step(other, run, "stage")
        found = desk.app.row("select state, pid, host, error from api.runs")
        assert found == {"state": "running", "pid": 42, "host": "here", "error": None}
        assert desk.app.value("select api.claim_runs()") is False
    assert desk.app.value("select api.claim_runs(p_wait => true)")
    begin(desk.app, NEXT)
    found = desk.app.row("select state, error from api.runs where business_date = %(d)s", d=DAY)
    assert found == {"state": "died", "error": "its process ended in the middle"}
    assert states(desk.app) == [(1, "stage", "died")]


def test_only_the_session_that_runs_tells_of_steps(desk: Desk, houses: Houses) -> None:
    with houses.app(desk.name) as other:
        run = begin(other)
        with pytest.raises(Refused) as refused:
            step(desk.app, run, "stage")
        assert refused.value.rule == "run_is_running"
        with pytest.raises(Refused) as refused:
            end(other, run, "stage")
        assert refused.value.rule == "step_is_running"


def test_one_run_is_running_at_a_time(book: Rolled) -> None:
    statement = (
        "insert into ops.runs (business_date, actor, host, pid) values (%(day)s, 'x', 'y', 1)"
    )
    book.owner.value(statement + " returning run_id", day=DAY)
    with pytest.raises(Refused, match="runs_one_at_a_time"):
        book.owner.value(statement + " returning run_id", day=NEXT)


def test_the_gate_says_what_is_missing(book: Rolled) -> None:
    gate = "select sound, reason from api.book_is_sound(%(day)s)"
    assert book.app.row(gate, day=DAY) == {
        "sound": False, "reason": f"There was no run of {DAY}.",
    }  # fmt: skip
    run = begin(book.app)
    step(book.app, run, "stage")
    end(book.app, run, "stage")
    assert book.app.value("select reason from api.book_is_sound(%(day)s)", day=DAY) == (
        f"The run of {DAY} lacks: promote not begun, classify not begun, check not begun, "
        "accept not begun."
    )
    for name in ("promote", "classify", "check", "accept"):
        step(book.app, run, name)
        end(book.app, run, name)
    assert book.app.row(gate, day=DAY) == {
        "sound": False,
        "reason": "The book stands at no day yet.",
    }
    book.app.value("select api.advance_book(%(day)s)", day=DAY)
    assert book.app.row(gate, day=DAY) == {"sound": True, "reason": None}
