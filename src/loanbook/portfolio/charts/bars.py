"""Bars with their figures beside them: how the book stands, the ranking, the ages of arrears."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import altair as alt

from loanbook.portfolio.answers import Answer
from loanbook.portfolio.charts import style
from loanbook.portfolio.charts.style import BLUE, DASH, GREEN, PALE, VERMILLION, Canvas, Drawn
from loanbook.portfolio.wording import Money, Unit, count, counted, share

_ROW = 26
_STANDS = (("paid", BLUE), ("open", PALE), ("defaulted", VERMILLION))


def standing(answer: Answer, money: Money, canvas: Canvas) -> Drawn:
    """Loans and principal by how they stand; what is open is pale and dashed."""
    row = answer.rows[0]
    paid = row["principal"] - row["ongoing_principal"] - row["default_principal"]
    loans = (row["paid_loans"], row["ongoing_loans"], row["default_loans"])
    principal = (paid, row["ongoing_principal"], row["default_principal"])
    unit = money.unit(principal)
    panels = (
        _stands(loans, [count(n) for n in loans], "Loans (number)", canvas),
        _stands(
            [unit.of(amount) or 0 for amount in principal],
            [money.text(amount) for amount in principal],
            f"Principal ({unit.label})",
            canvas,
        ),
    )
    return alt.vconcat(*panels, spacing=16)


def _stands(values: Sequence[float], labels: Sequence[str], title: str, canvas: Canvas) -> Drawn:
    whole = sum(values)
    rows: list[dict[str, Any]] = [
        {
            "kind": kind,
            "value": value,
            "label": f"{label}  ({share(value / whole if whole else None)})",
        }
        for (kind, _), value, label in zip(_STANDS, values, labels, strict=True)
    ]
    kinds = [kind for kind, _ in _STANDS]
    base = alt.Chart(style.data(rows), title=style.panel_title(title)).encode(
        y=alt.Y("kind:N", sort=kinds, axis=_names(64)),
        x=alt.X("value:Q", axis=None, scale=alt.Scale(domainMax=max(*values, 1))),
        tooltip=style.tooltips(kind="Loans", label=title),
    )
    is_open = "datum.kind === 'open'"
    bar = base.mark_bar(strokeDash=DASH, strokeWidth=1.2).encode(
        color=style.colors(dict(_STANDS), legend=False),
        stroke=alt.condition(is_open, alt.value(style.INK), alt.value(None)),
    )
    text = base.mark_text(align="left", dx=6).encode(text="label:N")
    width = canvas.panel(82, 130)
    return (bar + text).properties(width=width, height=3 * _ROW)


def _names(left: int) -> alt.Axis:
    return alt.Axis(title=None, minExtent=left, maxExtent=left, domain=False, ticks=False)


def _money_axis(title: str | None) -> alt.Axis:
    return alt.Axis(title=title, tickCount=3, labelFlush=False)


_NET, _EARLY = "net gain", "worth of early payment"


def ranking(answer: Answer, money: Money, canvas: Canvas) -> Drawn:
    """The ten best and ten worst clients, with what their scores are made of."""
    unit = money.unit(row["score"] for row in answer.rows)
    best, worst = (
        [row for row in answer.rows if row["list"] == name] for name in ("best", "worst")
    )
    panels = [
        _listed(best, f"Best: score in {unit.label}", money, unit, canvas),
        _listed(worst, f"Worst: score in {unit.label}", money, unit, canvas),
    ]
    return alt.vconcat(*panels, spacing=20)


def _listed(
    rows: Sequence[Mapping[str, Any]], title: str, money: Money, unit: Unit, canvas: Canvas
) -> Drawn:
    told: list[dict[str, Any]] = [
        {
            "client": f"{row['place']}. client {row['user_id']}",
            "kind": kind,
            "value": unit.of(row[column]),
            "score": unit.of(row["score"]),
            "edge": unit.of(max(float(row["net_gain"]), 0) + max(row["early_value"], 0)),
            "label": money.text(row["score"]),
            "part": money.text(row[column]),
            "loans": f"{counted(row['paid_loans'], 'loan')} paid, {row['default_loans']} defaulted",
            "lent": money.text(row["principal"]),
            "lost": money.text(row["lost_principal"]),
        }
        for row in rows
        for kind, column in ((_NET, "net_gain"), (_EARLY, "early_value"))
    ]
    names = list(dict.fromkeys(one["client"] for one in told))
    base = alt.Chart(style.data(told), title=style.panel_title(title)).encode(
        y=alt.Y("client:N", sort=names, axis=_names(104)),
        tooltip=[
            *style.tooltips(client="Client", kind="Part", part="Amount", label="Score"),
            *style.tooltips(loans="Closed loans", lent="Lent on them", lost="Lost principal"),
        ],
    )
    bar = base.mark_bar().encode(
        x=alt.X("value:Q", axis=_money_axis(None)),
        color=style.colors({_NET: BLUE, _EARLY: GREEN}),
    )
    text = (
        base.transform_filter(f"datum.kind === '{_NET}'")
        .mark_text(align="left", dx=6)
        .encode(x="edge:Q", text="label:N")
    )
    width = canvas.panel(122, 92)
    return (bar + text).properties(width=width, height=max(1, len(names)) * 21)


_AGES = (BLUE, "#f6c58f", "#e8853f", VERMILLION, "#a83e0b")


def ageing(answer: Answer, money: Money, canvas: Canvas) -> Drawn:
    """What is owed by days past due."""
    unit = money.unit(row["balance"] for row in answer.rows)
    rows: list[dict[str, Any]] = [
        {
            "arrears": row["arrears"],
            "value": unit.of(row["balance"]),
            "label": _aged(row, money, canvas),
            "balance": f"{money.text(row['balance'])}  ({share(row['balance_share'])})",
            "loans": f"{count(row['ongoing_loans'])} open, {count(row['default_loans'])} defaulted",
            "par": f"{row['par']}: {share(row['at_risk_share'])}" if row["par"] else "",
        }
        for row in answer.rows
    ]
    ages = [row["arrears"] for row in rows]
    base = alt.Chart(style.data(rows)).encode(
        y=alt.Y("arrears:N", sort=ages, axis=_names(88)),
        x=alt.X("value:Q", axis=_money_axis(f"Balance ({unit.label})")),
        tooltip=style.tooltips(
            arrears="Past due", balance="Balance", loans="Loans", par="Portfolio at risk"
        ),
    )
    scale = alt.Scale(domain=ages, range=list(_AGES))
    bar = base.mark_bar().encode(color=alt.Color("arrears:N", scale=scale, legend=None))
    text = base.mark_text(align="left", dx=6).encode(text="label:N")
    width = canvas.panel(106, 130 if canvas.is_narrow else 210)
    return alt.vconcat((bar + text).properties(width=width, height=len(rows) * 32))


def _aged(row: Mapping[str, Any], money: Money, canvas: Canvas) -> str:
    text = f"{money.text(row['balance'])}  ({share(row['balance_share'])})"
    if canvas.is_narrow or row["par"] is None:
        return text
    return f"{text};  {row['par']} = {share(row['at_risk_share'])}"
