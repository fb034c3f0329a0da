"""The embedded server moves to another major version; at each moment one cluster is usable.

server/
├── cluster/        the one in use
├── cluster-16/     the former one, kept until purge
├── cluster.next/   made, filled and proved, waiting to be put in place
└── moving/         a workspace in which it is made; means nothing after a kill
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from contextlib import contextmanager
from typing import TYPE_CHECKING

from loanbook.database import cluster as clusters
from loanbook.database import locks, postmaster, privileges, server
from loanbook.database.cluster import Cluster
from loanbook.errors import ServerInUse

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

Carry = Callable[[str, str], None]  # from the old server's owner to the new one's


def version_of(home: Path) -> int | None:
    """The major version that made a workspace's cluster, or None when there is none."""
    cluster = Cluster(home.absolute() / "server")
    return clusters.found_version(cluster) if cluster.folder.is_dir() else None


def former(home: Path) -> list[Path]:
    """The clusters that upgrades have left behind."""
    return sorted((home.absolute() / "server").glob(f"{clusters.FORMER}*"))


def upgrade(home: Path, major: int, carry: Carry) -> Path | None:
    """Move the cluster of a workspace to a newer major version.

    Nobody else can start the server meanwhile.

    Args:
        home: the workspace.
        major: the version to move to.
        carry: copies the book from one server to the other, and proves the copy.

    Returns:
        Where the former cluster is kept; None when there was nothing to do.

    Raises:
        ServerInUse: others use the server.
        ServerFailed: one of the servers does not start.
    """
    root = home.absolute() / "server"
    if not root.is_dir():
        return None
    with locks.exclusive(root / "switch.lock"):
        clusters.finish_upgrade(Cluster(root))
        found = version_of(home)
        if found is None or found == major:
            return None
        old = Cluster(root, found)
        with _alone(old):
            _make_next(old, major, carry)
            kept = root / f"{clusters.FORMER}{found}"
            shutil.rmtree(kept, ignore_errors=True)
            old.folder.rename(kept)
            clusters.finish_upgrade(old)
    return kept


def _make_next(old: Cluster, major: int, carry: Carry) -> None:
    """The new cluster, whole under a name that says so; the old server is stopped before that."""
    moving = old.root / "moving"
    _clear(moving)
    privileges.make_folder(moving)
    try:
        with server.acquire(moving, major) as lease:
            postmaster.ensure_running(old)
            carry(server.conninfo_of(old), lease.owner)
        postmaster.shut_down(old)
        shutil.rmtree(old.root / clusters.NEXT, ignore_errors=True)
        (moving / "server" / "cluster").rename(old.root / clusters.NEXT)
    finally:
        _clear(moving)


@contextmanager
def _alone(old: Cluster) -> Iterator[None]:
    """No other process uses the server, none can come, and it is stopped afterwards."""
    users = locks.exclusive_now(old.users)
    if users is None:
        found = [f"process {number}" for number in locks.holders(old.users)]
        raise ServerInUse(place=old.root, users=", ".join(found) or "another process")
    try:
        if postmaster.answer(old) is not server.State.ABSENT and (who := server.sessions_of(old)):
            raise ServerInUse(place=old.root, users=", ".join(who))
        yield
    finally:
        if old.folder.is_dir() and postmaster.state(old) is not server.State.ABSENT:
            postmaster.shut_down(old)
        os.close(users)


def _clear(moving: Path) -> None:
    if moving.is_dir():
        left = Cluster(moving / "server")
        # What a killed upgrade began there may still be at work; it is nobody's.
        if left.data.is_dir() and postmaster.answer(left) is not server.State.ABSENT:
            postmaster.shut_down(left)
        shutil.rmtree(moving, ignore_errors=True)
