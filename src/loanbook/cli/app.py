"""The program `loanbook`: its commands, and how it ends.

It ends with 0 when done (refused lines and findings included), 1 when a batch, file or request was
refused or a check failed, 2 when the request itself cannot be understood, 130 when interrupted and
143 when terminated.
"""

import signal
import sys
import traceback
from collections.abc import Sequence
from typing import Annotated, NoReturn

import typer
from typer._click.exceptions import ClickException, NoArgsIsHelpError, UsageError

from loanbook import __version__, errors
from loanbook.cli import (
    batches,
    clients,
    contacts,
    days,
    delinquency,
    demo,
    door,
    findings,
    health,
    jsons,
    loans,
    outbox,
    payments,
    portfolio,
    products,
    quarantine,
    reminders,
    report,
    runs,
    server,
    sources,
    summary,
    upkeep,
    worker,
)
from loanbook.cli.words import inert
from loanbook.errors import LoanbookError

DONE, FAILED, MISUSED, INTERRUPTED = 0, 1, 2, 130

app = typer.Typer(
    name="loanbook",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


def _version(wanted: bool) -> None:
    if wanted:
        sys.stdout.write(f"loanbook {__version__}\n")
        raise typer.Exit


@app.callback(
    epilog="""\b
Examples:
  loanbook demo                     a portfolio to play with
  loanbook run                      take in what lies in input_data
  loanbook clients show 42
  loanbook COMMAND --help           more about a command

Every command takes --home DIR, --json and --debug. The workspace is DIR, else
LOANBOOK_HOME, else this folder if it holds loanbook.toml, else ./workspace."""
)
def _loanbook(
    home: door.Home = None,
    version: Annotated[
        bool,
        typer.Option("--version", help="Show the version.", callback=_version, is_eager=True),
    ] = False,
) -> None:
    """A lender's files become an audited book of loans."""


for module in (
    *(demo, days, worker, runs, sources, batches, quarantine, findings),
    *(clients, contacts, loans, payments, products, delinquency),
    *(reminders, summary, outbox),
    *(portfolio, report, server, upkeep, health),
):
    module.add_to(app)


def main() -> NoReturn:
    """Run the program on the arguments of this process."""
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    ended: list[int] = []

    def end(number: int, _: object) -> None:
        ended.append(128 + number)
        raise KeyboardInterrupt  # as an interrupt: the query is cancelled, the server given back

    for wish in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(wish, end)
    code = run(sys.argv[1:])
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        door.silence()
    sys.exit(ended[0] if ended else code)


def run(arguments: Sequence[str]) -> int:
    """Run the program.

    Returns:
        The code with which the process is to end.
    """
    own = list(arguments[: arguments.index("--")] if "--" in arguments else arguments)
    try:
        return int(app(list(arguments), prog_name="loanbook", standalone_mode=False) or DONE)
    except NoArgsIsHelpError as error:
        sys.stderr.write(f"{error.format_message()}\n")
        return MISUSED
    except KeyboardInterrupt:
        return INTERRUPTED
    except Exception as error:  # noqa: BLE001 -- a person never sees a traceback unasked
        if "--debug" in own:
            for line in "".join(traceback.format_exception(error)).split("\n"):
                sys.stderr.write(f"{inert(line)}\n")
        _tell(error, as_json="--json" in own)
        return MISUSED if isinstance(error, (ClickException, errors.UsageError)) else FAILED


def _tell(error: Exception, *, as_json: bool) -> None:
    sentence = inert(_sentence(error))
    if as_json:
        rule = getattr(error, "rule", "") or None
        sys.stderr.write(jsons.dumps({"error": sentence, "rule": rule}) + "\n")
    else:
        sys.stderr.write(f"Error: {sentence}\n")


def _sentence(error: Exception) -> str:
    if isinstance(error, LoanbookError):
        return str(error)
    if isinstance(error, ClickException):
        message = " ".join(error.format_message().split())
        path = error.ctx.command_path if isinstance(error, UsageError) and error.ctx else "loanbook"
        return f"{message.rstrip('.')}; see `{path} --help`."
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename or 'The system'}: {error.strerror}."
    return (
        f"Loanbook met something it was not made for ({type(error).__name__}: {error}); "
        "the same command with --debug shows where."
    )
