"""What docker/ ships: valid, complete, and the broker's part run for real."""

import re
import signal
import ssl
import subprocess
from pathlib import Path
from typing import Any

import psycopg
import pytest
import yaml

from bench.servers.mosquitto import broker_program
from bench.servers.waiting import wait_for
from redwhistle.contracts.wire import MAX_ENVELOPE_BYTES
from server.embedded.child import StopStep, await_listener, spawn, stop
from server.embedded.ports import free_port
from server.settings import PREFIX, Settings
from tests.servers.mqtt import connected

DOCKER = Path(__file__).resolve().parents[2] / "docker"
COMPOSE: dict[str, Any] = yaml.safe_load((DOCKER / "compose.yaml").read_text("utf-8"))


def test_every_service_is_pinned_or_built_and_restarts() -> None:
    assert set(COMPOSE["services"]) == {"timescaledb", "mosquitto", "server"}
    for name, service in COMPOSE["services"].items():
        if "build" in service:
            assert (DOCKER / service["build"]["context"] / service["build"]["dockerfile"]).is_file()
        else:
            assert re.search(r":\d", service["image"]), f"{name}: name a version"
        assert service["restart"] == "unless-stopped"
        assert set(service.get("depends_on", {})) <= set(COMPOSE["services"])


def test_every_mounted_file_is_shipped_or_made_by_the_first_start() -> None:
    made = re.compile(r"^\./certificates/(ca\.crt|(server|redwhistle-server)\.(crt|key))$")
    for service in COMPOSE["services"].values():
        for volume in service.get("volumes", []):
            source = volume.split(":")[0]
            if source.startswith("."):
                assert made.match(source) or (DOCKER / source).is_file(), source
            else:
                assert source in COMPOSE["volumes"]


def test_only_the_boxes_port_is_open_to_the_world() -> None:
    ports = [port for service in COMPOSE["services"].values() for port in service.get("ports", [])]
    assert [port for port in ports if not port.startswith("127.0.0.1:")] == ["8883:8883"]


