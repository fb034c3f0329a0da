"""psql, as it comes with the embedded server's binaries, opened on a book."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

from psycopg.conninfo import conninfo_to_dict, make_conninfo

from loanbook.database.cluster import binaries

if TYPE_CHECKING:
    from collections.abc import Sequence


def run(
    major: int,
    conninfo: str,
    arguments: Sequence[str],
    *,
    actor: str,
    role: str | None = None,
) -> int:
    """Run psql until it ends; an interrupt is psql's to handle.

    Args:
        major: whose psql, of the versions that are embedded.
        conninfo: where to.
        arguments: for psql itself.
        actor: who acts, for the audit.
        role: a role to take on at once.

    Returns:
        Its exit code.
    """
    parts = {name: str(value) for name, value in conninfo_to_dict(conninfo).items()}
    environment = dict(os.environ)
    if password := parts.pop("password", None):
        environment["PGPASSWORD"] = password  # a command line is for everybody to read
    elif password == "":
        environment.pop("PGPASSWORD", None)  # it is meant for another server
    parts["options"] = _options(parts.get("options", ""), actor, role)
    given = ["--no-psqlrc", "--pset=pager=off"] if not sys.stdout.isatty() else []
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        program = str(binaries(major) / "psql")
        line = [program, *given, "--dbname", make_conninfo("", **parts), *arguments]
        return subprocess.run(
            line, check=False, env=environment, preexec_fn=_heed_interrupts
        ).returncode
    finally:
        signal.signal(signal.SIGINT, before)


def _heed_interrupts() -> None:
    signal.signal(signal.SIGINT, signal.default_int_handler)


def _options(given: str, actor: str, role: str | None) -> str:
    """What the server is told at once; spaces and backslashes are escaped as it wants them."""
    named = re.sub(r"([\\ \t])", r"\\\1", actor)
    return " ".join(filter(None, (given, role and f"-c role={role}", f"-c loanbook.actor={named}")))
