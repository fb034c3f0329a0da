"""Pictures of what a terminal shows, in docs/pictures; part of `make notebook`.

    screens.py HOME AS_OF

Brings the book of a workspace to a day and draws the live view while files are read (live.svg) and
at the end (live-end.svg), then what `loanbook status` says in a terminal (status.svg).
"""

from __future__ import annotations

import fcntl
import io
import os
import pty
import re
import struct
import subprocess
import sys
import termios
from datetime import date
from pathlib import Path

from rich.console import Console
from rich.terminal_theme import MONOKAI
from rich.text import Text

from loanbook import bootstrap, settings
from loanbook.cli.live import View
from loanbook.runs import daily
from loanbook.runs.watching import Event, FileRead, RunBegun

PICTURES = Path(__file__).parent / "pictures"
WIDTH = 100  # columns
FETCHED = re.compile(r"@font-face \{.*?\}", re.DOTALL)  # a picture must not ask the network


def main() -> None:
    """Draw the three."""
    home, day = Path(sys.argv[1]).absolute(), date.fromisoformat(sys.argv[2])
    half, end = live(home, day)
    keep(half, "loanbook run", "live")
    keep(end, "loanbook run", "live-end")
    status = Text.from_ansi(said("status", "--home", str(home), "--as-of", str(day)))
    keep(status, "loanbook status", "status")


def live(home: Path, day: date) -> tuple[Text, Text]:
    """The live view while the last file of the last day is half read, and at the end."""
    console = terminal()
    view = View(console)
    seen: list[Text] = []
    days: list[date] = []

    def watch(event: Event) -> None:
        view.tell(event)
        if isinstance(event, RunBegun):
            days.append(event.business_date)
        if not isinstance(event, FileRead) or event.file != "loans.csv" or days[-1] != day:
            return
        if event.total / 3 < event.done < event.total:
            seen.append(drawn(console, view))

    with bootstrap.open_book(home, actor="maria") as book:
        daily.run(book, settings.load(home), daily.Wish(day), watch)
    return seen[0], drawn(console, view)


def drawn(console: Console, view: View) -> Text:
    """The view as it looks now."""
    with console.capture() as shown:
        console.print(view)
    return Text.from_ansi(shown.get())


def said(*arguments: str) -> str:
    """What the program says in a terminal."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 60, WIDTH, 0, 0))
    subprocess.run(
        [sys.executable, "-m", "loanbook", *arguments],
        stdin=subprocess.DEVNULL, stdout=theirs, stderr=theirs, check=False,
        env={name: v for name, v in os.environ.items() if name != "NO_COLOR"}
        | {"TERM": "xterm-256color"},
    )  # fmt: skip
    os.close(theirs)
    with os.fdopen(ours, "rb", buffering=0) as screen:
        return screen.read(1 << 16).decode().replace("\r\n", "\n")


def terminal() -> Console:
    """A terminal that remembers what it showed."""
    return Console(
        record=True, width=WIDTH, file=io.StringIO(), force_terminal=True, color_system="truecolor"
    )


def keep(shown: Text, title: str, name: str) -> None:
    """A picture of a screen."""
    console = terminal()
    console.print(shown)
    picture = console.export_svg(title=title, theme=MONOKAI, unique_id=name)
    (PICTURES / f"{name}.svg").write_text(FETCHED.sub("", picture), "utf-8")


if __name__ == "__main__":
    main()
