"""The server's processes: started, waited for, asked to end.

The server and all its processes inherit a lock. While it is held something of the server lives,
and when it is free nothing does, whatever number postmaster.pid names: after a crash that number
may belong to anybody, and in a container it means something else.
"""

from __future__ import annotations

import os
import shutil
import signal
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from loanbook.database import cluster as clusters
from loanbook.database import locks, privileges, sockets
from loanbook.database.shortage import no_start
from loanbook.database.sockets import State
from loanbook.errors import DiskFull, ServerFailed

if TYPE_CHECKING:
    from pathlib import Path

    from loanbook.database.cluster import Cluster

POLL = 0.01  # seconds between two looks at a server that starts or stops
SILENCE = 60.0  # seconds that a server may live without listening, as after a crash
STOPPING = 600.0  # seconds for the last checkpoint
STARTS = 3  # of a server that ends while it starts, before it is given up
LARGEST_LOG = 1_000_000  # bytes


def ensure_running(cluster: Cluster) -> None:
    """Start the server unless it runs; wait until it takes sessions, recovery included.

    One that ends while it starts is started a few times, because a recovery may fail by chance and
    the next one be in order; without room it is started once, because that would not change.

    Raises:
        DiskFull: it finds no room to start or to recover.
        ServerFailed: it does not start, ends while it does, or cannot be reached.
    """
    report: _Report | None = None
    ended = 0
    while (answered := answer(cluster)) is not State.READY:
        if answered is State.BUSY:
            time.sleep(POLL)
            continue
        if report is not None:
            ended += 1
            failed = no_start(cluster.root, clusters.last_word(report.read()))
            if ended == STARTS or isinstance(failed, DiskFull):
                raise failed
        report = _start(cluster)


def has_started(cluster: Cluster) -> bool:
    """Whether the server that wrote postmaster.pid has taken sessions since its start."""
    try:
        text = (cluster.data / "postmaster.pid").read_text("utf-8", "replace")
    except FileNotFoundError:
        return False
    return text.rstrip().endswith("\nready")


def state(cluster: Cluster) -> State:
    """What the server says of itself just now."""
    if has_started(cluster):
        return sockets.ask(cluster.root)
    # Not asked while it starts: each refusal is a line in its log, and recovery may take long.
    return State.BUSY if sockets.listens(cluster.root) else State.ABSENT


def answer(cluster: Cluster) -> State:
    """What the server answers, once the moments have passed in which it lives but is silent.

    Raises:
        ServerFailed: they do not pass, or it was moved beyond the reach of calls.
    """
    deadline = time.monotonic() + SILENCE
    while (answered := state(cluster)) is State.ABSENT:
        lock = locks.exclusive_now(cluster.running)
        if lock is not None:
            os.close(lock)
            break
        if sockets.is_out_of_reach(cluster.root):
            problem = (
                "it runs, but the workspace was moved, and from here the path of its socket is too"
                " long; move it back, stop the server, and move it then"
            )
            raise ServerFailed(place=cluster.root, action="be reached", problem=problem)
        if time.monotonic() > deadline:
            problem = (
                f"processes of it run, but none listens at {cluster.root / 'socket'}: a statement"
                " has outlived a killed server, or it was started in another container; end them"
            )
            raise ServerFailed(place=cluster.root, action="be reached", problem=problem)
        time.sleep(POLL)
    return answered


def shut_down(cluster: Cluster) -> None:
    """End the server that listens, sessions included, and wait until all its processes are gone.

    Raises:
        ServerFailed: it is not ours to end, or does not end.
    """
    pid_file = cluster.data / "postmaster.pid"
    number = int(pid_file.read_text("utf-8").split("\n", 1)[0])
    if not sockets.is_listener(cluster.root, number):
        problem = f"process {number}, named in postmaster.pid, is not the one that answers"
        raise ServerFailed(place=cluster.root, action="stop", problem=problem)
    os.kill(number, signal.SIGINT)  # fast: what is running is rolled back
    deadline = time.monotonic() + STOPPING
    while pid_file.exists() or (lock := locks.exclusive_now(cluster.running)) is None:
        if time.monotonic() > deadline:
            problem = f"it has not ended after {STOPPING:.0f} seconds"
            raise ServerFailed(place=cluster.root, action="stop", problem=problem)
        time.sleep(POLL)
    os.close(lock)


def cut(log: Path) -> None:
    """Move a log that has grown large to server.log.old."""
    if not log.exists() or log.stat().st_size < LARGEST_LOG:
        return
    old = log.with_name(log.name + ".old")
    shutil.copyfile(log, old)
    privileges.hand_over(old, like=log.parent)
    # In place: a server that runs has the file open, and goes on at its new end.
    os.truncate(log, 0)


@dataclass(frozen=True, slots=True)
class _Report:
    """What a server says since its start, in its log from `begin` on; else its starter's words."""

    log: Path
    begin: int
    starter: str

    def read(self) -> str:
        with suppress(OSError), self.log.open("rb") as file:
            file.seek(self.begin)
            if said := file.read().decode("utf-8", "replace"):
                return said
        return self.starter


def _start(cluster: Cluster) -> _Report | None:
    """Start a server, without waiting for it, unless something of a former one lives."""
    lock = locks.exclusive_now(cluster.running)
    if lock is None:
        return None
    known = cluster.log.stat().st_size if cluster.log.exists() else 0
    try:
        # Nobody holds the server's lock, so this file is of a dead server. PostgreSQL would
        # believe it if the number in it now belonged to another process of the same user.
        (cluster.data / "postmaster.pid").unlink(missing_ok=True)
        clusters.write_settings(cluster, sockets.make(cluster.root))
        # Not told to wait: it would look ten times a second only, and give up after a minute.
        command = ["pg_ctl", "start", "--pgdata=data", "--log=../server.log", "--no-wait"]
        started = clusters.run(cluster, command, cluster.folder, lent=[lock])
    finally:
        os.close(lock)
    return _Report(cluster.log, known, started.stderr)
