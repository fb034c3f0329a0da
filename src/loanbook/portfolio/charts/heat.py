"""Default by month and batch as a heat map, with n in each cell."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import altair as alt

from loanbook.portfolio.answers import Answer
from loanbook.portfolio.charts import style
from loanbook.portfolio.charts.style import DASH, HEAT, Canvas, Drawn
from loanbook.portfolio.wording import Money, between, count, month, share

Row = Mapping[str, Any]

_LEFT = 66
_ROW = 18
_HOT = 0.5  # the share from which all cells have the last colour at least
_LEGIBLE = 60  # pixels that a cell needs for its text


def seasons_by_batch(answer: Answer, _: Money, canvas: Canvas) -> Drawn:
    """A row for each month of issue, a column for each batch; open seasons have no colour."""
    rows = [_cell(row, canvas) for row in answer.rows if row["loans"]]
    months = list(dict.fromkeys(month(row["month"]) for row in answer.rows))
    batches = list(dict.fromkeys(f"Batch {row['batch']}" for row in answer.rows))
    width = canvas.panel(_LEFT)
    base = alt.Chart(style.data(rows)).encode(
        x=alt.X("batch:N", sort=batches, scale=alt.Scale(domain=batches), axis=_axis("top")),
        y=alt.Y("month:N", sort=months, scale=alt.Scale(domain=months), axis=_axis("left")),
        tooltip=[
            *style.tooltips(month="Season", batch="Batch", rate="Default rate as defined"),
            *style.tooltips(matured="Of matured loans", between="95 % interval", n="Loans"),
            *style.tooltips(state="State"),
        ],
    )
    closed = base.transform_filter("!datum.is_open").mark_rect(stroke=style.PAPER)
    still = base.transform_filter("datum.is_open").mark_rect(
        filled=True, fillOpacity=0, stroke=style.MUTED, strokeDash=DASH, strokeWidth=1
    )
    layers: list[Drawn] = [closed.encode(color=_warmth(rows)), still]
    if width / len(batches) >= _LEGIBLE:
        layers += _texts(base, canvas, _top(rows))
    chart = alt.layer(*layers).properties(width=width, height=max(1, len(months)) * _ROW)
    return alt.vconcat(chart)


def _cell(row: Row, canvas: Canvas) -> dict[str, Any]:
    figure, loans = share(row["default_rate"]), count(row["loans"])
    text = f"{figure} of {loans}"
    if row["is_open"]:
        ongoing = f"{count(row['ongoing_loans'])} open"
        is_whole = row["ongoing_loans"] == row["loans"] or canvas.is_narrow
        text = ongoing if is_whole else f"{text}, {ongoing}"
    elif canvas.is_narrow:
        text = f"{100 * row['default_rate']:.1f} of {loans}"
    return {
        "month": month(row["month"]),
        "batch": f"Batch {row['batch']}",
        "value": row["default_rate"],
        "is_open": row["is_open"],
        "text": text,
        "rate": figure,
        "matured": share(row["matured_default_rate"]),
        "between": between(row["default_rate_low"], row["default_rate_high"]),
        "n": f"{loans}, of them {count(row['ongoing_loans'])} open",
        "state": "open, not final" if row["is_open"] else "closed",
    }


def _axis(side: Any) -> alt.Axis:  # noqa: ANN401 -- a literal of Altair
    extent = _LEFT - 12 if side == "left" else alt.Undefined
    return alt.Axis(
        title=None,
        orient=side,
        labelAngle=0,
        domain=False,
        ticks=False,
        minExtent=extent,
        maxExtent=extent,
    )


def _warmth(rows: list[dict[str, Any]]) -> alt.Color:
    """Colours up to three times the usual rate: a cell of few loans must not bleach all others."""
    top = _top(rows)
    scale = alt.Scale(domain=[0, top], range=list(HEAT), clamp=True, interpolate="rgb")
    legend = alt.Legend(
        title=f"Default rate as defined (from {100 * top:.0f} % on one colour)",
        titleFontWeight="normal",
        titleColor=style.MUTED,
        labelExpr=style.PERCENT,
        gradientLength=180,
        tickCount=4,
    )
    return alt.Color("value:Q", scale=scale, legend=legend)


def _top(rows: list[dict[str, Any]]) -> float:
    rates = sorted(row["value"] for row in rows if not row["is_open"])
    usual = rates[len(rates) // 2] if rates else 0
    return min(1, max(0.05, 3 * usual)) if usual else _HOT


def _texts(base: Drawn, canvas: Canvas, top: float) -> list[Drawn]:
    size = 9 if canvas.is_narrow else 10.5
    closed = (
        base.transform_filter("!datum.is_open")
        .mark_text(fontSize=size)
        .encode(
            color=alt.condition(
                f"datum.value > {0.75 * top}", alt.value("#fffffe"), alt.value("#1c1410")
            )
        )
    )
    still = base.transform_filter("datum.is_open").mark_text(fontSize=size, color=style.MUTED)
    return [closed.encode(text="text:N"), still.encode(text="text:N")]
