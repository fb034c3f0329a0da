"""Curves: how seasons mature, and how exposure is spread over clients."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import altair as alt

from loanbook.portfolio import uncertainty
from loanbook.portfolio.answers import Answer
from loanbook.portfolio.charts import style
from loanbook.portfolio.charts.style import BLUE, DASH, MUTED, VERMILLION, Canvas, Drawn
from loanbook.portfolio.wording import Money, between, count, month, share

Rows = Sequence[Mapping[str, Any]]

_LEFT = 42
_CLOSED, _OPEN, _ALL = "closed season", "open season", "all closed (95 %)"
_KINDS = {_ALL: VERMILLION, _CLOSED: MUTED, _OPEN: BLUE}


def curves(answer: Answer, _: Money, canvas: Canvas) -> Drawn:
    """Repaid and defaulted by age, a thin line for each season and a thick one for all closed."""
    panels = [
        _matured(answer.rows, "repaid_loans", "Repaid", canvas),
        _matured(answer.rows, "default_loans", "Defaulted", canvas),
    ]
    return alt.vconcat(*panels, spacing=18)


def _matured(rows: Rows, column: str, title: str, canvas: Canvas) -> Drawn:
    still = {row["month"] for row in rows if row["is_open"]}
    still |= {row["month"] for row in rows} - {r["month"] for r in rows if r["age_days"] == 100}  # noqa: PLR2004
    told: list[dict[str, Any]] = [
        {
            "month": month(row["month"]),
            "age": row["age_days"],
            "kind": _OPEN if row["month"] in still else _CLOSED,
            "value": row[column] / row["observed_loans"],
            "share": share(row[column] / row["observed_loans"]),
            "n": count(row["observed_loans"]),
        }
        for row in rows
    ]
    pooled = _pooled([row for row in rows if row["month"] not in still], column)
    kinds = {one["kind"] for one in [*told, *pooled]}
    color = style.colors({kind: shade for kind, shade in _KINDS.items() if kind in kinds})
    seasons = (
        _aged(told, title)
        .mark_line(strokeWidth=1.1)
        .encode(
            color=color,
            detail="month:N",
            opacity=alt.condition(f"datum.kind === '{_CLOSED}'", alt.value(0.3), alt.value(0.9)),
            strokeDash=alt.StrokeDash(
                "kind:N",
                scale=alt.Scale(domain=[_OPEN, _CLOSED, _ALL], range=[DASH, [1, 0], [1, 0]]),
                legend=None,
            ),
            tooltip=style.tooltips(month="Season", age="Days since issue", share=title, n="n"),
        )
    )
    band = _aged(pooled, title).mark_area(opacity=0.25, color=VERMILLION)
    line = _aged(pooled, title).mark_line(strokeWidth=2.6)
    layers = [
        seasons,
        band.encode(y="low:Q", y2="high:Q"),
        line.encode(
            color=color,
            tooltip=style.tooltips(age="Days since issue", share=title, between="95 %", n="n"),
        ),
    ]
    return alt.layer(*layers).properties(width=canvas.panel(_LEFT), height=180)


def _aged(rows: Rows, title: str) -> Drawn:
    y_axis = style.y_axis(f"{title} (share of loans of that age)", _LEFT, labelExpr=style.PERCENT)
    return alt.Chart(style.data(rows)).encode(
        x=alt.X(
            "age:Q",
            scale=alt.Scale(domain=[10, 100]),
            axis=alt.Axis(title="Days since issue", values=list(range(10, 101, 10)), grid=False),
        ),
        y=alt.Y("value:Q", axis=y_axis),
    )


def _pooled(rows: Rows, column: str) -> list[dict[str, Any]]:
    counts: dict[int, list[int]] = {}
    for row in rows:
        cell = counts.setdefault(row["age_days"], [0, 0])
        cell[0] += row[column]
        cell[1] += row["observed_loans"]
    found = []
    for age, (happened, loans) in sorted(counts.items()):
        low, high = uncertainty.interval(happened, loans) or (0.0, 1.0)
        found.append(
            {
                "age": age,
                "kind": _ALL,
                "value": happened / loans,
                "low": low,
                "high": high,
                "share": share(happened / loans),
                "between": between(low, high),
                "n": count(loans),
            }
        )
    return found


def lorenz(answer: Answer, money: Money, canvas: Canvas) -> Drawn:
    """Exposure held by the largest clients against an even spread, and their use of limits."""
    deciles = [row for row in answer.rows if row["kind"] == "decile"]
    clients = sum(row["clients"] for row in deciles)
    rows: list[dict[str, Any]] = [{"held": 0.0, "by": 0.0, "even": 0.0}]
    seen = 0
    for row in deciles:
        seen += row["clients"]
        rows.append(
            {
                "by": seen / clients,
                "even": seen / clients,
                "held": row["cumulative_share"],
                "segment": row["segment"],
                "share": share(row["cumulative_share"]),
                "clients": f"{count(seen)} largest",
                "exposure": money.text(row["exposure"]),
            }
        )
    use: list[dict[str, Any]] = [
        {
            "segment": row["segment"].removeprefix("decile "),
            "value": row["limit_use"],
            "use": share(row["limit_use"]),
            "clients": count(row["clients"]),
            "exposure": money.text(row["exposure"]),
        }
        for row in deciles
    ]
    return alt.vconcat(_held(rows, canvas), _used(use, canvas), spacing=22)


def _held(rows: Rows, canvas: Canvas) -> Drawn:
    base = alt.Chart(style.data(rows)).encode(
        x=alt.X("by:Q", axis=_tenths("Share of clients, largest first", canvas)),
        tooltip=style.tooltips(clients="Clients", share="Of all exposure", exposure="This decile"),
    )
    title = "Share of exposure (dashed: evenly spread)"
    curve = base.mark_line(color=BLUE, strokeWidth=2.4, point=alt.OverlayMarkDef(color=BLUE))
    even = base.mark_line(color=MUTED, strokeDash=DASH)
    layers = [
        even.encode(y="even:Q"),
        curve.encode(y=alt.Y("held:Q", axis=style.y_axis(title, _LEFT, labelExpr=style.PERCENT))),
    ]
    return alt.layer(*layers).properties(width=canvas.panel(_LEFT), height=210)


def _tenths(title: str, canvas: Canvas) -> alt.Axis:
    values = [n / 10 for n in range(0, 11, 2 if canvas.is_narrow else 1)]
    return alt.Axis(title=title, labelExpr=style.PERCENT, values=values)


def _used(rows: Rows, canvas: Canvas) -> Drawn:
    names = [row["segment"] for row in rows]
    axis = style.y_axis("Principal of open loans to limits", _LEFT, labelExpr=style.PERCENT)
    return (
        alt.Chart(style.data(rows))
        .mark_bar(color=BLUE)
        .encode(
            x=alt.X(
                "segment:N",
                sort=names,
                axis=alt.Axis(title="Decile of clients (1 owes most)", labelAngle=0),
            ),
            y=alt.Y("value:Q", axis=axis),
            tooltip=style.tooltips(segment="Decile", use="Use of limits", clients="Clients"),
        )
        .properties(width=canvas.panel(_LEFT), height=110)
    )
