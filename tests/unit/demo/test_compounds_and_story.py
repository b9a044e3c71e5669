"""The demo's configuration is one that a box takes, and the simulator can say all that its story wants."""

import json
from pathlib import Path

import pytest
import yaml

from edge.agent.sources.replay_log import check_log
from edge.agent.sources.replay_settings import ReplaySettings
from edge.settings import load_settings
from edge.simulate.desk import Desk
from edge.simulate.wishes import read_wish
from redwhistle.places.files import read_places
from server.demo import compounds, story
from server.demo.compounds import COMPOUNDS, JINHE, JINYUAN, YARD, Compound, Family, Ports
from server.demo.director import CITY

SCENES = range(8)


@pytest.mark.parametrize("compound", COMPOUNDS, ids=lambda compound: str(compound.box))
def test_a_box_takes_its_configuration(compound: Compound, tmp_path: Path) -> None:
    settings = load_settings(_write(compound, tmp_path)).settings
    announced = {device.id: device.place for device in settings.device_infos()}
    assert {device.id: device.place for device in compound.devices}.items() <= announced.items()
    assert settings.broker.tls is None
    for source in settings.sources:
        if isinstance(source, ReplaySettings):
            assert source.file == tmp_path / compounds.REPLAY_FILE


def test_the_replay_log_can_be_played(tmp_path: Path) -> None:
    file = tmp_path / compounds.REPLAY_FILE
    file.write_text("".join(json.dumps(line) + "\n" for line in compounds.replay_lines(YARD)))
    assert check_log(file) == compounds.MINUTE_S


def test_every_device_stands_at_a_place_of_its_compound() -> None:
    tree, _ = read_places(CITY).tree_and_warnings()
    known = {place.id: place for place in tree.places}
    for compound in COMPOUNDS:
        assert known[compound.site].name_zh == compound.name_zh
        for device in compound.devices:
            above = device.place
            while above != compound.site:
                parent = known[above].parent
                assert parent is not None, f"{device.id} stands outside {compound.site}"
                above = parent


def _write(compound: Compound, folder: Path) -> Path:
    ports = Ports(broker=1883, local=1884, gate_http=1885, panel=1886, modbus=1887)
    written = compounds.configuration(compound, ports=ports, clip="/videos/clip.mp4")
    file = folder / f"{compound.box}.yaml"
    file.write_text(yaml.safe_dump(written, allow_unicode=True), encoding="utf-8")
    return file


@pytest.mark.parametrize("number", [None, *SCENES])
def test_the_simulator_can_say_every_beat(number: int | None, tmp_path: Path) -> None:
    desks = {one.box: Desk(load_settings(_write(one, tmp_path)).settings) for one in COMPOUNDS}
    beats = story.opening() if number is None else story.scene(number)
    for beat in [*beats, *story.calm()]:
        wish = read_wish(json.dumps(beat.to_json()).encode())
        assert desks[beat.compound.box].plan(wish, 0)
        assert beat.device in beat.compound.devices
    assert [beat.after_s for beat in beats] == sorted(beat.after_s for beat in beats)


def test_the_opening_lets_every_family_speak() -> None:
    speaking = {beat.device.family for beat in story.opening() if beat.alarming}
    assert speaking == set(Family) - {Family.CAMERA, Family.SIREN, Family.REPLAY}


def test_every_scene_tells_something_and_ends_it() -> None:
    for number in SCENES:
        beats = story.scene(number)
        assert beats[0].alarming
        assert not beats[-1].alarming
        assert beats[-1].after_s < story.SCENE_EVERY_S


def test_calm_messages_alarm_nobody_and_come_from_all_that_speak_by_themselves() -> None:
    beats = story.calm()
    assert not any(beat.alarming for beat in beats)
    speaking = {(beat.compound.box, beat.device.id) for beat in beats}
    asked = {Family.CAMERA, Family.GAS, Family.SIREN, Family.REPLAY}
    assert speaking == {
        (compound.box, device.id)
        for compound in COMPOUNDS
        for device in compound.devices
        if device.family not in asked
    }


def test_a_device_is_found_on_its_own_box_only() -> None:
    assert compounds.device_of("jinhe-1", "gate-north") is not None
    assert compounds.device_of("jinyuan-1", "gate-north") is None
    assert {JINYUAN.box, JINHE.box} == {"jinyuan-1", "jinhe-1"}