def test_the_server_understands_every_setting_it_is_given() -> None:
    given = {
        name: value
        for name, value in COMPOSE["services"]["server"]["environment"].items()
        if name.startswith(PREFIX)
    }
    assert {name.removeprefix(PREFIX).lower() for name in given} <= set(Settings.model_fields)
    # As compose fills it in where nothing is set: `${NAME:-default}`.
    settings = Settings.read({n: re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", value) for n, value in given.items()})
    assert settings.mqtt_port == 8884
    assert settings.public_url == "http://localhost:8080"
    targets = [volume.split(":")[1] for volume in COMPOSE["services"]["server"]["volumes"]]
    for path in (settings.mqtt_ca_file, settings.mqtt_cert_file, settings.mqtt_key_file):
        assert str(path) in targets


def test_no_secret_has_a_default() -> None:
    text = (DOCKER / "compose.yaml").read_text("utf-8")
    for line in text.splitlines():
        if "PASSWORD" in line:
            assert ":?" in line, f"a password must be given, not defaulted: {line.strip()}"


@pytest.mark.parametrize("which", ["server", "edge"])
def test_a_dockerfile_copies_what_exists_and_is_not_root(which: str) -> None:
    text = (DOCKER / f"Dockerfile.{which}").read_text("utf-8")
    ignored = (DOCKER.parent / ".dockerignore").read_text("utf-8").splitlines()
    for line in re.findall(r"^COPY (?!--from)(.+)$", text, re.MULTILINE):
        for source in line.split()[:-1]:
            assert (DOCKER.parent / source).exists() or source == "models", source
            assert f"!{source}" in ignored or (
                source.endswith(".lock") and "!requirements-*.lock" in ignored
            ), source
    assert re.findall(r"^USER (\S+)$", text, re.MULTILINE) == ["65534:65534"]
    assert f"requirements-{which}.lock" in text


@pytest.mark.servers
def test_the_shipped_broker_configuration_runs_and_keeps_boxes_apart(server_path: Path) -> None:
    certificates = server_path / "certificates"
    script = DOCKER / "mosquitto" / "make-certificates.sh"
    subprocess.run(["sh", str(script), str(certificates), "broker.example.cn", "10.0.0.5"], check=True)
    before = (certificates / "server.crt").read_bytes()
    subprocess.run(["sh", str(script), str(certificates)], check=True)
    assert (certificates / "server.crt").read_bytes() == before, "a second run must change nothing"
    assert (certificates / "ca.key").stat().st_mode & 0o077 == 0

    boxes, servers = free_port(), free_port()
    acl = server_path / "acl"
    acl.write_bytes((DOCKER / "mosquitto" / "acl").read_bytes())
    acl.chmod(0o600)
    text = (DOCKER / "mosquitto" / "mosquitto.conf").read_text("utf-8")
    for shipped, here in {
        "listener 8883": f"listener {boxes} 127.0.0.1",
        "listener 8884": f"listener {servers} 127.0.0.1",
        "/mosquitto/certificates": str(certificates),
        "/mosquitto/config/acl": str(acl),
        "/mosquitto/data/": f"{server_path}/",
        "log_dest stdout": "log_dest stderr\nuser root",
    }.items():
        assert shipped in text
        text = text.replace(shipped, here)
    configuration = server_path / "mosquitto.conf"
    configuration.write_text(text, encoding="utf-8")
    program, env = broker_program()
    log = server_path / "log"
    process = spawn([program, "-c", configuration], log=log, env=env)
    try:
        await_listener(process, boxes, log)
        box, server = _context(certificates, "box-1"), _context(certificates, "redwhistle-server")
        with (
            connected(servers, "ingest-1", tls=server) as first,
            connected(servers, "ingest-2", tls=server) as second,
            connected(boxes, "box-2", tls=box) as sender,  # claims another client id; it gets its own
        ):
            for reader in (first, second):
                reader.subscribe("rw/v1/+/+/telemetry")
            sender.publish("rw/v1/jinyuan/box-2/telemetry", b"forged")
            sender.publish("rw/v1/jinyuan/box-1/telemetry", b"x" * MAX_ENVELOPE_BYTES)
            wait_for(lambda: first.received and second.received, what="the largest envelope, at both")
            assert (
                first.received
                == second.received
                == [("rw/v1/jinyuan/box-1/telemetry", b"x" * MAX_ENVELOPE_BYTES)]
            )
        assert "as box-1" in log.read_text()
        assert "as box-2" not in log.read_text()
    finally:
        stop(process, [StopStep(signal.SIGTERM, 3.0)])


def test_the_databases_first_words_are_understood(empty_database: str) -> None:
    text = (DOCKER / "timescaledb" / "10-redwhistle.sql").read_text("utf-8")
    with psycopg.connect(empty_database, autocommit=True) as connection:
        name = connection.info.dbname
        for statement in (
            re.sub(r"--.*", "", text).replace("DATABASE redwhistle", f'DATABASE "{name}"').split(";")
        ):
            if statement.strip():
                connection.execute(statement.encode())
    with psycopg.connect(empty_database) as connection:
        assert connection.execute("SHOW timezone").fetchone() == ("UTC",)
        assert connection.execute(
            "SELECT count(*) FROM pg_extension WHERE extname = 'timescaledb'"
        ).fetchone() == (1,)


def _context(certificates: Path, name: str) -> ssl.SSLContext:
    """A client's TLS; a box's certificate is signed here as provisioning will sign it."""
    if not (certificates / f"{name}.crt").exists():
        commands = (
            (
                f"openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout {name}.key -out {name}.csr"
                f" -subj /CN={name}"
            ),
            f"openssl x509 -req -in {name}.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 2 -out {name}.crt",
        )
        for command in commands:
            subprocess.run(command.split(), cwd=certificates, check=True, capture_output=True)
    context = ssl.create_default_context(cafile=str(certificates / "ca.crt"))
    context.load_cert_chain(certificates / f"{name}.crt", certificates / f"{name}.key")
    return context
