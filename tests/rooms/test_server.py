"""The embedded server with real servers: who starts it, who keeps it, what survives a kill."""

from __future__ import annotations

import os
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Self

import psycopg
import pytest

from loanbook.database import locks, postmaster, privileges, server, sockets
from loanbook.database.sockets import State
from loanbook.errors import OtherMajorVersion, ServerFailed, ServerInUse

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

REPOSITORY = Path(__file__).parents[2]
NOBODY = 65534
# With env, because setpriv itself may still enter folders that nobody may not.
AS_NOBODY = [
    *(shutil.which("setpriv") or "setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}"),
    *("--clear-groups", "--no-new-privs", "env"),
]
SLEEP = shutil.which("sleep") or "sleep"

# What an ordinary user must see just as root does; run once more as one.
KEY_STORIES = (
    "first_use or without_a_password or second_process or killed_client or foreign_session"
    " or recovers or eight_first_starts or stale"
)

CLIENT = """
import sys
from pathlib import Path
from loanbook.database import server
lease = server.acquire(Path(sys.argv[1]), int(sys.argv[2]))
print(lease.app, flush=True)
sys.stdin.read()
lease.release()
"""

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="about root")
on_linux = pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")


class Client:
    """Another process that uses the server until it is told to leave, or killed."""

    def __init__(self, home: Path, major: int, before: Sequence[str] = ()) -> None:
        self._process = subprocess.Popen(
            [*before, sys.executable, "-c", CLIENT, str(home), str(major)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,  # so that a test may send Ctrl-C to it alone
        )
        self.pid = self._process.pid

    def ready(self) -> str:
        """Its connection string, once it has one."""
        assert self._process.stdout is not None
        line = self._process.stdout.readline().strip()
        assert line, "the client ended before it was ready"
        return line

    def leave(self) -> Self:
        """Let it give its lease back and end."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        return self

    def ended(self) -> int:
        """Its exit code, once it has one."""
        assert self._process.stdout is not None
        try:
            return self._process.wait(timeout=30)
        finally:
            self._process.stdout.close()

    def signal(self, number: int) -> None:
        """Send it a signal that ends it."""
        os.killpg(self.pid, number)
        self.leave().ended()

    def kill(self) -> None:
        """End it without a chance to tidy up."""
        if self._process.poll() is None:
            self.signal(signal.SIGKILL)


@pytest.fixture(params=[16, 18])
def major(request: pytest.FixtureRequest) -> int:
    number = request.param
    assert isinstance(number, int)
    return number


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Callable[[int], Path]:
    """A workspace made once for each version, to be copied: a copy takes a tenth of the time."""
    made: dict[int, Path] = {}

    def make(major: int) -> Path:
        if major not in made:
            made[major] = tmp_path_factory.mktemp(f"template-{major}")
            server.acquire(made[major], major).release()
        return made[major]

    return make


@pytest.fixture
def settled(template: Callable[[int], Path], major: int) -> Iterator[Callable[[Path], Path]]:
    """Settle a ready workspace in a folder; whatever runs there afterwards is ended."""
    homes: list[Path] = []

    def settle(home: Path) -> Path:
        homes.append(home)
        privileges.make_folder(home / "server")
        shutil.copytree(template(major) / "server" / "cluster", home / "server" / "cluster")
        return home

    yield settle
    for home in homes:
        end(home)


@pytest.fixture
def home(tmp_path: Path, settled: Callable[[Path], Path]) -> Path:
    """A workspace whose server does not run."""
    return settled(tmp_path / "book")


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[Path]:
    """A workspace that is still to be made."""
    home = tmp_path / "book"
    yield home
    end(home)


@pytest.fixture
def client(home: Path, major: int) -> Iterator[Callable[[], Client]]:
    """Start other processes that use the workspace."""
    clients: list[Client] = []

    def start() -> Client:
        clients.append(Client(home, major))
        return clients[-1]

    yield start
    for each in clients:
        each.kill()


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that every user may enter."""
    folder = Path(tempfile.mkdtemp(prefix="loanbook-test-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


def end(home: Path) -> None:
    """End whatever runs in a workspace, the hard way."""
    root = home / "server"
    deadline = time.monotonic() + 20
    while root.is_dir() and (lock := locks.exclusive_now(root / "running.lock")) is None:
        with suppress(OSError):
            if sockets.is_listener(root, pid := server_pid(home)):
                os.kill(pid, signal.SIGKILL)
        assert time.monotonic() < deadline, f"something of {root} still runs"
        time.sleep(0.01)
    if root.is_dir() and lock is not None:
        os.close(lock)
        sockets.make(root)  # without the socket of a killed server, so that it can be removed
        sockets.remove(root)


def runs(home: Path) -> bool:
    return sockets.ask(home / "server") is State.READY


def gone(home: Path) -> bool:
    """Whether no process of the server is left, nor a trace that would mislead the next start."""
    lock = locks.exclusive_now(home / "server" / "running.lock")
    if lock is None:
        return False
    os.close(lock)
    assert sockets.ask(home / "server") is State.ABSENT
    return not (home / "server" / "cluster" / "data" / "postmaster.pid").exists()


def come_and_go(home: Path, major: int) -> None:
    server.acquire(home, major).release()


def server_pid(home: Path) -> int:
    text = (home / "server" / "cluster" / "data" / "postmaster.pid").read_text("utf-8")
    return int(text.splitlines()[0])


def wait_until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.002)


def one(conninfo: str, query: str) -> object:
    with psycopg.connect(conninfo, autocommit=True) as connection:
        row = connection.execute(query.encode()).fetchone()
        return None if row is None or len(row) != 1 else row[0]


def do(conninfo: str, statement: str) -> None:
    with psycopg.connect(conninfo, autocommit=True) as connection:
        connection.execute(statement.encode())


def psql_says(major: int, conninfo: str, query: str) -> str:
    command = [str(server.binaries(major) / "psql"), "-XAtc", query, conninfo]
    return subprocess.run(command, capture_output=True, check=True).stdout.decode().strip()


def modes_above(path: Path) -> dict[Path, int]:
    return {folder: folder.stat().st_mode for folder in path.parents}


# A new workspace


def test_first_use_makes_the_workspace(fresh: Path, major: int) -> None:
    fresh.parent.chmod(0o700)
    before = modes_above(fresh)
    with server.acquire(fresh, major) as lease:
        assert one(lease.app, "select current_user || ' in ' || current_database()") == (
            "loanbook_app in loanbook"
        )
        assert str(one(lease.app, "show server_version")).startswith(f"{major}.")
        assert one(lease.app, "select rolsuper from pg_roles where rolname = current_user") is False
        assert one(lease.owner, "select rolsuper from pg_roles where rolname = current_user")
        kept = """
            select pg_encoding_to_char(encoding) || ' ' || coalesce(to_jsonb(d) ->> 'datlocale',
                to_jsonb(d) ->> 'daticulocale', datcollate) || ' ' || datdba::regrole
            from pg_database d where datname = 'loanbook'
        """
        assert one(lease.owner, kept) == "UTF8 C.UTF-8 loanbook_owner"
        do(lease.owner, "create table kept (word text); insert into kept values ('João')")
    assert gone(fresh)
    with server.acquire(fresh, major) as lease:
        assert one(lease.owner, "select word from kept") == "João"
    assert gone(fresh)
    assert modes_above(fresh) == before
    assert sorted(path.name for path in fresh.iterdir()) == ["server"]
    assert not list((fresh / "server").glob("new-*"))


def test_no_password_is_told(fresh: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[str] = []
    run = subprocess.run

    def listen(command: Sequence[object], **how: object) -> object:
        started.append(f"{command} {how.get('env')}")
        return run(command, **how)  # type: ignore[call-overload]

    monkeypatch.setattr(subprocess, "run", listen)
    with server.acquire(fresh, 18) as lease:
        passfile = fresh / "server" / "cluster" / "pgpass"
        assert stat.S_IMODE(passfile.stat().st_mode) == 0o600
        passwords = [line.split(":")[4] for line in passfile.read_text().splitlines()]
        assert len(set(passwords)) == 2
        assert min(map(len, passwords)) >= 40
        told = "\n".join([*started, lease.app, lease.owner, repr(lease)])
    told += (fresh / "server" / "server.log").read_text("utf-8")
    assert "initdb" in told
    assert not any(password in told for password in passwords)


def test_eight_first_starts_at_once(fresh: Path, major: int) -> None:
    clients = [Client(fresh, major) for _ in range(8)]
    try:
        for each in clients:
            assert one(each.ready(), "select 1") == 1
        for each in clients:
            each.leave()
        assert [each.ended() for each in clients] == [0] * 8
    finally:
        for each in clients:
            each.kill()
    assert gone(fresh)
    assert (fresh / "server" / "server.log").read_text().count("starting PostgreSQL") == 1
    assert not list((fresh / "server").glob("new-*"))


def test_a_killed_first_start_leaves_nothing_in_the_way(fresh: Path, major: int) -> None:
    first = Client(fresh, major)
    wait_until(lambda: list(fresh.glob("server/new-*/data/PG_VERSION")))
    first.kill()
    with server.acquire(fresh, major) as lease:
        assert one(lease.app, "select 1") == 1

    def tidy() -> bool:
        come_and_go(fresh, major)
        return not list((fresh / "server").glob("new-*"))

    wait_until(tidy)  # the killed one's initdb may have run on for a moment


def test_another_major_version_is_refused(home: Path, major: int) -> None:
    other = {16: 18, 18: 16}[major]
    with pytest.raises(OtherMajorVersion, match=f"made by PostgreSQL {major}, but PostgreSQL"):
        server.acquire(home, other)
    assert gone(home)
    with server.acquire(home, major), pytest.raises(OtherMajorVersion):
        server.acquire(home, other)


# Who gets in


def test_without_a_password_nobody_gets_in(
    home: Path, major: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PGPASSWORD", raising=False)
    with server.acquire(home, major) as lease:
        for conninfo in (lease.owner, lease.app):
            bare = conninfo.partition(" passfile=")[0]
            for answer in ("", " password='wrong'"):
                with pytest.raises(psycopg.OperationalError, match="password"):
                    psycopg.connect(bare + " passfile=/dev/null" + answer)
    assert gone(home)


@on_linux
def test_nothing_listens_on_the_network(home: Path, major: int) -> None:
    with server.acquire(home, major) as lease:
        assert one(lease.app, "show listen_addresses") == ""
        opened = open_files(server_pid(home))
        tables = [Path("/proc/net", name).read_text().splitlines() for name in ("tcp", "udp")]
        on_network = {f"socket:[{row.split()[9]}]" for table in tables for row in table[1:]}
        assert any(name.startswith("socket:") for name in opened)
        assert not on_network & opened
        folder = sockets.find(home / "server")
        assert folder is not None
        assert stat.S_IMODE(folder.lstat().st_mode) == 0o700


def test_variables_meant_for_another_server_do_not_count(
    home: Path, major: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {
        "PGPASSWORD": "of another server",
        "PGHOST": "elsewhere.example",
        "PGHOSTADDR": "192.0.2.1",
        "PGPORT": "1",
        "PGDATA": "/nowhere",
        "PGDATABASE": "other",
        "PGUSER": "other",
    }.items():
        monkeypatch.setenv(name, value)
    with server.acquire(home, major) as lease:
        assert one(lease.app, "select 1") == 1
        assert psql_says(major, lease.app, "select 2") == "2"


# Who keeps it running


def test_a_second_process_keeps_the_server(
    home: Path, major: int, client: Callable[[], Client]
) -> None:
    second = client()
    conninfo = second.ready()
    come_and_go(home, major)
    assert one(conninfo, "select 1") == 1
    assert second.leave().ended() == 0
    assert gone(home)


def test_a_second_lease_of_the_same_process_keeps_the_server(home: Path, major: int) -> None:
    first, second = server.acquire(home, major), server.acquire(home, major)
    first.release()
    first.release()
    assert runs(home)
    second.release()
    assert gone(home)


def test_after_a_killed_client_the_next_one_stops_the_server(
    home: Path, major: int, client: Callable[[], Client]
) -> None:
    killed = client()
    killed.ready()
    killed.kill()
    assert runs(home)
    come_and_go(home, major)
    assert gone(home)


def test_a_client_killed_in_mid_start_is_no_harm(
    home: Path, major: int, client: Callable[[], Client]
) -> None:
    starter = client()
    wait_until((home / "server" / "cluster" / "data" / "postmaster.pid").exists)
    starter.kill()
    with server.acquire(home, major) as lease:
        assert one(lease.app, "select 1") == 1
    assert gone(home)
    assert (home / "server" / "server.log").read_text().count("starting PostgreSQL") == 1


def test_ctrl_c_ends_the_client_and_not_the_server(
    home: Path, client: Callable[[], Client], capfd: pytest.CaptureFixture[str]
) -> None:
    starter = client()
    conninfo = starter.ready()
    assert os.getsid(server_pid(home)) != os.getsid(starter.pid)
    starter.signal(signal.SIGINT)
    assert "KeyboardInterrupt" in capfd.readouterr().err
    assert one(conninfo, "select 1") == 1
    assert server.stop(home) is True


def test_a_foreign_session_keeps_the_server(home: Path, major: int) -> None:
    lease = server.acquire(home, major)
    psql = [str(server.binaries(major) / "psql"), "-XAtq", lease.app]
    with subprocess.Popen(
        psql, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as foreign:
        assert foreign.stdin is not None
        assert foreign.stdout is not None
        print("select 'here';", file=foreign.stdin, flush=True)
        assert foreign.stdout.readline() == "here\n"
        lease.release()
        with pytest.raises(ServerInUse, match="still used by psql as loanbook_app; end that"):
            server.stop(home)
        print("select 'still here';", file=foreign.stdin, flush=True)
        assert foreign.stdout.readline() == "still here\n"
        foreign.stdin.close()
    come_and_go(home, major)
    assert gone(home)


def test_stop_tells_who_uses_the_server(
    home: Path, major: int, client: Callable[[], Client]
) -> None:
    assert server.stop(home) is False
    user = client()
    user.ready()
    with pytest.raises(ServerInUse, match=f"still used by process {user.pid};"):
        server.stop(home)
    user.kill()
    assert server.stop(home) is True
    assert server.stop(home) is False
    assert gone(home)
    come_and_go(home, major)


@on_linux
def test_the_server_inherits_no_more_than_its_own_lock(home: Path, major: int) -> None:
    reading, writing = os.pipe()
    os.set_inheritable(writing, True)  # noqa: FBT003 -- as the lock of a caller such as flock(1) is
    try:
        with server.acquire(home, major):
            opened = open_files(server_pid(home))
            ours = {Path(name).name for name in opened if name.startswith(str(home / "server"))}
            assert "running.lock" in ours
            assert not ours & {"users.lock", "switch.lock"}
            assert f"pipe:[{os.fstat(writing).st_ino}]" not in opened
    finally:
        os.close(reading)
        os.close(writing)


# What survives


def test_a_killed_server_recovers(home: Path, major: int) -> None:
    with server.acquire(home, major) as first:
        do(first.owner, "create table kept as select n from generate_series(1, 100000) n")
        os.kill(server_pid(home), signal.SIGKILL)
        with server.acquire(home, major) as second:
            assert one(second.owner, "select count(*) from kept") == 100_000
        assert runs(home)
    assert gone(home)
    log = (home / "server" / "server.log").read_text()
    assert "automatic recovery in progress" in log
    assert "FATAL:  the database system is" not in log


def test_a_stale_pid_file_that_names_a_stranger_is_no_harm(home: Path, major: int) -> None:
    data = home / "server" / "cluster" / "data"
    folder = sockets.make(home / "server")
    with subprocess.Popen([SLEEP, "600"]) as stranger:
        lines = [stranger.pid, data, 1, sockets.PORT, folder, "", "  1  1", "ready   "]
        text = "".join(f"{line}\n" for line in lines)
        (data / "postmaster.pid").write_text(text)
        (folder / f".s.PGSQL.{sockets.PORT}.lock").write_text(text)
        assert server.stop(home) is False
        with server.acquire(home, major) as lease:
            assert one(lease.app, "select 1") == 1
        assert gone(home)
        assert stranger.poll() is None
        stranger.kill()


def test_a_long_path_with_spaces_and_accents(
    tmp_path: Path, major: int, settled: Callable[[Path], Path]
) -> None:
    homes = [settled(tmp_path / f"o livro do João {n} $(x)" / ("é " * 40 + "é")) for n in (1, 2)]
    with server.acquire(homes[0], major) as first, server.acquire(homes[1], major) as second:
        for home, lease in zip(homes, (first, second), strict=True):
            data = home / "server" / "cluster" / "data"
            assert one(lease.owner, "show data_directory") == str(data)
            assert psql_says(major, lease.app, "select 'olá'") == "olá"
        short = [(home / "server" / "socket").readlink() for home in homes]
        assert len(set(short)) == 2
        assert {stat.S_IMODE(folder.lstat().st_mode) for folder in short} == {0o700}
    assert all(gone(home) for home in homes)
    assert not any(folder.exists() for folder in short)


def test_a_workspace_may_be_moved_while_the_server_runs(
    open_folder: Path, major: int, settled: Callable[[Path], Path]
) -> None:
    first, moved = settled(open_folder / "a"), settled(open_folder / "b")
    shutil.rmtree(moved)
    killed = Client(first, major)
    killed.ready()
    pid = server_pid(first)
    killed.kill()
    first.rename(moved)
    with server.acquire(moved, major) as lease:
        assert one(lease.app, "select 1") == 1
        assert server_pid(moved) == pid
    assert gone(moved)


def test_a_server_moved_out_of_the_reach_of_its_socket_says_so(
    open_folder: Path, major: int, settled: Callable[[Path], Path]
) -> None:
    first, far = settled(open_folder / "a"), open_folder / ("b" * 100)
    killed = Client(first, major)
    killed.ready()
    pid = server_pid(first)
    killed.kill()
    first.rename(far)
    for call in (lambda: server.acquire(far, major), lambda: server.stop(far)):
        with pytest.raises(ServerFailed, match=r"was moved, .* too long; move it back, stop"):
            call()
    far.rename(first)
    assert server_pid(first) == pid
    assert server.stop(first)
    first.rename(far)
    with server.acquire(far, major) as lease:
        assert one(lease.app, "select 1") == 1
    assert gone(far)


def test_a_start_that_fails_tells_why(home: Path, major: int) -> None:
    own_wishes = home / "server" / "cluster" / "data" / "postgresql.auto.conf"
    before = own_wishes.read_text()
    own_wishes.write_text("shared_buffers = nonsense\n")
    with pytest.raises(ServerFailed, match=r"could not start: .*postgresql.auto.conf.* errors"):
        server.acquire(home, major)
    assert gone(home)
    own_wishes.write_text(before)
    come_and_go(home, major)
    assert gone(home)


def test_a_server_that_ends_while_it_starts_is_given_up(
    home: Path, client: Callable[[], Client], major: int, capfd: pytest.CaptureFixture[str]
) -> None:
    with server.acquire(home, major):
        os.kill(server_pid(home), signal.SIGKILL)
    data = home / "server" / "cluster" / "data"
    log = home / "server" / "server.log"
    kept = {path: path.with_name(f"{path.name}.kept") for path in data.glob("pg_wal/0*")}
    before = log.read_text().count("starting PostgreSQL")
    for path, aside in kept.items():
        path.rename(aside)
    assert client().leave().ended() == 1
    assert "could not start: could not locate a valid checkpoint record" in capfd.readouterr().err
    assert log.read_text().count("starting PostgreSQL") == before + postmaster.STARTS
    for path, aside in kept.items():
        aside.rename(path)
    come_and_go(home, major)
    assert gone(home)


def test_a_first_start_without_room_says_so(
    fresh: Path, major: int, capfd: pytest.CaptureFixture[str]
) -> None:
    before = ("prlimit", "--fsize=1000000")
    assert Client(fresh, major, before).leave().ended() == 1
    assert "The disk of the database is full (" in capfd.readouterr().err
    come_and_go(fresh, major)
    assert gone(fresh)


# How it is set


def test_the_server_is_set_for_its_work(home: Path, major: int) -> None:
    wanted = {
        "cluster_name": "loanbook",
        "wal_level": "minimal",
        "max_wal_senders": "0",
        "max_wal_size": "4GB",
        "checkpoint_timeout": "15min",
        "shared_buffers": "256MB",
        "work_mem": "64MB",
        "maintenance_work_mem": "256MB",
        "fsync": "on",
        "synchronous_commit": "on",
        "full_page_writes": "on",
        "data_checksums": "on",
        "jit": "off",
        "TimeZone": "UTC",
        "log_statement": "none",
        "password_encryption": "scram-sha-256",
    }
    with server.acquire(home, major) as lease:
        assert {name: one(lease.owner, f"show {name}") for name in wanted} == wanted


def test_the_log_holds_nothing_of_the_book(home: Path, major: int) -> None:
    with server.acquire(home, major) as lease:
        do(lease.owner, "create table people (name text primary key)")
        do(lease.owner, "insert into people values ('Maria Silva')")
        for refused in ("insert into people values ('Maria Silva')", "select 'Maria Silva'::int"):
            with pytest.raises(psycopg.Error, match="Maria Silva"):
                do(lease.owner, refused)
        crash_backend(lease.owner, "select pg_sleep(600), 'Maria Silva'")
        come_and_go(home, major)  # waits until the server has recovered
        assert one(lease.owner, "select count(*) from people") == 1
    log = (home / "server" / "server.log").read_text("utf-8")
    assert "was terminated by signal 9" in log
    assert "Maria" not in log


def crash_backend(conninfo: str, query: str) -> None:
    with psycopg.connect(conninfo, autocommit=True) as busy:
        pid = busy.info.backend_pid
        busy.pgconn.send_query(query.encode())
        asking = "select count(*) from pg_stat_activity where state = 'active' and query = "
        wait_until(lambda: one(conninfo, f"{asking} $x${query}$x$") == 1)
        os.kill(pid, signal.SIGKILL)
        with pytest.raises(psycopg.OperationalError):
            drain(busy)


def drain(connection: psycopg.Connection) -> None:
    while True:
        connection.pgconn.consume_input()
        time.sleep(0.002)


def open_files(pid: int) -> set[str]:
    folder = Path("/proc", str(pid), "fd")
    return {str(entry.readlink()) for entry in folder.iterdir()}


# Root and others


def status_of(pid: int) -> dict[str, list[str]]:
    lines = Path("/proc", str(pid), "status").read_text().splitlines()
    return {name: value.split() for name, _, value in (line.partition(":") for line in lines)}


def owners_within(folder: Path) -> set[int]:
    return {path.lstat().st_uid for path in (folder, *folder.rglob("*"))}


def nobody_can(*command: object) -> bool:
    environ = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": python_path(),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    done = subprocess.run(
        [*AS_NOBODY, *map(str, command)], env=environ, capture_output=True, check=False
    )
    return done.returncode == 0


def python_path() -> str:
    installed = str(Path(psycopg.__file__).parents[1])
    return os.pathsep.join([str(REPOSITORY / "src"), installed])


def python_of_all() -> str:
    """A Python that an ordinary user may run: this one may lie in a folder of root's."""
    for candidate in (sys.executable, "/usr/bin/python3"):
        if nobody_can(candidate, "-c", "import pytest, psycopg, loanbook"):
            return candidate
    pytest.skip("no Python here that an ordinary user may run with these packages")


@as_root
@on_linux
def test_root_starts_a_server_without_powers(home: Path, major: int) -> None:
    if not privileges.namespaces_allowed():
        pytest.skip("user namespaces are forbidden here")
    with server.acquire(home, major):
        status = status_of(server_pid(home))
        assert status["CapEff"] == ["0" * 16]
        assert status["CapPrm"] == ["0" * 16]
    assert owners_within(home / "server") == {0}


@as_root
@on_linux
def test_root_without_namespaces_lets_nobody_run_it(
    open_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not nobody_can("test", "-x", server.binaries(18) / "postgres"):
        pytest.skip("the binaries lie in a folder of root's")
    monkeypatch.setattr(privileges, "namespaces_allowed", lambda: False)
    home = open_folder / "book"
    before = modes_above(home)
    try:
        with server.acquire(home, 18) as lease:
            assert one(lease.app, "select 1") == 1
            status = status_of(server_pid(home))
            assert set(status["Uid"]) == {str(NOBODY)}
            assert status["CapBnd"] == ["0" * 16]
            assert status["NoNewPrivs"] == ["1"]
        assert gone(home)
        assert owners_within(home / "server") == {NOBODY}
        assert home.stat().st_uid == 0
        assert modes_above(home) == before
    finally:
        end(home)


@as_root
def test_root_is_told_when_nobody_cannot_reach_the_workspace(
    open_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(privileges, "namespaces_allowed", lambda: False)
    closed = open_folder / "closed"
    closed.mkdir(mode=0o700)
    sentence = r"root may not run it, and the user nobody, who has to, cannot reach .*/book/server"
    with pytest.raises(ServerFailed, match=sentence):
        server.acquire(closed / "book", 18)
    assert stat.S_IMODE(closed.stat().st_mode) == 0o700


@as_root
def test_root_leaves_the_workspace_of_an_ordinary_user_to_that_user(
    open_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    python = python_of_all()
    home = open_folder / "book"
    home.mkdir()
    os.chown(home, NOBODY, NOBODY)
    monkeypatch.setenv("PYTHONPATH", python_path())
    monkeypatch.setattr(sys, "executable", python)
    try:
        with server.acquire(home, 18) as lease:
            theirs = Client(home, 18, before=AS_NOBODY)
            assert one(theirs.ready(), "select 1") == one(lease.app, "select 1")
            assert theirs.leave().ended() == 0
        assert owners_within(home) == {NOBODY}
        last = Client(home, 18, before=AS_NOBODY)
        last.ready()
        assert last.leave().ended() == 0
        assert gone(home)
    finally:
        end(home)


@as_root
def test_an_ordinary_user_gets_the_same(open_folder: Path) -> None:
    python = python_of_all()
    os.chown(open_folder, NOBODY, NOBODY)
    command = [
        *AS_NOBODY, python, "-m", "pytest", __file__, "-q", "-p", "no:cacheprovider",
        f"--basetemp={open_folder / 'tests'}", "-k", f"({KEY_STORIES}) and 18",
    ]  # fmt: skip
    environ = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": python_path(),
        "PYTHONDONTWRITEBYTECODE": "1",
        "HOME": str(open_folder),
    }
    done = subprocess.run(
        command, cwd=REPOSITORY, env=environ, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "skipped" not in done.stdout
