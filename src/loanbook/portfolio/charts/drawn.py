"""Which picture belongs to which question, and how it is headed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import altair as alt

from loanbook.portfolio import findings
from loanbook.portfolio.answers import Answer
from loanbook.portfolio.charts import bars, heat, months, rolls, shares, spread, style
from loanbook.portfolio.charts.style import NARROW, WIDE, Canvas, Drawn
from loanbook.portfolio.findings import Finding
from loanbook.portfolio.wording import Money, day

Specification = dict[str, Any]
Drawer = Callable[[Answer, Money, Canvas], Drawn]

DRAWERS: dict[str, Drawer] = {
    "book_at_a_glance": bars.standing,
    "issuance_by_month": months.issuance,
    "adherence_by_batch": shares.adherence,
    "default_by_interest_rate": shares.default_by_rate,
    "client_ranking": bars.ranking,
    "default_by_month_and_batch": heat.seasons_by_batch,
    "profitability_timeline": months.profit,
    "portfolio_at_risk": bars.ageing,
    "seasons": spread.curves,
    "collections_by_month": months.collections,
    "concentration": spread.lorenz,
    "roll_rates": rolls.matrix,
}


def specifications(answer: Answer, money: Money, finding: Finding) -> tuple[Specification, ...]:
    """The Vega-Lite specifications of an answer's picture: wide, wide without a title, narrow."""
    measure = f"{finding.measure}. As of {day(answer.as_of)}."
    title = style.heading(WIDE, finding.title, measure, finding.caution)
    bare, narrow = (_specified(answer, money, canvas) for canvas in (WIDE, NARROW))
    return {**bare, "title": title.to_dict()}, bare, narrow


def _specified(answer: Answer, money: Money, canvas: Canvas) -> Specification:
    if findings.has_data(answer):
        chart = DRAWERS[answer.question.name](answer, money, canvas)
    else:
        chart = _nothing(answer, canvas)
    # Altair's own check of each part takes most of the time; the tests have it made.
    made: Specification = chart.configure(**style.CONFIG).to_dict(validate=False)
    return made


def _nothing(answer: Answer, canvas: Canvas) -> Drawn:
    sentence = f"There is nothing to show on {day(answer.as_of)}."
    text = (
        alt.Chart(style.data([{"text": sentence}]))
        .mark_text(align="left", x=0)
        .encode(text="text:N")
        .properties(width=canvas.panel(10), height=30)
    )
    return alt.vconcat(text)
