"""How loans moved between ages of arrears in a month, as a matrix."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import altair as alt

from loanbook.portfolio.answers import Answer
from loanbook.portfolio.charts import style
from loanbook.portfolio.charts.style import HEAT, Canvas, Drawn
from loanbook.portfolio.wording import Money, count, share

Row = Mapping[str, Any]

_LEFT = 96
_ROW = 30


def matrix(answer: Answer, money: Money, canvas: Canvas) -> Drawn:
    """A row for each age of arrears a month before, a column for what became of its loans."""
    rows = [_cell(row, money, canvas) for row in answer.rows]
    before = list(dict.fromkeys(row["before"] for row in rows))
    became = list(dict.fromkeys(row["became"] for row in sorted(rows, key=_place)))
    base = alt.Chart(style.data(rows)).encode(
        x=alt.X("became:N", sort=became, axis=_axis("top", "What became of them")),
        y=alt.Y("before:N", sort=before, axis=_axis("left", None)),
        tooltip=style.tooltips(
            before="A month before", became="Became", share="Of these loans", n="Loans",
            owed="Owed before", left="Owed now",
        ),
    )  # fmt: skip
    scale = alt.Scale(domain=[0, 1], range=list(HEAT), interpolate="rgb")
    cells = base.mark_rect(stroke=style.PAPER).encode(
        color=alt.Color("value:Q", scale=scale, legend=None)
    )
    texts = base.mark_text(fontSize=9 if canvas.is_narrow else 10.5).encode(
        text="text:N",
        color=alt.condition("datum.value > 0.7", alt.value("#fffffe"), alt.value("#1c1410")),
    )
    chart = alt.layer(cells, texts).properties(
        width=canvas.panel(_LEFT), height=max(1, len(before)) * _ROW
    )
    return alt.vconcat(chart)


def _cell(row: Row, money: Money, canvas: Canvas) -> dict[str, Any]:
    figure, loans = share(row["roll_rate"]), count(row["loans"])
    return {
        "before": row["arrears_before"],
        "became": row["became"],
        "place": -1 if row["days_after"] is None else row["days_after"],
        "value": row["roll_rate"],
        "share": figure,
        "n": loans,
        "text": figure if canvas.is_narrow else f"{figure} ({loans})",
        "owed": money.text(row["balance_before"]),
        "left": money.text(row["balance_after"]),
    }


def _place(row: Row) -> tuple[int, str]:
    return (row["place"], row["became"])


def _axis(side: Any, title: str | None) -> alt.Axis:  # noqa: ANN401 -- a literal of Altair
    extent = _LEFT - 12 if side == "left" else alt.Undefined
    return alt.Axis(
        title=title,
        orient=side,
        labelAngle=0,
        domain=False,
        ticks=False,
        minExtent=extent,
        maxExtent=extent,
        titleColor=style.MUTED,
        titleFontWeight="normal",
    )
