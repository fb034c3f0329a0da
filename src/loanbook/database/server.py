"""The embedded server: started by the first process that needs it, stopped by the last.

Each process that uses the server holds a shared lock, which the kernel drops however the process
ends. Start and stop are decided under a second, exclusive lock, because turning a shared lock
into an exclusive one is not atomic.
"""

from __future__ import annotations

import os
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Self

from loanbook.database import cluster as clusters
from loanbook.database import locks, postmaster, privileges, sockets
from loanbook.database.cluster import APP, DATABASE, OWNER, Cluster, binaries
from loanbook.database.shortage import failure
from loanbook.database.sockets import State
from loanbook.errors import DatabaseError, ServerFailed, ServerInUse

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from types import TracebackType

__all__ = ["Lease", "State", "acquire", "binaries", "conninfo_of", "sessions_of", "stop"]

FAREWELL = 0.5  # seconds for sessions just closed to vanish from the server's list

WHO = """
    select coalesce(nullif(application_name, ''), 'an unnamed program') || ' as ' || usename
    from pg_stat_activity
    where backend_type = 'client backend' and pid <> pg_backend_pid() and usename is not null
    order by 1
"""


class Lease:
    """One process's use of the server, which runs at least until release.

    Attributes:
        owner: libpq connection string of the role that installs; holds no password.
        app: the same for the role of daily work.
    """

    def __init__(self, cluster: Cluster, lock: int) -> None:
        self._cluster = cluster
        self._lock: int | None = lock
        self.owner = _conninfo(cluster, OWNER)
        self.app = _conninfo(cluster, APP)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.release()

    def release(self) -> None:
        """Give the lease back; the last one stops the server unless a session is open on it.

        Never fails: a server that cannot be stopped now is left to the next process. A second
        call does nothing. Close your own connections first: they count as sessions too.
        """
        if self._lock is None:
            return
        lock, self._lock = self._lock, None
        os.close(lock)
        with suppress(DatabaseError, OSError), locks.exclusive(self._cluster.switch):
            _stop(self._cluster)


def acquire(home: Path, major: int) -> Lease:
    """Use the embedded server of a workspace: make it when new, start it when it does not run.

    Waits for a server that recovers from a crash as long as it is at it.

    Args:
        home: the workspace; made when there is none.
        major: PostgreSQL's major version.

    Raises:
        OtherMajorVersion: another major version made the workspace.
        DiskFull: there is no room to make it, to start it or to recover.
        ServerFailed: the server cannot be made or started; the message says why.
    """
    cluster = Cluster(home.absolute() / "server", major)
    with _named(cluster, "start"):
        privileges.make_folder(cluster.root)
        with locks.exclusive(cluster.switch):
            lock = locks.shared(cluster.users)
            try:
                _prepare(cluster)
                postmaster.ensure_running(cluster)
            except BaseException:
                os.close(lock)
                raise
        return Lease(cluster, lock)


def stop(home: Path) -> bool:
    """Stop the embedded server of a workspace.

    Returns:
        Whether one was running.

    Raises:
        ServerInUse: other processes or sessions use it; the message names them.
        ServerFailed: it cannot be stopped.
    """
    cluster = Cluster(home.absolute() / "server")
    with _named(cluster, "stop"):
        if not cluster.data.is_dir():
            return False
        with locks.exclusive(cluster.switch):
            return postmaster.answer(cluster) is not State.ABSENT and _stop(cluster)


def _prepare(cluster: Cluster) -> None:
    clusters.remove_leftovers(cluster)
    clusters.finish_upgrade(cluster)
    if not cluster.folder.is_dir():
        clusters.create(cluster)
    clusters.check_version(cluster)
    postmaster.cut(cluster.log)


def _stop(cluster: Cluster) -> bool:
    if postmaster.state(cluster) is State.ABSENT:
        return False
    alone = locks.exclusive_now(cluster.users)
    if alone is None:
        users = [f"process {number}" for number in locks.holders(cluster.users)]
        raise ServerInUse(place=cluster.root, users=", ".join(users) or "another process")
    try:
        if postmaster.has_started(cluster) and (sessions := sessions_of(cluster)):
            raise ServerInUse(place=cluster.root, users=", ".join(sessions))
        postmaster.shut_down(cluster)
    finally:
        os.close(alone)
    sockets.remove(cluster.root)
    return True


def sessions_of(cluster: Cluster) -> list[str]:
    """Who is connected to a server that runs.

    Raises:
        ServerFailed: it does not tell.
    """
    import psycopg  # noqa: PLC0415 -- whoever only looks at this module need not load the driver

    try:
        with psycopg.connect(
            _conninfo(cluster, OWNER, "postgres"), autocommit=True, connect_timeout=10
        ) as asking:
            deadline = time.monotonic() + FAREWELL
            while (found := asking.execute(WHO).fetchall()) and time.monotonic() < deadline:
                time.sleep(postmaster.POLL)
    except psycopg.Error as error:
        problem = f"it does not tell who uses it ({str(error).strip()})"
        raise ServerFailed(place=cluster.root, action="stop", problem=problem) from error
    return [str(row[0]) for row in found]


def conninfo_of(cluster: Cluster) -> str:
    """How the role that installs connects to a server that runs."""
    return _conninfo(cluster, OWNER)


def _conninfo(cluster: Cluster, role: str, database: str = DATABASE) -> str:
    parts = {
        "host": sockets.find(cluster.root) or "",
        "port": sockets.PORT,
        "dbname": database,
        "user": role,
        "passfile": cluster.passfile,
        # Empty, so that PGPASSWORD and PGHOSTADDR, meant for another server, do not count here.
        "password": "",
        "hostaddr": "",
    }
    return " ".join(f"{name}={_quoted(str(value))}" for name, value in parts.items())


def _quoted(value: str) -> str:
    return "'{}'".format(value.replace("\\", "\\\\").replace("'", "\\'"))


@contextmanager
def _named(cluster: Cluster, action: str) -> Iterator[None]:
    """Say in one sentence which file or folder could not be used."""
    try:
        yield
    except OSError as error:
        problem = f"{error.filename or cluster.root}: {error.strerror}"
        raise failure(cluster.root, action, problem) from error
