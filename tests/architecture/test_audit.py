"""The judgement of `make lint` on known holes in dependencies."""

import json

from hypothesis import given
from hypothesis import strategies as st

from tests.architecture.audit import Finding, Unasked, judge, read_ignored, read_npm, read_pip

HOLE = Finding("pip", "left-pad 1.0", "GHSA-1", "1.1")
OPEN_HOLE = Finding("pip", "left-pad 1.0", "GHSA-2", "")


def pip_says(*vulns: dict[str, object]) -> str:
    return json.dumps({"dependencies": [{"name": "left-pad", "version": "1.0", "vulns": list(vulns)}]})


def test_a_hole_with_a_remedy_fails_and_one_without_is_told() -> None:
    failing, told = judge([[HOLE, OPEN_HOLE]], {})
    assert failing == ["pip: left-pad 1.0: GHSA-1 (mended in 1.1)"]
    assert told == ["pip: left-pad 1.0: GHSA-2 (no remedy yet)"]


def test_an_ignored_hole_is_told_with_its_reason() -> None:
    failing, told = judge([[HOLE]], {"GHSA-1": "never called"})
    assert failing == []
    assert told[0].endswith("ignored: never called")


def test_an_ignored_hole_that_is_gone_must_leave_the_list() -> None:
    failing, _ = judge([[]], {"GHSA-1": "never called"})
    assert "GHSA-1 is ignored but no longer found" in failing[0]
    assert judge([Unasked("npm", "405")], {"GHSA-1": "never called"})[0] == []


def test_a_service_that_cannot_be_asked_is_told_loudly_and_fails_nothing() -> None:
    assert judge([Unasked("npm", "405")], {}) == (
        [],
        ["NOT AUDITED: the advisories of npm cannot be asked here: 405"],
    )


def test_pips_words_are_read() -> None:
    found = read_pip(
        pip_says({"id": "GHSA-1", "fix_versions": ["1.1"]}, {"id": "GHSA-2", "fix_versions": []})
    )
    assert found == [HOLE, OPEN_HOLE]
    assert read_pip(pip_says()) == []
    mirror = {"dependencies": [{"name": "x", "skip_reason": "not found"}]}
    assert read_pip(json.dumps(mirror)) == Unasked("pip", "not found")


def test_npms_words_are_read() -> None:
    via = {"source": 1, "url": "https://github.com/advisories/GHSA-9", "title": "t"}
    told = {
        "vulnerabilities": {
            "deep": {"via": [via], "range": "<2", "fixAvailable": {"name": "deep", "version": "2.0"}},
            "outer": {"via": ["deep"], "range": "*", "fixAvailable": True},
        }
    }
    assert read_npm(json.dumps(told)) == [Finding("npm", "deep <2", "GHSA-9", "deep 2.0")]
    assert read_npm(json.dumps({"vulnerabilities": {}})) == []
    assert read_npm(json.dumps({"message": "405 Method Not Allowed"})) == Unasked(
        "npm", "405 Method Not Allowed"
    )


@given(st.text() | st.sampled_from(["[]", "{}", "1", "null", '"x"', '{"vulnerabilities": []}']))
def test_any_words_at_all_are_read_as_no_answer(text: str) -> None:
    assert isinstance(read_pip(text), Unasked)
    assert isinstance(read_npm(text), Unasked)


def test_whatever_is_ignored_has_a_reason() -> None:
    assert all(len(reason) > 20 for reason in read_ignored().values())
