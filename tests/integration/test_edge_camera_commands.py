"""`redwhistle-edge camera …` with real reader processes: clips, servers, garbage, secrets."""

import json
import re
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import yaml
from typer.testing import CliRunner, Result

from edge.cli import app
from edge.commands import camera as commands
from edge.viewing.sections import choose_camera, read_section
from redwhistle.errors import ConfigurationError
from tests.integration.cameras import FPS, FRAMES, HEIGHT_PX, WIDTH_PX, make_clip, section
from tests.integration.mjpeg_server import serving
from tests.shared_data import shared_files
from tests.unit.onnx_graphs import constant_model, entry

pytestmark = pytest.mark.faults
MASK = [[0, 0], [0.25, 0], [0.25, 0.5], [0, 0.5]]


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_clip(tmp_path_factory.mktemp("clips") / "moving.avi")


@pytest.fixture
def models(tmp_path: Path) -> Path:
    """A folder with two models that say the same of every picture: a person at (8, 8, 24, 24) of 32, and flame."""
    person = np.array([[[16], [16], [16], [16], [0.9]]], np.float32)
    flame = np.array([[5.0, 0.0, 0.0]], np.float32)
    folder = tmp_path / "models"
    folder.mkdir()
    text = ["version = 1"]
    for name, task, kind, labels, output in (
        ("people", "people", "yolov8", {"person": 0}, person),
        ("fire", "fire", "classifier", {"flame": 0}, flame),
    ):
        model = constant_model(output, (1, 3, 32, 32))
        (folder / f"{name}.onnx").write_bytes(model)
        fields = entry(
            model, name=name, task=task, kind=kind, labels=labels, file=f"{name}.onnx", fit="stretch"
        ).model_dump(
            mode="json",
            include={
                "name",
                "version",
                "task",
                "kind",
                "file",
                "sha256",
                "width_px",
                "height_px",
                "fit",
                "licence",
            },
        )
        text += ["[[model]]", *(f"{key} = {json.dumps(value)}" for key, value in fields.items())]
        text += ["labels = {" + ", ".join(f"{label} = {n}" for label, n in labels.items()) + "}"]
    (folder / "manifest.toml").write_text("\n".join(text))
    return folder


SHORT_FIRE = {"flame": {"hits": 6, "lasts_s": 1.2}}
"""The clip is shorter than what a box looks at before it believes in a flame."""


@pytest.fixture
def short_fire(tmp_path: Path) -> Path:
    path = tmp_path / "short-fire.yaml"
    path.write_text(yaml.safe_dump({"rules": SHORT_FIRE}))
    return path


def run(*words: object) -> Result:
    return CliRunner().invoke(app, ["camera", *map(str, words)])


def told(result: Result) -> dict[str, Any]:
    assert result.exit_code == 0, result.output
    return dict(json.loads(result.stdout))


def box_file(folder: Path, **camera: object) -> Path:
    path = folder / "box.yaml"
    config = {
        "site": "yard",
        "box": "yard-1",
        "data_dir": "data",
        "models_dir": "models",
        "broker": {"host": "127.0.0.1", "port": 1},
        "sources": [{"type": "camera", "device": "cam-x", **camera}],
    }
    path.write_text(yaml.safe_dump(config))
    return path


def test_a_clip_is_analysed_as_the_box_would(clip: Path, models: Path, tmp_path: Path) -> None:
    config = tmp_path / "camera.yaml"
    config.write_text(
        yaml.safe_dump(
            {"analyse_fps": 5, "rules": {**SHORT_FIRE, "zones": [{"name": "yard", "limit": 0, "for_s": 1}]}}
        )
    )
    analysis = told(run("analyse", clip, "--config", config, "--models", models, "--json"))
    assert analysis["frames"] == 15
    assert analysis["clip_s"] == 2.8
    assert analysis["fps"] > 0
    assert analysis["people"] == {"max": 1, "p50": 1}
    crowd, flame = analysis["events"]
    assert (crowd["kind"], crowd["t_s"], crowd["score"], crowd["box_xyxy_px"]) == (
        "crowd_formed",
        1.0,
        None,
        None,
    )
    assert flame["kind"] == "flame_seen"
    x1, y1, x2, y2 = flame["box_xyxy_px"]
    assert 0 <= x1 < x2 <= WIDTH_PX
    assert 0 <= y1 < y2 <= HEIGHT_PX
    assert 0 < flame["t_s"] <= 2.8
    assert flame["score"] == pytest.approx(0.9866, abs=0.001)
    again = told(run("analyse", clip, "--config", config, "--models", models, "--json"))
    assert {**again, "fps": 0} == {**analysis, "fps": 0}


def test_the_clip_is_not_overwritten_by_its_own_film(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "night.avi").rename(tmp_path / "night.mp4")
    whole = clip.read_bytes()
    result = run("analyse", clip, "--save", tmp_path / "." / "night.mp4")
    assert result.exit_code == 1
    assert "another name" in result.stderr
    assert clip.read_bytes() == whole


