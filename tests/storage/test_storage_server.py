"""The PostgreSQL that the other tests rely on: it can be stopped, killed and started, and never outlives its owner."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tpe_reference.compare.postgres import Server, find_programs

OWNER = """
import os, signal, sys
from tpe_reference.compare.postgres import Server
server = Server()
print(server._folder, server._process.pid, server._watchdog.pid, flush=True)
sys.stdin.read()
"""


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"


def test_what_was_committed_survives_stop_and_kill(postgres: Server, postgresql_url: str) -> None:
    psycopg = pytest.importorskip("psycopg")
    with psycopg.connect(postgresql_url) as connection:
        connection.execute("CREATE TABLE numbers (n integer)")
    for n, end in enumerate((postgres.stop, postgres.kill, postgres.stop)):
        with psycopg.connect(postgresql_url) as connection:
            connection.execute("INSERT INTO numbers VALUES (%s)", [n])
        end()
        with pytest.raises(psycopg.OperationalError, match="refused"):
            psycopg.connect(postgresql_url)
        postgres.start()
    with psycopg.connect(postgresql_url) as connection:
        assert connection.execute("SELECT n FROM numbers ORDER BY n").fetchall() == [(0,), (1,), (2,)]


def test_the_password_is_a_real_one(postgres: Server) -> None:
    psycopg = pytest.importorskip("psycopg")
    with pytest.raises(psycopg.OperationalError, match="authentication failed"):
        psycopg.connect(postgres.url(password="another"))


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks at processes as Linux shows them")
@pytest.mark.usefixtures("postgres")  # so that it is skipped where there is none
def test_the_server_ends_with_its_owner_also_by_kill_9() -> None:
    owner = subprocess.Popen([sys.executable, "-c", OWNER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert owner.stdout is not None
    folder, *pids = owner.stdout.readline().split()
    assert Path(folder).exists()
    assert all(is_alive(int(pid)) for pid in pids)
    owner.send_signal(signal.SIGKILL)
    owner.communicate()
    deadline = time.monotonic() + 60
    while Path(folder).exists() or any(is_alive(int(pid)) for pid in pids):
        assert time.monotonic() < deadline, "the server, or its folder, is still there"
        time.sleep(0.01)


def test_programs_are_found_where_all_three_are(tmp_path: Path) -> None:
    for name in ("initdb", "pg_ctl"):
        (tmp_path / name).touch(mode=0o755)
    assert find_programs([tmp_path]) is None
    (tmp_path / "postgres").touch(mode=0o755)
    assert find_programs([tmp_path / "not there", tmp_path]) == tmp_path
