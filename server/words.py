"""The words that people see for codes: Chinese and English, one pair for each member of each enum."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from redwhistle.contracts.events import EventKind
from redwhistle.contracts.readings import Metric
from redwhistle.contracts.state import DeviceKind
from redwhistle.places.model import ContactRole, PointKind
from server.alerts.model import Certainty, Hazard, Quiet, Severity
from server.alerts.work_item import Act, State
from server.rights.roles import Right, Role


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
PROBLEMS: Words = {
    "unauthenticated": ("请先登录（或账号、密码不对）", "log in first (or the log-in or password is wrong)"),
    "csrf": ("页面已过期，请刷新后再试", "the page is out of date: reload it and try again"),
    "forbidden": ("您没有这项权限，请找账号管理员", "you may not do this: ask whoever manages accounts"),
    "must_change_password": ("请先设置自己的密码", "choose a password of your own first"),
    "not_found": ("没有找到，或不在您的范围内", "not found, or not in your part of the tree"),
    "method_not_allowed": ("这个地址不支持这种操作", "this address does not take this method"),
    "already_claimed": ("已被他人认领", "somebody else was first"),
    "wrong_state": (
        "任务状态已变，此操作不再适用",
        "the item is in another state: this can no longer be done",
    ),
    "not_yours": ("此任务由他人负责", "somebody else holds the item"),
    "changed": ("任务刚刚有变化，请再看一眼", "the item has changed: look at it again"),
    "conflict": ("与已有数据冲突", "it collides with what is stored"),
    "invalid": ("请求内容有误", "the request is not right"),
    "too_large": ("请求太大", "the request is too large"),
    "too_slow": ("网络太慢，请求未能及时送达", "the request did not arrive in time"),
    "too_many": ("尝试次数过多，请稍后再登录", "too many attempts: log in later"),
    "rate_limited": ("操作太频繁，请稍后再试", "too many requests: try again later"),
    "unavailable": ("服务器暂时无法处理，请稍后再试", "the server cannot do this now: try again later"),
    "internal": ("服务器内部错误，请报告编号", "a fault of the server: report the request id"),
}
EVENTS: Words = {
    EventKind.SMOKE: ("烟雾报警", "smoke alarm"),
    EventKind.HEAT: ("温感报警", "heat alarm"),
    EventKind.GAS: ("燃气报警", "gas alarm"),
    EventKind.MANUAL_CALL: ("手动报警按钮", "manual call point"),
    EventKind.FLAME_SEEN: ("摄像头看到火焰", "flame seen"),
    EventKind.SMOKE_SEEN: ("摄像头看到烟雾", "smoke seen"),
    EventKind.CROWD_FORMED: ("人群聚集", "crowd formed"),
    EventKind.GATE_OPENED: ("门禁正常开启", "gate opened"),
    EventKind.GATE_DENIED: ("门禁拒绝", "gate denied"),
    EventKind.GATE_FORCED: ("门被撬开", "gate forced"),
    EventKind.GATE_HELD_OPEN: ("门长时间未关", "gate held open"),
    EventKind.SOS: ("求助按钮", "call for help"),
    EventKind.WATER_LEVEL: ("水位超限", "water above the limit"),
    EventKind.VIBRATION: ("震动或倾斜超限", "shaking or tilt above the limit"),
    EventKind.TAMPER: ("设备被拆动", "tampered with"),
    EventKind.BATTERY_LOW: ("电量低", "battery low"),
    EventKind.DEVICE_LOST: ("设备失联", "device lost"),
    EventKind.DEVICE_RECOVERED: ("设备恢复", "device heard again"),
    EventKind.DEVICE_FAULT: ("设备故障", "device fault"),
    EventKind.BOX_HEALTH: ("边缘盒状态", "health of the box"),
}
DEVICE_KINDS: Words = {
    DeviceKind.CAMERA: ("摄像头", "camera"),
    DeviceKind.SMOKE: ("烟感", "smoke detector"),
    DeviceKind.HEAT: ("温感", "heat detector"),
    DeviceKind.GAS: ("燃气探测器", "gas detector"),
    DeviceKind.FIRE_PANEL: ("火灾报警主机", "fire panel"),
    DeviceKind.GATE: ("门禁", "gate"),
    DeviceKind.SOS: ("求助按钮", "call button"),
    DeviceKind.WATER_LEVEL: ("水位计", "water level sensor"),
    DeviceKind.VIBRATION: ("震动传感器", "vibration sensor"),
    DeviceKind.LOUDSPEAKER: ("喇叭", "loudspeaker"),
    DeviceKind.SIREN: ("警号", "siren"),
    DeviceKind.RELAY: ("继电器", "relay"),
    DeviceKind.BOX: ("边缘盒", "box"),
    DeviceKind.OTHER: ("其他", "other"),
}
METRICS: Words = {
    Metric.TEMPERATURE_C: ("温度", "temperature"),
    Metric.HUMIDITY_PCT: ("湿度", "humidity"),
    Metric.SMOKE_LEVEL: ("烟雾浓度", "smoke level"),
    Metric.CO_PPM: ("一氧化碳", "carbon monoxide"),
    Metric.GAS_LEL_PCT: ("燃气浓度", "gas"),
    Metric.PEOPLE_COUNT: ("人数", "people"),
    Metric.MOVING_REGIONS: ("活动区域数", "moving regions"),
    Metric.GATE_OPEN: ("门状态", "gate open"),
    Metric.WATER_LEVEL_M: ("水位", "water level"),
    Metric.ACCELERATION_G: ("加速度", "acceleration"),
    Metric.TILT_DEG: ("倾角", "tilt"),
    Metric.BATTERY_PCT: ("电量", "battery"),
    Metric.LINK_QUALITY: ("无线质量", "link quality"),
    Metric.SIGNAL_DBM: ("信号", "signal"),
    Metric.FRAMES_PER_S: ("帧率", "frames per second"),
    Metric.FRAME_AGE_S: ("画面延迟", "age of the frame"),
    Metric.CPU_TEMPERATURE_C: ("处理器温度", "processor temperature"),
    Metric.CPU_LOAD_PCT: ("处理器负载", "processor load"),
    Metric.MEMORY_USED_PCT: ("内存占用", "memory used"),
    Metric.DISK_FREE_PCT: ("磁盘剩余", "disk free"),
    Metric.OUTBOX_ROWS: ("待发条数", "rows waiting to be sent"),
}
SEVERITIES: Words = {
    "1": ("紧急", "urgent"),
    "2": ("重要", "important"),
    "3": ("一般", "normal"),
    "4": ("提示", "notice"),
}
POINTS: Words = {
    PointKind.EXIT: ("出口", "exit"),
    PointKind.MUSTER: ("集合点", "muster point"),
    PointKind.HYDRANT: ("消防栓", "hydrant"),
    PointKind.LOUDSPEAKER: ("喇叭", "loudspeaker"),
    PointKind.CAMERA: ("摄像头", "camera"),
    PointKind.SENSOR: ("传感器", "sensor"),
    PointKind.GATE: ("大门", "gate"),
    PointKind.OTHER: ("其他", "other"),
}
CONTACTS: Words = {
    ContactRole.COMMAND_CENTRE: ("指挥中心", "command centre"),
    ContactRole.GRID_WORKER: ("网格员", "grid worker"),
    ContactRole.COMMUNITY_STAFF: ("社区工作人员", "community staff"),
    ContactRole.PROPERTY_MANAGER: ("物业", "property manager"),
    ContactRole.BUILDING_HEAD: ("楼栋长", "building head"),
    ContactRole.GROUP_HEAD: ("十户长", "head of ten households"),
    ContactRole.VOLUNTEER: ("志愿者", "volunteer"),
}
ROLES: Words = {
    Role.ADMIN: ("系统管理员", "administrator"),
    Role.COMMAND: ("指挥", "command"),
    Role.GRID_WORKER: ("网格员", "grid worker"),
    Role.PROPERTY_MANAGER: ("物业经理", "property manager"),
}
RIGHTS: Words = {
    Right.SEE_PLACES: ("查看地点", "see places"),
    Right.SEE_DEVICES: ("查看设备", "see devices"),
    Right.SEE_ALERTS: ("查看告警和任务", "see alerts and the queue"),
    Right.ACT: ("处置任务", "act on work items"),
    Right.COMMENT: ("添加备注", "comment"),
    Right.SEE_EVIDENCE: ("查看证据", "see evidence"),
    Right.SEE_AUDIT: ("查看审计", "see the audit"),
    Right.MANAGE_PEOPLE: ("管理账号", "manage accounts"),
}
LIVENESS: Words = {
    "live": ("在线", "live"),
    "silent": ("久未收到", "silent"),
    "box_lost": ("边缘盒失联", "its box is lost"),
    "unknown": ("从未收到", "never heard"),
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


def all_words() -> dict[str, Words]:
    """Every group of codes with its words, for the console: a code without both texts fails its build."""
    return {
        "hazards": HAZARDS,
        "severities": SEVERITIES,
        "states": STATES,
        "certainties": CERTAINTIES,
        "acts": ACTS,
        "decisions": DECISIONS,
        "quiets": QUIETS,
        "levels": LEVELS,
        "problems": PROBLEMS,
        "events": EVENTS,
        "devices": DEVICE_KINDS,
        "metrics": METRICS,
        "points": POINTS,
        "contacts": CONTACTS,
        "roles": ROLES,
        "rights": RIGHTS,
        "liveness": LIVENESS,
    }


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
