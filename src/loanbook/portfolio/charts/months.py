"""Pictures over months: issuance, profit, collections."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import altair as alt

from loanbook.portfolio.answers import Answer
from loanbook.portfolio.charts import style
from loanbook.portfolio.charts.style import BLUE, DASH, PALE, VERMILLION, Canvas, Drawn
from loanbook.portfolio.wording import Money, Unit, count, counted, month, share

_LEFT = 46
_HEIGHT = 190
_LOW = 150

_BEST, _OVER, _OPEN = "best month", "month over", "not over, can still grow"
_ISSUED = {_OVER: BLUE, _BEST: VERMILLION, _OPEN: PALE}
_GAIN, _LOSS, _MOVING = "gain", "loss", "not final"
_GAINED = {_GAIN: BLUE, _LOSS: VERMILLION, _MOVING: PALE}

Rows = Sequence[Mapping[str, Any]]


def issuance(answer: Answer, money: Money, canvas: Canvas) -> Drawn:
    """Principal and number of loans by month of issue; the best month stands out."""
    unit = money.unit(row["principal"] for row in answer.rows)
    panels = [
        _issued(answer, canvas, "rank_by_principal", f"Principal lent ({unit.label})", unit, money),
        _issued(answer, canvas, "rank_by_loans", "Loans issued (number)", None, money),
    ]
    return alt.vconcat(*panels, spacing=18)


def _issued(  # noqa: PLR0913, PLR0917 -- one panel of two
    answer: Answer, canvas: Canvas, rank: str, title: str, unit: Unit | None, money: Money
) -> Drawn:
    rows: list[dict[str, Any]] = [
        {
            "month": month(row["month"]),
            "value": unit.of(row["principal"]) if unit else row["loans"],
            "kind": _OPEN if row["is_open"] else _BEST if row[rank] == 1 else _OVER,
            "label": money.text(row["principal"]) if unit else count(row["loans"]),
            "amount": money.text(row["principal"]),
            "loans": count(row["loans"]),
            "is_best": row[rank] == 1,
        }
        for row in answer.rows
    ]
    names = [row["month"] for row in rows]
    width = canvas.panel(_LEFT)
    base = alt.Chart(style.data(rows)).encode(
        x=style.month_x(names, width, bars=True),
        y=alt.Y("value:Q", axis=style.y_axis(title, _LEFT), scale=alt.Scale(nice=True)),
        color=style.colors(_ISSUED),
        tooltip=style.tooltips(month="Month", amount="Lent", loans="Loans", kind="State"),
    )
    label = (
        alt.Chart(style.data([row for row in rows if row["is_best"]]))
        .mark_text(dy=-7, fontWeight="bold", align=_side(rows))
        .encode(x=style.month_x(names, width, bars=True), y="value:Q", text="label:N")
    )
    return (_filled(base, _OPEN) + label).properties(width=width, height=_LOW)


def _side(rows: Rows) -> Any:  # noqa: ANN401 -- a literal of Altair
    """A label at the best month stays inside the picture."""
    place = next((i for i, row in enumerate(rows) if row["is_best"]), 0) / max(1, len(rows) - 1)
    return "left" if place < 0.1 else "right" if place > 0.9 else "center"  # noqa: PLR2004


def _filled(base: Drawn, hollow: str) -> Drawn:
    """Bars; those of what is not final are pale with a dashed edge."""
    moving = f"datum.kind === '{hollow}'"
    return base.mark_bar(strokeDash=DASH, strokeWidth=1.2).encode(
        stroke=alt.condition(moving, alt.value(style.INK), alt.value(None)),
    )


def profit(answer: Answer, money: Money, canvas: Canvas) -> Drawn:
    """Net gain by month of issue and by month of closing, and how it adds up."""
    issued = [row for row in answer.rows if row["basis"] == "issue"]
    closed = [row for row in answer.rows if row["basis"] == "cash"]
    unclosed = [row["month"] for row in issued if row["open_loans"] and not row["closed_loans"]]
    partial = min(unclosed, default=None)
    unit = money.unit(row["net_gain"] for row in answer.rows)
    total = money.unit(row["cumulative_net_gain"] for row in closed)
    by_issue = f"Net gain by month of issue ({unit.label})"
    by_closing = f"Net gain by month of closing ({unit.label})"
    panels = [_gains(issued, money, unit, canvas, by_issue, None)]
    if closed:
        panels.append(_gains(closed, money, unit, canvas, by_closing, partial))
        panels.append(_summed(closed, money, total, canvas, partial))
    return alt.vconcat(*panels, spacing=18)


def _gains(  # noqa: PLR0913, PLR0917 -- one panel of two
    rows: Rows,
    money: Money,
    unit: Unit,
    canvas: Canvas,
    title: str,
    partial: Any,  # noqa: ANN401
) -> Drawn:
    told: list[dict[str, Any]] = [
        {
            "month": month(row["month"]),
            "value": unit.of(row["net_gain"]),
            "kind": _MOVING
            if row["is_open"] or (partial and row["month"] >= partial)
            else _GAIN
            if row["net_gain"] >= 0
            else _LOSS,
            "net": money.text(row["net_gain"]),
            "gross": money.text(row["gross_gain"]),
            "tax": money.text(row["tax"]),
            "lost": money.text(row["lost_principal"] or 0),
            "yield": share(row["net_yield"], 2),
            "loans": counted(row["closed_loans"], "closed loan"),
        }
        for row in rows
    ]
    names = [row["month"] for row in told]
    width = canvas.panel(_LEFT)
    base = alt.Chart(style.data(told)).encode(
        x=style.month_x(names, width, bars=True),
        y=alt.Y("value:Q", axis=style.y_axis(title, _LEFT)),
        color=style.colors(_GAINED),
        tooltip=[
            *style.tooltips(month="Month", net="Net gain", gross="Gross gain", tax="Tax"),
            *style.tooltips(lost="Lost principal", loans="n"),
            alt.Tooltip("yield:N", title="Net yield in 90 days"),
        ],
    )
    return _filled(base, _MOVING).properties(width=width, height=_LOW)


def _summed(rows: Rows, money: Money, unit: Unit, canvas: Canvas, partial: Any) -> Drawn:  # noqa: ANN401
    told: list[dict[str, Any]] = [
        {
            "month": month(row["month"]),
            "value": unit.of(row["cumulative_net_gain"]),
            "total": money.text(row["cumulative_net_gain"]),
            "is_final": not (row["is_open"] or (partial and row["month"] >= partial)),
        }
        for row in rows
    ]
    names = [row["month"] for row in told]
    final = sum(bool(row["is_final"]) for row in told)
    width = canvas.panel(_LEFT)
    title = f"Net gain so far, months of closing ({unit.label})"
    parts = [(told[:final], [1, 0]), (told[max(0, final - 1) :], DASH)]
    lines = [
        alt.Chart(style.data(part))
        .mark_line(color=BLUE, strokeWidth=2, strokeDash=dash, point={"color": BLUE, "size": 14})
        .encode(
            x=style.month_x(names, width),
            y=alt.Y("value:Q", axis=style.y_axis(title, _LEFT)),
            tooltip=style.tooltips(month="Month", total="Net gain so far"),
        )
        for part, dash in parts
        if part
    ]
    return alt.layer(*lines).properties(width=width, height=110)


def collections(answer: Answer, money: Money, canvas: Canvas) -> Drawn:
    """Money received and due by month, and how much of the due came in."""
    dated = [row for row in answer.rows if not row["is_undated"]]
    if not dated:  # all money is undated
        dated = [{**answer.rows[0], "month": None}]
    unit = money.unit(row[name] for row in dated for name in ("amount_received", "due_amount"))
    panels = [_flows(dated, money, unit, canvas)]
    if any(row["collection_rate"] is not None for row in dated):
        panels.append(_rate(dated, canvas))
    return alt.vconcat(*panels, spacing=18)


_RECEIVED, _DUE = "received (dated money)", "fell due"


def _flows(rows: Rows, money: Money, unit: Unit, canvas: Canvas) -> Drawn:
    told: list[dict[str, Any]] = [
        {
            "month": month(row["month"]),
            "kind": kind,
            "value": unit.of(row[name]),
            "amount": money.text(row[name]),
            "state": "month not over" if row["is_open"] else "month over",
        }
        for row in rows
        for kind, name in ((_RECEIVED, "amount_received"), (_DUE, "due_amount"))
    ]
    names = [month(row["month"]) for row in rows]
    width = canvas.panel(_LEFT)
    color = style.colors({_RECEIVED: BLUE, _DUE: VERMILLION}, lines=True)
    base = alt.Chart(style.data(told)).encode(
        x=style.month_x(names, width),
        y=alt.Y("value:Q", axis=style.y_axis(f"Amount in the month ({unit.label})", _LEFT)),
        color=color,
        tooltip=style.tooltips(month="Month", kind="Money", amount="Amount", state="State"),
    )
    line = base.mark_line(strokeWidth=2).encode(strokeDash=_dashes("kind", _RECEIVED, _DUE))
    still = alt.Chart(style.data([one for one in told if one["state"] == "month not over"]))
    points = still.mark_point(size=60, strokeDash=[2, 2], filled=False, strokeWidth=1.6).encode(
        x=style.month_x(names, width),
        y="value:Q",
        color=color,
        tooltip=style.tooltips(month="Month", kind="Money", amount="Amount", state="State"),
    )
    layers = [line, points] if any(row["is_open"] for row in rows) else [line]
    return alt.layer(*layers).properties(width=width, height=_HEIGHT)


def _dashes(field: str, solid: str, dashed: str) -> alt.StrokeDash:
    scale = alt.Scale(domain=[solid, dashed], range=[[1, 0], [6, 3]])
    return alt.StrokeDash(f"{field}:N", scale=scale)


def _rate(rows: Rows, canvas: Canvas) -> Drawn:
    told: list[dict[str, Any]] = [
        {
            "month": month(row["month"]),
            "value": row["collection_rate"],
            "kind": "month not over" if row["is_open"] else "month over",
            "rate": share(row["collection_rate"]),
            "loans": count(row["due_loans"]),
        }
        for row in rows
        if row["collection_rate"] is not None
    ]
    names = [month(row["month"]) for row in rows]
    width = canvas.panel(_LEFT)
    still = "datum.kind === 'month not over'"
    return (
        alt.Chart(style.data(told))
        .mark_point(size=34, strokeWidth=1.4, color=BLUE, fill=BLUE)
        .encode(
            x=style.month_x(names, width),
            y=alt.Y(
                "value:Q",
                axis=style.y_axis(
                    "Collected so far of what fell due", _LEFT, labelExpr=style.PERCENT
                ),
                scale=alt.Scale(zero=False, nice=True),
            ),
            fillOpacity=alt.condition(still, alt.value(0), alt.value(1)),
            tooltip=style.tooltips(
                month="Due in", rate="Collected", loans="n (loans due)", kind="State"
            ),
        )
        .properties(width=width, height=110)
    )
