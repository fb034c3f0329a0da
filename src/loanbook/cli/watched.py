"""What is seen of a run while it goes on: a live view, plain lines, or JSON logs."""

from __future__ import annotations

import json
import sys
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from loanbook.cli.words import inert, number
from loanbook.inert import in_json
from loanbook.runs.watching import (
    Event,
    FileRead,
    Planned,
    RunBegun,
    RunEnded,
    StepBegun,
    StepEnded,
    Watcher,
    nobody,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_LEVELS = {"flawed": "warning", "failed": "error", "skipped": "warning", "died": "error"}


@contextmanager
def watched(*, log_json: bool, silent: bool, live: bool = True) -> Iterator[Watcher]:
    """The view that fits: JSON if asked for, live on a terminal, else a line for each step.

    Args:
        log_json: one JSON object a line on standard error, without personal data.
        silent: standard output belongs to an answer for a program.
        live: a terminal may show a live view.
    """
    if log_json:
        yield _log
    elif live and sys.stderr.isatty():
        from loanbook.cli.live import live as shown

        with shown() as view:
            yield view
    else:
        yield nobody if silent else _told


def did(counts: Mapping[str, object]) -> str:
    """What a step did, in words; what is nothing is left out."""
    told = []
    for name, value in counts.items():
        words = name.replace("_", " ")
        if isinstance(value, list):
            if value:
                told.append(f"{words} {_listed(value)}")
        elif isinstance(value, int):
            if value:
                told.append(f"{number(value)} {words}")
        elif value is not None:
            told.append(inert(str(value)) if name == "left_out" else f"{words} {inert(str(value))}")
    return ", ".join(told)


def _listed(values: list[object]) -> str:
    """Numbers that follow each other by the first and the last, else each."""
    first, last = values[0], values[-1]
    if (
        isinstance(first, int)
        and len(values) > 1
        and values == [*range(first, first + len(values))]
    ):
        return f"{first} to {last}"
    return ", ".join(inert(str(value)) for value in values)


def _told(event: Event) -> None:
    """A plain line; a reader who has gone does not stop the day."""
    with suppress(BrokenPipeError):
        _line(event)


def _line(event: Event) -> None:
    """A plain line for what has ended."""
    if isinstance(event, RunBegun) and event.attempt > 1:
        sys.stdout.write(f"{event.business_date}  attempt {event.attempt}\n")
    if not isinstance(event, StepEnded):
        return
    took = f" in {event.seconds:.1f} s" if event.state not in {"kept", "skipped"} else ""
    told = "; ".join(filter(None, (did(event.counts), inert(event.error or ""))))
    tail = f": {told}" if told else ""
    sys.stdout.write(f"{event.business_date}  {event.step} {event.state}{took}{tail}\n")
    sys.stdout.flush()


def _log(event: Event) -> None:
    """A line of JSON for each event but the progress of files."""
    if isinstance(event, FileRead):
        return
    at = datetime.now(UTC).isoformat(timespec="milliseconds")
    state = getattr(event, "state", "")
    told: dict[str, object] = {
        "at": at,
        "level": _LEVELS.get(state, "info"),
        "event": _NAMES[type(event)],
    }
    if isinstance(event, Planned):
        told["days"] = [str(day) for day in event.days]
    else:
        told["run"] = event.run_id
        told["business_date"] = str(event.business_date)
        for name in ("attempt", "step", "state", "counts", "error"):
            value = getattr(event, name, None)
            if value not in (None, {}):
                told[name] = dict(value) if name == "counts" else value
    if isinstance(event, StepEnded):
        told["seconds"] = float(event.seconds)
    sys.stderr.write(in_json(json.dumps(told, default=str)) + "\n")
    sys.stderr.flush()


_NAMES: dict[type, str] = {
    Planned: "planned",
    RunBegun: "run_begun",
    StepBegun: "step_begun",
    StepEnded: "step_ended",
    RunEnded: "run_ended",
}
