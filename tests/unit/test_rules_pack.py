"""Rule packs: what is refused and how it is said, the hash, the schema, the default pack."""

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from redwhistle.contracts.events import EventKind, lane_of
from redwhistle.contracts.ids import Lane
from redwhistle.contracts.readings import Metric
from redwhistle.errors import RulesError
from server.alerts import rules
from server.alerts.model import LIFE_SAFETY
from server.alerts.rules.document import read_document
from server.alerts.rules.schema import PackSpec

HEAD = "version: 1\nrules:\n"
GOOD = "  - {id: a, type: trigger, hazard: fire, severity: 1, title: {zh: 火, en: fire}, kinds: [smoke]}\n"


def _problems(text: str) -> list[str]:
    with pytest.raises(RulesError) as caught:
        rules.load_pack(text, name="test")
    assert caught.value.problems
    return caught.value.problems


def _problems_if_any(text: str) -> list[str]:
    try:
        rules.load_pack(text, name="test")
    except RulesError as error:
        return error.problems
    return []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "line 1: the file is empty"),
        ("version: 2\nrules: []\n", "line 1: Input should be 1"),
        ("version: 1\n", "rules: is missing"),
        ("[1, 2]", "line 1"),
        ("a: [1", "line 1: not YAML"),
        ("a: 1\nb: \x00", "not YAML"),
        ("a: 1\na: 2\n", "line 2: 'a' is given twice"),
        ("a: &x 1\nb: *x\n", "line 1: anchors and aliases are not allowed"),
        ("a: !!python/object:os.system 1\n", "line 1"),
        ("a: 2026-01-01\n", "put it in quotes"),
        ("? [1]\n: 2\n", "a key must be a word"),
        pytest.param("[" * 3000, "line 1", marks=pytest.mark.slow),
        ("[" * 60 + "]" * 60, "nested too deeply"),
        ("#" * 300_000, "characters"),
        (HEAD + GOOD + GOOD, "line 4, rule a, id: a rule of this id stands above"),
        (
            HEAD + GOOD.replace("smoke", "smok"),
            "line 3, rule a, kinds.0: 'smok' is not known; use one of: smoke",
        ),
        (HEAD + GOOD.replace("hazard: fire, ", ""), "line 3, rule a, hazard: is missing"),
        (HEAD + GOOD.replace("kinds", "kind"), "line 3, rule a, kind: there is no such field"),
        (HEAD + GOOD.replace("severity: 1", "severity: 5"), "severity: 5 is not known"),
        (HEAD + GOOD.replace("id: a", "id: plain"), "the id 'plain' is built in"),
        (HEAD + GOOD.replace("id: a", "id: 'a b'"), "line 3"),
        (HEAD + GOOD.replace("}\n", ", resolves: true}\n"), "ended by a person only"),
        (
            HEAD + GOOD.replace("}\n", ", when: 'local.hours > 3'}\n"),
            "line 3, rule a, when: cannot be evaluated: no such field: hours",
        ),
        (HEAD + GOOD.replace("}\n", ", when: 'hour > 3'}\n"), "unknown name 'hour'"),
        (HEAD + GOOD.replace("}\n", ", when: 'now() > 3'}\n"), "unknown function 'now'"),
        (HEAD + GOOD.replace("}\n", ", when: 'item.data.lvl > 3'}\n"), "no event has a field 'lvl'"),
        (HEAD + GOOD.replace("}\n", ", when: 'local.hour'}\n"), "not true or false"),
        (HEAD + GOOD.replace("}\n", ", when: '1 +'}\n"), "not a CEL expression"),
        (HEAD + GOOD.replace("}\n", f", when: '{'(' * 400}'}}\n"), "not a CEL expression"),
        (HEAD + GOOD.replace("}\n", f", when: '{'1+' * 400}1 > 2'}}\n"), "at most 500"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(text: str, expected: str) -> None:
    assert any(expected in problem for problem in _problems(text)), _problems(text)


def test_all_problems_are_said_at_once() -> None:
    text = HEAD + GOOD.replace("smoke", "smok") + GOOD.replace("id: a", "id: b").replace("fire,", "fyre,", 1)
    assert [problem.split(":")[0] for problem in _problems(text)] == [
        "line 3, rule a, kinds.0",
        "line 4, rule b, hazard",
    ]


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("type: threshold, hazard: gas, severity: 2, metric: co_ppm", "give either above or below"),
        (
            "type: threshold, hazard: gas, severity: 2, metric: co_ppm, above: 1, below: 2",
            "give either above or below",
        ),
        (
            "type: threshold, hazard: gas, severity: 2, metric: co_ppm, above: 5, clear: 6",
            "clear (6) must not be over above (5)",
        ),
        (
            "type: threshold, hazard: gas, severity: 2, metric: co_ppm, below: 5, clear: 4",
            "clear (4) must not be under below (5)",
        ),
        ("type: threshold, hazard: gas, severity: 2, metric: co_ppm, above: .inf", "finite"),
        ("type: threshold, hazard: gas, severity: 2, metric: ppm, above: 5", "'ppm' is not known"),
        (
            "type: threshold, hazard: gas, severity: 2, metric: co_ppm, above: 5, overrides: [{when: 'true', below: 3}]",
            "same side",
        ),
        (
            "type: threshold, hazard: gas, severity: 2, metric: co_ppm, above: 5, overrides: [{when: 'true'}]",
            "give a limit",
        ),
        (
            "type: count, hazard: gate, severity: 2, kinds: [gate_denied], n: 1, window_s: 5",
            "greater than or equal to 2",
        ),
        (
            "type: count, hazard: device, severity: 2, kinds: [gate_denied], n: 2, window_s: 5, resolves: true",
            "nothing can end",
        ),
        ("type: fusion, hazard: fire, severity: 1, window_s: 5", "name at least one"),
        (
            "type: fusion, hazard: fire, severity: 1, window_s: 5, rules: [nobody]",
            "there is no rule 'nobody'",
        ),
        ("type: fusion, hazard: fire, severity: 1, window_s: 5, rules: [b]", "feed itself"),
        (
            "type: box, hazard: device, severity: 3, inhibits: [a]",
            "'a' is about fire: what threatens lives is never inhibited",
        ),
        ("type: absence, hazard: device, severity: 3, factor: 1", "greater than 1"),
        ("type: sequence, hazard: gate, severity: 3, first: {kinds: [sos]}, window_s: 5", "then: is missing"),
        ("type: drum, hazard: gate, severity: 3", "drum"),
    ],
)
def test_each_type_checks_its_own_limits(rule: str, expected: str) -> None:
    text = HEAD + GOOD + "  - {id: b, title: {zh: 名, en: name}, " + rule + "}\n"
    problems = _problems(text)
    assert any("line 4" in problem and expected in problem for problem in problems), problems


