"""How days are worked on, by whom, and how long what is left of them is kept."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Runs:
    """How days are worked on.

    Attributes:
        catch_up: how many missed days are brought forward at most, the latest of them.
        step_timeout: seconds after which a step is given up; 0: never.
        log: "text", or "json" for one JSON object a line on standard error.
        report: whether the day ends with the report, its pictures and its page.
    """

    catch_up: int = 92
    step_timeout: int = 3600
    log: str = "text"
    report: bool = True


@dataclass(frozen=True, slots=True)
class Worker:
    """How `loanbook worker` does the days.

    Attributes:
        cron: when a day is due, in the lender's zone: minute, hour, day, month, day of the week.
        retries: how often a day that failed is tried again before a person is needed.
        backoff: seconds until the first of these; each further one waits twice as long.
        stalled_after: seconds without a sign of life after which a worker's day is taken over.
        look_every: seconds between two looks at what is due.
        metrics_address: where the metrics are told.
        metrics_port: at which port; 0: they are not.
    """

    cron: str = "0 6 * * *"
    retries: int = 5
    backoff: int = 60
    stalled_after: int = 60
    look_every: int = 10
    metrics_address: str = "127.0.0.1"
    metrics_port: int = 9610


@dataclass(frozen=True, slots=True)
class Retention:
    """How many days are kept before the book's business date, at least 7.

    Attributes:
        stage: lines as they were received.
        archive: copies of files; the newest of each source and kind is kept anyway.
        journal: steps of runs; the runs themselves are kept anyway.
        lake: snapshots; the newest is kept anyway.
    """

    stage: int = 30
    archive: int = 400
    journal: int = 400
    lake: int = 400
