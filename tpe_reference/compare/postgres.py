r"""A PostgreSQL of one's own, for as long as it is needed: in a temporary folder, on a free port of this machine alone.

The tests of storage, and the script that counts its faults (faults.py), start a real server with it, stop it, kill it
and start it again. It takes the programs of any installation (Debian's package is ``postgresql``) and touches no
server that is there already. PostgreSQL refuses to be run by root, who therefore runs it as another user.

Whatever happens to this process, ``kill -9`` included, the server ends with it: a *watchdog*, a shell that reads from
a pipe of which we hold the other end, stops the server and removes its folder when that end is closed.

Start reading at `Server.start`.

>>> find_programs(["/no/such/folder"]) is None
True
"""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import IO, Any
from urllib.parse import quote

USER = "tpe user"
# Every sign that means something in a URL, to a shell or in SQL, so that whoever forgets to quote it notices at once.
PASSWORD = "s3cret:@/%40'\"\\?#&=+ €"
PATIENCE = 60.0  # seconds that a server may take to start or to stop; it takes less than one
LOOK = 0.02  # seconds between two looks at whether it has
# Below the ports that systems give to outgoing connections (Linux: 32768 and above), so that nobody is given ours
# while the server is down; above those that have names.
PORTS = range(15_000, 32_000)

# Nothing here has to survive a power cut, so that nobody waits for the disk. (What has been committed does survive
# `Server.kill`: the operating system has it.)
SETTINGS = """
listen_addresses = '127.0.0.1'
unix_socket_directories = ''
fsync = off
full_page_writes = off
max_connections = 200
shared_buffers = 32MB
"""

WATCH = 'cat; "$1" stop -D "$2/data" -m immediate -t 60; rm -rf "$2"'


class UnavailableError(RuntimeError):
    """No PostgreSQL can be started here; the text says why, and what would help."""


def find_programs(folders: Iterable[str | Path] | None = None) -> Path | None:
    """Return the folder that holds PostgreSQL's server programs; None where there is none.

    Args:
        folders: Where to look. None: on the PATH, where ``pg_config`` says, and where Debian puts them, newest first.
    """
    if folders is None:
        on_path = [Path(found).resolve().parent for name in ("initdb", "pg_ctl") if (found := shutil.which(name))]
        debian = Path("/usr/lib/postgresql").glob("[0-9]*/bin")
        folders = [*on_path, *_said_by_pg_config(), *sorted(debian, key=lambda p: float(p.parent.name), reverse=True)]
    programs = ("initdb", "pg_ctl", "postgres")
    return next((Path(f) for f in folders if all(shutil.which(name, path=str(f)) for name in programs)), None)


