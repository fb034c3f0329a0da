"""Commands about products: list, show, change."""

from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Any

import typer

from loanbook.cli.door import Door, command, group
from loanbook.cli.options import parse_amount, parse_day, parse_number
from loanbook.cli.page import Page
from loanbook.cli.words import amount, day, money
from loanbook.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from loanbook.products import Product

ProductId = Annotated[
    int, typer.Argument(metavar="ID", parser=parse_number, help="Number of the product.")
]


def _number(told: str) -> Any:  # noqa: ANN401 -- what typer calls an option
    return typer.Option(metavar="N", parser=parse_number, help=told)


def _amount(metavar: str, told: str) -> Any:  # noqa: ANN401 -- the same
    return typer.Option(metavar=metavar, parser=parse_amount, help=told)


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    products = group(app, "products", "The terms on which loans are made here.")
    command(products, "list")(listed)
    command(products)(show)
    command(products, acts=True)(change)


def listed(
    door: Door,
    on: Annotated[
        date | None,
        typer.Option("--on", parser=parse_day, metavar="DATE", help="Only what stands on it."),
    ] = None,
) -> None:
    """List the products, each version with the days of issue it is for.

    \b
    Examples:
      loanbook products list
      loanbook products list --on 2024-01-25 --json
    """
    from loanbook import products

    with door.book() as book:
        found = products.listed(book, on)
    door.answer({"products": found}, lambda page, settings: _table(page, settings, found))


def show(door: Door, product_id: ProductId) -> None:
    """Show the last terms of a product, and the spans of all.

    \b
    Examples:
      loanbook products show 1
      loanbook products show 1 --json
    """
    from loanbook import products

    with door.book() as book:
        found = products.versions(book, product_id)

    def page(page: Page, settings: Settings) -> None:
        _facts(page, settings, found[-1])
        page.line()
        _table(page, settings, found)

    door.answer({"product_id": product_id, "versions": found}, page)


def change(
    door: Door,
    product_id: ProductId,
    since: Annotated[
        date,
        typer.Option("--from", parser=parse_day, metavar="DATE", help="First day of issue."),
    ],
    reason: Annotated[str, typer.Option(metavar="TEXT", help="Why; kept in the history.")],
    term_days: Annotated[int | None, _number("Days from issue to due.")] = None,
    tax_fixed_percent: Annotated[Decimal | None, _amount("PERCENT", "IOF, once.")] = None,
    tax_daily_percent: Annotated[Decimal | None, _amount("PERCENT", "IOF for each day.")] = None,
    day_count: Annotated[int | None, _number("Days of the year: 360 or 365.")] = None,
    grace_days: Annotated[
        int | None,
        typer.Option(metavar="N", min=0, help="Days past due before a loan is a default."),
    ] = None,
    minimum_amount: Annotated[Decimal | None, _amount("AMOUNT", "Least principal.")] = None,
    maximum_amount: Annotated[Decimal | None, _amount("AMOUNT", "Greatest principal.")] = None,
    name: Annotated[str | None, typer.Option(metavar="TEXT", help="What it is called.")] = None,
) -> None:
    """Change the terms for loans issued from a day on.

    What is not named stays; contracts made before keep their terms.

    \b
    Examples:
      loanbook products change 1 --from 2024-07-01 --tax-fixed-percent 0.95 \\
        --reason "decree of June"
      loanbook products change 1 --from 2024-07-01 --grace-days 5 --reason board
    """
    from loanbook import products

    terms = products.Terms(
        name=name,
        term_days=term_days,
        tax_fixed_percent=tax_fixed_percent,
        tax_daily_percent=tax_daily_percent,
        day_count=day_count,
        grace_days=grace_days,
        minimum_amount=minimum_amount,
        maximum_amount=maximum_amount,
    )
    with door.book() as book:
        made = products.change(book, product_id, terms, since=since, reason=reason)
    door.answer(made, lambda page, settings: _facts(page, settings, made))


def _facts(page: Page, settings: Settings, one: "Product") -> None:
    page.facts(
        [
            ("product", one.product_id),
            ("name", one.name),
            ("version", one.product_version),
            ("issued from", day(one.valid_from)),
            ("issued before", day(one.valid_before)),
            ("term", f"{one.term_days} days"),
            (
                "tax",
                f"{_plain(one.tax_fixed_percent)} % and {_plain(one.tax_daily_percent)} % a day",
            ),
            ("year of", f"{one.day_count} days"),
            ("rounding", one.rounding.replace("_", " ")),
            ("grace", f"{one.grace_days} days"),
            ("least", _limit(one.minimum_amount, settings)),
            ("greatest", _limit(one.maximum_amount, settings)),
        ]
    )


def _plain(percent: Decimal) -> str:
    return f"{percent.normalize():f}"


def _limit(value: Decimal | None, settings: Settings) -> str | None:
    return None if value is None else money(value, settings.currency)


def _table(page: Page, settings: Settings, found: "Sequence[Product]") -> None:
    columns = (
        "product", "version", "name", "issued from", "before", "days", "tax %", "tax % a day",
        "grace", f"least {settings.currency}", f"greatest {settings.currency}",
    )  # fmt: skip
    page.table(
        columns,
        [
            (
                one.product_id,
                one.product_version,
                one.name,
                day(one.valid_from),
                day(one.valid_before),
                one.term_days,
                _plain(one.tax_fixed_percent),
                _plain(one.tax_daily_percent),
                one.grace_days,
                None if one.minimum_amount is None else amount(one.minimum_amount),
                None if one.maximum_amount is None else amount(one.maximum_amount),
            )
            for one in found
        ],
        right=("product", "version", *columns[5:]),
    )