def test_a_snapshot_overwrites_no_configuration(tmp_path: Path, clip: Path) -> None:
    box = box_file(tmp_path, url=str(clip))
    text = box.read_bytes()
    result = run("snapshot", "--config", box, "--out", box)
    assert result.exit_code == 1
    assert "ends with .jpg" in result.stderr
    assert box.read_bytes() == text


def test_every_frame_can_be_looked_at_and_the_times_stay(clip: Path, models: Path, short_fire: Path) -> None:
    analysis = told(
        run("analyse", clip, "--config", short_fire, "--models", models, "--every-frame", "--json")
    )
    assert analysis["frames"] == FRAMES
    assert analysis["clip_s"] == (FRAMES - 1) / FPS
    assert 0 < analysis["events"][0]["t_s"] <= analysis["clip_s"]


def test_for_people_there_are_lines(clip: Path, models: Path, short_fire: Path) -> None:
    result = run("analyse", clip, "--config", short_fire, "--models", models)
    assert result.exit_code == 0
    event, summary = result.stdout.splitlines()
    assert re.match(r" +0:0[0-2]\.\d\d  flame_seen  score 0\.99", event)
    assert summary.startswith("12 frames of 2.8 s looked at")


def test_without_a_model_moving_regions_are_counted(clip: Path, tmp_path: Path) -> None:
    analysis = told(run("analyse", clip, "--models", tmp_path, "--json"))
    assert analysis["people"]["max"] is None
    assert analysis["moving_regions"]["max"] >= 1


def test_the_annotated_video_has_no_detail_of_the_clip(tmp_path: Path) -> None:
    """A fine pattern over the whole picture: what is saved is flat, but for what is drawn."""
    fine = np.indices((360, 640)).sum(axis=0) % 2 * 255
    writer = cv2.VideoWriter(str(tmp_path / "fine.avi"), cv2.VideoWriter.fourcc(*"MJPG"), 10, (640, 360))
    for _ in range(20):
        writer.write(np.repeat(fine[..., None], 3, axis=2).astype(np.uint8))
    writer.release()
    film = tmp_path / "annotated.mp4"
    result = run("analyse", tmp_path / "fine.avi", "--models", tmp_path, "--save", film, "--json")
    assert told(result)["frames"] == 8
    pictures = read_all(film)
    assert len(pictures) == 8
    for picture in pictures:
        assert picture.shape == (360, 640, 3)
        assert cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY).std() < 12
    assert cv2.cvtColor(read_all(tmp_path / "fine.avi")[0], cv2.COLOR_BGR2GRAY).std() > 60


def read_all(path: Path) -> list[np.ndarray[Any, Any]]:
    capture = cv2.VideoCapture(str(path), cv2.CAP_FFMPEG)
    pictures = []
    while (read := capture.read())[0]:
        pictures.append(read[1])
    capture.release()
    return pictures


@pytest.mark.parametrize(
    ("content", "says"), [(None, "no such file"), (b"", "no video"), (bytes(range(256)) * 40, "video")]
)
def test_a_clip_that_is_none_is_an_error(content: bytes | None, says: str, tmp_path: Path) -> None:
    path = tmp_path / "clip.mp4"
    if content is not None:
        path.write_bytes(content)
    for words in (("analyse", path), ("probe", path)):
        result = run(*words)
        assert (result.exit_code, result.stdout) == (1, "")
        assert says in result.stderr
        result = run(*words, "--json")
        assert result.exit_code == 1
        assert json.loads(result.stdout)["ok"] is False


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("analyse_fps: 400", "analyse_fps"),
        ("sources: []", "this is a whole box"),
        ("rules: {zones: 4}", "rules.zones"),
        ("[1, 2]", "a mapping"),
        (": :", "not YAML"),
    ],
)
def test_a_section_that_cannot_be_used_is_exit_2(clip: Path, text: str, says: str, tmp_path: Path) -> None:
    config = tmp_path / "camera.yaml"
    config.write_text(text)
    result = run("analyse", clip, "--config", config)
    assert result.exit_code == 2
    assert says in result.stderr


def test_a_film_of_another_kind_or_at_no_place_is_refused(clip: Path, tmp_path: Path) -> None:
    for name, says in (("film.gif", "ends with .mp4"), ("none/film.mp4", "cannot be written")):
        result = run("analyse", clip, "--models", tmp_path, "--save", tmp_path / name)
        assert result.exit_code == 1
        assert says in result.stderr
    assert run("analyse", clip, "--models", tmp_path, "--begins", "25:00").exit_code == 1


