"""Products: the terms on which loans are made here, each version for a span of days of issue."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from loanbook import sql
from loanbook.errors import NotFound

if TYPE_CHECKING:
    from datetime import date
    from decimal import Decimal

    from loanbook.database.connection import Database

_QUERIES = sql.queries("products")


@dataclass(frozen=True, slots=True)
class Product:
    """A version of a product; amounts in the book's currency.

    Attributes:
        product_version: number of the version; it stands on each loan made under it.
        product_id: number of the product.
        name: what it is called.
        valid_from: first day of issue for which the version stands.
        valid_before: the day on which the next version begins; None if none does.
        term_days: days from issue to due.
        tax_fixed_percent: IOF, percent of the principal, once.
        tax_daily_percent: IOF, percent of the principal for each day of the term.
        day_count: days of the year on which the interest rate is counted.
        rounding: how the amount due is rounded to the cent, once.
        grace_days: days past due after which a loan is a default.
        minimum_amount: least principal; None if there is no such limit.
        maximum_amount: greatest principal; None if there is no such limit.
    """

    product_version: int
    product_id: int
    name: str
    valid_from: date
    valid_before: date | None
    term_days: int
    tax_fixed_percent: Decimal
    tax_daily_percent: Decimal
    day_count: int
    rounding: str
    grace_days: int
    minimum_amount: Decimal | None
    maximum_amount: Decimal | None


@dataclass(frozen=True, slots=True)
class Terms:
    """What a change of a product alters; what is None stays. Units are those of `Product`."""

    name: str | None = None
    term_days: int | None = None
    tax_fixed_percent: Decimal | None = None
    tax_daily_percent: Decimal | None = None
    day_count: int | None = None
    grace_days: int | None = None
    minimum_amount: Decimal | None = None
    maximum_amount: Decimal | None = None


def listed(book: Database, on: date | None = None) -> list[Product]:
    """All versions of all products in order, or those that stand on a day."""
    return [Product(**row) for row in book.rows(_QUERIES["listed"], day=on)]


def versions(book: Database, product_id: int) -> list[Product]:
    """All versions of one product, oldest first.

    Raises:
        NotFound: there is no such product.
    """
    found = [one for one in listed(book) if one.product_id == product_id]
    if not found:
        raise NotFound(sentence=f"There is no product {product_id}.", rule="product_exists")
    return found


def change(book: Database, product_id: int, terms: Terms, *, since: date, reason: str) -> Product:
    """Other terms for loans issued from a day on; contracts made before keep theirs.

    Args:
        book: the book.
        product_id: the product.
        terms: what becomes other.
        since: first day of issue of the new version, after that of the last one.
        reason: why, for the history.

    Returns:
        The new version.

    Raises:
        NotFound: there is no such product.
        Refused: a term is out of range, or a loan was issued under the standing terms on or after
            that day.
    """

    def work() -> Product:
        version = book.value(
            _QUERIES["change"],
            product_id=product_id,
            since=since,
            reason=reason,
            name=terms.name,
            term_days=terms.term_days,
            tax_fixed_percent=terms.tax_fixed_percent,
            tax_daily_percent=terms.tax_daily_percent,
            day_count=terms.day_count,
            grace_days=terms.grace_days,
            minimum_amount=terms.minimum_amount,
            maximum_amount=terms.maximum_amount,
        )
        [made] = (one for one in listed(book) if one.product_version == version)
        return made

    return book.act(work)
