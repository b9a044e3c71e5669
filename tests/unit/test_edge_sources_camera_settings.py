"""A camera's configuration: what is refused, and that no password is shown."""

from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from edge.agent.sources.camera_order import CameraKind
from edge.agent.sources.camera_settings import CameraSettings, hide_secrets, shown
from redwhistle.contracts.state import DeviceKind


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"url": "ftp://host/x"}, "must begin with"),
        ({"url": ""}, "url is empty"),
        ({"url": "rtsp://host/x", "loop": True}, "for files"),
        ({"url": "x.avi", "analyse_fps": 0}, "analyse_fps"),
        ({"url": "x.avi", "fps": 3}, "Extra inputs"),
    ],
)
def test_settings_say_what_is_wrong(fields: dict[str, object], says: str) -> None:
    with pytest.raises(ValidationError, match=says):
        CameraSettings.model_validate({"type": "camera", "device": "cam", **fields})


def test_no_secret_of_a_url_is_shown() -> None:
    url = "rtsp://admin:pass:word@10.0.0.7:554/h264/ch1?auth=xyz123"
    assert shown(url) == "rtsp://10.0.0.7:554/…"
    hidden = hide_secrets(url)(f"cannot open {url}: user admin, pass:word, auth=xyz123 at /h264/ch1")
    for secret in ("admin", "pass:word", "xyz123", "h264"):
        assert secret not in hidden
    settings = CameraSettings.model_validate({"type": "camera", "device": "cam", "url": url})
    assert "pass" not in repr(settings) + str(settings.model_dump()) + settings.model_dump_json()


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
    text = (Path(__file__).resolve().parents[2] / "docs" / "box.md").read_text(encoding="utf-8")
    text = text.partition("## Camera")[2]
    (section,) = yaml.safe_load(text.partition("```yaml\n")[2].partition("```")[0])["sources"]
    settings = CameraSettings.model_validate(section)
    assert settings.rules.zones[0].limit == 30
    assert settings.kind is CameraKind.STREAM
