"""An answer as a table that a person can read: definition, rows, what was tested, notes."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from loanbook.cli.page import Page
from loanbook.cli.words import count, number

if TYPE_CHECKING:
    from loanbook.portfolio.answers import Answer
    from loanbook.sql.headers import Column

_KEYS = ("month", "label", "id", "rank", "percent", "day", "days")
_GAP = 4  # between two columns of a table, and to its edge
_WORDS = ("label", "month", "day", "flag")


def show(page: Page, answer: "Answer", currency: str) -> None:
    """Print an answer.

    Args:
        page: where to.
        answer: what.
        currency: of its amounts.
    """
    question = answer.question
    page.title(question.question)
    page.line(f"As of {answer.as_of}; amounts in {currency}. {count(len(answer.rows), 'row')}.")
    page.line()
    page.line(question.definition)
    page.line(f"Left out: {question.excluded}")
    page.line()
    columns = [column for column in answer.columns if not _is_bound(column)]
    if len(answer.rows) == 1:
        row = answer.rows[0]
        page.facts([(column.name, _cell(column, row)) for column in columns])
    elif answer.rows:
        for part in _parts(page, columns, answer):
            rows = [[_cell(column, row) for column in part] for row in answer.rows]
            right = [column.name for column in part if column.unit not in _WORDS]
            page.table([column.name for column in part], rows, right)
            page.line()
    if answer.comparison is not None:
        page.line(answer.comparison.sentence)
    for note in answer.notes:
        page.line(f"Note: {note}")
    if any(column.unit == "share" for column in columns):
        page.line("Note: In brackets the 95 % interval of a share (Wilson).")


def _is_bound(column: "Column") -> bool:
    return column.unit == "part" and column.name.endswith(("_low", "_high"))


def _parts(
    page: Page, columns: "Sequence[Column]", answer: "Answer"
) -> "Iterator[Sequence[Column]]":
    """On a terminal a wide table becomes several, each with the columns that name a row."""
    if not page.is_terminal:
        yield columns
        return
    keys = []
    for column in columns:
        if column.unit not in _KEYS:
            break
        keys.append(column)
    width = {
        column.name: _GAP + max(len(column.name), *(len(_cell(column, row)) for row in answer.rows))
        for column in columns
    }
    least = sum(width[key.name] for key in keys)
    part, used = list(keys), least
    for column in columns[len(keys) :]:
        if len(part) > len(keys) and used + width[column.name] > page.width:
            yield part
            part, used = list(keys), least
        part.append(column)
        used += width[column.name]
    yield part


def _cell(column: "Column", row: "Mapping[str, Any]") -> str:
    value = row[column.name]
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else ""
    if column.unit == "share":
        low, high = row[f"{column.name}_low"], row[f"{column.name}_high"]
        return f"{_percent(value)} ({100 * low:.1f} to {100 * high:.1f})"
    return _value(column.unit, value)


def _value(unit: str, value: Any) -> str:  # noqa: ANN401 -- whatever a column holds
    written = _WRITTEN.get(unit, str)
    if unit == "percent" and isinstance(value, float):
        return f"{value:.2f} %"
    return f"{value:.1f}" if written is str and isinstance(value, float) else written(value)


def _percent(value: float) -> str:
    return f"{100 * value:.2f} %"


_WRITTEN: "dict[str, Callable[[Any], str]]" = {
    "ratio": _percent,
    "part": _percent,
    "money": lambda value: f"{value:,.2f}",
    "count": number,
    "percent": lambda value: f"{value.normalize():f} %",
    "month": lambda value: f"{value:%Y-%m}",
}
