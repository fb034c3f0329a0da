"""How all pictures look: one palette, one set of marks, two widths.

Colours are those of Okabe and Ito, which differ for colour-blind eyes too; nothing is told by
colour alone: what is open is hollow or pale and dashed, and the legend says so.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import altair as alt

BLUE, GREEN, VERMILLION = "#0072B2", "#009E73", "#D55E00"
INK, MUTED, GRID, PAPER = "#1f2933", "#52606d", "#e1e5ea", "#ffffff"
PALE = "#d3d9e0"  # of what is not final, always with a dashed edge
# What each becomes on dark paper; the report has the same picture for both.
DARK = {
    INK: "#e6e9ee",
    MUTED: "#b3bcc7",
    GRID: "#343c46",
    PAPER: "#14181d",
    PALE: "#46515e",
    BLUE: "#4aa8e0",
    VERMILLION: "#ff8a4c",
    GREEN: "#34c79b",
}
HEAT = ("#fdf3e7", "#f6c58f", "#e8853f", "#a83e0b")
FONT = "Liberation Sans, Arial, Helvetica, sans-serif"
SIZE = 12
DASH = [4, 3]

CONFIG: dict[str, Any] = {
    "aria": False,  # each picture is told as one, by its text alternative
    "background": PAPER,
    "font": FONT,
    "padding": 8,
    "view": {"stroke": None},
    "axis": {
        "domainColor": MUTED,
        "gridColor": GRID,
        "labelColor": INK,
        "labelFontSize": SIZE - 1,
        "labelLimit": 0,
        "labelPadding": 4,
        "tickColor": MUTED,
        "titleColor": MUTED,
        "titleFontSize": SIZE - 1,
        "titleFontWeight": "normal",
    },
    "legend": {
        "labelColor": INK,
        "labelFontSize": SIZE - 1,
        "labelLimit": 0,
        "orient": "top",
        "direction": "horizontal",
        "title": None,
        "symbolOpacity": 1,
        "symbolSize": 110,
        "titleLimit": 0,
        "columnPadding": 14,
    },
    "title": {
        "anchor": "start",
        "color": INK,
        "fontSize": 15,
        "subtitleColor": MUTED,
        "subtitleFontSize": SIZE,
        "subtitlePadding": 5,
        "subtitleLineHeight": 16,
        "lineHeight": 19,
        "offset": 12,
    },
    "text": {"color": INK, "fontSize": SIZE - 1, "font": FONT},
}

Data = Iterable[Mapping[str, Any]]
Drawn = Any
"""A panel or a picture: what Altair says of their types does not hold when they are joined."""


@dataclass(frozen=True, slots=True)
class Canvas:
    """The room that a picture has.

    Attributes:
        width: of all of it, in pixels.
    """

    width: int

    @property
    def is_narrow(self) -> bool:
        """For a telephone."""
        return self.width < 500  # noqa: PLR2004 -- where two panels have no room side by side

    def panel(self, left: int, right: int = 18) -> int:
        """The width of a panel with so much room beside it for labels."""
        return max(120, self.width - left - right)

    def wrapped(self, text: str, letter: float) -> list[str]:
        """A text in lines that fit, letters being so wide on average."""
        return textwrap.wrap(text, max(24, int((self.width - 16) / letter)))


WIDE = Canvas(880)
NARROW = Canvas(346)


def data(rows: Data) -> alt.InlineData:
    """Rows as the data of a picture."""
    return alt.InlineData(values=[dict(row) for row in rows])


def heading(canvas: Canvas, title: str, *more: str) -> alt.TitleParams:
    """Title and subtitle, broken where the canvas ends."""
    below = [line for text in more if text for line in canvas.wrapped(text, 6.0)]
    return alt.TitleParams(text=canvas.wrapped(title, 7.9), subtitle=below)


PERCENT = "format(100 * datum.value, '.4~g') + ' %'"
"""How an axis writes a share: as sentences do, with a blank before the sign."""


def panel_title(text: str) -> alt.TitleParams:
    """The name of one panel among several."""
    return alt.TitleParams(text=text, fontSize=SIZE, color=INK, anchor="start", offset=4)


def y_axis(title: str, left: int, **more: Any) -> alt.Axis:  # noqa: ANN401 -- of Altair
    """A vertical axis of figures, its title above it, so that panels stand in line."""
    return alt.Axis(
        title=title,
        titleAngle=0,
        titleAlign="left",
        titleAnchor="end",
        titleX=-left,
        titleY=-8,
        minExtent=left,
        maxExtent=left,
        tickCount=5,
        domain=False,
        ticks=False,
        **more,
    )


def month_axis(names: Sequence[str], width: int) -> alt.Axis:
    """An axis of months: as many names as have room, Januaries if there are several years."""
    most = max(2, width // 62)
    step = next(s for s in (1, 2, 3, 6, 12, 24, 60, 120, 1200) if len(names) / s <= most)
    start = next((i for i, name in enumerate(names) if name.startswith("Jan ")), 0)
    start = start % step if step else 0
    return alt.Axis(
        title=None,
        values=list(names[start::step]),
        labelAngle=0,
        labelFlush=False,
        ticks=True,
        grid=False,
    )


def month_x(names: Sequence[str], width: int, *, bars: bool = False) -> alt.X:
    """Months side by side, in their order, told as text so that no browser's zone moves them."""
    scale = alt.Scale(domain=list(names))
    if bars:
        scale.paddingInner = 0.25
    return alt.X("month:N", sort=list(names), axis=month_axis(names, width), scale=scale)


def colors(ranges: Mapping[str, str], *, legend: bool = True, lines: bool = False) -> alt.Color:
    """Kinds and their colours, in a legend."""
    scale = alt.Scale(domain=list(ranges), range=list(ranges.values()))
    shown = alt.Legend(symbolType="stroke") if lines else alt.Legend()
    return alt.Color("kind:N", scale=scale, legend=shown if legend else None)


def tooltips(**named: str) -> list[alt.Tooltip]:
    """What is told when a mark is pointed at: field and title."""
    return [alt.Tooltip(f"{field}:N", title=title) for field, title in named.items()]
