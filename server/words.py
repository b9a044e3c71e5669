"""The words that people see for codes: Chinese and English, one pair for each member of each enum."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from redwhistle.contracts.evidence import Method
from server.alerts.model import Certainty, Hazard, Quiet, Severity
from server.alerts.work_item import Act, State


class Lang(StrEnum):
    """The languages of the command line."""

    ZH = "zh"
    EN = "en"


Words = Mapping[str, tuple[str, str]]

SIGNS = {Severity.URGENT: "Ⅰ⬣", Severity.IMPORTANT: "Ⅱ▲", Severity.NORMAL: "Ⅲ◆", Severity.NOTICE: "Ⅳ●"}
"""The grade and its shape: a list still ranks without colours."""

HAZARDS: Words = {
    Hazard.FIRE: ("火警", "fire"),
    Hazard.SMOKE: ("烟感/温感", "smoke"),
    Hazard.GAS: ("燃气", "gas"),
    Hazard.CROWD: ("人群聚集", "crowd"),
    Hazard.EMERGENCY: ("紧急求助", "emergency"),
    Hazard.GATE: ("门禁", "gate"),
    Hazard.FLOOD: ("水患", "flood"),
    Hazard.QUAKE: ("震动", "quake"),
    Hazard.DEVICE: ("设备", "device"),
}
STATES: Words = {
    State.SUSPECTED: ("疑似", "suspected"),
    State.OPEN: ("待认领", "open"),
    State.CLAIMED: ("已认领", "claimed"),
    State.ON_SCENE: ("已到场", "on scene"),
    State.RESOLVED: ("已处置", "resolved"),
    State.FALSE_ALARM: ("误报", "false alarm"),
    State.CLOSED: ("已关闭", "closed"),
}
CERTAINTIES: Words = {
    Certainty.SUSPECTED: ("疑似", "suspected"),
    Certainty.CONFIRMED: ("已确认", "confirmed"),
}
ACTS: Words = {
    Act.CLAIM: ("认领", "claimed"),
    Act.RENEW: ("续约", "renewed the claim"),
    Act.RELEASE: ("退回", "released"),
    Act.ON_SCENE: ("到场", "arrived"),
    Act.RESOLVE: ("处置完毕", "resolved"),
    Act.FALSE_ALARM: ("判为误报", "called it a false alarm"),
    Act.UNDO: ("撤销", "took it back"),
    Act.CLOSE: ("关闭", "closed"),
    Act.COMMENT: ("备注", "noted"),
    Act.RAISE: ("报警", "raised"),
    Act.REPEAT: ("再次触发", "triggered again"),
    Act.UPGRADE: ("升级", "upgraded"),
    Act.REOPEN: ("重新打开", "reopened"),
    Act.CONDITION_ENDED: ("现象消失", "condition ended"),
    Act.LAPSE: ("租约到期", "claim ran out"),
    Act.NOT_DONE: ("离线操作未生效", "an act without network came too late"),
}
DECISIONS: Words = {
    "raise": ("报警", "raised"),
    "repeat": ("再次触发", "triggered again"),
    "upgrade": ("升级", "upgraded"),
    "condition_ended": ("现象消失，仍需人看", "the condition ended; somebody still has to look"),
    "resolved": ("原因消除，自动关闭", "the cause is gone; closed by itself"),
    "closed": ("人工关闭", "closed from the queue"),
}
QUIETS: Words = {
    Quiet.TEST: ("设备自带的测试标记", "the device marked it as a test"),
    Quiet.SILENCED: ("静默规则覆盖", "a silence covers it"),
    Quiet.INHIBITED: ("更大的故障已说明（如边缘盒失联）", "a greater loss explains it (its box is lost)"),
    Quiet.COOLDOWN: ("刚通知过，只计数", "announced a short while ago; only counted"),
    Quiet.ENDED: ("只是说明现象结束", "it only says that a condition ended"),
    Quiet.NO_RULE: ("没有规则关心这种事件", "no rule asks for this kind of event"),
    Quiet.CONDITION: ("规则看过，条件未满足", "a rule looked, and its condition was not met"),
}
LEVELS: Words = {
    "city": ("市", "city"),
    "district": ("区县", "district"),
    "street": ("街道", "street"),
    "community": ("社区", "community"),
    "grid": ("网格", "grid"),
    "compound": ("小区", "compound"),
    "building": ("楼栋", "building"),
    "unit": ("单元", "unit"),
    "household_group": ("十户", "ten households"),
}
METHODS: Words = {
    Method.WHOLE_FRAME: ("整幅画面已模糊", "the whole frame is blurred"),
    Method.PEOPLE_AND_FRAME: ("人像已打码，画面已模糊", "people are pixelated, the frame is blurred"),
}
REMOVALS: Words = {
    "expired": ("保存期满，已删除", "deleted: its time was over"),
    "displaced": ("该盒图片过多，旧图已删除", "deleted: its box sent more than is kept"),
}
_UNITS = {
    "_c": "°C",
    "_pct": "%",
    "_ppm": "ppm",
    "_m": "m",
    "_g": "g",
    "_deg": "°",
    "_dbm": "dBm",
    "_per_s": "1/s",
    "_s": "s",
}
_ABOVE_COMPOUND = frozenset({"city", "district", "street", "community", "grid"})


def unit_of(metric: str) -> str:
    """The unit that a metric's name ends in, as people write it; empty where there is none."""
    return next((unit for ending, unit in _UNITS.items() if metric.endswith(ending)), "")


def word(words: Words, code: str | None, lang: Lang) -> str:
    """The word for a code; the code itself where a newer program wrote one that is not known here."""
    if not code:
        return ""
    pair = words.get(code)
    return code if pair is None else pair[0 if lang is Lang.ZH else 1]


def both(words: Words, code: str | None) -> dict[str, str]:
    """The word in both languages, for scripts."""
    return {"zh": word(words, code, Lang.ZH), "en": word(words, code, Lang.EN)}


def place_name(place: Mapping[str, Any], lang: Lang) -> str:
    """A place's name in this language, in Chinese where it has no other."""
    return str(place["name_zh"] if lang is Lang.ZH else place["name_en"] or place["name_zh"])


def place_path(path: list[Mapping[str, Any]] | None, lang: Lang) -> str:
    """From the compound down, as people say it: 锦园7栋2单元; Jinyuan, Building 7, Unit 2."""
    places = path or []
    inside = [place for place in places if place["level"] not in _ABOVE_COMPOUND] or places[-1:]
    return ("" if lang is Lang.ZH else ", ").join(place_name(place, lang) for place in inside)
