"""`redwhistle-edge decode gbt26875`, and the templates for installers."""

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from edge.agent.gbt26875.dump import read_dump, split_frames
from edge.agent.gbt26875.frame import decode_frame
from edge.agent.sources.gbt26875_settings import Gbt26875Settings
from edge.cli import app
from redwhistle.errors import ContractError
from tests.unit.gbt26875_vectors import CONFIRM, DENY, MAINS_FAULT, SMOKE_FIRE, VECTORS

ROOT = Path(__file__).resolve().parents[2]
TEMPLATES = ROOT / "firmware-config" / "gbt26875"
runner = CliRunner()


def decode(*arguments: str, given: bytes | None = None) -> tuple[int, str, str]:
    result = runner.invoke(app, ["decode", "gbt26875", *arguments], input=given)
    return result.exit_code, result.stdout, result.stderr


@pytest.mark.parametrize("vector", VECTORS.values(), ids=VECTORS)
def test_vectors_as_json(vector: bytes) -> None:
    code, out, _ = decode("--hex", vector.hex(), "--json")
    assert code == 0
    told = json.loads(out)
    assert told["serial"] == 1
    assert told["command"]["value"] == vector[26]


def test_a_frame_for_people() -> None:
    code, out, _ = decode("--hex", SMOKE_FIRE.hex(" "))
    assert code == 0
    for words in ("感烟火灾探测器 / smoke detector (40)", "火警 fire", "10-2", "2012-09-26 09:58:02"):
        assert words in out


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "nothing was given"),
        ("4040", "incomplete: 2 bytes, at least 30 needed"),
        ("40 4", "not hex: 3 digits"),
        ("40 xx", "not hex: 'x'"),
        (SMOKE_FIRE.hex()[:-2], "incomplete: 77 bytes, at least 78 needed"),
        (SMOKE_FIRE.replace(b"\x0a\x00", b"\x0b\x00", 1).hex(), "checksum"),
        (DENY.hex() + "ff", "at byte 30: no start mark"),
        ("4040010001010000000000000000000000000000000000000000000200022323", "end mark"),
    ],
)
def test_a_bad_frame_ends_with_1_and_the_reason(text: str, why: str) -> None:
    code, out, err = decode("--hex", text)
    assert (code, why in err) == (1, True), err
    code, out, _ = decode("--hex", text, "--json")
    assert code == 1
    told = json.loads(out.splitlines()[-1])
    assert told["ok"] is False
    assert why in told["problems"][0]


def test_data_that_do_not_fit_their_type_are_an_error() -> None:
    body = bytes.fromhex("01000101203a091a090c790300000000385b01000000") + b"\x02\x00\x02\x02\x01"
    code, _, err = decode("--hex", (b"@@" + body + bytes((sum(body) & 255,)) + b"##").hex())
    assert (code, "data type 2" in err) == (1, True)


def test_frames_from_a_file_and_from_standard_input(tmp_path: Path) -> None:
    file = tmp_path / "frames"
    for content in (SMOKE_FIRE + MAINS_FAULT, f"0x{SMOKE_FIRE.hex()}\n{MAINS_FAULT.hex('-')}\n".encode()):
        file.write_bytes(content)
        for arguments, typed in ((["--file", str(file)], None), (["--file", "-"], content), ([], content)):
            code, out, err = decode(*arguments, "--json", given=typed)
            assert code == 0, err
            assert [json.loads(line)["data"]["type"]["value"] for line in out.splitlines()] == [2, 21]
    code, _, err = decode("--file", str(tmp_path / "none"))
    assert (code, "cannot be read" in err) == (1, True)
    assert decode("--file", str(file), "--hex", "40")[0] == 2


def test_help_has_an_example() -> None:
    result = runner.invoke(app, ["decode", "gbt26875", "--help"])
    assert "Example: redwhistle-edge decode gbt26875" in result.stdout


@given(
    st.binary(max_size=200)
    | st.text(max_size=100).map(str.encode)
    | st.sampled_from([CONFIRM, CONFIRM + DENY])
)
def test_any_dump_is_frames_or_a_clear_error(content: bytes) -> None:
    try:
        frames = list(split_frames(read_dump(content)))
    except ContractError:
        return
    assert frames == [decode_frame(CONFIRM), decode_frame(DENY)][: len(frames)]


def blocks(path: Path) -> list[Any]:
    parts = path.read_text(encoding="utf-8").split("```yaml\n")[1:]
    return [yaml.safe_load(part.partition("```")[0]) for part in parts]


def test_the_example_is_accepted_by_check_config() -> None:
    result = runner.invoke(app, ["check-config", "--config", str(TEMPLATES / "box.example.yaml"), "--json"])
    assert result.exit_code == 0, result.stdout
    assert json.loads(result.stdout)["sources"] == ["fire-panels"]


def test_the_schema_is_the_code_s_and_accepts_the_examples() -> None:
    schema = json.loads((TEMPLATES / "fire-panels.schema.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    made = Gbt26875Settings.model_json_schema()
    assert schema == {"$schema": "https://json-schema.org/draft/2020-12/schema", **made}, (
        "write it anew: python -m tests.unit.test_gbt26875_cli"
    )
    example = yaml.safe_load((TEMPLATES / "box.example.yaml").read_text(encoding="utf-8"))
    (block,) = blocks(ROOT / "docs" / "sensors" / "fire-panel.md")
    for section in (*example["sources"], *block["sources"]):
        jsonschema.validate(section, schema)
        Gbt26875Settings.model_validate(section)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"type": "gbt26875", "transmitters": [{"address": "x", "device": "a"}]}, schema)


if __name__ == "__main__":
    content = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **Gbt26875Settings.model_json_schema(),
    }
    text = json.dumps(content, ensure_ascii=False, indent=2) + "\n"
    (TEMPLATES / "fire-panels.schema.json").write_text(text, encoding="utf-8")
