"""pg_dump and pg_restore: which ones suit a server, and how they are run."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

from psycopg.conninfo import conninfo_to_dict, make_conninfo

from loanbook.database.cluster import FOLDERS, binaries
from loanbook.errors import ToolFailed, ToolMissing

if TYPE_CHECKING:
    from collections.abc import Sequence

_VERSION = re.compile(r"\) (\d+)")


def find(name: str, major: int) -> Path:
    """A program that suits a server: the oldest of ours that knows it, else the system's.

    A dump made by a newer program than the server holds settings that this server refuses, so the
    programs come as near to the server as there are.

    Args:
        name: pg_dump or pg_restore.
        major: the server's major version.

    Raises:
        ToolMissing: there is none that is new enough.
    """
    for embedded in sorted(FOLDERS):
        if embedded >= major:
            return binaries(embedded) / name
    found = shutil.which(name)
    if found is None or _major(found) < major:
        raise ToolMissing(tool=name, version=major)
    return Path(found)


def run(program: Path, conninfo: str, arguments: Sequence[str]) -> None:
    """Run one of the programs to its end.

    Raises:
        ToolFailed: it failed; the message holds its last word.
    """
    place, environment = without_password(conninfo)
    done = subprocess.run(
        [str(program), "--no-password", "--dbname", place, *arguments],
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        check=False,
    )
    if done.returncode != 0:
        raise ToolFailed(tool=program.name, problem=_told(done))


def without_password(conninfo: str) -> tuple[str, dict[str, str]]:
    """A connection string for a command line, which everybody can read, and its environment."""
    parts = {name: str(value) for name, value in conninfo_to_dict(conninfo).items()}
    environment = dict(os.environ)
    if password := parts.pop("password", None):
        environment["PGPASSWORD"] = password
    elif password == "":
        environment.pop("PGPASSWORD", None)  # it is meant for another server
    return make_conninfo("", **parts), environment


def _major(program: str) -> int:
    done = subprocess.run([program, "--version"], capture_output=True, text=True, check=False)
    found = _VERSION.search(done.stdout)
    return int(found.group(1)) if found else 0


def _told(done: subprocess.CompletedProcess[str]) -> str:
    lines = [line for line in done.stderr.splitlines() if " error: " in line]
    if lines:
        return lines[0].partition(" error: ")[2].rstrip(".")
    if done.returncode < 0:
        return f"signal {-done.returncode} ended it"
    return " ".join(done.stderr.split()) or f"it ended with {done.returncode}"
