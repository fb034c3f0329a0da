"""The picture of how a load grows: the cost of a row in books of several sizes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import altair as alt

from loanbook.portfolio import pictures
from loanbook.portfolio.charts import style
from loanbook.portfolio.charts.style import BLUE, DASH, INK, MUTED, VERMILLION, WIDE, Drawn

MOST_COST = 1.3  # of a row, to that of the smallest book
_LEFT, _HEIGHT = 46, 220


@dataclass(frozen=True, slots=True)
class Point:
    """One work on a book of one size.

    Attributes:
        work: what was done.
        scale: size of the book; 1 is 90,000 clients.
        rows: lines of the files.
        seconds: for all of them.
        peak_mb: peak of Python's memory.
    """

    work: str
    scale: float
    rows: int
    seconds: float
    peak_mb: float

    @property
    def cost(self) -> float:
        """Microseconds a line."""
        return self.seconds / self.rows * 1e6


def draw(points: list[Point]) -> str:
    """A panel for each work as SVG: what a row costs, by the size of the book."""
    works = list(dict.fromkeys(point.work for point in points))
    panels = [
        _panel([point for point in points if point.work == work], color)
        for work, color in zip(works, (BLUE, VERMILLION), strict=False)
    ]
    title = style.heading(
        WIDE,
        "What a row of the files costs, by the size of the book",
        f"1x is 90,000 clients. Dashed: {MOST_COST:g} times the cost at 1x, the most allowed.",
    )
    chart = alt.hconcat(*panels, spacing=24).properties(title=title)
    made: dict[str, Any] = chart.configure(**style.CONFIG).to_dict(validate=False)
    return pictures.svg(made, "growth") + "\n"


def _panel(points: list[Point], color: str) -> Drawn:
    scales = sorted(point.scale for point in points)
    most = min(points, key=lambda point: point.scale).cost * MOST_COST
    told: list[dict[str, Any]] = [
        {
            "scale": point.scale,
            "cost": point.cost,
            "shown": f"{point.cost:.1f} µs\n{point.seconds:,.1f} s",
        }
        for point in points
    ]
    x = alt.X(
        "scale:Q",
        scale=alt.Scale(type="log", padding=52),
        axis=alt.Axis(title=None, values=scales, labelExpr="datum.value + 'x'", grid=False),
    )
    y = alt.Y("cost:Q", scale=alt.Scale(zero=True), axis=style.y_axis("µs a row", _LEFT))
    base = alt.Chart(style.data(told)).encode(x=x, y=y)
    allowed = alt.Chart(style.data({"scale": scale, "cost": most} for scale in scales))
    layers: list[Drawn] = [
        allowed.mark_line(strokeDash=DASH, strokeWidth=1, color=MUTED).encode(x=x, y=y),
        base.mark_line(strokeWidth=2, color=color),
        base.mark_point(filled=True, size=60, opacity=1, color=color),
        # At the foot, where no line can cross the figures.
        base.mark_text(dy=-22, fontSize=style.SIZE - 1, color=INK, lineBreak="\n").encode(
            y=alt.datum(0), text="shown:N"
        ),
    ]
    return alt.layer(*layers).properties(
        width=WIDE.panel(WIDE.width // 2 + _LEFT),
        height=_HEIGHT,
        title=style.panel_title(points[0].work),
    )
