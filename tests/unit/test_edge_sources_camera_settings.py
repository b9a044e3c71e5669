"""A camera's configuration: what is refused, and that no password is shown."""

import json
import tempfile
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from typer.testing import CliRunner

from edge.agent.policy.night import rules_of_day
from edge.agent.sources.camera_order import CameraKind
from edge.agent.sources.camera_settings import CameraSettings, hide_secrets, shown
from edge.cli import app
from redwhistle.contracts.state import DeviceKind
from redwhistle.errors import SourceError


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"url": "ftp://host/x"}, "must begin with"),
        ({"url": ""}, "url is empty"),
        ({"url": "rtsp://host/x", "loop": True}, "for files"),
        ({"url": "rtsp:/u:secret@host/x"}, "two slashes"),
        ({"url": "rtsp:///x"}, "no host"),
        ({"url": "rtsp://host:99999/x"}, "no host and port"),
        ({"url": "x.avi", "analyse_fps": 0}, "analyse_fps"),
        ({"url": "x.avi", "fps": 3}, "Extra inputs"),
        ({"url": "x.avi", "password_file": "p"}, "names a user"),
        ({"url": "rtsp://host/x", "password_file": "p"}, "names a user"),
        ({"url": "rtsp://user:secret@host/x", "password_file": "p"}, "no password"),
    ],
)
def test_settings_say_what_is_wrong(fields: dict[str, object], says: str) -> None:
    with pytest.raises(ValidationError, match=says):
        CameraSettings.model_validate({"type": "camera", "device": "cam", **fields})


@given(
    st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Zl", "Zp"]), max_size=40).map(str.strip)
)
def test_a_password_from_a_file_arrives_whole(password: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "cam.password"
        file.write_text(password + "\n", encoding="utf-8")
        fields = {"device": "cam", "url": "rtsp://admin@10.0.0.7:554/ch1", "password_file": file}
        camera = CameraSettings.model_validate({"type": "camera", **fields})
        parts = urlsplit(camera.reader_order().url)
    assert (parts.username, parts.hostname, parts.port, parts.path) == ("admin", "10.0.0.7", 554, "/ch1")
    assert unquote(parts.password or "") == password


def test_a_password_file_that_is_not_there_is_said(tmp_path: Path) -> None:
    fields = {"device": "cam", "url": "rtsp://admin@10.0.0.7/1", "password_file": tmp_path / "none"}
    camera = CameraSettings.model_validate({"type": "camera", **fields})
    with pytest.raises(SourceError, match=r"password_file .*none cannot be read: No such file"):
        camera.reader_order()


def test_no_secret_of_a_url_is_shown() -> None:
    url = "rtsp://admin:pass:word@10.0.0.7:554/h264/ch1?auth=xyz123"
    assert shown(url) == "rtsp://10.0.0.7:554/…"
    hidden = hide_secrets(url)(f"cannot open {url}: user admin, pass:word, auth=xyz123 at /h264/ch1")
    for secret in ("admin", "pass:word", "xyz123", "h264"):
        assert secret not in hidden
    settings = CameraSettings.model_validate({"type": "camera", "device": "cam", "url": url})
    whole = repr(settings) + str(settings.model_dump()) + settings.model_dump_json()
    assert "pass:word" not in whole
    assert "admin" not in whole


@given(
    password=st.text(alphabet=st.sampled_from("secret12@/?#[]:%"), min_size=1, max_size=12),
    user=st.sampled_from(["", "admin:", "12:"]),
)
def test_a_password_of_raw_signs_is_refused_or_stays_hidden_and_never_breaks_the_box(
    user: str, password: str
) -> None:
    """`#`, `/` and `?` end the host: what stands before them would be shown as the camera's address."""
    url = f"rtsp://{user}{password}@10.0.0.7/ch1"
    try:
        settings = CameraSettings.model_validate({"type": "camera", "device": "cam", "url": url})
    except ValidationError as error:
        (fault,) = error.errors(include_input=False)
        assert "%23" in fault["msg"]
        return
    assert shown(settings.url.get_secret_value()) == "rtsp://10.0.0.7/…"
    hide_secrets(url)


words = st.text(alphabet=st.characters(codec="ascii", categories=["L", "N"]), min_size=3, max_size=12)


@given(user=words, password=words, host=words, around=st.text(max_size=20))
def test_whatever_the_password_it_is_hidden(user: str, password: str, host: str, around: str) -> None:
    url = f"rtsp://{user}:{password}@{host}.example/ch"
    assert f"{user}:{password}" not in hide_secrets(url)(f"{around}{url}{around}")
    assert "@" not in shown(url)


def test_the_camera_in_the_state_message() -> None:
    fields = {"type": "camera", "device": "cam", "url": "x.avi", "label": "东门", "place": "gate-1"}
    (info,) = CameraSettings.model_validate(fields).device_infos()
    assert (info.id, info.kind, info.label, info.place) == ("cam", DeviceKind.CAMERA, "东门", "gate-1")


def test_the_camera_in_the_documentation_is_valid() -> None:
    text = (Path(__file__).resolve().parents[2] / "docs" / "camera.md").read_text(encoding="utf-8")
    (section,) = yaml.safe_load(text.partition("```yaml\n")[2].partition("```")[0])["sources"]
    settings = CameraSettings.model_validate(section)
    assert settings.rules.zones[0].limit == 30
    assert settings.kind is CameraKind.STREAM
    variants = rules_of_day(settings.rules)
    assert [zone.limit for zone in variants.night.zones] == [10, None]
    assert variants.unknown.zones[1].loiter_s == 120
    assert settings.rules.lines[0].start == (0.2, 0.7)


def test_check_config_accepts_the_camera_of_the_documentation(tmp_path: Path) -> None:
    page = (Path(__file__).resolve().parents[2] / "docs" / "camera.md").read_text(encoding="utf-8")
    example = page.partition("```yaml\n")[2].partition("```")[0]
    box = "site: jinyuan\nbox: jinyuan-1\ndata_dir: data\nbroker: {host: 127.0.0.1}\n"
    path = tmp_path / "box.yaml"
    path.write_text(box + example, encoding="utf-8")
    done = CliRunner().invoke(app, ["check-config", "--config", str(path), "--json"])
    assert (done.exit_code, json.loads(done.output)["ok"]) == (0, True), done.output
    path.write_text(box + example.replace("limit: 10, clear_below: 8", "limit: 10"), encoding="utf-8")
    done = CliRunner().invoke(app, ["check-config", "--config", str(path)])
    assert done.exit_code != 0
    assert "night.zones.东门广场" in done.output
    assert "clear_below" in done.output


def test_the_schema_of_the_settings_says_how_a_night_is_written() -> None:
    schema = CameraSettings.model_json_schema()
    assert {"motion_gate", "view", "rules"} <= set(schema["properties"])
    assert {"from", "until", "timezone", "zones", "analyse_fps"} <= set(
        schema["$defs"]["NightRules"]["properties"]
    )
    assert {"from", "to", "in_side"} <= set(schema["$defs"]["LineRules"]["required"])
    assert {"stay_s", "loiter_s"} <= set(schema["$defs"]["ZoneRules"]["properties"])
