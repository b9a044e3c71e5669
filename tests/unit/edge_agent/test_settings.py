"""The configuration file: every fault with its line, nothing accepted by accident."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.agent.sources.replay_settings import ReplaySettings
from edge.agent.yaml_text import parse_yaml
from edge.pushed import PUSHABLE, PushedConfiguration
from edge.settings import check_settings, load_settings
from redwhistle.contracts.state import DeviceKind
from redwhistle.errors import ConfigurationError

GOOD = """\
site: jinsha
box: jinsha-1
data_dir: data
broker:
  host: broker.example
  tls: {ca_file: ca.pem}
devices:
  - {id: smoke-1, kind: smoke, label: 一楼烟感, heartbeat_s: 86400}
sources:
  - type: replay
    file: logs/day.jsonl
"""


def write(folder: Path, text: str) -> Path:
    path = folder / "box.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_good_file_is_read_and_relative_paths_count_from_it(tmp_path: Path) -> None:
    settings = load_settings(write(tmp_path, GOOD)).settings
    assert settings.data_dir == tmp_path / "data"
    assert settings.broker.tls is not None
    assert settings.broker.tls.ca_file == tmp_path / "ca.pem"
    (source,) = settings.sources
    assert isinstance(source, ReplaySettings)
    assert source.file == tmp_path / "logs/day.jsonl"
    assert settings.devices[0].kind is DeviceKind.SMOKE
    assert settings.broker.port == 8883


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("site: jinsha", "site: Jin Sha", "line 1: site:"),
        ("box: jinsha-1\n", "", "box: Field required"),
        ("host: broker.example", "host: broker.example\n  password: secret-word", "line 6: broker.password:"),
        ("type: replay", "type: telepathy", "line 10: sources.0"),
        ("kind: smoke", "kind: dragon", "line 8: devices.0.kind"),
        ("box: jinsha-1", "box: jinsha-1\nbox: jinsha-2", "line 3: 'box' is given twice"),
        ("    file: logs/day.jsonl", "    file: a\n    speed: 0", "sources.0.replay.speed"),
        ("    file: logs/day.jsonl", "    file: a\n  - {type: replay, file: b}", "'replay' is given twice"),
        ("    file: logs/day.jsonl", "    file: a\n    name: box", "cannot be called 'box'"),
        ("  tls: {ca_file: ca.pem}", "  tls: {ca_file: ca.pem", "not YAML"),
    ],
)
def test_a_fault_is_named_with_its_line(tmp_path: Path, old: str, new: str, fault: str) -> None:
    assert old in GOOD
    with pytest.raises(ConfigurationError) as caught:
        load_settings(write(tmp_path, GOOD.replace(old, new)))
    assert fault in str(caught.value)
    assert "secret-word" not in str(caught.value)


@given(text=st.binary(max_size=300) | st.text(max_size=200).map(str.encode))
def test_any_bytes_are_a_configuration_or_a_clear_error(text: bytes) -> None:
    told = ""
    try:
        raw, _ = parse_yaml(text, "box.yaml")
        check_settings(raw, Path("/nowhere"), "box.yaml")
    except ConfigurationError as error:
        told = str(error)
    assert told.startswith("box.yaml"), "so few bytes are never a whole configuration"


JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=10,
)


@given(config=JSON | st.fixed_dictionaries({"sources": JSON, "devices": JSON}))
def test_any_pushed_value_is_a_configuration_or_refused(
    config: Any, tmp_path_factory: pytest.TempPathFactory
) -> None:
    pushed = PushedConfiguration(load_settings(write(tmp_path_factory.getbasetemp(), GOOD)))
    told = ""
    try:
        pushed.check(config)
    except ConfigurationError as error:
        told = str(error)
    assert told or set(config) <= PUSHABLE


def test_a_pushed_configuration_counts_once_confirmed_until_a_person_changes_the_file(tmp_path: Path) -> None:
    path = write(tmp_path, GOOD)
    (tmp_path / "data").mkdir()
    pushed = PushedConfiguration(load_settings(path))
    config = {"health_every_s": 5}
    assert pushed.check(config).health_every_s == 5
    pushed.write_pending(config)
    assert PushedConfiguration(load_settings(path)).current().health_every_s == 30, "never confirmed"
    pushed.write_pending(config)
    pushed.confirm()
    assert PushedConfiguration(load_settings(path)).current().health_every_s == 5
    write(tmp_path, GOOD + "health_every_s: 7\n")
    assert PushedConfiguration(load_settings(path)).current().health_every_s == 7


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"base_sha256": 1}', b"\xff", b"null"])
def test_a_damaged_pushed_file_is_ignored(tmp_path: Path, content: bytes) -> None:
    path = write(tmp_path, GOOD)
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "pushed.json").write_bytes(content)
    assert PushedConfiguration(load_settings(path)).current().health_every_s == 30


@pytest.mark.parametrize(
    "config", [{"site": "other"}, {"broker": {"host": "evil.example"}}, {"data_dir": "/"}, {}, None, []]
)
def test_identity_and_broker_cannot_be_pushed(tmp_path: Path, config: Any) -> None:
    pushed = PushedConfiguration(load_settings(write(tmp_path, GOOD)))
    with pytest.raises(ConfigurationError, match=r"cannot be changed by a command|must be a mapping"):
        pushed.check(config)


def test_the_whole_box_in_the_documentation_is_accepted(tmp_path: Path) -> None:
    text = (Path(__file__).resolve().parents[3] / "docs" / "box.md").read_text(encoding="utf-8")
    example = text.partition("```yaml\n")[2].partition("```")[0]
    assert example.lstrip("# ").startswith("/etc/redwhistle/box.yaml")
    settings = load_settings(write(tmp_path, example)).settings
    assert {device.id for device in settings.device_infos()} == {
        "cam-south", "smoke-7-2-4", "sos-7-302", "gate-south", "zigbee-bridge", "gate-controller",
    }  # fmt: skip
    assert settings.broker.tls is not None
