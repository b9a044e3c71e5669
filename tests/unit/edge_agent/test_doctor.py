"""`redwhistle-edge doctor`: what is well, what is not, and the exit code."""

import json
import socket
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from edge import doctor, reaching
from edge.agent import health
from edge.agent.certificate_dates import read_validity
from edge.agent.outbox.export import read_envelopes
from edge.cli import app
from edge.doctor import Check, Level
from edge.settings import load_settings
from redwhistle.contracts.codec import decode_envelope
from redwhistle.contracts.ids import Lane
from redwhistle.errors import OutboxError
from tests.unit.edge_outbox.making import make_clock, open_outbox, reading, seqs, smoke

NOW = datetime.now(UTC).replace(microsecond=0)


def certificate(begins: datetime, ends: datetime) -> str:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "金沙-1")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begins)
        .not_valid_after(ends)
        .sign(key, hashes.SHA256())
    )
    return made.public_bytes(serialization.Encoding.PEM).decode()


@pytest.mark.parametrize("years", [1, 20, 60])
def test_the_dates_of_a_certificate(years: int) -> None:
    begins, ends = NOW - timedelta(days=1), NOW + timedelta(days=365 * years)
    assert read_validity("text before\n" + certificate(begins, ends)) == (begins, ends)


PEM = certificate(NOW, NOW + timedelta(days=1))
DER = ssl.PEM_cert_to_DER_cert(PEM)