def test_there_is_one_rule_of_type_box() -> None:
    box = "  - {id: %s, title: {zh: 盒, en: box}, type: box, hazard: device, severity: 3}\n"
    assert any("remove this one" in problem for problem in _problems(HEAD + box % "x" + box % "y"))


@settings(max_examples=200, deadline=None)
@given(st.one_of(st.text(), st.text("[]{}:-&*!?|>'\"#%@`,\n 0ab~")))
def test_any_text_is_a_pack_or_refused_with_lines(text: str) -> None:
    assert all(problem.startswith("line ") for problem in _problems_if_any(text))


LINES = rules.default_pack().source.splitlines()


@pytest.mark.slow
@settings(max_examples=40, deadline=None)
@given(st.integers(0, len(LINES) - 1), st.sampled_from(["drop", "double", "indent", "cut", "garble"]))
def test_a_damaged_pack_is_a_pack_or_refused_with_lines(number: int, damage: str) -> None:
    lines = list(LINES)
    line = lines[number]
    changed = {"drop": [], "double": [line, line], "indent": ["   " + line], "cut": [line[: len(line) // 2]]}
    lines[number : number + 1] = changed.get(damage, [line.replace(":", " :: ")])
    assert all(problem.startswith("line ") for problem in _problems_if_any("\n".join(lines)))


def test_the_hash_is_of_the_content() -> None:
    first = rules.load_pack(HEAD + GOOD, name="x")
    laid_out = rules.load_pack(
        "# a remark\nrules:\n- kinds:\n  - smoke\n  id: a\n  type: trigger\n  severity: 1\n  hazard: fire\n"
        "  title:\n    en: fire\n    zh: 火\n  cooldown_s: 300\nversion: 1\n",
        name="y",
    )
    assert first.hash == laid_out.hash
    assert len(first.hash) == 64
    assert rules.load_pack(HEAD + GOOD.replace("severity: 1", "severity: 2"), name="x").hash != first.hash


def test_the_default_pack_follows_its_schema_and_every_rule_can_be_explained() -> None:
    pack = rules.default_pack()
    schema = rules.json_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(read_document(pack.source).value, schema)
    assert (pack.name, pack.spec) == ("default", PackSpec.model_validate(read_document(pack.source).value))
    for spec in pack.spec.rules:
        zh, en = rules.explain(spec)
        assert spec.title.zh in zh
        assert spec.title.en in en
        assert not any("\u4e00" <= character <= "\u9fff" for character in en)


def test_the_default_pack_has_a_rule_for_every_alarm_and_inhibits_no_life_safety() -> None:
    pack = rules.default_pack()
    for kind in EventKind:
        if lane_of(kind) is Lane.ALARM:
            assert kind in pack.by_kind, kind
    for rule in pack.rules:
        assert not (rule.life_safety and (rule.inhibited_by or rule.resolves))
        assert rule.life_safety is (rule.hazard in LIFE_SAFETY)


def test_the_default_pack_says_why_above_each_group_of_rules() -> None:
    text = rules.default_pack().source
    assert text.count("\n  # ") >= 20


def test_bounds_are_the_strictest_of_all_limits() -> None:
    bounds = rules.default_pack().bounds
    assert bounds[Metric.TEMPERATURE_C] == (float("-inf"), 57)
    assert bounds[Metric.PEOPLE_COUNT] == (float("-inf"), 20), "that of the night"
    assert bounds[Metric.BATTERY_PCT] == (15, float("inf"))
    assert Metric.FRAMES_PER_S not in bounds
