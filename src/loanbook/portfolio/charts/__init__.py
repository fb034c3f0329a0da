"""Pictures of answers: one Altair specification for each question."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from loanbook.errors import MissingExtra
from loanbook.portfolio import findings

if TYPE_CHECKING:
    from loanbook.portfolio.answers import Answer
    from loanbook.portfolio.findings import Finding
    from loanbook.portfolio.wording import Money


@dataclass(frozen=True, slots=True)
class Picture:
    """An answer as a picture.

    Attributes:
        name: of its question.
        finding: what it shows, in words.
        wide: its Vega-Lite specification, title included.
        bare: the same without a title, for a page that has one.
        narrow: the same for a narrow page.
    """

    name: str
    finding: Finding
    wide: dict[str, Any]
    bare: dict[str, Any]
    narrow: dict[str, Any]

    @property
    def text(self) -> str:
        """What it shows, for who cannot see it."""
        told = [self.finding.title, self.finding.measure, self.finding.caution]
        return " ".join(f"{part.rstrip('.')}." for part in told if part)


def draw(answer: Answer, money: Money) -> Picture:
    """Draw an answer.

    Args:
        answer: to a question of the catalogue.
        money: how amounts are written.

    Raises:
        MissingExtra: Altair is not installed.
    """
    try:
        from loanbook.portfolio.charts import drawn  # noqa: PLC0415 -- an extra, slow to load
    except ImportError as error:
        raise MissingExtra(package="altair", extra="portfolio") from error
    finding = findings.find(answer, money)
    wide, bare, narrow = drawn.specifications(answer, money, finding)
    return Picture(answer.question.name, finding, wide, bare, narrow)
