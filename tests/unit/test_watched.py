"""What is seen of a run: plain lines, JSON logs and the live view."""

from __future__ import annotations

import io
import json
from datetime import date
from decimal import Decimal

import pytest
from rich.console import Console

from loanbook.cli.live import View
from loanbook.cli.watched import did, watched
from loanbook.runs.watching import (
    Event,
    FileRead,
    Planned,
    RunBegun,
    RunEnded,
    StepBegun,
    StepEnded,
)

DAY = date(2024, 1, 25)
STORY: tuple[Event, ...] = (
    Planned((date(2024, 1, 24), DAY), (("stage", "files"), ("promote", "batches"))),
    RunBegun(7, DAY, 2),
    StepBegun(7, DAY, "stage"),
    FileRead("lo\x1b[31mans.csv", 5, 10),
    StepEnded(7, DAY, "stage", "flawed", {"staged": 0}, Decimal("0.25"), "x\x1b[31m is odd."),
    StepEnded(7, DAY, "promote", "done", {"batches": [1, 2], "inserted": 1234}, Decimal(1), None),
    RunEnded(7, DAY, "failed", "stage flawed"),
)


def test_a_pipe_gets_a_line_for_each_step(capsys: pytest.CaptureFixture[str]) -> None:
    with watched(log_json=False, silent=False) as watcher:
        for event in STORY:
            watcher(event)
    assert capsys.readouterr().out.splitlines() == [
        "2024-01-25  attempt 2",
        r"2024-01-25  stage flawed in 0.2 s: x\x1b[31m is odd.",
        "2024-01-25  promote done in 1.0 s: batches 1 to 2, 1,234 inserted",
    ]


def test_a_program_gets_nothing_beside_its_answer(capsys: pytest.CaptureFixture[str]) -> None:
    with watched(log_json=False, silent=True) as watcher:
        for event in STORY:
            watcher(event)
    assert capsys.readouterr() == ("", "")


def test_a_log_is_one_object_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    with watched(log_json=True, silent=False) as watcher:
        for event in STORY:
            watcher(event)
    out, err = capsys.readouterr()
    told = [json.loads(line) for line in err.splitlines()]
    assert out == ""
    assert [one["event"] for one in told] == [
        "planned", "run_begun", "step_begun", "step_ended", "step_ended", "run_ended",
    ]  # fmt: skip
    assert [one["level"] for one in told[3:]] == ["warning", "info", "error"]
    assert told[4]["counts"] == {"batches": [1, 2], "inserted": 1234}
    assert {one.get("run") for one in told} == {None, 7}
    assert {one.get("business_date") for one in told[1:]} == {"2024-01-25"}


def test_the_live_view_shows_steps_files_and_days() -> None:
    console = Console(file=io.StringIO(), width=110, force_terminal=False, record=True)
    view = View(console)
    for event in STORY[:4]:
        view.tell(event)
    console.print(view)
    going = console.export_text()
    assert "2 days" in going
    assert "Run of 2024-01-25, attempt 2" in going
    assert r"lo\x1b[31mans.csv" in going
    for event in STORY[4:]:
        view.tell(event)
    console.print(view)
    ended = [line.split() for line in console.export_text().splitlines()]
    assert [line[:2] for line in ended if line[:1] in (["!"], ["✓"])] == [
        ["!", "stage"], ["✓", "promote"],
    ]  # fmt: skip


def test_what_is_nothing_is_not_told() -> None:
    assert did({"inserted": 0, "batches": [], "business_date": "2024-01-25"}) == (
        "business date 2024-01-25"
    )
