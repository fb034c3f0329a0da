"""Workers as processes: started on a book, listened to, stopped, killed."""

from __future__ import annotations

import os
import queue
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, LiteralString

from tests.program import FOREIGN

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path
    from typing import Self

    from tests.desk import Desk
    from tests.houses import Houses

    from loanbook.database.connection import Database

PATIENCE = 60.0  # seconds for anything that is waited for
POLL = 0.02
QUICK = "look_every = 1\nstalled_after = 2\nbackoff = 1\nmetrics_port = {port}\n"


class Hand:
    """A worker that runs.

    Attributes:
        process: itself.
        said: all lines it said so far.
    """

    def __init__(self, home: Path, environ: dict[str, str]) -> None:
        self.said: list[str] = []
        self._lines: queue.Queue[str | None] = queue.Queue()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "loanbook", "--home", str(home), "worker", "--actor", "tester"],
            env=environ, text=True, encoding="utf-8",
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
        self._listener = threading.Thread(target=self._listen)
        self._listener.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    def _listen(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self._lines.put(line.rstrip("\n"))
        self._lines.put(None)

    def hears(self, words: str) -> str:
        """Wait until it says a line with these words in it: the line."""
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                line = self._lines.get(timeout=max(deadline - time.monotonic(), POLL))
            except queue.Empty:
                line = None
            assert line is not None, f"it never said «{words}» but {self.said}"
            self.said.append(line)
            if words in line:
                return line

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Ask it to stop, and wait: how it ended."""
        self.process.send_signal(number)
        return self.ends()

    def ends(self) -> int:
        """Wait for its end: how it ended; all its words are in `said` then."""
        code = self.process.wait(PATIENCE)
        self._listener.join()
        while (line := self._lines.get()) is not None:
            self.said.append(line)
        self._lines.put(None)
        return code

    def kill(self) -> None:
        """Kill it without a word."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self._listener.join()
        assert self.process.stdout is not None
        self.process.stdout.close()


class Crew:
    """The workers of one workspace.

    Attributes:
        port: where the first of them tells its metrics.
    """

    def __init__(self, stack: ExitStack, home: Path, url: str | None) -> None:
        self._stack = stack
        self._home = home
        self._environ = {k: v for k, v in os.environ.items() if k not in FOREIGN}
        if url is not None:
            self._environ["DATABASE_URL"] = url
        self.port = free_port()

    def settle(
        self, *, as_of: object = None, cron: str | None = None, more: str = "", runs: str = ""
    ) -> None:
        """Write loanbook.toml: quick reactions, a day or a schedule."""
        named = f"as_of = {as_of}\n" if as_of else ""
        line = f'cron = "{cron}"\n' if cron else ""
        day = f"[runs]\nreport = false\n{runs}"  # pictures take 8 s
        main = '[sources.main]\nfull = ["clients"]\n'
        text = f"{named}[worker]\n{QUICK.format(port=self.port)}{line}{more}{day}{main}"
        fresh = self._home / "loanbook.toml.new"
        fresh.write_text(text, "utf-8")
        fresh.replace(self._home / "loanbook.toml")  # a worker may be reading it

    def hand(self) -> Hand:
        """One more worker."""
        return self._stack.enter_context(Hand(self._home, self._environ))


@contextmanager
def crew(home: Path, url: str | None = None) -> Iterator[Crew]:
    """Workers of a workspace, embedded or on the database of a URL; all are killed at the end."""
    with ExitStack() as stack:
        yield Crew(stack, home, url)


@contextmanager
def crew_of(desk: Desk, houses: Houses) -> Iterator[Crew]:
    """Workers on the book of a desk."""
    with crew(desk.settings.home, houses.conninfo(desk.name)) as made:
        yield made


def free_port() -> int:
    """A port of this machine that nobody uses."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def until(condition: Callable[[], bool], what: str) -> None:
    """Wait until something is so."""
    deadline = time.monotonic() + PATIENCE
    waiter = threading.Event()
    while not condition():
        assert time.monotonic() < deadline, f"never came to pass: {what}"
        waiter.wait(POLL)


@contextmanager
def held(owner: Database, statement: LiteralString = "lock table dm.clients") -> Iterator[None]:
    """A table is locked, so that a step which needs it stands still in the middle."""
    with owner.transaction():
        owner.run(statement)
        yield
