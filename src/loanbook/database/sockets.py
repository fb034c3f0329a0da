"""The socket of the embedded server: where it lies, and who answers there.

A socket's path may have about a hundred bytes. Where the workspace's own path is short enough
the socket lies in it; otherwise `server/socket` is a link to a private folder in /tmp. That folder
has an unguessable name, must be ours, and carries the mark of the one server folder it belongs to,
so that a copied workspace does not talk to the server of the original.
"""

from __future__ import annotations

import enum
import os
import shutil
import socket
import stat
import struct
import tempfile
from contextlib import suppress
from pathlib import Path

from loanbook.database.privileges import hand_over

PORT = 5432  # part of the socket's name only
LONGEST = 103  # bytes of a socket's path; Linux takes 107, others 103
PATIENCE = 5.0  # seconds for an answer from a server that did take the call


class State(enum.Enum):
    """What a server answers."""

    ABSENT = "nobody listens"
    BUSY = "it starts, recovers or stops"
    READY = "it takes sessions"


def find(root: Path) -> Path | None:
    """The folder of a server's socket, or None when there is none that can be trusted."""
    place = root / "socket"
    if not place.is_symlink():
        return place if place.is_dir() and _fits(place) else None
    target = place.readlink()
    try:
        status = target.lstat()
    except OSError:
        return None
    private = stat.S_ISDIR(status.st_mode) and stat.S_IMODE(status.st_mode) == stat.S_IRWXU
    ours = status.st_uid == root.stat().st_uid and target.name.startswith(_mark(root))
    return target if private and ours else None


def make(root: Path) -> Path:
    """The folder of a server's socket, made when there is none; without leftovers of a dead server.

    Only for a start, when no server listens.
    """
    folder = find(root) or _make_here(root) or _make_short(root)
    for leftover in _names(folder):
        leftover.unlink(missing_ok=True)
    return folder


def remove(root: Path) -> None:
    """Remove a socket's folder outside the workspace, after its server has stopped."""
    folder = find(root)
    if folder is not None and (root / "socket").is_symlink():
        with suppress(OSError):
            folder.rmdir()
            (root / "socket").unlink()


def is_out_of_reach(root: Path) -> bool:
    """Whether a socket lies in a workspace whose path has become too long for it by a move."""
    place = root / "socket"
    return place.is_dir() and not place.is_symlink() and not _fits(place)


def ask(root: Path) -> State:
    """What the server answers to the first message of a session, which is not pursued."""
    call = _call(root)
    if call is None:
        return State.ABSENT
    with call:
        words = b"user\0loanbook_app\0database\0loanbook\0\0"
        try:
            call.sendall(struct.pack("!II", len(words) + 8, 3 << 16) + words)
            answer = call.recv(1024)
        except OSError:
            return State.BUSY
    # 57P03: cannot connect now. Any other refusal comes from a server that is up.
    return State.BUSY if not answer or b"C57P03\0" in answer else State.READY


def listens(root: Path) -> bool:
    """Whether anybody listens at the socket."""
    call = _call(root)
    if call is None:
        return False
    call.close()
    return True


def is_listener(root: Path, process: int) -> bool:
    """Whether this process listens at the socket; or anybody does, if the kernel does not tell."""
    call = _call(root)
    if call is None:
        return False
    with call:
        if not hasattr(socket, "SO_PEERCRED"):
            return True
        told = call.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    return bool(struct.unpack("3i", told)[0] == process)


def _call(root: Path) -> socket.socket | None:
    folder = find(root)
    if folder is None:
        return None
    call = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    call.settimeout(PATIENCE)
    try:
        call.connect(os.fsencode(_names(folder)[0]))
    except OSError:
        call.close()
        return None
    return call


def _names(folder: Path) -> tuple[Path, Path]:
    return folder / f".s.PGSQL.{PORT}", folder / f".s.PGSQL.{PORT}.lock"


def _fits(folder: Path) -> bool:
    return len(os.fsencode(_names(folder)[0])) <= LONGEST


def _mark(root: Path) -> str:
    status = root.stat()
    return f"loanbook-{status.st_dev:x}-{status.st_ino:x}-"


def _make_here(root: Path) -> Path | None:
    place = root / "socket"
    if place.is_symlink():
        place.unlink()
    shutil.rmtree(place, ignore_errors=True)
    if not _fits(place):
        return None
    place.mkdir(mode=stat.S_IRWXU)
    hand_over(place, like=root)
    if _takes_sockets(place):
        return place
    place.rmdir()
    return None


def _make_short(root: Path) -> Path:
    base = "/tmp"  # noqa: S108 -- short on every system; the folder in it is made by mkdtemp
    folder = Path(tempfile.mkdtemp(prefix=_mark(root), dir=base))
    hand_over(folder, like=root)
    (root / "socket").symlink_to(folder)
    return folder


def _takes_sockets(folder: Path) -> bool:
    """Whether the file system can hold a socket at all (shared folders of containers cannot)."""
    probe = folder / "probe"
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as trial:
        try:
            trial.bind(os.fsencode(probe))
        except OSError:
            return False
    probe.unlink()
    return True
