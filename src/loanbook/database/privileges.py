"""PostgreSQL refuses root; this finds who runs the server when root asks for it.

The owner of the server's folder runs the server. An ordinary user owns that folder and runs the
binaries directly. For root there are two ways:

- the folder is root's own: the binaries run in a user namespace, in which root's number looks
  like an ordinary one and has none of root's powers. No file changes hands;
- the folder is another user's (the workspace lies in that user's folder, or namespaces are
  forbidden here and `nobody` has to do): the binaries run as that user.

The modes of folders above the server's own are never touched.
"""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from contextlib import suppress
from pathlib import Path

from loanbook.errors import ServerFailed

STAND_INS = ("daemon", "nobody")  # accounts that every system has; initdb wants one with a name
REFUGE = "nobody"


def make_folder(folder: Path) -> None:
    """Make the server's folder, private to the user who shall run the server."""
    if folder.is_dir():
        return
    folder.parent.mkdir(parents=True, exist_ok=True)
    attempt = Path(tempfile.mkdtemp(prefix=f"{folder.name}.new-", dir=folder.parent))
    if os.geteuid() == 0:
        os.chown(attempt, *_heir(folder.parent))
    try:
        attempt.rename(folder)  # replaces an empty folder only, so the first of many wins
    except OSError:
        attempt.rmdir()
        if not folder.is_dir():
            raise


def hand_over(path: Path, like: Path) -> None:
    """Give what root has just made to the owner of a folder; for others there is nothing to do."""
    if os.geteuid() == 0:
        owner = like.stat()
        os.chown(path, owner.st_uid, owner.st_gid, follow_symlinks=False)


def prefix(folder: Path, program: Path) -> list[str]:
    """What has to stand before a command so that it runs without root's powers.

    Args:
        folder: the server's folder; its owner decides.
        program: what shall run.

    Raises:
        ServerFailed: there is no way to run it here; the message says why.
    """
    if os.geteuid() != 0:
        return []
    owner = folder.stat()
    if owner.st_uid != 0:
        command = _as_user(owner.st_uid, owner.st_gid)
        return _reaching(
            command, f"the user {_name(owner.st_uid) or owner.st_uid}", folder, program
        )
    if namespaces_allowed():
        return _reaching(_in_namespace(), "root without its powers", folder, program)
    problem = (
        f"root may not run it, user namespaces are forbidden here, and {folder} belongs to root;"
        f" give that folder with all in it to an ordinary user (chown -R {REFUGE})"
    )
    raise ServerFailed(place=folder, action="start", problem=problem)


def namespaces_allowed() -> bool:
    """Whether root may make a user namespace (containers often forbid it)."""
    if shutil.which("unshare") is None:
        return False
    done = subprocess.run([*_in_namespace(), "true"], capture_output=True, check=False)
    return done.returncode == 0


def _heir(home: Path) -> tuple[int, int]:
    owner = home.stat()
    if owner.st_uid != 0 and _name(owner.st_uid):
        return owner.st_uid, owner.st_gid
    if namespaces_allowed():
        return 0, 0
    refuge = pwd.getpwnam(REFUGE)
    return refuge.pw_uid, refuge.pw_gid


def _in_namespace() -> list[str]:
    for name in STAND_INS:
        with suppress(KeyError):
            number = pwd.getpwnam(name).pw_uid
            break
    else:
        number = 1000
    return ["unshare", "--user", f"--map-user={number}", f"--map-group={number}"]


def _as_user(uid: int, gid: int) -> list[str]:
    return [
        "setpriv", f"--reuid={uid}", f"--regid={gid}", "--clear-groups",
        "--no-new-privs", "--bounding-set=-all",
    ]  # fmt: skip


def _reaching(command: list[str], who: str, folder: Path, program: Path) -> list[str]:
    for path, needed in ((folder, "-w"), (program, "-x")):
        done = subprocess.run([*command, "test", needed, path], capture_output=True, check=False)
        if done.returncode != 0:
            problem = (
                f"root may not run it, and {who}, who has to, cannot reach {path};"
                " move it below a folder that all may enter"
            )
            raise ServerFailed(place=folder, action="start", problem=problem)
    return command


def _name(uid: int) -> str | None:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return None
