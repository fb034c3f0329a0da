"""What every command shares: its common options, the workspace, the book and the way to answer."""

import functools
import inspect
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from loanbook import settings
from loanbook.cli import jsons
from loanbook.cli.page import Page
from loanbook.settings import Settings

if TYPE_CHECKING:
    from loanbook.database.connection import Database

BROKEN_PIPE = 141  # what a shell reports when the reader of a pipe has gone

Home = Annotated[
    Path | None,
    typer.Option("--home", metavar="DIR", help="The workspace folder.", show_default=False),
]
Json = Annotated[bool, typer.Option("--json", help="Answer with JSON.")]
Debug = Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")]
Actor = Annotated[
    str | None,
    typer.Option(
        "--actor", metavar="NAME", help="Who acts, for the history; by default the system's user."
    ),
]
_COMMON = {"home": Home, "json": Json, "debug": Debug}


class Door:
    """The way in and out of one command.

    Attributes:
        page: where text is printed.
        actor: who acts, if it was said.
    """

    def __init__(self, *, home: Path | None, json: bool, actor: str | None = None) -> None:
        self._home = home
        self._json = json
        self.actor = actor
        self.page = Page()

    @functools.cached_property
    def settings(self) -> Settings:
        """Of the workspace that was named, or that is the default here."""
        return settings.load(self.home)

    @property
    def home(self) -> Path:
        """The workspace, whatever its settings say."""
        return settings.find_home(self._home)

    @contextmanager
    def book(self) -> "Iterator[Database]":
        """A connection to the book, in the name of the actor."""
        from loanbook import bootstrap

        with bootstrap.open_book(given=self.settings, actor=self.actor) as book:
            yield book

    def as_of(self, named: date | None) -> date:
        """The business date: named, else that of loanbook.toml, else today at the lender's."""
        return named or self.settings.as_of or datetime.now(self.settings.zone).date()

    @property
    def limit(self) -> int | None:
        """How many rows of a long list are shown; JSON has them all."""
        return None if self._json else 20

    @property
    def wants_json(self) -> bool:
        """The answer is to be JSON."""
        return self._json

    def answer(
        self,
        result: object,
        show: "Callable[[Page, Settings], None]",
        given: Settings | None = None,
    ) -> None:
        """Print a result.

        Args:
            result: all of it, for JSON.
            show: prints what a person wants to see of it.
            given: settings, if not those of the workspace.
        """
        if self._json:
            sys.stdout.writelines(jsons.pieces(result))
            sys.stdout.write("\n")
        else:
            show(self.page, given or self.settings)
        sys.stdout.flush()


def command(
    group: typer.Typer, name: str | None = None, *, acts: bool = False
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Make a function a command of a group, with the options that all commands have.

    Args:
        group: the group.
        name: of the command, if not that of the function.
        acts: it writes to the book, so that it takes --actor.

    Returns:
        A decorator. The function's first parameter is the door; the others are its options.
    """

    def register(function: Callable[..., None]) -> Callable[..., None]:
        common: dict[str, Any] = dict(_COMMON, actor=Actor) if acts else dict(_COMMON)

        @functools.wraps(function)
        def run(ctx: typer.Context, **options: Any) -> None:  # noqa: ANN401 -- each its own
            named = {key: options.pop(key) for key in common if key != "debug"}
            options.pop("debug")
            named["home"] = named["home"] or ctx.find_root().params.get("home")
            with _quiet_pipe():
                function(Door(**named), **options)

        parameters = list(inspect.signature(function, eval_str=True).parameters.values())[1:]
        keyword = inspect.Parameter.KEYWORD_ONLY
        signature = [
            inspect.Parameter("ctx", keyword, annotation=typer.Context),
            *(parameter.replace(kind=keyword) for parameter in parameters),
            *(
                inspect.Parameter(key, keyword, annotation=kind, default=_default(kind))
                for key, kind in common.items()
            ),
        ]
        made = cast("Any", run)
        del made.__wrapped__  # the signature is another one than that of the function
        made.__signature__ = inspect.Signature(signature)
        made.__annotations__ = {one.name: one.annotation for one in signature}
        group.command(name)(run)
        return function

    return register


def group(app: typer.Typer, name: str, summary: str) -> typer.Typer:
    """A group of commands."""
    made = typer.Typer(name=name, help=summary, no_args_is_help=True, rich_markup_mode=None)
    app.add_typer(made)
    return made


def _default(kind: object) -> bool | None:
    return False if kind in {Json, Debug} else None


@contextmanager
def _quiet_pipe() -> Iterator[None]:
    """When the reader has gone there is nobody to complain to."""
    try:
        yield
    except BrokenPipeError as error:
        silence()
        raise typer.Exit(BROKEN_PIPE) from error


def silence() -> None:
    """Whatever is still to be printed goes nowhere."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
