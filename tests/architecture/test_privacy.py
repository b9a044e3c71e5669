"""It protects people; it does not watch them: what the wire cannot say and what no box or server installs."""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from redwhistle.contracts.events import DATA_OF
from redwhistle.contracts.evidence import Evidence
from redwhistle.contracts.readings import Metric
from redwhistle.contracts.wire import Wire
from tests.architecture.tree import CHECKOUT

_PERSON = re.compile(
    r"face|person_id|identity|id_card|citizen|passport|gender|ethnic|age_years|licen[cs]e_plate|plate_number"
    r"|embedding|feature_vector|full_name|resident|phone|biometric|gait|re_?id$|track_id",
)
_PICTURE = re.compile(r"image|jpe?g|png|frame_data|picture|thumbnail|video|base64|bitmap|snapshot")
_FACES = re.compile(r"face|insight|dlib|mtcnn|retinaface|deepface|reid|plate|anpr", re.IGNORECASE)


def test_no_word_of_the_contract_can_name_a_person() -> None:
    assert [name for name in _names() if _PERSON.search(name)] == []


def test_one_message_can_carry_a_picture_and_only_one_that_is_blurred() -> None:
    carriers = {
        model.__name__
        for model in _models(Wire)
        for name in model.model_json_schema().get("properties", {})
        if _PICTURE.search(name.lower())
    }
    assert carriers == {Evidence.__name__}
    assert {name for name in Evidence.model_fields if _PICTURE.search(name)} == {"jpeg"}
    assert {"people_blurred", "method"} <= {n for n, f in Evidence.model_fields.items() if f.is_required()}


def test_no_dependency_recognises_faces() -> None:
    project = tomllib.loads((CHECKOUT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = [
        *project["dependencies"],
        *(d for extra in project["optional-dependencies"].values() for d in extra),
    ]
    locked = [
        line for lock in Path(CHECKOUT).glob("requirements-*.lock") for line in lock.read_text().splitlines()
    ]
    names = [
        re.split(r"[<>=\[ ;]", line, maxsplit=1)[0]
        for line in (*wanted, *locked)
        if line and line[0].isalpha()
    ]
    assert [name for name in names if _FACES.search(name)] == []


def _names() -> Iterator[str]:
    for model in _models(Wire):
        yield from _fields(model.model_json_schema())
    yield from (metric.value for metric in Metric)
    yield from (kind.value for kind in DATA_OF)


def _models(root: type[Wire]) -> Iterator[type[Wire]]:
    for model in root.__subclasses__():
        yield model
        yield from _models(model)


def _fields(schema: dict[str, Any]) -> Iterator[str]:
    for name, value in schema.get("properties", {}).items():
        yield name.lower()
        if isinstance(value, dict):
            yield from _fields(value)
    for definition in schema.get("$defs", {}).values():
        yield from _fields(definition)
