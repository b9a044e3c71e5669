"""The section of the fire panels: every fault says what is wrong; the templates and the schema are the code's."""

from typing import Any

import pytest
from pydantic import ValidationError

from edge.agent.sources.gbt26875_settings import Gbt26875Settings
from tests.unit.gbt26875_world import settings


@pytest.mark.parametrize(
    ("section", "fault"),
    [
        ({"tcp_port": None}, "tcp_port or udp_port"),
        ({"listen": "everywhere"}, "listen"),
        ({"listen": "224.0.0.1"}, "multicast"),
        (
            {"transmitters": [{"address": 1, "device": "a"}, {"address": 1, "device": "b"}]},
            "address 1 is given twice",
        ),
        (
            {"transmitters": [{"address": 1, "device": "a"}, {"address": 2, "device": "a"}]},
            "'a' is given twice",
        ),
        (
            {
                "transmitters": [
                    {"address": 1, "device": "a", "components": [{"address": "1", "device": "b"}]}
                ]
            },
            "10-2",
        ),
        (
            {
                "transmitters": [
                    {"address": 1, "device": "a", "components": [{"address": "1-70000", "device": "b"}]}
                ]
            },
            "65535",
        ),
        (
            {
                "transmitters": [
                    {
                        "address": 1,
                        "device": "a",
                        "components": [{"address": "1-2", "device": "b"}, {"address": 131073, "device": "c"}],
                    }
                ]
            },
            "component 1-2 is given twice",
        ),
        (
            {"transmitters": [{"address": 1, "device": "a", "zones": [{"zone": 1, "place": "x"}] * 2}]},
            "zone 1 is given twice",
        ),
        ({"transmitters": [{"address": 1, "device": "a", "test_bit": "maybe"}]}, "test_bit"),
        ({"transmitters": [{"address": -1, "device": "a"}]}, "address"),
    ],
)
def test_a_faulty_section_says_what_is_wrong(section: dict[str, Any], fault: str) -> None:
    with pytest.raises(ValidationError, match=fault):
        Gbt26875Settings.model_validate({"type": "gbt26875"} | section)


def test_it_listens_to_nobody_outside_unless_asked() -> None:
    assert str(Gbt26875Settings(type="gbt26875").listen) == "127.0.0.1"
    infos = {info.id: info for info in settings().device_infos()}
    assert {info.kind.value for info in infos.values()} == {"other", "fire_panel", "gas"}
    assert infos["smoke-b1-f3-2"].place == "b1-f3"
    assert infos["temp-1"].place == "b2"