class Server:
    """A running server: `close` it, or use it in a ``with`` statement.

    Attributes:
        port: Where it listens, on 127.0.0.1; the same for all its life.

    Raises:
        UnavailableError: Where PostgreSQL, or the package psycopg, is not installed, or does not start.
    """

    def __init__(self) -> None:
        try:
            import psycopg
        except ImportError:
            raise UnavailableError('psycopg is missing: pip install "tpe-reference[storage]"') from None
        self._connect = psycopg.connect
        self._no_server = psycopg.OperationalError
        programs = find_programs()
        if programs is None:
            raise UnavailableError(
                "PostgreSQL's programs were not found: apt-get install postgresql, or put them on PATH"
            )
        self._programs, self._identity = programs, _identity()
        self._folder = Path(tempfile.mkdtemp(prefix="tpe-postgres-"))
        self._process: subprocess.Popen[bytes] | None = None
        self._n_databases = 0
        self._watchdog = self._start_watchdog()
        try:
            self._make_cluster()
            self.port = self._find_port()
        except BaseException:
            self.close()
            raise

    def url(self, database: str = "postgres", password: str = PASSWORD) -> str:
        """Return the address of a database, password included, as `create_study` takes it."""
        return f"postgresql://{quote(USER, safe='')}:{quote(password, safe='')}@127.0.0.1:{self.port}/{database}"

    def new_database(self) -> str:
        """Return the address of an empty schema, which is as good as a database of its own, and made in no time."""
        self._n_databases += 1
        name = f"empty_{self._n_databases}"
        with self._connect(self.url(), autocommit=True) as connection:
            connection.execute(f"CREATE SCHEMA {name}".encode())
        return f"{self.url()}?options=-csearch_path%3D{name}"

    def start(self) -> None:
        """Start the server and wait until it answers; again after `stop` or `kill`, with all that was committed.

        Nothing happens when it is running.
        """
        deadline = time.monotonic() + PATIENCE
        while self._process is None and not self._try_to_start(deadline):
            # After a kill it may take a moment until the last of its children has noticed.
            if "shared memory" not in self._log() or time.monotonic() > deadline:
                raise UnavailableError(f"PostgreSQL does not start:\n{self._log()}")
            time.sleep(LOOK)

    def stop(self) -> None:
        """Stop the server at once, in the middle of whatever it does (PostgreSQL's "immediate" shutdown)."""
        self._end(signal.SIGQUIT)

    def kill(self) -> None:
        """End the server by ``kill -9``."""
        self._end(signal.SIGKILL)

    def close(self) -> None:
        """Stop the server for good, and remove all that it has written."""
        self._end(signal.SIGQUIT)
        shutil.rmtree(self._folder, ignore_errors=True)
        with suppress(ProcessLookupError):
            os.killpg(self._watchdog.pid, signal.SIGKILL)
        self._watchdog.communicate()

    def __enter__(self) -> Server:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def _start_watchdog(self) -> subprocess.Popen[bytes]:
        command = ["sh", "-c", WATCH, "watchdog", str(self._programs / "pg_ctl"), str(self._folder)]
        return self._run(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def _make_cluster(self) -> None:
        """Make the files of a server without databases, whose only user has a password."""
        secret, data = self._folder / "password", self._folder / "data"
        secret.write_text(PASSWORD, encoding="utf-8")
        if self._identity:
            for path in (self._folder, secret):
                os.chown(path, self._identity["user"], self._identity["group"])
        options = ["--auth=scram-sha-256", f"--pwfile={secret}", "--encoding=UTF8", "--no-locale", "--no-sync"]
        command = [str(self._programs / "initdb"), "-D", str(data), "-U", USER, *options]
        process = self._run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        output, _ = process.communicate()
        if process.returncode != 0:
            raise UnavailableError(f"initdb failed:\n{output.decode(errors='replace')}")
        with (data / "postgresql.conf").open("a", encoding="utf-8") as file:
            file.write(SETTINGS)

    def _find_port(self) -> int:
        """Start the server on a port that nobody uses, and return that."""
        for attempt in range(5):  # somebody may take the port in the moment between
            self.port = _free_port()
            try:
                self.start()
            except UnavailableError:
                if attempt == 4 or "could not bind" not in self._log():
                    raise
            else:
                break
        return self.port

    def _try_to_start(self, deadline: float) -> bool:
        """Start it once; return whether it answers. When it has ended instead, its log says why."""
        command = [str(self._programs / "postgres"), "-D", str(self._folder / "data"), "-p", str(self.port)]
        with (self._folder / "log").open("wb") as log:
            self._process = self._run(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        while self._process.poll() is None:
            try:
                self._connect(self.url()).close()
            except self._no_server:
                if time.monotonic() > deadline:
                    self._process.kill()
                time.sleep(LOOK)
            else:
                return True
        self._process = None
        return False

    def _end(self, how: signal.Signals) -> None:
        if self._process is not None:
            with suppress(ProcessLookupError):
                self._process.send_signal(how)
            try:
                self._process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            self._process = None

    def _log(self) -> str:
        with suppress(OSError):
            return (self._folder / "log").read_text(encoding="utf-8", errors="replace")
        return ""

    def _run(self, command: list[str], **streams: int | IO[bytes]) -> subprocess.Popen[bytes]:
        """Start a program as the user who may, where that user may be, deaf to Ctrl-C and in English."""
        env = os.environ | {"LC_ALL": "C"}
        more: dict[str, Any] = {**streams, **self._identity}
        return subprocess.Popen(command, cwd="/", env=env, start_new_session=True, **more)


def _identity() -> dict[str, Any]:
    """Return how `subprocess` has to start what must not be run by root; nothing for anybody else."""
    if os.name != "posix":
        raise UnavailableError("a PostgreSQL is started for tests on Linux and macOS only")
    if os.geteuid() != 0:
        return {}
    import pwd  # not on every system

    for name in ("postgres", "nobody"):
        with suppress(KeyError):
            user = pwd.getpwnam(name)
            return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
    raise UnavailableError("root may not run PostgreSQL, and there is neither a user postgres nor nobody")


def _said_by_pg_config() -> list[Path]:
    try:
        found = subprocess.run(["pg_config", "--bindir"], capture_output=True, check=True, text=True)
    except (OSError, subprocess.CalledProcessError):
        return []
    return [Path(found.stdout.strip())]


def _free_port() -> int:
    while True:
        port = secrets.choice(PORTS)
        with socket.socket() as attempt, suppress(OSError):
            attempt.bind(("127.0.0.1", port))
            return port
