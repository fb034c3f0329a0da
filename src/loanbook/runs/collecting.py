"""The order of a day in a workspace with sources: each of them is a step of its own."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from loanbook.runs import sourcing
from loanbook.runs.day import Day, Outcome, Step
from loanbook.runs.order import STEPS

if TYPE_CHECKING:
    from loanbook.settings import Settings, Source


def order_of(settings: Settings) -> tuple[Step, ...]:
    """All steps of a day: first one for each source with a place, in the order of loanbook.toml.

    Nothing needs them, so that one source's failure leaves all others' data alone; only where
    a source is required the book is not accepted without it.
    """
    found = sourcing.with_places(settings)
    collecting = [
        Step(
            f"collect {source.name}",
            f"files of source {source.name}",
            (),
            partial(_collect, source),
        )
        for source in found
    ]
    required = tuple(f"collect {source.name}" for source in found if source.taking.required)
    return (
        *collecting,
        *(replace(s, needs=s.needs + required) if s.name == "accept" else s for s in STEPS),
    )


def _collect(source: Source, day: Day) -> Outcome:
    """One source: its failure stops nothing but what is told to wait for it."""
    if not day.collects:
        return Outcome({"left_out": "it was collected with the first day of this run"})
    counts, flaw = sourcing.collect(day.book, day.settings, source, day.undated, day.as_of)
    return Outcome(counts, flaw)
