"""Shares of groups with their intervals: adherence by batch, default by interest rate."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import altair as alt

from loanbook.portfolio.answers import Answer
from loanbook.portfolio.charts import style
from loanbook.portfolio.charts.style import BLUE, VERMILLION, Canvas, Drawn
from loanbook.portfolio.wording import Money, between, count, rate, share

Row = Mapping[str, Any]

_LEFT = 118
_STEP = 62


def adherence(answer: Answer, _: Money, canvas: Canvas) -> Drawn:
    """Borrowers of all clients, and approved borrowers of approved clients."""
    kinds = {"adherence": "of all clients", "adherence_of_approved": "of approved clients"}
    totals = {"adherence": "clients", "adherence_of_approved": "approved_clients"}
    rows: list[dict[str, Any]] = [
        told
        for row in answer.rows
        for told in _told(row, f"Batch {row['batch']}", kinds, totals, "clients")
    ]
    return _intervals(rows, list(kinds.values()), "Share of clients that borrowed", canvas)


def default_by_rate(answer: Answer, _: Money, canvas: Canvas) -> Drawn:
    """Defaulted of matured loans, and of all issued."""
    kinds = {"matured_default_rate": "of matured loans", "default_rate": "of issued loans"}
    totals = {"matured_default_rate": "matured_loans", "default_rate": "loans"}
    rows: list[dict[str, Any]] = [
        told
        for row in answer.rows
        for told in _told(row, f"{rate(row['interest_rate'])} interest", kinds, totals, "loans")
    ]
    return _intervals(rows, list(kinds.values()), "Share of loans that defaulted", canvas)


def _told(
    row: Row, group: str, kinds: Mapping[str, str], totals: Mapping[str, str], noun: str
) -> Iterator[dict[str, Any]]:
    for column, kind in kinds.items():
        if row[column] is not None:
            low, high = row[f"{column}_low"], row[f"{column}_high"]
            yield {
                "group": group,
                "kind": kind,
                "value": row[column],
                "low": low,
                "high": high,
                "share": share(row[column]),
                "between": between(low, high),
                "n": f"{count(row[totals[column]])} {noun}",
                "label": f"{share(row[column])}  (n = {count(row[totals[column]])})",
            }


def _intervals(rows: list[dict[str, Any]], kinds: list[str], title: str, canvas: Canvas) -> Drawn:
    groups = list(dict.fromkeys(row["group"] for row in rows))
    right = 130
    width = canvas.panel(_LEFT, 24 if canvas.is_narrow else right)
    base = alt.Chart(style.data(rows)).encode(
        y=alt.Y("group:N", sort=groups, axis=_labels(), scale=alt.Scale(padding=0.3)),
        yOffset=alt.YOffset("kind:N", sort=kinds, scale=alt.Scale(paddingOuter=0.4)),
        color=style.colors(dict(zip(kinds, (BLUE, VERMILLION), strict=True))),
        tooltip=style.tooltips(
            group="Group", kind="Share", share="Value", between="95 % interval", n="n"
        ),
    )
    across = alt.X(
        "low:Q",
        axis=alt.Axis(title=f"{title}, with 95 % interval", labelExpr=style.PERCENT, tickCount=6),
        scale=alt.Scale(zero=False, nice=True, padding=12),
    )
    line = base.mark_rule(strokeWidth=2.4).encode(x=across, x2="high:Q")
    ends = [
        base.mark_tick(thickness=2.4, size=9, orient="vertical").encode(x=f"{end}:Q")
        for end in ("low", "high")
    ]
    shapes = alt.Shape(
        "kind:N", scale=alt.Scale(domain=kinds, range=["circle", "diamond"]), legend=alt.Legend()
    )
    point = base.mark_point(size=85, filled=True, opacity=1).encode(x="value:Q", shape=shapes)
    layers = [line, *ends, point]
    if not canvas.is_narrow:
        text = base.mark_text(align="left", dx=8).encode(x="high:Q", text="label:N")
        layers.append(text.encode(color=alt.value(style.INK)))
    chart = alt.layer(*layers).properties(width=width, height=max(1, len(groups)) * _STEP)
    return alt.vconcat(chart)


def _labels() -> alt.Axis:
    return alt.Axis(
        title=None, minExtent=_LEFT - 20, maxExtent=_LEFT - 20, domain=False, ticks=False
    )
