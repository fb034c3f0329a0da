"""An answer: rows with intervals, what was tested, and what a reader must know of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from loanbook.portfolio import uncertainty
from loanbook.portfolio.catalogue import Question
from loanbook.sql.headers import Column

if TYPE_CHECKING:
    from loanbook.portfolio.engines import Engine
    from loanbook.portfolio.uncertainty import Comparison


@dataclass(frozen=True, slots=True)
class Answer:
    """What an engine answered to a question.

    Attributes:
        question: the question.
        as_of: the day asked.
        columns: of the rows, the ends of intervals included.
        rows: as the question's grain says, in its order.
        comparison: whether groups differ, if the question compares some.
        notes: what a reader must know: open cohorts, a day beyond the book, nothing to tell.
    """

    question: Question
    as_of: date
    columns: tuple[Column, ...]
    rows: tuple[Mapping[str, Any], ...]
    comparison: Comparison | None
    notes: tuple[str, ...]


def ask(engine: Engine, question: Question) -> Answer:
    """Ask a question.

    Args:
        engine: who answers, and for which day.
        question: of the catalogue.
    """
    found = engine.rows(question.text)
    columns, rows = uncertainty.with_intervals(question.columns, found)
    return Answer(
        question=question,
        as_of=engine.as_of,
        columns=columns,
        rows=tuple(rows),
        comparison=uncertainty.compare(question, found),
        notes=tuple(_notes(engine, found)),
    )


def _notes(engine: Engine, rows: list[dict[str, Any]]) -> list[str]:
    notes = []
    if engine.known_to is not None and engine.as_of > engine.known_to:
        notes.append(
            f"The book stands at {engine.known_to}; what happened from that day on is not in it, "
            f"so loans due since then look unpaid."
        )
    if not rows:
        notes.append(f"There is nothing to tell: no loan was issued before {engine.as_of}.")
    if any(row.get("is_open") for row in rows):
        notes.append("Rows marked is_open can still change: they hold what is not over yet.")
    return notes
