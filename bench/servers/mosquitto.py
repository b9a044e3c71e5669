"""A real Mosquitto on 127.0.0.1: plain or TLS, with or without the shipped access list, killed and restarted."""

import os
import shutil
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.servers.certificates import Authority
from bench.servers.folder import server_folder
from bench.servers.installed import CHECKOUT, ensure, library_path
from redwhistle.errors import ConfigurationError
from server.embedded.child import ChildServer, StopStep, await_listener, spawn
from server.embedded.ports import LOOPBACK, free_port

SERVER_NAME = "RedWhistle-Server"
"""The server's user name at the broker; upper case, so that no box id can be equal to it."""
ACL_FILE = CHECKOUT / "docker" / "mosquitto" / "acl"


@dataclass(frozen=True, slots=True)
class MosquittoOptions:
    """What the broker is to do. Without `acl` any client may use any topic."""

    tls: bool = False
    """Clients show a certificate of `Mosquitto.authority`; its common name is the user name."""
    acl: bool = False
    """The access list that is shipped in docker/mosquitto: a box may use its own topics only. Without TLS the user
    name that a client gives is believed."""
    persistence: bool = False
    """Keep sessions and queued messages over a kill -9; otherwise they are gone."""
    max_inflight_messages: int = 1000
    max_queued_messages: int = 1_000_000


class Mosquitto(ChildServer):
    """One broker over `folder`; a context manager that starts and always stops it. The port is kept for restarts."""

    stop_steps = (StopStep(signal.SIGTERM, 4.0),)

    def __init__(
        self, folder: Path, options: MosquittoOptions | None = None, *, port: int | None = None
    ) -> None:
        self.folder = folder.resolve()
        self.options = options or MosquittoOptions()
        self.port = port if port is not None else free_port()
        self.authority = Authority(self.folder / "certificates") if self.options.tls else None
        super().__init__()
        self._program, self._env = broker_program()

    @property
    def host(self) -> str:
        """Where to connect."""
        return LOOPBACK

    @property
    def log(self) -> Path:
        """Where the broker writes its log."""
        return self.folder / "mosquitto.log"

    def start(self) -> None:
        """Start and return when it accepts connections; raise Unavailable when it does not come up."""
        if self.running:
            return
        self.folder.mkdir(parents=True, exist_ok=True)
        configuration = self.folder / "mosquitto.conf"
        configuration.write_text("\n".join(self._lines()) + "\n", encoding="utf-8")
        self._process = spawn([self._program, "-c", configuration], log=self.log, env=self._env)
        await_listener(self._process, self.port, self.log)

    def _lines(self) -> list[str]:
        options = self.options
        lines = [
            f"listener {self.port} {LOOPBACK}",
            f"max_inflight_messages {options.max_inflight_messages}",
            f"max_queued_messages {options.max_queued_messages}",
            "max_queued_bytes 0",
            "set_tcp_nodelay true",
            "log_dest stderr",
            "log_type error",
            "log_type warning",
            "log_type notice",
        ]
        if os.geteuid() == 0:
            lines.append("user root")  # the folder is ours alone; a system user could not read it
        if self.authority is not None:
            certificate, key = self.authority.server()
            lines += [
                f"cafile {self.authority.ca_file}",
                f"certfile {certificate}",
                f"keyfile {key}",
                "tls_version tlsv1.2",
                "require_certificate true",
                "use_identity_as_username true",
                "allow_anonymous false",
            ]
        else:
            lines.append("allow_anonymous true")
        if options.acl:
            private = self.folder / "acl"
            shutil.copyfile(ACL_FILE, private)
            private.chmod(0o600)
            lines.append(f"acl_file {private}")
        if options.persistence:
            lines += [
                "persistence true",
                f"persistence_location {self.folder}/",
                "autosave_on_changes true",
                "autosave_interval 1",
            ]
        return lines


def broker_program() -> tuple[str, dict[str, str]]:
    """The program, the system's or an unpacked one, and the environment that it finds its libraries in."""
    root = ensure("mosquitto") / "root"
    unpacked = root / "usr" / "sbin" / "mosquitto"
    if unpacked.exists():
        return str(unpacked), os.environ | library_path(root)
    program = shutil.which("mosquitto", path=os.pathsep.join((os.environ.get("PATH", ""), "/usr/sbin")))
    if program is None:
        raise ConfigurationError("there is no mosquitto program: apt-get install mosquitto")
    return program, dict(os.environ)


@contextmanager
def running_mosquitto(options: MosquittoOptions | None = None) -> Iterator[Mosquitto]:
    """A started broker over a temporary folder, stopped and removed afterwards."""
    with server_folder("mosquitto") as folder, Mosquitto(folder, options) as broker:
        yield broker