def test_a_camera_is_probed_and_its_password_not_shown(tmp_path: Path) -> None:
    with serving(fps=20, user="watch:s3cr3t-word") as server:
        config = box_file(tmp_path, url=server.url_for("watch:s3cr3t-word"))
        result = run("probe", "--config", config, "--seconds", 2, "--json")
        found = told(result)
        assert (found["width_px"], found["height_px"], found["codec"]) == (640, 360, "MJPG")
        assert found["fps"] == pytest.approx(20, rel=0.3)
        assert found["first_frame_s"] >= found["open_s"] > 0
        assert found["age_ms"]["p50"] < 200
        assert any("hardly any contrast" in hint for hint in found["hints"])
        shown = run("probe", "--config", config, "--seconds", 1)
        refused = run("probe", server.url_for("watch:wr0ng-w0rd"))
    assert refused.exit_code == 1
    assert "refuses user or password (401)" in refused.stderr
    assert shown.stdout.startswith(f"OK: http://127.0.0.1:{server.port}/…")
    for text in (result.output, shown.output, refused.output):
        assert "s3cr3t-word" not in text
        assert "wr0ng-w0rd" not in text


def test_a_camera_that_cannot_be_reached_is_told_from_one_that_refuses() -> None:
    result = run("probe", "rtsp://user:s3cr3t-word@127.0.0.1:1/live")
    assert result.exit_code == 1
    assert "cannot be reached" in result.stderr
    assert "s3cr3t-word" not in result.output
    result = run("probe", "gopher://user:s3cr3t-word@127.0.0.1/live")
    assert result.exit_code == 2
    assert "must begin with" in result.stderr
    assert "s3cr3t-word" not in result.output
    assert "plug the camera in" in run("probe", "/dev/video97").stderr
    assert run("probe").exit_code == 2


def test_a_snapshot_shows_what_is_set_up_and_nobody(clip: Path, models: Path, tmp_path: Path) -> None:
    out = tmp_path / "pic.jpg"
    zone = {"name": "东门", "limit": 3, "polygon": [[0.5, 0.5], [0.9, 0.5], [0.9, 0.9], [0.5, 0.9]]}
    config = box_file(
        tmp_path, url=str(clip), loop=True, masks=[MASK], analyse_fps=20, rules={"zones": [zone]}
    )
    found = told(run("snapshot", "--config", config, "--device", "cam-x", "--out", out, "--json"))
    assert found["legend"] == {"Z1": "东门"}
    assert found["found"] == {"flame": 1, "person": 1}
    assert (found["people_blurred"], found["method"]) == (1, "people_and_frame")
    picture = cv2.imread(str(out))
    assert picture is not None
    height_px, width_px = picture.shape[:2]
    assert (width_px, height_px) == (found["width_px"], found["height_px"])
    assert picture[height_px // 4, width_px // 8].max() < 40  # inside the mask
    edge = picture[round(0.7 * height_px), round(0.5 * width_px) - 3 : round(0.5 * width_px) + 4]
    assert (edge[:, 2].astype(int) - edge[:, 0]).max() > 100  # the zone's yellow line


def test_a_snapshot_that_cannot_be_taken_or_kept_is_explained(
    clip: Path, models: Path, tmp_path: Path
) -> None:
    gone = run(
        "snapshot", "-c", box_file(tmp_path, url="rtsp://u:s3cr3t@127.0.0.1:1/x"), "-o", tmp_path / "p.jpg"
    )
    assert gone.exit_code == 1
    assert "try: camera probe" in gone.stderr
    assert "s3cr3t" not in gone.output
    config = box_file(tmp_path, url=str(clip), loop=True, analyse_fps=20)
    unkept = run("snapshot", "-c", config, "-o", tmp_path / "none" / "p.jpg")
    assert unkept.exit_code == 1
    assert "give another --out" in unkept.stderr
    assert run("snapshot", "-c", config, "--device", "cam-y", "-o", tmp_path / "p.jpg").exit_code == 2


def test_which_camera_must_be_said_where_there_are_several(tmp_path: Path) -> None:
    one, two = section("a.avi"), section("b.avi", device="cam-2")
    assert choose_camera([one], None) is one
    assert choose_camera([one, two], "cam-2") is two
    with pytest.raises(ConfigurationError, match="there are: cam, cam-2"):
        choose_camera([one, two], None)
    with pytest.raises(ConfigurationError, match="there are: none"):
        choose_camera([], None)
    with pytest.raises(ConfigurationError, match="cannot be read"):
        read_section(tmp_path / "none.yaml")


def test_each_command_has_an_example() -> None:
    for command in commands.app.registered_commands:
        assert command.epilog is not None
        assert command.epilog.startswith("Example: redwhistle-edge camera ")


CLIPS = shared_files("video/people_one_by_one.mp4")
if CLIPS:

    def test_a_minute_of_a_real_entrance_is_analysed_faster_than_it_passed(tmp_path: Path) -> None:
        analysis = told(run("analyse", CLIPS[0], "--models", tmp_path, "--json"))
        assert analysis["frames"] == 240
        assert analysis["clip_s"] == pytest.approx(59.8, abs=0.2)
        assert analysis["fps"] > 4
        assert 1 <= analysis["moving_regions"]["max"] <= 6
