"""Pages from templates: Jinja with everything escaped that is not a template's own."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from loanbook.errors import MissingExtra
from loanbook.portfolio import wording

if TYPE_CHECKING:
    from jinja2 import Environment


def render(template: str, **values: object) -> str:
    """A page.

    Args:
        template: a file of the folder templates.
        values: what it names.

    Raises:
        MissingExtra: Jinja is not installed.
    """
    return _environment().get_template(f"{template}.jinja").render(values)


@cache
def _environment() -> Environment:
    try:
        from jinja2 import Environment, PackageLoader, StrictUndefined  # noqa: PLC0415 -- an extra
    except ImportError as error:
        raise MissingExtra(package="jinja2", extra="portfolio") from error
    made = Environment(
        loader=PackageLoader("loanbook.portfolio"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters["unbroken"] = wording.unbroken
    return made
