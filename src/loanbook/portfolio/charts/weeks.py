"""Pictures over weeks, for a letter: small bars side by side, and lines without any words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import altair as alt

from loanbook.portfolio.charts import style
from loanbook.portfolio.charts.style import BLUE, INK, VERMILLION, Drawn

Specification = dict[str, Any]
WIDTH, HEIGHT = 280, 190
_FIT = alt.AutoSizeParams(type="fit", contains="padding")
_BOTH = "#2f8fcf"  # seen on light and on dark paper
_EARLIER = "#8fbfdd"  # weeks before the one that is told, paler than it
_LINE = (72, 20)


@dataclass(frozen=True, slots=True)
class Bars:
    """What a picture of bars shows.

    Attributes:
        title: its heading, with the unit.
        weeks: numbers of the weeks, the oldest first.
        values: of each week, in that unit.
        year_ago: of the same week a year ago.
        axis: what the numbers of the weeks and the line are called.
        decimal: what stands before the decimals.
    """

    title: str
    weeks: Sequence[str]
    values: Sequence[float]
    year_ago: float | None
    axis: str
    decimal: str = "."


def bars(shown: Bars) -> Specification:
    """A bar for each week, the last one strong, and a line where the week a year ago was."""
    label = f"replace(format(datum.value, '~g'), '.', '{shown.decimal}')"
    told: list[dict[str, Any]] = [
        {"week": week, "value": value, "color": _color(value, is_last=place == len(shown.weeks))}
        for place, (week, value) in enumerate(zip(shown.weeks, shown.values, strict=True), 1)
    ]
    base = alt.Chart(style.data(told)).mark_bar().encode(
        x=alt.X(
            "week:N",
            sort=list(shown.weeks),
            axis=alt.Axis(title=shown.axis, labelAngle=0, ticks=False, grid=False),
            scale=alt.Scale(domain=list(shown.weeks), paddingInner=0.25),
        ),
        y=alt.Y(
            "value:Q",
            axis=alt.Axis(title=None, tickCount=4, domain=False, ticks=False, labelExpr=label),
        ),
        color=alt.Color("color:N", scale=None),
    )  # fmt: skip
    layers: list[Drawn] = [base]
    if shown.year_ago is not None:
        layers.append(_rule(shown.year_ago))
    title = alt.TitleParams(text=shown.title, fontSize=13, color=INK, offset=8)
    chart = alt.layer(*layers).properties(width=WIDTH, height=HEIGHT, title=title, autosize=_FIT)
    return _made(chart)


def _color(value: float, *, is_last: bool) -> str:
    if value < 0:
        return VERMILLION if is_last else "#efb08f"
    return BLUE if is_last else _EARLIER


def _rule(value: float) -> Drawn:
    at = alt.Chart(style.data([{"value": value}]))
    return at.mark_rule(strokeDash=style.DASH, color=INK, strokeWidth=1.2).encode(y="value:Q")


def line(values: Sequence[float | None]) -> Specification:
    """A line without axes, its end marked; it can stand on light and on dark paper."""
    told = [{"place": i, "value": value} for i, value in enumerate(values) if value is not None]
    base = alt.Chart(style.data(told)).encode(
        x=alt.X("place:Q", axis=None, scale=alt.Scale(domain=[0, max(1, len(values) - 1)])),
        y=alt.Y("value:Q", axis=None, scale=alt.Scale(zero=False, padding=2)),
    )
    drawn = base.mark_line(strokeWidth=1.8, color=_BOTH)
    end = alt.Chart(style.data(told[-1:])).mark_circle(size=26, color=VERMILLION, opacity=1)
    ended = end.encode(x=base.encoding.x, y=base.encoding.y)
    width, height = _LINE
    return _made(
        (drawn + ended).properties(width=width, height=height), padding=3, background="transparent"
    )


def _made(chart: Drawn, **changes: Any) -> Specification:  # noqa: ANN401 -- of Altair
    made: Specification = chart.configure(**style.CONFIG | changes).to_dict(validate=False)
    return made