@given(st.binary(max_size=300) | st.integers(0, len(DER) - 1).map(lambda n: DER[:n]))
def test_any_bytes_have_dates_or_are_refused(der: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        read_validity(ssl.DER_cert_to_PEM_cert(der))


@given(st.integers(0, len(DER) - 1), st.integers(1, 255))
def test_a_changed_byte_never_breaks_it(at: int, change: int) -> None:
    changed = bytes([*DER[:at], DER[at] ^ change, *DER[at + 1 :]])
    try:
        begins, ends = read_validity(ssl.DER_cert_to_PEM_cert(changed))
    except ValueError:
        return
    assert begins.tzinfo is UTC is ends.tzinfo


def box(folder: Path, *, port: int = 1, more: str = "") -> Path:
    (folder / "data").mkdir(exist_ok=True)
    (folder / "password").write_text("secret\n")
    (folder / "password").chmod(0o600)
    path = folder / "box.yaml"
    path.write_text(
        "site: jinsha\nbox: jinsha-1\ndata_dir: data\n"
        f"broker: {{host: 127.0.0.1, port: {port}, password_file: password, connect_timeout_s: 1}}\n{more}"
    )
    return path


def examine(path: Path) -> dict[str, list[Check]]:
    found: dict[str, list[Check]] = {}
    for check in doctor.examine(load_settings(path), path):
        found.setdefault(check.name, []).append(check)
    return found


def levels(found: dict[str, list[Check]], name: str) -> set[Level]:
    return {check.level for check in found[name]}


def test_a_box_that_is_well(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as broker:
        path = box(tmp_path, port=broker.getsockname()[1])
        open_outbox(tmp_path / "data").close()
        found = examine(path)
    for name in ("outbox", "secrets", "broker"):
        assert levels(found, name) == {Level.OK}, found[name]
    assert not [each for checks in found.values() for each in checks if each.name == "doctor"]


def test_what_is_not_well_is_bad_and_says_what_to_do(tmp_path: Path) -> None:
    more = """
sources:
  - {type: zigbee2mqtt, broker: {port: 1}}
  - {type: modbus, tcp: {host: 127.0.0.1, port: 1}, map: {units: [{unit: 1, devices: [{device: a, kind: other, inputs: [{address: 1, says: smoke}]}]}]}}
  - {type: contact, chip: /dev/null-chip, devices: [{device: b, kind: smoke, inputs: [{line: 1, says: smoke}]}]}
  - {type: osdp, port: PLAIN, devices: [{device: c, readers: [{address: 1, insecure: true}]}]}
  - {type: camera, device: cam, url: "rtsp://user:geheim@127.0.0.1:1/x"}
actuators:
  - {type: speaker, device: d, command: [no-such-player, "{file}"], clips: {fire: {zh: box.yaml}}}
  - {type: http_speaker, device: e, url: "http://127.0.0.1:1/", on_body: {}, off_body: {}}
""".replace("PLAIN", str(tmp_path / "password"))
    path = box(tmp_path, more=more)
    (tmp_path / "password").chmod(0o644)
    path.chmod(0o644)
    found = examine(path)
    reached = {
        name: checks[0] for name, checks in found.items() if name.split(" ")[0] in {"source", "actuator"}
    }
    assert set(reached) == {
        "source zigbee",
        "source modbus",
        "source contact",
        "source osdp",
        "source camera:cam",
        "actuator d",
        "actuator e",
    }
    assert {each.level for each in reached.values()} == {Level.BAD}
    assert "is no serial adapter" in reached["source osdp"].text
    assert levels(found, "broker") == {Level.BAD}
    texts = [each.text for each in found["secrets"]]
    assert len(texts) == 2
    assert all("chmod 600" in text for text in texts)
    assert "geheim" not in repr(found)
    result = CliRunner().invoke(app, ["doctor", "--config", str(path), "--json"])
    assert result.exit_code == 1
    told = json.loads(result.stdout)
    assert told["ok"] is False
    assert {"name", "level", "text"} == set(told["checks"][0])
    assert "BAD  broker:" in CliRunner().invoke(app, ["doctor", "--config", str(path)]).stdout


@pytest.mark.parametrize(
    ("days", "level"), [(300, Level.OK), (20, Level.WARN), (2, Level.BAD), (-5, Level.BAD)]
)
def test_certificates_that_end_soon(tmp_path: Path, days: int, level: Level) -> None:
    (tmp_path / "box.pem").write_text(certificate(NOW - timedelta(days=10), NOW + timedelta(days=days)))
    (tmp_path / "box.key").write_text("key")
    path = box(tmp_path)
    text = path.read_text().replace("port: 1,", "port: 1, tls: {cert_file: box.pem, key_file: box.key},")
    path.write_text(text)
    assert levels(examine(path), "certificates") == {level}


def test_throttling_and_load_are_read_where_a_machine_tells(tmp_path: Path) -> None:
    file = tmp_path / "told"
    for text, throttled in (("0", 0.0), ("50000", 0.0), ("50005\n", 1.0), ("8", 1.0)):
        file.write_text(text)
        assert health.read_is_throttled(file) == throttled
    file.write_text("0.50 0.4 0.3 1/2 3")
    assert health.read_cpu_load_pct(file, 2) == 25.0
    for text in ("", "x y"):
        file.write_text(text)
        assert health.read_is_throttled(file) is None
        assert health.read_cpu_load_pct(file, 2) is None
    assert health.read_throttled_bits(tmp_path / "none") is None


def test_an_address_that_answers_is_reachable() -> None:
    with socket.create_server(("127.0.0.1", 0)) as peer:
        assert reaching.reach_address("127.0.0.1", peer.getsockname()[1]) is None
    assert reaching.reach_device_file("/dev/null", "adapter") is None
    assert "cannot be reached" in str(reaching.reach_address("127.0.0.1", 1))


def test_an_outbox_is_exported_as_it_would_leave_and_nothing_is_taken(tmp_path: Path) -> None:
    path = box(tmp_path)
    with pytest.raises(OutboxError, match="has not run"):
        list(read_envelopes(tmp_path / "data" / "outbox.db", "jinsha", "box-1", make_clock().stamp()))
    outbox = open_outbox(tmp_path / "data")
    for n in range(1200):
        outbox.put_reading(reading(n, exercise="drill-1" if n % 3 == 0 else None))
    outbox.flush()
    for _ in range(3):
        outbox.put_event(smoke())
    result = CliRunner().invoke(app, ["outbox", "export", "--config", str(path)])  # while it is open
    assert result.exit_code == 0
    envelopes = [decode_envelope(line.encode()) for line in result.stdout.splitlines()]
    assert envelopes[0].lane is Lane.ALARM
    for lane, count in ((Lane.ALARM, 3), (Lane.TELEMETRY, 1200)):
        assert sorted(seqs([each for each in envelopes if each.lane is lane])) == list(range(1, count + 1))
    assert outbox.pending(Lane.TELEMETRY) == 1200
    outbox.close()
