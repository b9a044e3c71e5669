"""One `redwhistle api` process as an operator would start it, ready when the block begins; and people who may see all."""

import http.client
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from bench.servers.installed import CHECKOUT
from bench.servers.waiting import wait_for
from server.embedded.ports import LOOPBACK, free_port
from server.people.accounts import NewPerson
from server.people.people import People
from server.people.records import By
from server.rights.caller import Grant
from server.rights.roles import Role
from server.store.people import PostgresPeople
from server.store.pool import Pooled

_STOP_WITHIN_S = 20.0


@dataclass(frozen=True, slots=True)
class Api:
    """A running process."""

    port: int
    pid: int

    def resident_mib(self) -> float:
        """Memory that it holds now."""
        pages = int(Path(f"/proc/{self.pid}/statm").read_text(encoding="ascii").split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 2**20

    def processor_s(self) -> float:
        """Processor time that it has used."""
        fields = Path(f"/proc/{self.pid}/stat").read_text(encoding="ascii").rpartition(") ")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@contextmanager
def running_api(url: str, *, log: Path, settings: Mapping[str, str] | None = None) -> Iterator[Api]:
    """Start it against `url`; it is ready when this yields. Its log goes to `log`; `settings` are further variables.

    Raises TimeoutError when it does not come up.
    """
    port = free_port()
    words = [
        sys.executable, "-c", "from redwhistle.cli import main; main()", "api", "--database-url", url,
        "--api-port", str(port), "--log-json",
    ]  # fmt: skip
    unlimited = {f"REDWHISTLE_RATE_PER_MINUTE_{of}": "1000000" for of in ("ADDRESS", "ACCOUNT")}
    with log.open("wb") as out:
        process = subprocess.Popen(
            words, cwd=CHECKOUT, stdout=out, stderr=out, env={**os.environ, **unlimited, **(settings or {})}
        )
    try:
        wait_for(lambda: _ready(process, port, log), timeout_s=30, what="the API is ready", every_s=0.1)
        yield Api(port, process.pid)
        process.terminate()
        process.wait(_STOP_WITHIN_S)
    finally:
        process.kill()
        process.wait()


def make_tokens(url: str, people: int, place: str) -> list[str]:
    """API tokens (each of a person of its own who commands at `place`)."""
    now, by = datetime.now(UTC), By("bench")
    with closing(Pooled(url, name="bench", size=2)) as pool:
        accounts = People.over(PostgresPeople(pool.use))
        grants = (Grant(Role.COMMAND, place=place),)
        made = []
        for number in range(people):
            person = accounts.accounts.add(
                NewPerson(f"bench-{number}", f"bench {number}", grants=grants), by, now
            )
            _, secret = accounts.tokens.make(person.id, "bench", by, now)
            made.append(secret.get_secret_value())
        return made


def _ready(process: "subprocess.Popen[bytes]", port: int, log: Path) -> bool:
    if process.poll() is not None:
        tail = "\n".join(log.read_text("utf-8", "replace").splitlines()[-20:])
        raise RuntimeError(f"the API ended with {process.returncode}; the end of its log:\n{tail}")
    with closing(http.client.HTTPConnection(LOOPBACK, port, timeout=5)) as connection:
        try:
            connection.request("GET", "/readyz")
            return connection.getresponse().status == 200
        except OSError:
            return False
