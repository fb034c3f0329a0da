"""How sure an answer is: intervals for shares, a test for differences, and what it means in words.

SQL gives counts, sums and rates; everything here is computed from the counts.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from loanbook.errors import MissingExtra
from loanbook.sql.headers import Column

if TYPE_CHECKING:
    from types import ModuleType

    from loanbook.portfolio.catalogue import Question, Test

CONFIDENCE = 0.95
_DETECTABLE = 0.05  # a p-value below it is a difference
_FEW = 5  # expected in a cell, below which the test does not hold
_EFFECTS = ((0.1, "negligible"), (0.3, "small"), (0.5, "medium"), (math.inf, "large"))


@dataclass(frozen=True, slots=True)
class Comparison:
    """Whether a share differs between groups.

    Attributes:
        groups: how many groups were compared, those without trials left out.
        n: trials in all of them.
        chi_square: Pearson's statistic; None if there is nothing to test.
        degrees: its degrees of freedom.
        p: how often chance alone gives a statistic as large.
        cramers_v: size of the effect, from 0 to 1.
        is_detected: a difference was found, in groups large enough for the test.
        sentence: what it means.
    """

    groups: int
    n: int
    chi_square: float | None
    degrees: int | None
    p: float | None
    cramers_v: float | None
    is_detected: bool
    sentence: str


def interval(successes: int, trials: int) -> tuple[float, float] | None:
    """The Wilson interval of a share at 95 % confidence; None without trials."""
    if not trials:
        return None
    found = _stats().binomtest(int(successes), int(trials))
    low, high = found.proportion_ci(CONFIDENCE, method="wilson")
    return float(low), float(high)


def with_intervals(
    columns: Sequence[Column], rows: Iterable[Mapping[str, Any]]
) -> tuple[tuple[Column, ...], list[dict[str, Any]]]:
    """Each share gets its interval: columns NAME_low and NAME_high behind it.

    Args:
        columns: of the answer; a share names its numerator and denominator.
        rows: of the answer.
    """
    wider: list[Column] = []
    for column in columns:
        wider.append(column)
        if column.unit == "share":
            wider += [_bound(column, end) for end in ("low", "high")]
    return tuple(wider), [_widened(columns, row) for row in rows]


def _bound(column: Column, end: str) -> Column:
    meaning = f"{end.capitalize()} end of the 95 % interval of {column.name} (Wilson)."
    return Column(f"{column.name}_{end}", "double", "part", meaning)


def _widened(columns: Sequence[Column], row: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for column in columns:
        found[column.name] = row[column.name]
        if column.unit == "share":
            low, high = interval(row[str(column.numerator)], row[str(column.denominator)]) or (
                None,
                None,
            )
            found |= {f"{column.name}_low": low, f"{column.name}_high": high}
    return found


def compare(question: Question, rows: Iterable[Mapping[str, Any]]) -> Comparison | None:
    """The comparison that belongs to a question; None if none does."""
    test = question.test
    if test is None:
        return None
    counted: dict[Any, list[int]] = {}
    for row in rows:
        cell = counted.setdefault(row[test.groups], [0, 0])
        cell[0] += row[test.successes]
        cell[1] += row[test.trials] - row[test.successes]
    table = [cell for cell in counted.values() if sum(cell)]
    n = sum(map(sum, table))
    happened = sum(cell[0] for cell in table)
    if len(table) < 2 or happened in {0, n}:  # noqa: PLR2004 -- two groups make a difference
        sentence = f"Nothing to compare: {_why_not(test, len(table), happened, n)}."
        return Comparison(len(table), n, None, None, None, None, False, sentence)  # noqa: FBT003
    found = _stats().chi2_contingency(table, correction=False)
    effect = math.sqrt(found.statistic / n)
    is_thin = bool((found.expected_freq < _FEW).any())
    return Comparison(
        groups=len(table),
        n=n,
        chi_square=float(found.statistic),
        degrees=int(found.dof),
        p=float(found.pvalue),
        cramers_v=effect,
        is_detected=not is_thin and bool(found.pvalue < _DETECTABLE),
        sentence=_sentence(test, found.statistic, found.dof, found.pvalue, effect, n, is_thin),
    )


def _why_not(test: Test, groups: int, happened: int, n: int) -> str:
    if groups == 0:
        return f"there are no {_words(test.trials)}"
    if groups == 1:
        return f"only one {_words(test.groups)} has {_words(test.trials)}"
    return f"{'none' if happened == 0 else 'all'} of {n:,} {_words(test.trials)} are counted"


def _sentence(  # noqa: PLR0913, PLR0917 -- the figures it tells
    test: Test, chi: float, degrees: int, p: float, effect: float, n: int, is_thin: bool
) -> str:
    what = f"{_words(test.successes)} of {_words(test.trials)} by {_words(test.groups)}"
    told = f"p {'< 0.001' if p < 0.001 else f'= {p:.3f}'}"  # noqa: PLR2004 -- as is usual
    figures = (
        f"chi-square {chi:.2f} on {degrees} degree{'s' if degrees > 1 else ''} of freedom, {told}, "
        f"Cramér's V {effect:.3f}, n {n:,}"
    )
    if is_thin:
        return f"Too few to tell: {what}, {figures}; some groups expect fewer than {_FEW}."
    if p >= _DETECTABLE:
        return f"No detectable difference: {what}, {figures}; chance alone can explain it."
    size = next(name for limit, name in _EFFECTS if effect < limit)
    return f"A detectable difference, {size} in size: {what}, {figures}."


def _words(name: str) -> str:
    return name.replace("_", " ")


def _stats() -> ModuleType:
    try:
        from scipy import stats  # noqa: PLC0415 -- takes a second, so only where it is used
    except ImportError as error:
        raise MissingExtra(package="scipy", extra="portfolio") from error
    module: ModuleType = stats
    return module
